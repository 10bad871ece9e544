"""The state of the desk in figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.domain.checkout import OrderStatus
from services.domain.discount import CodeStatus


@dataclass(frozen=True)
class BalanceFigures:
    """What balances add up to, in cents. `owed_cents` is the sum of those above zero, `short_cents` of those below.

    `accounts` have a balance; `lowest_id` is the account with the lowest one, None where none is below zero.
    """

    accounts: int
    owed_cents: int
    below_zero: int
    short_cents: int
    lowest_id: int | None


@dataclass(frozen=True)
class OldestOrder:
    """The order that has waited longest for its customer."""

    id: int
    created_at: datetime
    total_cents: int


@dataclass(frozen=True)
class OrderFigures:
    """Orders by state: all of those that are not settled, the settled ones among the newest `looked_at` orders.

    `partial`: there are more than were looked at. `first_in_review`, `first_stuck` and `last_failed` are ids of orders;
    None where there is none. `failed_lately` are those of the last 30 days.
    """

    counts: Mapping[OrderStatus, int]
    looked_at: int
    oldest_open: OldestOrder | None
    first_in_review: int | None
    stuck: int
    first_stuck: int | None
    partial: bool
    failed_lately: int
    last_failed: int | None


@dataclass(frozen=True)
class NearLimit:
    """A code with few of its `max_uses` left."""

    code: str
    uses_left: int
    max_uses: int


@dataclass(frozen=True)
class CodeFigures:
    """Codes by status, and those that are close to their limit, the closest first."""

    counts: Mapping[CodeStatus, int]
    near_limit: Sequence[NearLimit]


@dataclass(frozen=True)
class DayMovements:
    """What was posted on a day in UTC: entries, credits (not below 0) and debits (not above), in cents."""

    day: date
    entries: int = 0
    credits_cents: int = 0
    debits_cents: int = 0

    def __add__(self, other: "DayMovements") -> "DayMovements":
        return DayMovements(
            self.day,
            self.entries + other.entries,
            self.credits_cents + other.credits_cents,
            self.debits_cents + other.debits_cents,
        )


@dataclass(frozen=True)
class Movements:
    """What was posted on each of the last days, oldest first; what was counted so far, until it is `done`.

    It is counted from the newest entry back, and has come to the one with the id `counted_to_id`.
    """

    days: Sequence[DayMovements]
    counted_to_id: int | None
    done: bool

    @property
    def entries(self) -> int:
        """How many entries."""
        return sum(day.entries for day in self.days)

    @property
    def credits_cents(self) -> int:
        """What came in, in cents."""
        return sum(day.credits_cents for day in self.days)

    @property
    def debits_cents(self) -> int:
        """What went out, in cents, not above 0."""
        return sum(day.debits_cents for day in self.days)
