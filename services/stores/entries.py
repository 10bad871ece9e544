"""Entries of the ledger, from the columns of SQLAlchemy's rows to their values."""

from typing import Any

from sqlalchemy.engine import Row

from services.domain.ledger import Transaction
from services.models.tables import transactions
from services.stores.pages import ENTRY_NAMES, KINDS

ENTRY_COLUMNS = [transactions.c[name] for name in ENTRY_NAMES]
"""What a query selects for `entry_of`, before anything else."""


def entry_of(row: Row[*tuple[Any, ...]]) -> Transaction:
    """The entry of a row that begins with `ENTRY_COLUMNS`."""
    # by place, not by name: a page of a ledger is made of these, and names would take four times as long
    entry_id, account_id, seq, kind, *rest = row[: len(ENTRY_COLUMNS)]
    return Transaction(entry_id, account_id, seq, KINDS[kind], *rest)
