"""Checkouts: orders, the request Stripe is sent, and what Stripe's answer means for an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, assert_never

from services.domain.card import Card
from services.domain.ledger import TransactionKind
from services.domain.money import MAX_CHARGE_CENTS, MIN_CHARGE_CENTS, format_cents
from services.domain.pricing import PriceMode
from services.domain.quote import PriceCalculation, Step


class OrderPurpose(StrEnum):
    """What an order pays for; the value is Stripe's metadata `purchase_type`."""

    INITIAL_ACCESS = "initial_access"
    TOP_UP = "top_up"

    @property
    def transaction_kind(self) -> TransactionKind:
        """The kind of the ledger entry that the paid order makes."""
        return TransactionKind.PURCHASE if self is OrderPurpose.INITIAL_ACCESS else TransactionKind.TOP_UP


class Channel(StrEnum):
    """How an order is paid: on Stripe's page by the customer, or by their saved card while they are away."""

    CHECKOUT = "checkout"
    SAVED_CARD = "saved_card"


class OrderStatus(StrEnum):
    """Where an order stands. CREATED: its request is stored and Stripe's answer to it is not known yet."""

    CREATED = "created"
    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    FAILED = "failed"
    NEEDS_REVIEW = "needs_review"


WAITING = frozenset({OrderStatus.CREATED, OrderStatus.OPEN})
"""The states of an order that waits for an answer of Stripe's or for its customer."""

UNSETTLED = WAITING | {OrderStatus.NEEDS_REVIEW}
"""The states in which asking Stripe may move an order on. One that needs a review settles if it adds up after all."""


@dataclass(frozen=True)
class OrderDraft:
    """The snapshot of what an order was quoted, taken once and never changed. Amounts are in cents.

    `credit_cents` is what the paid order credits; None: exactly what was paid. `steps` are those of the quote.
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
    channel: Channel = Channel.CHECKOUT
    steps: tuple[Step, ...] = ()

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
            steps=price.steps,
        )

    @classmethod
    def top_up(
        cls,
        account_id: int,
        amount_cents: int,
        *,
        currency: str,
        livemode: bool,
        channel: Channel = Channel.CHECKOUT,
    ) -> Self:
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
            channel=channel,
        )

    def credit_for(self, paid_cents: int) -> int:
        """What the order credits, in cents, when `paid_cents` arrived."""
        return paid_cents if self.credit_cents is None else self.credit_cents


@dataclass(frozen=True)
class Order:
    """One order: its snapshot, the exact request for Stripe with its key, and the outcome. Times are in UTC.

    `reference` is Stripe's `client_reference_id`, or is in the metadata of a charge. `stripe_key` marks the key in use
    when the request was made. `status_reason` says why the order stands where it stands, `decline_code` why a card was
    not charged, in Stripe's word.
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
    stripe_key: str | None = None
    decline_code: str | None = None
    refunded_cents: int = 0

    @property
    def refundable_cents(self) -> int:
        """What can still go back to the card, in cents; 0 where nothing was charged."""
        return (self.paid_cents or 0) - self.refunded_cents


@dataclass(frozen=True)
class StripeSession:
    """What Stripe says of a Checkout Session. Amounts are in cents, `expires_at` is in UTC.

    `amount_total_cents` is what the customer pays, after `amount_discount_cents` of Stripe's own promotion codes.
    `card` is the one that paid and was kept; `refunded_cents` went back to it, wherever that was asked for.
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
    card: Card | None = None
    refunded_cents: int = 0


@dataclass(frozen=True)
class StillOpen:
    """Stripe has not decided yet: the session waits for its customer, or a charge for the bank."""


@dataclass(frozen=True)
class Expired:
    """The session ended unpaid: nothing can be paid on it any more."""


@dataclass(frozen=True)
class Paid:
    """Stripe has the money: `paid_cents` arrived, Stripe's own promotion took `promotion_cents` off."""

    paid_cents: int
    promotion_cents: int


@dataclass(frozen=True)
class Declined:
    """The card was not charged: `code` is Stripe's word for why, `reason` the sentence."""

    code: str
    reason: str


@dataclass(frozen=True)
class NeedsReview:
    """What Stripe has does not add up with the order; `reason` is for the person who decides."""

    reason: str


Verdict = StillOpen | Expired | Paid | Declined | NeedsReview


def judge(order: Order, session: StripeSession) -> StillOpen | Expired | Paid | NeedsReview:
    """What a freshly retrieved session means for its order. A status `complete` alone is not paid."""
    due_cents = order.draft.total_cents - session.amount_discount_cents
    different = differences(
        order,
        currency=session.currency,
        livemode=session.livemode,
        reference=session.client_reference_id,
        amount_cents=session.amount_total_cents,
        due_cents=due_cents,
    )
    if different is not None:
        return different
    if session.status == "expired":
        return Expired()
    match session.payment_status:
        case "paid":
            return Paid(session.amount_total_cents, session.amount_discount_cents)
        case "no_payment_required" if session.status == "complete" and due_cents == 0:
            return Paid(0, session.amount_discount_cents)
        case _:
            return StillOpen()


def differences(
    order: Order, *, currency: str, livemode: bool, reference: str | None, amount_cents: int, due_cents: int
) -> NeedsReview | None:
    """What Stripe has that the order has not, by name; None where they agree."""
    found = [
        f"{name}: Stripe has {theirs}, the order has {ours}"
        for name, theirs, ours in (
            ("currency", currency, order.draft.currency),
            ("live mode", livemode, order.draft.livemode),
            ("reference", reference, order.reference),
            ("amount", format_cents(amount_cents), format_cents(due_cents)),
        )
        if theirs != ours
    ]
    return NeedsReview("; ".join(found)) if found else None


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
