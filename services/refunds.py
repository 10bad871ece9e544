"""Refunds: money back to the card, and the credit that it bought back from the balance.

The refund's exact request is stored, and counted against what was paid, before Stripe is asked. Whatever is lost on the
way is found out as with orders: by the same request under the same key, or by its reference.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from services.clock import Clock
from services.domain.checkout import Order
from services.domain.money import is_amount
from services.domain.refund import Refund, RefundOrigin, RefundStatus, StripeRefund
from services.domain.text import check_text, is_id
from services.errors import (
    Conflict,
    GatewayDenied,
    GatewayError,
    GatewayRefused,
    GatewayUnreadable,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    PaydeskError,
    StripeNotConfigured,
    TryAgain,
)
from services.gateways.ports import PaymentGateway
from services.recovery import LostRequest, recover
from services.refund_records import RefundDraft, RefundRecords
from services.runtime import Runtime, get_runtime

__all__ = ["Refund", "RefundOrigin", "RefundResult", "RefundService", "RefundStatus", "get_refund_service"]


@dataclass(frozen=True)
class RefundResult:
    """The outcome of asking for a refund; or the error in a sentence, and the argument that it is about in `field`.

    With `success=False` and a `refund` it is stored, and its status says whether the outcome is known.
    """

    success: bool
    refund: Refund | None = None
    error: str | None = None
    field: str | None = field(default=None, compare=False)


class RefundService:
    """Makes refunds, and records those that were made in Stripe's dashboard."""

    def __init__(self, records: RefundRecords, gateway: PaymentGateway | None, clock: Clock) -> None:
        self.records = records
        self._gateway = gateway
        self.clock = clock

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(RefundRecords.over(runtime), runtime.gateway, runtime.clock)

    @property
    def gateway(self) -> PaymentGateway:
        """The way to Stripe. Raises `StripeNotConfigured`."""
        if self._gateway is None:
            raise StripeNotConfigured
        return self._gateway

    def of_order(self, order_id: int) -> list[Refund]:
        """The refunds of an order, oldest first."""
        return self.records.of_order(order_id)

    def at_stripe(self, payment_intent_id: str | None) -> list[StripeRefund]:
        """The refunds that Stripe has of a payment, whoever made them. Raises what the gateway raises."""
        return [] if payment_intent_id is None else list(self.gateway.refunds(payment_intent_id))

    def unfinished(self) -> list[Refund]:
        """The refunds whose outcome is not known, oldest first."""
        return self.records.unfinished()

    def credit_for(self, order_id: int, amount_cents: int) -> int:
        """What a refund of `amount_cents` would take back from the balance now, in cents. Raises `NotFound`."""
        return self.records.credit_for(order_id, amount_cents)

    def refund(
        self, order_id: int, amount_cents: int, reason: str, *, idempotency_key: str | None = None
    ) -> RefundResult:
        """Gives back `amount_cents` of what an order was paid, never more than is left of it.

        The same `idempotency_key` again is the same refund. Raises `TryAgain` and `OutcomeUnknown` where the database
        could not store it, before anything was sent to Stripe.
        """
        try:
            refund, is_new = self._store(order_id, amount_cents, reason, idempotency_key)
        except (InvalidInput, NotFound, Conflict, StripeNotConfigured) as error:
            return RefundResult(False, error=error.sentence, field=error.field)
        try:
            refund = self.resume(refund)
        except GatewayDenied as error:
            if is_new:
                return RefundResult(False, self._denied(refund, error), error.sentence)
            return RefundResult(False, refund, _unknown(error))
        except Conflict as error:
            return RefundResult(False, refund, error.sentence)
        except TryAgain as error:
            not_sent = f"{error.sentence} Nothing was given back yet; reconciling sends the same request again."
            return RefundResult(False, refund, not_sent if is_new else _unknown(error))
        except (OutcomeUnknown, GatewayError) as error:
            return RefundResult(False, refund, _unknown(error))
        return RefundResult(refund.status is RefundStatus.DONE, refund, refund.status_reason)

    def resume(self, refund: Refund) -> Refund:
        """A refund after its request was sent, or sent again, or found at Stripe by its reference.

        A refusal of the request fails it. Raises `Conflict` where its outcome cannot be found out, and what the
        gateway raises: `GatewayRefused` where it refuses to tell what became of it.
        """
        if refund.status is not RefundStatus.CREATED:
            return refund
        return recover(
            LostRequest(f"A refund of order {refund.order_id}", refund.reference, refund.stripe_key, refund.created_at),
            self.gateway.key_mark,
            self.clock(),
            send=partial(self._send, refund),
            find=partial(self._recovered, refund),
            fail=partial(self.records.failed, refund),
        )

    def record(self, order_id: int, stripe_refund_id: str) -> Refund:
        """Records a refund that was made in Stripe's dashboard: it counts, and takes its credit from the balance.

        It is read from Stripe again first. Raises `NotFound`, `Conflict` where it failed there, `InvalidInput` where it
        is more than is left, and what the gateway raises.
        """
        order = self.records.order_of(order_id)
        made = self._found(order, stripe_refund_id)
        if made is None or made.failed:
            raise Conflict(f"Stripe has no refund {stripe_refund_id} of order {order_id} that was carried out.")
        draft = RefundDraft(
            order_id=order_id,
            amount_cents=made.amount_cents,
            reason="Refunded in Stripe's dashboard",
            idempotency_key=f"stripe_{made.id}",
            origin=RefundOrigin.STRIPE,
            stripe_key=None,
        )
        return self.records.record(draft, made.id)

    def take_back(self, order_id: int, stripe_refund_id: str) -> Refund:
        """Takes back a refund that the bank sent back after Stripe had made it: its credit returns to the balance.

        It is read from Stripe again first. Raises `NotFound`, `Conflict` where it did not fail there, and what the
        gateway raises.
        """
        order = self.records.order_of(order_id)
        refund = next((one for one in self.of_order(order_id) if one.stripe_refund_id == stripe_refund_id), None)
        made = self._found(order, stripe_refund_id)
        if refund is None or made is None or not made.failed:
            raise Conflict(f"Stripe does not report that refund {stripe_refund_id} of order {order_id} failed.")
        return self.records.returned(refund, made)

    def _store(self, order_id: int, amount_cents: int, reason: str, idempotency_key: str | None) -> tuple[Refund, bool]:
        """Commits the refund and its request, before anything is sent; also tells whether it is new."""
        gateway = self.gateway
        if not is_id(order_id):
            raise InvalidInput("An order is named by its number.", field="order_id")
        if not is_amount(amount_cents):
            raise InvalidInput("A refund is a whole number of cents from 1.", field="amount")
        order = self.records.order_of(order_id)
        if order.draft.livemode != gateway.livemode:
            mode = "live" if order.draft.livemode else "test"
            raise Conflict(f"Order {order.id} was made in {mode} mode; the Stripe key in use is for the other one.")
        draft = RefundDraft(
            order_id=order_id,
            amount_cents=amount_cents,
            reason=check_text(reason, field="reason", longest=400),
            idempotency_key=check_text(
                idempotency_key or f"refund_{secrets.token_hex(16)}", field="idempotency_key", longest=255
            ),
            origin=RefundOrigin.DESK,
            stripe_key=gateway.key_mark,
        )
        return self.records.create(draft)

    def _send(self, refund: Refund) -> Refund:
        """Sends the stored request under its key and stores the outcome; however often, it gives one refund."""
        try:
            made = self.gateway.create_refund(refund.request, refund.idempotency_key)
        except GatewayRefused as error:
            return self.records.failed(refund, error.sentence)
        return self._answered(refund, made)

    def _recovered(self, refund: Refund) -> Refund | None:
        """The refund with what Stripe has under its reference; None where that is nothing."""
        made = self.at_stripe(self.records.order_of(refund.order_id).payment_intent_id)
        found = next((one for one in made if one.reference == refund.reference), None)
        return None if found is None else self._answered(refund, found)

    def _answered(self, refund: Refund, made: StripeRefund) -> Refund:
        order = self.records.order_of(refund.order_id)
        theirs = (made.amount_cents, made.currency, made.payment_intent_id)
        if theirs != (refund.amount_cents, order.draft.currency, order.payment_intent_id):
            raise GatewayUnreadable("Stripe's refund is not the one that was asked for.")
        if made.failed:
            return self.records.failed(refund, f"Stripe could not refund it: {made.failure_reason or made.status}.")
        try:
            return self.records.done(refund, made.id)
        except TryAgain as error:
            raise OutcomeUnknown("Stripe made the refund, but it could not be saved here.") from error

    def _denied(self, refund: Refund, error: GatewayDenied) -> Refund:
        """A denial tells of the key in use now. It ends a refund that was not sent before, and no other."""
        with suppress(TryAgain, OutcomeUnknown):
            return self.records.failed(refund, error.sentence)
        return refund

    def _found(self, order: Order, stripe_refund_id: str) -> StripeRefund | None:
        return next((made for made in self.at_stripe(order.payment_intent_id) if made.id == stripe_refund_id), None)


def _unknown(error: PaydeskError) -> str:
    return f"{error.sentence} Whether the refund was made is unknown; reconciling finds out."


def get_refund_service() -> RefundService:
    """The refund service of this process."""
    return RefundService.over(get_runtime())
