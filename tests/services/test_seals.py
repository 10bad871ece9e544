"""Seals: whatever is changed in a sealed ledger is named by account and number."""

import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from random import Random

import pytest
import sqlalchemy as sa

from services.accounts import AccountService
from services.balance import BalanceService, Posting, TransactionKind
from services.database import Database
from services.domain.seal import BLOCK, SEALED_COLUMNS, SealBreak
from services.errors import Conflict, InvalidInput
from services.models.moments import EPOCH, MICROSECOND
from services.models.tables import seals, transactions
from services.runtime import Runtime
from services.seals import Head, SealService, parse_head
from services.stores.orders import OrderStore
from services.stores.seals import SealStore
from tests.clock import ManualClock
from tests.postgres import PostgresServer
from tests.scale import measured, rounds
from tests.stores.drafts import access_draft

SEALED = {1: 2 * BLOCK + 300, 2: 700}
"""How many sealed entries each account has; five more are not sealed."""

TAMPERINGS = 200
FAR = 10**9
GUARDS = ["transactions_refuse_update", "transactions_refuse_delete", "seals_refuse_update", "seals_refuse_delete"]


@pytest.fixture
def postgresql_url(postgres: PostgresServer, postgresql_template: str) -> Iterator[str]:
    """A database of its own, for these tests drop triggers and indexes."""
    url = postgres.create_database(template=postgresql_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def random() -> Random:
    """Chance for one test. A failing test shows the seed; `PAYDESK_SEED` repeats it."""
    seed = int(os.environ.get("PAYDESK_SEED") or secrets.randbelow(10**9))
    sys.stdout.write(f"repeat with PAYDESK_SEED={seed}\n")
    return Random(seed)  # noqa: S311 - which rows are tampered with, not secrets


@pytest.fixture
def service(runtime: Runtime) -> SealService:
    return SealService.over(runtime)


@pytest.fixture
def balance(runtime: Runtime, database: Database, clock: ManualClock) -> BalanceService:
    for name in ("maria", "ben"):
        AccountService.over(runtime).create(f"{name}@example.com")
    with database.write() as connection:
        OrderStore().create(
            connection, access_draft(1), reference="r1", idempotency_key="k1", actor="anna", now=clock()
        )
    return BalanceService.over(runtime)


def post(balance: BalanceService, account_id: int, entries: int, clock: ManualClock) -> None:
    """Post entries of all sorts, every other one with a key."""
    for start in range(0, entries, 500):
        clock.advance(milliseconds=1)
        balance.post_many(
            [
                Posting(
                    account_id,
                    -1 - number % 90,
                    TransactionKind.USAGE,
                    f"SMS 短信 {number}",
                    "anna",
                    idempotency_key=f"{account_id}-{number}" if number % 2 else None,
                )
                for number in range(start, min(start + 500, entries))
            ]
        )


@pytest.fixture
def sealed_ledger(balance: BalanceService, service: SealService, database: Database, clock: ManualClock) -> Database:
    """A sealed ledger whose guards were taken down, with a copy of its tables beside it."""
    for account_id, entries in SEALED.items():
        post(balance, account_id, entries, clock)
    assert service.seal() == sum(SEALED.values())
    for account_id in SEALED:
        assert balance.deduct(account_id, 7, "not sealed").success
    with database.write() as connection:
        if database.is_sqlite:
            dropping = [f"DROP TRIGGER {name}" for name in GUARDS]
        else:
            dropping = [f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in ("transactions", "seals")]
        for statement in (*dropping, "DROP INDEX uq_transactions_account_id_seq"):
            connection.exec_driver_sql(statement)
        for name in ("transactions", "balances", "seals"):
            connection.exec_driver_sql(f"CREATE TABLE copied_{name} AS SELECT * FROM {name}")
    return database


def restore(database: Database) -> None:
    with database.write() as connection:
        for name in ("seals", "balances", "transactions"):
            connection.exec_driver_sql(f"DELETE FROM {name}")
            columns = ", ".join(column.name for column in transactions.metadata.tables[name].columns)
            connection.exec_driver_sql(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM copied_{name}")


CHANGES: dict[str, str] = {
    "id": f"id + {FAR}",
    "account_id": "3 - account_id",
    "seq": f"seq + {FAR}",
    "kind": "'refund'",
    "amount_cents": "amount_cents - 1",
    "balance_after_cents": "balance_after_cents + 1",
    "description": "description || ' '",
    "order_id": "1",
    "idempotency_key": "idempotency_key || 'x'",
    "request_hash": "request_hash || 'x'",
    "actor": "'ben'",
    "created_at": "created_at + {microsecond}",
    "reverses_id": "id",
}
KEYED = ("idempotency_key", "request_hash")


Where = tuple[int, int]
"""An entry, by account and number."""


def change_field(connection: sa.Connection, random: Random, account_id: int) -> Where:
    return change(connection, random, account_id, random.choice(SEALED_COLUMNS))


def change(connection: sa.Connection, random: Random, account_id: int, column: str) -> Where:
    seq = random.randint(1, SEALED[account_id])
    if column in KEYED:
        seq = 2 * random.randint(1, SEALED[account_id] // 2)  # the ones with keys
    if column == "account_id":
        seq = random.randint(1, min(SEALED.values()))
    microsecond = "1" if connection.dialect.name == "sqlite" else "interval '1 microsecond'"
    value = CHANGES[column].format(microsecond=microsecond)
    run(connection, f"UPDATE transactions SET {column} = {value} WHERE account_id = {account_id} AND seq = {seq}")
    return account_id, seq


def delete_tail(connection: sa.Connection, random: Random, account_id: int) -> Where:
    seq = SEALED[account_id] - random.randrange(20)
    run(connection, f"DELETE FROM transactions WHERE account_id = {account_id} AND seq >= {seq}")
    before = f"(SELECT balance_after_cents FROM transactions WHERE account_id = {account_id} AND seq = {seq - 1})"
    run(
        connection,
        f"UPDATE balances SET last_seq = {seq - 1}, balance_cents = {before} WHERE account_id = {account_id}",
    )
    return account_id, seq


def swap_rows(connection: sa.Connection, random: Random, account_id: int) -> Where:
    one, other = sorted(random.sample(range(1, SEALED[account_id] + 1), 2))
    chosen = f"account_id = {account_id} AND seq IN ({one}, {other})"
    run(connection, f"UPDATE transactions SET seq = {one + other} - seq WHERE {chosen}")
    return account_id, one


def replace_row(connection: sa.Connection, random: Random, account_id: int) -> Where:
    seq = random.randint(1, SEALED[account_id])
    at = f"account_id = {account_id} AND seq = {seq}"
    columns = ", ".join(name for name in SEALED_COLUMNS if name not in ("id", "idempotency_key", "request_hash"))
    run(
        connection,
        f"INSERT INTO transactions (id, {columns}) SELECT id + {FAR}, {columns} FROM transactions WHERE {at}",
    )
    run(connection, f"DELETE FROM transactions WHERE {at} AND id < {FAR}")
    return account_id, seq


def run(connection: sa.Connection, statement: str) -> None:
    assert connection.exec_driver_sql(statement).rowcount >= 1, "Nothing was tampered with."


TAMPER: list[Callable[[sa.Connection, Random, int], Where]] = [
    change_field,
    delete_tail,
    swap_rows,
    replace_row,
]


def test_every_tampering_is_named_by_account_and_number(
    sealed_ledger: Database, service: SealService, random: Random
) -> None:
    assert service.verify().holds
    codes: dict[str, int] = {}
    for number in range(rounds(TAMPERINGS)):
        tamper = TAMPER[number % len(TAMPER)]
        with sealed_ledger.write() as connection:
            account_id, seq = tamper(connection, random, random.choice([1, 2]))
        found = {entry.account_id: entry for entry in service.verify().breaks}
        restore(sealed_ledger)
        assert found[account_id].seq == seq, f"{tamper.__name__} of entry {seq} was taken for {found[account_id]}"
        assert f"Entry {seq} of account {account_id}" in found[account_id].sentence
        codes[found[account_id].code] = codes.get(found[account_id].code, 0) + 1
    assert service.verify().holds, "What was restored is not what was there."
    assert sum(codes.values()) == rounds(TAMPERINGS)
    measured(f"{sealed_ledger.label}: {rounds(TAMPERINGS)} tamperings, each named by account and number: {codes}")


def test_every_column_is_sealed(sealed_ledger: Database, service: SealService, random: Random) -> None:
    assert list(SEALED_COLUMNS) == [column.name for column in transactions.columns]
    for column in SEALED_COLUMNS:
        with sealed_ledger.write() as connection:
            account_id, seq = change(connection, random, 1, column)
        assert (account_id, seq) in [(found.account_id, found.seq) for found in service.verify(1).breaks], column
        restore(sealed_ledger)


def test_a_row_is_hashed_alike_on_both_databases(
    balance: BalanceService, database: Database, clock: ManualClock
) -> None:
    post(balance, 1, 2, clock)
    balance.add_credits(1, 5, "bonus \N{GRINNING FACE}\r\n: ", 1, kind=TransactionKind.TOP_UP)
    with database.read() as connection:
        stored = connection.execute(sa.select(transactions).order_by(transactions.c.seq)).mappings().all()
        hashed = SealStore().rows(connection, 1, 1, 9)
    for row, (seq, columns) in zip(stored, hashed, strict=True):
        values = {**row, "created_at": (row["created_at"] - EPOCH) // MICROSECOND}
        texts = [None if values[name] is None else str(values[name]).encode() for name in SEALED_COLUMNS]
        assert seq == row["seq"]
        assert columns == b"".join(b"-" if text is None else b"%d:%s" % (len(text), text) for text in texts)
        assert len(hashlib.sha256(columns).digest()) == 32


def test_the_chain_goes_on_where_it_ended(
    balance: BalanceService, service: SealService, database: Database, clock: ManualClock
) -> None:
    assert service.seal() == 0
    heads: list[Head] = []
    for entries in (3, BLOCK, 1):
        post_more(balance, entries)
        assert service.seal(1) == entries
        assert service.seal() == 0
        heads += service.heads()
    assert [head.seq for head in heads] == [3, BLOCK + 3, BLOCK + 4]
    with database.read() as connection:
        blocks = connection.execute(sa.select(seals.c.first_seq, seals.c.last_seq).order_by(seals.c.first_seq)).all()
    assert [tuple(block) for block in blocks] == [(1, 3), (4, BLOCK + 3), (BLOCK + 4, BLOCK + 4)]
    assert [parse_head(head.text) for head in heads] == heads
    verification = service.verify(kept=heads)
    assert (verification.holds, verification.accounts, verification.entries) == (True, 1, BLOCK + 4)
    post_more(balance, 1)
    assert service.verify(kept=heads) == verification


def post_more(balance: BalanceService, entries: int) -> None:
    balance.post_many([Posting(1, -1, TransactionKind.USAGE, "SMS", "anna")] * entries)


def test_history_that_was_changed_and_sealed_anew_differs_from_a_kept_head(
    sealed_ledger: Database, service: SealService
) -> None:
    kept = list(service.heads())
    with sealed_ledger.write() as connection:
        run(connection, "UPDATE transactions SET description = 'x' WHERE account_id = 1 AND seq = 5")
        run(connection, "DELETE FROM seals WHERE account_id = 1")
    assert service.seal(1) == SEALED[1] + 1
    assert service.verify().holds
    verification = service.verify(kept=kept)
    assert [(found.code, found.account_id, found.seq) for found in verification.breaks] == [("kept", 1, SEALED[1])]
    assert service.verify(2, kept).holds
    with sealed_ledger.write() as connection:
        run(connection, "DELETE FROM seals WHERE account_id = 2")
    assert service.verify(2).holds
    assert [(found.code, found.seq) for found in service.verify(2, kept).breaks] == [("kept", SEALED[2])]


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("DELETE FROM seals WHERE account_id = 1 AND first_seq = 1", 1),
        (f"DELETE FROM seals WHERE account_id = 1 AND first_seq = {BLOCK + 1}", BLOCK + 1),
        (
            "UPDATE seals SET chain_hash = (SELECT chain_hash FROM seals WHERE account_id = 2) "
            f"WHERE account_id = 1 AND first_seq = {BLOCK + 1}",
            BLOCK + 1,
        ),
        ("UPDATE seals SET account_id = 2 WHERE account_id = 1 AND first_seq = 1001", BLOCK + 1),
    ],
)
def test_a_seal_that_was_tampered_with_is_named(
    sealed_ledger: Database, service: SealService, statement: str, seq: int
) -> None:
    with sealed_ledger.write() as connection:
        run(connection, statement)
    (found,) = service.verify(1).breaks
    assert (found.code, found.account_id, found.seq) == ("seal", 1, seq)


def test_a_ledger_with_a_hole_is_not_sealed(sealed_ledger: Database, service: SealService) -> None:
    with sealed_ledger.write() as connection:
        run(connection, f"DELETE FROM transactions WHERE account_id = 1 AND seq = {SEALED[1] + 1}")
    with pytest.raises(Conflict, match=f"Entry {SEALED[1] + 1} of account 1 is not there once"):
        service.seal()


def test_progress_counts_entries(balance: BalanceService, service: SealService, clock: ManualClock) -> None:
    for account_id, entries in SEALED.items():
        post(balance, account_id, entries, clock)
    total = sum(SEALED.values())
    heard: list[tuple[int, int]] = []
    service.seal(progress=lambda done, of: heard.append((done, of)))
    assert heard[-1] == (total, total)
    heard.clear()
    service.verify(progress=lambda done, of: heard.append((done, of)))
    assert heard == [(BLOCK, total), (2 * BLOCK, total), (SEALED[1], total), (total, total)]


def test_an_untouched_ledger_of_nobody_holds(service: SealService) -> None:
    verification = service.verify()
    assert (verification.holds, verification.accounts, verification.entries) == (True, 0, 0)
    lost = Head(7, 3, "0" * 64)
    assert service.verify(kept=[lost]).breaks == (
        SealBreak(
            "kept", 7, 3, "The chain up to entry 3 of account 7 is not the one that was kept: history was changed."
        ),
    )


@pytest.mark.parametrize("text", ["", "1:2", "1:2:abc", "0:1:" + "0" * 64, "1:1:" + "A" * 64, "1:1:" + "0" * 65])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="A head is written like"):
        parse_head(text)
