"""Findings of reconciliations, and how far Stripe's events have been read."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.finding import Finding, FindingKind, Observation
from services.models.tables import findings, stripe_cursors
from services.stores.dialects import insert


class FindingStore:
    """Reads and writes findings and cursors."""

    def note(self, connection: Connection, seen: Observation, now: datetime) -> None:
        """Stores an observation as a finding, unless it is open already."""
        statement = insert(connection, findings).values(
            kind=seen.kind.value,
            order_id=seen.order_id,
            subject=seen.subject,
            amount_cents=seen.amount_cents,
            explanation=seen.explanation,
            found_at=now,
        )
        connection.execute(
            statement.on_conflict_do_nothing(
                index_elements=["kind", "subject"], index_where=findings.c.resolved_at.is_(None)
            )
        )

    def get(self, connection: Connection, finding_id: int) -> Finding | None:
        """The finding with this id."""
        row = connection.execute(sa.select(findings).where(findings.c.id == finding_id)).one_or_none()
        return None if row is None else _finding(row)

    def open(self, connection: Connection) -> list[Finding]:
        """The findings that nobody has resolved, oldest first."""
        statement = sa.select(findings).where(findings.c.resolved_at.is_(None)).order_by(findings.c.id)
        return [_finding(row) for row in connection.execute(statement)]

    def resolve(
        self, connection: Connection, finding_id: int, resolution: str, *, resolved_by: str, now: datetime
    ) -> bool:
        """Closes a finding if it is open; False where somebody did before."""
        statement = sa.update(findings).where(findings.c.id == finding_id, findings.c.resolved_at.is_(None))
        values = {"resolution": resolution, "resolved_by": resolved_by, "resolved_at": now}
        return connection.execute(statement.values(**values)).rowcount == 1

    def cursor(self, connection: Connection, stripe_key: str) -> tuple[datetime, frozenset[str]] | None:
        """How far the events of a Stripe key were read, and which of the last ones; None before the first time."""
        row = connection.execute(
            sa.select(stripe_cursors).where(stripe_cursors.c.stripe_key == stripe_key)
        ).one_or_none()
        return None if row is None else (row.read_until, frozenset(json.loads(row.seen)))

    def set_cursor(self, connection: Connection, stripe_key: str, read_until: datetime, seen: frozenset[str]) -> None:
        """Notes how far the events of a Stripe key were read, and which of the last ones; it never goes back."""
        values: dict[str, Any] = {"read_until": read_until, "seen": json.dumps(sorted(seen))}
        statement = insert(connection, stripe_cursors).values(stripe_key=stripe_key, **values)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["stripe_key"], set_=values, where=stripe_cursors.c.read_until <= read_until
            )
        )


def _finding(row: Row[*tuple[Any, ...]]) -> Finding:
    return Finding(
        id=row.id,
        kind=FindingKind(row.kind),
        order_id=row.order_id,
        subject=row.subject,
        amount_cents=row.amount_cents,
        explanation=row.explanation,
        found_at=row.found_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        resolution=row.resolution,
    )
