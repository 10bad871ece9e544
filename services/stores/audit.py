"""The audit log: who changed what, before and after, and why."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.audit import AuditEntry, AuditFilter
from services.models.tables import audit_log
from services.stores.dialects import each_of


class AuditStore:
    """Appends to the audit log and reads it."""

    def append(self, connection: Connection, entry: AuditEntry) -> None:
        """Records one change, in the transaction that makes it."""
        self.append_all(connection, [entry])

    def append_all(self, connection: Connection, entries: Sequence[AuditEntry]) -> None:
        """Records changes in their order, in the transaction that makes them."""
        connection.execute(sa.insert(audit_log), [_values(entry) for entry in entries])

    def append_each(self, connection: Connection, entry: AuditEntry, object_ids: Collection[str]) -> None:
        """Records the same change of many objects, an entry each, by one statement. The entry's own id is not used."""
        values = _values(entry)
        del values["object_id"]
        bound = [sa.bindparam(None, value, audit_log.c[name].type) for name, value in values.items()]
        each = sa.select(each_of(connection, object_ids), *bound)
        connection.execute(sa.insert(audit_log).from_select(["object_id", *values], each))

    def newest(self, connection: Connection, limit: int) -> list[AuditEntry]:
        """The last `limit` changes, newest first."""
        return self.find(connection, AuditFilter(), limit)

    def find(
        self, connection: Connection, wanted: AuditFilter, limit: int, before_id: int | None = None
    ) -> list[AuditEntry]:
        """The last `limit` changes that fit, newest first; those before entry `before_id` where it is given."""
        columns = audit_log.c
        conditions = [
            column == value
            for column, value in (
                (columns.actor, wanted.actor),
                (columns.object_type, wanted.object_type),
                (columns.object_id, wanted.object_id),
            )
            if value is not None
        ]
        if wanted.since is not None:
            conditions.append(columns.created_at >= wanted.since)
        if wanted.until is not None:
            conditions.append(columns.created_at < wanted.until)
        if before_id is not None:
            conditions.append(columns.id < before_id)
        statement = sa.select(audit_log).where(*conditions).order_by(columns.id.desc()).limit(limit)
        return [_entry(row) for row in connection.execute(statement)]

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

    def actors(self, connection: Connection) -> list[str]:
        """Everybody who changed anything, in the order of the name."""
        return list(connection.scalars(sa.select(audit_log.c.actor).distinct().order_by(audit_log.c.actor)))

    def object_types(self, connection: Connection) -> list[str]:
        """Every kind of object that was changed, in the order of the name."""
        kind = audit_log.c.object_type
        return list(connection.scalars(sa.select(kind).distinct().order_by(kind)))


def _values(entry: AuditEntry) -> dict[str, Any]:
    return {
        "created_at": entry.created_at,
        "actor": entry.actor,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "before": _json(entry.before),
        "after": _json(entry.after),
        "reason": entry.reason,
    }


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
        id=row.id,
    )


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)
