"""What is sent again and how often, how much of a reply is read, and where a redirect leads."""

import gzip
import tracemalloc
import warnings

import pytest
from pydantic import SecretStr

from services.errors import GatewayUnreadable, OutcomeUnknown, TryAgain
from services.gateways.rate_limit import RateLimit
from services.gateways.stripe_gateway import StripeGateway
from services.sandbox import Fault, Sandbox
from tests.gateways.answers import SECRET, as_reply, error_reply, session, session_request, tells_nothing
from tests.gateways.conftest import Pauses
from tests.gateways.scripted import Reply, ScriptedServer

SESSIONS = "/v1/checkout/sessions"
MEGABYTE = 1024 * 1024


def jitter_of_one(api_base: str, secret_key: str, pauses: Pauses, *, retries: int = 0) -> StripeGateway:
    """A gateway whose pauses are as long as they can be."""
    key = SecretStr(secret_key)
    return StripeGateway(key, api_base=api_base, max_network_retries=retries, pause=pauses, jitter=lambda: 1.0)


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.TRUNCATED])
@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_call_is_repeated_under_its_key_after_a_pause_that_grows(
    sandbox: Sandbox, pauses: Pauses, fault: Fault, times: int
) -> None:
    gateway = jitter_of_one(sandbox.api_base, sandbox.secret_key, pauses)
    landing = sandbox.faults.add(fault, times=times, method="POST", path=SESSIONS)
    made = gateway.create_checkout_session(session_request(), "key_1")
    assert landing.landed == times
    assert pauses.seconds == [0.5, 1.0, 2.0, 4.0][:times]
    assert [view.id for view in sandbox.sessions] == [made.id]
    assert {request.idempotency_key for request in sandbox.requests} == {"key_1"}


def test_beyond_that_stripe_asks_for_a_pause_and_has_done_nothing(sandbox: Sandbox, pauses: Pauses) -> None:
    gateway = jitter_of_one(sandbox.api_base, sandbox.secret_key, pauses, retries=2)
    landing = sandbox.faults.add(Fault.RATE_LIMITED, times=5, method="POST", path=SESSIONS)
    with pytest.raises(TryAgain, match=r"^Stripe asks for a pause.$") as failed:
        gateway.create_checkout_session(session_request(), "key_1")
    tells_nothing(failed.value)
    assert landing.landed == 5
    assert not sandbox.sessions
    assert gateway.create_checkout_session(session_request(), "key_1").status == "open"


def test_beyond_that_a_reply_that_breaks_off_leaves_the_outcome_unknown(sandbox: Sandbox, pauses: Pauses) -> None:
    gateway = jitter_of_one(sandbox.api_base, sandbox.secret_key, pauses, retries=2)
    landing = sandbox.faults.add(Fault.TRUNCATED, times=5, method="POST", path=SESSIONS)
    with pytest.raises(OutcomeUnknown, match=r"^Stripe's answer broke off.$") as failed:
        gateway.create_checkout_session(session_request(), "key_1")
    tells_nothing(failed.value)
    assert landing.landed == 5
    assert len(sandbox.sessions) == 1
    assert gateway.create_checkout_session(session_request(), "key_1").id == sandbox.sessions[0].id


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_expiry_whose_answer_is_lost_is_repeated_under_one_key(
    sandbox: Sandbox, pauses: Pauses, method: str
) -> None:
    gateway = jitter_of_one(sandbox.api_base, sandbox.secret_key, pauses)
    made = gateway.create_checkout_session(session_request(), "key_1")
    landing = sandbox.faults.add(Fault.TRUNCATED, times=4, method=method)
    assert gateway.expire_checkout_session(made.id).status == "expired"
    assert gateway.retrieve_checkout_session(made.id).status == "expired"
    assert landing.landed == 4


@pytest.mark.parametrize("fault", [Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.BAD_GATEWAY])
def test_what_the_sdk_repeats_by_itself_makes_one_session(sandbox: Sandbox, pauses: Pauses, fault: Fault) -> None:
    gateway = jitter_of_one(sandbox.api_base, sandbox.secret_key, pauses, retries=1)
    landing = sandbox.faults.add(fault, times=1, method="POST", path=SESSIONS)
    made = gateway.create_checkout_session(session_request(), "key_1")
    assert landing.landed == 1
    assert pauses.seconds == []
    assert [view.id for view in sandbox.sessions] == [made.id]


