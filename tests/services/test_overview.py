"""The figures of the first screen, on both databases."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from services.accounts import AccountService
from services.balance import BalanceService
from services.database import Database
from services.discounts import DiscountService
from services.domain.checkout import OrderStatus, StripeSession
from services.domain.discount import CodeStatus
from services.domain.finding import FindingKind, Observation
from services.overview import (
    DAYS,
    NEAR_LIMIT,
    PIECE,
    BalanceFigures,
    DayMovements,
    Movements,
    NearLimit,
    OldestOrder,
    OverviewService,
)
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.settings import Settings
from services.stores.balances import BalanceStore
from services.stores.findings import FindingStore
from services.stores.orders import OrderStore
from services.stores.overview import OverviewStore
from tests.clock import ManualClock
from tests.scale import measured, rounds
from tests.stores.drafts import access_draft


@pytest.fixture
def overview(runtime: Runtime) -> OverviewService:
    return OverviewService.over(runtime)


@pytest.fixture
def sqlite_runtime(sqlite_url: str, clock: ManualClock) -> Iterator[Runtime]:
    database = Database(sqlite_url)
    yield Runtime(Settings(_env_file=None), database, None, clock, actor="anna")
    database.close()


class Orders:
    """Puts orders of an account into the states that they can have."""

    def __init__(self, runtime: Runtime, clock: ManualClock) -> None:
        self.runtime, self.clock = runtime, clock
        self.account_id = AccountService.over(runtime).create("maria@example.com").id
        self.store, self._numbers = OrderStore(), count(1)

    def add(self, status: OrderStatus, *, ends_in: timedelta = timedelta(hours=1)) -> int:
        """An order of this moment in a state; an open one ends at Stripe some time from now."""
        number, now = next(self._numbers), self.clock()
        with self.runtime.database.write() as connection:
            draft = access_draft(self.account_id)
            order_id = self.store.create(
                connection, draft, reference=f"r{number}", idempotency_key=f"k{number}", actor="anna", now=now
            )
            assert order_id is not None
            if status is not OrderStatus.CREATED:
                assert self.store.move(
                    connection,
                    order_id,
                    status,
                    only_from=[OrderStatus.CREATED],
                    at_stripe=_session(number, now + ends_in),
                    paid_cents=2999 if status is OrderStatus.PAID else None,
                )
        return order_id


def _session(number: int, expires_at: datetime) -> StripeSession:
    return StripeSession(
        id=f"cs_{number}",
        url=f"https://checkout.example/cs_{number}",
        status="open",
        payment_status="unpaid",
        amount_total_cents=2999,
        amount_discount_cents=0,
        currency="usd",
        livemode=False,
        client_reference_id=f"r{number}",
        customer_id=None,
        payment_intent_id=None,
        expires_at=expires_at,
    )


def test_an_empty_desk_has_figures_too(overview: OverviewService) -> None:
    found = overview.overview()
    assert (found.prices.current.version, found.prices.next_at) == (0, None)
    assert found.balances == BalanceFigures(0, 0, 0, 0, None)
    assert set(found.orders.counts.values()) == {0}
    assert (found.orders.looked_at, found.orders.oldest_open, found.orders.partial) == (0, None, False)
    assert set(found.codes.counts.values()) == {0}
    assert (found.findings, found.needs_a_person) == (0, 0)
    movements = overview.movements()
    assert (movements.done, movements.entries, len(movements.days)) == (True, 0, DAYS)


def test_the_price_is_told_with_its_end(overview: OverviewService, runtime: Runtime, clock: ManualClock) -> None:
    ends_at = clock() + timedelta(days=7)
    DynamicPricingService.over(runtime).change_prices(mode="sale", ends_at=ends_at)
    plan = overview.overview().prices
    assert plan.current.prices.in_force_cents == 2499
    assert (plan.next_at, plan.next and plan.next.prices.in_force_cents) == (ends_at, 2999)


def test_balances_above_and_below_zero_are_told_apart(overview: OverviewService, runtime: Runtime) -> None:
    accounts, balance = AccountService.over(runtime), BalanceService.over(runtime)
    ids = [accounts.create(f"{name}@example.com").id for name in "abcde"]
    for account_id, cents in zip(ids, (500, -30, -900, 0, 250), strict=True):
        balance.add_credits(account_id, 1000, "welcome")
        if cents != 1000:
            balance.deduct(account_id, 1000 - cents, "calls")
    assert overview.overview().balances == BalanceFigures(5, 750, 2, -930, ids[2])


def test_orders_are_counted_by_state(overview: OverviewService, runtime: Runtime, clock: ManualClock) -> None:
    orders = Orders(runtime, clock)
    orders.add(OrderStatus.FAILED)
    clock.advance(days=DAYS, seconds=1)
    oldest = orders.add(OrderStatus.OPEN)
    oldest_at = clock()
    states = [OrderStatus.PAID, OrderStatus.PAID, OrderStatus.EXPIRED, OrderStatus.FAILED, OrderStatus.FAILED]
    last_failed = [orders.add(status) for status in states][-1]
    review = [orders.add(OrderStatus.NEEDS_REVIEW) for _ in range(2)]
    orders.add(OrderStatus.OPEN)
    found = overview.overview().orders
    assert found.counts == {
        OrderStatus.CREATED: 0,
        OrderStatus.OPEN: 2,
        OrderStatus.PAID: 2,
        OrderStatus.EXPIRED: 1,
        OrderStatus.FAILED: 3,
        OrderStatus.NEEDS_REVIEW: 2,
    }
    assert found.oldest_open == OldestOrder(oldest, oldest_at, 2999)
    assert (found.failed_lately, found.last_failed, found.first_in_review) == (2, last_failed, review[0])
    assert (found.looked_at, found.partial, found.stuck) == (10, False, 0)


def test_of_many_orders_the_settled_ones_are_counted_among_the_newest(runtime: Runtime, clock: ManualClock) -> None:
    orders = Orders(runtime, clock)
    for status in (OrderStatus.OPEN, OrderStatus.PAID, OrderStatus.PAID, OrderStatus.FAILED):
        orders.add(status)
    with runtime.database.read() as connection:
        for newest, paid, partial in ((2, 1, True), (3, 2, True), (4, 2, False), (5, 2, False)):
            found = OverviewStore().orders(connection, newest, failed_since=clock(), asked_before=clock(), now=clock())
            assert (found.counts[OrderStatus.OPEN], found.counts[OrderStatus.PAID]) == (1, paid)
            assert (found.looked_at, found.partial) == (min(newest, 4), partial)


def test_stuck_is_what_stripe_should_have_answered(
    overview: OverviewService, runtime: Runtime, clock: ManualClock
) -> None:
    orders = Orders(runtime, clock)
    stuck = [orders.add(OrderStatus.CREATED), orders.add(OrderStatus.OPEN, ends_in=timedelta(minutes=10, seconds=1))]
    clock.advance(minutes=10)
    orders.add(OrderStatus.CREATED)
    orders.add(OrderStatus.OPEN)
    assert overview.overview().orders.stuck == 0
    clock.advance(seconds=1)
    found = overview.overview()
    assert (found.orders.stuck, found.orders.first_stuck, found.needs_a_person) == (2, stuck[0], 2)


def test_codes_are_counted_and_those_near_their_limit_named(overview: OverviewService, runtime: Runtime) -> None:
    discounts = DiscountService.over(runtime)
    orders = Orders(runtime, ManualClock())
    for code, limit, uses in (("A", 10, 8), ("B", 10, 9), ("C", 1, 1), ("D", 30, 27), ("E", 20, 19), ("F", 20, 18)):
        discounts.create(f"{code}{code}", percent_basis_points=1000, max_uses=limit)
        with runtime.database.write() as connection:
            for _ in range(uses):
                taken = discounts.discount_store.take(connection, f"{code}{code}", orders.clock())
                assert taken is not None
    discounts.create("FREE", percent_basis_points=1000)
    discounts.create("OFF", percent_basis_points=1000)
    discounts.set_active("OFF", False)
    found = overview.overview().codes
    assert (found.counts[CodeStatus.ACTIVE], found.counts[CodeStatus.SOLD_OUT]) == (6, 1)
    assert found.counts[CodeStatus.DISABLED] == 1
    assert found.near_limit == [NearLimit("BB", 1, 10), NearLimit("EE", 1, 20), NearLimit("FF", 2, 20)]
    assert len(found.near_limit) == NEAR_LIMIT


def test_open_findings_need_a_person(overview: OverviewService, runtime: Runtime, clock: ManualClock) -> None:
    order_id = Orders(runtime, clock).add(OrderStatus.PAID)
    store = FindingStore()
    with runtime.database.write() as connection:
        for subject in ("re_1", "re_2"):
            store.note(connection, Observation(FindingKind.REFUNDED_AT_STRIPE, order_id, subject, "It went."), clock())
        first, _ = store.open(connection)
        store.resolve(connection, first.id, "noted", resolved_by="anna", now=clock())
    found = overview.overview()
    assert (found.findings, found.needs_a_person) == (1, 1)


def test_movements_are_counted_by_day_in_utc(overview: OverviewService, runtime: Runtime, clock: ManualClock) -> None:
    balance = BalanceService.over(runtime)
    account_id = AccountService.over(runtime).create("maria@example.com").id
    clock.moment = datetime(2026, 10, 24, 23, 59, 59, 999_999, tzinfo=UTC)
    balance.add_credits(account_id, 100_000, "a day too long ago")
    clock.advance(microseconds=1)
    balance.add_credits(account_id, 1000, "the first day's first instant")
    clock.moment = datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC)
    balance.add_credits(account_id, 250, "today")
    balance.deduct(account_id, 7, "today")
    balance.deduct(account_id, 8, "today")
    movements = overview.movements()
    assert movements.done
    assert movements.days[0] == DayMovements(date(2026, 10, 25), 1, 1000, 0)
    assert movements.days[-1] == DayMovements(date(2026, 11, 23), 3, 250, -15)
    assert (len(movements.days), movements.entries) == (DAYS, 4)
    assert (movements.credits_cents, movements.debits_cents) == (1250, -15)


def test_an_entry_from_the_future_does_not_end_the_count(
    overview: OverviewService, runtime: Runtime, clock: ManualClock
) -> None:
    balance = BalanceService.over(runtime)
    account_id = AccountService.over(runtime).create("maria@example.com").id
    balance.add_credits(account_id, 1000, "today")
    clock.advance(days=3)
    balance.add_credits(account_id, 1000, "by a clock that runs ahead")
    clock.advance(days=-3)
    movements = overview.movements()
    assert (movements.done, movements.entries) == (True, 1)


def test_a_long_ledger_is_counted_piece_by_piece(sqlite_runtime: Runtime, clock: ManualClock) -> None:
    """Each call takes one piece at least; the sum over all calls is that of the rows, and what is older is not read."""
    overview = OverviewService.over(sqlite_runtime)
    entries = rounds(1_000_000)
    spacing = timedelta(days=2 * DAYS) / entries
    account_id = AccountService.over(sqlite_runtime).create("maria@example.com").id
    with sqlite_runtime.database.write() as connection:
        BalanceStore().fill(connection, account_id, entries, clock() - spacing * (entries - 1), spacing)
    calls, movements = 1, overview.movements(budget_ms=0)
    assert not movements.done
    while not movements.done:
        calls, movements = calls + 1, overview.movements(movements, budget_ms=0)
    first_day = datetime(2026, 10, 25, tzinfo=UTC)
    expected = (clock() - first_day) // spacing + 1
    assert movements.entries == expected
    assert calls <= expected // PIECE + 3
    _assert_sums(sqlite_runtime, movements, first_day)
    measured(f"{movements.entries:,} of {entries:,} entries were counted in {calls} calls")


def _assert_sums(runtime: Runtime, movements: Movements, first_day: datetime) -> None:
    with runtime.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT sum(max(amount_cents, 0)), sum(min(amount_cents, 0)) FROM transactions WHERE created_at >= ?",
            (int(first_day.timestamp()) * 1_000_000,),
        ).one()
    assert (movements.credits_cents, movements.debits_cents) == tuple(row)
