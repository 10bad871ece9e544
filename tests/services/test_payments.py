"""Checkouts against the sandbox on its socket; what a sandbox cannot play is in `test_payments_outcomes.py`."""

from typing import Any

import pytest

from services.accounts import Account, AccountService
from services.balance import BalanceService, TransactionKind
from services.database import Database
from services.discounts import DiscountService
from services.domain.checkout import OrderStatus, judge
from services.errors import NotFound, StripeNotConfigured
from services.gateways.stripe_gateway import StripeGateway
from services.orders import OrderService
from services.payments import CheckoutSession, PaymentResult, PaymentService, checkout_session
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.sandbox import CardRefused, Sandbox, check_parameters
from services.settings import Settings
from services.stores.accounts import AccountStore
from services.stores.audit import AuditStore
from tests.clock import ManualClock

CREATE = ("POST", "/v1/checkout/sessions")


@pytest.fixture
def account(paying_runtime: Runtime) -> Account:
    return AccountService.over(paying_runtime).create("maria@example.com")


@pytest.fixture
def payments(paying_runtime: Runtime) -> PaymentService:
    return PaymentService.over(paying_runtime)


@pytest.fixture
def balance(paying_runtime: Runtime) -> BalanceService:
    return BalanceService.over(paying_runtime)


@pytest.fixture
def discounts(paying_runtime: Runtime) -> DiscountService:
    return DiscountService.over(paying_runtime)


