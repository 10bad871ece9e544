"""Each field of a session that is not what Stripe promises, and what may be missing without harm."""

from datetime import UTC, datetime

import pytest

from services.errors import GatewayUnreadable
from services.gateways.stripe_gateway import StripeGateway
from tests.gateways.answers import (
    as_reply,
    card,
    charge,
    intent,
    page,
    paid_session,
    session,
)
from tests.gateways.calls import (
    KEPT,
    Call,
    Json,
    create_intent,
    create_refund,
    create_session,
    expire_session,
    is_unreadable,
    list_sessions,
    retrieve_intent,
    retrieve_session,
)
from tests.gateways.scripted import ScriptedServer


@pytest.mark.parametrize(
    "body",
    [None, [], {}, "text", 0, True, [{}], {"object": {}}, {"object": None, "id": []}, page(), {"object": "card"}],
    ids=str,
)
@pytest.mark.parametrize(
    "call",
    [create_session, retrieve_session, expire_session, create_intent, retrieve_intent, create_refund],
)
def test_an_answer_that_is_no_such_object_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, call: Call, body: object
) -> None:
    is_unreadable(gateway, server, call, body)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": 7},
        {"id": ""},
        {"id": "cs_"},
        {"id": "cs_\x1b[2J"},
        {"id": "pi_1"},
        {"object": "customer"},
        {"status": None},
        {"status": "paid"},
        {"status": ["open"]},
        {"payment_status": None},
        {"payment_status": "yes"},
        {"amount_total": None},
        {"amount_total": "2999"},
        {"amount_total": 29.99},
        {"amount_total": 2999.0},
        {"amount_total": True},
        {"amount_total": -1},
        {"amount_total": 10**400},
        {"currency": None},
        {"currency": 840},
        {"currency": "USD"},
        {"currency": "us"},
        {"currency": "usd\n"},
        {"livemode": None},
        {"livemode": "false"},
        {"livemode": 0},
        {"livemode": True},
        {"client_reference_id": 42},
        {"customer": "maria"},
        {"customer": {"id": "cus_1", "object": "customer"}},
        {"payment_intent": "cus_1"},
        {"payment_intent": intent()},
        {"expires_at": None},
        {"expires_at": "tomorrow"},
        {"expires_at": 10**18},
        {"expires_at": -1},
        {"total_details": []},
        {"total_details": "none"},
        {"total_details": {}},
        {"total_details": {"amount_discount": None}},
        {"total_details": {"amount_discount": -300}},
        {"total_details": {"amount_discount": "0"}},
        {"url": 5},
        {"url": ""},
        {"url": "http://checkout.stripe.com/c/pay/cs_test_1"},
        {"url": "javascript:alert(1)"},
        {"url": "//checkout.stripe.com/c/pay"},
        {"url": "https://"},
        {"url": "https://[checkout"},
        {"url": "https://checkout.stripe.com/\x1b]52;c;AAAA\x07"},
        {"url": "https://checkout.stripe.com/ü"},
        {"url": "file:///etc/passwd"},
    ],
    ids=str,
)
@pytest.mark.parametrize("call", [create_session, expire_session, list_sessions])
def test_a_session_with_a_field_that_is_not_what_stripe_promises_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, call: Call, changes: Json
) -> None:
    body = session(**changes)
    is_unreadable(gateway, server, call, page(body) if call is list_sessions else body)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "cs_test_2"},
        {"payment_intent": "pi_1"},
        {"payment_intent": []},
        {"payment_intent": {"id": "pi_1"}},
        {"payment_intent": intent(id="cs_1")},
        {"payment_intent": intent(livemode=True)},
        {"payment_intent": intent(latest_charge="ch_1")},
        {"payment_intent": intent(latest_charge=[])},
        {"payment_intent": intent(latest_charge=charge(amount_refunded=-1))},
        {"payment_intent": intent(latest_charge=charge(amount_refunded="500"))},
        {"payment_intent": intent(latest_charge=charge(amount_refunded=3000))},
        {"payment_intent": intent(latest_charge=charge(currency="eur"))},
        {"payment_intent": intent(latest_charge=charge(payment_intent="pi_2"))},
        {"payment_intent": intent(latest_charge=charge(livemode=True))},
    ],
    ids=str,
)
def test_a_paid_session_with_a_payment_that_is_not_its_own_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, changes: Json
) -> None:
    is_unreadable(gateway, server, retrieve_session, paid_session(**changes))


def test_a_session_that_was_not_asked_for_is_named_as_such(gateway: StripeGateway, server: ScriptedServer) -> None:
    server.reply_for = lambda path: as_reply(session(id="cs_test_2"), Request_Id="req_9")
    with pytest.raises(GatewayUnreadable, match="another object than the one asked for") as failed:
        retrieve_session(gateway)
    assert failed.value.request_id == "req_9"


@pytest.mark.parametrize("name", sorted(session().keys() - {"amount_subtotal", "metadata", "mode"}))
def test_a_session_without_a_field_is_unreadable(gateway: StripeGateway, server: ScriptedServer, name: str) -> None:
    body = session()
    del body[name]
    is_unreadable(gateway, server, retrieve_session, body)


def test_a_paid_session_is_read_with_every_field(gateway: StripeGateway, server: ScriptedServer) -> None:
    server.reply_for = lambda path: as_reply(paid_session(total_details={"amount_discount": 300}, amount_total=2699))
    found = gateway.retrieve_checkout_session("cs_test_1")
    assert (found.customer_id, found.payment_intent_id, found.client_reference_id) == ("cus_1", "pi_1", "paydesk_42")
    assert (found.amount_total_cents, found.amount_discount_cents, found.refunded_cents) == (2699, 300, 500)
    assert found.expires_at == datetime.fromtimestamp(1795528987, UTC)
    assert found.card == KEPT
    server.reply_for = lambda path: as_reply(session(total_details=None))
    assert gateway.retrieve_checkout_session("cs_test_1").amount_discount_cents == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"setup_future_usage": None},
        {"status": "processing"},
        {"payment_method": None},
        {"payment_method": "pm_1"},
        {"payment_method": []},
        {"payment_method": card(type="link")},
        {"payment_method": card(id="cus_1")},
        {"payment_method": card(customer=None)},
        {"payment_method": card(customer="cus_2")},
        {"payment_method": card(livemode=True)},
        {"payment_method": card(card=None)},
        {"payment_method": card(card={"brand": "visa"})},
        {"payment_method": card(card={"brand": "vi\x1bsa", "exp_month": 11, "exp_year": 2031, "last4": "4242"})},
        {"payment_method": card(card={"brand": "visa", "exp_month": 13, "exp_year": 2031, "last4": "4242"})},
        {"payment_method": card(card={"brand": "visa", "exp_month": 11, "exp_year": 31, "last4": "4242"})},
        {"payment_method": card(card={"brand": "visa", "exp_month": 11, "exp_year": 2031, "last4": "424242424242"})},
    ],
    ids=str,
)
def test_a_paid_session_counts_without_its_card(gateway: StripeGateway, server: ScriptedServer, changes: Json) -> None:
    server.reply_for = lambda path: as_reply(paid_session(payment_intent=intent(**changes)))
    found = gateway.retrieve_checkout_session("cs_test_1")
    assert (found.payment_status, found.refunded_cents, found.card) == ("paid", 500, None)


def test_a_session_without_a_customer_keeps_no_card(gateway: StripeGateway, server: ScriptedServer) -> None:
    server.reply_for = lambda path: as_reply(paid_session(customer=None))
    assert gateway.retrieve_checkout_session("cs_test_1").card is None
