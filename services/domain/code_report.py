"""What became of a code's uses, added up from the uses themselves."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.domain.discount import DiscountCode, RedemptionStatus


@dataclass(frozen=True)
class Redemption:
    """One use of a code: the order and the account that it belongs to, what it takes off, and what was paid with it.

    `paid_cents` and `refunded_cents` are the order's; nothing is paid while the use is held. Times are in UTC.
    """

    order_id: int
    account_id: int
    status: RedemptionStatus
    discount_cents: int
    paid_cents: int
    refunded_cents: int
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True)
class CodeTotals:
    """A code's uses by what became of them, and their sums in cents.

    `saved_cents` is what the redeemed uses took off, `revenue_cents` what was paid with them, `refunded_cents` how much
    of it went back. `last_use_at` is when the newest use was taken; None where there is none.
    """

    held: int = 0
    redeemed: int = 0
    released: int = 0
    saved_cents: int = 0
    revenue_cents: int = 0
    refunded_cents: int = 0
    last_use_at: datetime | None = None

    def agrees_with(self, code: DiscountCode) -> bool:
        """Whether the code's own counters say the same."""
        return (self.held, self.redeemed) == (code.held, code.redeemed)


@dataclass(frozen=True)
class DayOfUses:
    """The uses of a code that were taken on one day of the business, by what became of them."""

    day: date
    held: int
    redeemed: int
    released: int


@dataclass(frozen=True)
class CodeReport:
    """A code, the totals of its uses, and the days on which any was taken, oldest first."""

    code: DiscountCode
    totals: CodeTotals
    days: Sequence[DayOfUses]


def days_of(uses: Iterable[tuple[datetime, RedemptionStatus]], zone: ZoneInfo) -> list[DayOfUses]:
    """The days in `zone` on which uses were taken, oldest first; days without any are left out."""
    counted = Counter((moment.astimezone(zone).date(), status) for moment, status in uses)
    return [
        DayOfUses(
            day,
            held=counted[day, RedemptionStatus.HELD],
            redeemed=counted[day, RedemptionStatus.REDEEMED],
            released=counted[day, RedemptionStatus.RELEASED],
        )
        for day in sorted({day for day, _ in counted})
    ]