def created(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The parameters of every session that the sandbox was asked for."""
    return [call.parameters for call in sandbox.requests if (call.method, call.path) == CREATE]


def with_settings(runtime: Runtime, **changes: Any) -> PaymentService:
    return PaymentService.over(
        Runtime(runtime.settings.model_copy(update=changes), runtime.database, runtime.gateway, runtime.clock, "anna")
    )


async def test_the_request_that_stripe_receives_to_the_letter(
    payments: PaymentService, account: Account, sandbox: Sandbox
) -> None:
    result = await payments.create_checkout_session(account.id)
    assert result.success
    assert result.order_id is not None
    order = payments.get_order(result.order_id)
    expected = {
        "mode": "payment",
        "line_items": [
            {
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 2999,
                    "product_data": {"name": "Thunderbird Access"},
                },
                "quantity": 1,
            }
        ],
        "payment_intent_data": {"setup_future_usage": "off_session"},
        "allow_promotion_codes": True,
        "metadata": {
            "account_id": str(account.id),
            "order_id": str(order.id),
            "purchase_type": "initial_access",
        },
        "client_reference_id": order.reference,
        "customer_creation": "always",
        "success_url": "http://localhost:8000/payment/success?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://localhost:8000/payment/cancel",
    }
    (call,) = sandbox.requests
    assert call.parameters == order.request == expected
    assert call.idempotency_key == order.idempotency_key
    check_parameters("checkout.sessions.create", order.request)


async def test_a_checkout_waits_for_its_customer(
    payments: PaymentService, account: Account, sandbox: Sandbox, clock: ManualClock
) -> None:
    result = await payments.create_checkout_session(account.id)
    assert (result.success, result.error) == (True, None)
    assert (result.transaction_id or "").startswith("cs_test_")
    assert (result.checkout_url or "").startswith(sandbox.api_base)
    (order,) = payments.list_orders()
    assert (order.id, order.status, order.session_id) == (result.order_id, OrderStatus.OPEN, result.transaction_id)
    assert (order.draft.base_cents, order.draft.total_cents, order.draft.price_version) == (2999, 2999, 0)
    assert (order.actor, order.created_at, order.settled_at) == ("anna", clock.moment, None)
    assert order.expires_at is not None
    assert order.expires_at > clock.moment
    waiting = CheckoutSession(result.transaction_id or "", result.checkout_url or "", 2999, order.id)
    assert checkout_session(order) == waiting
    assert await payments.refresh_order(order.id) == order


async def test_ten_percent_off_2999_is_2699(
    payments: PaymentService, account: Account, discounts: DiscountService, sandbox: Sandbox
) -> None:
    discounts.create("SAVE10", percent_basis_points=1000)
    result = await payments.create_checkout_session(account.id, " save10 ")
    assert result.success
    (request,) = created(sandbox)
    assert request["line_items"][0]["price_data"]["unit_amount"] == 2699
    assert "discounts" not in request
    (order,) = payments.list_orders()
    assert (order.draft.base_cents, order.draft.discount_code, order.draft.discount_cents, order.draft.total_cents) == (
        2999,
        "SAVE10",
        300,
        2699,
    )


async def test_a_code_that_cannot_be_used_refuses_the_checkout(
    payments: PaymentService, account: Account, discounts: DiscountService, sandbox: Sandbox
) -> None:
    discounts.create("TAKEN", percent_basis_points=1000, max_uses=1)
    discounts.create("OFF", percent_basis_points=1000)
    discounts.set_active("OFF", False)
    first = await payments.create_checkout_session(account.id, "TAKEN")
    for code, reason in (
        ("NOPE", "There is no code NOPE."),
        ("taken", "The code TAKEN has no uses left."),
        ("OFF", "The code OFF is disabled."),
        ("not a code", "A code is 2 to 40 letters A-Z, digits, - or _."),
    ):
        assert await payments.create_checkout_session(account.id, code) == PaymentResult(False, error=reason)
    assert [order.id for order in payments.list_orders()] == [first.order_id]
    assert len(created(sandbox)) == 1


async def test_an_empty_code_is_none(payments: PaymentService, account: Account) -> None:
    for code in (None, "", "  "):
        assert (await payments.create_checkout_session(account.id, code)).success
    for order in payments.list_orders():
        assert (order.draft.discount_code, order.draft.total_cents) == (None, 2999)


async def test_without_a_key_nothing_is_left_pending(runtime: Runtime) -> None:
    account = AccountService.over(runtime).create("maria@example.com")
    DiscountService.over(runtime).create("FREE", percent_basis_points=10_000)
    payments = PaymentService.over(runtime)
    refused = PaymentResult(success=False, error="Stripe not configured")
    assert await payments.create_checkout_session(account.id) == refused
    assert await payments.create_checkout_session(account.id, "FREE") == refused
    assert await payments.create_topup_checkout(account.id) == refused
    assert payments.list_orders() == []
    assert payments.get_stored_payment_method("cus_1") is None
    found = DiscountService.over(runtime).get("FREE")
    assert found is not None
    assert found.uses == 0


async def test_an_unknown_account_gets_no_checkout(payments: PaymentService) -> None:
    unknown: list[Any] = [99, 0, -1, True, 2**63, "1", None]
    for account_id in unknown:
        refused = PaymentResult(False, error=f"There is no account {account_id}.")
        assert await payments.create_checkout_session(account_id) == refused
        assert await payments.create_topup_checkout(account_id) == refused
    assert payments.list_orders() == []


async def test_a_paid_order_is_credited_once_however_often_it_is_refreshed(
    payments: PaymentService, balance: BalanceService, account: Account, sandbox: Sandbox, clock: ManualClock
) -> None:
    result = await payments.create_checkout_session(account.id)
    assert result.order_id is not None
    sandbox.pay(result.transaction_id or "")
    clock.advance(minutes=5)
    paid = await payments.refresh_order(result.order_id)
    assert (paid.status, paid.paid_cents, paid.settled_at) == (OrderStatus.PAID, 2999, clock.moment)
    assert (paid.payment_intent_id or "").startswith("pi_")
    assert checkout_session(paid) is None
    clock.advance(minutes=5)
    for _ in range(3):
        assert await payments.refresh_order(result.order_id) == paid
    (entry,) = balance.entries_of_order(result.order_id)
    assert (entry.kind, entry.amount_cents, entry.actor) == (TransactionKind.PURCHASE, 2999, "stripe")
    assert balance.get_balance(account.id) == 2999


async def test_a_refresh_that_saw_an_older_state_credits_nothing_more(
    payments: PaymentService, balance: BalanceService, account: Account, sandbox: Sandbox, paying_runtime: Runtime
) -> None:
    result = await payments.create_checkout_session(account.id)
    assert result.order_id is not None
    waiting = payments.get_order(result.order_id)
    sandbox.pay(result.transaction_id or "")
    paid = await payments.refresh_order(waiting.id)
    orders, gateway = OrderService.over(paying_runtime), paying_runtime.gateway
    assert gateway is not None
    session = gateway.retrieve_checkout_session(result.transaction_id or "")
    assert orders.settle(waiting, session, judge(waiting, session)) == paid
    assert balance.get_balance(account.id) == 2999


async def test_the_customer_that_paid_is_sent_with_the_next_checkout(
    payments: PaymentService, account: Account, sandbox: Sandbox, paying_runtime: Runtime
) -> None:
    result = await payments.create_checkout_session(account.id)
    sandbox.pay(result.transaction_id or "")
    paid = await payments.refresh_order(result.order_id or 0)
    known = AccountService.over(paying_runtime).get(account.id)
    assert known is not None
    assert (known.stripe_customer_id or "").startswith("cus_")
    assert known.stripe_customer_id == paid.stripe_customer_id
    assert (await payments.create_topup_checkout(account.id)).success
    first, second = created(sandbox)
    assert (first.get("customer"), first["customer_creation"]) == (None, "always")
    assert (second["customer"], "customer_creation" in second) == (known.stripe_customer_id, False)
    method = payments.get_stored_payment_method(known.stripe_customer_id or "")
    assert (method or "").startswith("pm_")


async def test_a_customer_without_a_card_and_an_unknown_one_have_no_payment_method(payments: PaymentService) -> None:
    assert payments.get_stored_payment_method("cus_unknown") is None
    assert payments.get_stored_payment_method("") is None


async def test_a_top_up_credits_its_amount(
    payments: PaymentService, balance: BalanceService, account: Account, sandbox: Sandbox
) -> None:
    result = await payments.create_topup_checkout(account.id)
    (request,) = created(sandbox)
    check_parameters("checkout.sessions.create", request)
    assert request["line_items"] == [
        {
            "price_data": {
                "currency": "usd",
                "unit_amount": 1000,
                "product_data": {"name": "Thunderbird Access credit"},
            },
            "quantity": 1,
        }
    ]
    assert request["metadata"]["purchase_type"] == "top_up"
    assert "allow_promotion_codes" not in request
    sandbox.pay(result.transaction_id or "")
    assert (await payments.refresh_order(result.order_id or 0)).status is OrderStatus.PAID
    (entry,) = balance.get_transaction_history(account.id)
    assert (entry.kind, entry.amount_cents, entry.order_id) == (TransactionKind.TOP_UP, 1000, result.order_id)


async def test_what_cannot_be_charged_is_no_top_up(
    payments: PaymentService, account: Account, sandbox: Sandbox
) -> None:
    amounts: list[Any] = [0, -1, 1.5, True, "1000", None, 1, 49, 100_000_000]
    for amount in amounts:
        result = await payments.create_topup_checkout(account.id, amount)
        assert (result.success, result.order_id) == (False, None)
        assert result.error
    assert payments.list_orders() == []
    assert sandbox.requests == ()


async def test_the_settings_say_what_an_initial_purchase_credits(
    paying_runtime: Runtime, balance: BalanceService, account: Account, sandbox: Sandbox
) -> None:
    for credit_cents, expected in ((500, 500), (0, 500)):
        payments = with_settings(paying_runtime, initial_credit_cents=credit_cents)
        result = await payments.create_checkout_session(account.id)
        sandbox.pay(result.transaction_id or "")
        assert (await payments.refresh_order(result.order_id or 0)).paid_cents == 2999
        assert balance.get_balance(account.id) == expected


async def test_a_promotion_at_stripe_credits_what_was_paid(
    payments: PaymentService, balance: BalanceService, account: Account, sandbox: Sandbox
) -> None:
    for code, paid_cents, taken_off, after in (("TAKE20", 2399, 600, 2399), ("ONTHEHOUSE", 0, 2999, 2399)):
        result = await payments.create_checkout_session(account.id)
        sandbox.pay(result.transaction_id or "", promotion_code=code)
        paid = await payments.refresh_order(result.order_id or 0)
        assert (paid.status, paid.paid_cents, paid.promotion_cents) == (OrderStatus.PAID, paid_cents, taken_off)
        assert balance.get_balance(account.id) == after


async def test_promotion_codes_can_be_turned_off(paying_runtime: Runtime, account: Account, sandbox: Sandbox) -> None:
    assert (
        await with_settings(paying_runtime, allow_promotion_codes=False).create_checkout_session(account.id)
    ).success
    (request,) = created(sandbox)
    assert "allow_promotion_codes" not in request


async def test_a_code_is_held_until_it_is_paid(
    payments: PaymentService, discounts: DiscountService, account: Account, sandbox: Sandbox
) -> None:
    discounts.create("ONCE", amount_off_cents=999, max_uses=1)
    result = await payments.create_checkout_session(account.id, "ONCE")
    held = discounts.get("ONCE")
    assert held is not None
    assert (held.held, held.redeemed, held.uses_left) == (1, 0, 0)
    sandbox.pay(result.transaction_id or "")
    assert (await payments.refresh_order(result.order_id or 0)).paid_cents == 2000
    redeemed = discounts.get("ONCE")
    assert redeemed is not None
    assert (redeemed.held, redeemed.redeemed, redeemed.uses_left) == (0, 1, 0)


async def test_a_code_is_released_when_its_checkout_expires(
    payments: PaymentService, discounts: DiscountService, account: Account, sandbox: Sandbox, clock: ManualClock
) -> None:
    discounts.create("ONCE", amount_off_cents=999, max_uses=1)
    result = await payments.create_checkout_session(account.id, "ONCE")
    sandbox.expire(result.transaction_id or "")
    clock.advance(minutes=1)
    for _ in range(2):
        expired = await payments.refresh_order(result.order_id or 0)
        assert (expired.status, expired.settled_at, expired.paid_cents) == (OrderStatus.EXPIRED, clock.moment, None)
        assert checkout_session(expired) is None
        found = discounts.get("ONCE")
        assert found is not None
        assert (found.held, found.redeemed, found.uses_left) == (0, 0, 1)
    assert (await payments.create_checkout_session(account.id, "ONCE")).success


async def test_a_refusal_by_stripe_fails_the_order_and_releases_its_code(
    payments: PaymentService, discounts: DiscountService, account: Account, paying_runtime: Runtime, clock: ManualClock
) -> None:
    discounts.create("ONCE", amount_off_cents=999, max_uses=1)
    with paying_runtime.database.write() as connection:
        AccountStore().set_stripe_customer(connection, account.id, "cus_unknown", livemode=False)
    result = await payments.create_checkout_session(account.id, "ONCE")
    assert not result.success
    assert "No such customer" in (result.error or "")
    order = payments.get_order(result.order_id or 0)
    assert (order.status, order.status_reason, order.settled_at) == (OrderStatus.FAILED, result.error, clock.moment)
    found = discounts.get("ONCE")
    assert found is not None
    assert (found.held, found.uses_left) == (0, 1)
    assert await payments.refresh_order(order.id) == order


async def test_a_denied_key_fails_the_order_with_the_reason(
    paying_runtime: Runtime, account: Account, sandbox: Sandbox
) -> None:
    key = Settings(_env_file=None, stripe_secret_key="sk_test_wrong").stripe_secret_key
    gateway = StripeGateway(key, api_base=sandbox.api_base)
    denied = Runtime(paying_runtime.settings, paying_runtime.database, gateway, paying_runtime.clock, "anna")
    payments = PaymentService.over(denied)
    result = await payments.create_checkout_session(account.id)
    assert (result.success, result.error) == (False, "Stripe does not accept the key.")
    order = payments.get_order(result.order_id or 0)
    assert (order.status, order.status_reason) == (OrderStatus.FAILED, result.error)


async def test_an_order_over_nothing_is_complete_without_stripe(
    paying_runtime: Runtime, discounts: DiscountService, account: Account, sandbox: Sandbox, database: Database
) -> None:
    discounts.create("FREE", percent_basis_points=10_000)
    payments = with_settings(paying_runtime, initial_credit_cents=500)
    result = await payments.create_checkout_session(account.id, "FREE")
    assert result == PaymentResult(True, order_id=result.order_id)
    order = payments.get_order(result.order_id or 0)
    assert (order.status, order.paid_cents, order.session_id) == (OrderStatus.PAID, 0, None)
    assert await payments.refresh_order(order.id) == order
    assert sandbox.requests == ()
    found = discounts.get("FREE")
    assert found is not None
    assert (found.held, found.redeemed) == (0, 1)
    (entry,) = BalanceService.over(paying_runtime).get_transaction_history(account.id)
    assert (entry.amount_cents, entry.actor, entry.order_id) == (500, "anna", order.id)
    with database.read() as connection:
        newest = AuditStore().newest(connection, 1)[0]
    assert (newest.action, newest.object_type, newest.object_id) == ("complete_free", "order", str(order.id))


async def test_what_stripe_would_not_charge_is_refused_before_it_is_stored(
    payments: PaymentService, discounts: DiscountService, account: Account, sandbox: Sandbox
) -> None:
    discounts.create("ALMOST", amount_off_cents=2950)
    discounts.create("LOWEST", amount_off_cents=2949)
    result = await payments.create_checkout_session(account.id, "ALMOST")
    assert (result.success, result.order_id) == (False, None)
    assert "With the code ALMOST too little would be left to pay" in (result.error or "")
    assert payments.list_orders() == []
    assert (await payments.create_checkout_session(account.id, "LOWEST")).success
    assert created(sandbox)[0]["line_items"][0]["price_data"]["unit_amount"] == 50


async def test_a_declined_card_leaves_the_checkout_open(
    payments: PaymentService, balance: BalanceService, account: Account, sandbox: Sandbox
) -> None:
    result = await payments.create_checkout_session(account.id)
    with pytest.raises(CardRefused):
        sandbox.pay(result.transaction_id or "", card="4000000000000002")
    assert (await payments.refresh_order(result.order_id or 0)).status is OrderStatus.OPEN
    assert balance.get_balance(account.id) == 0
    sandbox.pay(result.transaction_id or "")
    assert (await payments.refresh_order(result.order_id or 0)).status is OrderStatus.PAID


async def test_the_return_addresses_can_be_given(
    payments: PaymentService, account: Account, sandbox: Sandbox, paying_runtime: Runtime
) -> None:
    given = ("https://shop/ok?s={CHECKOUT_SESSION_ID}", "https://shop/no")
    assert (await payments.create_checkout_session(account.id, None, *given)).success
    assert (await payments.create_topup_checkout(account.id, 1000, *given)).success
    elsewhere = with_settings(paying_runtime, base_url="https://desk.example")
    assert (await elsewhere.create_checkout_session(account.id)).success
    first, second, third = ((request["success_url"], request["cancel_url"]) for request in created(sandbox))
    assert first == second == given
    assert third == (
        "https://desk.example/payment/success?session_id={CHECKOUT_SESSION_ID}",
        "https://desk.example/payment/cancel",
    )


async def test_what_is_no_return_address_is_refused(payments: PaymentService, account: Account) -> None:
    for url in ("javascript:alert(1)", "shop/ok", "", "https://x/\0", "https://" + "x" * 5000):
        assert not (await payments.create_checkout_session(account.id, success_url=url)).success
        assert not (await payments.create_checkout_session(account.id, cancel_url=url)).success
    assert payments.list_orders() == []


async def test_a_price_change_does_not_touch_what_was_quoted(
    payments: PaymentService, account: Account, sandbox: Sandbox, paying_runtime: Runtime
) -> None:
    result = await payments.create_checkout_session(account.id)
    change = DynamicPricingService.over(paying_runtime).change_prices(mode="sale", sale_cents=1999)
    after = await payments.create_checkout_session(account.id)
    sandbox.pay(result.transaction_id or "")
    paid = await payments.refresh_order(result.order_id or 0)
    assert (paid.paid_cents, paid.draft.price_version, paid.draft.price_mode) == (2999, 0, "launch")
    draft = payments.get_order(after.order_id or 0).draft
    assert (draft.total_cents, draft.price_version, draft.price_mode) == (1999, change.version, "sale")


async def test_orders_that_are_not_there_are_named(
    payments: PaymentService, runtime: Runtime, account: Account
) -> None:
    for order_id in (99, 0, 2**63):
        with pytest.raises(NotFound, match=f"There is no order {order_id}"):
            await payments.refresh_order(order_id)
    result = await payments.create_checkout_session(account.id)
    with pytest.raises(StripeNotConfigured):
        await PaymentService.over(runtime).refresh_order(result.order_id or 0)


async def test_orders_are_listed_newest_first_and_by_account(
    payments: PaymentService, account: Account, paying_runtime: Runtime
) -> None:
    other = AccountService.over(paying_runtime).create("ben@example.com")
    made = [(await payments.create_topup_checkout(who.id)).order_id for who in (account, other, account)]
    assert [order.id for order in payments.list_orders()] == made[::-1]
    assert [order.id for order in payments.list_orders(account_id=account.id)] == [made[2], made[0]]
    assert [order.id for order in payments.list_orders(1)] == [made[2]]


async def test_a_price_that_changed_since_the_quote_creates_nothing(
    payments: PaymentService, account: Account, sandbox: Sandbox
) -> None:
    result = await payments.create_checkout_session(account.id, expected_total_cents=2499)
    assert (result.success, result.order_id, result.field) == (False, None, "expected_total_cents")
    assert result.error == "The price is $29.99 now, no longer $24.99. Nothing was created."
    assert (payments.list_orders(), sandbox.requests) == ([], ())
    assert (await payments.create_checkout_session(account.id, expected_total_cents=2999)).success
