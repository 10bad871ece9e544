"""The rules that all stored rows keep together, as queries for the rows that break one."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.domain.verification import Break, ChainedRow, Counted, Ends, Verification
from services.models import tables
from services.stores.dialects import for_driver
from services.stores.verification import audit, codes, ledger, orders, references, refunds
from services.stores.verification.check import Check

__all__ = ["CHECKS", "Break", "Check", "Progress", "VerificationStore"]

CHECKS: tuple[Check, ...] = (
    *ledger.CHECKS,
    *orders.CHECKS,
    *codes.CHECKS,
    *refunds.CHECKS,
    *audit.CHECKS,
    *references.CHECKS,
)
"""All checks, in the order in which they are made and their breaks are listed."""

Progress = Callable[[int, int], None]
"""Is told how many checks are made, and of how many."""

_COUNTED = {
    "accounts": tables.accounts,
    "entries": tables.transactions,
    "orders": tables.orders,
    "refunds": tables.refunds,
    "discount_codes": tables.discount_codes,
    "redemptions": tables.redemptions,
    "price_changes": tables.price_changes,
    "audit_rows": tables.audit_log,
}

_CHAIN = (
    "SELECT seq, amount_cents, balance_after_cents FROM transactions "
    "WHERE account_id = :account_id AND seq BETWEEN :first_seq AND :last_seq ORDER BY seq, id"
)


class VerificationStore:
    """Reads every row and changes none."""

    def hold_still(self, connection: Connection) -> None:
        """Lets all queries of a transaction see one moment; to be its first statement. SQLite does so by itself.

        Source: https://www.postgresql.org/docs/current/sql-set-transaction.html
        """
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def verify(self, connection: Connection, progress: Progress | None = None) -> Verification:
        """Makes every check, and keeps the first break of each."""
        breaks: list[Break] = []
        for made, check in enumerate(CHECKS, start=1):
            found = check.first_break(connection)
            if found is not None:
                breaks.append(found)
            if progress is not None:
                progress(made, len(CHECKS))
        return Verification(self._counted(connection), len(CHECKS), tuple(breaks))

    def ends(self, connection: Connection, account_id: int) -> Ends | None:
        """What an account's balance counts, and its lowest and highest entry, all of one moment; None: no account."""
        entries, balances = tables.transactions.c, tables.balances.c
        lowest, highest = (
            sa.select(end(entries.seq)).where(entries.account_id == account_id).scalar_subquery()
            for end in (sa.func.min, sa.func.max)
        )
        statement = (
            sa.select(balances.balance_cents, balances.last_seq, lowest, highest)
            .select_from(tables.accounts.outerjoin(tables.balances))
            .where(tables.accounts.c.id == account_id)
        )
        row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        balance_cents, last_seq, lowest_seq, highest_seq = row
        return Ends(balance_cents or 0, last_seq or 0, lowest_seq, highest_seq)

    def chain(self, connection: Connection, account_id: int, first_seq: int, last_seq: int) -> list[ChainedRow]:
        """The entries `first_seq` to `last_seq` of an account, in order: a range of an index, however long it is."""
        parameters = {"account_id": account_id, "first_seq": first_seq, "last_seq": last_seq}
        found = connection.exec_driver_sql(for_driver(connection.dialect, _CHAIN), parameters)
        return [(seq, amount_cents, left_cents) for seq, amount_cents, left_cents in found]

    def _counted(self, connection: Connection) -> Counted:
        return Counted(
            **{
                name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for name, table in _COUNTED.items()
            }
        )
