"""What the pricing screen says of prices and of stored changes, as content."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from textual.content import Content

from services.domain.preview import OpenCheckout
from services.domain.pricing import OvertakenPrice, PriceChange, PriceMode, Prices
from services.domain.timeline import Period, SaleReference
from tui.desk import Desk
from tui.present import NOTHING, cents, untrusted
from tui.price_draft import Difference, differences, in_force_at, latest_first, summary
from tui.screens.pricing_clock import LocalClock
from tui.widgets.table import Row

if TYPE_CHECKING:
    from services.price_changes import PricePlan

HISTORY_LENGTH = 200
"""How many changes the history shows."""


@dataclass(frozen=True)
class PricingPage:
    """Everything the screen shows, read at one go. The plan's history is whole, for the oldest change that is shown
    follows one that is not.

    `outdated` are the open checkouts with another price than the one in force; `reference` is that of the sale that is
    on; times are shown in `zone`.
    """

    plan: "PricePlan"
    outdated: tuple[OpenCheckout, ...]
    reference: SaleReference | None
    zone: ZoneInfo

    def before(self, change: PriceChange) -> Prices:
        """The prices that a change took the place of, or would have."""
        return self._in_force(change, (other for other in self._latest_first if other.version < change.version))

    def without(self, change: PriceChange) -> Prices:
        """The prices of the moment of a pending change, if that is withdrawn."""
        return self._in_force(change, (other for other in self._latest_first if other.version != change.version))

    def returning(self, now: datetime) -> PriceChange:
        """What is in force when the prices of now end."""
        current = self.plan.current.version
        others = (change for change in self._latest_first if change.version != current)
        return in_force_at(now, others, self.plan.starting)

    @cached_property
    def _latest_first(self) -> list[PriceChange]:
        return latest_first(self.plan.history)

    def _in_force(self, change: PriceChange, others: Iterable[PriceChange]) -> Prices:
        if change.effective_at is None:
            return self.plan.starting.prices
        return in_force_at(change.effective_at, others, self.plan.starting).prices


def read_page(desk: Desk) -> PricingPage:
    """Read what the screen shows."""
    pricing = desk.pricing
    zone = ZoneInfo(desk.runtime.settings.business_zone)
    return PricingPage(pricing.plan(limit=None), pricing.preview().kept, pricing.sale_reference(), zone)


def in_force(page: PricingPage, clock: LocalClock) -> Content:
    """The three prices with the one that is charged, where they come from, and what is to come."""
    plan = page.plan
    lines = [*(_price_line(plan.current.prices, mode) for mode in PriceMode), _source(plan.current, clock)]
    if plan.next is not None and plan.next_at is not None:
        prices = plan.next.prices
        takes_over = f"{_charged(prices)}, {clock.at(plan.next_at)}"
        lines.append(Content.assemble(("then ", "$muted"), takes_over))
    if page.reference is not None:
        lines.append(lowest_before_sale(page.reference))
    return Content("\n").join(lines)


def lowest_before_sale(reference: SaleReference) -> Content:
    """What a sale is measured by: the lowest price of the 30 days before it began."""
    return Content.assemble(("lowest 30 days before  ", "$muted"), cents(reference.lowest_cents))


def _price_line(prices: Prices, mode: PriceMode) -> Content:
    amount = f"{cents(prices.of(mode)):>11}"
    if mode is prices.mode:
        return Content.assemble((f"▸ {mode.value:<7}{amount}", "bold"), ("  charged", "$text-success"))
    return Content(f"  {mode.value:<7}{amount}")


def _source(change: PriceChange, clock: LocalClock) -> Content:
    if change.version == 0 or change.effective_at is None:
        return Content.styled("from settings.env, unchanged", "$muted")
    since = Content.assemble(("since ", "$muted"), clock.at(change.effective_at), (", ", "$muted"))
    return Content.assemble(since, untrusted(change.actor), (f"  v{change.version}", "$muted"))


# The history


def state_of(change: PriceChange, plan: "PricePlan", clock: LocalClock) -> Content:
    """Where a stored change stands, in a word; nothing where another one has just taken its place."""
    if change.withdrawn is not None:
        return Content.styled("withdrawn", "$muted")
    if change.version == plan.current.version:
        return Content.styled("in force", "$text-success")
    if change.is_pending(clock.now):
        return Content.styled("pending", "$text-warning")
    return Content.styled("ended" if change.ends_at is not None and change.ends_at <= clock.now else "", "$muted")


def history_rows(page: PricingPage, clock: LocalClock) -> list[Row]:
    """The stored changes, newest first, and under them the settings' prices, which can be put back as well."""
    history = page.plan.history[:HISTORY_LENGTH]
    rows = [_history_row(change, page, clock) for change in history]
    if history and len(history) == len(page.plan.history):
        cells = [Content.styled("v0", "$muted"), Content(NOTHING), Content(""), Content("")]
        rows.append(Row("0", [*cells, Content(_priced(page.plan.starting.prices)), Content("settings.env")]))
    return rows


