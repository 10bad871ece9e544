"""Rows per second of many rows at once: batches, imports, exports, proofs; each beside what the bare driver does."""

import csv
import hashlib
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from services.balance import BalanceService, Posting, TransactionKind
from services.database import Database
from services.history import ExportFormat, HistoryService, parse_filter
from services.ledger_file import write_export
from services.ledger_import import ImportService
from services.runtime import Runtime
from services.seals import SealService
from services.stores.seals import ROWS_ON_SQLITE
from services.verification import VerificationService
from tests.benchmarks.postings import PRAGMAS, runtime_over

_EXPORTED = (
    "SELECT seq, created_at, kind, amount_cents, balance_after_cents, description, order_id, actor, idempotency_key, "
    "reverses_id FROM transactions WHERE account_id = 1 ORDER BY seq"
)
_BALANCES = (
    "SELECT count(*), sum(balance_after_cents <> expected_cents) FROM ("
    "SELECT balance_after_cents, sum(amount_cents) OVER (PARTITION BY account_id ORDER BY seq) AS expected_cents "
    "FROM transactions)"
)

ROWS, BATCH = 20_000, 1_000

INSERT = (
    "INSERT INTO transactions (account_id, seq, kind, amount_cents, balance_after_cents, description, "
    "idempotency_key, request_hash, actor, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def batch_rate(template: Path, folder: Path) -> float:
    """Postings per second by `post_many`, each with a key."""

    def post(runtime: Runtime) -> int:
        balance = BalanceService.over(runtime)
        for first in range(0, ROWS, BATCH):
            balance.post_many(
                [
                    Posting(1, -10, TransactionKind.USAGE, "Test SMS", "anna", None, f"sms_{number}")
                    for number in range(first, first + BATCH)
                ]
            )
        return ROWS

    return _rate(template, folder, post)


def import_rate(template: Path, folder: Path) -> float:
    """Rows per second by an import, which reads the file twice and checks all rows before it posts any."""
    file = folder / "costs.csv"
    file.write_text("account,amount,description\n" + "1,-0.10,Test SMS\n" * ROWS)
    return _rate(template, folder, lambda runtime: ImportService.over(runtime).run(file).posted)


def executemany_rate(template: Path, folder: Path) -> float:
    """Rows per second by `sqlite3`'s executemany, in transactions of the same size: the entries alone."""
    connection = _driver(shutil.copy(template, folder / "driver.db"))
    request_hash = "0" * 64
    began = time.perf_counter()
    for first in range(1, ROWS, BATCH):
        numbers = range(first, first + BATCH)
        rows: Iterable[tuple[object, ...]] = [
            (1, seq, "usage", -10, -10 * seq, "Test SMS", f"sms_{seq}", request_hash, "anna", 0) for seq in numbers
        ]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows)
        connection.execute("COMMIT")
    rate = ROWS / (time.perf_counter() - began)
    connection.close()
    return rate


def seal_rate(ledger: Path, folder: Path) -> float:
    """Entries per second that are sealed."""
    return _rate(ledger, folder, lambda runtime: SealService.over(runtime).seal())


def verify_rate(sealed: Path, folder: Path) -> float:
    """Entries per second that are held against their seals."""

    def verify(runtime: Runtime) -> int:
        verification = SealService.over(runtime).verify()
        assert verification.holds
        return verification.entries

    return _rate(sealed, folder, verify)


def proof_rate(sealed: Path, folder: Path) -> float:
    """Entries per second that are verified with all other rows, sealed entries twice."""

    def verify(runtime: Runtime) -> int:
        verification = VerificationService.over(runtime).verify()
        assert verification.holds
        return verification.counted.entries

    return _rate(sealed, folder, verify)


def running_balance_rate(ledger: Path) -> float:
    """Entries per second whose running balance `sqlite3` holds against the amounts, and nothing else of them."""
    connection = _driver(ledger)
    began = time.perf_counter()
    entries, wrong = connection.execute(_BALANCES).fetchone()
    rate: float = entries / (time.perf_counter() - began)
    connection.close()
    assert wrong == 0
    return rate


def export_rate(ledger: Path, folder: Path, form: ExportFormat) -> float:
    """Entries per second of the large account that are written to a file."""
    file = folder / f"ledger.{form.value}"

    def export(runtime: Runtime) -> int:
        pieces = HistoryService.over(runtime).export(1, parse_filter(""), form)
        written = write_export(pieces, file, lambda _: True)
        file.unlink()
        assert written is not None
        return written.entries

    return _rate(ledger, folder, export)


def csv_rate(ledger: Path, folder: Path) -> float:
    """Entries per second that `sqlite3` reads and `csv` writes, as they are stored."""
    connection = _driver(ledger)
    file = folder / "rows.csv"
    began = time.perf_counter()
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows(connection.execute(_EXPORTED))
    seconds = time.perf_counter() - began
    (entries,) = connection.execute("SELECT last_seq FROM balances WHERE account_id = 1").fetchone()
    connection.close()
    file.unlink()
    return float(entries / seconds)


def json_rate(ledger: Path, folder: Path) -> float:
    """Entries per second that `sqlite3` reads and `json` writes, as they are stored."""
    connection = _driver(ledger)
    connection.row_factory = sqlite3.Row
    file = folder / "rows.jsonl"
    entries = 0
    began = time.perf_counter()
    with file.open("w") as opened:
        for row in connection.execute(_EXPORTED):
            opened.write(json.dumps(dict(row)) + "\n")
            entries += 1
    rate = entries / (time.perf_counter() - began)
    connection.close()
    file.unlink()
    return rate


def hash_rate(ledger: Path) -> float:
    """Entries per second that `sqlite3` reads as they are sealed and `hashlib` hashes; the large account's."""
    connection = _driver(ledger)
    began = time.perf_counter()
    entries = 0
    parameters = {"account_id": 1, "first_seq": 1, "last_seq": 2**62}
    for _, columns in connection.execute(ROWS_ON_SQLITE, parameters):
        hashlib.sha256(columns).digest()
        entries += 1
    rate = entries / (time.perf_counter() - began)
    connection.close()
    return rate


def _rate(file: Path, folder: Path, work: Callable[[Runtime], int]) -> float:
    """Rows per second of work on a copy of a file."""
    database = Database(f"sqlite:///{shutil.copy(file, folder / 'service.db')}")
    runtime = runtime_over(database)
    BalanceService.over(runtime).get_balance(1)
    began = time.perf_counter()
    rows = work(runtime)
    rate = rows / (time.perf_counter() - began)
    database.close()
    return rate


def _driver(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection
