"""Orders: the snapshot and the request are written once, the outcome moves on by guarded updates."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.charge import StripeIntent
from services.domain.checkout import (
    UNSETTLED,
    WAITING,
    Channel,
    Order,
    OrderDraft,
    OrderPurpose,
    OrderStatus,
    StripeSession,
)
from services.domain.discount import RedemptionStatus
from services.domain.pricing import PriceMode
from services.domain.quote import steps_from_json, steps_to_json
from services.models.tables import orders, redemptions
from services.stores.dialects import insert


class OrderStore:
    """Reads and writes orders."""

    def create(
        self,
        connection: Connection,
        draft: OrderDraft,
        *,
        reference: str,
        idempotency_key: str,
        stripe_key: str | None = None,
        actor: str,
        now: datetime,
    ) -> int | None:
        """Stores the snapshot of a new order and returns its id; `set_request` follows in the same transaction.

        None where the key has an order already. A transaction under way that stores one is waited for.
        """
        statement = insert(connection, orders).values(
            account_id=draft.account_id,
            purpose=draft.purpose.value,
            channel=draft.channel.value,
            status=OrderStatus.CREATED.value,
            currency=draft.currency,
            livemode=draft.livemode,
            price_version=draft.price_version,
            price_mode=draft.price_mode.value if draft.price_mode else None,
            base_cents=draft.base_cents,
            discount_code=draft.discount_code,
            discount_cents=draft.discount_cents,
            total_cents=draft.total_cents,
            credit_cents=draft.credit_cents,
            quote=steps_to_json(draft.steps) if draft.steps else None,
            reference=reference,
            idempotency_key=idempotency_key,
            stripe_key=stripe_key,
            request="{}",
            promotion_cents=0,
            actor=actor,
            created_at=now,
        )
        stored = statement.on_conflict_do_nothing(index_elements=["idempotency_key"]).returning(orders.c.id)
        return connection.execute(stored).scalar_one_or_none()

    def set_request(self, connection: Connection, order_id: int, request: Mapping[str, Any]) -> None:
        """Stores the exact request for Stripe, which names the order's own id."""
        connection.execute(sa.update(orders).where(orders.c.id == order_id).values(request=json.dumps(request)))

    def get(self, connection: Connection, order_id: int) -> Order | None:
        """The order with this id."""
        return self._one(connection, orders.c.id == order_id)

    def by_key(self, connection: Connection, idempotency_key: str) -> Order | None:
        """The order that an idempotency key made."""
        return self._one(connection, orders.c.idempotency_key == idempotency_key)

    def ids_of_stripe_object(self, connection: Connection, stripe_id: str) -> list[int]:
        """The orders of a Checkout Session or a payment intent; more than one where Stripe told so by mistake."""
        either = sa.or_(orders.c.session_id == stripe_id, orders.c.payment_intent_id == stripe_id)
        return list(connection.scalars(sa.select(orders.c.id).where(either).order_by(orders.c.id)))

    def newest(self, connection: Connection, limit: int, account_id: int | None = None) -> list[Order]:
        """The last `limit` orders, of all accounts or of one, newest first."""
        statement = sa.select(orders).order_by(orders.c.id.desc()).limit(limit)
        if account_id is not None:
            statement = statement.where(orders.c.account_id == account_id)
        return [_order(row) for row in connection.execute(statement)]

    def unsettled_ids(self, connection: Connection) -> list[int]:
        """The orders that Stripe may move on, oldest first."""
        states = [state.value for state in UNSETTLED]
        return list(connection.scalars(sa.select(orders.c.id).where(orders.c.status.in_(states)).order_by(orders.c.id)))

    def first_created_at(self, connection: Connection) -> datetime | None:
        """When the first order was made; None where there is none."""
        return connection.scalar(sa.select(orders.c.created_at).order_by(orders.c.id).limit(1))

    def movable_since(self, connection: Connection, moment: datetime) -> list[int]:
        """The orders that were settled here at `moment` or later, and may have moved on at Stripe; oldest first.

        What was paid may be refunded there. What failed here, closed by a person, may be paid there.
        """
        failed_here = sa.and_(
            orders.c.status == OrderStatus.FAILED.value,
            sa.or_(orders.c.session_id.is_not(None), orders.c.payment_intent_id.is_not(None)),
        )
        statement = sa.select(orders.c.id).where(
            orders.c.settled_at >= moment, sa.or_(orders.c.paid_cents > 0, failed_here)
        )
        return list(connection.scalars(statement.order_by(orders.c.id)))

    def open_purchases(self, connection: Connection) -> list[Order]:
        """The initial purchases that still wait for their customer, oldest first."""
        waiting = [state.value for state in WAITING]
        statement = sa.select(orders).where(
            orders.c.status.in_(waiting), orders.c.purpose == OrderPurpose.INITIAL_ACCESS.value
        )
        return [_order(row) for row in connection.execute(statement.order_by(orders.c.id))]

    def holding_a_code_in_vain(self, connection: Connection) -> list[int]:
        """The orders that ended unpaid and still hold a use of a code, oldest first."""
        statement = (
            sa.select(orders.c.id)
            .join(redemptions, redemptions.c.order_id == orders.c.id)
            .where(
                redemptions.c.status == RedemptionStatus.HELD.value,
                orders.c.status.in_([OrderStatus.EXPIRED.value, OrderStatus.FAILED.value]),
            )
        )
        return list(connection.scalars(statement.order_by(orders.c.id)))

    def move(
        self,
        connection: Connection,
        order_id: int,
        to: OrderStatus,
        *,
        only_from: Collection[OrderStatus],
        reason: str | None = None,
        decline_code: str | None = None,
        at_stripe: StripeSession | StripeIntent | None = None,
        paid_cents: int | None = None,
        settled_at: datetime | None = None,
    ) -> bool:
        """Moves an order to another state if it stands in one of `only_from`; False where it does not.

        What Stripe tells (ids, link, expiry, promotion) is kept with it. A link lives only while the order is open.
        """
        values: dict[str, Any] = {
            "status": to.value,
            "status_reason": reason,
            "decline_code": decline_code,
            "paid_cents": paid_cents,
            "settled_at": settled_at,
            **_told_by(at_stripe),
        }
        states = [state.value for state in only_from]
        statement = sa.update(orders).where(orders.c.id == order_id, orders.c.status.in_(states)).values(**values)
        return connection.execute(statement).rowcount == 1

    def note_ids(
        self, connection: Connection, order_id: int, *, session_id: str | None, payment_intent_id: str | None
    ) -> None:
        """Keeps what Stripe calls an order that failed here, if nothing is known of that yet."""
        statement = sa.update(orders).where(
            orders.c.id == order_id,
            orders.c.status == OrderStatus.FAILED.value,
            orders.c.session_id.is_(None),
            orders.c.payment_intent_id.is_(None),
        )
        connection.execute(statement.values(session_id=session_id, payment_intent_id=payment_intent_id))

    def reserve_refund(self, connection: Connection, order_id: int, amount_cents: int) -> Order | None:
        """Counts a refund against what was paid, if that much is left; the order as it stands then, else None.

        The condition and the count are one statement: racing refunds never give back more than was paid.
        """
        statement = (
            sa.update(orders)
            .where(orders.c.id == order_id, orders.c.refunded_cents + amount_cents <= orders.c.paid_cents)
            .values(refunded_cents=orders.c.refunded_cents + amount_cents)
        )
        row = connection.execute(statement.returning(*orders.c)).one_or_none()
        return None if row is None else _order(row)

    def release_refund(self, connection: Connection, order_id: int, amount_cents: int) -> None:
        """Takes back what `reserve_refund` counted: that money did not go back to the card."""
        statement = sa.update(orders).where(orders.c.id == order_id)
        connection.execute(statement.values(refunded_cents=orders.c.refunded_cents - amount_cents))

    def _one(self, connection: Connection, condition: sa.ColumnElement[bool]) -> Order | None:
        row = connection.execute(sa.select(orders).where(condition)).one_or_none()
        return None if row is None else _order(row)


