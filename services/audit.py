"""The audit trail for reading: who did what, when, and what it was before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from services.database import Database
from services.domain.audit import AuditEntry, AuditFilter
from services.domain.text import is_id, is_storable
from services.runtime import Runtime
from services.stores.audit import AuditStore

__all__ = ["EVERYTHING", "AuditEntry", "AuditFilter", "AuditNames", "AuditService"]

MAX_PAGE = 1_000
"""The most entries that one call reads."""

EVERYTHING = AuditFilter()
"""The filter that every entry fits."""


@dataclass(frozen=True)
class AuditNames:
    """What there is to filter by: everybody who changed anything, and every kind of object that was changed."""

    actors: Sequence[str]
    object_types: Sequence[str]


class AuditService:
    """Reads the audit log, which nobody can change."""

    def __init__(self, database: Database, audit_store: AuditStore) -> None:
        self.database = database
        self.audit_store = audit_store

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, AuditStore())

    def find(
        self, wanted: AuditFilter = EVERYTHING, *, limit: int = 50, before_id: int | None = None
    ) -> list[AuditEntry]:
        """The last `limit` entries (1 to 1,000) that fit, newest first; the next page is before the id of the last."""
        texts = (wanted.actor, wanted.object_type, wanted.object_id)
        if limit < 1 or not (before_id is None or is_id(before_id)):
            return []
        if not all(text is None or is_storable(text) for text in texts):
            return []
        with self.database.read() as connection:
            return self.audit_store.find(connection, wanted, min(limit, MAX_PAGE), before_id)

    def names(self) -> AuditNames:
        """What there is to filter by."""
        with self.database.read() as connection:
            return AuditNames(self.audit_store.actors(connection), self.audit_store.object_types(connection))
