"""Counterparts of the services that misbehave on demand."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from services.domain.checkout import StripeSession
from services.errors import GatewayRefused, PaydeskError


@dataclass(frozen=True)
class Sent:
    """A request for a session, with its key, as the gateway was handed it."""

    request: Mapping[str, Any]
    idempotency_key: str


@dataclass
class FakeGateway:
    """A payment provider in memory. Implements `services.gateways.ports.PaymentGateway`.

    A session is made once per key. Each error in `refuse` answers one call instead of it; each in `lose` answers one
    creation whose session was made all the same. `distort` changes every session on its way out.
    """

    livemode: bool = False
    refuse: list[PaydeskError] = field(default_factory=list)
    lose: list[PaydeskError] = field(default_factory=list)
    distort: Callable[[StripeSession], StripeSession] = lambda session: session
    sent: list[Sent] = field(default_factory=list)
    sessions: dict[str, StripeSession] = field(default_factory=dict)
    payment_methods: dict[str, str] = field(default_factory=dict)

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        self.sent.append(Sent(dict(request), idempotency_key))
        if self.refuse:
            raise self.refuse.pop(0)
        session = self.sessions.setdefault(idempotency_key, self._new(request))
        if self.lose:
            raise self.lose.pop(0)
        return self.distort(session)

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        if self.refuse:
            raise self.refuse.pop(0)
        for session in self.sessions.values():
            if session.id == session_id:
                return self.distort(session)
        raise GatewayRefused(f"Stripe refused: No such checkout.session: '{session_id}'")

    def default_payment_method(self, stripe_customer_id: str) -> str | None:
        if self.refuse:
            raise self.refuse.pop(0)
        return self.payment_methods.get(stripe_customer_id)

    def change(self, session_id: str, **fields: Any) -> None:
        """Changes a session, as what happens at the provider would."""
        for key, session in self.sessions.items():
            if session.id == session_id:
                self.sessions[key] = replace(session, **fields)

    def pay(self, session_id: str, customer_id: str = "cus_1") -> None:
        """Completes a session at its full price."""
        paid = {"status": "complete", "payment_status": "paid", "url": None, "payment_intent_id": f"pi_{session_id}"}
        self.change(session_id, customer_id=customer_id, **paid)

    def _new(self, request: Mapping[str, Any]) -> StripeSession:
        session_id = f"cs_test_{secrets.token_hex(8)}"
        return StripeSession(
            id=session_id,
            url=f"https://checkout.example/{session_id}",
            status="open",
            payment_status="unpaid",
            amount_total_cents=request["line_items"][0]["price_data"]["unit_amount"],
            amount_discount_cents=0,
            currency=request["line_items"][0]["price_data"]["currency"],
            livemode=self.livemode,
            client_reference_id=request["client_reference_id"],
            customer_id=request.get("customer"),
            payment_intent_id=None,
            expires_at=datetime(2026, 11, 24, 14, 3, 7, tzinfo=UTC),
        )
