"""From the sandbox's objects to the JSON that Stripe answers, field by field as the API documents them."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, assert_never

from services.sandbox.checkout_response import render_line_item, render_session
from services.sandbox.objects import (
    Charge,
    CheckoutSession,
    Customer,
    Event,
    PaymentIntent,
    PaymentMethod,
    Refund,
    StripeThing,
)

API_VERSION = "2026-10-28.endive"
"""What the sandbox answers as `Stripe-Version` to a client that names none."""

Json = dict[str, Any]


def render(thing: StripeThing) -> Json:
    """The JSON of an object, with nothing expanded."""
    match thing:
        case Customer():
            return _customer(thing)
        case PaymentMethod():
            return _payment_method(thing)
        case PaymentIntent():
            return _payment_intent(thing)
        case Charge():
            return _charge(thing)
        case Refund():
            return _refund(thing)
        case CheckoutSession():
            return render_session(thing)
        case Event():
            return _event(thing)
    assert_never(thing)


def render_list(url: str, data: Sequence[Json], *, has_more: bool) -> Json:
    """One page of a list. https://docs.stripe.com/api/pagination"""
    return {"object": "list", "url": url, "has_more": has_more, "data": list(data)}


def render_line_items(session: CheckoutSession) -> Json:
    """A session's positions as the list that `expand[]=line_items` shows."""
    url = f"/v1/checkout/sessions/{session.id}/line_items"
    return render_list(url, [render_line_item(item) for item in session.line_items], has_more=False)


def render_account(account_id: str, created: int) -> Json:
    """The account that the key belongs to. https://docs.stripe.com/api/accounts/object"""
    return {
        "id": account_id,
        "object": "account",
        "business_profile": {"name": "Sandbox", "url": None},
        "charges_enabled": True,
        "country": "US",
        "created": created,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "sandbox@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Sandbox", "timezone": "Etc/UTC"}},
        "type": "standard",
    }


def _customer(customer: Customer) -> Json:
    return {
        "id": customer.id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": customer.created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": customer.description,
        "email": customer.email,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": customer.default_method_id,
            "footer": None,
        },
        "livemode": False,
        "metadata": dict(customer.metadata),
        "name": customer.name,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
    }


def _payment_method(method: PaymentMethod) -> Json:
    return {
        "id": method.id,
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": {"address": None, "email": method.email, "name": None, "phone": None},
        "card": _card(method),
        "created": method.created,
        "customer": method.customer_id,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def _card(method: PaymentMethod) -> Json:
    return {
        "brand": method.card.brand,
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "funding": "credit",
        "last4": method.card.last4,
    }


def _payment_intent(intent: PaymentIntent) -> Json:
    paid = intent.status == "succeeded"
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount_cents,
        "amount_capturable": 0,
        "amount_received": intent.amount_cents if paid else 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.customer_id,
        "description": intent.description,
        "last_payment_error": intent.failure,
        "latest_charge": intent.charge_id,
        "livemode": False,
        "metadata": dict(intent.metadata),
        "next_action": {"type": "use_stripe_sdk"} if intent.status == "requires_action" else None,
        "payment_method": intent.payment_method_id,
        "payment_method_types": ["card"],
        "receipt_email": None,
        "setup_future_usage": intent.setup_future_usage,
        "shipping": None,
        "status": intent.status,
    }


def _charge(charge: Charge) -> Json:
    intent = charge.intent
    return {
        "id": charge.id,
        "object": "charge",
        "amount": intent.amount_cents,
        "amount_captured": intent.amount_cents,
        "amount_refunded": intent.refunded_cents,
        "captured": True,
        "created": charge.created,
        "currency": intent.currency,
        "customer": intent.customer_id,
        "description": intent.description,
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": dict(intent.metadata),
        "paid": True,
        "payment_intent": intent.id,
        "payment_method": charge.method.id,
        "payment_method_details": {"card": _card(charge.method), "type": "card"},
        "refunded": intent.refunded_cents == intent.amount_cents,
        "status": "succeeded",
    }


def _refund(refund: Refund) -> Json:
    failure = {} if refund.failure_reason is None else {"failure_reason": refund.failure_reason}
    return failure | {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount_cents,
        "charge": refund.charge_id,
        "created": refund.created,
        "currency": refund.currency,
        "metadata": dict(refund.metadata),
        "payment_intent": refund.payment_intent_id,
        "reason": refund.reason,
        "status": refund.status,
    }


def _event(event: Event) -> Json:
    return {
        "id": event.id,
        "object": "event",
        "api_version": API_VERSION,
        "created": event.created,
        "data": {"object": deepcopy(event.snapshot)},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": event.type,
    }
