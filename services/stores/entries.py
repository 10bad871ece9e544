"""An entry of the ledger, from the columns of its row to its value."""

from dataclasses import fields
from typing import Any

from sqlalchemy.engine import Row

from services.domain.ledger import Transaction, TransactionKind
from services.models.tables import transactions

ENTRY_COLUMNS = [transactions.c[field.name] for field in fields(Transaction)]
"""What a query selects for `entry_of`, before anything else."""

_KINDS = {kind.value: kind for kind in TransactionKind}


def entry_of(row: Row[*tuple[Any, ...]]) -> Transaction:
    """The entry of a row that begins with `ENTRY_COLUMNS`."""
    # by place, not by name: a page of a ledger is made of these, and names would take four times as long
    entry_id, account_id, seq, kind, *rest = row[: len(ENTRY_COLUMNS)]
    return Transaction(entry_id, account_id, seq, _KINDS[kind], *rest)
