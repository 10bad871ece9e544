"""Checkouts whose outcome is lost, late, refused or not believable, through a gateway that plays each."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from services.accounts import Account, AccountService
from services.balance import BalanceService
from services.database import Database
from services.discounts import DiscountService
from services.domain.checkout import Order, OrderStatus, StripeSession
from services.errors import (
    Conflict,
    GatewayDenied,
    GatewayRefused,
    GatewayUnreadable,
    OutcomeUnknown,
    PaydeskError,
    TryAgain,
)
from services.payments import PaymentResult, PaymentService
from services.runtime import Runtime
from services.settings import Settings
from tests.clock import ManualClock
from tests.fakes import VISA, FakeGateway

DOUBTS = (
    OutcomeUnknown("Stripe did not answer."),
    GatewayUnreadable("Stripe's reply is not a checkout.session."),
)
NO_ANSWERS = (
    *DOUBTS,
    GatewayDenied("Stripe does not accept the key."),
    GatewayRefused("Stripe refused: No such checkout.session"),
    TryAgain("Stripe asks for a pause."),
)


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def runtime(database: Database, clock: ManualClock, gateway: FakeGateway) -> Runtime:
    return Runtime(Settings(_env_file=None), database, gateway, clock, actor="anna")


@pytest.fixture
def account(runtime: Runtime) -> Account:
    DiscountService.over(runtime).create("ONCE", amount_off_cents=999, max_uses=1)
    return AccountService.over(runtime).create("maria@example.com")


@pytest.fixture
def payments(runtime: Runtime) -> PaymentService:
    return PaymentService.over(runtime)


def uses(runtime: Runtime) -> tuple[int, int]:
    found = DiscountService.over(runtime).get("ONCE")
    assert found is not None
    return found.held, found.redeemed


async def checkout(payments: PaymentService, account: Account) -> Order:
    """An order that waits for its customer, over 2000 cents with the only use of its code."""
    result = await payments.create_checkout_session(account.id, "ONCE")
    assert result.success
    return payments.get_order(result.order_id or 0)


async def lost(payments: PaymentService, gateway: FakeGateway, account: Account, error: PaydeskError) -> Order:
    """An order whose session was made, while the answer to it was lost."""
    gateway.lose = [error]
    result = await payments.create_checkout_session(account.id, "ONCE")
    order = payments.get_order(result.order_id or 0)
    sentence = f"{error.sentence} Whether the checkout exists is unknown; refreshing order {order.id} finds out."
    assert result == PaymentResult(False, order_id=order.id, error=sentence)
    return order


async def test_an_outcome_that_is_not_known_is_found_out_by_the_same_request_and_key(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime, clock: ManualClock
) -> None:
    order = await lost(payments, gateway, account, DOUBTS[0])
    assert (order.status, order.status_reason, order.settled_at) == (OrderStatus.CREATED, DOUBTS[0].sentence, None)
    assert uses(runtime) == (1, 0)
    clock.advance(hours=1)
    opened = await payments.refresh_order(order.id)
    assert (opened.status, opened.status_reason) == (OrderStatus.OPEN, None)
    first, second = gateway.sent
    assert first == second
    assert (second.request, second.idempotency_key) == (order.request, order.idempotency_key)
    assert [session.id for session in gateway.sessions.values()] == [opened.session_id]
    gateway.pay(opened.session_id or "")
    assert (await payments.refresh_order(order.id)).status is OrderStatus.PAID
    assert BalanceService.over(runtime).get_balance(account.id) == 2000
    assert uses(runtime) == (0, 1)


async def test_a_session_that_was_paid_before_it_was_known_is_settled_by_one_refresh(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime
) -> None:
    order = await lost(payments, gateway, account, DOUBTS[0])
    (stored_answer,) = gateway.sessions.values()
    paid = replace(stored_answer, status="complete", payment_status="paid", url=None, customer_id="cus_1")

    class Replaying(FakeGateway):
        """Repeats its stored answer to a creation, and tells the present state when it is asked for it."""

        def retrieve_checkout_session(self, session_id: str) -> Any:
            return paid

    replaying = Replaying(sessions=gateway.sessions)
    again = PaymentService.over(replace(runtime, gateway=replaying))
    assert (await again.refresh_order(order.id)).status is OrderStatus.PAID
    assert BalanceService.over(runtime).get_balance(account.id) == 2000


@pytest.mark.parametrize("error", [DOUBTS[1], NO_ANSWERS[-1]], ids=lambda error: error.code)
async def test_an_order_without_an_answer_stays_as_it_is_while_there_is_none(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime, error: PaydeskError
) -> None:
    gateway.refuse = [error]
    result = await payments.create_checkout_session(account.id, "ONCE")
    order = payments.get_order(result.order_id or 0)
    assert (result.success, result.checkout_url) == (False, None)
    assert error.sentence in (result.error or "")
    assert (order.status, order.status_reason) == (OrderStatus.CREATED, error.sentence)
    gateway.refuse = [error]
    with pytest.raises(type(error)):
        await payments.refresh_order(order.id)
    assert payments.get_order(order.id) == order
    assert uses(runtime) == (1, 0)
    assert (await payments.refresh_order(order.id)).status is OrderStatus.OPEN


@pytest.mark.parametrize("error", NO_ANSWERS[2:4], ids=lambda error: error.code)
async def test_a_refusal_of_a_first_request_fails_the_order_with_the_reason(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime, error: PaydeskError
) -> None:
    gateway.refuse = [error]
    result = await payments.create_checkout_session(account.id, "ONCE")
    order = payments.get_order(result.order_id or 0)
    assert result == PaymentResult(False, order_id=order.id, error=error.sentence)
    assert (order.status, order.status_reason) == (OrderStatus.FAILED, error.sentence)
    assert uses(runtime) == (0, 0)
    assert await payments.refresh_order(order.id) == order
    assert len(gateway.sent) == 1


async def test_a_denial_of_a_repeated_request_says_nothing_of_the_first(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime
) -> None:
    order = await lost(payments, gateway, account, DOUBTS[0])
    gateway.refuse = [GatewayDenied("Stripe does not accept the key.")]
    with pytest.raises(GatewayDenied):
        await payments.refresh_order(order.id)
    assert payments.get_order(order.id) == order
    assert uses(runtime) == (1, 0)


async def test_an_open_order_stays_open_while_stripe_does_not_tell(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime
) -> None:
    order = await checkout(payments, account)
    for error in NO_ANSWERS:
        gateway.refuse = [error]
        with pytest.raises(type(error)):
            await payments.refresh_order(order.id)
        assert payments.get_order(order.id) == order
        assert uses(runtime) == (1, 0)


MISMATCHES: tuple[dict[str, Any], ...] = (
    {"amount_total_cents": 1},
    {"currency": "eur"},
    {"livemode": True},
    {"client_reference_id": "paydesk_other"},
    {"client_reference_id": None},
    {"status": "complete"},
    {"status": "expired"},
    {"url": None},
)


async def test_a_session_that_is_not_the_one_asked_for_is_not_opened(
    payments: PaymentService, gateway: FakeGateway, account: Account
) -> None:
    for changes in MISMATCHES:
        gateway.distort = lambda session, changes=changes: replace(session, **changes)  # type: ignore[misc]
        result = await payments.create_checkout_session(account.id)
        assert (result.success, result.checkout_url, result.transaction_id) == (False, None, None)
        assert "not the one that was asked for" in (result.error or "")
        order = payments.get_order(result.order_id or 0)
        assert (order.status, order.session_id, order.checkout_url) == (OrderStatus.CREATED, None, None)


async def test_a_paid_session_that_does_not_add_up_is_for_a_person(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime
) -> None:
    for changes in MISMATCHES[:5]:
        opened = await payments.create_checkout_session(account.id)
        gateway.pay(opened.transaction_id or "")
        gateway.distort = lambda session, changes=changes: replace(session, **changes)  # type: ignore[misc]
        review = await payments.refresh_order(opened.order_id or 0)
        assert (review.status, review.paid_cents) == (OrderStatus.NEEDS_REVIEW, None)
        assert "Stripe has" in (review.status_reason or "")
        assert await payments.refresh_order(review.id) == review
        assert BalanceService.over(runtime).get_balance(account.id) == 0
        gateway.distort = lambda session: session


async def test_an_order_for_a_person_is_settled_once_it_adds_up(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime
) -> None:
    opened = await payments.create_checkout_session(account.id)
    gateway.pay(opened.transaction_id or "")
    gateway.distort = lambda session: replace(session, currency="eur")
    assert (await payments.refresh_order(opened.order_id or 0)).status is OrderStatus.NEEDS_REVIEW
    gateway.distort = lambda session: session
    assert (await payments.refresh_order(opened.order_id or 0)).status is OrderStatus.PAID
    assert BalanceService.over(runtime).get_balance(account.id) == 2999


async def test_a_code_stays_held_while_a_person_decides(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime
) -> None:
    order = await checkout(payments, account)
    gateway.distort = lambda session: replace(session, amount_total_cents=1)
    assert (await payments.refresh_order(order.id)).status is OrderStatus.NEEDS_REVIEW
    assert uses(runtime) == (1, 0)


async def test_a_credit_that_is_there_already_is_for_a_person(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime
) -> None:
    order = await checkout(payments, account)
    balance = BalanceService.over(runtime)
    assert balance.add_credits(account.id, 2000, "by hand", order.id).success
    gateway.pay(order.session_id or "")
    review = await payments.refresh_order(order.id)
    assert review.status is OrderStatus.NEEDS_REVIEW
    assert "credits this order already" in (review.status_reason or "")
    assert balance.get_balance(account.id) == 2000


async def test_a_customer_of_another_account_is_not_taken_over(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime
) -> None:
    accounts = AccountService.over(runtime)
    other = accounts.create("ben@example.com")
    for who in (account, other):
        result = await payments.create_checkout_session(who.id)
        gateway.pay(result.transaction_id or "", customer_id="cus_shared")
        assert (await payments.refresh_order(result.order_id or 0)).stripe_customer_id == "cus_shared"
    assert [found.stripe_customer_id for found in accounts.search("")] == [None, "cus_shared"]


async def test_an_order_of_the_other_mode_is_left_alone(
    payments: PaymentService, gateway: FakeGateway, account: Account, runtime: Runtime
) -> None:
    order = await checkout(payments, account)
    gateway.lose = [DOUBTS[0]]
    unknown = payments.get_order((await payments.create_topup_checkout(account.id)).order_id or 0)
    live = PaymentService.over(replace(runtime, gateway=FakeGateway(livemode=True)))
    for waiting in (order, unknown):
        with pytest.raises(Conflict, match="made in test mode"):
            await live.refresh_order(waiting.id)
        assert payments.get_order(waiting.id) == waiting


@pytest.mark.parametrize("made", [True, False], ids=["made", "never made"])
async def test_after_the_life_of_its_key_a_request_is_looked_up_and_never_sent_again(
    payments: PaymentService, gateway: FakeGateway, account: Account, clock: ManualClock, runtime: Runtime, made: bool
) -> None:
    gateway.now = clock.moment
    order = await lost(payments, gateway, account, DOUBTS[0])
    session_ids = [session.id for session in gateway.sessions.values()]
    if not made:
        gateway.sessions.clear()
    clock.advance(hours=23, minutes=5, seconds=1)
    found = await payments.refresh_order(order.id)
    assert len(gateway.sent) == 1
    if made:
        assert (found.status, [found.session_id]) == (OrderStatus.OPEN, session_ids)
    else:
        assert found.status is OrderStatus.FAILED
        assert "never got the request" in (found.status_reason or "")
    assert uses(runtime) == ((1, 0) if made else (0, 0))


async def test_a_request_that_may_still_be_on_its_way_is_not_given_up(
    payments: PaymentService, gateway: FakeGateway, account: Account, clock: ManualClock
) -> None:
    order = await lost(payments, gateway, account, DOUBTS[0])
    gateway.sessions.clear()
    clock.advance(hours=23, minutes=5)
    with pytest.raises(TryAgain, match="still be on its way"):
        await payments.refresh_order(order.id)
    assert payments.get_order(order.id) == order


async def test_a_request_is_never_sent_again_with_another_stripe_key(
    payments: PaymentService, gateway: FakeGateway, account: Account, clock: ManualClock, runtime: Runtime
) -> None:
    order = await lost(payments, gateway, account, DOUBTS[0])
    other = FakeGateway(key_mark="ba9876543210", now=clock.moment)
    swapped = PaymentService.over(replace(runtime, gateway=other))
    for hours in (0, 24, 24):
        clock.advance(hours=hours)
        with pytest.raises(Conflict, match="sent with another Stripe key"):
            await swapped.refresh_order(order.id)
        assert payments.get_order(order.id) == order
    assert other.sent == []


@dataclass
class Blocking(FakeGateway):
    """Lets another writer hold the database from the moment it is asked for a session."""

    holder: Database | None = None
    held: ExitStack = field(default_factory=ExitStack)

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        assert self.holder is not None
        self.held.enter_context(self.holder.write())
        return super().create_checkout_session(request, idempotency_key)


@pytest.mark.parametrize(
    ("lose", "refuse"),
    [([], []), *(([error], []) for error in DOUBTS), *(([], [error]) for error in NO_ANSWERS[2:])],
    ids=str,
)
async def test_a_database_that_is_busy_afterwards_does_not_hide_what_stripe_did(
    sqlite_url: str, clock: ManualClock, lose: list[PaydeskError], refuse: list[PaydeskError]
) -> None:
    holder, database = Database(sqlite_url), Database(sqlite_url, busy_timeout_ms=10)
    gateway = Blocking(holder=holder, lose=[*lose], refuse=[*refuse])
    runtime = Runtime(Settings(_env_file=None), database, gateway, clock, actor="anna")
    account = AccountService.over(runtime).create("maria@example.com")
    with gateway.held:
        result = await PaymentService.over(runtime).create_checkout_session(account.id)
    assert not result.success
    if refuse:
        assert (result.error or "").startswith(refuse[0].sentence)
    else:
        assert f"Whether the checkout exists is unknown; refreshing order {result.order_id}" in (result.error or "")
    again = PaymentService.over(replace(runtime, gateway=FakeGateway(sessions=gateway.sessions)))
    assert again.get_order(result.order_id or 0).status is OrderStatus.CREATED
    assert (await again.refresh_order(result.order_id or 0)).status is OrderStatus.OPEN
    holder.close()
    database.close()


def test_a_saved_card_is_asked_of_the_gateway(payments: PaymentService, gateway: FakeGateway) -> None:
    gateway.cards = {"cus_1": VISA}
    assert payments.get_stored_payment_method("cus_1") == VISA.payment_method_id
    assert payments.get_stored_payment_method("cus_2") is None
    gateway.refuse = [GatewayRefused("Stripe refused: No such customer: 'cus_3'")]
    assert payments.get_stored_payment_method("cus_3") is None
    gateway.refuse = [OutcomeUnknown("Stripe did not answer.")]
    with pytest.raises(OutcomeUnknown):
        payments.get_stored_payment_method("cus_1")
