"""The figures of the first screen: each query reads an index, one row for an account or a code, or a bounded piece."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.checkout import UNSETTLED, OrderStatus
from services.domain.discount import CodeStatus
from services.domain.overview import BalanceFigures, DayMovements, NearLimit, OldestOrder, OrderFigures
from services.models.moments import EPOCH, MICROSECOND
from services.models.tables import balances, discount_codes, findings, orders, transactions
from services.models.types import Int64
from services.stores.discounts import status_at

_DAY = timedelta(days=1)


class OverviewStore:
    """Reads figures. It changes nothing."""

    def balances(self, connection: Connection) -> BalanceFigures:
        """What all balances add up to, and the lowest one where it is below zero."""
        cents = balances.c.balance_cents
        row = connection.execute(
            sa.select(
                sa.func.count(),
                sa.func.coalesce(sa.func.sum(cents).filter(cents > 0), 0),
                sa.func.count().filter(cents < 0),
                sa.func.coalesce(sa.func.sum(cents).filter(cents < 0), 0),
            ).select_from(balances)
        ).one()
        accounts, owed_cents, below_zero, short_cents = map(int, row)
        lowest = sa.select(balances.c.account_id).order_by(cents, balances.c.account_id).limit(1)
        lowest_id = connection.scalar(lowest) if below_zero else None
        return BalanceFigures(accounts, owed_cents, below_zero, short_cents, lowest_id)

    def orders(
        self, connection: Connection, newest: int, *, failed_since: datetime, asked_before: datetime, now: datetime
    ) -> OrderFigures:
        """Every order that is not settled, and of the `newest` ones those that are.

        An order is stuck where it was sent to Stripe before `asked_before` and nothing is known since, or where it
        should have ended before `now`.
        """
        unsettled = self._unsettled(connection, asked_before, now)
        settled = self._settled(connection, newest, failed_since)
        counts = {OrderStatus(status): number for status, number, *_ in settled}
        counts |= dict.fromkeys(UNSETTLED, 0) | {OrderStatus(status): number for status, number, *_ in unsettled}
        first = {OrderStatus(status): order_id for status, _, order_id, *_ in unsettled}
        failed = next((row for row in settled if row[0] == OrderStatus.FAILED.value), (None, 0, 0, None))
        looked_at = sum(number for _, number, *_ in settled)
        first_id = min((row[4] for row in settled), default=None)
        return OrderFigures(
            counts={status: counts.get(status, 0) for status in OrderStatus},
            looked_at=looked_at,
            partial=looked_at == newest and first_id is not None and self._has_before(connection, first_id),
            oldest_open=self._order(connection, first.get(OrderStatus.OPEN)),
            first_in_review=first.get(OrderStatus.NEEDS_REVIEW),
            stuck=sum(row[3] for row in unsettled),
            first_stuck=min((row[4] for row in unsettled if row[4] is not None), default=None),
            failed_lately=failed[2],
            last_failed=failed[3],
        )

    def _unsettled(
        self, connection: Connection, asked_before: datetime, now: datetime
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Of each state that is not settled: how many orders and the first of them, how many stuck and the first."""
        stuck = sa.or_(
            sa.and_(orders.c.status == OrderStatus.CREATED.value, orders.c.created_at < asked_before),
            sa.and_(orders.c.status == OrderStatus.OPEN.value, orders.c.expires_at <= now),
        )
        statement = (
            sa.select(
                orders.c.status,
                sa.func.count(),
                sa.func.min(orders.c.id),
                sa.func.count().filter(stuck),
                sa.func.min(orders.c.id).filter(stuck),
            )
            # Written out, so that the index of just these orders is used.
            .where(orders.c.status.in_(sa.literal_column(f"'{state}'") for state in sorted(UNSETTLED)))
            .group_by(orders.c.status)
        )
        return connection.execute(statement).all()

    def _settled(self, connection: Connection, newest: int, failed_since: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
        """Of each state among the newest orders: how many, how many lately, the last of those, the first of all."""
        latest = (
            sa.select(orders.c.id, orders.c.status, orders.c.created_at)
            .order_by(orders.c.id.desc())
            .limit(newest)
            .subquery()
        )
        recent = latest.c.created_at >= failed_since
        statement = sa.select(
            latest.c.status,
            sa.func.count(),
            sa.func.count().filter(recent),
            sa.func.max(latest.c.id).filter(recent),
            sa.func.min(latest.c.id),
        ).group_by(latest.c.status)
        return connection.execute(statement).all()

    def _has_before(self, connection: Connection, order_id: int) -> bool:
        return connection.scalar(sa.select(orders.c.id).where(orders.c.id < order_id).limit(1)) is not None

    def _order(self, connection: Connection, order_id: int | None) -> OldestOrder | None:
        if order_id is None:
            return None
        columns = (orders.c.id, orders.c.created_at, orders.c.total_cents)
        return OldestOrder(*connection.execute(sa.select(*columns).where(orders.c.id == order_id)).one())

    def near_limit(self, connection: Connection, now: datetime, limit: int) -> list[NearLimit]:
        """The active codes of whose uses a tenth or less is left, those with the fewest left first."""
        columns = discount_codes.c
        uses = columns.held + columns.redeemed
        left = columns.max_uses - uses
        statement = (
            sa.select(columns.code, left, columns.max_uses)
            .where(columns.max_uses.is_not(None), left * 10 <= columns.max_uses)
            .where(status_at(now) == CodeStatus.ACTIVE.value)
            .order_by(left, columns.code)
            .limit(limit)
        )
        return [NearLimit(*row) for row in connection.execute(statement)]

    def open_findings(self, connection: Connection) -> int:
        """How many differences between Stripe and the desk nobody has resolved."""
        statement = sa.select(sa.func.count()).select_from(findings).where(findings.c.resolved_at.is_(None))
        return connection.execute(statement).scalar_one()

    def movements(
        self, connection: Connection, before_id: int | None, entries: int
    ) -> tuple[list[DayMovements], int | None]:
        """What the last `entries` entries before one moved, by day in UTC, and the id of the first of them."""
        piece = sa.select(transactions.c.id, transactions.c.amount_cents, _day(connection).label("day"))
        if before_id is not None:
            piece = piece.where(transactions.c.id < before_id)
        last = piece.order_by(transactions.c.id.desc()).limit(entries).subquery()
        cents = last.c.amount_cents
        rows = connection.execute(
            sa.select(
                last.c.day,
                sa.func.count(),
                sa.func.coalesce(sa.func.sum(cents).filter(cents > 0), 0),
                sa.func.coalesce(sa.func.sum(cents).filter(cents < 0), 0),
                sa.func.min(last.c.id),
            ).group_by(last.c.day)
        ).all()
        days = [DayMovements(_date(day), count, int(came), int(went)) for day, count, came, went, _ in rows]
        return days, min((row[4] for row in rows), default=None)


def _day(connection: Connection) -> sa.ColumnElement[Any]:
    """How many days after 1970 an entry was made, in UTC."""
    if connection.dialect.name == "sqlite":
        return sa.type_coerce(transactions.c.created_at, Int64) // (_DAY // MICROSECOND)
    return sa.cast(sa.func.timezone("UTC", transactions.c.created_at), sa.Date)


def _date(day: int | date) -> date:
    return day if isinstance(day, date) else (EPOCH + day * _DAY).astimezone(UTC).date()
