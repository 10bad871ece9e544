"""The audit log: who changed what, before and after, and why."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.domain.audit import AuditEntry
from services.models.tables import audit_log


class AuditStore:
    """Appends to the audit log and reads it."""

    def append(self, connection: Connection, entry: AuditEntry) -> None:
        """Records one change, in the transaction that makes it."""
        values: dict[str, Any] = {
            "created_at": entry.created_at,
            "actor": entry.actor,
            "action": entry.action,
            "object_type": entry.object_type,
            "object_id": entry.object_id,
            "before": _json(entry.before),
            "after": _json(entry.after),
            "reason": entry.reason,
        }
        connection.execute(sa.insert(audit_log).values(**values))

    def newest(self, connection: Connection, limit: int) -> list[AuditEntry]:
        """The last `limit` changes, newest first."""
        rows = connection.execute(sa.select(audit_log).order_by(audit_log.c.id.desc()).limit(limit))
        return [
            AuditEntry(
                created_at=row.created_at,
                actor=row.actor,
                action=row.action,
                object_type=row.object_type,
                object_id=row.object_id,
                before=None if row.before is None else json.loads(row.before),
                after=None if row.after is None else json.loads(row.after),
                reason=row.reason,
            )
            for row in rows
        ]


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)
