"""The records of refunds: counting one against its order before Stripe is asked, and what follows from the answer.

Each method is one transaction, which may be run again where its outcome was lost.
"""

import secrets
from dataclasses import dataclass
from typing import Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.database import Database
from services.domain.audit import AuditEntry, posting_audit
from services.domain.checkout import Order
from services.domain.ledger import Posting, TransactionKind
from services.domain.money import format_cents
from services.domain.refund import (
    Refund,
    RefundOrigin,
    RefundStatus,
    StripeRefund,
    credit_taken_back,
    refund_request,
)
from services.domain.text import is_id
from services.errors import Conflict, IdempotencyConflict, InvalidInput, NotFound
from services.runtime import Runtime
from services.stores.audit import AuditStore
from services.stores.balances import BalanceStore
from services.stores.orders import OrderStore
from services.stores.refunds import RefundStore


@dataclass(frozen=True)
class RefundDraft:
    """A refund as it is asked for. `stripe_key` marks the key that the request is made for; None: Stripe has it."""

    order_id: int
    amount_cents: int
    reason: str
    idempotency_key: str
    origin: RefundOrigin
    stripe_key: str | None


class RefundRecords:
    """Stores refunds and moves them on. It never talks to Stripe."""

    def __init__(self, database: Database, clock: Clock, actor: str) -> None:
        self.database = database
        self.clock = clock
        self.actor = actor
        self.audit_store = AuditStore()
        self.balance_store = BalanceStore()
        self.order_store = OrderStore()
        self.refund_store = RefundStore()

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The records on a runtime's collaborators."""
        return cls(runtime.database, runtime.clock, runtime.actor)

    def get(self, refund_id: int) -> Refund:
        """The refund. Raises `NotFound`."""
        with self.database.read() as connection:
            return self._in(connection, refund_id)

    def order_of(self, order_id: int) -> Order:
        """The order that a refund is of. Raises `NotFound`."""
        with self.database.read() as connection:
            return self._order(connection, order_id)

    def of_order(self, order_id: int) -> list[Refund]:
        """The refunds of an order, oldest first."""
        if not is_id(order_id):
            return []
        with self.database.read() as connection:
            return self.refund_store.of_order(connection, order_id)

    def unfinished(self) -> list[Refund]:
        """The refunds whose outcome is not known, oldest first."""
        with self.database.read() as connection:
            return self.refund_store.unfinished(connection)

    def credit_for(self, order_id: int, amount_cents: int) -> int:
        """What a refund of `amount_cents` would take back from the balance now, in cents. Raises `NotFound`."""
        with self.database.read() as connection:
            order = self._order(connection, order_id)
            return self._credit_taken_back(connection, order, order.refunded_cents + amount_cents)

    def create(self, draft: RefundDraft) -> tuple[Refund, bool]:
        """Counts a refund against its order and stores it with its request; the first one where the key made one.

        Also tells whether it is new, made by this call. Raises `NotFound`, `InvalidInput` for more than is left,
        `Conflict` where nothing was charged, and `IdempotencyConflict` where the key made another refund.
        """
        reference = f"paydesk_{secrets.token_hex(12)}"
        refund = self.database.once(lambda connection: self._reserve(connection, draft, reference))
        return refund, refund.reference == reference

    def record(self, draft: RefundDraft, stripe_refund_id: str) -> Refund:
        """Stores a refund that Stripe has already, with all that follows; the first one where it is known here.

        Raises as `create` does.
        """
        reference = f"paydesk_{secrets.token_hex(12)}"

        def record(connection: Connection) -> Refund:
            known = self.refund_store.by_stripe_id(connection, stripe_refund_id)
            if known is not None:
                return known
            return self._finish(connection, self._reserve(connection, draft, reference), stripe_refund_id)

        return self.database.once(record)

    def done(self, refund: Refund, stripe_refund_id: str) -> Refund:
        """The refund after Stripe made it: its credit is taken from the balance, in the same transaction and once."""
        return self.database.once(lambda connection: self._finish(connection, refund, stripe_refund_id))

    def failed(self, refund: Refund, reason: str) -> Refund:
        """The refund after Stripe did not make it; what was counted for it is free again."""

        def fail(connection: Connection) -> Refund:
            self._fail(connection, refund, RefundStatus.CREATED, reason)
            return self._in(connection, refund.id)

        return self.database.once(fail)

    def returned(self, refund: Refund, made: StripeRefund) -> Refund:
        """The refund after the bank sent it back: the money is here, so its credit returns to the balance."""
        reason = f"The bank sent it back: {made.failure_reason or made.status}"

        def give_back(connection: Connection) -> Refund:
            taken_by = refund.transaction_id
            if self._fail(connection, refund, RefundStatus.DONE, reason) and taken_by is not None:
                order = self._order(connection, refund.order_id)
                giving_back = _giving_back(order, refund, self.actor)
                # a person may have reversed the entry by hand before
                if self.balance_store.excluded(connection, giving_back) is None:
                    entry = self.balance_store.post(connection, giving_back, self.clock())
                    self.audit_store.append(connection, posting_audit("reverse", giving_back, entry))
            return self._in(connection, refund.id)

        return self.database.once(give_back)

    def _reserve(self, connection: Connection, draft: RefundDraft, reference: str) -> Refund:
        order = self._order(connection, draft.order_id)
        if order.payment_intent_id is None or not order.paid_cents:
            raise Conflict(f"Order {order.id} is {order.status}: nothing was charged that could go back.")
        counted = self.order_store.reserve_refund(connection, order.id, draft.amount_cents)
        # what is refunded, and what that took of the credit, stands still under the lock that the count took
        refunded_cents = 0 if counted is None else counted.refunded_cents
        refund_id = self.refund_store.create(
            connection,
            order.id,
            amount_cents=draft.amount_cents,
            credit_cents=self._credit_taken_back(connection, order, refunded_cents),
            reason=draft.reason,
            origin=draft.origin,
            reference=reference,
            idempotency_key=draft.idempotency_key,
            request=refund_request(order.payment_intent_id, draft.amount_cents, order_id=order.id, reference=reference),
            stripe_key=draft.stripe_key,
            actor=self.actor,
            now=self.clock(),
        )
        if refund_id is None:
            if counted is not None:
                self.order_store.release_refund(connection, order.id, draft.amount_cents)
            return self._made_before(connection, draft)
        if counted is None:
            order = self._order(connection, order.id)  # as those left it whom the count had to wait for
            raise InvalidInput(
                f"Order {order.id} was paid {format_cents(order.paid_cents or 0)}, and "
                f"{format_cents(order.refundable_cents)} of it can still be refunded.",
                field="amount",
            )
        return self._in(connection, refund_id)

    def _made_before(self, connection: Connection, draft: RefundDraft) -> Refund:
        first = self.refund_store.by_key(connection, draft.idempotency_key)
        asked = (draft.order_id, draft.amount_cents, draft.reason)
        if first is None or (first.order_id, first.amount_cents, first.reason) != asked:
            raise IdempotencyConflict("This idempotency key was used for another refund.", field="idempotency_key")
        return first

    def _credit_taken_back(self, connection: Connection, order: Order, refunded_cents: int) -> int:
        credited_cents = self.balance_store.credited_by(connection, order.id)
        if not order.paid_cents or credited_cents == 0:
            return 0
        taken_cents = self.refund_store.credit_taken(connection, order.id)
        return credit_taken_back(refunded_cents, order.paid_cents, credited_cents, taken_cents)

    def _finish(self, connection: Connection, refund: Refund, stripe_refund_id: str) -> Refund:
        now = self.clock()
        if self.refund_store.move(
            connection,
            refund.id,
            RefundStatus.DONE,
            only_from=RefundStatus.CREATED,
            stripe_refund_id=stripe_refund_id,
            settled_at=now,
        ):
            order = self._order(connection, refund.order_id)
            if refund.credit_cents > 0:
                entry = self.balance_store.post(connection, _taking_back(order, refund), now)
                self.refund_store.link(connection, refund.id, entry.id)
            self._audit(connection, order, refund)
        return self._in(connection, refund.id)

    def _fail(self, connection: Connection, refund: Refund, only_from: RefundStatus, reason: str) -> bool:
        moved = self.refund_store.move(
            connection, refund.id, RefundStatus.FAILED, only_from=only_from, reason=reason, settled_at=self.clock()
        )
        if moved:
            self.order_store.release_refund(connection, refund.order_id, refund.amount_cents)
        return moved

    def _audit(self, connection: Connection, order: Order, refund: Refund) -> None:
        before = {"refunded_cents": order.refunded_cents - refund.amount_cents}
        after = {"refund_id": refund.id, "refunded_cents": order.refunded_cents}
        entry = AuditEntry(self.clock(), refund.actor, "refund", "order", str(order.id), before, after, refund.reason)
        self.audit_store.append(connection, entry)

    def _order(self, connection: Connection, order_id: int) -> Order:
        order = self.order_store.get(connection, order_id) if is_id(order_id) else None
        if order is None:
            raise NotFound(f"There is no order {order_id}.", field="order_id")
        return order

    def _in(self, connection: Connection, refund_id: int) -> Refund:
        refund = self.refund_store.get(connection, refund_id) if is_id(refund_id) else None
        if refund is None:
            raise NotFound(f"There is no refund {refund_id}.", field="refund_id")
        return refund


def _taking_back(order: Order, refund: Refund) -> Posting:
    return Posting(
        account_id=order.draft.account_id,
        amount_cents=-refund.credit_cents,
        kind=TransactionKind.REFUND,
        description=f"Refund, order {order.id}: {refund.reason}",
        actor=refund.actor,
        order_id=order.id,
        idempotency_key=f"refund_{refund.reference}",
    )


def _giving_back(order: Order, refund: Refund, actor: str) -> Posting:
    return Posting(
        account_id=order.draft.account_id,
        amount_cents=refund.credit_cents,
        kind=TransactionKind.REVERSAL,
        description=f"Refund of order {order.id} came back",
        actor=actor,
        order_id=order.id,
        idempotency_key=f"refund_{refund.reference}_return",
        reverses_id=refund.transaction_id,
    )
