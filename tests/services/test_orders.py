from dataclasses import replace
from typing import Any

import pytest

from services.accounts import AccountService
from services.balance import BalanceService
from services.database import Database
from services.discounts import DiscountService
from services.domain.checkout import (
    Expired,
    NeedsReview,
    Order,
    OrderStatus,
    Paid,
    StillOpen,
    StripeSession,
    Verdict,
)
from services.errors import CodeRefused, Conflict, NotFound
from services.orders import OrderService
from services.runtime import Runtime
from services.stores.audit import AuditStore
from tests.clock import ManualClock
from tests.fakes import FakeGateway
from tests.stores.drafts import access_draft, no_request


@pytest.fixture
def orders(runtime: Runtime) -> OrderService:
    return OrderService.over(runtime)


@pytest.fixture
def account_id(runtime: Runtime) -> int:
    return AccountService.over(runtime).create("maria@example.com").id


@pytest.fixture
def discounts(runtime: Runtime) -> DiscountService:
    discounts = DiscountService.over(runtime)
    discounts.create("ONCE", amount_off_cents=999, max_uses=1)
    return discounts


def uses(discounts: DiscountService) -> tuple[int, int]:
    found = discounts.get("ONCE")
    assert found is not None
    return found.held, found.redeemed


def session_of(order: Order) -> StripeSession:
    request = {
        "line_items": [{"price_data": {"unit_amount": order.draft.total_cents, "currency": "usd"}}],
        "client_reference_id": order.reference,
    }
    return FakeGateway().create_checkout_session(request, order.idempotency_key)


def test_an_order_is_stored_with_its_request_before_anything_is_sent(
    orders: OrderService, account_id: int, clock: ManualClock
) -> None:
    asked: list[tuple[int, str]] = []

    def request_for(order_id: int, reference: str) -> dict[str, Any]:
        asked.append((order_id, reference))
        return {"metadata": {"order_id": str(order_id)}, "name": "Ü \u202e"}

    order = orders.create(access_draft(account_id), request_for)
    assert order == orders.get(order.id)
    assert asked == [(order.id, order.reference)]
    assert order.request == {"metadata": {"order_id": str(order.id)}, "name": "Ü \u202e"}
    assert (order.status, order.draft, order.actor) == (OrderStatus.CREATED, access_draft(account_id), "anna")
    assert (order.created_at, order.settled_at, order.session_id) == (clock.moment, None, None)
    other = orders.create(access_draft(account_id), no_request)
    assert other.reference != order.reference
    assert other.idempotency_key != order.idempotency_key


def test_an_order_whose_request_cannot_be_made_leaves_nothing(
    orders: OrderService, account_id: int, discounts: DiscountService
) -> None:
    def fail(_order_id: int, _reference: str) -> dict[str, Any]:
        raise RuntimeError("no request")

    with pytest.raises(RuntimeError, match="no request"):
        orders.create(access_draft(account_id, discount_code="ONCE", discount_cents=999), fail)
    assert orders.newest(10) == []
    assert uses(discounts) == (0, 0)


def test_a_code_taken_since_the_quote_refuses_the_order(
    orders: OrderService, account_id: int, discounts: DiscountService
) -> None:
    draft = access_draft(account_id, discount_code="ONCE", discount_cents=999)
    first = orders.create(draft, no_request)
    for code, reason in (("ONCE", "sold_out"), ("NOPE", "unknown")):
        with pytest.raises(CodeRefused, match=code) as refused:
            orders.create(replace(draft, discount_code=code), no_request)
        assert (refused.value.reason, refused.value.field) == (reason, "discount_code")
    discounts.set_active("ONCE", False)
    with pytest.raises(CodeRefused, match="ONCE is disabled"):
        orders.create(draft, no_request)
    assert orders.newest(10) == [first]
    assert uses(discounts) == (1, 0)


def test_an_order_opens_once(orders: OrderService, account_id: int) -> None:
    order = orders.create(access_draft(account_id), no_request)
    orders.unanswered(order, "no answer")
    assert orders.get(order.id).status_reason == "no answer"
    session = session_of(order)
    opened = orders.opened(order, session)
    assert (opened.status, opened.status_reason, opened.session_id) == (OrderStatus.OPEN, None, session.id)
    assert (opened.checkout_url, opened.expires_at) == (session.url, session.expires_at)
    assert orders.opened(order, session_of(order)) == opened
    orders.unanswered(order, "late")
    orders.failed(order, "late")
    assert orders.get(order.id) == opened


