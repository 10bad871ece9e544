"""The prices over time: which change was in force when, and the lowest price before a sale."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.pricing import PriceChange, PriceMode

REFERENCE_PERIOD = timedelta(days=30)
"""How far before a sale its reference price is looked for.
Source: Directive 98/6/EC, article 6a, https://eur-lex.europa.eu/eli/dir/1998/6/2022-05-28"""


@dataclass(frozen=True)
class Period:
    """A change in force from `starts_at` (None: ever since) to before `ends_at` (None: until further notice)."""

    starts_at: datetime | None
    ends_at: datetime | None
    change: PriceChange


def timeline(starting: PriceChange, changes: Iterable[PriceChange]) -> list[Period]:
    """Which change is in force when, oldest first and without a gap; `starting` are the prices before any change.

    At each moment that is the newest change whose own moment has come, and that neither ended nor was withdrawn.
    """
    begun = [starting]
    periods = [Period(None, None, starting)]

    def put(moment: datetime) -> None:
        """The newest of what has begun is in force from `moment` on."""
        last = periods[-1]
        if last.change is begun[-1]:
            return
        if last.starts_at != moment:
            periods[-1] = Period(last.starts_at, moment, last.change)
        else:
            periods.pop()
        periods.append(Period(moment, None, begun[-1]))

    def end_until(moment: datetime | None) -> None:
        """Takes out what ends until `moment`; None: whatever ends. What has ended never returns."""
        while (ends_at := begun[-1].ends_at) is not None and (moment is None or ends_at <= moment):
            del begun[-1]
            while begun[-1].ends_at is not None and begun[-1].ends_at <= ends_at:
                del begun[-1]
            put(ends_at)

    dated = [(change.effective_at, change) for change in changes if change.effective_at and change.withdrawn is None]
    for effective_at, change in sorted(dated, key=lambda pair: (pair[0], pair[1].version)):
        end_until(effective_at)
        begun.append(change)
        put(effective_at)
    end_until(None)
    return periods


def lowest_cents(periods: Sequence[Period], since: datetime, until: datetime) -> int:
    """The lowest price that was charged at any moment from `since` to before `until`, in cents."""
    return min(
        period.change.prices.in_force_cents
        for period in periods
        if (period.starts_at is None or period.starts_at < until) and (period.ends_at is None or period.ends_at > since)
    )


@dataclass(frozen=True)
class SaleReference:
    """A sale, since when it runs, and the lowest price of the 30 days before it began, in cents."""

    began_at: datetime
    sale_cents: int
    lowest_cents: int


def sale_reference(periods: Sequence[Period], now: datetime) -> SaleReference | None:
    """The sale that is on at `now` and its reference price; None without a sale, or with one that has ever been on."""
    past = [period for period in periods if period.starts_at is None or period.starts_at <= now]
    began_at = None
    for period in reversed(past):
        if period.change.prices.mode is not PriceMode.SALE:
            break
        began_at = period.starts_at
    if began_at is None:
        return None
    lowest = lowest_cents(periods, began_at - REFERENCE_PERIOD, began_at)
    return SaleReference(began_at, past[-1].change.prices.in_force_cents, lowest)
