"""What the overview says: the figures of each tile as content, and the chart of movements."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from services.domain.checkout import OrderStatus
from services.domain.discount import CodeStatus
from services.domain.overview import BalanceFigures, CodeFigures, Movements, OrderFigures
from services.domain.pricing import PriceChange
from tui.present import MONTHS, age, cents, count, moment, signed_cents, status, untrusted

if TYPE_CHECKING:
    from services.overview import Overview
    from services.price_changes import PricePlan

LONGEST_CODE = 18
"""How many cells of a code are shown."""

_BARS = "▁▂▃▄▅▆▇█"


def price_content(plan: "PricePlan", now: datetime) -> Content:
    """The price in force, until when, and what a customer pays."""
    current = plan.current
    pays = ("a customer pays ", "$muted"), (cents(current.prices.in_force_cents), "bold"), (" today", "$muted")
    return Content("\n").join([_since(current, now), _until(plan, now), Content.assemble(*pays)])


def _since(change: PriceChange, now: datetime) -> Content:
    start = Content.styled(f"{change.prices.mode.value} {cents(change.prices.in_force_cents)}", "bold")
    if change.version == 0 or change.effective_at is None:
        return Content.assemble(start, ("  from the settings", "$muted"))
    return Content.assemble(start, ("  since ", "$muted"), moment(change.effective_at, now, seconds=False).strip())


def _until(plan: "PricePlan", now: datetime) -> Content:
    if plan.next_at is None or plan.next is None:
        return Content.styled("until somebody changes it", "$muted")
    prices = plan.next.prices
    then = f"{prices.mode.value} {cents(prices.in_force_cents)}"
    return Content.assemble(
        ("until ", "$muted"), moment(plan.next_at, now, seconds=False).strip(), (" → ", "$muted"), then
    )


def balances_content(figures: BalanceFigures) -> Content:
    """What is owed in total, and which accounts are below zero."""
    if not figures.accounts:
        return Content.styled("No account has a balance yet: a paid\ncheckout or a credit gives it one.", "$muted")
    accounts = count(figures.accounts, "account")
    owed = Content.assemble((cents(figures.owed_cents), "bold"), (f" owed; {accounts}", "$muted"))
    if figures.lowest_id is None:
        return Content("\n").join([owed, Content.styled("no account is below zero", "$muted")])
    below = f"{count(figures.below_zero, 'account')} below zero"
    return Content("\n").join(
        [
            owed,
            Content.assemble((below, "$text-warning"), (f", {cents(figures.short_cents)} in all", "$muted")),
            Content.assemble(("the lowest is account ", "$muted"), f"{figures.lowest_id}"),
        ]
    )


def orders_content(figures: OrderFigures, now: datetime) -> Content:
    """Orders by state, and the oldest one that is open."""
    if not figures.looked_at:
        return Content.styled("No orders yet: screen 5 makes them.", "$muted")
    waiting = (OrderStatus.OPEN, OrderStatus.CREATED, OrderStatus.NEEDS_REVIEW)
    ended = (OrderStatus.PAID, OrderStatus.EXPIRED, OrderStatus.FAILED)
    lines = [_counted_states(figures, waiting), _counted_states(figures, ended)]
    if figures.partial:
        lines[1] = Content.assemble(lines[1], (f"  of the last {figures.looked_at:,}", "$muted"))
    oldest = figures.oldest_open
    if oldest is None:
        lines.append(Content.styled("none waits for its customer", "$muted"))
    else:
        lines.append(Content.assemble(("oldest open: ", "$muted"), f"order {oldest.id}, {age(oldest.created_at, now)}"))
        lines.append(Content.assemble(("it waits for ", "$muted"), cents(oldest.total_cents)))
    return Content("\n").join(lines)


def _counted_states(figures: OrderFigures, states: Sequence[OrderStatus]) -> Content:
    return Content("  ").join(
        Content.assemble(f"{figures.counts[state]:,} ", status(state) if figures.counts[state] else _dim(state))
        for state in states
    )


def _dim(state: OrderStatus | CodeStatus) -> Content:
    return Content.styled(status(state).plain, "$muted")


def codes_content(figures: CodeFigures) -> Content:
    """Codes by status, and those that are close to their limit."""
    if not any(figures.counts.values()):
        return Content.styled("No codes yet: screen 3 makes them.", "$muted")
    in_use = Content.assemble((f"{figures.counts[CodeStatus.ACTIVE]:,}", "bold"), " in use")
    to_come = _code_states(figures, [CodeStatus.SCHEDULED])
    lines = [Content.assemble(in_use, ", ", to_come) if to_come else in_use]
    over = _code_states(figures, [CodeStatus.EXPIRED, CodeStatus.SOLD_OUT, CodeStatus.DISABLED])
    lines.append(over or Content.styled("none is over", "$muted"))
    if not figures.near_limit:
        lines.append(Content.styled("none is close to its limit", "$muted"))
    for code in figures.near_limit:
        left = f" {code.uses_left:,} of {code.max_uses:,} left"
        name = untrusted(code.code).truncate(LONGEST_CODE, ellipsis=True)
        lines.append(Content.assemble(name, (left, "$text-warning")))
    return Content("\n").join(lines)


def _code_states(figures: CodeFigures, states: Sequence[CodeStatus]) -> Content:
    numbers = [(figures.counts[state], _dim(state).plain) for state in states]
    return Content.styled(", ".join(f"{number:,} {word}" for number, word in numbers if number), "$muted")


def person_content(overview: "Overview") -> Content:
    """What needs a person, each with the order to begin with."""
    orders = overview.orders
    review = orders.counts[OrderStatus.NEEDS_REVIEW]
    parts = [
        (review, "needs review" if review == 1 else "need review", orders.first_in_review, "$text-error"),
        (orders.stuck, "stuck", orders.first_stuck, "$text-warning"),
        (overview.findings, "finding" if overview.findings == 1 else "findings", None, "$text-warning"),
        (orders.failed_lately, "failed in 30 days", orders.last_failed, "$text-error"),
    ]
    shown = [
        Content.assemble((f"{number:,} {word}", style), (f" (order {order_id})" if order_id else "", "$muted"))
        for number, word, order_id, style in parts
        if number
    ]
    return Content("; ").join(shown) if shown else Content.styled("✓ Nothing waits for a person.", "$text-success")


def movements_content(movements: Movements, width: int, height: int) -> Content:
    """Entries, credits and debits of each day as bars that share `height` lines, with their totals."""
    if movements.done and not movements.entries:
        return Content.styled("Nothing was posted in the last 30 days.", "$muted")
    rows = [
        ("entries", [day.entries for day in movements.days], f"{movements.entries:,}"),
        ("in", [day.credits_cents for day in movements.days], signed_cents(movements.credits_cents)),
        ("out", [-day.debits_cents for day in movements.days], signed_cents(movements.debits_cents)),
    ]
    wide = max(1, (width - 26) // len(movements.days))
    lines = []
    for name, values, total in rows:
        *upper, last = bars(values, wide=wide, height=max(1, height // len(rows)))
        lines += [Content.assemble(" " * 9, (line, "$text-primary")) for line in upper]
        known = total if movements.done else f"≥ {total}"
        lines.append(Content.assemble((f"{name:<9}", "$muted"), (last, "$text-primary"), f"  {known:>14}"))
    return Content("\n").join(lines)


def bars(values: Sequence[int], *, wide: int = 1, height: int = 1) -> list[str]:
    """Values from 0 on as bars on a line at 0, as lines from the top. What is not 0 stands out from the line.

    Textual's `Sparkline` draws the least value as nothing, which makes much of days that hardly differ.
    """
    most, steps = max(values, default=0), len(_BARS) * height - 1
    heights = [-(-value * steps // most) if value else 0 for value in values]
    return [
        "".join(_bar(tall - row * len(_BARS), at_foot=row == 0) * wide for tall in heights)
        for row in range(height - 1, -1, -1)
    ]


def _bar(tall: int, *, at_foot: bool) -> str:
    return _BARS[min(tall, len(_BARS) - 1)] if tall >= 0 and (tall > 0 or at_foot) else " "


def period_text(movements: Movements) -> str:
    """The days that are counted: `25 Oct – 23 Nov, UTC`."""
    first, last = (f"{day.day.day} {MONTHS[day.day.month - 1]}" for day in (movements.days[0], movements.days[-1]))
    return f"{first} – {last}, UTC"
