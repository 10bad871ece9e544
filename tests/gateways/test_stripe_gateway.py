import json
import socket
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.domain.checkout import checkout_request
from services.errors import (
    GatewayDenied,
    GatewayError,
    GatewayRefused,
    GatewayUnreadable,
    OutcomeUnknown,
    PaydeskError,
    TryAgain,
)
from services.gateways.ports import PaymentGateway
from services.gateways.stripe_gateway import StripeGateway
from services.sandbox import Sandbox
from tests.clock import ManualClock
from tests.gateways.scripted import Reply, ScriptedServer, scripted_server
from tests.stores.drafts import access_draft

SECRET = "sk_test_this_key_is_a_secret"
TOLD = "words of the reply"


def request_for(order_id: int = 42, **changes: Any) -> dict[str, Any]:
    request = checkout_request(
        access_draft(7),
        order_id=order_id,
        reference=f"paydesk_{order_id}",
        product_name="Thunderbird Access",
        success_url="https://shop/ok?session_id={CHECKOUT_SESSION_ID}",
        cancel_url="https://shop/no",
        allow_promotion_codes=True,
        stripe_customer_id=None,
    )
    return {**request, **changes}


def session(**changes: Any) -> dict[str, Any]:
    """A session as Stripe answers it, with what the gateway reads and a little of what it does not."""
    return {
        "id": "cs_test_1",
        "object": "checkout.session",
        "amount_subtotal": 2999,
        "amount_total": 2999,
        "client_reference_id": "paydesk_42",
        "currency": "usd",
        "customer": None,
        "expires_at": 1795528987,
        "livemode": False,
        "metadata": {"told": TOLD},
        "payment_intent": None,
        "payment_status": "unpaid",
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "url": "https://checkout.stripe.com/c/pay/cs_test_1",
        **changes,
    }


def as_reply(body: object, status: int = 200) -> Reply:
    return Reply(json.dumps(body).encode(), status)


def error_reply(status: int, kind: str, **fields: Any) -> Reply:
    return as_reply({"error": {"type": kind, "message": f"Message with {TOLD}", **fields}}, status)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


@pytest.fixture
def gateway(server: ScriptedServer) -> StripeGateway:
    server.requests.clear()
    return StripeGateway(SecretStr(SECRET), api_base=server.api_base, max_network_retries=0)


@pytest.fixture
def at_sandbox(sandbox: Sandbox) -> StripeGateway:
    return StripeGateway(SecretStr(sandbox.secret_key), api_base=sandbox.api_base)


def failure_of(gateway: StripeGateway, server: ScriptedServer, reply: Reply) -> PaydeskError:
    """The error that a reply makes of a creation, which tells nothing that it must not."""
    server.reply_for = lambda path: reply
    with pytest.raises(PaydeskError) as failed:
        gateway.create_checkout_session(request_for(), "key_1")
    told = "".join(traceback.format_exception(failed.value))
    assert SECRET not in told
    assert "stripe.com/c/pay" not in told
    if not isinstance(failed.value, GatewayRefused):
        assert TOLD not in told
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__ or failed.value.__context__ is None
    return failed.value


def test_a_session_is_created_once_per_key_and_read_back(
    at_sandbox: StripeGateway, sandbox: Sandbox, clock: ManualClock
) -> None:
    port: PaymentGateway = at_sandbox
    made = port.create_checkout_session(request_for(), "key_1")
    assert port.create_checkout_session(request_for(), "key_1") == made
    assert port.retrieve_checkout_session(made.id) == made
    assert (made.status, made.payment_status, made.livemode) == ("open", "unpaid", False)
    assert (made.amount_total_cents, made.amount_discount_cents, made.currency) == (2999, 0, "usd")
    assert (made.client_reference_id, made.customer_id, made.payment_intent_id) == ("paydesk_42", None, None)
    assert made.expires_at == clock.moment + timedelta(hours=24)
    assert (made.url or "").startswith(sandbox.api_base)
    assert [call.replayed for call in sandbox.requests if call.method == "POST"] == [False, True]


