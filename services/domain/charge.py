"""Charging a saved card while its customer is away: the request Stripe is sent, and what its answer means."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.domain.card import Card, SavedCard
from services.domain.checkout import Declined, NeedsReview, Order, OrderDraft, Paid, StillOpen, differences

AUTHENTICATION_REQUIRED = "authentication_required"
"""The decline code that only the customer can answer, on a page of Stripe's.
Source: https://docs.stripe.com/declines/codes"""


@dataclass(frozen=True)
class StripeIntent:
    """What Stripe says of a payment intent. Amounts are in cents, `created_at` is in UTC.

    `reference` is the order's, from the metadata. `decline_code` and `decline_reason` tell of the last attempt.
    Source: https://docs.stripe.com/api/payment_intents/object
    """

    id: str
    status: str
    amount_cents: int
    received_cents: int
    refunded_cents: int
    currency: str
    livemode: bool
    reference: str | None
    customer_id: str | None
    card: Card | None
    decline_code: str | None
    decline_reason: str | None
    created_at: datetime


def judge_charge(order: Order, intent: StripeIntent) -> StillOpen | Paid | Declined | NeedsReview:
    """What a freshly retrieved payment intent means for its order."""
    different = differences(
        order,
        currency=intent.currency,
        livemode=intent.livemode,
        reference=intent.reference,
        amount_cents=intent.amount_cents,
        due_cents=order.draft.total_cents,
    )
    if different is not None:
        return different
    match intent.status:
        case "succeeded" if intent.received_cents == order.draft.total_cents:
            return Paid(intent.received_cents, 0)
        case "succeeded":
            return NeedsReview("Stripe reports it paid, with another amount received than was asked for.")
        case "requires_payment_method" | "requires_action" | "requires_confirmation" | "canceled":
            return Declined(intent.decline_code or intent.status, intent.decline_reason or "The card was not charged.")
        case _:
            return StillOpen()


def charge_request(
    draft: OrderDraft, saved: SavedCard, *, order_id: int, reference: str, description: str
) -> dict[str, Any]:
    """The exact parameters for charging a saved card at once.

    With `error_on_requires_action` a bank that wants to see the customer declines, and nothing is left hanging.
    Source: https://docs.stripe.com/api/payment_intents/create
    """
    return {
        "amount": draft.total_cents,
        "currency": draft.currency,
        "customer": saved.stripe_customer_id,
        "payment_method": saved.card.payment_method_id,
        "confirm": True,
        "off_session": True,
        "error_on_requires_action": True,
        "description": description,
        "metadata": {
            "account_id": str(draft.account_id),
            "order_id": str(order_id),
            "purchase_type": draft.purpose.value,
            "reference": reference,
        },
    }
