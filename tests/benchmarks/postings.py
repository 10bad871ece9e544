"""Postings per second: the balance service against the two statements it needs, sent by the bare driver."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from services.accounts import AccountService
from services.balance import BalanceService
from services.clock import system_clock
from services.database import Database
from services.runtime import Runtime
from services.settings import Settings

POSTINGS = 500

MOVE = (
    "INSERT INTO balances (account_id, balance_cents, last_seq) VALUES ({0}, {0}, 1) "
    "ON CONFLICT (account_id) DO UPDATE SET "
    "balance_cents = balances.balance_cents + excluded.balance_cents, last_seq = balances.last_seq + 1 "
    "RETURNING balance_cents, last_seq"
)
RECORD = (
    "INSERT INTO transactions (account_id, seq, kind, amount_cents, balance_after_cents, description, actor, "
    "created_at) VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}) ON CONFLICT DO NOTHING RETURNING id"
)
PRAGMAS = ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


def per_second(post: Callable[[], object]) -> float:
    """How often `post` runs in a second."""
    began = time.perf_counter()
    for _ in range(POSTINGS):
        post()
    return POSTINGS / (time.perf_counter() - began)


def migrated_file(folder: Path) -> Path:
    """An SQLite file with the tables and one account, to be copied."""
    path = folder / "template.db"
    database = Database(f"sqlite:///{path}")
    database.open()
    _create_account(database)
    database.close()
    return path


def service_rate(url: str) -> float:
    """Postings per second by the balance service."""
    database = Database(url)
    balance = BalanceService.over(_runtime(database))
    balance.deduct(1, 10, "Test SMS")
    rate = per_second(lambda: balance.deduct(1, 10, "Test SMS"))
    database.close()
    return rate


def sqlite_service_rate(template: Path, folder: Path) -> float:
    """Postings per second by the service on a fresh SQLite file."""
    return service_rate(f"sqlite:///{shutil.copy(template, folder / 'service.db')}")


def sqlite_driver_rate(template: Path, folder: Path) -> float:
    """Postings per second by `sqlite3`, with the service's pragmas and transactions."""
    connection = sqlite3.connect(shutil.copy(template, folder / "driver.db"), isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    move, record = MOVE.format("?"), RECORD.format("?")

    def post() -> None:
        connection.execute("BEGIN IMMEDIATE")
        balance_cents, seq = connection.execute(move, (1, -10)).fetchone()
        now = int(datetime.now(UTC).timestamp() * 1_000_000)
        row = (1, seq, "usage", -10, balance_cents, "Test SMS", "anna", now)
        connection.execute(record, row).fetchone()
        connection.execute("COMMIT")

    post()
    rate = per_second(post)
    connection.close()
    return rate


def postgresql_driver_rate(url: str) -> float:
    """Postings per second by `psycopg`, in one transaction each."""
    move, record = MOVE.format("%s"), RECORD.format("%s")
    with psycopg.connect(url.replace("+psycopg", "")) as connection:

        def post() -> None:
            moved = connection.execute(move, (1, -10)).fetchone()
            assert moved is not None
            row = (1, moved[1], "usage", -10, moved[0], "Test SMS", "anna", datetime.now(UTC))
            connection.execute(record, row).fetchone()
            connection.commit()

        post()
        return per_second(post)


def prepare_postgresql(url: str) -> None:
    """Create the tables and one account."""
    database = Database(url)
    database.upgrade()
    _create_account(database)
    database.close()


def _create_account(database: Database) -> None:
    assert AccountService.over(_runtime(database)).create("maria@example.com").id == 1


def _runtime(database: Database) -> Runtime:
    return Runtime(Settings(_env_file=None), database, None, system_clock, "anna")
