"""Refunds: what is asked for is written once, the outcome moves on by guarded updates."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.refund import Refund, RefundOrigin, RefundStatus
from services.models.tables import refunds
from services.stores.dialects import insert


class RefundStore:
    """Reads and writes refunds."""

    def create(
        self,
        connection: Connection,
        order_id: int,
        *,
        amount_cents: int,
        credit_cents: int,
        reason: str,
        origin: RefundOrigin,
        reference: str,
        idempotency_key: str,
        request: Mapping[str, Any],
        stripe_key: str | None,
        actor: str,
        now: datetime,
    ) -> int | None:
        """Stores a refund before it is asked for and returns its id; None where the key has a refund already."""
        statement = insert(connection, refunds).values(
            order_id=order_id,
            amount_cents=amount_cents,
            credit_cents=credit_cents,
            reason=reason,
            origin=origin.value,
            status=RefundStatus.CREATED.value,
            reference=reference,
            idempotency_key=idempotency_key,
            request=json.dumps(request),
            stripe_key=stripe_key,
            actor=actor,
            created_at=now,
        )
        stored = statement.on_conflict_do_nothing(index_elements=["idempotency_key"]).returning(refunds.c.id)
        return connection.execute(stored).scalar_one_or_none()

    def get(self, connection: Connection, refund_id: int) -> Refund | None:
        """The refund with this id."""
        return self._one(connection, refunds.c.id == refund_id)

    def by_key(self, connection: Connection, idempotency_key: str) -> Refund | None:
        """The refund that an idempotency key made."""
        return self._one(connection, refunds.c.idempotency_key == idempotency_key)

    def by_stripe_id(self, connection: Connection, stripe_refund_id: str) -> Refund | None:
        """The refund that has this id at Stripe."""
        return self._one(connection, refunds.c.stripe_refund_id == stripe_refund_id)

    def credit_taken(self, connection: Connection, order_id: int) -> int:
        """The credit that the refunds of an order take back, in cents: those that are made, and those under way."""
        statement = sa.select(sa.func.coalesce(sa.func.sum(refunds.c.credit_cents), 0)).where(
            refunds.c.order_id == order_id, refunds.c.status != RefundStatus.FAILED.value
        )
        return int(connection.execute(statement).scalar_one())

    def of_order(self, connection: Connection, order_id: int) -> list[Refund]:
        """The refunds of an order, oldest first."""
        statement = sa.select(refunds).where(refunds.c.order_id == order_id).order_by(refunds.c.id)
        return [_refund(row) for row in connection.execute(statement)]

    def unfinished(self, connection: Connection) -> list[Refund]:
        """The refunds whose outcome is not known, oldest first."""
        statement = sa.select(refunds).where(refunds.c.status == RefundStatus.CREATED.value).order_by(refunds.c.id)
        return [_refund(row) for row in connection.execute(statement)]

    def move(
        self,
        connection: Connection,
        refund_id: int,
        to: RefundStatus,
        *,
        only_from: RefundStatus,
        reason: str | None = None,
        stripe_refund_id: str | None = None,
        settled_at: datetime | None = None,
    ) -> bool:
        """Moves a refund to another state if it stands in `only_from`; False where it does not."""
        values: dict[str, Any] = {"status": to.value, "status_reason": reason, "settled_at": settled_at}
        if stripe_refund_id is not None:
            values["stripe_refund_id"] = stripe_refund_id
        statement = sa.update(refunds).where(refunds.c.id == refund_id, refunds.c.status == only_from.value)
        return connection.execute(statement.values(**values)).rowcount == 1

    def link(self, connection: Connection, refund_id: int, transaction_id: int) -> None:
        """Notes the entry that took the credit back."""
        connection.execute(sa.update(refunds).where(refunds.c.id == refund_id).values(transaction_id=transaction_id))

    def _one(self, connection: Connection, condition: sa.ColumnElement[bool]) -> Refund | None:
        row = connection.execute(sa.select(refunds).where(condition)).one_or_none()
        return None if row is None else _refund(row)


def _refund(row: Row[*tuple[Any, ...]]) -> Refund:
    return Refund(
        id=row.id,
        order_id=row.order_id,
        amount_cents=row.amount_cents,
        credit_cents=row.credit_cents,
        reason=row.reason,
        origin=RefundOrigin(row.origin),
        status=RefundStatus(row.status),
        status_reason=row.status_reason,
        reference=row.reference,
        idempotency_key=row.idempotency_key,
        request=json.loads(row.request),
        stripe_key=row.stripe_key,
        stripe_refund_id=row.stripe_refund_id,
        transaction_id=row.transaction_id,
        actor=row.actor,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )
