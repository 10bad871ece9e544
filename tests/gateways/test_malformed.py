"""Answers that Stripe would not send, of every kind the sandbox knows, to each call whose answer moves money."""

from collections.abc import Callable

import pytest

from services.domain.charge import StripeIntent
from services.domain.checkout import StripeSession
from services.domain.refund import refund_request
from services.errors import GatewayUnreadable, OutcomeUnknown, PaydeskError
from services.gateways.stripe_gateway import StripeGateway
from services.sandbox import MALFORMED, Sandbox
from tests.gateways.answers import intent_request, session_request, tells_nothing

Call = Callable[[int], object]

OF_ANOTHER_ORDER = {"amount_of_another", "currency_changed", "reference_of_another"}
"""Good answers by themselves: they are held against the order, which is not the gateway's to know."""


UNREADABLE_CARD = {"card_number_in_full", "card_brand_with_escapes", "card_expires_in_month_13"}
"""The payment counts without its card."""


@pytest.fixture
def paid(at_sandbox: StripeGateway, sandbox: Sandbox) -> StripeSession:
    made = at_sandbox.create_checkout_session(session_request(), "key")
    sandbox.pay(made.id)
    return at_sandbox.retrieve_checkout_session(made.id)


@pytest.fixture
def calls(at_sandbox: StripeGateway, paid: StripeSession) -> dict[str, Call]:
    card, customer, intent = paid.card, paid.customer_id, paid.payment_intent_id
    assert card is not None
    assert customer is not None
    assert intent is not None
    refund = refund_request(intent, 1, order_id=42, reference="paydesk_refund")
    at_sandbox.create_refund(refund, "key_refund")
    charge = intent_request(customer, card.payment_method_id)
    return {
        "create a session": lambda number: at_sandbox.create_checkout_session(session_request(), f"key_{number}"),
        "retrieve a session": lambda _: at_sandbox.retrieve_checkout_session(paid.id),
        "create an intent": lambda number: at_sandbox.create_payment_intent(charge, f"key_{number}"),
        "retrieve an intent": lambda _: at_sandbox.retrieve_payment_intent(intent),
        "create a refund": lambda number: at_sandbox.create_refund(refund, f"key_{number}"),
        "list refunds": lambda _: list(at_sandbox.refunds(intent)),
    }


def outcome_of(call: Call, number: int) -> object:
    """What a call returns, or its error."""
    try:
        return call(number)
    except PaydeskError as error:
        return error


@pytest.mark.parametrize(
    ("name", "believed"),
    [
        ("create a session", OF_ANOTHER_ORDER | {"id_of_another"}),
        ("retrieve a session", OF_ANOTHER_ORDER | UNREADABLE_CARD),
        ("create an intent", OF_ANOTHER_ORDER | {"id_of_another"}),
        ("retrieve an intent", OF_ANOTHER_ORDER | UNREADABLE_CARD),
        ("create a refund", OF_ANOTHER_ORDER | {"id_of_another"}),
        ("list refunds", OF_ANOTHER_ORDER | {"id_of_another", "duplicate_keys"}),
    ],
)
def test_an_answer_that_stripe_would_not_send_is_not_believed(
    calls: dict[str, Call], sandbox: Sandbox, name: str, believed: set[str]
) -> None:
    landed, refused = set(), set()
    for number, malformation in enumerate(MALFORMED):
        fault = sandbox.faults.malform(malformation)
        outcome = outcome_of(calls[name], number)
        if isinstance(outcome, PaydeskError):
            assert isinstance(outcome, GatewayUnreadable | OutcomeUnknown), malformation
            tells_nothing(outcome)
            refused.add(malformation)
        if fault.landed:
            landed.add(malformation)
            if malformation in UNREADABLE_CARD:
                assert isinstance(outcome, StripeSession | StripeIntent)
                assert outcome.card is None
        fault.cancel()
    assert len(refused) >= 20
    assert refused <= landed
    assert landed - refused <= believed