def _told_by(at_stripe: StripeSession | StripeIntent | None) -> dict[str, Any]:
    match at_stripe:
        case StripeSession():
            return {
                "session_id": at_stripe.id,
                "checkout_url": at_stripe.url,
                "expires_at": at_stripe.expires_at,
                "stripe_customer_id": at_stripe.customer_id,
                "payment_intent_id": at_stripe.payment_intent_id,
                "promotion_cents": at_stripe.amount_discount_cents,
            }
        case StripeIntent():
            return {"payment_intent_id": at_stripe.id, "stripe_customer_id": at_stripe.customer_id}
        case None:
            return {}


def _order(row: Row[*tuple[Any, ...]]) -> Order:
    draft = OrderDraft(
        account_id=row.account_id,
        purpose=OrderPurpose(row.purpose),
        currency=row.currency,
        livemode=row.livemode,
        price_version=row.price_version,
        price_mode=None if row.price_mode is None else PriceMode(row.price_mode),
        base_cents=row.base_cents,
        discount_code=row.discount_code,
        discount_cents=row.discount_cents,
        total_cents=row.total_cents,
        credit_cents=row.credit_cents,
        channel=Channel(row.channel),
        steps=() if row.quote is None else steps_from_json(row.quote),
    )
    return Order(
        id=row.id,
        draft=draft,
        status=OrderStatus(row.status),
        status_reason=row.status_reason,
        reference=row.reference,
        idempotency_key=row.idempotency_key,
        request=json.loads(row.request),
        session_id=row.session_id,
        checkout_url=row.checkout_url,
        expires_at=row.expires_at,
        stripe_customer_id=row.stripe_customer_id,
        payment_intent_id=row.payment_intent_id,
        paid_cents=row.paid_cents,
        promotion_cents=row.promotion_cents,
        actor=row.actor,
        created_at=row.created_at,
        settled_at=row.settled_at,
        stripe_key=row.stripe_key,
        decline_code=row.decline_code,
        refunded_cents=row.refunded_cents,
    )
