"""Every method of the gateway, against the sandbox on a socket."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.domain.card import Card
from services.domain.checkout import StripeSession
from services.domain.refund import refund_request
from services.errors import CardDeclined, GatewayRefused, OutcomeUnknown
from services.gateways.ports import PaymentGateway
from services.gateways.stripe_gateway import StripeGateway
from services.sandbox import Sandbox
from tests.clock import ManualClock
from tests.gateways.answers import intent_request, session_request

HOUR = timedelta(hours=1)


@pytest.fixture
def port(at_sandbox: StripeGateway) -> PaymentGateway:
    return at_sandbox


@pytest.fixture
def paid(port: PaymentGateway, sandbox: Sandbox) -> StripeSession:
    made = port.create_checkout_session(session_request(), "key_1")
    sandbox.pay(made.id)
    return port.retrieve_checkout_session(made.id)


def intent_id(session: StripeSession) -> str:
    assert session.payment_intent_id is not None
    return session.payment_intent_id


def customer_id(session: StripeSession) -> str:
    assert session.customer_id is not None
    return session.customer_id


def saved_card(session: StripeSession) -> Card:
    assert session.card is not None
    return session.card


def test_a_session_is_created_once_per_key_and_read_back(
    port: PaymentGateway, sandbox: Sandbox, clock: ManualClock
) -> None:
    made = port.create_checkout_session(session_request(), "key_1")
    assert port.create_checkout_session(session_request(), "key_1") == made
    assert port.retrieve_checkout_session(made.id) == made
    assert (made.status, made.payment_status, made.livemode) == ("open", "unpaid", False)
    assert (made.amount_total_cents, made.amount_discount_cents, made.currency) == (2999, 0, "usd")
    assert (made.client_reference_id, made.customer_id, made.payment_intent_id) == ("paydesk_42", None, None)
    assert (made.card, made.refunded_cents) == (None, 0)
    assert made.expires_at == clock.moment + timedelta(hours=24)
    assert (made.url or "").startswith(sandbox.api_base)
    assert [call.replayed for call in sandbox.requests if call.method == "POST"] == [False, True]


def test_a_paid_session_tells_its_customer_its_promotion_its_card_and_its_refunds(
    port: PaymentGateway, sandbox: Sandbox
) -> None:
    made = port.create_checkout_session(session_request(), "key_1")
    sandbox.pay(made.id, promotion_code="TAKE20")
    sandbox.refund(made.id, 500)
    paid = port.retrieve_checkout_session(made.id)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.amount_total_cents, paid.amount_discount_cents, paid.refunded_cents) == (2399, 600, 500)
    assert (saved_card(paid).brand, saved_card(paid).last4, saved_card(paid).expiry) == ("visa", "4242", "12/34")
    assert port.saved_card(customer_id(paid)) == paid.card


def test_a_card_that_was_not_to_be_kept_is_not_told(port: PaymentGateway, sandbox: Sandbox) -> None:
    made = port.create_checkout_session(session_request(payment_intent_data={}), "key_1")
    sandbox.pay(made.id)
    paid = port.retrieve_checkout_session(made.id)
    assert paid.payment_status == "paid"
    assert paid.card is None


def test_an_open_session_is_expired_and_one_that_is_over_is_not(port: PaymentGateway, paid: StripeSession) -> None:
    made = port.create_checkout_session(session_request(43), "key_2")
    expired = port.expire_checkout_session(made.id)
    assert (expired.id, expired.status, expired.url) == (made.id, "expired", None)
    assert port.retrieve_checkout_session(made.id) == expired
    for over in (made, paid):
        with pytest.raises(GatewayRefused, match="Stripe refused: "):
            port.expire_checkout_session(over.id)
    assert port.retrieve_checkout_session(paid.id).status == "complete"


def test_sessions_are_listed_by_when_they_were_created_newest_first(port: PaymentGateway, clock: ManualClock) -> None:
    made = []
    for number in range(4):
        made.append(port.create_checkout_session(session_request(number), f"key_{number}"))
        clock.advance(hours=1)
    begun = clock.moment - 4 * HOUR
    assert list(port.checkout_sessions(begun, clock.moment)) == made[::-1]
    assert list(port.checkout_sessions(begun + HOUR, begun + 2 * HOUR)) == [made[2], made[1]]
    assert list(port.checkout_sessions(begun + HOUR / 2, begun + HOUR - timedelta(seconds=1))) == []
    fraction = timedelta(milliseconds=700)
    assert list(port.checkout_sessions(begun + fraction, begun + fraction)) == [made[0]]


def test_a_long_list_is_read_page_by_page_and_only_as_far_as_it_is_looked_at(
    port: PaymentGateway, sandbox: Sandbox, clock: ManualClock
) -> None:
    made = [port.create_checkout_session(session_request(number), f"key_{number}").id for number in range(230)]
    before = len(sandbox.requests)
    listed = port.checkout_sessions(clock.moment, clock.moment)
    assert len(sandbox.requests) == before
    first = next(listed)
    assert len(sandbox.requests) == before + 1
    found = [first.id, *(session.id for session in listed)]
    assert len(found) == 230
    assert sorted(found) == sorted(made)
    assert len(sandbox.requests) == before + 3


def test_a_saved_card_is_charged_once_per_key(port: PaymentGateway, paid: StripeSession, sandbox: Sandbox) -> None:
    request = intent_request(customer_id(paid), saved_card(paid).payment_method_id)
    made = port.create_payment_intent(request, "key_2")
    assert port.create_payment_intent(request, "key_2") == made
    assert (made.status, made.amount_cents, made.received_cents, made.currency) == ("succeeded", 1000, 1000, "usd")
    assert (made.reference, made.customer_id, made.livemode) == ("paydesk_43", paid.customer_id, False)
    sandbox.refund(made.id, 250)
    found = port.retrieve_payment_intent(made.id)
    assert (found.refunded_cents, found.card) == (250, paid.card)
    now = made.created_at
    assert [intent.id for intent in port.payment_intents(customer_id(paid), now, now)] == [made.id, intent_id(paid)]
    assert [intent.card for intent in port.payment_intents(customer_id(paid), now, now)] == [paid.card] * 2
    assert list(port.payment_intents(customer_id(paid), now + HOUR, now + 2 * HOUR)) == []


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("insufficient_funds", "The card was declined: Your card has insufficient funds."),
        ("expired_card", "The card was declined: Your card has expired."),
        ("generic_decline", "The card was declined: Your card was declined."),
        ("authentication_required", "The card was declined: "),
    ],
)
def test_a_card_that_its_bank_declines_is_named_with_the_reason(
    port: PaymentGateway, paid: StripeSession, sandbox: Sandbox, reason: str, sentence: str
) -> None:
    sandbox.decline_card(saved_card(paid).payment_method_id, reason)
    request = intent_request(customer_id(paid), saved_card(paid).payment_method_id)
    with pytest.raises(CardDeclined) as declined:
        port.create_payment_intent(request, "key_2")
    assert declined.value.decline_code == reason
    assert declined.value.sentence.startswith(sentence)
    assert (declined.value.request_id or "").startswith("req_")
    attempt = port.retrieve_payment_intent(declined.value.payment_intent_id or "")
    assert attempt.status in ("requires_payment_method", "requires_action")
    assert (attempt.decline_code, attempt.received_cents, attempt.refunded_cents) == (reason, 0, 0)
    assert attempt.decline_reason is not None
    assert attempt.decline_reason in declined.value.sentence


def test_a_refund_is_made_once_per_key_and_listed_with_those_of_the_dashboard(
    port: PaymentGateway, paid: StripeSession, sandbox: Sandbox
) -> None:
    request = refund_request(intent_id(paid), 500, order_id=42, reference="paydesk_refund_1")
    made = port.create_refund(request, "key_2")
    assert port.create_refund(request, "key_2") == made
    assert (made.amount_cents, made.currency, made.failed) == (500, "usd", False)
    assert (made.payment_intent_id, made.reference) == (paid.payment_intent_id, "paydesk_refund_1")
    at_dashboard = sandbox.refund(paid.id, 300)
    newest, oldest = port.refunds(intent_id(paid))
    assert oldest == made
    assert (newest.id, newest.amount_cents, newest.reference) == (at_dashboard, 300, None)
    sandbox.fail_refund(at_dashboard)
    failed = next(port.refunds(intent_id(paid)))
    assert (failed.status, failed.failed) == ("failed", True)
    assert port.retrieve_checkout_session(paid.id).refunded_cents == 500
    with pytest.raises(GatewayRefused, match="Stripe refused: "):
        port.create_refund(refund_request(intent_id(paid), 9999, order_id=42, reference="more"), "key_3")


def test_events_say_where_to_look(port: PaymentGateway, paid: StripeSession, sandbox: Sandbox) -> None:
    since = datetime(2026, 11, 1, tzinfo=UTC)
    at_dashboard = sandbox.refund(paid.id, 300)
    other = port.create_checkout_session(session_request(43), "key_2")
    sandbox.expire(other.id)
    sandbox.fail_refund(at_dashboard)
    found = list(port.events(since))
    assert {one.type for one in found} == {
        "checkout.session.completed",
        "checkout.session.expired",
        "payment_intent.succeeded",
        "charge.refunded",
        "refund.created",
        "refund.failed",
    }
    for one in found:
        assert one.id.startswith("evt_")
        if one.type == "checkout.session.expired":
            assert (one.session_id, one.payment_intent_id) == (other.id, None)
        else:
            assert one.session_id in (None, paid.id)
            assert one.payment_intent_id == paid.payment_intent_id
    assert found[0].type == "refund.failed"
    assert list(port.events(found[0].created_at + HOUR)) == []


def test_the_default_card_goes_before_the_newest(port: PaymentGateway, paid: StripeSession, sandbox: Sandbox) -> None:
    again = port.create_checkout_session(_for_customer(customer_id(paid)), "key_2")
    sandbox.pay(again.id, card="5555555555554444")
    newest = port.saved_card(customer_id(paid))
    assert newest is not None
    assert newest.brand == "mastercard"
    make_default(sandbox, customer_id(paid), saved_card(paid).payment_method_id)
    assert port.saved_card(customer_id(paid)) == paid.card


def _for_customer(stripe_customer_id: str) -> dict[str, Any]:
    request = session_request(43, customer=stripe_customer_id)
    del request["customer_creation"]
    return request


def make_default(sandbox: Sandbox, stripe_customer_id: str, payment_method_id: str) -> None:
    """What somebody does in Stripe's dashboard."""
    import stripe

    client = stripe.StripeClient(sandbox.secret_key, base_addresses={"api": sandbox.api_base})
    client.v1.customers.update(stripe_customer_id, {"invoice_settings": {"default_payment_method": payment_method_id}})


