"""Databases of an earlier paydesk, with rows in every table, brought up to this one."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError, IntegrityError

import services.models
from services.database import Database
from services.errors import DatabaseVersionMismatch
from services.models import APPLICATION_ID, HEAD
from services.models.moments import EPOCH
from services.models.tables import (
    accounts,
    audit_log,
    balances,
    discount_codes,
    findings,
    metadata,
    orders,
    price_changes,
    price_withdrawals,
    redemptions,
    refunds,
    seals,
    stripe_cursors,
    transactions,
)
from tests.clock import ManualClock
from tests.postgres import PostgresServer

NOW = ManualClock().moment
ORDER: Mapping[str, Any] = {
    "account_id": 1,
    "purpose": "initial_access",
    "status": "created",
    "currency": "usd",
    "livemode": False,
    "price_version": 1,
    "price_mode": "launch",
    "base_cents": 2999,
    "discount_code": None,
    "discount_cents": 0,
    "total_cents": 2999,
    "request": '{"mode": "payment"}',
    "promotion_cents": 0,
    "actor": "anna",
    "created_at": NOW,
}
ENTRY: Mapping[str, Any] = {"account_id": 1, "description": "x", "actor": "anna", "created_at": NOW}
PAID = {"status": "paid", "paid_cents": 2999, "settled_at": NOW}


def numbered(order_id: int, **changes: Any) -> dict[str, Any]:
    return {**ORDER, "id": order_id, "reference": f"r{order_id}", "idempotency_key": f"k{order_id}", **changes}


ROWS_OF_0001: Sequence[tuple[sa.Table, Mapping[str, Any]]] = [
    (accounts, {"id": 1, "email": "maria@example.com", "password_hash": "", "created_at": NOW}),
    (
        price_changes,
        {
            "version": 1,
            "mode": "launch",
            "rrp_cents": 4999,
            "launch_cents": 2999,
            "sale_cents": 2499,
            "reason": "",
            "actor": "anna",
            "effective_at": NOW,
            "created_at": NOW,
        },
    ),
    (
        discount_codes,
        {
            "id": 1,
            "code": "SAVE10",
            "percent_basis_points": 1000,
            "active": True,
            "held": 1,
            "redeemed": 0,
            "created_at": NOW,
        },
    ),
    (orders, numbered(1)),
    (orders, numbered(2, status="open", session_id="cs_2", checkout_url="https://pay.example/2")),
    (orders, numbered(3, **PAID, session_id="cs_3", payment_intent_id="pi_3", stripe_customer_id="cus_3")),
    (orders, numbered(4, status="expired", session_id="cs_4", settled_at=NOW)),
    (orders, numbered(5, status="failed", status_reason="refused", settled_at=NOW)),
    (orders, numbered(6, status="needs_review", session_id="cs_6", status_reason="amount", settled_at=NOW)),
    (orders, numbered(7, discount_code="SAVE10", discount_cents=300, total_cents=2699)),
    (orders, numbered(8, **{**PAID, "paid_cents": 0}, base_cents=0, total_cents=0)),
    (balances, {"account_id": 1, "balance_cents": 2499, "last_seq": 2}),
    (
        transactions,
        {
            **ENTRY,
            "id": 1,
            "seq": 1,
            "kind": "purchase",
            "amount_cents": 2999,
            "balance_after_cents": 2999,
            "order_id": 3,
            "idempotency_key": "order_r3_credit",
            "request_hash": "h",
        },
    ),
    (
        transactions,
        {**ENTRY, "id": 2, "seq": 2, "kind": "usage", "amount_cents": -500, "balance_after_cents": 2499},
    ),
    (
        redemptions,
        {
            "id": 1,
            "code_id": 1,
            "order_id": 7,
            "account_id": 1,
            "status": "held",
            "discount_cents": 300,
            "created_at": NOW,
        },
    ),
    (
        audit_log,
        {
            "id": 1,
            "created_at": NOW,
            "actor": "anna",
            "action": "create",
            "object_type": "discount_code",
            "object_id": "SAVE10",
            "after": "{}",
            "reason": "",
        },
    ),
]
"""The rows of a desk at 0001, in an order that foreign keys allow; an order in each state."""

OLD_TABLES = tuple(dict.fromkeys(table for table, _ in ROWS_OF_0001))
NEW_TABLES = frozenset({"cards", "refunds", "findings", "stripe_cursors", "seals", "price_withdrawals"})
ADDED_COLUMNS = frozenset(
    {"channel", "stripe_key", "decline_code", "refunded_cents", "reverses_id", "last_at", "quote"}
)
ADDED_TERMS = frozenset(
    {
        "starts_at",
        "ends_at",
        "min_amount_cents",
        "first_purchase_only",
        "per_account_limit",
        "stacks_on_launch",
        "note",
    }
)
SAVED_CARD = {"purpose": "top_up", "channel": "saved_card", "price_version": None, "price_mode": None}


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database at 0001 that was in use, of both kinds in turn."""
    on_sqlite = request.param == "sqlite"
    postgres: PostgresServer | None = None if on_sqlite else request.getfixturevalue("postgres")
    url = f"sqlite:///{tmp_path / 'desk.db'}" if postgres is None else postgres.create_database()
    database = Database(url)
    bring_to(database, "0001")
    with database.write() as connection:
        for table, row in ROWS_OF_0001:
            connection.execute(sa.insert(table).values(**row))
    yield database
    database.close()
    if postgres is not None:
        postgres.drop_database(url)


