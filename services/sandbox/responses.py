"""From the sandbox's objects to the JSON that Stripe answers, field by field as the API documents them."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, assert_never

from services.sandbox.objects import (
    CheckoutSession,
    Customer,
    Event,
    LineItem,
    PaymentIntent,
    PaymentMethod,
    Refund,
    StripeThing,
)

API_VERSION = "2026-10-28.endive"
"""What the sandbox answers as `Stripe-Version` to a client that names none."""

Json = dict[str, Any]

_REPEATED = (
    "after_expiration",
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "customer_email",
    "invoice_creation",
    "locale",
    "mode",
    "phone_number_collection",
    "return_url",
    "submit_type",
    "success_url",
)
"""The session's fields that repeat a parameter of its creation, or are null."""


def render(thing: StripeThing) -> Json:
    """The JSON of an object, with nothing expanded."""
    match thing:
        case Customer():
            return _customer(thing)
        case PaymentMethod():
            return _payment_method(thing)
        case PaymentIntent():
            return _payment_intent(thing)
        case Refund():
            return _refund(thing)
        case CheckoutSession():
            return _session(thing)
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


def render_line_item(item: LineItem) -> Json:
    """One position of a session."""
    return {
        "id": item.id,
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": item.amount_cents,
        "amount_tax": 0,
        "amount_total": item.amount_cents,
        "currency": item.currency,
        "description": item.name,
        "price": {
            "id": item.price_id,
            "object": "price",
            "active": False,
            "currency": item.currency,
            "livemode": False,
            "metadata": {},
            "product": item.product_id,
            "recurring": None,
            "type": "one_time",
            "unit_amount": item.unit_amount_cents,
            "unit_amount_decimal": str(item.unit_amount_cents),
        },
        "quantity": item.quantity,
    }


def render_charge(intent: PaymentIntent) -> Json:
    """The charge behind a paid intent. https://docs.stripe.com/api/charges/object"""
    return {
        "id": intent.charge_id,
        "object": "charge",
        "amount": intent.amount_cents,
        "amount_captured": intent.amount_cents,
        "amount_refunded": intent.refunded_cents,
        "captured": True,
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.customer_id,
        "description": intent.description,
        "livemode": False,
        "metadata": dict(intent.metadata),
        "paid": True,
        "payment_intent": intent.id,
        "payment_method": intent.payment_method_id,
        "refunded": intent.refunded_cents == intent.amount_cents,
        "status": "succeeded",
    }


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
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None},
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
        "card": {
            "brand": method.card.brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "funding": "credit",
            "last4": method.card.last4,
        },
        "created": method.created,
        "customer": method.customer_id,
        "livemode": False,
        "metadata": {},
        "type": "card",
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


def _refund(refund: Refund) -> Json:
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount_cents,
        "charge": refund.charge_id,
        "created": refund.created,
        "currency": refund.currency,
        "metadata": dict(refund.metadata),
        "payment_intent": refund.payment_intent_id,
        "reason": refund.reason,
        "status": "succeeded",
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


def _session(session: CheckoutSession) -> Json:
    request = session.request
    # Since 2022 the payment intent is created when the customer confirms, so an open session names none:
    # https://docs.stripe.com/changelog#2022-08-01
    intent_id = session.intent_id if session.status == "complete" else None
    return {name: request.get(name) for name in _REPEATED} | {
        "id": session.id,
        "object": "checkout.session",
        "amount_subtotal": session.subtotal_cents,
        "amount_total": session.total_cents,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "client_secret": None,
        "created": session.created,
        "currency": session.currency,
        "custom_fields": [],
        "custom_text": {"after_submit": None, "shipping_address": None, "submit": None},
        "customer": session.customer_id,
        "customer_creation": None if "customer" in request else request.get("customer_creation", "if_required"),
        "customer_details": _customer_details(session),
        "discounts": [],
        "expires_at": session.expires_at,
        "invoice": None,
        "livemode": False,
        "metadata": dict(request.get("metadata", {})),
        "payment_intent": intent_id,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": session.payment_status,
        "recovered_from": None,
        "setup_intent": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": session.status,
        "subscription": None,
        "total_details": {"amount_discount": session.discount_cents, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": session.page_url if session.status == "open" else None,
    }


def _customer_details(session: CheckoutSession) -> Json | None:
    if session.email is None:
        return None
    return {
        "address": None,
        "email": session.email,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
