"""A made-up ledger with everything in it that a filter can ask for, written past the services."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.database import Database
from services.domain.ledger import Transaction, TransactionKind
from services.models.tables import balances, transactions
from services.stores.accounts import AccountStore
from services.stores.orders import OrderStore
from tests.stores.drafts import access_draft

BEGIN = datetime(2026, 9, 28, 22, 30, tzinfo=UTC)
ACTORS = ("anna", "ben b", "system", "=anna", "Ánna")
ORDERS = (1, 2, 3)
TEXTS = (
    "SMS to +44 7700 900123",
    "100 % off_season \\ 50%_",
    "Größe GRÖSSE ÖÄÜ ß ẞ",
    "短信 +86 138 0013 8000",
    "👩‍👩‍👧‍👦 déjà vu DÉJÀ VU",
    "[/] [@click=app.quit]x[/] \x1b[2J",
    "رسالة ‮ abc",
    "line\nbreak\r\ttab",
    "İstanbul ısı K k ſ ﬁ ς Σ σ",
    "*?[a-z] ^-] (.*)+$ {2,3}| \\d ***= (?i)",
    "'; DROP TABLE transactions; --",
    '=1+1 "quoted"',
    "x" * 500,
)
_MOMENT_STEPS = tuple(
    timedelta(**step)
    for step in (
        {"microseconds": 0},
        {"microseconds": 0},
        {"microseconds": 1},
        {"minutes": 7},
        {"hours": 9, "seconds": 1},
    )
)


def put_history(database: Database, entries: int, seed: int = 4711) -> list[Transaction]:
    """Makes account 1 with that many entries, 2 with half of them in between, and 3 without any; those of 1, oldest
    first."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    with database.write() as connection:
        for name in ("maria", "ben", "olu"):
            AccountStore().create(connection, f"{name}@example.com", "", BEGIN)
        for number in ORDERS:
            draft, key = access_draft(1 + number % 2), f"k{number}"
            OrderStore().create(connection, draft, reference=key, idempotency_key=key, actor="anna", now=BEGIN)
        ledgers = {
            account_id: _ledger(chance, account_id, count) for account_id, count in ((1, entries), (2, entries // 2))
        }
        rows = sorted((row for ledger in ledgers.values() for row in ledger), key=lambda row: row.id)
        connection.execute(sa.insert(transactions), [_values(row) for row in rows])
        for account_id, ledger in ledgers.items():
            newest = ledger[-1]
            connection.execute(
                sa.insert(balances).values(
                    account_id=account_id,
                    balance_cents=newest.balance_after_cents,
                    last_seq=newest.seq,
                    last_at=newest.created_at,
                )
            )
    return ledgers[1]


def _values(row: Transaction) -> dict[str, Any]:
    keyed = {"request_hash": None if row.idempotency_key is None else "h"}
    return {**vars(row), "kind": row.kind.value, **keyed}


def _ledger(chance: random.Random, account_id: int, entries: int) -> list[Transaction]:
    ledger: list[Transaction] = []
    balance_cents, moment, standing = 0, BEGIN, list[Transaction]()
    for seq in range(1, entries + 1):
        amount_cents = chance.choice((-1_000, -500, -10, -7, -1, 1, 7, 1_000)) * chance.choice((1, 1, 1, 100))
        kind = chance.choice((TransactionKind.USAGE, TransactionKind.ADJUSTMENT, TransactionKind.REFUND))
        taken_back = chance.choice(standing) if standing and chance.random() < 0.1 else None
        if taken_back is not None:
            standing.remove(taken_back)
            amount_cents, kind = -taken_back.amount_cents, TransactionKind.REVERSAL
        balance_cents += amount_cents
        entry = Transaction(
            id=2 * seq + account_id,
            account_id=account_id,
            seq=seq,
            kind=kind,
            amount_cents=amount_cents,
            balance_after_cents=balance_cents,
            description=chance.choice(TEXTS),
            order_id=chance.choice((None, None, None, *ORDERS)),
            idempotency_key=chance.choice((None, f"=key {account_id} {seq}")),
            actor=chance.choice(ACTORS),
            created_at=moment,
            reverses_id=taken_back.id if taken_back else None,
        )
        ledger.append(entry)
        if taken_back is None:
            standing.append(entry)
        moment += chance.choice(_MOMENT_STEPS)
    return ledger