def _history_row(change: PriceChange, page: PricingPage, clock: LocalClock) -> Row:
    cells = [
        Content.styled(f"v{change.version}", "$muted"),
        Content(clock.at(change.created_at) if change.created_at else NOTHING),
        untrusted(change.actor),
        state_of(change, page.plan, clock),
        Content(what_it_does(change, page, clock)),
        untrusted(change.reason),
    ]
    return Row(str(change.version), cells)


def what_it_does(change: PriceChange, page: PricingPage, clock: LocalClock) -> str:
    """What a stored change does and when: `launch $29.99 → $24.99, until 7 Dec 24:00`."""
    parts = [summary(page.before(change), change.prices) or _priced(change.prices)]
    if is_scheduled(change) and change.effective_at is not None:
        parts.insert(0, f"from {clock.at(change.effective_at)}:")
    if change.ends_at is not None:
        parts[-1] += f", until {clock.until(change.ends_at)}"
    return " ".join(parts)


def is_scheduled(change: PriceChange) -> bool:
    """Whether a change was made for a later moment than its own."""
    return change.created_at is not None and change.effective_at is not None and change.created_at < change.effective_at


def change_detail(change: PriceChange, page: PricingPage, clock: LocalClock) -> Content:
    """Everything about one stored change."""
    lines = [_labelled("by", untrusted(change.actor or NOTHING))]
    if change.created_at is not None:
        lines.append(_labelled("stored", Content(clock.at(change.created_at))))
    lines.append(_labelled("reason", untrusted(change.reason or NOTHING)))
    if is_scheduled(change) and change.effective_at is not None:
        lines.append(_labelled("from", Content(clock.at(change.effective_at))))
    if change.ends_at is not None:
        lines.append(_labelled("until", Content(clock.until(change.ends_at))))
    if (state := state_of(change, page.plan, clock)).plain:
        lines.append(_labelled("state", state))
    if change.withdrawn is not None:
        who = Content.assemble("by ", untrusted(change.withdrawn.actor), f", {clock.at(change.withdrawn.created_at)}")
        lines += [_labelled("", who), _labelled("", untrusted(change.withdrawn.reason or NOTHING))]
    return Content("\n").join([*lines, Content(""), *difference_lines(page.before(change), change.prices)])


def _labelled(label: str, value: Content) -> Content:
    return Content.assemble((f"{label:<8}", "$muted"), value)


def as_text(change: PriceChange) -> str:
    """One stored change as plain text, for the clipboard."""
    return f"v{change.version} {change.actor}: {_priced(change.prices)}. {change.reason}"


def _charged(prices: Prices) -> str:
    return f"{prices.mode.value} {cents(prices.in_force_cents)}"


def _priced(prices: Prices) -> str:
    """The price that is charged, and the others beside it."""
    others = ", ".join(f"{mode} {cents(prices.of(mode))}" for mode in PriceMode if mode is not prices.mode)
    return f"{_charged(prices)} ({others})"


def timeline_rows(periods: Sequence[Period], clock: LocalClock) -> list[Row]:
    """Which price was, is and will be charged when, newest first; the one of now is marked."""
    return [_timeline_row(period, clock) for period in reversed(periods)]


