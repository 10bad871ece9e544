from typing import Any

import pytest
import stripe

from services.sandbox import Sandbox
from tests.sandbox.scene import access_request


@pytest.fixture
def paid_id(sandbox: Sandbox, client: stripe.StripeClient) -> str:
    request: Any = access_request()
    session_id = client.v1.checkout.sessions.create(request).id
    sandbox.pay(session_id, card="5555555555554444")
    sandbox.refund(session_id, 500)
    return session_id


def check(intent: object) -> None:
    assert isinstance(intent, stripe.PaymentIntent)
    charge, method = intent.latest_charge, intent.payment_method
    assert isinstance(charge, stripe.Charge)
    assert isinstance(method, stripe.PaymentMethod)
    assert (charge.amount, charge.amount_captured, charge.amount_refunded, charge.refunded) == (2999, 2999, 500, False)
    assert (charge.currency, charge.livemode, charge.payment_intent) == ("usd", False, intent.id)
    assert charge.payment_method_details is not None
    card = charge.payment_method_details.card
    assert card is not None
    assert (card.brand, card.last4, card.exp_month, card.exp_year) == ("mastercard", "4444", 12, 2034)
    assert method.card is not None
    assert (method.card.brand, method.card.last4) == ("mastercard", "4444")


def test_a_session_and_a_list_of_them_show_the_payment_down_to_the_card(
    client: stripe.StripeClient, paid_id: str
) -> None:
    sessions = client.v1.checkout.sessions
    paths = ["payment_intent.latest_charge", "payment_intent.payment_method"]
    check(sessions.retrieve(paid_id, {"expand": paths}).payment_intent)
    (listed,) = sessions.list({"expand": [f"data.{path}" for path in paths]}).data
    check(listed.payment_intent)


def test_an_intent_and_a_list_of_them_show_charge_and_card(
    sandbox: Sandbox, client: stripe.StripeClient, paid_id: str
) -> None:
    intent_id = sandbox.session(paid_id).payment_intent_id or ""
    intents = client.v1.payment_intents
    check(intents.retrieve(intent_id, {"expand": ["latest_charge", "payment_method"]}))
    (listed,) = intents.list({"expand": ["data.latest_charge", "data.payment_method"]}).data
    check(listed)


def test_an_open_session_has_nothing_to_expand_and_says_so_quietly(client: stripe.StripeClient) -> None:
    request: Any = access_request()
    client.v1.checkout.sessions.create(request)
    (session,) = client.v1.checkout.sessions.list({"expand": ["data.payment_intent.latest_charge"]}).data
    assert session.payment_intent is None


def test_a_refund_is_retrieved_with_its_payment(sandbox: Sandbox, client: stripe.StripeClient, paid_id: str) -> None:
    refund_id = sandbox.refund(paid_id, 100)
    refund = client.v1.refunds.retrieve(refund_id, {"expand": ["payment_intent", "charge"]})
    assert (refund.amount, refund.reason, refund.status) == (100, "requested_by_customer", "succeeded")
    assert isinstance(refund.payment_intent, stripe.PaymentIntent)
    assert isinstance(refund.charge, stripe.Charge)
    assert refund.charge.amount_refunded == 600
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.retrieve("re_gone")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_a_customers_default_card_is_one_of_its_own(
    sandbox: Sandbox, client: stripe.StripeClient, paid_id: str
) -> None:
    customer_id = sandbox.session(paid_id).customer_id or ""
    (method,) = client.v1.customers.payment_methods.list(customer_id).data
    settings: Any = {"invoice_settings": {"default_payment_method": method.id}}
    customer = client.v1.customers.update(customer_id, settings)
    assert customer.invoice_settings is not None
    assert customer.invoice_settings.default_payment_method == method.id
    stranger = client.v1.customers.create({}).id
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.update(stranger, settings)
    assert caught.value.param == "invoice_settings[default_payment_method]"


@pytest.mark.parametrize(
    ("token", "code"),
    [("pm_card_chargeDeclinedExpiredCard", "expired_card"), ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc")],
)
def test_a_token_declines_by_its_name(client: stripe.StripeClient, token: str, code: str) -> None:
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create({"amount": 1000, "currency": "usd", "payment_method": token, "confirm": True})
    assert caught.value.code == code