def test_a_paid_session_tells_its_customer_and_the_promotion(at_sandbox: StripeGateway, sandbox: Sandbox) -> None:
    made = at_sandbox.create_checkout_session(request_for(), "key_1")
    sandbox.pay(made.id, promotion_code="TAKE20")
    paid = at_sandbox.retrieve_checkout_session(made.id)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.amount_total_cents, paid.amount_discount_cents) == (2399, 600)
    assert (paid.payment_intent_id or "").startswith("pi_")
    assert (at_sandbox.default_payment_method(paid.customer_id or "") or "").startswith("pm_")


def test_another_request_under_a_used_key_is_not_believed_to_be_refused(at_sandbox: StripeGateway) -> None:
    at_sandbox.create_checkout_session(request_for(), "key_1")
    with pytest.raises(OutcomeUnknown, match="from a request that differs"):
        at_sandbox.create_checkout_session(request_for(43), "key_1")


def test_what_stripe_refuses_is_named_with_its_reason_parameter_and_request(at_sandbox: StripeGateway) -> None:
    with pytest.raises(GatewayRefused, match="unknown parameter: colour") as refused:
        at_sandbox.create_checkout_session(request_for(colour="red"), "key_1")
    assert refused.value.field == "colour"
    assert (refused.value.request_id or "").startswith("req_")
    with pytest.raises(GatewayRefused, match="No such checkout"):
        at_sandbox.retrieve_checkout_session("cs_test_unknown")
    with pytest.raises(GatewayRefused, match="No such customer"):
        at_sandbox.default_payment_method("cus_unknown")


def test_a_wrong_key_is_denied(sandbox: Sandbox) -> None:
    wrong = StripeGateway(SecretStr(SECRET), api_base=sandbox.api_base)
    with pytest.raises(GatewayDenied, match="does not accept the key") as denied:
        wrong.create_checkout_session(request_for(), "key_1")
    assert "sk_test" not in "".join(traceback.format_exception(denied.value))


