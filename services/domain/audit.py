"""The audit trail: one entry for each change that a person makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.domain.ledger import PostedRow, Posting, Transaction


@dataclass(frozen=True)
class AuditEntry:
    """Who (`actor`) did what (`action`) to which object, the values before and after, and why. UTC."""

    created_at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str = ""


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
