"""Prices that are scheduled, end, are withdrawn, put back, guarded and previewed."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.accounts import AccountService
from services.database import Database
from services.discounts import DiscountService
from services.domain.audit import AuditEntry
from services.domain.discount import Refusal
from services.domain.pricing import OvertakenPrice, PriceMode, Prices, Withdrawal
from services.domain.zone import parse_start
from services.errors import Conflict, InvalidInput, NeedsConfirmation, NotFound
from services.payments import PaymentService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.stores.audit import AuditStore
from tests.clock import ManualClock
from tests.fakes import FakeGateway

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def pricing(runtime: Runtime) -> DynamicPricingService:
    return DynamicPricingService.over(runtime)


def audit(database: Database) -> list[AuditEntry]:
    with database.read() as connection:
        return AuditStore().newest(connection, 100)


def charged(pricing: DynamicPricingService) -> tuple[int, int]:
    current = pricing.current()
    return current.version, current.prices.in_force_cents


def test_a_scheduled_change_takes_effect_at_its_moment_and_ends_at_its_end(
    pricing: DynamicPricingService, clock: ManualClock, database: Database
) -> None:
    begins, ends = clock.moment + timedelta(days=1), clock.moment + timedelta(days=3)
    sale = pricing.change_prices(mode="sale", reason="weekend", effective_at=begins, ends_at=ends)
    assert (sale.version, sale.effective_at, sale.ends_at) == (1, begins, ends)
    plan = pricing.plan()
    assert (plan.current.version, plan.next_at, plan.next, plan.pending) == (0, begins, sale, (sale,))
    seen = []
    for moment in (begins - timedelta(microseconds=1), begins, ends - timedelta(microseconds=1), ends):
        clock.moment = moment
        seen.append(charged(pricing))
    assert seen == [(0, 2999), (1, 2499), (1, 2499), (0, 2999)]
    clock.moment = begins
    plan = pricing.plan()
    assert (plan.current, plan.next_at, plan.next) == (sale, ends, plan.starting)
    (row,) = audit(database)
    assert row.after == {
        "mode": "sale",
        "rrp_cents": 4999,
        "launch_cents": 2999,
        "sale_cents": 2499,
        "effective_at": begins.isoformat(),
        "ends_at": ends.isoformat(),
    }
    assert [period.change.version for period in pricing.timeline()] == [0, 1, 0]


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        ("Europe/London", "2027-03-28 02:00", "2027-03-28 01:00"),
        ("Europe/London", "2027-10-31 02:00", "2027-10-31 02:00"),
        ("Europe/London", "2027-10-31 01:30+01:00", "2027-10-31 00:30"),
        ("America/New_York", "2027-03-14 03:00", "2027-03-14 07:00"),
        ("America/New_York", "2027-11-07 02:00", "2027-11-07 07:00"),
        ("America/New_York", "2027-11-07 01:30-05:00", "2027-11-07 06:30"),
    ],
)
def test_a_change_across_a_switch_of_the_clocks_takes_effect_at_the_right_instant(
    pricing: DynamicPricingService, clock: ManualClock, zone: str, wall: str, instant: str
) -> None:
    expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    pricing.change_prices(mode="sale", effective_at=parse_start(wall, ZoneInfo(zone)))
    clock.moment = expected - timedelta(microseconds=1)
    assert charged(pricing) == (0, 2999)
    clock.moment = expected
    assert charged(pricing) == (1, 2499)


def test_what_is_not_given_stays_as_it_is_to_be_at_that_moment(
    pricing: DynamicPricingService, clock: ManualClock
) -> None:
    tomorrow = clock.moment + timedelta(days=1)
    pricing.change_prices(mode="sale", effective_at=tomorrow)
    later = pricing.change_prices(rrp_cents=5999, effective_at=tomorrow + timedelta(days=1), expected_version=1)
    assert later.prices == Prices(PriceMode.SALE, 5999, 2999, 2499)
    with pytest.raises(OvertakenPrice) as refused:
        pricing.change_prices(rrp_cents=6999, effective_at=tomorrow + timedelta(hours=1), expected_version=0)
    assert (refused.value.theirs.version, refused.value.base) == (1, pricing.starting_prices)


def test_a_window_that_is_not_to_come_is_refused(
    pricing: DynamicPricingService, clock: ManualClock, database: Database
) -> None:
    now, soon = clock.moment, clock.moment + timedelta(hours=1)
    bad: list[tuple[dict[str, Any], str]] = [
        ({"effective_at": now}, "effective_at"),
        ({"effective_at": now - timedelta(days=1)}, "effective_at"),
        ({"effective_at": soon.replace(tzinfo=None)}, "effective_at"),
        ({"effective_at": "tomorrow"}, "effective_at"),
        ({"ends_at": now}, "ends_at"),
        ({"ends_at": soon.replace(tzinfo=None)}, "ends_at"),
        ({"effective_at": soon, "ends_at": soon}, "ends_at"),
    ]
    for change in (pricing.change_prices, pricing.preview):
        for window, field in bad:
            with pytest.raises(InvalidInput) as refused:
                change(mode="sale", **window)
            assert refused.value.field == field
    assert (pricing.history(), audit(database)) == ([], [])


def test_the_same_prices_are_a_change_only_where_they_last_longer(
    pricing: DynamicPricingService, clock: ManualClock
) -> None:
    ends = clock.moment + timedelta(days=1)
    pricing.change_prices(mode="sale", ends_at=ends)
    for same in (None, ends - timedelta(hours=1), ends):
        with pytest.raises(Conflict, match="in force already"):
            pricing.change_prices(ends_at=same)
    assert pricing.change_prices(mode="sale", ends_at=ends + timedelta(days=1)).version == 2
    clock.moment = ends
    assert charged(pricing) == (2, 2499)


def test_prices_with_an_end_can_be_ended_early(
    pricing: DynamicPricingService, clock: ManualClock, database: Database
) -> None:
    with pytest.raises(Conflict, match="no end"):
        pricing.end()
    ends = clock.moment + timedelta(days=2)
    pricing.change_prices(mode="sale", ends_at=ends)
    with pytest.raises(OvertakenPrice):
        pricing.end(expected_version=0)
    clock.advance(days=1)
    ended = pricing.end(expected_version=1)
    assert (ended.version, ended.prices, ended.reason) == (2, pricing.starting_prices, "v1 ended early")
    for _ in range(3):
        assert charged(pricing) == (2, 2999)
        clock.advance(days=1)
    assert [row.object_id for row in audit(database)] == ["2", "1"]


def test_prices_that_are_ended_early_give_way_to_those_around_them(
    pricing: DynamicPricingService, clock: ManualClock
) -> None:
    inner, outer = clock.moment + timedelta(days=1), clock.moment + timedelta(days=3)
    pricing.change_prices(mode="sale", ends_at=outer)
    pricing.change_prices(sale_cents=1999, ends_at=inner)
    ended = pricing.end()
    assert (ended.prices.sale_cents, ended.ends_at) == (2499, outer)
    seen = []
    for moment in (clock.moment, inner, outer):
        clock.moment = moment
        seen.append(charged(pricing))
    assert seen == [(3, 2499), (3, 2499), (0, 2999)]


def test_prices_cannot_give_way_to_some_that_end_before_them(
    pricing: DynamicPricingService, clock: ManualClock
) -> None:
    pricing.change_prices(mode="sale", ends_at=clock.moment + timedelta(days=1))
    pricing.change_prices(sale_cents=1999, ends_at=clock.moment + timedelta(days=3))
    with pytest.raises(Conflict, match="end first"):
        pricing.end()
    assert len(pricing.history()) == 2


def test_a_pending_change_is_withdrawn_once_and_never_counts(
    pricing: DynamicPricingService, clock: ManualClock, database: Database
) -> None:
    begins = clock.moment + timedelta(days=1)
    pricing.change_prices(mode="sale", effective_at=begins)
    withdrawn = pricing.withdraw(1, " too early ")
    assert withdrawn.withdrawn == Withdrawal("anna", "too early", clock.moment)
    assert pricing.history() == [withdrawn]
    assert pricing.plan().pending == ()
    clock.moment = begins
    assert charged(pricing) == (0, 2999)
    with pytest.raises(Conflict, match="withdrawn by anna already"):
        pricing.withdraw(1)
    second = pricing.change_prices(mode="sale")
    assert second.version == 2
    with pytest.raises(Conflict, match="took effect already"):
        pricing.withdraw(2)
    for missing in (0, 3, -1, 2**63):
        with pytest.raises(NotFound):
            pricing.withdraw(missing)
    assert [(row.action, row.object_id, row.reason) for row in audit(database)] == [
        ("change", "2", ""),
        ("withdraw", "1", "too early"),
        ("change", "1", ""),
    ]


@pytest.mark.parametrize(
    ("edit", "field", "price_cents", "why"),
    [
        ({"launch_cents": 0}, "launch_cents", 0, "nothing is charged"),
        ({"launch_cents": 1499}, "launch_cents", 1499, "more than 50 %"),
        ({"sale_cents": 3749}, "sale_cents", 3749, "more than 50 %"),
        ({"rrp_cents": 7499}, "rrp_cents", 7499, "more than 50 %"),
        ({"rrp_cents": 4999, "launch_cents": 4498}, None, 0, ""),
        ({"rrp_cents": 2998}, "launch_cents", 2999, "above the RRP"),
        ({"rrp_cents": 2999}, None, 0, ""),
        ({"launch_cents": 1500}, None, 0, ""),
        ({"mode": "rrp"}, "rrp_cents", 4999, "What a customer pays moves by more than 50 %"),
        ({"mode": "sale", "sale_cents": 1499}, "sale_cents", 1499, "What a customer pays moves by more than 50 %"),
        ({"mode": "sale", "sale_cents": 0}, "sale_cents", 0, "nothing is charged"),
        ({"mode": "sale"}, None, 0, ""),
    ],
)
def test_a_price_that_is_seldom_meant_asks_to_be_typed_again(
    pricing: DynamicPricingService,
    database: Database,
    edit: dict[str, Any],
    field: str | None,
    price_cents: int,
    why: str,
) -> None:
    if field is None:
        assert pricing.preview(**edit).doubts == ()
        assert pricing.change_prices(**edit, confirmed=False).version == 1
        return
    with pytest.raises(NeedsConfirmation, match=why) as asked:
        pricing.change_prices(**edit, confirmed=False)
    assert (asked.value.field, asked.value.price_cents) == (field, price_cents)
    assert pricing.preview(**edit).doubts[0].field == field
    assert (pricing.history(), audit(database)) == ([], [])
    assert pricing.change_prices(**edit).version == 1


def test_a_mode_that_charges_nothing_asks_for_that_to_be_typed(pricing: DynamicPricingService) -> None:
    pricing.change_prices(sale_cents=0)
    with pytest.raises(NeedsConfirmation, match="sale charges nothing") as asked:
        pricing.change_prices(mode="sale", confirmed=False)
    assert (asked.value.field, asked.value.price_cents) == ("sale_cents", 0)


def test_the_second_of_two_admins_sees_base_theirs_and_yours(runtime: Runtime, pricing: DynamicPricingService) -> None:
    ben = DynamicPricingService.over(Runtime(runtime.settings, runtime.database, None, runtime.clock, "ben"))
    ben.change_prices(launch_cents=1999, expected_version=0)
    with pytest.raises(OvertakenPrice) as refused:
        pricing.change_prices(launch_cents=2499, sale_cents=1999, expected_version=0)
    lost = refused.value
    assert lost.base == pricing.starting_prices
    assert (lost.theirs, lost.yours) == (pricing.current(), Prices(PriceMode.LAUNCH, 4999, 2499, 1999))
    assert lost.sentence == (
        "The prices were changed by ben in the meantime (version 1, your edit was made on 0). Nothing was overwritten. "
        "launch: was $29.99, is $19.99, you asked for $24.99. sale: was $24.99, is $24.99, you asked for $19.99."
    )
    again = pricing.change_prices(launch_cents=2499, sale_cents=1999, expected_version=lost.theirs.version)
    assert again.version == 2


def test_a_preview_shows_each_mode_and_code_before_anything_is_saved(
    runtime: Runtime, pricing: DynamicPricingService, clock: ManualClock
) -> None:
    discounts = DiscountService.over(runtime)
    discounts.create("LAUNCH10", percent_basis_points=1000)
    discounts.create("VIP", amount_off_cents=2000)
    discounts.create("GONE", percent_basis_points=1000)
    discounts.set_active("GONE", False)
    preview = pricing.preview(launch_cents=2020, ends_at=clock.moment + timedelta(days=1))
    assert (preview.base.version, preview.after.launch_cents, preview.returns) == (0, 2020, preview.base)
    found = {
        (effect.mode.value, effect.code and effect.code.code): (
            effect.now.total_cents,
            effect.new.total_cents,
            effect.saves_cents,
        )
        for effect in preview.effects
    }
    assert len(found) == len(preview.effects) == 3 * 3
    assert found["launch", None] == (2999, 2020, 0)
    assert found["launch", "LAUNCH10"] == (2699, 1818, 202)
    assert found["launch", "VIP"] == (999, 20, 2000)
    assert found["rrp", "VIP"] == (2999, 2999, 2000)
    (warned,) = (effect for effect in preview.effects if effect.warning)
    assert (warned.mode, warned.new.refusal) == (PriceMode.LAUNCH, Refusal.BELOW_MINIMUM)
    assert pricing.history() == []


def test_a_preview_names_the_open_checkouts_that_keep_their_price(
    runtime: Runtime, pricing: DynamicPricingService, clock: ManualClock, make_checkout: Callable[[], int]
) -> None:
    first = make_checkout()
    pricing.change_prices(launch_cents=2499)
    second = make_checkout()
    kept = pricing.preview(launch_cents=1999).kept
    assert [(checkout.order_id, checkout.total_cents) for checkout in kept] == [(first, 2999), (second, 2499)]
    assert all(checkout.expires_at is not None and checkout.expires_at > clock.moment for checkout in kept)
    assert [checkout.order_id for checkout in pricing.preview(launch_cents=2999).kept] == [second]
    assert [checkout.order_id for checkout in pricing.preview(sale_cents=2000).kept] == [first]
    ends_at = max(checkout.expires_at for checkout in kept if checkout.expires_at is not None)
    assert len(pricing.preview(launch_cents=1999, effective_at=ends_at - timedelta(seconds=1)).kept) == 2
    assert pricing.preview(launch_cents=1999, effective_at=ends_at).kept == ()


def test_a_preview_says_which_plans_a_change_meets(pricing: DynamicPricingService, clock: ManualClock) -> None:
    ends, later = clock.moment + timedelta(days=1), clock.moment + timedelta(days=5)
    pricing.change_prices(mode="sale", ends_at=ends)
    planned = pricing.change_prices(mode="rrp", effective_at=later)
    preview = pricing.preview(sale_cents=1999)
    assert (preview.replaces_end_at, preview.then) == (ends, (planned,))


def test_an_order_keeps_the_steps_of_its_quote(runtime: Runtime, clock: ManualClock) -> None:
    desk = Runtime(runtime.settings, runtime.database, FakeGateway(), clock, "anna")
    DiscountService.over(runtime).create("TEN", percent_basis_points=1000)
    account = AccountService.over(runtime).create("maria@example.com")
    payments = PaymentService.over(desk)
    result = asyncio.run(payments.create_checkout_session(account.id, "ten"))
    assert result.order_id is not None
    steps = payments.get_order(result.order_id).draft.steps
    assert [step.reason for step in steps] == ["base 29.99 launch", "TEN −10 % = −3.00", "total 26.99"]
    assert sum(step.amount_cents for step in steps[:-1]) == 2699


@pytest.fixture
def make_checkout(runtime: Runtime, clock: ManualClock) -> Callable[[], int]:
    """Makes an open checkout at the price in force, and gives its order's id."""
    payments = PaymentService.over(Runtime(runtime.settings, runtime.database, FakeGateway(), clock, "anna"))
    account = AccountService.over(runtime).create("maria@example.com")

    def make() -> int:
        result = asyncio.run(payments.create_checkout_session(account.id))
        assert result.order_id is not None, result.error
        return result.order_id

    return make
