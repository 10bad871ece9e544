"""The uses of codes for reading: one by one, and added up in the database."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.domain.code_report import CodeTotals, Redemption
from services.domain.discount import RedemptionStatus
from services.models.tables import orders, redemptions

_PAID = sa.func.coalesce(orders.c.paid_cents, 0)


class RedemptionStore:
    """Reads uses of codes."""

    def totals(self, connection: Connection, code_ids: Collection[int]) -> dict[int, CodeTotals]:
        """The uses of each code added up; a code without any is left out."""
        uses = redemptions.c

        def number(status: RedemptionStatus) -> sa.ColumnElement[int]:
            return sa.func.sum(sa.case((uses.status == status.value, 1), else_=0))

        def cents(amount: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
            redeemed = sa.func.sum(sa.case((uses.status == RedemptionStatus.REDEEMED.value, amount), else_=0))
            return sa.cast(redeemed, sa.BigInteger)  # PostgreSQL's sums of bigint are numeric

        statement = (
            sa.select(
                uses.code_id,
                *(number(status).label(status.value) for status in RedemptionStatus),
                cents(uses.discount_cents).label("saved_cents"),
                cents(_PAID).label("revenue_cents"),
                cents(orders.c.refunded_cents).label("refunded_cents"),
                sa.func.max(uses.created_at, type_=uses.created_at.type).label("last_use_at"),
            )
            .join(orders, orders.c.id == uses.order_id)
            .where(uses.code_id.in_(code_ids))
            .group_by(uses.code_id)
        )
        return {
            row.code_id: CodeTotals(
                held=row.held,
                redeemed=row.redeemed,
                released=row.released,
                saved_cents=row.saved_cents,
                revenue_cents=row.revenue_cents,
                refunded_cents=row.refunded_cents,
                last_use_at=row.last_use_at,
            )
            for row in connection.execute(statement)
        }

    def moments(
        self, connection: Connection, code_id: int, since: datetime | None
    ) -> list[tuple[datetime, RedemptionStatus]]:
        """When each use of a code was taken and what became of it; from `since` on, where it is given."""
        statement = sa.select(redemptions.c.created_at, redemptions.c.status).where(redemptions.c.code_id == code_id)
        if since is not None:
            statement = statement.where(redemptions.c.created_at >= since)
        return [(row.created_at, RedemptionStatus(row.status)) for row in connection.execute(statement)]

    def newest(self, connection: Connection, code_id: int, limit: int, before_order_id: int | None) -> list[Redemption]:
        """The last `limit` uses of a code, newest order first; those before an order where it is given."""
        statement = (
            sa.select(redemptions, _PAID.label("paid_cents"), orders.c.refunded_cents)
            .join(orders, orders.c.id == redemptions.c.order_id)
            .where(redemptions.c.code_id == code_id)
            .order_by(redemptions.c.order_id.desc())
            .limit(limit)
        )
        if before_order_id is not None:
            statement = statement.where(redemptions.c.order_id < before_order_id)
        return [
            Redemption(
                order_id=row.order_id,
                account_id=row.account_id,
                status=RedemptionStatus(row.status),
                discount_cents=row.discount_cents,
                paid_cents=row.paid_cents,
                refunded_cents=row.refunded_cents,
                created_at=row.created_at,
                settled_at=row.settled_at,
            )
            for row in connection.execute(statement)
        ]