def test_a_stripe_that_is_gone_leaves_the_outcome_unknown(server: ScriptedServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(OutcomeUnknown, match="did not answer") as failed:
            StripeGateway(SecretStr(SECRET), api_base=nobody, max_network_retries=0).retrieve_checkout_session("cs_1")
    assert SECRET not in "".join(traceback.format_exception(failed.value))


def test_a_call_is_repeated_under_its_key_before_it_is_given_up(server: ScriptedServer) -> None:
    gateway = StripeGateway(SecretStr(SECRET), api_base=server.api_base)
    replies = iter([Reply(reset=True), as_reply(session())])
    server.requests.clear()
    server.reply_for = lambda path: next(replies)
    assert gateway.create_checkout_session(request_for(), "key_1").id == "cs_test_1"
    assert len(server.requests) == 2


def test_a_session_is_read_with_every_field(gateway: StripeGateway, server: ScriptedServer) -> None:
    full = session(
        customer="cus_1",
        payment_intent="pi_1",
        total_details={"amount_discount": 300},
        amount_total=2699,
        status="complete",
        payment_status="paid",
        url=None,
        livemode=False,
    )
    server.reply_for = lambda path: as_reply(full)
    found = gateway.retrieve_checkout_session("cs_test_1")
    assert (found.customer_id, found.payment_intent_id) == ("cus_1", "pi_1")
    assert (found.amount_total_cents, found.amount_discount_cents) == (2699, 300)
    assert found.expires_at == datetime.fromtimestamp(1795528987, UTC)
    server.reply_for = lambda path: as_reply(session(total_details=None))
    assert gateway.retrieve_checkout_session("cs_test_1").amount_discount_cents == 0


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        "text",
        0,
        True,
        [{}],
        {"object": "checkout.session"},
        {"object": "list", "data": []},
        {"object": {}},
        {"object": None, "id": []},
    ],
    ids=str,
)
def test_a_success_that_is_no_session_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, body: object
) -> None:
    assert isinstance(failure_of(gateway, server, as_reply(body)), GatewayUnreadable)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": 7},
        {"id": ""},
        {"id": "pi_1"},
        {"object": "customer"},
        {"status": None},
        {"status": "paid"},
        {"payment_status": None},
        {"payment_status": "yes"},
        {"amount_total": None},
        {"amount_total": "2999"},
        {"amount_total": 29.99},
        {"amount_total": 2999.0},
        {"amount_total": True},
        {"amount_total": -1},
        {"currency": None},
        {"currency": 840},
        {"livemode": None},
        {"livemode": "false"},
        {"livemode": 0},
        {"livemode": True},
        {"client_reference_id": 42},
        {"customer": "maria"},
        {"customer": {"id": "cus_1"}},
        {"customer": {"id": "cus_1", "object": "customer"}},
        {"payment_intent": "cus_1"},
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
        {"url": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_a_field_that_is_not_what_stripe_promises_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, changes: dict[str, Any]
) -> None:
    assert isinstance(failure_of(gateway, server, as_reply(session(**changes))), GatewayUnreadable)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (error_reply(400, "invalid_request_error"), GatewayRefused),
        (error_reply(402, "card_error", code="card_declined"), GatewayRefused),
        (error_reply(404, "invalid_request_error", code="resource_missing"), GatewayRefused),
        (error_reply(401, "invalid_request_error"), GatewayDenied),
        (error_reply(403, "invalid_request_error"), GatewayDenied),
        (error_reply(429, "rate_limit_error"), TryAgain),
        (error_reply(429, "invalid_request_error", code="lock_timeout"), TryAgain),
        (error_reply(409, "invalid_request_error"), OutcomeUnknown),
        (error_reply(409, "idempotency_error", code="idempotency_key_in_use"), OutcomeUnknown),
        (error_reply(400, "idempotency_error"), OutcomeUnknown),
        (error_reply(500, "api_error"), OutcomeUnknown),
        (error_reply(503, "api_error"), OutcomeUnknown),
        (error_reply(418, "new_kind_of_error"), OutcomeUnknown),
        (Reply(f"<html><body>502 {TOLD}</body></html>".encode(), 502), OutcomeUnknown),
        (Reply(f"<html><body>{TOLD}</body></html>".encode()), OutcomeUnknown),
        (Reply(f"<html><body>404 {TOLD}</body></html>".encode(), 404), OutcomeUnknown),
        (Reply(b"", 200), OutcomeUnknown),
        (Reply(b"", 500), OutcomeUnknown),
        (Reply(b'{"id": "cs_test_1", "obj'), OutcomeUnknown),
        (Reply(b'{"id": "cs_', headers={"Content-Length": "400", "Connection": "close"}), OutcomeUnknown),
        (Reply(b"\xff\xfe\x00"), GatewayUnreadable),
        (Reply(b"\xff\xfe\x00", 400), GatewayUnreadable),
        (Reply(reset=True), OutcomeUnknown),
        (as_reply({}, 400), OutcomeUnknown),
        (as_reply([], 400), OutcomeUnknown),
        (as_reply(None, 400), OutcomeUnknown),
        (as_reply({"error": None}, 400), GatewayUnreadable),
        (as_reply({"error": []}, 400), GatewayUnreadable),
        (as_reply({"error": TOLD}, 400), GatewayUnreadable),
        (as_reply({"error": {"type": "invalid_request_error"}}, 400), GatewayRefused),
        (as_reply({"error": {"type": "invalid_request_error", "message": [TOLD], "param": 5}}, 400), GatewayRefused),
        (as_reply({"error": {"type": ["invalid_request_error"], "message": TOLD}}, 400), GatewayRefused),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else f"{value.status} {value.body[:60]!r}",
)
def test_each_failure_is_named_by_what_it_means_for_the_call(
    gateway: StripeGateway, server: ScriptedServer, reply: Reply, expected: type[PaydeskError]
) -> None:
    error = failure_of(gateway, server, reply)
    assert type(error) is expected
    assert len(server.requests) == 1


