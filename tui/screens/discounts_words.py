"""What the discounts screen says: codes, and what a customer is told, as content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from textual.content import Content

from services.domain.checkout import charge_refusal
from services.domain.discount import CodeStatus, DiscountCode
from services.domain.pricing import PriceMode, Prices
from services.domain.quote import PriceCalculation
from tui.present import MINUS, NOTHING, cents, count, moment, status, status_word, untrusted
from tui.widgets.table import Row


@dataclass(frozen=True)
class Trial:
    """What a customer gets for a code: the calculation, and the code where there is one."""

    typed: str
    calculation: PriceCalculation
    code: DiscountCode | None


def row_of(code: DiscountCode, now: datetime) -> Row:
    """A code as a line of the list."""
    limit = NOTHING if code.max_uses is None else f"{code.max_uses:,}"
    cells = [
        untrusted(code.code),
        status(code.status),
        Content(f"{MINUS}{code.value_text}"),
        _number(code.held),
        _number(code.redeemed),
        Content(limit),
        Content.styled(moment(code.created_at, now, seconds=False), "$muted"),
    ]
    return Row(code.code, cells)


def detail_of(code: DiscountCode, prices: Prices, now: datetime) -> Content:
    """Everything about one code, and what it makes of the three prices."""
    left = "no limit" if code.uses_left is None else f"{code.uses_left:,} of {code.max_uses:,} uses left"
    lines = [
        Content.assemble(untrusted(code.code, "bold"), "  ", status(code.status)),
        Content(f"takes off {code.value_text}"),
        Content(left),
        Content.assemble((f"{code.held:,} held by open checkouts, {code.redeemed:,} redeemed", "$muted")),
        Content.assemble(("created ", "$muted"), moment(code.created_at, now, seconds=False).strip()),
        Content(""),
        Content.styled(f"{'':<9}{'price':>11}   {'with code':>11}", "$muted"),
    ]
    for mode in PriceMode:
        base = prices.of(mode)
        total = base - code.discount_on(base)
        mark = "▸" if mode is prices.mode else " "
        line = f"{mark} {mode.value:<7}{cents(base):>11} → {cents(total):>11}"
        refused = "  ! Stripe refuses" if charge_refusal(total) else ""
        style = "bold" if mode is prices.mode else ""
        lines.append(Content.assemble((line, style), (refused, "$text-warning")))
    return Content("\n").join(lines)


def fits(code: DiscountCode, words: Sequence[str]) -> bool:
    """Whether a code or its status holds every word of a filter."""
    text = f"{code.code} {status_word(code.status)}".casefold()
    return all(word in text for word in words)


def _number(number: int) -> Content:
    return Content(f"{number:,}") if number else Content.styled("0", "$muted")


def answer_of(trial: Trial) -> Content:
    """What a customer would be told, and why: `base $29.99, LAUNCH10 −10 % = −$3.00, you pay $26.99`."""
    quote, code = trial.calculation, trial.code
    if quote.discount_code_applied is None or code is None:
        why = quote.refusal or "The code cannot be used."
        pays = f" The price stays {cents(quote.final_price_cents)}."
        return Content.assemble(("✗ ", "$text-error"), untrusted(why), (pays, "$muted"))
    text = Content.assemble(
        ("✓ ", "$text-success"),
        f"base {cents(quote.base_price_cents)}, ",
        untrusted(code.code, "bold"),
        f" {MINUS}{code.value_text} = {MINUS}{cents(quote.discount_cents)}, you pay ",
        (cents(quote.final_price_cents), "bold"),
    )
    if refusal := charge_refusal(quote.final_price_cents):
        text = Content.assemble(text, "\n", (f"! {refusal}", "$text-warning"))
    return text


def switch_effect(code: DiscountCode) -> Content:
    """What disabling or enabling a code means."""
    after = CodeStatus.DISABLED
    if not code.active:
        after = CodeStatus.SOLD_OUT if code.uses_left == 0 else CodeStatus.ACTIVE
    change = Content.assemble("status  ", status(code.status), " → ", status(after))
    if not code.active:
        return change
    kept = (
        f"{count(code.held, 'open checkout')} that hold{'s' if code.held == 1 else ''} a use can still be paid with it."
    )
    return Content.assemble(change, "\n", (kept if code.held else "No open checkout holds a use of it.", "$muted"))
