"""Balances and their ledger: two statements move money, ranges of `seq` read it."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from services.domain.ledger import BalanceSummary, Posting, Transaction, TransactionKind
from services.errors import Conflict, NotFound
from services.models.moments import MICROSECOND
from services.models.tables import balances, orders, transactions
from services.models.types import UTCDateTime
from services.stores.dialects import for_driver
from services.stores.entries import ENTRY_COLUMNS, entry_of
from services.stores.pages import PAGE, PAGE_OF, entries_of
from services.stores.postings import MOVE, POST, RECORD_ONCE, parameters_of, posted
from services.stores.scripts import RowReader, ScriptRunner

_FILL = sa.text(
    "WITH RECURSIVE numbers (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < :entries) "
    "INSERT INTO transactions "
    "(account_id, seq, kind, amount_cents, balance_after_cents, description, actor, created_at) "
    "SELECT :account_id, seq, iif(seq % 100 = 1, 'top_up', 'usage'), iif(seq % 100 = 1, 1000, -10), "
    "(seq + 99) / 100 * 1000 - (seq - (seq + 99) / 100) * 10, "
    "iif(seq % 100 = 1, 'Top-up', printf('SMS to +44 7700 900%03d', seq * 7919 % 1000)), "
    "'system', :first_at + (seq - 1) * :spacing FROM numbers"
).bindparams(sa.bindparam("first_at", type_=UTCDateTime))


class AlreadyPosted(Conflict):
    """An entry exists that excludes this one. The transaction must be rolled back.

    Where it has the posting's idempotency key it is `first`, and `repeated` says whether it was the same request.
    Otherwise it credits the same order or reverses the same entry, and `first` is None.
    """

    code = "already_posted"

    def __init__(
        self, sentence: str, *, field: str | None = None, first: Transaction | None = None, repeated: bool = False
    ) -> None:
        super().__init__(sentence, field=field)
        self.first = first
        self.repeated = repeated


class BalanceStore:
    """Reads and moves balances, on a connection that the caller commits."""

    def post(self, connection: Connection, posting: Posting, now: datetime) -> Transaction:
        """Moves the balance and records the entry.

        Raises `NotFound` for an unknown account, order or entry, and `AlreadyPosted` where the key was used, the order
        was credited or the entry was reversed before; either way the caller's transaction must not be committed.
        """
        parameters = parameters_of(posting, now, connection.dialect)
        try:
            connection.exec_driver_sql(for_driver(connection.dialect, MOVE), parameters)
        except IntegrityError:
            raise NotFound(f"There is no account {posting.account_id}.", field="account_id") from None
        try:
            row = connection.exec_driver_sql(for_driver(connection.dialect, RECORD_ONCE), parameters).one_or_none()
        except IntegrityError:
            if posting.reverses_id is not None:
                raise NotFound(f"There is no entry {posting.reverses_id}.", field="transaction_id") from None
            raise NotFound(f"There is no order {posting.order_id}.", field="order_id") from None
        if row is None:
            # The insert waited for whoever was first, who has committed: it can be read from here.
            raise self.excluded(connection, posting) or AlreadyPosted(f"Order {posting.order_id} is already credited.")
        return posted(posting, row, connection.dialect)

    def post_alone(self, runner: ScriptRunner, posting: Posting, now: datetime) -> Transaction | None:
        """As `post`, in a transaction of its own; None where `post` would raise an error, which it then tells.

        Raises what the runner raises.
        """
        row = runner.run(POST, parameters_of(posting, now, runner.dialect))
        return None if row is None else posted(posting, row, runner.dialect)

    def excluded(self, connection: Connection, posting: Posting) -> AlreadyPosted | None:
        """The entry that has the posting's idempotency key, or reversed the same entry, as the error; None if none."""
        # The reversal first: a COMMIT that lands between the two reads then shows under its key, as the same request.
        reversal = None if posting.reverses_id is None else self.reversal_of(connection, posting.reverses_id)
        keyed = None if posting.idempotency_key is None else self.by_key(connection, posting.idempotency_key)
        if keyed is not None:
            first, request_hash = keyed
            return AlreadyPosted(
                f"Entry {first.id} has this idempotency key already.",
                field="idempotency_key",
                first=first,
                repeated=request_hash == posting.request_hash,
            )
        if reversal is not None:
            return AlreadyPosted(f"This entry is reversed already, by entry {reversal.seq}.", field="transaction_id")
        return None

    def fill(
        self, connection: Connection, account_id: int, entries: int, first_at: datetime, spacing: timedelta
    ) -> None:
        """Gives an account without entries `entries` made-up ones, on SQLite, in one statement.

        Every 100th is a top-up of $10.00 and the others cost $0.10, so that the balance after each follows from its
        number alone.
        """
        connection.execute(
            _FILL,
            {"account_id": account_id, "entries": entries, "first_at": first_at, "spacing": spacing // MICROSECOND},
        )
        connection.execute(
            sa.insert(balances).from_select(
                ["account_id", "balance_cents", "last_seq", "last_at"],
                sa.select(
                    transactions.c.account_id,
                    transactions.c.balance_after_cents,
                    transactions.c.seq,
                    transactions.c.created_at,
                )
                .where(transactions.c.account_id == account_id)
                .order_by(transactions.c.seq.desc())
                .limit(1),
            )
        )

    def summary(self, connection: Connection, account_id: int) -> BalanceSummary:
        """The balance in cents and the last sequence number; both 0 where nothing was posted yet."""
        statement = sa.select(balances.c.balance_cents, balances.c.last_seq).where(balances.c.account_id == account_id)
        row = connection.execute(statement).one_or_none()
        return BalanceSummary(0, 0) if row is None else BalanceSummary(row.balance_cents, row.last_seq)

    def entries(self, connection: Connection, account_id: int, first_seq: int, last_seq: int) -> list[Transaction]:
        """The entries with `first_seq <= seq <= last_seq`, newest first."""
        span = {"account_id": account_id, "first_seq": first_seq, "last_seq": last_seq}
        rows = connection.exec_driver_sql(for_driver(connection.dialect, PAGE_OF), span)
        return entries_of(rows, connection.dialect.name)

    def entries_alone(
        self, reader: RowReader, account_id: int, first_seq: int, last_seq: int
    ) -> list[Transaction] | None:
        """As `entries`, by a query of its own; None where `entries` would raise an error, which it then tells."""
        span = {"account_id": account_id, "first_seq": first_seq, "last_seq": last_seq}
        rows = reader.rows(PAGE, span)
        return None if rows is None else entries_of(rows, reader.dialect.name)

    def newest(self, connection: Connection, account_id: int, limit: int) -> list[Transaction]:
        """The last `limit` entries, newest first."""
        statement = (
            sa.select(*ENTRY_COLUMNS)
            .where(transactions.c.account_id == account_id)
            .order_by(transactions.c.seq.desc())
            .limit(limit)
        )
        return [entry_of(row) for row in connection.execute(statement)]

    def by_key(self, connection: Connection, idempotency_key: str) -> tuple[Transaction, str] | None:
        """The entry that an idempotency key made, with its request hash; None if there is none."""
        statement = sa.select(*ENTRY_COLUMNS, transactions.c.request_hash).where(
            transactions.c.idempotency_key == idempotency_key
        )
        row = connection.execute(statement).one_or_none()
        return None if row is None else (entry_of(row), row.request_hash)

    def get(self, connection: Connection, transaction_id: int) -> Transaction | None:
        """The entry with this id."""
        row = connection.execute(sa.select(*ENTRY_COLUMNS).where(transactions.c.id == transaction_id)).one_or_none()
        return None if row is None else entry_of(row)

    def reversal_of(self, connection: Connection, transaction_id: int) -> Transaction | None:
        """The entry that reversed this one; None if there is none."""
        row = connection.execute(
            sa.select(*ENTRY_COLUMNS).where(transactions.c.reverses_id == transaction_id)
        ).one_or_none()
        return None if row is None else entry_of(row)

    def refunded_of(self, connection: Connection, order_id: int) -> tuple[int, int]:
        """What was refunded of an order and what was paid, in cents; no refund can begin until the transaction ends."""
        statement = (
            sa.select(orders.c.refunded_cents, orders.c.paid_cents)
            .where(orders.c.id == order_id)
            .with_for_update(key_share=True)
        )
        row = connection.execute(statement).one()
        return row.refunded_cents, row.paid_cents or 0

    def credited_by(self, connection: Connection, order_id: int) -> int:
        """What an order credits, in cents: 0 before it is paid, and once its credit is reversed."""
        reversal = transactions.alias("reversal")
        statement = sa.select(sa.func.coalesce(sa.func.sum(transactions.c.amount_cents), 0)).where(
            transactions.c.order_id == order_id,
            transactions.c.kind.in_([TransactionKind.PURCHASE.value, TransactionKind.TOP_UP.value]),
            ~sa.exists().where(reversal.c.reverses_id == transactions.c.id),
        )
        return int(connection.execute(statement).scalar_one())

    def of_order(self, connection: Connection, order_id: int) -> list[Transaction]:
        """The entries that belong to an order, oldest first."""
        statement = sa.select(*ENTRY_COLUMNS).where(transactions.c.order_id == order_id).order_by(transactions.c.id)
        return [entry_of(row) for row in connection.execute(statement)]
