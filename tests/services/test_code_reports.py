from datetime import date, timedelta

import pytest

from services.accounts import AccountService
from services.code_reports import CodeReportService, CodeTotals, DayOfUses
from services.discounts import CodeTerms, DiscountService
from services.domain.checkout import Order, OrderStatus
from services.domain.discount import RedemptionStatus, Refusal
from services.errors import CodeRefused, Conflict, NotFound
from services.models.tables import orders as order_table
from services.orders import OrderService
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.proof import assert_verified
from tests.stores.drafts import access_draft, no_request

DAY = timedelta(days=1)


@pytest.fixture
def orders(runtime: Runtime) -> OrderService:
    return OrderService.over(runtime)


@pytest.fixture
def discounts(runtime: Runtime) -> DiscountService:
    return DiscountService.over(runtime)


@pytest.fixture
def account_id(runtime: Runtime) -> int:
    return AccountService.over(runtime).create("maria@example.com").id


def hold(orders: OrderService, account_id: int, code: str = "SAVE10", cents: int = 300) -> Order:
    return orders.create(access_draft(account_id, discount_code=code, discount_cents=cents), no_request)


@pytest.mark.usefixtures("verified")
def test_a_report_is_derived_from_the_uses_and_equals_the_counters(
    runtime: Runtime, orders: OrderService, discounts: DiscountService, account_id: int, clock: ManualClock
) -> None:
    reports = CodeReportService.over(runtime)
    for name in ("SAVE10", "FREE", "UNUSED"):
        discounts.create(name, percent_basis_points=10_000 if name == "FREE" else 1000)
    hold(orders, account_id)
    orders.failed(hold(orders, account_id), "no")
    clock.advance(hours=10)  # past midnight in London
    hold(orders, account_id)
    free = hold(orders, account_id, "FREE", 2999)
    last = clock()

    report = reports.report("save10")
    assert report.totals == CodeTotals(held=2, released=1, last_use_at=last)
    assert report.days == [DayOfUses(date(2026, 11, 23), 1, 0, 1), DayOfUses(date(2026, 11, 24), 1, 0, 0)]
    assert reports.report("SAVE10", since=last).days == report.days[1:]
    assert reports.report("FREE").totals == CodeTotals(redeemed=1, saved_cents=2999, last_use_at=last)
    for code, totals in zip(discounts.list_codes(), reports.totals(discounts.list_codes()).values(), strict=True):
        assert totals.agrees_with(code), code
    assert reports.totals(discounts.list_codes())["UNUSED"] == CodeTotals()
    (use,) = reports.redemptions("FREE")
    assert (use.order_id, use.account_id, use.status) == (free.id, account_id, RedemptionStatus.REDEEMED)
    pages = reports.redemptions("SAVE10", limit=2)
    pages += reports.redemptions("SAVE10", limit=2, before_order_id=pages[-1].order_id)
    assert [use.order_id for use in pages] == [3, 2, 1]
    for missing in (reports.report, reports.redemptions):
        with pytest.raises(NotFound):
            missing("NOPE")


@pytest.mark.usefixtures("verified")
def test_every_rule_is_judged_again_when_the_use_is_taken(
    runtime: Runtime, orders: OrderService, discounts: DiscountService, account_id: int, clock: ManualClock
) -> None:
    other = AccountService.over(runtime).create("ben@example.com").id
    for name, terms in {
        "DISABLED": CodeTerms(1000),
        "NOT_STARTED": CodeTerms(1000, starts_at=clock() + DAY),
        "EXPIRED": CodeTerms(1000, ends_at=clock()),
        "SOLD_OUT": CodeTerms(1000, max_uses=1),
        "PER_ACCOUNT": CodeTerms(1000, per_account_limit=1),
        "MIN_AMOUNT": CodeTerms(1000, min_amount_cents=3000),
        "FIRST_PURCHASE": CodeTerms(1000, first_purchase_only=True),
        "NOT_STACKABLE": CodeTerms(1000, stacks_on_launch=False),
    }.items():
        discounts.edit(discounts.create(name, percent_basis_points=1).code, terms)
    discounts.set_active("DISABLED", False)
    hold(orders, account_id, "SOLD_OUT")
    for code in ("PER_ACCOUNT", "FIRST_PURCHASE"):
        hold(orders, account_id, code)
    before = {code.code: code.held for code in discounts.list_codes()}
    judged_in_a_quote = {Refusal.BELOW_MINIMUM}
    for refusal in set(Refusal) - judged_in_a_quote:
        with pytest.raises(CodeRefused) as refused:
            hold(orders, account_id, refusal.name)
        assert (refused.value.reason, refused.value.sentence) == (refusal, refusal.sentence(refusal.name))
    assert {code.code: code.held for code in discounts.list_codes()} == before
    for code in ("PER_ACCOUNT", "FIRST_PURCHASE"):
        hold(orders, other, code)
    with runtime.database.read() as connection:
        assert len(connection.execute(order_table.select()).all()) == 5


@pytest.mark.usefixtures("verified")
def test_a_value_freezes_with_the_first_quote_and_an_older_quote_is_refused(
    orders: OrderService, discounts: DiscountService, account_id: int
) -> None:
    terms = discounts.create("SAVE10", percent_basis_points=2000).terms
    assert not discounts.was_used("SAVE10")
    terms = discounts.edit("SAVE10", CodeTerms(1000), expected=terms).terms
    with pytest.raises(Conflict, match="changed since it was quoted"):
        hold(orders, account_id, cents=600)
    order = hold(orders, account_id)
    orders.failed(order, "no")
    assert discounts.was_used("SAVE10")
    for changed in (CodeTerms(2000), CodeTerms(amount_off_cents=1000)):
        with pytest.raises(Conflict, match="keeps taking off 10 %") as refused:
            discounts.edit("SAVE10", changed)
        assert refused.value.field == "value"
    assert discounts.edit("SAVE10", CodeTerms(1000, max_uses=9)).max_uses == 9
    assert orders.get(order.id).status is OrderStatus.FAILED


@pytest.mark.usefixtures("verified")
def test_a_limit_below_the_uses_takes_none_away_and_gives_no_more(
    orders: OrderService, discounts: DiscountService, account_id: int
) -> None:
    discounts.create("SAVE10", percent_basis_points=1000)
    held = [hold(orders, account_id) for _ in range(3)]
    assert discounts.edit("SAVE10", CodeTerms(1000, max_uses=2)).uses_over == 1
    assert_verified(discounts.database)
    for order in held[:2]:
        with pytest.raises(CodeRefused, match="no uses left"):
            hold(orders, account_id)
        orders.failed(order, "no")
    hold(orders, account_id)
    found = discounts.get("SAVE10")
    assert found is not None
    assert (found.uses, found.uses_over, found.uses_left) == (2, 0, 0)
