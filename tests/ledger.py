"""The proof of a ledger: read whole from the database, row by row."""

import sqlalchemy as sa
from sqlalchemy.engine import Row

from services.database import Database
from services.models.tables import balances, transactions


def proven_ledger(database: Database, account_id: int) -> list[Row[*tuple[object, ...]]]:
    """The account's rows, oldest first, after proving that nothing is missing between them and none is wrong."""
    with database.read() as connection:
        rows = connection.execute(
            sa.select(transactions).where(transactions.c.account_id == account_id).order_by(transactions.c.seq)
        ).all()
        stored = connection.execute(sa.select(balances).where(balances.c.account_id == account_id)).one_or_none()
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "The sequence numbers have a gap."
    balance_cents = 0
    for row in rows:
        balance_cents += row.amount_cents
        assert row.balance_after_cents == balance_cents, f"Entry {row.seq} does not follow from the one before."
    assert (balance_cents, len(rows)) == ((stored.balance_cents, stored.last_seq) if stored else (0, 0))
    keys = [row.idempotency_key for row in rows if row.idempotency_key is not None]
    assert len(keys) == len(set(keys)), "A key was posted twice."
    return list(rows)