def test_a_key_in_flight_is_told_apart_from_a_key_used_otherwise(
    gateway: StripeGateway, server: ScriptedServer
) -> None:
    in_flight = failure_of(gateway, server, error_reply(409, "idempotency_error", code="idempotency_key_in_use"))
    assert in_flight.sentence == "Stripe is still working on this request."
    other = failure_of(gateway, server, error_reply(400, "idempotency_error"))
    assert "from a request that differs" in other.sentence


def test_the_request_id_of_a_failure_is_kept(gateway: StripeGateway, server: ScriptedServer) -> None:
    body = json.dumps({"error": {"type": "invalid_request_error", "message": "No."}}).encode()
    for status in (400, 401, 403):
        error = failure_of(gateway, server, Reply(body, status, {"Request-Id": "req_7"}))
        assert isinstance(error, GatewayError)
        assert error.request_id == "req_7"


def test_another_session_than_the_one_asked_for_is_unreadable(gateway: StripeGateway, server: ScriptedServer) -> None:
    server.reply_for = lambda path: as_reply(session(id="cs_test_2"))
    with pytest.raises(GatewayUnreadable, match="another session"):
        gateway.retrieve_checkout_session("cs_test_1")


def test_a_live_key_believes_live_replies_alone(server: ScriptedServer) -> None:
    live = StripeGateway(SecretStr("sk_live_secret"), api_base=server.api_base, max_network_retries=0)
    assert live.livemode
    server.reply_for = lambda path: as_reply(session())
    with pytest.raises(GatewayUnreadable, match="another mode"):
        live.retrieve_checkout_session("cs_test_1")
    server.reply_for = lambda path: as_reply(session(livemode=True))
    assert live.retrieve_checkout_session("cs_test_1").livemode


CARD = {"id": "pm_1", "object": "payment_method"}


@pytest.mark.parametrize(
    ("customer", "cards", "expected"),
    [
        ({"invoice_settings": {"default_payment_method": "pm_default"}}, [CARD], "pm_default"),
        ({"invoice_settings": {"default_payment_method": None}}, [CARD], "pm_1"),
        ({}, [{**CARD, "id": "card_1"}], "card_1"),
        ({}, [], None),
        ({"deleted": True}, [CARD], None),
    ],
    ids=str,
)
def test_a_saved_card_is_the_default_or_the_newest(
    gateway: StripeGateway, server: ScriptedServer, customer: dict[str, Any], cards: list[Any], expected: str | None
) -> None:
    replies = {
        "/v1/customers/cus_1": as_reply({"id": "cus_1", "object": "customer", **customer}),
        "/v1/customers/cus_1/payment_methods": as_reply({"object": "list", "data": cards, "has_more": False}),
    }
    server.reply_for = lambda path: replies[path]
    assert gateway.default_payment_method("cus_1") == expected


@pytest.mark.parametrize(
    ("customer", "cards"),
    [
        (None, None),
        ([], None),
        ({"object": "list", "data": []}, None),
        ({"object": "customer"}, None),
        ({"object": "customer"}, {"object": "list"}),
        ({"object": "customer"}, {"object": "list", "data": {}}),
        ({"object": "customer"}, {"object": "list", "data": [None]}),
        ({"object": "customer"}, {"object": "list", "data": [{"object": "payment_method", "id": "cus_1"}]}),
        ({"object": "customer"}, {"object": "list", "data": [{"object": "payment_method", "id": 5}]}),
        ({"object": "customer", "invoice_settings": {"default_payment_method": 5}}, None),
    ],
    ids=str,
)
def test_a_saved_card_that_is_not_what_stripe_promises_is_unreadable(
    gateway: StripeGateway, server: ScriptedServer, customer: object, cards: object
) -> None:
    replies = {"/v1/customers/cus_1": as_reply(customer), "/v1/customers/cus_1/payment_methods": as_reply(cards)}
    server.reply_for = lambda path: replies[path]
    with pytest.raises(GatewayUnreadable):
        gateway.default_payment_method("cus_1")
