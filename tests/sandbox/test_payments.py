from typing import Any

import pytest
import stripe

from services.sandbox import Sandbox
from tests.sandbox.scene import access_request


@pytest.fixture
def customer_id(client: stripe.StripeClient) -> str:
    return client.v1.customers.create({"email": "ada@example.com"}).id


def saved(client: stripe.StripeClient, customer_id: str, token: str) -> str:
    return client.v1.payment_methods.attach(token, {"customer": customer_id}).id


def off_session(customer_id: str, method_id: str) -> Any:
    return {
        "amount": 1000,
        "currency": "usd",
        "customer": customer_id,
        "payment_method": method_id,
        "confirm": True,
        "off_session": True,
        "error_on_requires_action": True,
    }


def test_a_card_saved_at_checkout_is_charged_off_session(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    session_id = client.v1.checkout.sessions.create(request).id
    sandbox.pay(session_id, card="4000002500003155")
    customer = client.v1.checkout.sessions.retrieve(session_id).customer
    assert isinstance(customer, str)
    (method,) = client.v1.customers.payment_methods.list(customer).data
    intent = client.v1.payment_intents.create(off_session(customer, method.id))
    assert (intent.status, intent.amount_received, intent.customer) == ("succeeded", 1000, customer)


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
    ],
)
def test_an_off_session_charge_that_fails_says_why_and_leaves_an_intent(
    client: stripe.StripeClient, customer_id: str, token: str, code: str, decline_code: str
) -> None:
    method_id = saved(client, customer_id, token)
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(off_session(customer_id, method_id))
    assert (caught.value.http_status, caught.value.code) == (402, code)
    assert caught.value.error is not None
    assert caught.value.error.decline_code == decline_code
    (intent,) = client.v1.payment_intents.list({"customer": customer_id}).data
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == code
    assert caught.value.error.payment_intent is not None
    assert caught.value.error.payment_intent.id == intent.id


def test_an_intent_is_confirmed_on_its_own(client: stripe.StripeClient, customer_id: str) -> None:
    method_id = saved(client, customer_id, "pm_card_visa")
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd", "customer": customer_id})
    assert intent.status == "requires_payment_method"
    confirmed = client.v1.payment_intents.confirm(intent.id, {"payment_method": method_id, "off_session": True})
    assert confirmed.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"


def test_a_customer_who_is_there_is_asked_to_authenticate(client: stripe.StripeClient) -> None:
    request: Any = {
        "amount": 1000,
        "currency": "usd",
        "payment_method": "pm_card_authenticationRequired",
        "confirm": True,
    }
    assert client.v1.payment_intents.create(request).status == "requires_action"
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(request | {"error_on_requires_action": True})


def test_another_customers_card_is_refused(client: stripe.StripeClient, customer_id: str) -> None:
    method_id = saved(client, customer_id, "pm_card_visa")
    other = client.v1.customers.create({}).id
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(off_session(other, method_id))
    assert caught.value.param == "payment_method"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.attach(method_id, {"customer": other})


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"amount": 49}, "amount"),
        ({"amount": 100_000_000}, "amount"),
        ({"currency": "xxx"}, "currency"),
        ({"off_session": True}, "off_session"),
        ({"error_on_requires_action": True}, "error_on_requires_action"),
        ({"customer": "cus_gone"}, "customer"),
        ({"payment_method": "pm_gone"}, "payment_method"),
    ],
)
def test_an_intent_that_cannot_be_is_refused(client: stripe.StripeClient, changes: dict[str, Any], param: str) -> None:
    request: Any = {"amount": 1000, "currency": "usd"} | changes
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(request)
    assert caught.value.param == param


def test_a_charge_is_given_back_once_in_parts(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    )
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 400})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 601})
    assert caught.value.param == "amount"
    charge_id = intent.latest_charge
    assert isinstance(charge_id, str)
    assert client.v1.refunds.create({"charge": charge_id, "reason": "duplicate"}).amount == 600
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_already_refunded"
    assert [refund.amount for refund in client.v1.refunds.list({"payment_intent": intent.id}).data] == [600, 400]


def test_an_unpaid_intent_cannot_be_refunded(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id})


def test_a_customer_is_changed_and_unset_field_by_field(client: stripe.StripeClient, customer_id: str) -> None:
    client.v1.customers.update(customer_id, {"name": "Ada", "metadata": {"a": "1", "b": "2"}})
    client.v1.customers.update(customer_id, {"metadata": {"a": ""}})
    customer = client.v1.customers.retrieve(customer_id)
    assert isinstance(customer, stripe.Customer)
    assert (customer.email, customer.name) == ("ada@example.com", "Ada")
    assert customer.metadata is not None
    assert customer.metadata.to_dict() == {"b": "2"}
    client.v1.customers.update(customer_id, {"metadata": ""})
    customer = client.v1.customers.retrieve(customer_id)
    assert customer.metadata is not None
    assert customer.metadata.to_dict() == {}
