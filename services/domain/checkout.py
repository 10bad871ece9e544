"""Checkouts: orders, the request Stripe is sent, and what Stripe's answer means for an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, assert_never

from services.domain.ledger import TransactionKind
from services.domain.money import MAX_CHARGE_CENTS, MIN_CHARGE_CENTS, format_cents
from services.domain.pricing import PriceCalculation, PriceMode


class OrderPurpose(StrEnum):
    """What an order pays for; the value is Stripe's metadata `purchase_type`."""

    INITIAL_ACCESS = "initial_access"
    TOP_UP = "top_up"

    @property
    def transaction_kind(self) -> TransactionKind:
        """The kind of the ledger entry that the paid order makes."""
        return TransactionKind.PURCHASE if self is OrderPurpose.INITIAL_ACCESS else TransactionKind.TOP_UP


class OrderStatus(StrEnum):
    """Where an order stands. CREATED: its request is stored and Stripe's answer to it is not known yet."""

    CREATED = "created"
    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    FAILED = "failed"
    NEEDS_REVIEW = "needs_review"


UNSETTLED = frozenset({OrderStatus.CREATED, OrderStatus.OPEN})
"""The states in which asking Stripe may move an order on."""


@dataclass(frozen=True)
class OrderDraft:
    """The snapshot of what an order was quoted, taken once and never changed. Amounts are in cents.

    `credit_cents` is what the paid order credits; None: exactly what was paid.
    """

    account_id: int
    purpose: OrderPurpose
    currency: str
    livemode: bool
    price_version: int | None
    price_mode: PriceMode | None
    base_cents: int
    discount_code: str | None
    discount_cents: int
    total_cents: int
    credit_cents: int | None

    @classmethod
    def initial_access(
        cls, account_id: int, price: PriceCalculation, *, currency: str, livemode: bool, credit_cents: int | None
    ) -> Self:
        """The initial purchase at a quoted price."""
        return cls(
            account_id=account_id,
            purpose=OrderPurpose.INITIAL_ACCESS,
            currency=currency,
            livemode=livemode,
            price_version=price.price_version,
            price_mode=price.price_mode,
            base_cents=price.base_price_cents,
            discount_code=price.discount_code_applied,
            discount_cents=price.discount_cents,
            total_cents=price.final_price_cents,
            credit_cents=credit_cents,
        )

    @classmethod
    def top_up(cls, account_id: int, amount_cents: int, *, currency: str, livemode: bool) -> Self:
        """A top-up, which credits what it costs."""
        return cls(
            account_id=account_id,
            purpose=OrderPurpose.TOP_UP,
            currency=currency,
            livemode=livemode,
            price_version=None,
            price_mode=None,
            base_cents=amount_cents,
            discount_code=None,
            discount_cents=0,
            total_cents=amount_cents,
            credit_cents=amount_cents,
        )

    def credit_for(self, paid_cents: int) -> int:
        """What the order credits, in cents, when `paid_cents` arrived."""
        return paid_cents if self.credit_cents is None else self.credit_cents


@dataclass(frozen=True)
class Order:
    """One checkout: its snapshot, the exact request for Stripe with its key, and the outcome. Times are in UTC.

    `reference` is Stripe's `client_reference_id`. `status_reason` says why the order stands where it stands.
    """

    id: int
    draft: OrderDraft
    status: OrderStatus
    status_reason: str | None
    reference: str
    idempotency_key: str
    request: Mapping[str, Any]
    session_id: str | None
    checkout_url: str | None
    expires_at: datetime | None
    stripe_customer_id: str | None
    payment_intent_id: str | None
    paid_cents: int | None
    promotion_cents: int
    actor: str
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True)
class StripeSession:
    """What Stripe says of a Checkout Session. Amounts are in cents, `expires_at` is in UTC.

    `amount_total_cents` is what the customer pays, after `amount_discount_cents` of Stripe's own promotion codes.
    Source: https://docs.stripe.com/api/checkout/sessions/object
    """

    id: str
    url: str | None
    status: str
    payment_status: str
    amount_total_cents: int
    amount_discount_cents: int
    currency: str
    livemode: bool
    client_reference_id: str | None
    customer_id: str | None
    payment_intent_id: str | None
    expires_at: datetime


