"""The statements of a posting, the same whether SQLAlchemy sends them or the driver itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy.engine import Dialect

from services.domain.ledger import Posting, Transaction
from services.models.types import UTCDateTime
from services.stores.scripts import Script

# The sequence number is assigned by the statement that moves the balance: the row is locked from here to the commit,
# so numbers have no gaps, each entry's balance follows from the one before, and no entry is older than it.
MOVE = (
    "INSERT INTO balances (account_id, balance_cents, last_seq, last_at) "
    "VALUES (:account_id, :amount_cents, :entries, :now) "
    "ON CONFLICT (account_id) DO UPDATE SET "
    "balance_cents = balances.balance_cents + excluded.balance_cents, "
    "last_seq = balances.last_seq + excluded.last_seq, "
    "last_at = CASE WHEN excluded.last_at > balances.last_at THEN excluded.last_at ELSE balances.last_at END"
)
"""Moves a balance by `entries` entries of `amount_cents` in all."""

_RECORD = (
    "INSERT INTO transactions (account_id, seq, kind, amount_cents, balance_after_cents, description, order_id, "
    "idempotency_key, request_hash, actor, created_at, reverses_id) "
    "SELECT :account_id, last_seq, :kind, :amount_cents, balance_cents, :description, :order_id, "
    ":idempotency_key, :request_hash, :actor, last_at, :reverses_id FROM "
)
_MOVED = "balances WHERE account_id = :account_id"
_POSTED = " RETURNING id, seq, balance_after_cents, created_at"

RECORD_ONCE = f"{_RECORD}{_MOVED} ON CONFLICT DO NOTHING{_POSTED}"
"""Records the entry that `MOVE` made room for; returns nothing where another entry excludes it."""

POST = Script.of(
    sqlite=(MOVE, f"{_RECORD}{_MOVED}{_POSTED}"),
    postgresql=f"WITH moved AS ({MOVE} RETURNING balance_cents, last_seq, last_at) {_RECORD}moved{_POSTED}",
)
"""One posting as a transaction of its own; refused where another entry excludes it."""

_MOMENT = UTCDateTime()


def parameters_of(posting: Posting, now: datetime, dialect: Dialect) -> dict[str, Any]:
    """What the statements take, as the drivers do."""
    return {
        "account_id": posting.account_id,
        "amount_cents": posting.amount_cents,
        "entries": 1,
        "now": _MOMENT.process_bind_param(now, dialect),
        "kind": posting.kind.value,
        "description": posting.description,
        "order_id": posting.order_id,
        "idempotency_key": posting.idempotency_key,
        "request_hash": posting.request_hash if posting.idempotency_key is not None else None,
        "actor": posting.actor,
        "reverses_id": posting.reverses_id,
    }


def posted(posting: Posting, row: Sequence[Any], dialect: Dialect) -> Transaction:
    """The entry that a posting became, of the row that the statements return."""
    row_id, seq, balance_after_cents, created_at = row
    return Transaction(
        id=row_id,
        account_id=posting.account_id,
        seq=seq,
        kind=posting.kind,
        amount_cents=posting.amount_cents,
        balance_after_cents=balance_after_cents,
        description=posting.description,
        order_id=posting.order_id,
        idempotency_key=posting.idempotency_key,
        actor=posting.actor,
        created_at=cast("datetime", _MOMENT.process_result_value(created_at, dialect)),
        reverses_id=posting.reverses_id,
    )
