"""Stored price changes: append-only, numbered by version."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.pricing import PriceChange, PriceMode, Prices
from services.models.tables import price_changes
from services.stores.locks import lock


class PriceStore:
    """Reads and appends price changes."""

    def lock(self, connection: Connection) -> None:
        """Lets one price change through at a time, until the caller's transaction ends."""
        lock(connection, "price_changes")

    def in_force(self, connection: Connection, now: datetime) -> PriceChange | None:
        """The newest change whose moment has come; None if there is none."""
        statement = (
            sa.select(price_changes)
            .where(price_changes.c.effective_at <= now)
            .order_by(price_changes.c.effective_at.desc(), price_changes.c.version.desc())
            .limit(1)
        )
        row = connection.execute(statement).one_or_none()
        return None if row is None else _change(row)

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
                created_at=change.created_at,
            )
        )

    def newest(self, connection: Connection, limit: int) -> list[PriceChange]:
        """The last `limit` changes, newest version first."""
        statement = sa.select(price_changes).order_by(price_changes.c.version.desc()).limit(limit)
        return [_change(row) for row in connection.execute(statement)]


def _change(row: Row[*tuple[Any, ...]]) -> PriceChange:
    prices = Prices(PriceMode(row.mode), row.rrp_cents, row.launch_cents, row.sale_cents)
    return PriceChange(row.version, prices, row.reason, row.actor, row.effective_at, row.created_at)
