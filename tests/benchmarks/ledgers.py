"""Ledgers of any length, made at bulk speed; pages and accounts, read by the services and by the bare driver."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeVar

import sqlalchemy as sa

from services.accounts import AccountService
from services.balance import BalanceService
from services.database import Database
from services.models.tables import accounts
from services.runtime import Runtime
from services.stores.balances import BalanceStore
from tests.benchmarks.postings import runtime_over

T = TypeVar("T")

FIRST_AT = datetime(2020, 1, 1, tzinfo=UTC)
SPACING = timedelta(seconds=20)

SMALL_ENTRIES = 100
"""How many entries each account has beside the large one."""

PAGE, PAGES = 50, 200

_PAGE = (
    "SELECT id, account_id, seq, kind, amount_cents, balance_after_cents, description, order_id, idempotency_key, "
    "actor, created_at, reverses_id FROM transactions WHERE account_id = 1 AND seq BETWEEN ? AND ? ORDER BY seq DESC"
)


_SEARCH = (
    "SELECT id, email, stripe_customer_id, stripe_livemode, created_at FROM accounts "
    "WHERE email >= ? AND email < ? ORDER BY email LIMIT 50"
)


def make_accounts(path: Path, count: int) -> None:
    """An SQLite file with accounts and nothing else."""
    database = Database(f"sqlite:///{path}")
    database.open()
    with database.write() as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?) "
            "INSERT INTO accounts (email, password_hash, created_at) "
            "SELECT 'account' || number || '@example.com', '', 0 FROM numbers",
            (count,),
        )
    database.close()


def make_ledger(path: Path, entries: int) -> None:
    """An SQLite file with `entries` entries: account 1 holds nine of ten, accounts of 100 entries the others."""
    database = Database(f"sqlite:///{path}")
    database.open()
    large = entries * 9 // 10
    small = (entries - large) // SMALL_ENTRIES
    with database.write() as connection:
        emails = [f"account{number}@example.com" for number in range(1, small + 2)]
        rows = [{"email": email, "password_hash": "", "created_at": FIRST_AT} for email in emails]
        connection.execute(sa.insert(accounts), rows)
        for account_id, count in [(1, large), *((number, SMALL_ENTRIES) for number in range(2, small + 2))]:
            BalanceStore().fill(connection, account_id, count, FIRST_AT, SPACING)
    database.close()


def _firsts(entries: int) -> Iterator[int]:
    """Where pages begin, anywhere in the large account and the same for all who ask."""
    random = Random(1)  # noqa: S311 - places, not secrets
    return (random.randint(1, entries * 9 // 10 - PAGE) for _ in range(PAGES))


def service_page_milliseconds(path: Path, entries: int) -> float:
    """How long the service takes for a page anywhere in the large account."""
    with _opened(path) as runtime:
        balance = BalanceService.over(runtime)
        return _milliseconds(lambda first: balance.entries(1, first, first + PAGE - 1), _firsts(entries))


def driver_page_milliseconds(path: Path, entries: int) -> float:
    """How long `sqlite3` takes for the same query."""
    with closing(sqlite3.connect(path)) as connection:
        return _milliseconds(
            lambda first: connection.execute(_PAGE, (first, first + PAGE - 1)).fetchall(), _firsts(entries)
        )


def _prefixes(accounts: int) -> Iterator[str]:
    """Beginnings of addresses, any and the same for all who ask."""
    random = Random(2)  # noqa: S311 - places, not secrets
    return (f"account{random.randint(1, accounts)}" for _ in range(PAGES))


def service_search_milliseconds(path: Path, accounts: int) -> float:
    """How long the service takes to find accounts by the beginning of their address."""
    with _opened(path) as runtime:
        service = AccountService.over(runtime)
        return _milliseconds(service.search, _prefixes(accounts))


def driver_search_milliseconds(path: Path, accounts: int) -> float:
    """How long `sqlite3` takes for the same query."""
    with closing(sqlite3.connect(path)) as connection:
        return _milliseconds(
            lambda prefix: connection.execute(_SEARCH, (prefix, f"{prefix}\U0010ffff")).fetchall(), _prefixes(accounts)
        )


def _milliseconds(read: Callable[[T], Sequence[object]], places: Iterable[T]) -> float:
    """How long a read takes, the median of all places: the first ones open the file."""
    seconds = []
    for place in places:
        began = time.perf_counter()
        assert read(place)
        seconds.append(time.perf_counter() - began)
    return median(seconds) * 1000


@contextmanager
def _opened(path: Path) -> Iterator[Runtime]:
    database = Database(f"sqlite:///{path}")
    try:
        yield runtime_over(database)
    finally:
        database.close()
