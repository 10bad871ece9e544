"""The audit trail: one entry for each change that a person makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.domain.ledger import PostedRow, Posting, Transaction


@dataclass(frozen=True)
class AuditEntry:
    """Who (`actor`) did what (`action`) to which object, the values before and after, and why. UTC.

    `id` counts the stored entries, in the order in which they were written.
    """

    created_at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str = ""
    id: int | None = field(default=None, compare=False)

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """What differs: the name of each value, before and after; None where there was none."""
        before, after = self.before or {}, self.after or {}
        return [
            (name, before.get(name), after.get(name))
            for name in dict.fromkeys((*before, *after))
            if before.get(name) != after.get(name)
        ]


@dataclass(frozen=True)
class AuditFilter:
    """Which entries to look for; None: all. From `since` on and before `until`."""

    actor: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def posting_audit(action: str, posting: Posting, entry: Transaction | PostedRow) -> AuditEntry:
    """The audit entry of a correction that a person made on a balance."""
    return AuditEntry(
        created_at=entry.created_at,
        actor=posting.actor,
        action=action,
        object_type="balance",
        object_id=str(posting.account_id),
        before={"balance_cents": entry.balance_after_cents - posting.amount_cents},
        after={"balance_cents": entry.balance_after_cents, "seq": entry.seq},
        reason=posting.description,
    )