@dataclass(frozen=True)
class StillOpen:
    """The session waits for its customer."""


@dataclass(frozen=True)
class Expired:
    """The session ended unpaid: nothing can be paid on it any more."""


@dataclass(frozen=True)
class Paid:
    """The session is paid: `paid_cents` arrived, Stripe's own promotion took `promotion_cents` off."""

    paid_cents: int
    promotion_cents: int


@dataclass(frozen=True)
class NeedsReview:
    """The session does not add up with the order; `reason` is for the person who decides."""

    reason: str


Verdict = StillOpen | Expired | Paid | NeedsReview


def judge(order: Order, session: StripeSession) -> Verdict:
    """What a freshly retrieved session means for its order. A status `complete` alone is not paid."""
    if session.status == "expired":
        return Expired()
    draft = order.draft
    due = draft.total_cents - session.amount_discount_cents
    differences = [
        f"{name}: Stripe has {theirs}, the order has {ours}"
        for name, theirs, ours in (
            ("currency", session.currency, draft.currency),
            ("live mode", session.livemode, draft.livemode),
            ("reference", session.client_reference_id, order.reference),
            ("amount", format_cents(session.amount_total_cents), format_cents(due)),
        )
        if theirs != ours
    ]
    if differences:
        return NeedsReview("; ".join(differences))
    match session.payment_status:
        case "paid":
            return Paid(session.amount_total_cents, session.amount_discount_cents)
        case "no_payment_required" if session.status == "complete" and due == 0:
            return Paid(0, session.amount_discount_cents)
        case _:
            return StillOpen()


def purpose_title(purpose: OrderPurpose, product_name: str) -> str:
    """The name of the line item that the customer sees on Stripe's page."""
    match purpose:
        case OrderPurpose.INITIAL_ACCESS:
            return product_name
        case OrderPurpose.TOP_UP:
            return f"{product_name} credit"
    assert_never(purpose)


def charge_refusal(total_cents: int) -> str | None:
    """Why Stripe would not charge a total, as a sentence; None if it would, and for 0, which needs no charge."""
    if 0 < total_cents < MIN_CHARGE_CENTS:
        return f"Stripe charges nothing below $0.50, and this checkout would be {format_cents(total_cents)}."
    if total_cents > MAX_CHARGE_CENTS:
        return f"Stripe charges nothing above {format_cents(MAX_CHARGE_CENTS)}."
    return None


def checkout_request(
    draft: OrderDraft,
    *,
    order_id: int,
    reference: str,
    product_name: str,
    success_url: str,
    cancel_url: str,
    allow_promotion_codes: bool,
    stripe_customer_id: str | None,
) -> dict[str, Any]:
    """The exact parameters for creating the order's Checkout Session.

    `customer` and `customer_creation` exclude each other. Promotion codes are for the initial purchase only: a
    top-up credits its amount, so nothing may be taken off what it costs.
    Source: https://docs.stripe.com/api/checkout/sessions/create
    """
    request: dict[str, Any] = {
        "mode": "payment",
        "line_items": [
            {
                "price_data": {
                    "currency": draft.currency,
                    "unit_amount": draft.total_cents,
                    "product_data": {"name": purpose_title(draft.purpose, product_name)},
                },
                "quantity": 1,
            }
        ],
        "payment_intent_data": {"setup_future_usage": "off_session"},
        "metadata": {
            "account_id": str(draft.account_id),
            "order_id": str(order_id),
            "purchase_type": draft.purpose.value,
        },
        "client_reference_id": reference,
        "success_url": success_url,
        "cancel_url": cancel_url,
    }
    if draft.purpose is OrderPurpose.INITIAL_ACCESS and allow_promotion_codes:
        request["allow_promotion_codes"] = True
    if stripe_customer_id is None:
        request["customer_creation"] = "always"
    else:
        request["customer"] = stripe_customer_id
    return request
