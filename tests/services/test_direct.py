"""Postings and pages that go to the driver itself, where the database refuses them, is busy, or is gone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from services.accounts import AccountService
from services.balance import BalanceResult, BalanceService
from services.database import Database
from services.direct import TRUSTED_SECONDS
from services.errors import ConfigurationError, OutcomeUnknown, TryAgain
from services.runtime import Runtime
from services.stores.balances import BalanceStore
from tests.ledger import proven_ledger


@pytest.fixture
def account_id(runtime: Runtime) -> int:
    return AccountService.over(runtime).create("maria@example.com").id


@pytest.fixture
def server(database_url: str) -> Iterator["psycopg.Connection[tuple[int]]"]:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def end_idle_sessions(server: "psycopg.Connection[tuple[int]]", did: str = "INSERT INTO transactions") -> int:
    """Have the server end the sessions whose last statement did this, and await that they are gone; how many."""
    ended = server.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE %s AND pid <> pg_backend_pid()",
        [f"%{did}%"],
    ).fetchall()
    return len(ended)


def test_a_refused_posting_says_why_and_leaves_nothing(runtime: Runtime, account_id: int) -> None:
    balance = BalanceService.over(runtime)
    assert balance.deduct(account_id, 5, "SMS", idempotency_key="k1").success
    assert balance.deduct(account_id, 5, "SMS", idempotency_key="k1") == BalanceResult(True, -5, 1)
    for refused, error in (
        (balance.deduct(99, 5, "SMS"), "There is no account 99."),
        (balance.add_credits(account_id, 5, "x", 7), "There is no order 7."),
        (balance.deduct(account_id, 6, "SMS", idempotency_key="k1"), "used for another posting"),
    ):
        assert not refused.success
        assert error in (refused.error or "")
    assert len(proven_ledger(runtime.database, account_id)) == 1


def test_a_busy_sqlite_file_is_waited_for_once(sqlite_url: str, runtime: Runtime) -> None:
    holder, waiting = Database(sqlite_url), Database(sqlite_url, busy_timeout_ms=20)
    account = AccountService.over(replace(runtime, database=holder)).create("ben@example.com")
    balance = BalanceService.over(replace(runtime, database=waiting))
    with holder.write(), pytest.raises(TryAgain, match="busy with other work"):
        balance.deduct(account.id, 5, "SMS")
    assert balance.deduct(account.id, 5, "SMS").success
    holder.close()
    waiting.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_session_that_ended_while_it_lay_idle_is_replaced(
    database_url: str, runtime: Runtime, account_id: int, server: "psycopg.Connection[tuple[int]]"
) -> None:
    database = Database(database_url, trusted_seconds=0)
    balance = BalanceService.over(replace(runtime, database=database))
    for number in range(1, 4):
        assert balance.deduct(account_id, 5, "SMS").balance_cents == -5 * number
        assert end_idle_sessions(server) == 1
    database.close()
    assert len(proven_ledger(runtime.database, account_id)) == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_session_that_ended_just_now_leaves_only_a_posting_without_a_key_unknown(
    database_url: str, runtime: Runtime, account_id: int, server: "psycopg.Connection[tuple[int]]"
) -> None:
    database = Database(database_url, trusted_seconds=3600 * TRUSTED_SECONDS)
    balance = BalanceService.over(replace(runtime, database=database))
    assert balance.deduct(account_id, 5, "SMS").success
    assert end_idle_sessions(server) == 1
    with pytest.raises(OutcomeUnknown):
        balance.deduct(account_id, 5, "SMS")
    assert balance.deduct(account_id, 5, "SMS").success
    assert end_idle_sessions(server) == 1
    assert balance.deduct(account_id, 5, "SMS", idempotency_key="k1").balance_cents == -15
    database.close()
    assert len(proven_ledger(runtime.database, account_id)) == 3


def test_a_page_by_the_driver_is_the_page_that_sqlalchemy_reads(runtime: Runtime, account_id: int) -> None:
    balance = BalanceService.over(runtime)
    credited = balance.add_credits(account_id, 500, "goodwill", idempotency_key="k1")
    assert balance.reverse(credited.transaction_id or 0, "mistaken").success
    page = balance.entries(account_id, 1, 2)
    with runtime.database.read() as connection:
        assert page == BalanceStore().entries(connection, account_id, 1, 2)
        assert page == BalanceStore().newest(connection, account_id, 2)
    assert [(entry.seq, entry.reverses_id, entry.kind.name) for entry in page] == [
        (2, page[1].id, "REVERSAL"),
        (1, None, "ADJUSTMENT"),
    ]
    assert {entry.created_at.utcoffset() for entry in page} == {runtime.clock().utcoffset()}


def test_a_page_that_cannot_be_had_says_why(runtime: Runtime, tmp_path: Path) -> None:
    path = tmp_path / "foreign.db"
    path.write_bytes(b"not a database" * 100)
    foreign = Database(f"sqlite:///{path}")
    with pytest.raises(ConfigurationError, match="not an SQLite database"):
        BalanceService.over(replace(runtime, database=foreign)).entries(1, 1, 50)
    foreign.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_page_is_read_again_where_the_session_ended_just_now(
    database_url: str, runtime: Runtime, account_id: int, server: "psycopg.Connection[tuple[int]]"
) -> None:
    database = Database(database_url, trusted_seconds=3600 * TRUSTED_SECONDS)
    balance = BalanceService.over(replace(runtime, database=database))
    assert balance.deduct(account_id, 5, "SMS").success
    for _ in range(3):
        assert len(balance.entries(account_id, 1, 50)) == 1
        assert end_idle_sessions(server, "FROM transactions WHERE account_id") == 1
        assert len(balance.entries(account_id, 1, 50)) == 1
    database.close()
