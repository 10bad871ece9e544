"""Every kind of failure, by what it means for the call; and none tells the key or the reply."""

import socket
import traceback
from typing import Any

import pytest
from pydantic import SecretStr

from services.errors import (
    CardDeclined,
    GatewayDenied,
    GatewayError,
    GatewayRefused,
    GatewayUnreadable,
    OutcomeUnknown,
    PaydeskError,
    TryAgain,
)
from services.gateways.stripe_gateway import StripeGateway
from services.sandbox import Sandbox
from tests.gateways.answers import SECRET, TOLD, as_reply, error_reply, session, session_request, tells_nothing
from tests.gateways.scripted import Reply, ScriptedServer

CUT_OFF = {"Content-Length": "400", "Connection": "close"}


def failure_of(gateway: StripeGateway, server: ScriptedServer, reply: Reply) -> PaydeskError:
    """The error that a reply makes of a creation."""
    server.reply_for = lambda path: reply
    with pytest.raises(PaydeskError) as failed:
        gateway.create_checkout_session(session_request(), "key_1")
    tells_nothing(failed.value)
    return failed.value


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (error_reply(400, "invalid_request_error"), GatewayRefused),
        (error_reply(402, "card_error", code="card_declined"), CardDeclined),
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
        (Reply(b'{"id": "cs_', headers=CUT_OFF), OutcomeUnknown),
        (Reply(b"\xff\xfe\x00"), GatewayUnreadable),
        (Reply(b"\xff\xfe\x00", 400), GatewayUnreadable),
        (Reply(b"[" * 500 + b"]" * 500), GatewayUnreadable),
        (Reply(b"[" * 9_000 + b"]" * 9_000), OutcomeUnknown),
        (Reply(b"[" * 100_000 + b"]" * 100_000), GatewayUnreadable),
        (Reply(b'{"object":' * 500 + b"1" + b"}" * 500), GatewayUnreadable),
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
    assert type(failure_of(gateway, server, reply)) is expected
    repeated = reply.status == 429 or reply.headers == CUT_OFF
    assert len(server.requests) == (5 if repeated else 1)
    assert {request.idempotency_key for request in server.requests} == {"key_1"}


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (
            error_reply(409, "idempotency_error", code="idempotency_key_in_use"),
            "Stripe is still working on this request.",
        ),
        (error_reply(400, "idempotency_error"), "Stripe knows this request's key from a request that differs."),
        (error_reply(500, "api_error"), "Stripe answered with an error of its own (HTTP 500)."),
        (Reply(b"<html>", 502), "Stripe answered with an error of its own (HTTP 502)."),
        (Reply(b"<html>"), "Stripe's answer is not whole, or not Stripe's."),
        (Reply(reset=True), "Stripe did not answer."),
        (error_reply(429, "rate_limit_error"), "Stripe asks for a pause."),
        (error_reply(401, "invalid_request_error"), "Stripe does not accept the key."),
        (error_reply(403, "invalid_request_error"), "The Stripe key lacks the right for this."),
        (as_reply({"error": {"type": "x", "message": 5}}, 400), "Stripe refused: no reason given"),
        (as_reply({"error": {"type": "x", "message": "no" * 9999}}, 400), f"Stripe refused: {'no' * 250}"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_failure_has_its_sentence(
    gateway: StripeGateway, server: ScriptedServer, reply: Reply, sentence: str
) -> None:
    assert failure_of(gateway, server, reply).sentence == sentence


@pytest.mark.parametrize("status", [400, 401, 402, 403, 409, 429, 500])
def test_the_request_id_of_a_failure_is_kept(gateway: StripeGateway, server: ScriptedServer, status: int) -> None:
    error = failure_of(gateway, server, error_reply(status, "some_error"))
    assert isinstance(error, GatewayError | TryAgain | OutcomeUnknown)
    assert error.request_id == "req_7"


def test_the_request_id_of_a_reply_that_is_not_believed_is_kept(gateway: StripeGateway, server: ScriptedServer) -> None:
    for wrong in (session(amount_total=-1), session(livemode=True), session(total_details=[]), {}):
        error = failure_of(gateway, server, as_reply(wrong, Request_Id="req_8"))
        assert isinstance(error, GatewayUnreadable)
        assert error.request_id == "req_8"


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            "The provided key 'rk_test_***abcd' does not have the required permissions for this endpoint on account "
            "'acct_1'. Having the 'rak_checkout_session_write' permission would allow this request to continue.",
            "The Stripe key lacks the right checkout_session_write.",
        ),
        (
            "The provided key 'rk_live_...tdxQ' does not have the required permissions for this endpoint on account "
            "'acct_1'. Enabling Refunds Read ('refund_read') permissions on this key would allow this request.",
            "The Stripe key lacks the right refund_read.",
        ),
        ("This account may not do that.", "The Stripe key lacks the right for this."),
        (["refund_read"], "The Stripe key lacks the right for this."),
    ],
)
def test_the_right_that_a_key_lacks_is_told(
    gateway: StripeGateway, server: ScriptedServer, message: object, sentence: str
) -> None:
    reply = as_reply({"error": {"type": "invalid_request_error", "message": message}}, 403)
    assert failure_of(gateway, server, reply).sentence == sentence


@pytest.mark.parametrize(
    ("fields", "decline_code", "intent_id"),
    [
        ({"decline_code": "insufficient_funds", "code": "card_declined"}, "insufficient_funds", None),
        ({"code": "expired_card", "payment_intent": {"id": "pi_1"}}, "expired_card", "pi_1"),
        ({"code": 5, "payment_intent": "pi_1"}, "card_declined", None),
        ({"decline_code": [], "payment_intent": {"id": "cs_1"}}, "card_declined", None),
        ({"payment_intent": {"id": ["pi_1"]}}, "card_declined", None),
    ],
)
def test_a_declined_card_is_named_as_far_as_stripe_tells(
    gateway: StripeGateway, server: ScriptedServer, fields: dict[str, Any], decline_code: str, intent_id: str | None
) -> None:
    error = failure_of(gateway, server, error_reply(402, "card_error", **fields))
    assert isinstance(error, CardDeclined)
    assert (error.decline_code, error.payment_intent_id) == (decline_code, intent_id)
    assert error.request_id == "req_7"


def test_a_wrong_key_is_denied(sandbox: Sandbox) -> None:
    wrong = StripeGateway(SecretStr(SECRET), api_base=sandbox.api_base)
    with pytest.raises(GatewayDenied, match="does not accept the key") as denied:
        wrong.create_checkout_session(session_request(), "key_1")
    assert "sk_test" not in "".join(traceback.format_exception(denied.value))


def test_a_stripe_that_is_gone_leaves_the_outcome_unknown() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(OutcomeUnknown, match="did not answer") as failed:
            StripeGateway(SecretStr(SECRET), api_base=nobody, max_network_retries=0).retrieve_checkout_session("cs_1")
    tells_nothing(failed.value)
