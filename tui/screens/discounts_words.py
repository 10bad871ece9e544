"""What the discounts screen says: codes, their terms and uses, and what a customer is told, as content."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from textual.content import Content

from services.domain.checkout import charge_refusal
from services.domain.code_report import CodeTotals
from services.domain.discount import CodeTerms, DiscountCode
from services.domain.pricing import PriceMode, Prices
from services.domain.quote import Quote
from services.domain.zone import format_start, last_day
from tui.present import MINUS, NOTHING, age, cents, count, moment, status, untrusted
from tui.widgets.table import Row


def row_of(code: DiscountCode, totals: CodeTotals, now: datetime) -> Row:
    """A code as a line of the list."""
    last_use = NOTHING if totals.last_use_at is None else age(totals.last_use_at, now)
    cells = [
        untrusted(code.code),
        status(code.status),
        Content(f"{MINUS}{code.value_text}"),
        _number(code.held),
        _number(code.redeemed),
        limit_of(code),
        Content(cents(totals.saved_cents)) if totals.saved_cents else Content.styled(NOTHING, "$muted"),
        Content.styled(last_use, "$muted"),
        Content.styled(moment(code.created_at, now, seconds=False), "$muted"),
    ]
    return Row(code.code, cells)


def _number(number: int) -> Content:
    return Content(f"{number:,}") if number else Content.styled("0", "$muted")


def limit_of(code: DiscountCode) -> Content:
    """The limit of uses, and how many are taken over it: `1 over 5`."""
    if code.max_uses is None:
        return Content.styled(NOTHING, "$muted")
    over = (f"{code.uses_over:,} over ", "$text-warning") if code.uses_over else ""
    return Content.assemble(over, f"{code.max_uses:,}")


def detail_of(code: DiscountCode, prices: Prices, zone: ZoneInfo) -> Content:
    """Everything about one code, and what it makes of the three prices."""
    lines = [
        Content.assemble(untrusted(code.code, "bold"), "  ", status(code.status)),
        Content(f"takes off {code.value_text}"),
        uses_of(code),
        *terms_of(code.terms, zone),
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


def uses_of(code: DiscountCode) -> Content:
    """The uses that are taken and left: `2 held, 5 redeemed, 3 of 10 left`."""
    return Content.assemble(f"{code.held:,} held, {code.redeemed:,} redeemed, ", left_of(code))


def left_of(code: DiscountCode) -> Content:
    """The uses that are left, and how many are taken over the limit."""
    left = "no limit" if code.uses_left is None else f"{code.uses_left:,} of {code.max_uses:,} left"
    over = (f", {code.uses_over:,} over the limit", "$text-warning") if code.uses_over else ""
    return Content.assemble(left, over)


def terms_of(terms: CodeTerms, zone: ZoneInfo) -> Iterator[Content]:
    """Each rule of a code beside its value and its limit, as a line."""
    if terms.per_account_limit is not None:
        yield Content(f"{count(terms.per_account_limit, 'use')} of one account")
    if terms.starts_at is not None:
        yield _window("from", format_start(terms.starts_at, zone), zone)
    if terms.ends_at is not None:
        day = last_day(terms.ends_at, zone)
        until = format_start(terms.ends_at, zone) if day is None else f"the end of {day}"
        yield _window("until", until, zone)
    if terms.min_amount_cents is not None:
        yield Content(f"on a price of at least {cents(terms.min_amount_cents)}")
    if terms.first_purchase_only:
        yield Content("for the first purchase of an account")
    if not terms.stacks_on_launch:
        yield Content("not on the launch price")
    if terms.note:
        yield Content.assemble(("note ", "$muted"), untrusted(terms.note))


def _window(word: str, when: str, zone: ZoneInfo) -> Content:
    return Content.assemble(f"{word} {when} ", (zone.key, "$muted"))


def answer_of(quote: Quote, *, asks_account: bool) -> Content:
    """What a customer would be told, and how it comes about: the sentence, then the steps of the quote.

    `asks_account`: it depends on the account too, and none is chosen.
    """
    steps = untrusted(quote.explanation, "$muted")
    if quote.refusal is not None:
        pays = (f" Without it: {cents(quote.base.cents)}.", "$muted")
        return Content.assemble(("✗ ", "$text-error"), untrusted(quote.sentence or ""), pays, "\n", steps)
    rest = "   It depends on the account, too: choose one." if asks_account else ""
    text = Content.assemble(
        ("✓ ", "$text-success"), "you pay ", (cents(quote.total_cents), "bold"), (rest, "$text-warning")
    )
    return Content.assemble(text, "\n", steps)


def switch_effect(code: DiscountCode) -> Content:
    """What disabling or enabling a code means."""
    after = replace(code, active=not code.active).status
    change = Content.assemble("status  ", status(code.status), " → ", status(after))
    if not code.active:
        return change
    kept = (
        f"{count(code.held, 'open checkout')} that hold{'s' if code.held == 1 else ''} a use can still be paid with it."
    )
    return Content.assemble(change, "\n", (kept if code.held else "No open checkout holds a use of it.", "$muted"))
