"""What an edit of the prices would change, and what about it asks for a second look. Pure: no widget, no service."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.domain.checkout import charge_refusal
from services.domain.discount import CodeStatus, DiscountCode
from services.domain.pricing import FAR, PriceMode, Prices
from services.domain.pricing import doubts as doubts_of_prices
from tui.present import cents, change_percent, editable_cents


@dataclass(frozen=True)
class Difference:
    """One line of an edit: what is changed, from what to what, and how far where it is an amount."""

    name: str
    before: str
    after: str
    far: str = ""


def differences(before: Prices, after: Prices) -> list[Difference]:
    """What an edit changes: the mode, then the prices that differ."""
    lines = []
    if before.mode is not after.mode:
        lines.append(Difference("mode", before.mode.value, after.mode.value))
    for mode in PriceMode:
        was, now = before.of(mode), after.of(mode)
        if was != now:
            lines.append(Difference(mode.value, cents(was), cents(now), change_percent(was, now)))
    return lines


def summary(before: Prices, after: Prices) -> str:
    """An edit on one line: `mode sale → launch, launch $24.99 → $29.99`."""
    return ", ".join(f"{line.name} {line.before} → {line.after}" for line in differences(before, after))


@dataclass(frozen=True)
class Doubt:
    """Why an edit is seldom meant, and the price that has to be typed before it is saved."""

    sentence: str
    cents: int

    @property
    def typed(self) -> str:
        """What has to be typed."""
        return editable_cents(self.cents)


def doubts(before: Prices, after: Prices) -> list[Doubt]:
    """What about an edit is seldom meant: a price of 0, above the RRP, or further than 50 % from what it was.

    A price that is charged only after a change of mode is compared as well: what a customer pays is what counts.
    """
    found = [Doubt(doubt.sentence, doubt.price_cents) for doubt in doubts_of_prices(before, after)]
    was, now = before.in_force_cents, after.in_force_cents
    if was != now and now == 0:
        found.append(Doubt("what a customer pays becomes $0.00: nothing is charged.", now))
    elif abs(now - was) * FAR > was:
        found.append(Doubt("what a customer pays moves by more than 50 %.", now))
    return found


@dataclass(frozen=True)
class CodeEffect:
    """What a customer pays with a code now and after an edit; `code` None: without one."""

    code: DiscountCode | None
    now_cents: int
    new_cents: int | None

    @property
    def uncollectable(self) -> str | None:
        """Why Stripe would not charge the new total, as a sentence."""
        return None if self.new_cents is None else charge_refusal(self.new_cents)


def code_effects(before: Prices, after: Prices | None, codes: Sequence[DiscountCode]) -> list[CodeEffect]:
    """What an edit means for a customer without a code, and with each active one. `after` None: not yet readable."""
    active: list[DiscountCode | None] = [code for code in codes if code.status is CodeStatus.ACTIVE]
    return [_code_effect(code, before, after) for code in [None, *active]]


def _code_effect(code: DiscountCode | None, before: Prices, after: Prices | None) -> CodeEffect:
    def total(prices: Prices) -> int:
        base = prices.in_force_cents
        return base if code is None else base - code.discount_on(base)

    return CodeEffect(code, total(before), None if after is None else total(after))
