"""What paydesk needs of a payment provider: implemented by the Stripe gateway, and by fakes in tests."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from services.domain.card import Card
from services.domain.charge import StripeIntent
from services.domain.checkout import StripeSession
from services.domain.events import StripeEvent
from services.domain.refund import StripeRefund


class PaymentGateway(Protocol):
    """The calls paydesk makes to Stripe. Every reply is checked before it is returned.

    Each method raises `GatewayRefused` (a definitive no), `GatewayDenied` (wrong key or right), `GatewayUnreadable`
    (a reply against the contract), `TryAgain` (Stripe did nothing and asks for a pause) or `OutcomeUnknown` (no reply,
    or one that leaves open whether it happened). `GatewayDenied` and `TryAgain` leave open what became of the same
    request in an earlier call. Moments are in UTC; lists come newest first.
    """

    @property
    def livemode(self) -> bool:
        """Whether the calls move real money."""
        ...

    @property
    def key_mark(self) -> str:
        """Tells the key in use from another one, without telling the key."""
        ...

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        """Creates the session that `request` describes, or returns the one this key created before."""
        ...

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        """The session as it stands at Stripe now, with its card and what was refunded."""
        ...

    def expire_checkout_session(self, session_id: str) -> StripeSession:
        """Ends an open session, so that it can no longer be paid. `GatewayRefused` where it is over already."""
        ...

    def checkout_sessions(self, first: datetime, last: datetime) -> Iterator[StripeSession]:
        """The sessions created from `first` to `last`, both included; without cards and refunds."""
        ...

    def create_payment_intent(self, request: Mapping[str, Any], idempotency_key: str) -> StripeIntent:
        """Makes the charge that `request` describes, or returns what this key made before.

        Raises `CardDeclined` where the bank did not agree: nothing was charged.
        """
        ...

    def retrieve_payment_intent(self, payment_intent_id: str) -> StripeIntent:
        """The payment intent as it stands at Stripe now, with what was refunded."""
        ...

    def payment_intents(self, stripe_customer_id: str, first: datetime, last: datetime) -> Iterator[StripeIntent]:
        """A customer's payment intents created from `first` to `last`, both included."""
        ...

    def create_refund(self, request: Mapping[str, Any], idempotency_key: str) -> StripeRefund:
        """Makes the refund that `request` describes, or returns the one this key made before."""
        ...

    def refunds(self, payment_intent_id: str) -> Iterator[StripeRefund]:
        """Every refund of a payment, whoever made it."""
        ...

    def events(self, since: datetime) -> Iterator[StripeEvent]:
        """What happened at Stripe from `since` on to sessions, payments and refunds; it reaches back 30 days."""
        ...

    def saved_card(self, stripe_customer_id: str) -> Card | None:
        """The customer's default card, else the one saved last; None without one."""
        ...
