"""What paydesk needs of a payment provider: implemented by the Stripe gateway, and by fakes in tests."""

from collections.abc import Mapping
from typing import Any, Protocol

from services.domain.checkout import StripeSession


class PaymentGateway(Protocol):
    """The calls paydesk makes to Stripe. Every reply is checked before it is returned.

    Each method raises `GatewayRefused` (a definitive no), `GatewayDenied` (wrong key or right), `GatewayUnreadable`
    (a reply against the contract) or `OutcomeUnknown` (no reply, or one that leaves open whether it happened).
    """

    @property
    def livemode(self) -> bool:
        """Whether the calls move real money."""
        ...

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        """Creates the session that `request` describes, or returns the one this key created before."""
        ...

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        """The session as it stands at Stripe now."""
        ...

    def default_payment_method(self, stripe_customer_id: str) -> str | None:
        """The id of the customer's default payment method, else of the newest saved card; None without one."""
        ...
