"""Orders: the snapshot and the request are written once, the outcome moves on by guarded updates."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.checkout import Channel, Order, OrderDraft, OrderPurpose, OrderStatus, StripeSession
from services.domain.pricing import PriceMode
from services.models.tables import orders


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
    ) -> int:
        """Stores the snapshot of a new order and returns its id; `set_request` follows in the same transaction."""
        statement = sa.insert(orders).values(
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
            reference=reference,
            idempotency_key=idempotency_key,
            stripe_key=stripe_key,
            request="{}",
            promotion_cents=0,
            actor=actor,
            created_at=now,
        )
        order_id: int = connection.execute(statement.returning(orders.c.id)).scalar_one()
        return order_id

    def set_request(self, connection: Connection, order_id: int, request: Mapping[str, Any]) -> None:
        """Stores the exact request for Stripe, which names the order's own id."""
        connection.execute(sa.update(orders).where(orders.c.id == order_id).values(request=json.dumps(request)))

    def get(self, connection: Connection, order_id: int) -> Order | None:
        """The order with this id."""
        row = connection.execute(sa.select(orders).where(orders.c.id == order_id)).one_or_none()
        return None if row is None else _order(row)

    def newest(self, connection: Connection, limit: int, account_id: int | None = None) -> list[Order]:
        """The last `limit` orders, of all accounts or of one, newest first."""
        statement = sa.select(orders).order_by(orders.c.id.desc()).limit(limit)
        if account_id is not None:
            statement = statement.where(orders.c.account_id == account_id)
        return [_order(row) for row in connection.execute(statement)]

    def move(
        self,
        connection: Connection,
        order_id: int,
        to: OrderStatus,
        *,
        only_from: Collection[OrderStatus],
        reason: str | None = None,
        session: StripeSession | None = None,
        paid_cents: int | None = None,
        settled_at: datetime | None = None,
    ) -> bool:
        """Moves an order to another state if it stands in one of `only_from`; False where it does not.

        What `session` tells (ids, link, expiry, promotion) is kept with it. A link lives only while the order is open.
        """
        values: dict[str, Any] = {
            "status": to.value,
            "status_reason": reason,
            "paid_cents": paid_cents,
            "settled_at": settled_at,
        }
        if session is not None:
            values |= {
                "session_id": session.id,
                "checkout_url": session.url,
                "expires_at": session.expires_at,
                "stripe_customer_id": session.customer_id,
                "payment_intent_id": session.payment_intent_id,
                "promotion_cents": session.amount_discount_cents,
            }
        states = [state.value for state in only_from]
        statement = sa.update(orders).where(orders.c.id == order_id, orders.c.status.in_(states)).values(**values)
        return connection.execute(statement).rowcount == 1


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