@pytest.mark.parametrize(
    ("first", "status", "code_uses", "balance_cents"),
    [
        (Paid(2000, 0), OrderStatus.PAID, (0, 1), 2000),
        (Expired(), OrderStatus.EXPIRED, (0, 0), 0),
    ],
    ids=lambda value: value.value if isinstance(value, OrderStatus) else "",
)
def test_the_first_settlement_stands_whatever_follows(
    orders: OrderService,
    account_id: int,
    discounts: DiscountService,
    runtime: Runtime,
    first: Verdict,
    status: OrderStatus,
    code_uses: tuple[int, int],
    balance_cents: int,
) -> None:
    order = orders.create(access_draft(account_id, discount_code="ONCE", discount_cents=999), no_request)
    session = session_of(order)
    opened = orders.opened(order, session)
    settled = orders.settle(opened, session, first)
    assert settled.status is status
    for verdict in (Paid(2000, 0), Expired(), NeedsReview("other"), StillOpen()):
        orders.settle(opened, session, verdict)
        assert orders.get(order.id) == settled
    assert uses(discounts) == code_uses
    assert BalanceService.over(runtime).get_balance(account_id) == balance_cents


@pytest.mark.parametrize(
    ("then", "status", "code_uses", "balance_cents"),
    [
        (Paid(2000, 0), OrderStatus.PAID, (0, 1), 2000),
        (Expired(), OrderStatus.EXPIRED, (0, 0), 0),
        (StillOpen(), OrderStatus.OPEN, (1, 0), 0),
        (NeedsReview("other"), OrderStatus.NEEDS_REVIEW, (1, 0), 0),
    ],
    ids=lambda value: value.value if isinstance(value, OrderStatus) else "",
)
def test_an_order_that_needs_a_review_goes_where_stripe_has_it_once_it_adds_up(
    orders: OrderService,
    account_id: int,
    discounts: DiscountService,
    runtime: Runtime,
    then: Verdict,
    status: OrderStatus,
    code_uses: tuple[int, int],
    balance_cents: int,
) -> None:
    order = orders.create(access_draft(account_id, discount_code="ONCE", discount_cents=999), no_request)
    session = session_of(order)
    review = orders.settle(orders.opened(order, session), session, NeedsReview("odd"))
    assert (review.status, review.status_reason) == (OrderStatus.NEEDS_REVIEW, "odd")
    assert uses(discounts) == (1, 0)
    settled = orders.settle(review, session, then)
    assert settled.status is status
    assert uses(discounts) == code_uses
    assert BalanceService.over(runtime).get_balance(account_id) == balance_cents


def test_a_person_closes_an_order_that_needs_one(
    orders: OrderService, account_id: int, discounts: DiscountService, database: Database
) -> None:
    order = orders.create(access_draft(account_id, discount_code="ONCE", discount_cents=999), no_request)
    session = session_of(order)
    opened = orders.opened(order, session)
    with pytest.raises(Conflict, match="needs nobody's decision"):
        orders.close(order.id, "no reason at all")
    orders.settle(opened, session, NeedsReview("odd"))
    closed = orders.close(order.id, "test data")
    assert (closed.status, closed.status_reason) == (OrderStatus.FAILED, "Closed by anna: test data")
    assert uses(discounts) == (0, 0)
    with database.read() as connection:
        (entry,) = [entry for entry in AuditStore().newest(connection, 9) if entry.action == "close"]
    assert (entry.actor, entry.object_id, entry.reason) == ("anna", str(order.id), "test data")


def test_a_failed_order_releases_its_code_once(
    orders: OrderService, account_id: int, discounts: DiscountService, clock: ManualClock
) -> None:
    order = orders.create(access_draft(account_id, discount_code="ONCE", discount_cents=999), no_request)
    for reason in ("refused", "refused again"):
        orders.failed(order, reason)
        failed = orders.get(order.id)
        assert (failed.status, failed.status_reason) == (OrderStatus.FAILED, "refused")
        assert failed.settled_at == clock.moment
        assert uses(discounts) == (0, 0)


def test_unknown_orders_are_not_found(orders: OrderService, database: Database) -> None:
    for order_id in (1, 0, -1, 2**63, True):
        with pytest.raises(NotFound) as missing:
            orders.get(order_id)
        assert missing.value.field == "order_id"
