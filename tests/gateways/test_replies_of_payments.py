"""Each field of a payment intent and of a refund that is not what Stripe promises."""

from datetime import UTC, datetime

import pytest

from services.domain.charge import StripeIntent
from services.gateways.stripe_gateway import StripeGateway
from tests.gateways.answers import (
    as_reply,
    intent,
    page,
    refund,
)
from tests.gateways.calls import (
    KEPT,
    Call,
    Json,
    create_intent,
    create_refund,
    is_unreadable,
    list_intents,
    list_refunds,
    retrieve_intent,
)
from tests.gateways.scripted import ScriptedServer


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": "cs_1"},
        {"status": "paid"},
        {"status": None},
        {"amount": "2999"},
        {"amount": -1},
        {"amount": 29.99},
        {"amount": True},
        {"amount": None},
        {"amount_received": None},
        {"amount_received": "2999"},
        {"currency": "USD"},
        {"currency": None},
        {"livemode": True},
        {"livemode": None},
        {"livemode": "no"},
        {"customer": "maria"},
        {"customer": 7},
        {"metadata": []},
        {"metadata": "reference"},
        {"created": None},
        {"created": "now"},
        {"created": 10**18},
        {"last_payment_error": "declined"},
        {"last_payment_error": []},
    ],
    ids=str,
)
@pytest.mark.parametrize("call", [create_intent, retrieve_intent, list_intents])
def test_an_intent_with_a_field_that_is_not_what_stripe_promises_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, call: Call, changes: Json
) -> None:
    body = intent(**changes)
    is_unreadable(gateway, server, call, page(body) if call is list_intents else body)


def test_an_intent_is_read_with_every_field(gateway: StripeGateway, server: ScriptedServer) -> None:
    error = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "Not enough."}
    server.reply_for = lambda path: as_reply(intent(last_payment_error=error))
    assert retrieve_intent(gateway) == StripeIntent(
        id="pi_1",
        status="succeeded",
        amount_cents=2999,
        received_cents=2999,
        refunded_cents=500,
        currency="usd",
        livemode=False,
        reference="paydesk_43",
        customer_id="cus_1",
        card=KEPT,
        decline_code="insufficient_funds",
        decline_reason="Not enough.",
        created_at=datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC),
    )
    server.reply_for = lambda path: as_reply(
        intent(last_payment_error={"code": "authentication_required", "message": 5}, latest_charge=None, customer=None)
    )
    failed = retrieve_intent(gateway)
    assert (failed.decline_code, failed.decline_reason) == ("authentication_required", None)
    assert (failed.refunded_cents, failed.customer_id) == (0, None)


def test_an_intent_of_another_customer_or_another_id_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer
) -> None:
    is_unreadable(gateway, server, retrieve_intent, intent(id="pi_2"))
    is_unreadable(gateway, server, list_intents, page(intent(customer="cus_2")))
    is_unreadable(gateway, server, list_intents, page(intent(customer=None)))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": 7},
        {"id": "pi_1"},
        {"object": "charge"},
        {"amount": "500"},
        {"amount": -500},
        {"amount": 5.0},
        {"amount": True},
        {"amount": None},
        {"amount": 10**400},
        {"currency": "USD"},
        {"currency": 840},
        {"currency": None},
        {"status": None},
        {"status": "done"},
        {"status": []},
        {"payment_intent": None},
        {"payment_intent": "pi_2"},
        {"payment_intent": "ch_1"},
        {"payment_intent": {"id": "pi_1"}},
        {"metadata": []},
        {"metadata": "reference"},
    ],
    ids=str,
)
@pytest.mark.parametrize("call", [create_refund, list_refunds])
def test_a_refund_with_a_field_that_is_not_what_stripe_promises_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, call: Call, changes: Json
) -> None:
    body = refund(**changes)
    is_unreadable(gateway, server, call, page(body) if call is list_refunds else body)
