"""Postings per second: the balance service against the statements it needs, sent by the bare driver and by pgbench."""

import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from services.accounts import AccountService
from services.balance import BalanceService
from services.clock import system_clock
from services.database import Database
from services.runtime import Runtime
from services.settings import Settings
from services.stores.postings import MOVE, POST
from tests.postgres import PostgresServer

POSTINGS = 500

CLIENTS = 8
"""How many post at the same time to PostgreSQL."""

PARAMETERS = {
    "amount_cents": -10,
    "entries": 1,
    "kind": "usage",
    "description": "Test SMS",
    "order_id": None,
    "idempotency_key": None,
    "request_hash": None,
    "actor": "anna",
    "reverses_id": None,
}
"""What a posting is made of, but for its account and its moment."""

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
    balance = BalanceService.over(runtime_over(database))
    balance.deduct(1, 10, "Test SMS")
    rate = per_second(lambda: balance.deduct(1, 10, "Test SMS"))
    database.close()
    return rate


def sqlite_service_rate(template: Path, folder: Path) -> float:
    """Postings per second by the service on a fresh SQLite file."""
    return service_rate(f"sqlite:///{shutil.copy(template, folder / 'service.db')}")


def sqlite_driver_rate(template: Path, folder: Path) -> float:
    """Postings per second by `sqlite3`, with the service's statements, pragmas and transactions."""
    connection = sqlite3.connect(shutil.copy(template, folder / "driver.db"), isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    move, record = POST.sqlite

    def post() -> None:
        parameters = {**PARAMETERS, "account_id": 1, "now": int(datetime.now(UTC).timestamp() * 1_000_000)}
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(move, parameters)
        connection.execute(record, parameters).fetchone()
        connection.execute("COMMIT")

    post()
    rate = per_second(post)
    connection.close()
    return rate


def postgresql_driver_rate(url: str) -> float:
    """Postings per second by `psycopg`, with the service's statement."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:

        def post() -> None:
            parameters = {**PARAMETERS, "account_id": 1, "now": datetime.now(UTC)}
            connection.execute(POST.postgresql, parameters).fetchone()

        post()
        return per_second(post)


def service_rate_of_threads(url: str) -> float:
    """Postings per second by eight threads of one process, each on an account of its own."""
    database = Database(url)
    balance = BalanceService.over(runtime_over(database))

    def post(account_id: int) -> None:
        for _ in range(POSTINGS):
            assert balance.deduct(account_id, 10, "Test SMS").success

    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(lambda account_id: balance.deduct(account_id, 10, "Test SMS"), range(1, CLIENTS + 1)))
        began = time.perf_counter()
        list(threads.map(post, range(1, CLIENTS + 1)))
        rate = CLIENTS * POSTINGS / (time.perf_counter() - began)
    database.close()
    return rate


def driver_rate_of_threads(url: str) -> float:
    """The same by `psycopg`, a connection for each thread."""

    def post(account_id: int) -> None:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            for _ in range(POSTINGS):
                parameters = {**PARAMETERS, "account_id": account_id, "now": datetime.now(UTC)}
                connection.execute(POST.postgresql, parameters).fetchone()

    with ThreadPoolExecutor(CLIENTS) as threads:
        began = time.perf_counter()
        list(threads.map(post, range(1, CLIENTS + 1)))
        return CLIENTS * POSTINGS / (time.perf_counter() - began)


def pgbench_rate(server: PostgresServer, url: str, folder: Path, script: str) -> float:
    """Transactions per second by pgbench: eight clients, prepared statements, each client on an account of its own."""
    file = folder / "script.sql"
    file.write_text(f"\\set account :client_id + 1\n{script}")
    command = [str(server.bin / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-f", str(file)]
    place = ["-t", str(POSTINGS), "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", url.rpartition("/")[2]]
    said = subprocess.run([*command, *place], check=True, capture_output=True, text=True).stdout
    rate = re.search(r"tps = ([0-9.]+)", said)
    assert rate is not None, said
    return float(rate[1])


def _for_pgbench(statement: str) -> str:
    """The statement with the values of a posting, and with the account that the script sets."""
    literals = {"account_id": ":account", "now": "now()", "amount_cents": "-10", "entries": "1"}
    texts = {name: "NULL" if value is None else f"'{value}'" for name, value in PARAMETERS.items()}
    return re.sub(r"%\((\w+)\)s|:(\w+)", lambda found: {**texts, **literals}[found[1] or found[2]], statement)


ONE_STATEMENT = f"{_for_pgbench(POST.postgresql)};\n"
TWO_STATEMENTS = f"BEGIN;\n{_for_pgbench(MOVE)};\n{_for_pgbench(POST.sqlite[1])};\nCOMMIT;\n"
"""For pgbench: a posting as one statement, and as two in a transaction."""


def prepare_postgresql(url: str) -> None:
    """Create the tables and an account for each client."""
    database = Database(url)
    database.upgrade()
    _create_account(database)
    for number in range(2, CLIENTS + 1):
        AccountService.over(runtime_over(database)).create(f"client{number}@example.com")
    database.close()


def _create_account(database: Database) -> None:
    assert AccountService.over(runtime_over(database)).create("maria@example.com").id == 1


def runtime_over(database: Database) -> Runtime:
    """A desk at which "anna" sits."""
    return Runtime(Settings(_env_file=None), database, None, system_clock, "anna")
