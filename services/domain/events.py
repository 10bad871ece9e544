"""Events: Stripe's own record of what happened, read where no webhook can reach."""

from dataclasses import dataclass
from datetime import datetime, timedelta

EVENTS_REACH = timedelta(days=30)
"""How far back Stripe lists events. Source: https://docs.stripe.com/api/events/list"""

EVENTS_OVERLAP = timedelta(minutes=10)
"""How much is read again. Stripe orders events by a clock of whole seconds, and lists some of them late."""

EVENT_TYPES = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
)
"""The events that can concern an order."""


@dataclass(frozen=True)
class StripeEvent:
    """Something that happened to a session or a payment. It says where to look, and is never believed by itself.

    `created_at` is in UTC and in whole seconds. `session_id` and `payment_intent_id` name what it happened to.
    """

    id: str
    type: str
    created_at: datetime
    session_id: str | None
    payment_intent_id: str | None
