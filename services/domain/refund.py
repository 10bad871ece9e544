"""Refunds: money that goes back to the card, and the credit that goes with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class RefundStatus(StrEnum):
    """Where a refund stands. CREATED: its request is stored and Stripe's answer to it is not known yet.

    DONE: Stripe has it, whether it is with the bank still or with the customer. FAILED: no money went back.
    """

    CREATED = "created"
    DONE = "done"
    FAILED = "failed"


class RefundOrigin(StrEnum):
    """Where a refund was made: at this desk, or in Stripe's dashboard."""

    DESK = "desk"
    STRIPE = "stripe"


@dataclass(frozen=True)
class Refund:
    """One refund of an order: the exact request for Stripe with its key, and the outcome. Amounts are in cents.

    `credit_cents` is what it takes back from the balance; `transaction_id` names the entry that did. `reference` is in
    the metadata of Stripe's refund. Times are in UTC.
    """

    id: int
    order_id: int
    amount_cents: int
    credit_cents: int
    reason: str
    origin: RefundOrigin
    status: RefundStatus
    status_reason: str | None
    reference: str
    idempotency_key: str
    request: Mapping[str, Any]
    stripe_key: str | None
    stripe_refund_id: str | None
    transaction_id: int | None
    actor: str
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True)
class StripeRefund:
    """What Stripe says of a refund. `reference` is the one that this desk gave it; None for a dashboard's.

    `status` is `pending`, `requires_action`, `succeeded`, `failed` or `canceled`.
    Source: https://docs.stripe.com/api/refunds/object
    """

    id: str
    amount_cents: int
    currency: str
    status: str
    payment_intent_id: str
    reference: str | None
    failure_reason: str | None

    @property
    def failed(self) -> bool:
        """Whether no money goes back by this refund."""
        return self.status in ("failed", "canceled")


def credit_taken_back(refunded_cents: int, paid_cents: int, credited_cents: int, taken_cents: int) -> int:
    """The credit that goes with a refund after which `refunded_cents` of `paid_cents` are back, in cents.

    In proportion to the money, rounded half up on the sum of all refunds, less the `taken_cents` that the others took:
    whichever of them failed in between, the cents never exceed the credit of the order, and are exactly that once all
    of it is refunded.
    """
    due_cents = (credited_cents * refunded_cents * 2 + paid_cents) // (paid_cents * 2)
    return max(due_cents - taken_cents, 0)


def refund_request(payment_intent_id: str, amount_cents: int, *, order_id: int, reference: str) -> dict[str, Any]:
    """The exact parameters for creating a refund.

    Source: https://docs.stripe.com/api/refunds/create
    """
    return {
        "payment_intent": payment_intent_id,
        "amount": amount_cents,
        "metadata": {"order_id": str(order_id), "reference": reference},
    }