def bring_to(database: Database, revision: str) -> None:
    """Run the migrations up to an earlier revision than the head."""
    config = Config()
    config.set_main_option("script_location", str(Path(services.models.__file__).with_name("migrations")))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if database.is_sqlite:
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {int(revision)}")


def columns_of_0001(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.name not in ADDED_COLUMNS | ADDED_TERMS]


def kept(database: Database) -> dict[str, list[Any]]:
    """Every row of 0001, in the columns that 0001 had."""
    with database.read() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(sa.select(*columns_of_0001(table)).order_by(*table.primary_key.columns))
            ]
            for table in OLD_TABLES
        }


def stored_schema(database: Database) -> tuple[set[str], str, list[Any]]:
    """The tables, the version, and on SQLite all that is defined, to the letter."""
    with database.read() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        defined = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name" if database.is_sqlite else "SELECT 1"
        return tables, version, [tuple(row) for row in connection.exec_driver_sql(defined)]


def took(database: Database, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Whether a table takes a row."""
    try:
        with database.write() as connection:
            connection.execute(sa.insert(table).values(**row))
    except IntegrityError:
        return False
    return True


def refusals(database: Database, statements: Sequence[str], sentence: str) -> int:
    """How many of the statements are refused with `sentence`."""
    refused = 0
    for statement in statements:
        with pytest.raises(DBAPIError, match=sentence), database.write() as connection:
            connection.exec_driver_sql(statement)
        refused += 1
    return refused


def test_every_row_is_kept_and_the_new_columns_say_what_was_true(old: Database) -> None:
    before = kept(old)
    old.upgrade()
    assert kept(old) == before
    assert sum(map(len, before.values())) == len(ROWS_OF_0001)
    with old.read() as connection:
        added = connection.execute(
            sa.select(orders.c.channel, orders.c.refunded_cents, orders.c.stripe_key, orders.c.decline_code).distinct()
        ).all()
        assert [tuple(row) for row in added] == [("checkout", 0, None, None)]
        assert connection.execute(sa.select(transactions.c.reverses_id).distinct()).scalars().all() == [None]
    assert stored_schema(old)[:2] == ({*metadata.tables, "alembic_version"}, HEAD)
    old.open()


def test_the_new_rules_hold_afterwards(old: Database) -> None:
    before = Database(old.url.render_as_string(hide_password=False))
    with before.read() as connection:  # a connection that knows the schema of 0001
        connection.exec_driver_sql("SELECT id FROM orders")
    old.upgrade()
    for number, database in ((20, old), (30, before)):
        named = {**SAVED_CARD, "payment_intent_id": f"pi_{number}"}
        assert took(database, orders, numbered(number, **PAID, **named))
        assert took(database, orders, numbered(number + 1, status="open", session_id=f"cs_{number}"))
        assert not took(database, orders, numbered(number + 2, status="open"))
        assert not took(database, orders, numbered(number + 2, **PAID, **SAVED_CARD))
        assert not took(database, orders, numbered(number + 2, channel="telephone"))
        assert not took(database, orders, numbered(number + 2, **PAID, **named, refunded_cents=3000))
        assert not took(database, orders, numbered(number + 2, total_cents=1))
    reversal = {**ENTRY, "kind": "reversal", "amount_cents": 500, "balance_after_cents": 2999}
    assert not took(old, transactions, {**reversal, "id": 3, "seq": 3, "reverses_id": 99})
    assert took(old, transactions, {**reversal, "id": 3, "seq": 3, "reverses_id": 2})
    assert not took(old, transactions, {**reversal, "id": 4, "seq": 4, "reverses_id": 2})
    before.close()


def test_the_guards_are_alive_afterwards(old: Database) -> None:
    old.upgrade()
    refund = {
        "order_id": 3,
        "amount_cents": 100,
        "credit_cents": 100,
        "reason": "",
        "origin": "desk",
        "status": "created",
        "reference": "r1",
        "idempotency_key": "k1",
        "request": "{}",
        "actor": "anna",
        "created_at": NOW,
    }
    assert took(old, refunds, refund)
    before = kept(old)
    snapshot = [
        "UPDATE orders SET total_cents = total_cents",
        "UPDATE orders SET channel = 'saved_card'",
        "UPDATE orders SET stripe_key = 'mark'",
        "UPDATE orders SET request = '{}'",
        "DELETE FROM orders",
    ]
    asked = ["UPDATE refunds SET amount_cents = 1", "UPDATE refunds SET request = '[]'", "DELETE FROM refunds"]
    assert refusals(old, snapshot, "what an order was quoted never changes") == len(snapshot)
    assert refusals(old, asked, "what a refund asks for never changes") == len(asked)
    for table in ("transactions", "price_changes", "audit_log"):
        changes = [f"UPDATE {table} SET actor = 'ben'", f"DELETE FROM {table}"]
        assert refusals(old, changes, f"{table} is append-only") == len(changes)
    assert kept(old) == before
    with old.write() as connection:
        connection.exec_driver_sql("UPDATE orders SET refunded_cents = 100 WHERE id = 3")


def test_a_balance_of_0002_learns_when_its_newest_entry_was_made(old: Database) -> None:
    bring_to(old, "0002")
    later = NOW + timedelta(hours=1)
    with old.write() as connection:
        for account_id in (2, 3):
            row = {"id": account_id, "email": f"{account_id}@example.com", "password_hash": "", "created_at": NOW}
            connection.execute(sa.insert(accounts).values(**row))
        entry = {**ENTRY, "account_id": 2, "kind": "usage", "amount_cents": -5}
        for seq, moment in ((1, later + timedelta(hours=1)), (2, later)):  # a clock that was set back in between
            row = {**entry, "id": 10 + seq, "seq": seq, "balance_after_cents": -5 * seq, "created_at": moment}
            connection.execute(sa.insert(transactions).values(**row))
        connection.execute(sa.insert(balances).values(account_id=2, balance_cents=-10, last_seq=2))
        connection.execute(sa.insert(balances).values(account_id=3, balance_cents=0, last_seq=1))
    before = kept(old)
    old.upgrade()
    assert kept(old) == before
    with old.read() as connection:
        stored = connection.execute(
            sa.select(balances.c.account_id, balances.c.last_at).order_by(balances.c.account_id)
        )
        assert [tuple(row) for row in stored] == [(1, NOW), (2, later), (3, EPOCH)]
    sealed = {"account_id": 2, "first_seq": 1, "last_seq": 2, "sealed_at": later}
    seal = {**sealed, "chain_hash": bytes(32), "row_hashes": bytes(16)}
    assert not took(old, seals, {**seal, "row_hashes": bytes(15)})
    assert took(old, seals, seal)
    changes = ["UPDATE seals SET last_seq = 1", "DELETE FROM seals"]
    assert refusals(old, changes, "seals is append-only") == len(changes)


def test_prices_and_codes_of_0003_go_on_as_they_were(old: Database) -> None:
    bring_to(old, "0003")
    before = kept(old)
    old.upgrade()
    assert kept(old) == before
    with old.read() as connection:
        terms = connection.execute(sa.select(*(discount_codes.c[name] for name in sorted(ADDED_TERMS)))).one()
        assert terms._asdict() == {
            "starts_at": None,
            "ends_at": None,
            "min_amount_cents": None,
            "first_purchase_only": False,
            "per_account_limit": None,
            "stacks_on_launch": True,
            "note": "",
        }
        assert connection.execute(sa.select(price_changes.c.ends_at)).scalars().all() == [None]
        assert set(connection.execute(sa.select(orders.c.quote)).scalars()) == {None}
    withdrawal = {"version": 1, "actor": "anna", "reason": "", "created_at": NOW}
    assert not took(old, price_withdrawals, {**withdrawal, "version": 2})
    assert took(old, price_withdrawals, withdrawal)
    changes = ["UPDATE price_withdrawals SET actor = 'ben'", "DELETE FROM price_withdrawals"]
    assert refusals(old, changes, "price_withdrawals is append-only") == len(changes)
    quote = ["UPDATE orders SET quote = '[]'"]
    assert refusals(old, quote, "what an order was quoted never changes") == len(quote)


@pytest.mark.parametrize("old", ["sqlite"], indirect=True)
def test_an_sqlite_file_is_sound_afterwards(old: Database) -> None:
    old.upgrade()
    old.close()
    again = Database(old.url.render_as_string())
    with again.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("PRAGMA user_version").scalar_one() == int(HEAD)
    again.close()


def test_an_upgrade_that_dies_in_the_middle_leaves_what_was_there(old: Database) -> None:
    with old.write() as connection:
        connection.exec_driver_sql("CREATE TABLE stripe_cursors (in_the_way INTEGER)")
    before = (kept(old), stored_schema(old))
    with pytest.raises(DBAPIError, match="stripe_cursors"):
        old.upgrade()
    assert (kept(old), stored_schema(old)) == before
    assert stored_schema(old)[0].isdisjoint(NEW_TABLES - {"stripe_cursors"})
    with pytest.raises(DatabaseVersionMismatch, match="0001"):
        old.open()
    with pytest.raises(DBAPIError), old.write() as connection:
        connection.execute(sa.insert(orders).values(**numbered(20, **PAID, payment_intent_id="pi_20")))
    with old.write() as connection:
        connection.exec_driver_sql("DROP TABLE stripe_cursors")
    old.upgrade()
    assert kept(old) == before[0]
    assert took(old, stripe_cursors, {"stripe_key": "mark", "read_until": NOW, "seen": "[]"})
    finding = {"kind": "unfinished", "order_id": 1, "subject": "order 1", "explanation": "x", "found_at": NOW}
    assert took(old, findings, finding)


def test_an_older_database_is_refused_with_the_command_that_mends_it(old: Database) -> None:
    url = old.url.render_as_string(hide_password=False)

    def paydesk(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DATABASE_URL": url}
        return subprocess.run(
            [sys.executable, "-m", "tui", *arguments], capture_output=True, text=True, env=environment, check=False
        )

    before = kept(old)
    refused = paydesk("price", "show")
    assert refused.returncode == 1
    assert f"at version 0001 and this paydesk needs {HEAD}" in refused.stderr
    assert "paydesk db upgrade" in refused.stderr
    assert kept(old) == before
    assert paydesk("db", "upgrade").returncode == 0
    assert "$29.99" in paydesk("price", "show").stdout
    assert kept(old) == before
