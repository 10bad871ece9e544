"""The audit log: who changed what, before and after, and why."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.audit import AuditEntry
from services.models.tables import audit_log


class AuditStore:
    """Appends to the audit log and reads it."""

    def append(self, connection: Connection, entry: AuditEntry) -> None:
        """Records one change, in the transaction that makes it."""
        self.append_all(connection, [entry])

    def append_all(self, connection: Connection, entries: Sequence[AuditEntry]) -> None:
        """Records changes in their order, in the transaction that makes them."""
        values: list[dict[str, Any]] = [
            {
                "created_at": entry.created_at,
                "actor": entry.actor,
                "action": entry.action,
                "object_type": entry.object_type,
                "object_id": entry.object_id,
                "before": _json(entry.before),
                "after": _json(entry.after),
                "reason": entry.reason,
            }
            for entry in entries
        ]
        connection.execute(sa.insert(audit_log), values)

    def newest(self, connection: Connection, limit: int) -> list[AuditEntry]:
        """The last `limit` changes, newest first."""
        rows = connection.execute(sa.select(audit_log).order_by(audit_log.c.id.desc()).limit(limit))
        return [_entry(row) for row in rows]

    def of_object(
        self, connection: Connection, object_type: str, object_id: str, at: datetime | None = None
    ) -> list[AuditEntry]:
        """The changes of one object, oldest first; only those made `at` a moment where it is given."""
        statement = sa.select(audit_log).where(
            audit_log.c.object_type == object_type, audit_log.c.object_id == object_id
        )
        if at is not None:
            statement = statement.where(audit_log.c.created_at == at)
        return [_entry(row) for row in connection.execute(statement.order_by(audit_log.c.id))]


def _entry(row: Row[*tuple[Any, ...]]) -> AuditEntry:
    return AuditEntry(
        created_at=row.created_at,
        actor=row.actor,
        action=row.action,
        object_type=row.object_type,
        object_id=row.object_id,
        before=None if row.before is None else json.loads(row.before),
        after=None if row.after is None else json.loads(row.after),
        reason=row.reason,
    )


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)
