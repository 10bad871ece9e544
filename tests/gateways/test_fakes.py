"""The gateway in memory keeps the port's promises as the real one does at the sandbox."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.domain.refund import refund_request
from services.errors import GatewayRefused
from services.gateways.ports import PaymentGateway
from services.sandbox import Sandbox
from tests.clock import ManualClock
from tests.fakes import VISA, FakeGateway, GatewayOver
from tests.gateways.answers import intent_request, session_request

Pay = Callable[[str], object]


@pytest.fixture(
    params=["in memory", "at the sandbox", "in memory, by way of another", "at the sandbox, by way of another"]
)
def world(request: pytest.FixtureRequest, clock: ManualClock) -> tuple[PaymentGateway, Pay]:
    """A gateway, and what its customers pay with."""
    gateway: PaymentGateway
    pay: Pay
    if "memory" in request.param:
        gateway = fake = FakeGateway(now=clock.moment)
        pay = lambda session_id: fake.pay(session_id, card=VISA)  # noqa: E731
    else:
        gateway = request.getfixturevalue("at_sandbox")
        sandbox: Sandbox = request.getfixturevalue("sandbox")
        pay = sandbox.pay
    return (GatewayOver(gateway) if "another" in request.param else gateway), pay


def test_sessions(world: tuple[PaymentGateway, Pay], clock: ManualClock) -> None:
    gateway, pay = world
    first, second, third = (gateway.create_checkout_session(session_request(n), f"key_{n}") for n in (1, 2, 3))
    assert gateway.create_checkout_session(session_request(1), "key_1") == first
    pay(first.id)
    expired = gateway.expire_checkout_session(second.id)
    assert (expired.status, expired.url) == ("expired", None)
    for over in (first, second):
        with pytest.raises(GatewayRefused):
            gateway.expire_checkout_session(over.id)
    with pytest.raises(GatewayRefused):
        gateway.retrieve_checkout_session("cs_test_unknown")
    paid = gateway.retrieve_checkout_session(first.id)
    assert (paid.status, paid.payment_status, paid.url, paid.refunded_cents) == ("complete", "paid", None, 0)
    assert paid.card is not None
    assert gateway.saved_card(paid.customer_id or "") == paid.card
    statuses = {session.id: session.status for session in gateway.checkout_sessions(clock.moment, clock.moment)}
    assert statuses == {first.id: "complete", second.id: "expired", third.id: "open"}
    later = clock.moment + timedelta(hours=1)
    assert not list(gateway.checkout_sessions(later, later))
    assert not gateway.livemode
    assert len(gateway.key_mark) == 12


def test_charges_and_refunds(world: tuple[PaymentGateway, Pay], clock: ManualClock) -> None:
    gateway, pay = world
    session = gateway.create_checkout_session(session_request(), "key_1")
    pay(session.id)
    paid = gateway.retrieve_checkout_session(session.id)
    assert paid.card is not None
    assert paid.customer_id is not None
    assert paid.payment_intent_id is not None
    request = intent_request(paid.customer_id, paid.card.payment_method_id)
    charged = gateway.create_payment_intent(request, "key_2")
    assert gateway.create_payment_intent(request, "key_2") == charged
    assert (charged.status, charged.received_cents, charged.reference) == ("succeeded", 1000, "paydesk_43")
    for payment_intent_id in (charged.id, paid.payment_intent_id):
        asked = refund_request(payment_intent_id, 250, order_id=42, reference="paydesk_refund")
        refund = gateway.create_refund(asked, f"key_{payment_intent_id}")
        assert gateway.create_refund(asked, f"key_{payment_intent_id}") == refund
        assert list(gateway.refunds(payment_intent_id)) == [refund]
        assert (refund.amount_cents, refund.failed, refund.reference) == (250, False, "paydesk_refund")
    assert gateway.retrieve_payment_intent(charged.id).refunded_cents == 250
    assert gateway.retrieve_checkout_session(session.id).refunded_cents == 250
    theirs = list(gateway.payment_intents(paid.customer_id, clock.moment, clock.moment))
    assert charged.id in [intent.id for intent in theirs]
    assert not list(gateway.payment_intents("cus_of_nobody", clock.moment, clock.moment))
    with pytest.raises(GatewayRefused):
        gateway.retrieve_payment_intent("pi_unknown")


def test_what_happened_is_listed_newest_first(clock: ManualClock) -> None:
    fake = FakeGateway(now=clock.moment)
    first = fake.happen("checkout.session.completed", session_id="cs_1")
    second = fake.happen("refund.created", payment_intent_id="pi_1")
    assert list(GatewayOver(fake).events(clock.moment)) == [second, first]
    assert not list(fake.events(clock.moment + timedelta(hours=1)))