def test_a_customer_without_a_card_has_none(port: PaymentGateway, paid: StripeSession, sandbox: Sandbox) -> None:
    made = port.create_checkout_session(session_request(43, payment_intent_data={}), "key_2")
    sandbox.pay(made.id)
    other = customer_id(port.retrieve_checkout_session(made.id))
    assert other != paid.customer_id
    assert port.saved_card(other) is None


def test_another_request_under_a_used_key_is_not_believed_to_be_refused(port: PaymentGateway) -> None:
    port.create_checkout_session(session_request(), "key_1")
    with pytest.raises(OutcomeUnknown, match="from a request that differs") as unknown:
        port.create_checkout_session(session_request(43), "key_1")
    assert (unknown.value.request_id or "").startswith("req_")


def test_what_stripe_refuses_is_named_with_its_reason_parameter_and_request(port: PaymentGateway) -> None:
    with pytest.raises(GatewayRefused, match="unknown parameter: colour") as refused:
        port.create_checkout_session(session_request(colour="red"), "key_1")
    assert refused.value.field == "colour"
    assert (refused.value.request_id or "").startswith("req_")
    with pytest.raises(GatewayRefused, match="No such checkout"):
        port.retrieve_checkout_session("cs_test_unknown")
    with pytest.raises(GatewayRefused, match="No such customer"):
        port.saved_card("cus_unknown")
    with pytest.raises(GatewayRefused, match="No such payment_intent"):
        port.retrieve_payment_intent("pi_unknown")


