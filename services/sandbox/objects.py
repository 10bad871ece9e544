"""The objects of the sandbox. Amounts are in minor units, times are whole seconds since the epoch, in UTC."""

from dataclasses import dataclass, field
from typing import Any

from services.sandbox.cards import Card


@dataclass
class Customer:
    """https://docs.stripe.com/api/customers/object"""

    id: str
    created: int
    email: str | None = None
    name: str | None = None
    description: str | None = None
    default_method_id: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class PaymentMethod:
    """A card as a customer gave it. https://docs.stripe.com/api/payment_methods/object"""

    id: str
    created: int
    card: Card
    email: str | None = None
    customer_id: str | None = None


@dataclass
class PaymentIntent:
    """One wish to be paid, through all its attempts. https://docs.stripe.com/api/payment_intents/object

    `failure` is Stripe's `last_payment_error`; `charge_id` names the charge once there is one.
    """

    id: str
    created: int
    amount_cents: int
    currency: str
    client_secret: str
    status: str = "requires_payment_method"
    customer_id: str | None = None
    payment_method_id: str | None = None
    setup_future_usage: str | None = None
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    failure: dict[str, Any] | None = None
    charge_id: str | None = None
    refunded_cents: int = 0


@dataclass
class Charge:
    """The money that an intent moved, and back. https://docs.stripe.com/api/charges/object"""

    id: str
    created: int
    intent: PaymentIntent
    method: PaymentMethod


@dataclass
class Refund:
    """https://docs.stripe.com/api/refunds/object"""

    id: str
    created: int
    amount_cents: int
    currency: str
    payment_intent_id: str
    charge_id: str
    reason: str | None
    metadata: dict[str, str]
    status: str = "succeeded"
    failure_reason: str | None = None


@dataclass(frozen=True)
class LineItem:
    """One position of a checkout. https://docs.stripe.com/api/checkout/sessions/line_items"""

    id: str
    price_id: str
    product_id: str
    name: str
    currency: str
    unit_amount_cents: int
    quantity: int

    @property
    def amount_cents(self) -> int:
        """What the position costs before any discount."""
        return self.unit_amount_cents * self.quantity


@dataclass
class CheckoutSession:
    """https://docs.stripe.com/api/checkout/sessions/object

    `request` holds the parameters that the session was created with, as Stripe repeats them. `intent_id` is set
    by the first attempt to pay, while the API names a payment intent only once the session is complete.
    """

    id: str
    created: int
    expires_at: int
    page_url: str
    currency: str
    line_items: tuple[LineItem, ...]
    request: dict[str, Any]
    status: str = "open"
    payment_status: str = "unpaid"
    discount_cents: int = 0
    customer_id: str | None = None
    email: str | None = None
    intent_id: str | None = None

    @property
    def subtotal_cents(self) -> int:
        """The sum of the positions."""
        return sum(item.amount_cents for item in self.line_items)

    @property
    def total_cents(self) -> int:
        """What the customer pays, after a promotion code."""
        return self.subtotal_cents - self.discount_cents

    @property
    def saves_card(self) -> bool:
        """Whether the card is kept for later charges."""
        return bool(self.request.get("payment_intent_data", {}).get("setup_future_usage"))


@dataclass(frozen=True)
class Event:
    """Something that happened, with its object as it was then. https://docs.stripe.com/api/events/object"""

    id: str
    created: int
    type: str
    snapshot: dict[str, Any]


StripeThing = Customer | PaymentMethod | PaymentIntent | Charge | Refund | CheckoutSession | Event
"""Whatever has an id of its own."""
