"""Orders: storing them before Stripe is asked, and moving them through their states afterwards.

Each method is one transaction. A code's use is held with the order, redeemed with the credit, released with the end.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.database import Database
from services.domain.audit import AuditEntry
from services.domain.checkout import (
    UNSETTLED,
    Expired,
    NeedsReview,
    Order,
    OrderDraft,
    OrderPurpose,
    OrderStatus,
    Paid,
    StillOpen,
    StripeSession,
    Verdict,
)
from services.domain.discount import RedemptionStatus, Refusal
from services.domain.ledger import Posting
from services.domain.text import is_id
from services.errors import CodeRefused, NotFound
from services.runtime import Runtime
from services.stores.accounts import AccountStore
from services.stores.audit import AuditStore
from services.stores.balances import AlreadyPosted, BalanceStore
from services.stores.discounts import DiscountStore
from services.stores.orders import OrderStore

RequestFor = Callable[[int, str], Mapping[str, Any]]
"""Makes the request for Stripe from an order's id and its reference."""

_CREDIT_TITLES = {OrderPurpose.INITIAL_ACCESS: "Purchase", OrderPurpose.TOP_UP: "Top-up"}


class OrderService:
    """Stores orders and moves them on. It never talks to Stripe."""

    def __init__(self, database: Database, clock: Clock, actor: str) -> None:
        self.database = database
        self.clock = clock
        self.actor = actor
        self.account_store = AccountStore()
        self.audit_store = AuditStore()
        self.balance_store = BalanceStore()
        self.discount_store = DiscountStore()
        self.order_store = OrderStore()

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, runtime.clock, runtime.actor)

    def get(self, order_id: int) -> Order:
        """The order. Raises `NotFound`."""
        with self.database.read() as connection:
            return self._stored(connection, order_id)

    def newest(self, limit: int, account_id: int | None = None) -> list[Order]:
        """The last `limit` orders, of all accounts or of one, newest first."""
        if account_id is not None and not is_id(account_id):
            return []
        with self.database.read() as connection:
            return self.order_store.newest(connection, limit, account_id)

    def create(self, draft: OrderDraft, request_for: RequestFor) -> Order:
        """Commits a new order with its request, its key and the held use of its code.

        An order over nothing needs no Stripe: it is completed and audited in the same transaction. Raises
        `CodeRefused` where the last use of the code went to somebody else since it was quoted.
        """
        now = self.clock()
        reference = f"paydesk_{secrets.token_hex(12)}"
        with self.database.write() as connection:
            code_id = self._take(connection, draft.discount_code)
            order_id = self.order_store.create(
                connection,
                draft,
                reference=reference,
                idempotency_key=f"checkout_{secrets.token_hex(16)}",
                actor=self.actor,
                now=now,
            )
            if code_id is not None:
                self.discount_store.hold(connection, code_id, order_id, draft.account_id, draft.discount_cents, now)
            self.order_store.set_request(connection, order_id, request_for(order_id, reference))
            if draft.total_cents == 0:
                self._settle_paid(connection, self._stored(connection, order_id), Paid(0, 0), None)
                self.audit_store.append(connection, self._completed_free(order_id, draft))
            return self._stored(connection, order_id)

    def opened(self, order: Order, session: StripeSession) -> Order:
        """The order after Stripe created its session."""
        with self.database.write() as connection:
            self.order_store.move(
                connection, order.id, OrderStatus.OPEN, only_from=(OrderStatus.CREATED,), session=session
            )
            return self._stored(connection, order.id)

    def unanswered(self, order: Order, reason: str) -> None:
        """Notes why it is not known what Stripe did with the order's request."""
        with self.database.write() as connection:
            self.order_store.move(
                connection, order.id, OrderStatus.CREATED, only_from=(OrderStatus.CREATED,), reason=reason
            )

    def failed(self, order: Order, reason: str) -> None:
        """Ends an order whose request Stripe refused for good, and releases its code."""
        now = self.clock()
        with self.database.write() as connection:
            moved = self.order_store.move(
                connection,
                order.id,
                OrderStatus.FAILED,
                only_from=(OrderStatus.CREATED,),
                reason=reason,
                settled_at=now,
            )
            if moved:
                self.discount_store.settle(connection, order.id, RedemptionStatus.RELEASED, now)

    def settle(self, order: Order, session: StripeSession, verdict: Verdict) -> Order:
        """The order after what a freshly retrieved session means for it; of many pollers one moves it."""
        if isinstance(verdict, StillOpen):
            return order
        try:
            with self.database.write() as connection:
                self._apply(connection, order, session, verdict)
                return self._stored(connection, order.id)
        except AlreadyPosted:
            review = NeedsReview("Stripe reports it paid, but an entry credits this order already.")
            with self.database.write() as connection:
                self._apply(connection, order, session, review)
                return self._stored(connection, order.id)

    def _take(self, connection: Connection, code: str | None) -> int | None:
        """Takes one use of the quoted code. Raises `CodeRefused` where it went to somebody else since the quote."""
        if code is None:
            return None
        taken = self.discount_store.take(connection, code)
        if taken is None:
            found = self.discount_store.get(connection, code)
            refusal = (found.refusal if found is not None else None) or Refusal.UNKNOWN
            raise CodeRefused(refusal.sentence(code), reason=refusal)
        return taken.id

    def _apply(
        self, connection: Connection, order: Order, session: StripeSession, verdict: Expired | Paid | NeedsReview
    ) -> None:
        now = self.clock()
        from_open = (OrderStatus.OPEN,)
        match verdict:
            case Paid():
                self._settle_paid(connection, order, verdict, session)
            case Expired():
                if self.order_store.move(
                    connection, order.id, OrderStatus.EXPIRED, only_from=from_open, session=session, settled_at=now
                ):
                    self.discount_store.settle(connection, order.id, RedemptionStatus.RELEASED, now)
            case NeedsReview(reason):
                self.order_store.move(
                    connection,
                    order.id,
                    OrderStatus.NEEDS_REVIEW,
                    only_from=from_open,
                    reason=reason,
                    session=session,
                    settled_at=now,
                )

    def _settle_paid(self, connection: Connection, order: Order, paid: Paid, session: StripeSession | None) -> None:
        """Marks the order paid, credits it and redeems its code: all or nothing, and once."""
        now = self.clock()
        moved = self.order_store.move(
            connection,
            order.id,
            OrderStatus.PAID,
            only_from=UNSETTLED,
            session=session,
            paid_cents=paid.paid_cents,
            settled_at=now,
        )
        if not moved:
            return
        self.discount_store.settle(connection, order.id, RedemptionStatus.REDEEMED, now)
        if session is not None and session.customer_id is not None:
            self.account_store.set_stripe_customer(
                connection, order.draft.account_id, session.customer_id, livemode=session.livemode
            )
        credit_cents = order.draft.credit_for(paid.paid_cents)
        if credit_cents > 0:
            posting = Posting(
                account_id=order.draft.account_id,
                amount_cents=credit_cents,
                kind=order.draft.purpose.transaction_kind,
                description=f"{_CREDIT_TITLES[order.draft.purpose]}, order {order.id}",
                actor="stripe" if session is not None else self.actor,
                order_id=order.id,
                idempotency_key=f"order_{order.reference}_credit",
            )
            self.balance_store.post(connection, posting, now)

    def _completed_free(self, order_id: int, draft: OrderDraft) -> AuditEntry:
        terms = {"base_cents": draft.base_cents, "discount_code": draft.discount_code, "total_cents": 0}
        return AuditEntry(self.clock(), self.actor, "complete_free", "order", str(order_id), None, terms)

    def _stored(self, connection: Connection, order_id: int) -> Order:
        order = self.order_store.get(connection, order_id) if is_id(order_id) else None
        if order is None:
            raise NotFound(f"There is no order {order_id}.", field="order_id")
        return order