def _timeline_row(period: Period, clock: LocalClock) -> Row:
    prices = period.change.prices
    begun = period.starts_at is None or period.starts_at <= clock.now
    is_now = begun and (period.ends_at is None or clock.now < period.ends_at)
    mark = Content.styled("▸ now", "$text-success") if is_now else Content("" if begun else "planned")
    cells = [
        mark,
        Content(NOTHING if period.starts_at is None else clock.at(period.starts_at)),
        Content.styled(f"v{period.change.version}", "$muted"),
        Content(prices.mode.value),
        Content.styled(cents(prices.in_force_cents), "bold" if is_now else ""),
        untrusted(period.change.reason),
    ]
    return Row(str(period.starts_at), cells)


# Before → after


def difference_lines(before: Prices, after: Prices, heads: tuple[str, str] = ("before", "after")) -> list[Content]:
    """A change line by line, with what a customer pays at the end."""
    paid = Difference("a customer pays", cents(before.in_force_cents), cents(after.in_force_cents))
    lines = [Content.styled(f"{'':<16}{heads[0]:>11}   {heads[1]:>11}", "$muted")]
    for line in [*differences(before, after), paid]:
        text = Content.assemble(f"{line.name:<16}{line.before:>11} → ", (f"{line.after:>11}", "bold"))
        lines.append(Content.assemble(text, (f"   {line.far}", "$text-warning")))
    return lines


def withdrawal_effect(change: PriceChange, page: PricingPage, clock: LocalClock) -> Content:
    """What becomes of a pending change that is withdrawn, and what is in force instead."""
    when = f" at {clock.at(change.effective_at)}" if change.effective_at else ""
    lines = difference_lines(change.prices, page.without(change), ("planned", "instead"))
    return Content("\n").join([Content(f"v{change.version} will not come into force{when}."), Content(""), *lines])


def ending_effect(page: PricingPage, clock: LocalClock) -> Content:
    """What returns when the prices in force end now."""
    current = page.plan.current
    returning = page.returning(clock.now)
    end = f", not at {clock.until(current.ends_at)}" if current.ends_at else ""
    lines = [
        Content(f"v{current.version} ends now{end}. The prices of v{returning.version} return, as a new change."),
        Content(""),
        *difference_lines(current.prices, returning.prices),
    ]
    return Content("\n").join(lines)


def overtaken_on(old: PriceChange, new: PriceChange) -> Content:
    """That somebody else changed the prices while they were edited here."""
    return Content.assemble(
        ("! ", "bold $text-warning"),
        untrusted(new.actor, "bold"),
        f" changed the prices meanwhile: {summary(old.prices, new.prices)}. "
        "Nothing was overwritten and your text is kept: look, then save again.",
    )


def three_ways(error: OvertakenPrice) -> Content:
    """An edit that came second: what it was made on, what somebody else made of that, and what was asked for here."""
    base, theirs, yours = error.base or error.yours, error.theirs.prices, error.yours
    who = Content.assemble("v", str(error.theirs.version), " by ", untrusted(error.theirs.actor, "bold"))
    reason = Content.assemble(" (", untrusted(error.theirs.reason), ")") if error.theirs.reason else Content("")
    lines = [
        Content.assemble("Prices were changed meanwhile: ", who, reason, "."),
        Content(
            "Nothing was overwritten. The form keeps what you typed, upon their prices: look at it, and save again."
        ),
        Content(""),
        Content.styled(f"{'':<8}{'base':>11}{'theirs':>13}{'yours':>13}", "$muted"),
    ]
    rows = [("mode", [prices.mode.value for prices in (base, theirs, yours)])]
    rows += [(mode.value, [cents(prices.of(mode)) for prices in (base, theirs, yours)]) for mode in PriceMode]
    for name, (was, their, your) in rows:
        lines.append(
            Content.assemble(
                f"{name:<8}{was:>11}",
                (f"{their:>13}", "bold $text-warning" if their != was else ""),
                (f"{your:>13}", "bold" if your != their else ""),
            )
        )
    return Content("\n").join(lines)
