"""Prices: the three modes, the changes that put them in force, and what about a change is seldom meant."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.domain.money import MAX_CHARGE_CENTS, format_cents
from services.errors import InvalidInput, StalePrice

FAR = 2
"""A price that moves by more than one part in two (50 %) is seldom meant."""


class PriceMode(StrEnum):
    """Which of the three prices is charged."""

    RRP = "rrp"
    LAUNCH = "launch"
    SALE = "sale"


@dataclass(frozen=True)
class Prices:
    """The three prices in cents, and the mode that picks the one in force."""

    mode: PriceMode
    rrp_cents: int
    launch_cents: int
    sale_cents: int

    def of(self, mode: PriceMode) -> int:
        """The price of `mode`, in cents."""
        return {
            PriceMode.RRP: self.rrp_cents,
            PriceMode.LAUNCH: self.launch_cents,
            PriceMode.SALE: self.sale_cents,
        }[mode]

    @property
    def in_force_cents(self) -> int:
        """The price of the active mode, in cents."""
        return self.of(self.mode)

    def edited(
        self,
        *,
        mode: str | None = None,
        rrp_cents: int | None = None,
        launch_cents: int | None = None,
        sale_cents: int | None = None,
    ) -> "Prices":
        """These prices with the given ones in their place.

        Raises `InvalidInput` for an unknown mode or a price that is not an `int` from 0 to `MAX_CHARGE_CENTS`.
        """
        cents = {"rrp_cents": rrp_cents, "launch_cents": launch_cents, "sale_cents": sale_cents}
        given = {name: value for name, value in cents.items() if value is not None}
        for name, value in given.items():
            if type(value) is not int or not 0 <= value <= MAX_CHARGE_CENTS:
                raise InvalidInput("A price is from 0.00 to 999,999.99.", field=name)
        try:
            return replace(self, mode=PriceMode(mode if mode is not None else self.mode), **given)
        except ValueError:
            raise InvalidInput("The mode is one of rrp, launch and sale.", field="mode") from None


@dataclass(frozen=True)
class Withdrawal:
    """Who took back a change before its moment came, why and when."""

    actor: str
    reason: str
    created_at: datetime


@dataclass(frozen=True)
class PriceChange:
    """The prices that were set for the time from `effective_at` on, by whom and why.

    After `ends_at`, where there is one, the prices from before return. A change that was `withdrawn` never counts.
    `version` counts the stored changes from 1; version 0 is the settings' starting values, with no author.
    """

    version: int
    prices: Prices
    reason: str
    actor: str
    effective_at: datetime | None
    created_at: datetime | None
    ends_at: datetime | None = None
    withdrawn: Withdrawal | None = None

    def is_pending(self, now: datetime) -> bool:
        """Whether the change has yet to take effect, so that it can be withdrawn."""
        return self.withdrawn is None and self.effective_at is not None and now < self.effective_at


@dataclass(frozen=True)
class Doubt:
    """Why a change is seldom meant: `field` names the price, `price_cents` is what is to be typed again."""

    field: str
    price_cents: int
    sentence: str


def doubts(before: Prices, after: Prices) -> list[Doubt]:
    """What about a change of prices is seldom meant: a price of 0, further than 50 % from what it was, above the RRP.

    Only prices that the change sets are doubted, and what a customer pays where it sets the mode.
    """
    return list(_doubts(before, after))


def _doubts(before: Prices, after: Prices) -> Iterator[Doubt]:
    for mode in PriceMode:
        was, now = before.of(mode), after.of(mode)
        field = f"{mode}_cents"
        if was != now and now == 0:
            yield Doubt(field, now, f"{mode} becomes $0.00: nothing is charged.")
        elif was != now and abs(now - was) * FAR > was:
            yield Doubt(field, now, f"{mode} moves by more than 50 %.")
    for mode in (PriceMode.LAUNCH, PriceMode.SALE):
        changed = (before.of(mode), before.rrp_cents) != (after.of(mode), after.rrp_cents)
        if changed and after.of(mode) > after.rrp_cents:
            yield Doubt(f"{mode}_cents", after.of(mode), f"{mode} is above the RRP.")
    if before.mode is after.mode:
        return
    was, now = before.in_force_cents, after.in_force_cents
    if now == before.of(after.mode) == 0:
        yield Doubt(f"{after.mode}_cents", now, f"{after.mode} charges nothing.")
    elif now != 0 and abs(now - was) * FAR > was:
        yield Doubt(f"{after.mode}_cents", now, "What a customer pays moves by more than 50 %.")


class OvertakenPrice(StalePrice):
    """An edit that was made on prices which are no longer those of its moment: what it was made on (`base`; None where
    that is not known), what is there now (`theirs`), and what it asked for (`yours`)."""

    def __init__(self, expected_version: int, base: Prices | None, theirs: PriceChange, yours: Prices) -> None:
        self.base, self.theirs, self.yours = base, theirs, yours
        who = f"were changed by {theirs.actor}" if theirs.version > expected_version else "went back"
        super().__init__(
            f"The prices {who} in the meantime (version {theirs.version}, your edit was made on {expected_version}). "
            f"Nothing was overwritten.{_three_ways(base or yours, theirs.prices, yours)}"
        )


def _three_ways(base: Prices, theirs: Prices, yours: Prices) -> str:
    """Each value that differs, three times: `" launch: was $29.99, is $19.99, you asked for $24.99."`"""
    rows = [("mode", [prices.mode.value for prices in (base, theirs, yours)])]
    rows += [(mode.value, [format_cents(prices.of(mode)) for prices in (base, theirs, yours)]) for mode in PriceMode]
    return "".join(
        f" {name}: was {values[0]}, is {values[1]}, you asked for {values[2]}."
        for name, values in rows
        if len(set(values)) > 1
    )
