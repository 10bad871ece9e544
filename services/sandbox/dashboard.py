"""What people do beside the API: customers at the checkout, banks with their cards, the owner in the dashboard."""

from dataclasses import dataclass
from datetime import timedelta

from services.sandbox.cards import spoiled
from services.sandbox.checkout import Payment, expire_session, pay_session
from services.sandbox.errors import AuthenticationNeeded, Refused
from services.sandbox.objects import CheckoutSession, PaymentIntent, PaymentMethod, Refund
from services.sandbox.payments import create_refund, fail_refund
from services.sandbox.state import State


@dataclass(frozen=True)
class SessionView:
    """A Checkout Session as it stands, with what was given back of its payment."""

    id: str
    created: int
    status: str
    payment_status: str
    amount_total_cents: int
    currency: str
    client_reference_id: str | None
    customer_id: str | None
    payment_intent_id: str | None
    refunded_cents: int


@dataclass(frozen=True)
class RefundView:
    """A refund as it stands: `succeeded` or `failed`."""

    id: str
    amount_cents: int
    status: str


@dataclass(frozen=True)
class PaymentView:
    """A payment intent as it stands, made by a checkout or charged off session, with its refunds."""

    id: str
    created: int
    status: str
    amount_cents: int
    refunded_cents: int
    currency: str
    customer_id: str | None
    payment_method_id: str | None
    refunds: tuple[RefundView, ...]


class Dashboard:
    """The actions that no API call of the desk makes, and a look at what came of all of them.

    Each action raises SandboxError: `Refused` for what is not there or cannot be any more.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def pay(
        self,
        session_id: str,
        card: str = "4242424242424242",
        *,
        email: str = "customer@example.com",
        promotion_code: str = "",
    ) -> None:
        """Pay a session as its customer would, who authenticates when the bank asks.

        Raises `CardRefused` when the card is declined, and `Refused` also when the promotion code does not apply.
        """
        with self._state.lock:
            session = self._session(session_id)
            try:
                pay_session(self._state, session, Payment(card, email, promotion_code))
            except AuthenticationNeeded:
                pay_session(self._state, session, Payment(card, email, promotion_code, authenticated=True))

    def expire(self, session_id: str) -> None:
        """End an open session now."""
        with self._state.lock:
            expire_session(self._state, self._session(session_id))

    def refund(self, session_or_intent_id: str, amount_cents: int | None = None) -> str:
        """Give back a payment, or `amount_cents` of it, as in Stripe's dashboard; returns the refund's id.

        Such a refund carries a reason and no metadata: nothing in it names the desk's order.
        """
        with self._state.lock:
            parameters = {"payment_intent": self._intent(session_or_intent_id).id, "reason": "requested_by_customer"}
            amount = {} if amount_cents is None else {"amount": amount_cents}
            return create_refund(self._state, parameters | amount).id

    def fail_refund(self, refund_id: str) -> None:
        """Have a refund fail after all, as when the customer's bank returns it."""
        with self._state.lock:
            fail_refund(self._state, self._state.get(Refund, refund_id))

    def decline_card(self, payment_method_id: str, reason: str = "insufficient_funds") -> None:
        """Have a saved card's bank decline every charge from now on, with this decline code.

        `authentication_required` asks for the card's holder instead. Raises ValueError for an unknown code.
        """
        with self._state.lock:
            method = self._state.get(PaymentMethod, payment_method_id)
            method.card = spoiled(method.card, reason)

    def advance(self, by: timedelta) -> None:
        """Set the sandbox's clock ahead of the one it was given: sessions expire, keys and events are forgotten.

        Raises ValueError for a step back.
        """
        with self._state.lock:
            self._state.advance(by)

    @property
    def now(self) -> int:
        """The sandbox's present second."""
        with self._state.lock:
            return self._state.now()

    @property
    def sessions(self) -> tuple[SessionView, ...]:
        """Every Checkout Session, the oldest first."""
        with self._state.lock:
            self._state.expire_overdue()
            return tuple(self._view(session) for session in reversed(self._state.newest_first(CheckoutSession)))

    def session(self, session_id: str) -> SessionView:
        """One Checkout Session."""
        with self._state.lock:
            return self._view(self._session(session_id))

    @property
    def payments(self) -> tuple[PaymentView, ...]:
        """Every payment intent, the oldest first."""
        with self._state.lock:
            refunds: dict[str, list[RefundView]] = {}
            for refund in reversed(self._state.newest_first(Refund)):
                view = RefundView(refund.id, refund.amount_cents, refund.status)
                refunds.setdefault(refund.payment_intent_id, []).append(view)
            return tuple(
                PaymentView(
                    id=intent.id,
                    created=intent.created,
                    status=intent.status,
                    amount_cents=intent.amount_cents,
                    refunded_cents=intent.refunded_cents,
                    currency=intent.currency,
                    customer_id=intent.customer_id,
                    payment_method_id=intent.payment_method_id,
                    refunds=tuple(refunds.get(intent.id, ())),
                )
                for intent in reversed(self._state.newest_first(PaymentIntent))
            )

    def _session(self, session_id: str) -> CheckoutSession:
        self._state.expire_overdue()
        return self._state.get(CheckoutSession, session_id)

    def _intent(self, session_or_intent_id: str) -> PaymentIntent:
        found = self._state.find(session_or_intent_id)
        if not isinstance(found, CheckoutSession):
            return self._state.get(PaymentIntent, session_or_intent_id)
        if found.intent_id is None:
            raise Refused(f"The Checkout Session {found.id} has no payment.")
        return self._state.get(PaymentIntent, found.intent_id)

    def _view(self, session: CheckoutSession) -> SessionView:
        intent = self._state.get(PaymentIntent, session.intent_id) if session.intent_id is not None else None
        return SessionView(
            id=session.id,
            created=session.created,
            status=session.status,
            payment_status=session.payment_status,
            amount_total_cents=session.total_cents,
            currency=session.currency,
            client_reference_id=session.request.get("client_reference_id"),
            customer_id=session.customer_id,
            payment_intent_id=session.intent_id,
            refunded_cents=0 if intent is None else intent.refunded_cents,
        )
