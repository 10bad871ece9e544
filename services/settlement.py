"""Settlement: one order, and what Stripe says of it.

The order's exact request is stored before it is sent, so whatever is lost on the way is found out by sending the
identical request under its key again, and after the key's life by looking up the order's reference at Stripe. Nothing
is ever asked for twice under two keys.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Self

from services.clock import Clock
from services.domain.charge import StripeIntent, judge_charge
from services.domain.checkout import (
    UNSETTLED,
    Channel,
    Order,
    OrderStatus,
    StillOpen,
    StripeSession,
    Verdict,
    judge,
)
from services.errors import (
    CardDeclined,
    Conflict,
    GatewayRefused,
    GatewayUnreadable,
    OutcomeUnknown,
    PaydeskError,
    StripeNotConfigured,
    TryAgain,
)
from services.gateways.ports import PaymentGateway
from services.orders import OrderService
from services.recovery import KEY_LIFE, LostRequest, recover
from services.runtime import Runtime

CLOCK_SKEW = timedelta(hours=1)
"""How far Stripe's clock and this machine's may be apart when an order is looked up by the time it was made."""

CUSTOMER_CLOCK_SKEW = timedelta(days=31)
"""The same where one customer's charges are looked through: they are few, and a charge that is missed is money lost."""


class Settlement:
    """Sends the requests of orders and settles what became of them. Every method may be called again."""

    def __init__(self, order_service: OrderService, gateway: PaymentGateway | None, clock: Clock) -> None:
        self.order_service = order_service
        self._gateway = gateway
        self.clock = clock

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(OrderService.over(runtime), runtime.gateway, runtime.clock)

    @property
    def gateway(self) -> PaymentGateway:
        """The way to Stripe. Raises `StripeNotConfigured`."""
        if self._gateway is None:
            raise StripeNotConfigured
        return self._gateway

    def send(self, order: Order) -> Order:
        """Sends the stored request under its key and stores the outcome; however often, it gives one session or charge.

        A definitive refusal fails the order and releases its code. A denial does not: it tells of the key in use
        now, and not of what became of the request when it was sent before. Raises what the gateway raises.
        """
        try:
            at_stripe = self._ask(order)
        except CardDeclined as error:
            self._fail(order, error, decline_code=error.decline_code, payment_intent_id=error.payment_intent_id)
            raise
        except GatewayRefused as error:
            self._fail(order, error)
            raise
        except (OutcomeUnknown, GatewayUnreadable, TryAgain) as error:
            with suppress(TryAgain, OutcomeUnknown):
                self.order_service.unanswered(order, error.sentence)
            raise
        return self._adopt(order, at_stripe)

    def refresh(self, order: Order) -> Order:
        """The order after asking Stripe: settled if it is paid or over, sent again if its outcome is unknown.

        Raises `StripeNotConfigured`, `Conflict` for an order of the other mode and for one that cannot be found out
        about, and what the gateway raises; the order's state is then as it was.
        """
        if order.status not in UNSETTLED:
            return order
        self._check_mode(order)
        if order.session_id is None and order.payment_intent_id is None:
            order = self._resume(order)
        if order.status not in UNSETTLED:
            return order
        at_stripe = self.at_stripe(order)
        return self.order_service.settle(order, at_stripe, self.verdict(order, at_stripe))

    def expire(self, order: Order) -> Order:
        """The order after its session was ended at Stripe, or after what had become of it before that.

        Raises `Conflict` where there is no open session, `GatewayRefused` where Stripe keeps it open all the same, and
        what `refresh` raises.
        """
        order = self.refresh(order)
        if order.status is not OrderStatus.OPEN or order.session_id is None:
            if order.status in UNSETTLED:
                raise Conflict(f"Order {order.id} has no open checkout that could be ended.")
            return order
        refusal: GatewayRefused | None = None
        try:
            self.gateway.expire_checkout_session(order.session_id)
        except GatewayRefused as error:  # it was paid or ended in between, and the refresh finds out which
            refusal = error
        order = self.refresh(order)
        if refusal is not None and order.status is OrderStatus.OPEN:
            raise refusal
        return order

    def close(self, order: Order, reason: str) -> Order:
        """Ends an order by the decision of a person, for a reason: it fails and its code is released; audited.

        A session that could still be paid is ended at Stripe first, or somebody might pay for what is closed here.
        Raises `Conflict` where the order needs nobody's decision, as one whose outcome can be found out with the key in
        use does not, and what the gateway raises.
        """
        if order.status is OrderStatus.CREATED and self._is_sent_with_this_key(order):
            raise Conflict(f"What became of order {order.id} can still be found out, by refreshing it.")
        if order.status is OrderStatus.NEEDS_REVIEW and order.session_id is not None:
            self._check_mode(order)
            with suppress(GatewayRefused):  # it is over already
                self.gateway.expire_checkout_session(order.session_id)
        return self.order_service.close(order.id, reason)

    def at_stripe(self, order: Order) -> StripeSession | StripeIntent:
        """What Stripe has of an order now. Raises `Conflict` where it has nothing, and what the gateway raises."""
        if order.session_id is not None:
            return self.gateway.retrieve_checkout_session(order.session_id)
        if order.payment_intent_id is not None:
            return self.gateway.retrieve_payment_intent(order.payment_intent_id)
        raise Conflict(f"Order {order.id} is not at Stripe.")

    def verdict(self, order: Order, at_stripe: StripeSession | StripeIntent) -> Verdict:
        """What that means for the order."""
        return judge(order, at_stripe) if isinstance(at_stripe, StripeSession) else judge_charge(order, at_stripe)

    def _ask(self, order: Order) -> StripeSession | StripeIntent:
        if order.draft.channel is Channel.SAVED_CARD:
            return self.gateway.create_payment_intent(order.request, order.idempotency_key)
        session = self.gateway.create_checkout_session(order.request, order.idempotency_key)
        if session.status != "open" or session.url is None or not isinstance(judge(order, session), StillOpen):
            raise GatewayUnreadable("Stripe's session is not the one that was asked for.")
        return session

    def _adopt(self, order: Order, at_stripe: StripeSession | StripeIntent) -> Order:
        try:
            return self.order_service.opened(order, at_stripe)
        except TryAgain as error:
            raise OutcomeUnknown("Stripe has the request, but its answer could not be saved here.") from error

    def _fail(
        self,
        order: Order,
        error: PaydeskError,
        *,
        decline_code: str | None = None,
        payment_intent_id: str | None = None,
    ) -> None:
        """Where it cannot be stored now, the order stays as it is for a refresh to find out; the error still stands."""
        with suppress(TryAgain, OutcomeUnknown):
            self.order_service.failed(
                order, error.sentence, decline_code=decline_code, payment_intent_id=payment_intent_id
            )

    def _check_mode(self, order: Order) -> None:
        if order.draft.livemode != self.gateway.livemode:
            mode = "live" if order.draft.livemode else "test"
            raise Conflict(f"Order {order.id} was made in {mode} mode; the Stripe key in use is for the other one.")

    def _is_sent_with_this_key(self, order: Order) -> bool:
        return order.stripe_key == self.gateway.key_mark

    def _resume(self, order: Order) -> Order:
        """An order whose outcome was lost: its request is sent again, or found at Stripe by its reference."""
        return recover(
            LostRequest(f"The request of order {order.id}", order.reference, order.stripe_key, order.created_at),
            self.gateway.key_mark,
            self.clock(),
            send=partial(self.send, order),
            find=partial(self._find, order),
            fail=partial(self.order_service.failed, order),
        )

    def _find(self, order: Order) -> Order | None:
        """The order with what Stripe has under its reference; None where that is nothing."""
        found = next((one for one in self._made_for(order) if _reference(one) == order.reference), None)
        return None if found is None else self._adopt(order, found)

    def _made_for(self, order: Order) -> Iterable[StripeSession | StripeIntent]:
        is_charge = order.draft.channel is Channel.SAVED_CARD
        skew = CUSTOMER_CLOCK_SKEW if is_charge else CLOCK_SKEW
        first, last = order.created_at - skew, order.created_at + KEY_LIFE + skew
        if is_charge:
            return self.gateway.payment_intents(str(order.request["customer"]), first, last)
        return self.gateway.checkout_sessions(first, last)


def _reference(at_stripe: StripeSession | StripeIntent) -> str | None:
    return at_stripe.client_reference_id if isinstance(at_stripe, StripeSession) else at_stripe.reference
