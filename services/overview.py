"""The state of the desk in one look: price, balances, orders, codes, and what needs a person."""

import time
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Self

from services.clock import Clock
from services.database import Database
from services.domain.checkout import OrderStatus
from services.domain.overview import (
    BalanceFigures,
    CodeFigures,
    DayMovements,
    Movements,
    NearLimit,
    OldestOrder,
    OrderFigures,
)
from services.price_changes import PricePlan
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.stores.discounts import DiscountStore
from services.stores.overview import OverviewStore

__all__ = [
    "BalanceFigures",
    "CodeFigures",
    "DayMovements",
    "Movements",
    "NearLimit",
    "OldestOrder",
    "OrderFigures",
    "Overview",
    "OverviewService",
    "PricePlan",
]

DAYS = 30
"""Over how many days movements are counted, and how long ago an order that failed is still told of."""

NEWEST_ORDERS = 10_000
"""Among how many orders the settled ones are counted: there is no end to them, and no index of their states."""

UNKNOWN_FOR = timedelta(minutes=10)
"""For how long the desk asks Stripe about an order by itself before it is called stuck."""

NEAR_LIMIT = 3
"""How many codes that are close to their limit are named."""

BUDGET_MS = 50
"""How long one call counts, at most one piece longer."""

PIECE = 10_000
"""How many entries are counted by one query."""


@dataclass(frozen=True)
class Overview:
    """The state of the desk. `findings` are differences between Stripe and the desk that nobody has resolved."""

    prices: PricePlan
    balances: BalanceFigures
    orders: OrderFigures
    codes: CodeFigures
    findings: int

    @property
    def needs_a_person(self) -> int:
        """How many things wait for somebody to look at them."""
        orders = self.orders
        return self.findings + orders.stuck + orders.failed_lately + orders.counts[OrderStatus.NEEDS_REVIEW]


class OverviewService:
    """Reads the figures of the first screen, in a few queries whose work the length of the ledger does not change."""

    def __init__(
        self,
        database: Database,
        pricing: DynamicPricingService,
        discount_store: DiscountStore,
        overview_store: OverviewStore,
        clock: Clock,
    ) -> None:
        self.database = database
        self.pricing = pricing
        self.discount_store = discount_store
        self.overview_store = overview_store
        self.clock = clock

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        pricing = DynamicPricingService.over(runtime)
        return cls(runtime.database, pricing, DiscountStore(), OverviewStore(), runtime.clock)

    def overview(self) -> Overview:
        """Everything but the movements."""
        now = self.clock()
        prices = self.pricing.plan(limit=1)
        with self.database.read() as connection:
            return Overview(
                prices=prices,
                balances=self.overview_store.balances(connection),
                orders=self.overview_store.orders(
                    connection,
                    NEWEST_ORDERS,
                    failed_since=now - timedelta(days=DAYS),
                    asked_before=now - UNKNOWN_FOR,
                    now=now,
                ),
                codes=CodeFigures(
                    self.discount_store.counts(connection, now),
                    self.overview_store.near_limit(connection, now, NEAR_LIMIT),
                ),
                findings=self.overview_store.open_findings(connection),
            )

    def movements(self, so_far: Movements | None = None, *, budget_ms: int = BUDGET_MS) -> Movements:
        """What was posted on each of the last 30 days, today among them; hand in the answer until it is `done`.

        Entries are numbered in the order in which they are posted, so it ends where a whole piece is from before.
        """
        give_up = time.monotonic() + budget_ms / 1000
        movements = so_far or self._none()
        with self.database.read() as connection:
            while not movements.done:
                days, first_id = self.overview_store.movements(connection, movements.counted_to_id, PIECE)
                movements = _with(movements, days, first_id)
                if time.monotonic() >= give_up:
                    break
        return movements

    def _none(self) -> Movements:
        today = self.clock().astimezone(UTC).date()
        days = tuple(DayMovements(today - timedelta(days=back)) for back in range(DAYS - 1, -1, -1))
        return Movements(days, counted_to_id=None, done=False)


def _with(movements: Movements, more: list[DayMovements], first_id: int | None) -> Movements:
    """What was counted with one piece more."""
    by_day = {day.day: day for day in movements.days}
    for day in more:
        if day.day in by_day:
            by_day[day.day] += day
    over = not any(day.day >= movements.days[0].day for day in more)
    return Movements(tuple(by_day.values()), first_id or movements.counted_to_id, done=over)
