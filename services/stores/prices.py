"""Stored price changes: append-only, numbered by version."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.pricing import PriceChange, PriceMode, Prices, Withdrawal
from services.models.tables import price_changes, price_withdrawals
from services.stores.locks import lock


class PriceStore:
    """Reads and appends price changes and their withdrawals."""

    def lock(self, connection: Connection) -> None:
        """Lets one price change through at a time, until the caller's transaction ends."""
        lock(connection, "price_changes")

    def in_force(self, connection: Connection, moment: datetime, *, without: int | None = None) -> PriceChange | None:
        """The newest change whose moment has come, and that neither ended nor was withdrawn; None if there is none.

        `without` is a version to look past.
        """
        statement = (
            _CHANGES.where(
                price_changes.c.effective_at <= moment,
                sa.or_(price_changes.c.ends_at.is_(None), price_changes.c.ends_at > moment),
                price_withdrawals.c.version.is_(None),
                price_changes.c.version != (without or 0),
            )
            .order_by(price_changes.c.effective_at.desc(), price_changes.c.version.desc())
            .limit(1)
        )
        row = connection.execute(statement).one_or_none()
        return None if row is None else _change(row)

    def get(self, connection: Connection, version: int) -> PriceChange | None:
        """The change of one version."""
        row = connection.execute(_CHANGES.where(price_changes.c.version == version)).one_or_none()
        return None if row is None else _change(row)

    def pending(self, connection: Connection, now: datetime) -> list[PriceChange]:
        """The changes that have yet to take effect, the next one first."""
        statement = _CHANGES.where(price_changes.c.effective_at > now, price_withdrawals.c.version.is_(None))
        ordered = statement.order_by(price_changes.c.effective_at, price_changes.c.version)
        return [_change(row) for row in connection.execute(ordered)]

    def last_version(self, connection: Connection) -> int:
        """The version of the newest stored change; 0 without one."""
        newest = sa.select(sa.func.coalesce(sa.func.max(price_changes.c.version), 0))
        version: int = connection.execute(newest).scalar_one()
        return version

    def append(self, connection: Connection, change: PriceChange) -> None:
        """Stores a change under its version."""
        connection.execute(
            sa.insert(price_changes).values(
                version=change.version,
                mode=change.prices.mode.value,
                rrp_cents=change.prices.rrp_cents,
                launch_cents=change.prices.launch_cents,
                sale_cents=change.prices.sale_cents,
                reason=change.reason,
                actor=change.actor,
                effective_at=change.effective_at,
                ends_at=change.ends_at,
                created_at=change.created_at,
            )
        )

    def withdraw(self, connection: Connection, version: int, withdrawal: Withdrawal) -> None:
        """Takes back a change, for good."""
        connection.execute(
            sa.insert(price_withdrawals).values(
                version=version,
                actor=withdrawal.actor,
                reason=withdrawal.reason,
                created_at=withdrawal.created_at,
            )
        )

    def newest(self, connection: Connection, limit: int | None = None) -> list[PriceChange]:
        """The last `limit` changes, or all of them, newest version first; also those that were withdrawn."""
        statement = _CHANGES.order_by(price_changes.c.version.desc()).limit(limit)
        return [_change(row) for row in connection.execute(statement)]


_CHANGES = sa.select(
    price_changes,
    price_withdrawals.c.actor.label("withdrawn_by"),
    price_withdrawals.c.reason.label("withdrawn_for"),
    price_withdrawals.c.created_at.label("withdrawn_at"),
).outerjoin_from(price_changes, price_withdrawals)


def _change(row: Row[*tuple[Any, ...]]) -> PriceChange:
    return PriceChange(
        version=row.version,
        prices=Prices(PriceMode(row.mode), row.rrp_cents, row.launch_cents, row.sale_cents),
        reason=row.reason,
        actor=row.actor,
        effective_at=row.effective_at,
        created_at=row.created_at,
        ends_at=row.ends_at,
        withdrawn=(
            None if row.withdrawn_at is None else Withdrawal(row.withdrawn_by, row.withdrawn_for, row.withdrawn_at)
        ),
    )