def test_a_key_has_a_mark_of_its_own_that_does_not_hold_it(at_sandbox: StripeGateway) -> None:
    keys = [
        f"{kind}_{mode}_51AbCdEf{number}" for kind in ("sk", "rk") for mode in ("test", "live") for number in range(9)
    ]
    marks = [StripeGateway(SecretStr(key), api_base="http://127.0.0.1:1").key_mark for key in keys]
    assert len(set(marks)) == len(keys)
    for key, mark in zip(keys, marks, strict=True):
        assert len(mark) == 12
        assert not set(mark) - set("0123456789abcdef")
        assert StripeGateway(SecretStr(key), api_base="http://127.0.0.1:2").key_mark == mark


@pytest.mark.parametrize("key", ["sk_live_secret", "rk_live_secret"])
def test_a_live_key_is_told_by_its_name(key: str) -> None:
    assert StripeGateway(SecretStr(key), api_base="http://127.0.0.1:1").livemode
    assert not StripeGateway(SecretStr(key.replace("live", "test")), api_base="http://127.0.0.1:1").livemode


def test_one_gateway_serves_many_threads(port: PaymentGateway) -> None:
    made: dict[int, str] = {}

    def create(number: int) -> None:
        made[number] = port.create_checkout_session(session_request(number), f"key_{number}").id

    crew = [threading.Thread(target=create, args=(number,)) for number in range(16)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert len(set(made.values())) == 16
