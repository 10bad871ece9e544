import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import stripe

from services.sandbox import Fault, Sandbox
from services.sandbox.faults import Calls
from tests.sandbox.scene import access_request, client_of

NEVER_ANSWERED = [Fault.TIMEOUT_BEFORE, Fault.RESET_BEFORE, Fault.TIMEOUT_AFTER_SUCCESS, Fault.RESET_AFTER]
EXECUTED = [
    Fault.TIMEOUT_AFTER_SUCCESS,
    Fault.RESET_AFTER,
    Fault.BAD_GATEWAY,
    Fault.TRUNCATED,
    Fault.HUGE,
    Fault.SLOW,
]
CREATE: Calls = {"method": "POST", "path": "/v1/customers"}


@dataclass
class Caller:
    """A client without retries or patience."""

    sandbox: Sandbox
    timeout_seconds: float = 5

    def connect(self) -> http.client.HTTPConnection:
        address = urlsplit(self.sandbox.api_base)
        return http.client.HTTPConnection(str(address.hostname), address.port, timeout=self.timeout_seconds)

    def send(self, connection: http.client.HTTPConnection, key: str | None = None, **form: str) -> None:
        headers = {"Authorization": f"Bearer {self.sandbox.secret_key}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        connection.request("POST", "/v1/customers", urlencode(form), headers)

    def create(self, key: str | None = None, **form: str) -> tuple[int, bytes]:
        connection = self.connect()
        try:
            self.send(connection, key, **form)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture
def caller(sandbox: Sandbox) -> Caller:
    return Caller(sandbox)


def executions(sandbox: Sandbox) -> list[bool]:
    return [request.executed for request in sandbox.requests if request.method == "POST"]


def customers(client: stripe.StripeClient) -> int:
    return len(client.v1.customers.list().data)


@pytest.mark.parametrize("kind", NEVER_ANSWERED)
def test_a_call_that_is_never_answered(
    sandbox: Sandbox, client: stripe.StripeClient, caller: Caller, kind: Fault
) -> None:
    fault = sandbox.faults.add(kind)
    caller.timeout_seconds = 0.2
    silent = kind in (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER_SUCCESS)
    with pytest.raises(TimeoutError if silent else ConnectionResetError):
        caller.create(name="Ada")
    fault.wait()
    assert fault.landed == 1
    assert executions(sandbox) == [kind in EXECUTED]
    assert customers(client) == (1 if kind in EXECUTED else 0)
    assert sandbox.requests[0].parameters == {"name": "Ada"}


@pytest.mark.parametrize("kind", [Fault.TIMEOUT_AFTER_SUCCESS, Fault.RESET_AFTER, Fault.TRUNCATED, Fault.BAD_GATEWAY])
def test_a_lost_answer_is_there_for_the_same_key(sandbox: Sandbox, caller: Caller, kind: Fault) -> None:
    fault = sandbox.faults.add(kind, times=2)
    impatient = Caller(sandbox, 0.2)
    for number in range(2):
        with suppress(OSError, http.client.IncompleteRead):
            assert impatient.create("k")[0] == 502
        fault.wait(number + 1)
    status, body = caller.create("k")
    assert (status, json.loads(body)["object"]) == (200, "customer")
    assert fault.landed == 2
    assert [request.replayed for request in sandbox.requests] == [False, True, True]
    assert executions(sandbox) == [True, False, False]


def test_a_rate_limit_executes_nothing_and_uses_no_key_up(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    fault = sandbox.faults.add(Fault.RATE_LIMITED, times=3, path="/v1/checkout/sessions")
    request: Any = access_request()
    for _ in range(3):
        with pytest.raises(stripe.RateLimitError) as caught:
            client.v1.checkout.sessions.create(request, {"idempotency_key": "k"})
        assert caught.value.http_status == 429
        assert caught.value.error is not None
        assert caught.value.error.code == "rate_limit"
    session = client.v1.checkout.sessions.create(request, {"idempotency_key": "k"})
    assert session.status == "open"
    assert fault.landed == 3
    assert executions(sandbox) == [False, False, False, True]
    assert not sandbox.requests[-1].replayed


def test_a_server_error_is_kept_for_its_key_and_executes_nothing(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    fault = sandbox.faults.add(Fault.SERVER_ERROR)
    errors = []
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            client.v1.customers.create({}, {"idempotency_key": "k"})
        errors.append(caught.value)
    assert [error.http_status for error in errors] == [500, 500]
    assert errors[1].headers is not None
    assert errors[1].headers["Idempotent-Replayed"] == "true"
    assert customers(client) == 0
    client.v1.customers.create({}, {"idempotency_key": "k2"})
    assert customers(client) == 1
    assert fault.landed == 1


def test_a_server_error_waits_for_a_call_that_would_be_executed(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    client.v1.customers.create({}, {"idempotency_key": "k"})
    fault = sandbox.faults.add(Fault.SERVER_ERROR, **CREATE)
    client.v1.customers.create({}, {"idempotency_key": "k"})
    assert fault.landed == 0
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({}, {"idempotency_key": "k2"})
    assert fault.landed == 1


def test_a_proxy_answers_in_html(sandbox: Sandbox, caller: Caller) -> None:
    fault = sandbox.faults.add(Fault.BAD_GATEWAY)
    status, body = caller.create()
    assert (status, body[:6], fault.landed) == (502, b"<html>", 1)
    assert executions(sandbox) == [True]


def test_half_an_answer_announces_all_of_it(sandbox: Sandbox, caller: Caller) -> None:
    fault = sandbox.faults.add(Fault.TRUNCATED)
    with pytest.raises(http.client.IncompleteRead) as caught:
        caller.create()
    assert caught.value.expected is not None
    assert 0 <= caught.value.expected - len(caught.value.partial) <= 1
    assert fault.landed == 1
    assert executions(sandbox) == [True]


def test_a_huge_answer_is_still_the_answer(sandbox: Sandbox, caller: Caller) -> None:
    fault = sandbox.faults.add(Fault.HUGE)
    status, body = caller.create(name="Ada")
    assert status == 200
    assert len(body) == 10_000_000
    assert json.loads(body)["name"] == "Ada"
    assert fault.landed == 1


def test_a_slow_answer_comes(sandbox: Sandbox, caller: Caller) -> None:
    fault = sandbox.faults.add(Fault.SLOW, seconds=0.05)
    assert caller.create()[0] == 200
    assert fault.landed == 1
    assert executions(sandbox) == [True]


@pytest.mark.parametrize("kind", [Fault.HOLD_BEFORE, Fault.HOLD_AFTER])
def test_a_held_call_goes_on_when_it_is_released(
    sandbox: Sandbox, client: stripe.StripeClient, caller: Caller, kind: Fault
) -> None:
    fault = sandbox.faults.add(kind, **CREATE)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(caller.create)
        fault.wait()
        assert not answer.done()
        assert customers(client) == (1 if kind is Fault.HOLD_AFTER else 0)
        fault.release()
        assert answer.result()[0] == 200
    assert customers(client) == 1


def test_a_call_that_had_arrived_is_executed_though_its_client_is_gone(
    sandbox: Sandbox, client: stripe.StripeClient, caller: Caller
) -> None:
    fault = sandbox.faults.add(Fault.HOLD_BEFORE, **CREATE)
    before = set(threading.enumerate())
    connection = caller.connect()
    caller.send(connection)
    fault.wait()
    connection.close()
    fault.release()
    end(set(threading.enumerate()) - before)
    assert customers(client) == 1


@pytest.mark.parametrize(
    "kind", [Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER_SUCCESS, Fault.HOLD_BEFORE, Fault.HOLD_AFTER, Fault.SLOW]
)
def test_a_stop_ends_every_wait(sandbox: Sandbox, caller: Caller, kind: Fault) -> None:
    fault = sandbox.faults.add(kind, times=None, seconds=3600)
    before = set(threading.enumerate())
    connections = [caller.connect() for _ in range(3)]
    for connection in connections:
        caller.send(connection)
    fault.wait(3)
    waiting = set(threading.enumerate()) - before
    assert len(waiting) == 3
    sandbox.stop()
    end(waiting)
    for connection in connections:
        with pytest.raises(OSError):  # noqa: PT011
            connection.getresponse()
        connection.close()


def test_silence_ends_with_its_client(sandbox: Sandbox) -> None:
    fault = sandbox.faults.add(Fault.TIMEOUT_AFTER_SUCCESS, times=None)
    impatient = Caller(sandbox, 0.05)
    before = set(threading.enumerate())
    for _ in range(10):
        with pytest.raises(TimeoutError):
            impatient.create()
    end(set(threading.enumerate()) - before)
    fault.wait(10)


def end(threads: set[threading.Thread]) -> None:
    for thread in threads:
        thread.join(10)
    assert [thread for thread in threads if thread.is_alive()] == []


def test_a_fault_meets_the_calls_it_names(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({}).id
    faults = sandbox.faults
    other = faults.add(Fault.RATE_LIMITED, method="POST", path="/v1/refunds")
    listing = faults.add(Fault.RATE_LIMITED, path="/v1/customers/*/payment_methods")
    client.v1.customers.retrieve(customer)
    client.v1.customers.create({})
    assert (other.landed, listing.landed) == (0, 0)
    with pytest.raises(stripe.RateLimitError):
        client.v1.customers.payment_methods.list(customer)
    assert (other.landed, listing.landed, listing.pending) == (0, 1, False)
    client.v1.customers.payment_methods.list(customer)


def test_a_fault_lets_the_first_calls_pass_and_the_oldest_goes_first(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    later = sandbox.faults.add(Fault.RATE_LIMITED, skip=2)
    next_one = sandbox.faults.add(Fault.SERVER_ERROR, skip=1)
    outcomes = []
    for _ in range(4):
        try:
            client.v1.customers.create({})
            outcomes.append(200)
        except stripe.StripeError as error:
            outcomes.append(error.http_status or 0)
    assert outcomes == [200, 500, 429, 200]
    assert (later.landed, next_one.landed) == (1, 1)


def test_a_fault_without_an_end_is_taken_back(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    fault = sandbox.faults.add(Fault.RATE_LIMITED, times=None)
    for _ in range(5):
        with pytest.raises(stripe.RateLimitError):
            client.v1.customers.create({})
    fault.cancel()
    client.v1.customers.create({})
    assert (fault.landed, fault.pending) == (5, False)
    sandbox.faults.add(Fault.RATE_LIMITED)
    sandbox.faults.clear()
    client.v1.customers.create({})
    assert sandbox.faults.scripted == ()


def test_a_fault_for_one_of_many_at_once_lands_once(sandbox: Sandbox) -> None:
    fault = sandbox.faults.add(Fault.RATE_LIMITED, times=3)
    start = threading.Barrier(8)

    def create(_: int) -> int:
        client = client_of(sandbox)
        start.wait()
        try:
            client.v1.customers.create({})
        except stripe.RateLimitError:
            return 429
        return 200

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(create, range(8)))
    assert sorted(statuses) == [200] * 5 + [429] * 3
    assert fault.landed == 3


def test_waiting_for_a_fault_that_does_not_land_ends(sandbox: Sandbox) -> None:
    fault = sandbox.faults.add(Fault.TRUNCATED)
    with pytest.raises(TimeoutError, match="truncated landed 0 times"):
        fault.wait(timeout_seconds=0.01)
    with pytest.raises(ValueError, match="malform"):
        sandbox.faults.add(Fault.MALFORMED)