@pytest.mark.parametrize("lost", [Fault.RESET_AFTER, Fault.TRUNCATED, Fault.BAD_GATEWAY])
def test_a_pause_after_an_answer_that_was_lost_leaves_the_outcome_unknown(
    sandbox: Sandbox, pauses: Pauses, lost: Fault
) -> None:
    gateway = jitter_of_one(sandbox.api_base, sandbox.secret_key, pauses, retries=2)
    landing = sandbox.faults.add(lost, times=1, method="POST", path=SESSIONS)
    limited = sandbox.faults.add(Fault.RATE_LIMITED, times=None, method="POST", path=SESSIONS)
    with pytest.raises(OutcomeUnknown, match="asks for a pause") as failed:
        gateway.create_checkout_session(session_request(), "key_1")
    tells_nothing(failed.value)
    with pytest.raises(OutcomeUnknown):
        gateway.create_checkout_session(session_request(), "key_1")
    with pytest.raises(TryAgain):
        gateway.create_checkout_session(session_request(), "key_2")
    assert landing.landed == 1
    assert limited.landed > 10
    limited.cancel()
    assert gateway.create_checkout_session(session_request(), "key_1").id == sandbox.sessions[0].id
    sandbox.faults.add(Fault.RATE_LIMITED, times=None, method="POST", path=SESSIONS)
    with pytest.raises(TryAgain):
        gateway.create_checkout_session(session_request(), "key_1")
    assert len(sandbox.sessions) == 1


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("lost", [Reply(reset=True), Reply(b"<html>", 502), error_reply(409, "idempotency_error")])
def test_a_denial_after_an_answer_that_was_lost_leaves_the_outcome_unknown(
    server: ScriptedServer, pauses: Pauses, lost: Reply, status: int
) -> None:
    gateway = jitter_of_one(server.api_base, SECRET, pauses, retries=1)
    replies = iter([lost, error_reply(status, "some_error")])
    server.reply_for = lambda path: next(replies)
    with pytest.raises(OutcomeUnknown, match=r"^Stripe did not answer, and then: ") as failed:
        gateway.create_checkout_session(session_request(), "key_1")
    assert failed.value.request_id == "req_7"
    assert len(server.requests) == 2


def test_an_error_that_stripe_saved_is_the_same_each_time(sandbox: Sandbox, pauses: Pauses) -> None:
    gateway = jitter_of_one(sandbox.api_base, sandbox.secret_key, pauses, retries=1)
    landing = sandbox.faults.add(Fault.SERVER_ERROR, times=1, method="POST", path=SESSIONS)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match="HTTP 500"):
            gateway.create_checkout_session(session_request(), "key_1")
    assert landing.landed == 1
    assert not sandbox.sessions


def test_an_answer_that_does_not_come_leaves_the_outcome_unknown(sandbox: Sandbox, pauses: Pauses) -> None:
    key = SecretStr(sandbox.secret_key)
    gateway = StripeGateway(key, api_base=sandbox.api_base, max_network_retries=0, timeout_seconds=(5, 0.2))
    landing = sandbox.faults.add(Fault.TIMEOUT_AFTER_SUCCESS, times=1, method="POST", path=SESSIONS)
    with pytest.raises(OutcomeUnknown, match="did not answer"):
        gateway.create_checkout_session(session_request(), "key_1")
    assert landing.landed == 1
    patient = StripeGateway(key, api_base=sandbox.api_base)
    assert patient.create_checkout_session(session_request(), "key_1").id == sandbox.sessions[0].id


@pytest.mark.parametrize(
    ("header", "seconds"), [("3", 3), ("10", 10), ("86400", 10), ("0", 0.5), ("", 0.5), ("-5", 0.5), ("²", 0.5)]
)
def test_a_pause_that_stripe_names_is_kept_to_within_reason(
    server: ScriptedServer, pauses: Pauses, header: str, seconds: float
) -> None:
    gateway = jitter_of_one(server.api_base, SECRET, pauses)
    replies = iter([as_reply({}, 429, Retry_After=header), as_reply(session())])
    server.reply_for = lambda path: next(replies)
    assert gateway.create_checkout_session(session_request(), "key_1").id == "cs_test_1"
    assert pauses.seconds == [seconds]


@pytest.mark.parametrize(("wish", "requests"), [("true", 5), ("false", 1)])
def test_what_stripe_says_of_repeating_bounds_it_and_does_not_multiply_it(
    server: ScriptedServer, pauses: Pauses, wish: str, requests: int
) -> None:
    gateway = jitter_of_one(server.api_base, SECRET, pauses, retries=2)
    limited = error_reply(429, "rate_limit_error")
    server.reply_for = lambda path: Reply(limited.body, 429, {"Stripe-Should-Retry": wish})
    with pytest.raises(TryAgain):
        gateway.create_checkout_session(session_request(), "key_1")
    assert len(server.requests) == requests


