"""A saved card: what may be known and shown of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A card that Stripe keeps for a customer, by its id there. Never its number.

    `brand` is Stripe's word for it (`visa`), `exp_month` is 1 to 12 and `exp_year` has four digits.
    Source: https://docs.stripe.com/api/payment_methods/object
    """

    payment_method_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int

    @property
    def expiry(self) -> str:
        """When it expires, as it is printed on the card: `"11/27"`."""
        return f"{self.exp_month:02d}/{self.exp_year % 100:02d}"


@dataclass(frozen=True)
class SavedCard:
    """An account's card, and the customer at Stripe that it is kept for, in live or in test mode."""

    account_id: int
    stripe_customer_id: str
    livemode: bool
    card: Card
