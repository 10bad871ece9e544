"""Payment intents, the attempts to pay them, and refunds.

Source of the states: https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from typing import Any

from services.sandbox.cards import TOKENS, Card, authentication_required, card_of, charge
from services.sandbox.errors import AuthenticationNeeded, CardRefused, Refused
from services.sandbox.objects import Charge, Customer, PaymentIntent, PaymentMethod, Refund
from services.sandbox.responses import render
from services.sandbox.rules import check_amount, check_currency, check_metadata
from services.sandbox.state import State, new_id

_CONFIRMABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})


def new_intent(state: State, *, amount_cents: int, currency: str, **fields: Any) -> PaymentIntent:
    """Add a payment intent, with more of its fields by name."""
    identifier = new_id("pi_")
    intent = PaymentIntent(
        id=identifier,
        created=state.now(),
        amount_cents=amount_cents,
        currency=currency,
        client_secret=new_id(f"{identifier}_secret_"),
        **fields,
    )
    state.add(intent)
    state.happened("payment_intent.created", intent)
    return intent


def new_method(state: State, card: Card, *, email: str | None = None) -> PaymentMethod:
    """Add a payment method for a card, attached to nobody."""
    return state.add(PaymentMethod(id=new_id("pm_"), created=state.now(), card=card, email=email))


def attach(state: State, method: PaymentMethod, customer: Customer) -> None:
    """Keep a card for a customer's later charges."""
    if method.customer_id not in (None, customer.id):
        raise Refused("The payment method you provided has already been attached to a customer.")
    if method.customer_id is None:
        method.customer_id = customer.id
        state.happened("payment_method.attached", method)


def method_of(state: State, identifier: str) -> PaymentMethod:
    """The payment method with an id, or a new one for a test token such as `pm_card_visa`."""
    if identifier in TOKENS:
        return new_method(state, card_of(TOKENS[identifier]))
    return state.get(PaymentMethod, identifier, param="payment_method")


def authorize(
    state: State,
    intent: PaymentIntent,
    method: PaymentMethod,
    *,
    off_session: bool = False,
    error_on_requires_action: bool = False,
    authenticated: bool = False,
) -> bool:
    """Ask a card's bank to pay an intent: True once it agrees, and `succeed` may follow.

    False leaves the intent in `requires_action`: its customer has to authenticate first. Raises CardRefused, with
    the intent in its details, when the bank declines; the intent then waits for another card.
    """
    saved = method.customer_id is not None
    try:
        charge(method.card, off_session=off_session, saved=saved, authenticated=authenticated)
    except AuthenticationNeeded:
        if error_on_requires_action:
            raise failed(state, intent, method, authentication_required()) from None
        intent.payment_method_id = method.id
        intent.status = "requires_action"
        state.happened("payment_intent.requires_action", intent)
        return False
    except CardRefused as refusal:
        raise failed(state, intent, method, refusal) from None
    return True


def succeed(state: State, intent: PaymentIntent, method: PaymentMethod) -> None:
    """Settle an intent that the bank agreed to, and keep the card where that was asked for."""
    intent.status = "succeeded"
    intent.payment_method_id = method.id
    intent.failure = None
    charged = state.add(Charge(id=new_id("ch_"), created=state.now(), intent=intent, method=method))
    intent.charge_id = charged.id
    if intent.setup_future_usage is not None and intent.customer_id is not None:
        attach(state, method, state.get(Customer, intent.customer_id))
    state.happened("charge.succeeded", charged)
    state.happened("payment_intent.succeeded", intent)


def failed(state: State, intent: PaymentIntent, method: PaymentMethod, refusal: CardRefused) -> CardRefused:
    """Note a failed attempt on its intent; returns the refusal with the intent in its details."""
    intent.status = "requires_payment_method"
    intent.payment_method_id = None
    error = dict(refusal.body()["error"])
    intent.failure = error | {"payment_method": render(method)}
    state.happened("payment_intent.payment_failed", intent)
    refusal.details |= {"payment_intent": render(intent), "payment_method": render(method)}
    return refusal


