"""A Checkout Session and its positions as the JSON that Stripe answers."""

from typing import Any

from services.sandbox.objects import CheckoutSession, LineItem

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


def render_session(session: CheckoutSession) -> Json:
    """A session as its retrieval shows it. https://docs.stripe.com/api/checkout/sessions/object"""
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
