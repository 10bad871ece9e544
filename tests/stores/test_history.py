"""The plans of the queries that read ledgers: each reaches its entries by index, however many others there are."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from services.database import Database
from services.domain.history import SeqRange
from services.domain.ledger_filter import LedgerFilter, parse_filter
from services.models.tables import transactions
from services.stores.accounts import AccountStore
from services.stores.history import HistoryStore
from tests.histories import BEGIN, put_history
from tests.stores.plans import plan_of, reads_all_of

store = HistoryStore()
PART = SeqRange(1, 1_001, 1_100)
BY_SEQ, BY_ORDER = "uq_transactions_account_id_seq", "ix_transactions_order_id"
LINES = (
    "",
    "2026-10",
    "sms",
    "größe",
    "kind:usage,top_up is:debit amt<-5 by:anna",
    "is:reversed",
)

Query = Callable[[sa.Connection, LedgerFilter], object]
QUERIES: list[Query] = [
    lambda connection, wanted: store.matching(connection, PART, wanted, 50),
    lambda connection, wanted: store.tally(connection, PART, wanted),
    lambda connection, wanted: store.exported(connection, PART, wanted),
]


@pytest.fixture
def connection(database: Database) -> Iterator[sa.Connection]:
    """A connection to a ledger of 2,000 entries, on which PostgreSQL takes an index wherever it can."""
    put_history(database, 2_000)
    with database.read() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        yield connection


def assert_by_index(plan: str, index: str) -> None:
    assert index in plan, plan
    assert not reads_all_of(plan, "transactions"), plan


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("query", QUERIES, ids=["search", "count", "export"])
def test_a_range_is_read_by_its_numbers_whatever_the_filter(query: Query, line: str, connection: sa.Connection) -> None:
    plan = plan_of(connection, lambda: query(connection, parse_filter(line)))
    assert_by_index(plan, BY_SEQ)


@pytest.mark.parametrize("query", QUERIES, ids=["search", "count", "export"])
def test_the_entries_of_an_order_are_read_by_the_order(query: Query, connection: sa.Connection) -> None:
    plan = plan_of(connection, lambda: query(connection, parse_filter("order:1 sms")))
    assert_by_index(plan, BY_ORDER)
    assert BY_SEQ not in plan


def test_sums_and_moments_are_found_by_numbers(connection: sa.Connection) -> None:
    for query in (
        lambda: store.totals(connection, PART),
        lambda: store.at(connection, 1, BEGIN, 2_000),
        lambda: store.entry(connection, 1, 7),
    ):
        assert_by_index(plan_of(connection, query), BY_SEQ)


MOMENTS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2000, 2, 29, 12, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 11, 23, 14, 3, 7, 120_000, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]


def test_any_moment_is_written_whole_and_the_same_by_either_way(database: Database) -> None:
    with database.write() as connection:
        account = AccountStore().create(connection, "maria@example.com", "", BEGIN)
        common = {"account_id": account.id, "kind": "usage", "description": "SMS", "actor": "anna"}
        rows = [
            {**common, "seq": seq, "balance_after_cents": seq, "amount_cents": 1, "created_at": moment}
            for seq, moment in enumerate(MOMENTS, 1)
        ]
        connection.execute(sa.insert(transactions), rows)
    all_of_them = SeqRange(account.id, 1, len(MOMENTS))
    with database.read() as connection:
        exported = store.exported(connection, all_of_them, LedgerFilter())
    assert [written for _, written, *_ in exported] == [
        f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z" for moment in MOMENTS
    ]
    assert store.exported_alone(database, all_of_them) == exported
