"""Everything the gateway sends, as it arrives: where, under which key, and whether Stripe's own types allow it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.domain.checkout import OrderDraft, checkout_request
from services.domain.refund import refund_request
from services.errors import GatewayRefused
from services.gateways.ports import PaymentGateway
from services.gateways.stripe_gateway import StripeGateway
from services.sandbox import check_parameters
from services.sandbox.api import find_route
from services.sandbox.parameters import decode_form, typed_parameters
from tests.gateways.answers import SECRET, as_reply, error_reply, intent_request, page, session, session_request
from tests.gateways.scripted import ScriptedServer

NOW = datetime(2026, 11, 23, 14, 3, 7, 500_000, tzinfo=UTC)
SECOND = 1795442587

CHECKOUT_SESSIONS, PAYMENT_INTENTS, CHARGES = "Checkout Sessions", "PaymentIntents", "Charges and Refunds"
CUSTOMERS, PAYMENT_METHODS, EVENTS = "Customers", "PaymentMethods", "Events"

RIGHTS = {
    "checkout.sessions.create": f"{CHECKOUT_SESSIONS}: Write",
    "checkout.sessions.expire": f"{CHECKOUT_SESSIONS}: Write",
    "checkout.sessions.list": f"{CHECKOUT_SESSIONS}: Read",
    "checkout.sessions.retrieve": f"{CHECKOUT_SESSIONS}: Read",
    "customers.payment_methods.list": f"{PAYMENT_METHODS}: Read",
    "customers.retrieve": f"{CUSTOMERS}: Read",
    "events.list": f"{EVENTS}: Read",
    "payment_intents.create": f"{PAYMENT_INTENTS}: Write",
    "payment_intents.list": f"{PAYMENT_INTENTS}: Read",
    "payment_intents.retrieve": f"{PAYMENT_INTENTS}: Read",
    "refunds.create": f"{CHARGES}: Write",
    "refunds.list": f"{CHARGES}: Read",
}
"""Every operation that is used, and the right that a restricted key needs for it. Write includes Read.

What is expanded needs the right to read it as well. Source: https://docs.stripe.com/keys/restricted-api-keys
"""

Send = Callable[[PaymentGateway], object]


def top_up_request(stripe_customer_id: str | None) -> dict[str, Any]:
    return checkout_request(
        OrderDraft.top_up(7, 1000, currency="usd", livemode=False),
        order_id=44,
        reference="paydesk_44",
        product_name="Thunderbird Access",
        success_url="https://shop/ok?session_id={CHECKOUT_SESSION_ID}",
        cancel_url="https://shop/no",
        allow_promotion_codes=True,
        stripe_customer_id=stripe_customer_id,
    )


REFUND = refund_request("pi_1", 500, order_id=42, reference="paydesk_refund")

SENDS: dict[str, Send] = {
    "initial access": lambda port: port.create_checkout_session(session_request(), "key"),
    "top-up": lambda port: port.create_checkout_session(top_up_request(None), "key"),
    "top-up of a customer": lambda port: port.create_checkout_session(top_up_request("cus_1"), "key"),
    "charge": lambda port: port.create_payment_intent(intent_request("cus_1", "pm_1"), "key"),
    "refund": lambda port: port.create_refund(REFUND, "key"),
    "expire": lambda port: port.expire_checkout_session("cs_1"),
    "session": lambda port: port.retrieve_checkout_session("cs_1"),
    "sessions": lambda port: list(port.checkout_sessions(NOW, NOW)),
    "intent": lambda port: port.retrieve_payment_intent("pi_1"),
    "intents": lambda port: list(port.payment_intents("cus_1", NOW, NOW)),
    "refunds": lambda port: list(port.refunds("pi_1")),
    "events": lambda port: list(port.events(NOW)),
    "customer": lambda port: port.saved_card("cus_1"),
}


def sent(
    gateway: StripeGateway, server: ScriptedServer, send: Send
) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """What a call sends: the operation by the SDK's name, its parameters and its key."""
    server.requests.clear()
    server.reply_for = lambda path: error_reply(400, "invalid_request_error")
    with pytest.raises(GatewayRefused):
        send(gateway)
    for request in server.requests:
        route, _ = find_route(request.method, request.path)
        decoded = decode_form(request.body.decode() if request.method == "POST" else request.query)
        yield route.operation, typed_parameters(route.operation, decoded), request.idempotency_key


def test_every_request_passes_the_types_of_stripes_own_parameters(
    gateway: StripeGateway, server: ScriptedServer
) -> None:
    operations = set()
    for name, send in SENDS.items():
        for operation, parameters, key in sent(gateway, server, send):
            check_parameters(operation, parameters)
            operations.add(operation)
            if operation.endswith(".create"):
                assert key == "key", name
    assert operations | {"customers.payment_methods.list"} == set(RIGHTS)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("initial access", session_request()),
        ("top-up of a customer", top_up_request("cus_1")),
        ("charge", intent_request("cus_1", "pm_1")),
        ("refund", REFUND),
    ],
)
def test_a_stored_request_is_sent_as_it_is(
    gateway: StripeGateway, server: ScriptedServer, name: str, stored: dict[str, Any]
) -> None:
    [(_, parameters, _)] = sent(gateway, server, SENDS[name])
    assert parameters == stored


def test_the_cards_of_a_customer_are_asked_for_one_at_most(gateway: StripeGateway, server: ScriptedServer) -> None:
    customer = {"id": "cus_1", "object": "customer", "livemode": False}
    answers = {
        "/v1/customers/cus_1": as_reply({**customer, "invoice_settings": {"default_payment_method": None}}),
        "/v1/customers/cus_1/payment_methods": as_reply(page()),
    }
    server.reply_for = answers.__getitem__
    assert gateway.saved_card("cus_1") is None
    listing = server.requests[-1]
    route, _ = find_route(listing.method, listing.path)
    assert route.operation == "customers.payment_methods.list"
    assert typed_parameters(route.operation, decode_form(listing.query)) == {"type": "card", "limit": 1}


@pytest.mark.parametrize(
    ("name", "created"),
    [
        ("sessions", {"gte": SECOND, "lte": SECOND}),
        ("intents", {"gte": SECOND, "lte": SECOND}),
        ("events", {"gte": SECOND}),
    ],
)
def test_moments_are_sent_in_the_whole_seconds_that_stripe_counts_in(
    gateway: StripeGateway, server: ScriptedServer, name: str, created: dict[str, int]
) -> None:
    [(_, parameters, _)] = sent(gateway, server, SENDS[name])
    assert parameters["created"] == created
    assert parameters["limit"] == 100


def test_what_is_sent_never_holds_the_key(gateway: StripeGateway, server: ScriptedServer) -> None:
    server.reply_for = lambda path: as_reply(session())
    gateway.create_checkout_session(session_request(), "key_1")
    assert SECRET.encode() not in server.requests[0].body
    assert server.requests[0].idempotency_key == "key_1"
