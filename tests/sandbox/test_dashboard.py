from datetime import timedelta
from typing import Any

import pytest
import stripe

from services.sandbox import Refused, Sandbox, SandboxError
from tests.sandbox.scene import MovableClock, access_request
from tests.sandbox.test_payments import off_session


@pytest.fixture
def session_id(client: stripe.StripeClient) -> str:
    request: Any = access_request()
    return client.v1.checkout.sessions.create(request).id


@pytest.fixture
def paid_id(sandbox: Sandbox, session_id: str) -> str:
    sandbox.pay(session_id)
    return session_id


def event_types(client: stripe.StripeClient, limit: int) -> list[str]:
    return [event.type for event in client.v1.events.list({"limit": limit}).data]


def test_a_refund_at_the_dashboard_says_nothing_of_the_desk(
    sandbox: Sandbox, client: stripe.StripeClient, paid_id: str
) -> None:
    first = sandbox.refund(paid_id, 500)
    intent_id = sandbox.session(paid_id).payment_intent_id
    assert intent_id is not None
    second = sandbox.refund(intent_id)
    refunds = client.v1.refunds.list({"payment_intent": intent_id}).data
    assert [(refund.id, refund.amount, refund.status) for refund in refunds] == [
        (second, 2499, "succeeded"),
        (first, 500, "succeeded"),
    ]
    for refund in refunds:
        assert refund.metadata is not None
        assert refund.metadata.to_dict() == {}
    assert event_types(client, 2) == ["charge.refunded", "refund.created"]
    with pytest.raises(Refused, match="already been refunded"):
        sandbox.refund(paid_id)
    assert sandbox.session(paid_id).refunded_cents == 2999


def test_a_refund_that_fails_gives_the_money_back_to_its_charge(
    sandbox: Sandbox, client: stripe.StripeClient, paid_id: str
) -> None:
    refund_id = sandbox.refund(paid_id, 500)
    sandbox.fail_refund(refund_id)
    refund = client.v1.refunds.retrieve(refund_id)
    assert (refund.status, refund.failure_reason) == ("failed", "lost_or_stolen_card")
    assert event_types(client, 1) == ["refund.failed"]
    assert sandbox.session(paid_id).refunded_cents == 0
    (payment,) = sandbox.payments
    assert [(one.id, one.status) for one in payment.refunds] == [(refund_id, "failed")]
    with pytest.raises(Refused, match="failed already"):
        sandbox.fail_refund(refund_id)
    sandbox.refund(paid_id)
    assert sandbox.session(paid_id).refunded_cents == 2999


def test_what_was_never_paid_is_not_refunded(sandbox: Sandbox, session_id: str) -> None:
    for identifier in (session_id, "pi_gone", "cs_test_gone"):
        with pytest.raises(SandboxError):
            sandbox.refund(identifier)


def test_a_session_is_paid_in_its_last_second_and_once(
    sandbox: Sandbox, client: stripe.StripeClient, session_id: str
) -> None:
    sandbox.advance(timedelta(hours=24) - timedelta(seconds=1))
    sandbox.pay(session_id)
    with pytest.raises(Refused, match="complete"):
        sandbox.pay(session_id)
    sandbox.advance(timedelta(seconds=1))
    assert client.v1.checkout.sessions.retrieve(session_id).payment_status == "paid"
    assert len(sandbox.payments) == 1


def test_the_clock_moves_on_and_sessions_expire(
    sandbox: Sandbox, client: stripe.StripeClient, clock: MovableClock, session_id: str
) -> None:
    clock.move(timedelta(hours=12))
    sandbox.advance(timedelta(hours=12))
    assert sandbox.session(session_id).status == "expired"
    assert event_types(client, 1) == ["checkout.session.expired"]
    with pytest.raises(Refused):
        sandbox.pay(session_id)
    assert client.v1.customers.create({}).created == clock.seconds + 12 * 3600
    with pytest.raises(ValueError, match="back"):
        sandbox.advance(timedelta(seconds=-1))


def test_the_clock_moves_on_and_keys_and_events_are_forgotten(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({}, {"idempotency_key": "k"}).id
    sandbox.advance(timedelta(hours=23))
    assert client.v1.customers.create({}, {"idempotency_key": "k"}).id == first
    sandbox.advance(timedelta(hours=1))
    assert client.v1.customers.create({}, {"idempotency_key": "k"}).id != first
    sandbox.advance(timedelta(days=30))
    assert len(client.v1.events.list().data) == 1
    sandbox.advance(timedelta(days=1))
    assert client.v1.events.list().data == []


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("insufficient_funds", "card_declined"),
        ("generic_decline", "card_declined"),
        ("expired_card", "expired_card"),
        ("authentication_required", "authentication_required"),
    ],
)
def test_a_saved_card_that_paid_declines_later(
    sandbox: Sandbox, client: stripe.StripeClient, paid_id: str, reason: str, code: str
) -> None:
    (payment,) = sandbox.payments
    customer_id, method_id = payment.customer_id or "", payment.payment_method_id or ""
    client.v1.payment_intents.create(off_session(customer_id, method_id))
    sandbox.decline_card(method_id, reason)
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(off_session(customer_id, method_id))
    assert caught.value.code == code
    assert caught.value.error is not None
    assert caught.value.error.decline_code == reason
    assert [one.status for one in sandbox.payments] == ["succeeded", "succeeded", "requires_payment_method"]
    with pytest.raises(ValueError, match="insufficient_funds"):
        sandbox.decline_card(method_id, "bad_mood")


def test_sessions_are_seen_as_they_stand(
    sandbox: Sandbox, client: stripe.StripeClient, clock: MovableClock, paid_id: str
) -> None:
    request: Any = access_request(total_cents=5000)
    opened = client.v1.checkout.sessions.create(request).id
    paid, waiting = sandbox.sessions
    assert (paid.id, paid.status, paid.payment_status) == (paid_id, "complete", "paid")
    assert (paid.customer_id or "").startswith("cus_")
    assert (paid.payment_intent_id or "").startswith("pi_")
    assert (waiting.id, waiting.status, waiting.payment_status) == (opened, "open", "unpaid")
    assert (waiting.amount_total_cents, waiting.currency, waiting.created) == (5000, "usd", clock.seconds)
    assert waiting.client_reference_id == "order-42"
    assert (waiting.payment_intent_id, waiting.refunded_cents) == (None, 0)
    with pytest.raises(Refused):
        sandbox.session("cs_test_gone")