def test_pauses_are_spread_over_all_that_they_may_be(server: ScriptedServer) -> None:
    pauses, jitters = Pauses(), iter([0.0, 0.25, 0.5, 0.75])
    gateway = StripeGateway(SecretStr(SECRET), api_base=server.api_base, pause=pauses, jitter=lambda: next(jitters))
    server.reply_for = lambda path: error_reply(429, "rate_limit_error")
    with pytest.raises(TryAgain):
        gateway.create_checkout_session(session_request(), "key_1")
    assert pauses.seconds == [0.0, 0.25, 1.0, 3.0]


def test_each_attempt_waits_for_its_turn(server: ScriptedServer, pauses: Pauses) -> None:
    turns = Pauses()
    limit = RateLimit(10, burst=1, clock=lambda: 0.0, pause=turns)
    gateway = StripeGateway(SecretStr(SECRET), api_base=server.api_base, limit=limit, pause=pauses)
    server.reply_for = lambda path: error_reply(429, "rate_limit_error")
    with pytest.raises(TryAgain):
        gateway.create_checkout_session(session_request(), "key_1")
    assert len(server.requests) == 5
    assert turns.seconds == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_no_redirect_is_followed(gateway: StripeGateway, server: ScriptedServer) -> None:
    for status in (301, 302, 303, 307, 308):
        server.requests.clear()
        server.reply_for = lambda path, status=status: as_reply({}, status, Location="/v1/elsewhere")  # type: ignore[misc]
        with pytest.raises(OutcomeUnknown, match=f"HTTP {status}"):
            gateway.create_checkout_session(session_request(), "key_1")
        assert [request.path for request in server.requests] == [SESSIONS]


HUGE = as_reply(session(padding="x" * 10 * MEGABYTE))


@pytest.mark.parametrize(
    "reply",
    [
        HUGE,
        Reply(HUGE.body, 400),
        Reply(HUGE.body, headers={"Content-Length": None, "Connection": "close"}),
        Reply(b"[" + b"{}," * 650_000 + b"{}]"),
        Reply(gzip.compress(HUGE.body), headers={"Content-Encoding": "gzip"}),
    ],
    ids=["whole", "error", "without a length", "of many parts", "packed"],
)
def test_a_reply_beyond_measure_is_not_read_to_its_end(
    gateway: StripeGateway, server: ScriptedServer, reply: Reply
) -> None:
    server.reply_for = lambda path: as_reply(session())
    gateway.create_checkout_session(session_request(), "key_1")
    server.requests.clear()
    server.reply_for = lambda path: reply
    tracemalloc.start()
    try:
        with pytest.raises(GatewayUnreadable, match="too long to be read") as failed:
            gateway.create_checkout_session(session_request(), "key_1")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    tells_nothing(failed.value)
    assert len(server.requests) == 1
    assert peak < 10 * MEGABYTE


def test_a_reply_in_chunks_that_breaks_off_is_repeated(gateway: StripeGateway, server: ScriptedServer) -> None:
    whole = as_reply(session())
    in_chunks = {"Content-Length": None, "Transfer-Encoding": "chunked", "Connection": "close"}
    cut = b"%x\r\n%b" % (len(whole.body), whole.body[:40])
    without_an_end = b"%x\r\n%b\r\n" % (len(whole.body), whole.body)
    replies = iter([Reply(cut, headers=in_chunks), Reply(without_an_end, headers=in_chunks), whole])
    server.reply_for = lambda path: next(replies)
    assert gateway.create_checkout_session(session_request(), "key_1").id == "cs_test_1"
    assert [request.idempotency_key for request in server.requests] == ["key_1"] * 3


def test_what_stripe_has_to_say_to_developers_is_not_printed(gateway: StripeGateway, server: ScriptedServer) -> None:
    server.reply_for = lambda path: as_reply(session(), Stripe_Notice="Try the new API.")
    with warnings.catch_warnings(record=True) as printed:
        warnings.simplefilter("always")
        gateway.create_checkout_session(session_request(), "key_1")
    assert printed == []


def test_a_packed_reply_of_ordinary_size_is_read(gateway: StripeGateway, server: ScriptedServer) -> None:
    packed = gzip.compress(as_reply(session()).body)
    server.reply_for = lambda path: Reply(packed, headers={"Content-Encoding": "gzip"})
    assert gateway.create_checkout_session(session_request(), "key_1").id == "cs_test_1"