def create_intent(state: State, parameters: dict[str, Any]) -> PaymentIntent:
    """Create a payment intent, and confirm it at once where `confirm` says so.

    Source: https://docs.stripe.com/api/payment_intents/create
    """
    amount_cents, currency = parameters["amount"], parameters["currency"]
    check_currency(currency, param="currency")
    check_amount(amount_cents, currency, what="Amount", zero_allowed=False, param="amount")
    check_metadata(parameters.get("metadata"), param="metadata")
    confirm = parameters.get("confirm", False)
    for name in ("off_session", "error_on_requires_action"):
        if name in parameters and not confirm:
            raise Refused(f"You can only use `{name}` when `confirm` is true.", param=name)
    customer_id = parameters.get("customer")
    if customer_id is not None:
        state.get(Customer, customer_id, param="customer")
    method = method_of(state, parameters["payment_method"]) if "payment_method" in parameters else None
    if method is not None:
        _check_owner(method, customer_id)
    intent = new_intent(
        state,
        amount_cents=amount_cents,
        currency=currency,
        customer_id=customer_id,
        payment_method_id=None if method is None else method.id,
        status="requires_payment_method" if method is None else "requires_confirmation",
        setup_future_usage=parameters.get("setup_future_usage"),
        description=parameters.get("description"),
        metadata=dict(parameters.get("metadata") or {}),
    )
    return confirm_intent(state, intent, parameters) if confirm else intent


def confirm_intent(state: State, intent: PaymentIntent, parameters: dict[str, Any]) -> PaymentIntent:
    """Confirm a payment intent with the card it has or is given.

    A charge with `off_session` that would need its customer is declined with `authentication_required`. Raises
    CardRefused when the card does not pay, and Refused when the intent cannot be confirmed.
    Source: https://docs.stripe.com/api/payment_intents/confirm
    """
    if intent.status not in _CONFIRMABLE:
        sentence = f"This PaymentIntent's status is {intent.status}, so you cannot confirm it."
        details = {"payment_intent": render(intent)}
        raise Refused(sentence, code="payment_intent_unexpected_state", details=details)
    method_id = parameters.get("payment_method", intent.payment_method_id)
    if method_id is None:
        sentence = "You cannot confirm this PaymentIntent because it's missing a payment method."
        raise Refused(sentence, code="payment_intent_unexpected_state")
    method = method_of(state, method_id)
    _check_owner(method, intent.customer_id)
    intent.setup_future_usage = parameters.get("setup_future_usage") or intent.setup_future_usage
    approved = authorize(
        state,
        intent,
        method,
        off_session=bool(parameters.get("off_session", False)),
        error_on_requires_action=parameters.get("error_on_requires_action", False),
    )
    if approved:
        succeed(state, intent, method)
    return intent


def _check_owner(method: PaymentMethod, customer_id: str | None) -> None:
    if method.customer_id is not None and method.customer_id != customer_id:
        sentence = (
            "The PaymentMethod you provided is attached to a customer, so its customer must be the one of the "
            "PaymentIntent."
        )
        raise Refused(sentence, param="payment_method")


def create_refund(state: State, parameters: dict[str, Any]) -> Refund:
    """Give money back. Raises Refused for more than is left of the charge.

    Source: https://docs.stripe.com/api/refunds/create
    """
    charged = _refunded_charge(state, parameters)
    intent = charged.intent
    check_metadata(parameters.get("metadata"), param="metadata")
    left_cents = intent.amount_cents - intent.refunded_cents
    if left_cents == 0:
        raise Refused(f"Charge {charged.id} has already been refunded.", code="charge_already_refunded")
    amount_cents = parameters.get("amount", left_cents)
    if not 0 < amount_cents <= left_cents:
        sentence = f"Refund amount ({amount_cents}) is not between 1 and the unrefunded amount ({left_cents})."
        raise Refused(sentence, param="amount")
    intent.refunded_cents += amount_cents
    refund = Refund(
        id=new_id("re_"),
        created=state.now(),
        amount_cents=amount_cents,
        currency=intent.currency,
        payment_intent_id=intent.id,
        charge_id=charged.id,
        reason=parameters.get("reason"),
        metadata=dict(parameters.get("metadata") or {}),
    )
    state.add(refund)
    state.happened("refund.created", refund)
    state.happened("charge.refunded", charged)
    return refund


def fail_refund(state: State, refund: Refund) -> None:
    """Have a refund that succeeded at first fail after all: its money is the merchant's again.

    Raises Refused for one that failed before. Source: https://docs.stripe.com/refunds#failed-refunds
    """
    if refund.status == "failed":
        raise Refused(f"The refund {refund.id} has failed already.")
    refund.status, refund.failure_reason = "failed", "lost_or_stolen_card"
    state.get(PaymentIntent, refund.payment_intent_id).refunded_cents -= refund.amount_cents
    state.happened("refund.failed", refund)


def _refunded_charge(state: State, parameters: dict[str, Any]) -> Charge:
    if "payment_intent" not in parameters:
        if "charge" not in parameters:
            sentence = "One of the following params should be provided for this request: payment_intent or charge."
            raise Refused(sentence)
        return state.get(Charge, parameters["charge"], param="charge")
    intent = state.get(PaymentIntent, parameters["payment_intent"], param="payment_intent")
    if intent.charge_id is None:
        raise Refused(f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.")
    return state.get(Charge, intent.charge_id)
