from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import stripe

from services.sandbox import Sandbox
from services.sandbox.answers import Replays, answer
from services.sandbox.errors import Refused
from tests.sandbox.scene import MovableClock, access_request, client_of


def test_the_same_key_and_request_gets_the_first_answer(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    first = client.v1.checkout.sessions.create(request, {"idempotency_key": "k"})
    sandbox.pay(first.id)
    second = client.v1.checkout.sessions.create(request, {"idempotency_key": "k"})
    assert (second.id, second.status) == (first.id, "open")
    assert first.last_response is not None
    assert second.last_response is not None
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.body == first.last_response.body
    assert [request.replayed for request in sandbox.requests] == [False, True]
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_the_same_key_with_another_request_is_refused(client: stripe.StripeClient) -> None:
    request: Any = access_request()
    other: Any = access_request(total_cents=4999)
    client.v1.checkout.sessions.create(request, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.checkout.sessions.create(other, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.customers.create({}, {"idempotency_key": "k"})


def test_a_refusal_by_the_endpoint_is_kept_for_the_key(client: stripe.StripeClient) -> None:
    request: Any = access_request(customer_id="cus_gone")
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.checkout.sessions.create(request, {"idempotency_key": "k"})
    assert caught.value.headers is not None
    assert caught.value.headers["Idempotent-Replayed"] == "true"


def test_a_decline_is_kept_for_the_key(client: stripe.StripeClient) -> None:
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create(
                {"amount": 1000, "currency": "usd", "payment_method": "pm_card_chargeDeclined", "confirm": True},
                {"idempotency_key": "k"},
            )
    assert len(client.v1.payment_intents.list().data) == 1


def test_parameters_that_fail_validation_use_no_key_up(client: stripe.StripeClient) -> None:
    wrong: Any = access_request() | {"colour": "red"}
    right: Any = access_request()
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(wrong, {"idempotency_key": "k"})
    client.v1.checkout.sessions.create(right, {"idempotency_key": "k"})


def test_a_key_is_forgotten_after_a_day(client: stripe.StripeClient, clock: MovableClock) -> None:
    request: Any = access_request()
    first = client.v1.checkout.sessions.create(request, {"idempotency_key": "k"})
    clock.move(timedelta(hours=24) - timedelta(seconds=1))
    assert client.v1.checkout.sessions.create(request, {"idempotency_key": "k"}).id == first.id
    clock.move(timedelta(seconds=1))
    assert client.v1.checkout.sessions.create(request, {"idempotency_key": "k"}).id != first.id


def test_eight_at_once_with_one_key_make_one_session(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    request: Any = access_request()
    start = Barrier(8)

    def create(_: int) -> str:
        own = client_of(sandbox)
        start.wait()
        while True:
            try:
                return own.v1.checkout.sessions.create(request, {"idempotency_key": "k"}).id
            except stripe.APIError as error:
                if error.http_status != 409:  # the first is still in flight
                    raise

    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(create, range(8)))
    assert len(ids) == 1
    assert [session.id for session in client.v1.checkout.sessions.list().data] == [*ids]


def test_a_key_in_flight_is_refused_until_its_answer_is_there() -> None:
    replays = Replays()
    given = answer(200, {"id": "cs_test_1"})
    assert replays.begin("k", "POST", "/v1/customers", {}, now=0) is None
    with pytest.raises(Refused) as caught:
        replays.begin("k", "POST", "/v1/customers", {}, now=1)
    assert (caught.value.status, caught.value.code) == (409, "idempotency_key_in_use")
    replays.finish("k", given)
    kept = replays.begin("k", "POST", "/v1/customers", {}, now=2)
    assert kept is not None
    assert (kept.status, kept.body) == (given.status, given.body)


def test_a_key_whose_request_never_finished_can_be_used_again() -> None:
    replays = Replays()
    replays.begin("k", "POST", "/v1/customers", {}, now=0)
    replays.abandon("k")
    assert replays.begin("k", "POST", "/v1/customers", {}, now=1) is None


def test_a_key_has_a_longest_length(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({}, {"idempotency_key": "k" * 256})
