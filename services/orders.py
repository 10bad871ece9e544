"""Orders: storing them before Stripe is asked, and moving them through their states afterwards.

Each method is one transaction, which may be run again where its outcome was lost. A code's use is held with the order,
redeemed with the credit, released with the end.
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.database import Database
from services.domain.audit import AuditEntry
from services.domain.card import SavedCard
from services.domain.charge import StripeIntent
from services.domain.checkout import (
    UNSETTLED,
    Declined,
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
from services.errors import CodeRefused, Conflict, IdempotencyConflict, NotFound
from services.runtime import Runtime
from services.stores.accounts import AccountStore
from services.stores.audit import AuditStore
from services.stores.balances import AlreadyPosted, BalanceStore
from services.stores.cards import CardStore
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
        self.card_store = CardStore()
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

    def made_by(self, idempotency_key: str) -> Order | None:
        """The order that an idempotency key made; None where there is none."""
        with self.database.read() as connection:
            return self.order_store.by_key(connection, idempotency_key)

    def unsettled_ids(self) -> list[int]:
        """The orders that Stripe may move on, oldest first."""
        with self.database.read() as connection:
            return self.order_store.unsettled_ids(connection)

    def saved_card(self, account_id: int) -> SavedCard | None:
        """The card that the account last paid with and agreed to keep; None without one."""
        with self.database.read() as connection:
            return self.card_store.of_account(connection, account_id)

    def keep_card(self, saved: SavedCard) -> None:
        """Keeps an account's card in place of the one before."""
        self.database.once(lambda connection: self.card_store.keep(connection, saved, self.clock()))

    def create(
        self,
        draft: OrderDraft,
        request_for: RequestFor,
        *,
        stripe_key: str | None = None,
        idempotency_key: str | None = None,
    ) -> Order:
        """Commits a new order with its request, its key and the held use of its code.

        An order over nothing needs no Stripe: it is completed and audited in the same transaction. An `idempotency_key`
        that made an order before gives that one. Raises `CodeRefused` where the last use of the code went to somebody
        else since it was quoted, and `IdempotencyConflict` where the key made another order.
        """
        reference = f"paydesk_{secrets.token_hex(12)}"
        key = idempotency_key or f"order_{secrets.token_hex(16)}"

        def store(connection: Connection) -> Order:
            now = self.clock()
            order_id = self.order_store.create(
                connection,
                draft,
                reference=reference,
                idempotency_key=key,
                stripe_key=stripe_key,
                actor=self.actor,
                now=now,
            )
            if order_id is None:
                return self._made_before(connection, key, draft)
            code_id = self._take(connection, draft, now)
            if code_id is not None:
                self.discount_store.hold(connection, code_id, order_id, draft.account_id, draft.discount_cents, now)
            self.order_store.set_request(connection, order_id, request_for(order_id, reference))
            if draft.total_cents == 0:
                self._settle_paid(connection, self._stored(connection, order_id), Paid(0, 0), None)
                self.audit_store.append(connection, self._completed_free(order_id, draft))
            return self._stored(connection, order_id)

        return self.database.once(store)

    def opened(self, order: Order, at_stripe: StripeSession | StripeIntent) -> Order:
        """The order after Stripe created its session or its payment intent.

        One that a person closed in the meantime stays closed, and keeps the ids by which a payment on it is noticed.
        """

        def open_it(connection: Connection) -> Order:
            if not self.order_store.move(
                connection, order.id, OrderStatus.OPEN, only_from=(OrderStatus.CREATED,), at_stripe=at_stripe
            ):
                session_id = at_stripe.id if isinstance(at_stripe, StripeSession) else None
                intent_id = at_stripe.id if isinstance(at_stripe, StripeIntent) else at_stripe.payment_intent_id
                self.order_store.note_ids(connection, order.id, session_id=session_id, payment_intent_id=intent_id)
            return self._stored(connection, order.id)

        return self.database.once(open_it)

    def unanswered(self, order: Order, reason: str) -> None:
        """Notes why it is not known what Stripe did with the order's request."""
        created = (OrderStatus.CREATED,)
        with self.database.write() as connection:
            self.order_store.move(connection, order.id, OrderStatus.CREATED, only_from=created, reason=reason)

    def failed(
        self, order: Order, reason: str, *, decline_code: str | None = None, payment_intent_id: str | None = None
    ) -> Order:
        """Ends an order whose request Stripe refused for good, and releases its code.

        `payment_intent_id` names the attempt of a charge that was declined.
        """
        created = (OrderStatus.CREATED,)

        def fail(connection: Connection) -> Order:
            if self._end(connection, order, OrderStatus.FAILED, created, reason, decline_code=decline_code):
                self.order_store.note_ids(connection, order.id, session_id=None, payment_intent_id=payment_intent_id)
            return self._stored(connection, order.id)

        return self.database.once(fail)

    def close(self, order_id: int, reason: str) -> Order:
        """Ends an order that needs a person, by the decision of one: it fails, and its code is released.

        Raises `Conflict` where it does not need a person.
        """

        closing = f"Closed by {self.actor}: {reason}"

        def close_it(connection: Connection) -> Order:
            order = self._stored(connection, order_id)
            closable = order.status in (OrderStatus.CREATED, OrderStatus.NEEDS_REVIEW)
            if not (closable and self._end(connection, order, OrderStatus.FAILED, (order.status,), closing)):
                # another run may have closed it: its COMMIT was lost, or came first
                order = self._stored(connection, order_id)
                if order.status is OrderStatus.FAILED and order.status_reason == closing:
                    return order
                raise Conflict(f"Order {order.id} is {order.status}, and needs nobody's decision.")
            closed = self._stored(connection, order_id)
            before, after = {"status": order.status.value}, {"status": closed.status.value}
            self.audit_store.append(
                connection,
                AuditEntry(self.clock(), self.actor, "close", "order", str(order.id), before, after, reason),
            )
            return closed

        return self.database.once(close_it)

    def release_code(self, order_id: int) -> None:
        """Gives back the use of a code that an order which ended unpaid still holds."""

        def release(connection: Connection) -> None:
            order = self._stored(connection, order_id)
            if order.status not in (OrderStatus.EXPIRED, OrderStatus.FAILED):
                raise Conflict(f"Order {order.id} is {order.status}: its code is not free to be released.")
            self.discount_store.settle(connection, order.id, RedemptionStatus.RELEASED, self.clock())

        self.database.once(release)

    def settle(self, order: Order, at_stripe: StripeSession | StripeIntent, verdict: Verdict) -> Order:
        """The order after what was freshly retrieved for it from Stripe; of many pollers one moves it."""
        if _is_no_news(order, verdict):
            return order
        try:
            return self.database.once(lambda connection: self._apply(connection, order, at_stripe, verdict))
        except AlreadyPosted:
            review = NeedsReview("Stripe reports it paid, but an entry credits this order already.")
            return self.database.once(lambda connection: self._apply(connection, order, at_stripe, review))

    def _made_before(self, connection: Connection, key: str, draft: OrderDraft) -> Order:
        order = self.order_store.by_key(connection, key)
        if order is None or order.draft != draft:
            raise IdempotencyConflict("This idempotency key was used for another order.", field="idempotency_key")
        return order

    def _take(self, connection: Connection, draft: OrderDraft, now: datetime) -> int | None:
        """Takes one use of the quoted code, whose id it answers.

        Raises `CodeRefused` where the code is not for this account, or its last use went to somebody else since the
        quote, and `Conflict` where it takes off something else by now. Either gives the use back.
        """
        code = draft.discount_code
        if code is None:
            return None
        taken = self.discount_store.take(connection, code, now)
        if taken is None:
            found = self.discount_store.get(connection, code)
            # A use that was given back in this very moment leaves no reason: then it was the last one.
            refusal = Refusal.UNKNOWN if found is None else found.refusal_at(now) or Refusal.SOLD_OUT
            raise CodeRefused(refusal.sentence(code), reason=refusal)
        if taken.first_purchase_only:
            self.discount_store.lock_first_purchase(connection, draft.account_id)
        facts = self.discount_store.account_facts(connection, taken.id, draft.account_id)
        terms_refusal = taken.terms_refusal(draft.base_cents, draft.price_mode, facts)
        if terms_refusal is not None:
            raise CodeRefused(terms_refusal.sentence(code), reason=terms_refusal)
        if taken.discount_on(draft.base_cents) != draft.discount_cents:
            raise Conflict(
                f"The code {code} was changed since it was quoted. Nothing was created.", field="discount_code"
            )
        return taken.id

    def _apply(
        self, connection: Connection, order: Order, at_stripe: StripeSession | StripeIntent, verdict: Verdict
    ) -> Order:
        match verdict:
            case Paid():
                self._settle_paid(connection, order, verdict, at_stripe)
            case Expired():
                self._end(connection, order, OrderStatus.EXPIRED, UNSETTLED, at_stripe=at_stripe)
            case Declined(code, reason):
                self._end(
                    connection, order, OrderStatus.FAILED, UNSETTLED, reason, decline_code=code, at_stripe=at_stripe
                )
            case NeedsReview(reason):
                to = OrderStatus.NEEDS_REVIEW
                self.order_store.move(connection, order.id, to, only_from=UNSETTLED, reason=reason, at_stripe=at_stripe)
            case StillOpen():
                # also the way back for one that needed a review and adds up after all
                review = (OrderStatus.NEEDS_REVIEW,)
                self.order_store.move(connection, order.id, OrderStatus.OPEN, only_from=review, at_stripe=at_stripe)
        return self._stored(connection, order.id)

    def _end(
        self,
        connection: Connection,
        order: Order,
        to: OrderStatus,
        only_from: Collection[OrderStatus],
        reason: str | None = None,
        *,
        decline_code: str | None = None,
        at_stripe: StripeSession | StripeIntent | None = None,
    ) -> bool:
        """Ends an order unpaid, and releases its code; False where it does not stand in one of `only_from`."""
        now = self.clock()
        moved = self.order_store.move(
            connection,
            order.id,
            to,
            only_from=only_from,
            reason=reason,
            decline_code=decline_code,
            at_stripe=at_stripe,
            settled_at=now,
        )
        if moved:
            self.discount_store.settle(connection, order.id, RedemptionStatus.RELEASED, now)
        return moved

    def _settle_paid(
        self, connection: Connection, order: Order, paid: Paid, at_stripe: StripeSession | StripeIntent | None
    ) -> None:
        """Marks the order paid, credits it and redeems its code: all or nothing, and once."""
        now = self.clock()
        moved = self.order_store.move(
            connection,
            order.id,
            OrderStatus.PAID,
            only_from=UNSETTLED,
            at_stripe=at_stripe,
            paid_cents=paid.paid_cents,
            settled_at=now,
        )
        if not moved:
            return
        self.discount_store.settle(connection, order.id, RedemptionStatus.REDEEMED, now)
        if isinstance(at_stripe, StripeSession):
            self._keep_customer(connection, order, at_stripe)
        credit_cents = order.draft.credit_for(paid.paid_cents)
        if credit_cents > 0:
            posting = Posting(
                account_id=order.draft.account_id,
                amount_cents=credit_cents,
                kind=order.draft.purpose.transaction_kind,
                description=f"{_CREDIT_TITLES[order.draft.purpose]}, order {order.id}",
                actor="stripe" if at_stripe is not None else self.actor,
                order_id=order.id,
                idempotency_key=f"order_{order.reference}_credit",
            )
            self.balance_store.post(connection, posting, now)

    def _keep_customer(self, connection: Connection, order: Order, session: StripeSession) -> None:
        """The customer and the card that paid belong to the account from now on, where they are nobody else's."""
        if session.customer_id is None:
            return
        account_id, livemode = order.draft.account_id, session.livemode
        self.account_store.set_stripe_customer(connection, account_id, session.customer_id, livemode=livemode)
        account = self.account_store.get(connection, account_id)
        is_theirs = account is not None and account.stripe_customer_in(livemode=livemode) == session.customer_id
        if is_theirs and session.card is not None:
            saved = SavedCard(account_id, session.customer_id, livemode, session.card)
            self.card_store.keep(connection, saved, self.clock())

    def _completed_free(self, order_id: int, draft: OrderDraft) -> AuditEntry:
        terms = {"base_cents": draft.base_cents, "discount_code": draft.discount_code, "total_cents": 0}
        return AuditEntry(self.clock(), self.actor, "complete_free", "order", str(order_id), None, terms)

    def _stored(self, connection: Connection, order_id: int) -> Order:
        order = self.order_store.get(connection, order_id) if is_id(order_id) else None
        if order is None:
            raise NotFound(f"There is no order {order_id}.", field="order_id")
        return order


def _is_no_news(order: Order, verdict: Verdict) -> bool:
    """Whether an order stands as the verdict has it already, so that asking again and again writes nothing."""
    match verdict:
        case StillOpen():
            return order.status is OrderStatus.OPEN
        case NeedsReview(reason):
            return order.status is OrderStatus.NEEDS_REVIEW and order.status_reason == reason
        case _:
            return False
