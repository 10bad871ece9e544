"""An entry of the ledger, from the columns of its row to its value."""

from typing import Any

from sqlalchemy.engine import Row

from services.domain.ledger import Transaction, TransactionKind
from services.models.tables import transactions

ENTRY_COLUMNS = [column for column in transactions.c if column.name != "request_hash"]
"""What a query selects for `entry_of`."""


def entry_of(row: Row[*tuple[Any, ...]]) -> Transaction:
    """The entry of a row that holds `ENTRY_COLUMNS`, whatever else it holds."""
    return Transaction(
        id=row.id,
        account_id=row.account_id,
        seq=row.seq,
        kind=TransactionKind(row.kind),
        amount_cents=row.amount_cents,
        balance_after_cents=row.balance_after_cents,
        description=row.description,
        order_id=row.order_id,
        idempotency_key=row.idempotency_key,
        actor=row.actor,
        created_at=row.created_at,
        reverses_id=row.reverses_id,
    )
