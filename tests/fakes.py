"""Counterparts of the services that misbehave on demand."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.domain.card import Card
from services.domain.charge import StripeIntent
from services.domain.checkout import StripeSession
from services.domain.events import StripeEvent
from services.domain.refund import StripeRefund
from services.errors import GatewayRefused, PaydeskError
from services.gateways.ports import PaymentGateway

VISA = Card(payment_method_id="pm_visa", brand="visa", last4="4242", exp_month=11, exp_year=2031)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Sent:
    """A request to create something, with its key, as the gateway was handed it."""

    request: Mapping[str, Any]
    idempotency_key: str


@dataclass
class FakeGateway:
    """A payment provider in memory. Implements `services.gateways.ports.PaymentGateway`.

    A session, an intent and a refund are made once per key. Each error in `refuse` answers one call instead of it;
    each in `lose` answers one creation that happened all the same. `distort` changes every session on its way out.
    All of it happens at `now`.
    """

    livemode: bool = False
    key_mark: str = "0123456789ab"
    refuse: list[PaydeskError] = field(default_factory=list)
    lose: list[PaydeskError] = field(default_factory=list)
    distort: Callable[[StripeSession], StripeSession] = lambda session: session
    sent: list[Sent] = field(default_factory=list)
    sessions: dict[str, StripeSession] = field(default_factory=dict)
    intents: dict[str, StripeIntent] = field(default_factory=dict)
    refunded: dict[str, StripeRefund] = field(default_factory=dict)
    happened: list[StripeEvent] = field(default_factory=list)
    cards: dict[str, Card] = field(default_factory=dict)
    now: datetime = NOON
    created: dict[str, datetime] = field(default_factory=dict)

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        self._receive(request, idempotency_key)
        if idempotency_key not in self.sessions:
            self.sessions[idempotency_key] = self._new_session(request)
        self._lose()
        return self.distort(self.sessions[idempotency_key])

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        self._refuse()
        return self.distort(self._session(session_id))

    def expire_checkout_session(self, session_id: str) -> StripeSession:
        self._refuse()
        if self._session(session_id).status != "open":
            raise GatewayRefused("Stripe refused: Only an open session can be expired.")
        self.change(session_id, status="expired", url=None)
        return self.distort(self._session(session_id))

    def checkout_sessions(self, first: datetime, last: datetime) -> Iterator[StripeSession]:
        self._refuse()
        found = [session for session in self.sessions.values() if first <= self.created[session.id] <= last]
        return iter([self.distort(session) for session in reversed(found)])

    def create_payment_intent(self, request: Mapping[str, Any], idempotency_key: str) -> StripeIntent:
        self._receive(request, idempotency_key)
        if idempotency_key not in self.intents:
            self.intents[idempotency_key] = self._new_intent(request)
        self._lose()
        return self.intents[idempotency_key]

    def retrieve_payment_intent(self, payment_intent_id: str) -> StripeIntent:
        self._refuse()
        for intent in self.intents.values():
            if intent.id == payment_intent_id:
                return replace(intent, refunded_cents=self._refunded_cents(intent.id))
        raise GatewayRefused(f"Stripe refused: No such payment_intent: '{payment_intent_id}'")

    def payment_intents(self, stripe_customer_id: str, first: datetime, last: datetime) -> Iterator[StripeIntent]:
        self._refuse()
        theirs = [intent for intent in self.intents.values() if intent.customer_id == stripe_customer_id]
        return iter([intent for intent in reversed(theirs) if first <= intent.created_at <= last])

    def create_refund(self, request: Mapping[str, Any], idempotency_key: str) -> StripeRefund:
        self._receive(request, idempotency_key)
        if idempotency_key not in self.refunded:
            self.refunded[idempotency_key] = self._new_refund(request)
        self._lose()
        return self.refunded[idempotency_key]

    def refunds(self, payment_intent_id: str) -> Iterator[StripeRefund]:
        self._refuse()
        made = [refund for refund in self.refunded.values() if refund.payment_intent_id == payment_intent_id]
        return iter(made[::-1])

    def events(self, since: datetime) -> Iterator[StripeEvent]:
        self._refuse()
        return iter([event for event in reversed(self.happened) if event.created_at >= since])

    def saved_card(self, stripe_customer_id: str) -> Card | None:
        self._refuse()
        return self.cards.get(stripe_customer_id)

    def change(self, session_id: str, **fields: Any) -> None:
        """Changes a session, as what happens at the provider would."""
        for key, session in self.sessions.items():
            if session.id == session_id:
                self.sessions[key] = replace(session, **fields)

    def pay(self, session_id: str, customer_id: str = "cus_1", card: Card | None = None) -> None:
        """Completes a session at its full price, with a card that is kept, if one is given."""
        paid = {"status": "complete", "payment_status": "paid", "url": None, "payment_intent_id": f"pi_{session_id}"}
        self.change(session_id, customer_id=customer_id, card=card, **paid)
        if card is not None:
            self.cards[customer_id] = card

    def happen(self, kind: str, *, session_id: str | None = None, payment_intent_id: str | None = None) -> StripeEvent:
        """Adds an event, now."""
        event = StripeEvent(f"evt_{len(self.happened) + 1}", kind, self.now, session_id, payment_intent_id)
        self.happened.append(event)
        return event

    def _receive(self, request: Mapping[str, Any], idempotency_key: str) -> None:
        self.sent.append(Sent(dict(request), idempotency_key))
        self._refuse()

    def _refuse(self) -> None:
        if self.refuse:
            raise self.refuse.pop(0)

    def _lose(self) -> None:
        if self.lose:
            raise self.lose.pop(0)

    def _new_id(self, prefix: str) -> str:
        identifier = f"{prefix}{secrets.token_hex(8)}"
        self.created[identifier] = self.now
        return identifier

    def _session(self, session_id: str) -> StripeSession:
        for session in self.sessions.values():
            if session.id == session_id:
                refunded_cents = self._refunded_cents(session.payment_intent_id)
                return replace(session, refunded_cents=session.refunded_cents + refunded_cents)
        raise GatewayRefused(f"Stripe refused: No such checkout.session: '{session_id}'")

    def _refunded_cents(self, payment_intent_id: str | None) -> int:
        theirs = [refund for refund in self.refunded.values() if refund.payment_intent_id == payment_intent_id]
        return sum(refund.amount_cents for refund in theirs if not refund.failed)

    def _new_session(self, request: Mapping[str, Any]) -> StripeSession:
        session_id = self._new_id("cs_test_")
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
            expires_at=NOON + timedelta(hours=26, minutes=3, seconds=7),
        )

    def _new_intent(self, request: Mapping[str, Any]) -> StripeIntent:
        return StripeIntent(
            id=self._new_id("pi_"),
            status="succeeded",
            amount_cents=request["amount"],
            received_cents=request["amount"],
            refunded_cents=0,
            currency=request["currency"],
            livemode=self.livemode,
            reference=request["metadata"].get("reference"),
            customer_id=request.get("customer"),
            card=self.cards.get(request.get("customer", "")),
            decline_code=None,
            decline_reason=None,
            created_at=self.now,
        )

    def _new_refund(self, request: Mapping[str, Any]) -> StripeRefund:
        return StripeRefund(
            id=self._new_id("re_"),
            amount_cents=request["amount"],
            currency="usd",
            status="succeeded",
            payment_intent_id=request["payment_intent"],
            reference=request.get("metadata", {}).get("reference"),
            failure_reason=None,
        )


class GatewayOver:
    """Another gateway, call by call: the base of one that lies, waits or fails in a single method."""

    def __init__(self, inner: PaymentGateway) -> None:
        self.inner = inner

    @property
    def livemode(self) -> bool:
        return self.inner.livemode

    @property
    def key_mark(self) -> str:
        return self.inner.key_mark

    def create_checkout_session(self, request: Mapping[str, Any], idempotency_key: str) -> StripeSession:
        return self.inner.create_checkout_session(request, idempotency_key)

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        return self.inner.retrieve_checkout_session(session_id)

    def expire_checkout_session(self, session_id: str) -> StripeSession:
        return self.inner.expire_checkout_session(session_id)

    def checkout_sessions(self, first: datetime, last: datetime) -> Iterator[StripeSession]:
        return self.inner.checkout_sessions(first, last)

    def create_payment_intent(self, request: Mapping[str, Any], idempotency_key: str) -> StripeIntent:
        return self.inner.create_payment_intent(request, idempotency_key)

    def retrieve_payment_intent(self, payment_intent_id: str) -> StripeIntent:
        return self.inner.retrieve_payment_intent(payment_intent_id)

    def payment_intents(self, stripe_customer_id: str, first: datetime, last: datetime) -> Iterator[StripeIntent]:
        return self.inner.payment_intents(stripe_customer_id, first, last)

    def create_refund(self, request: Mapping[str, Any], idempotency_key: str) -> StripeRefund:
        return self.inner.create_refund(request, idempotency_key)

    def refunds(self, payment_intent_id: str) -> Iterator[StripeRefund]:
        return self.inner.refunds(payment_intent_id)

    def events(self, since: datetime) -> Iterator[StripeEvent]:
        return self.inner.events(since)

    def saved_card(self, stripe_customer_id: str) -> Card | None:
        return self.inner.saved_card(stripe_customer_id)
