"""The rules that the databases keep by themselves, tried with raw SQL."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError, IntegrityError

import services.models
from services.database import Database
from services.models import HEAD
from services.models.tables import (
    APPEND_ONLY,
    accounts,
    audit_log,
    balances,
    cards,
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

NOW = ManualClock().moment

ROWS: Mapping[sa.Table, Mapping[str, Any]] = {
    accounts: {"id": 1, "email": "maria@example.com", "password_hash": "", "created_at": NOW},
    price_changes: {
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
    price_withdrawals: {"version": 1, "actor": "anna", "reason": "a mistake", "created_at": NOW},
    discount_codes: {
        "id": 1,
        "code": "SAVE10",
        "percent_basis_points": 1000,
        "active": True,
        "held": 0,
        "redeemed": 0,
        "created_at": NOW,
    },
    orders: {
        "id": 1,
        "account_id": 1,
        "purpose": "initial_access",
        "status": "created",
        "currency": "usd",
        "livemode": False,
        "price_version": 1,
        "price_mode": "launch",
        "base_cents": 2999,
        "discount_cents": 300,
        "total_cents": 2699,
        "reference": "r1",
        "idempotency_key": "k1",
        "request": "{}",
        "promotion_cents": 0,
        "actor": "anna",
        "created_at": NOW,
    },
    balances: {"account_id": 1, "balance_cents": 500, "last_seq": 1, "last_at": NOW},
    seals: {
        "account_id": 1,
        "first_seq": 1,
        "last_seq": 1,
        "chain_hash": bytes(32),
        "row_hashes": bytes(8),
        "sealed_at": NOW,
    },
    transactions: {
        "id": 1,
        "account_id": 1,
        "seq": 1,
        "kind": "adjustment",
        "amount_cents": 500,
        "balance_after_cents": 500,
        "description": "goodwill",
        "actor": "anna",
        "created_at": NOW,
    },
    redemptions: {
        "id": 1,
        "code_id": 1,
        "order_id": 1,
        "account_id": 1,
        "status": "held",
        "discount_cents": 300,
        "created_at": NOW,
    },
    audit_log: {
        "id": 1,
        "created_at": NOW,
        "actor": "anna",
        "action": "adjust",
        "object_type": "balance",
        "object_id": "1",
        "reason": "goodwill",
    },
    cards: {
        "account_id": 1,
        "payment_method_id": "pm_1",
        "stripe_customer_id": "cus_1",
        "livemode": False,
        "brand": "visa",
        "last4": "4242",
        "exp_month": 12,
        "exp_year": 2030,
        "updated_at": NOW,
    },
    refunds: {
        "id": 1,
        "order_id": 1,
        "amount_cents": 500,
        "credit_cents": 500,
        "reason": "not as described",
        "origin": "desk",
        "status": "created",
        "reference": "r1",
        "idempotency_key": "k1",
        "request": "{}",
        "actor": "anna",
        "created_at": NOW,
    },
    findings: {
        "id": 1,
        "kind": "paid_not_credited",
        "order_id": 1,
        "subject": "order 1",
        "explanation": "Stripe has it paid.",
        "found_at": NOW,
    },
    stripe_cursors: {"stripe_key": "mark", "read_until": NOW, "seen": "[]"},
}
"""One row of each table, in an order that foreign keys allow."""

CODE = {"percent_basis_points": None, "amount_off_cents": 500}
PAID = {"status": "paid", "paid_cents": 2699, "session_id": "cs_1"}
RESOLVED = {"resolved_at": NOW, "resolved_by": "anna", "resolution": "recorded"}

BROKEN: list[tuple[sa.Table, dict[str, Any]]] = [
    (accounts, {"email": None}),
    (accounts, {"created_at": None}),
    (price_changes, {"version": 0}),
    (price_changes, {"mode": "free"}),
    (price_changes, {"rrp_cents": -1}),
    (price_changes, {"launch_cents": 100_000_000}),
    (price_changes, {"sale_cents": None}),
    (price_changes, {"ends_at": NOW}),
    (price_withdrawals, {"version": 2}),
    (price_withdrawals, {"reason": None}),
    (discount_codes, {"code": "save10"}),
    (discount_codes, {"code": " SAVE10"}),
    (discount_codes, {"code": ""}),
    (discount_codes, {"percent_basis_points": 0}),
    (discount_codes, {"percent_basis_points": 10_001}),
    (discount_codes, {"percent_basis_points": None}),
    (discount_codes, {"amount_off_cents": 500}),
    (discount_codes, {**CODE, "amount_off_cents": 0}),
    (discount_codes, {**CODE, "amount_off_cents": 100_000_000}),
    (discount_codes, {"max_uses": 0}),
    (discount_codes, {"held": -1}),
    (discount_codes, {"redeemed": -1}),
    (discount_codes, {"per_account_limit": 0}),
    (discount_codes, {"min_amount_cents": 0}),
    (discount_codes, {"min_amount_cents": 100_000_000}),
    (discount_codes, {"starts_at": NOW, "ends_at": NOW}),
    (discount_codes, {"starts_at": NOW + timedelta(microseconds=1), "ends_at": NOW}),
    (discount_codes, {"first_purchase_only": None}),
    (discount_codes, {"stacks_on_launch": None}),
    (discount_codes, {"note": None}),
    (orders, {"account_id": 2}),
    (orders, {"purpose": "gift"}),
    (orders, {"status": "lost"}),
    (orders, {"price_mode": "free"}),
    (orders, {"total_cents": 2698}),
    (orders, {"discount_cents": -1, "total_cents": 3000}),
    (orders, {"discount_cents": 3000, "total_cents": -1}),
    (orders, {"credit_cents": -1}),
    (orders, {"promotion_cents": -1}),
    (orders, {"status": "open"}),
    (orders, {"status": "expired"}),
    (orders, {**PAID, "session_id": None}),
    (orders, {**PAID, "paid_cents": None}),
    (orders, {**PAID, "paid_cents": -1}),
    (orders, {"paid_cents": 2699}),
    (orders, {"channel": "telephone"}),
    (orders, {"channel": None}),
    (orders, {"refunded_cents": -1}),
    (orders, {"refunded_cents": 1}),
    (orders, {**PAID, "refunded_cents": 2700}),
    (orders, {**PAID, "refunded_cents": None}),
    (balances, {"account_id": 2}),
    (balances, {"last_seq": 0}),
    (balances, {"last_at": None}),
    (seals, {"account_id": 2}),
    (seals, {"first_seq": 0, "row_hashes": bytes(16)}),
    (seals, {"first_seq": 2, "row_hashes": b""}),
    (seals, {"chain_hash": bytes(31)}),
    (seals, {"row_hashes": bytes(16)}),
    (transactions, {"account_id": 2}),
    (transactions, {"order_id": 2}),
    (transactions, {"seq": 0}),
    (transactions, {"kind": "gift"}),
    (transactions, {"amount_cents": 0}),
    (transactions, {"idempotency_key": "k1"}),
    (transactions, {"request_hash": "h1"}),
    (transactions, {"reverses_id": 2}),
    (redemptions, {"code_id": 2}),
    (redemptions, {"order_id": 2}),
    (redemptions, {"account_id": 2}),
    (redemptions, {"status": "lost"}),
    (redemptions, {"discount_cents": -1}),
    (cards, {"account_id": 2}),
    (cards, {"exp_month": 0}),
    (cards, {"exp_month": 13}),
    (refunds, {"order_id": 2}),
    (refunds, {"transaction_id": 2}),
    (refunds, {"amount_cents": 0}),
    (refunds, {"credit_cents": -1}),
    (refunds, {"origin": "bank"}),
    (refunds, {"status": "pending"}),
    (refunds, {"status": "done"}),
    (findings, {"order_id": 2}),
    (findings, {"order_id": None}),
    (findings, {"kind": "suspicion"}),
    *((findings, {**RESOLVED, name: None}) for name in RESOLVED),
]

TWICE: list[tuple[sa.Table, list[dict[str, Any]]]] = [
    (accounts, [{}, {"id": 2}]),
    (
        accounts,
        [{"stripe_customer_id": "cus_1"}, {"id": 2, "email": "ben@example.com", "stripe_customer_id": "cus_1"}],
    ),
    (discount_codes, [{}, {"id": 2}]),
    (orders, [{}, {"id": 2, "idempotency_key": "k2"}]),
    (orders, [{}, {"id": 2, "reference": "r2"}]),
    (
        orders,
        [{"session_id": "cs_1"}, {"id": 2, "reference": "r2", "idempotency_key": "k2", "session_id": "cs_1"}],
    ),
    (redemptions, [{}, {"id": 2}]),
    (transactions, [{}, {"id": 2}]),
    (
        transactions,
        [
            {"idempotency_key": "k1", "request_hash": "h1"},
            {"id": 2, "seq": 2, "idempotency_key": "k1", "request_hash": "h2"},
        ],
    ),
    (
        transactions,
        [{"kind": "purchase", "order_id": 1}, {"id": 2, "seq": 2, "kind": "top_up", "order_id": 1}],
    ),
    (price_withdrawals, [{}, {"actor": "ben"}]),
    (seals, [{}, {"last_seq": 2, "row_hashes": bytes(16)}]),
    (cards, [{}, {"payment_method_id": "pm_2"}]),
    (refunds, [{}, {"id": 2, "idempotency_key": "k2"}]),
    (refunds, [{}, {"id": 2, "reference": "r2"}]),
    (
        refunds,
        [
            {"stripe_refund_id": "re_1"},
            {"id": 2, "reference": "r2", "idempotency_key": "k2", "stripe_refund_id": "re_1"},
        ],
    ),
    (findings, [{}, {"id": 2}]),
    (stripe_cursors, [{}, {"seen": "[1]"}]),
]

KEPT: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "orders": (
        "what an order was quoted never changes",
        (
            "account_id = account_id",
            "purpose = 'top_up'",
            "channel = 'saved_card'",
            "currency = 'eur'",
            "livemode = livemode",
            "price_version = 2",
            "price_mode = 'sale'",
            "base_cents = base_cents",
            "discount_code = 'SAVE10'",
            "discount_cents = discount_cents",
            "total_cents = total_cents",
            "credit_cents = 5",
            "quote = '[]'",
            "reference = 'r2'",
            "idempotency_key = 'k2'",
            "stripe_key = 'mark'",
        ),
    ),
    "refunds": (
        "what a refund asks for never changes",
        (
            "order_id = order_id",
            "amount_cents = 1",
            "credit_cents = 0",
            "reason = 'other'",
            "origin = 'stripe'",
            "reference = 'r2'",
            "idempotency_key = 'k2'",
            "request = '{\"amount\": 1}'",
            "stripe_key = 'mark'",
            "actor = 'ben'",
        ),
    ),
}
"""By table: the sentence of its guard, and changes that the guard refuses."""


def put_all(database: Database) -> None:
    with database.write() as connection:
        for table, row in ROWS.items():
            connection.execute(sa.insert(table).values(**row))


def rows_of(database: Database, table: sa.Table) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(sa.select(table)).all())


def taken(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Whether a table takes a row, which it then forgets."""
    nested = connection.begin_nested()
    try:
        connection.execute(sa.insert(table).values(**row))
    except IntegrityError:
        return False
    else:
        return True
    finally:
        nested.rollback()


def test_each_table_takes_a_row_that_keeps_its_rules(database: Database) -> None:
    put_all(database)
    assert set(ROWS) == set(metadata.tables.values())
    assert [len(rows_of(database, table)) for table in ROWS] == [1] * len(ROWS)


def test_a_row_that_breaks_a_rule_is_refused(database: Database) -> None:
    with database.write() as connection:
        for table in (accounts, discount_codes, orders, price_changes):
            connection.execute(sa.insert(table).values(**ROWS[table]))
        for table, changes in BROKEN:
            fresh = {"id": 9, "reference": "r9", "idempotency_key": "k9", "email": "z@b", "code": "NINE", "order_id": 1}
            good = {**ROWS[table], **{name: value for name, value in fresh.items() if name in ROWS[table]}}
            if table is price_changes:
                good["version"] = 9
            assert taken(connection, table, good), f"{table.name} refused {good}"
            assert not taken(connection, table, {**good, **changes}), f"{table.name} took {changes}"


def test_what_is_unique_is_kept_once(database: Database) -> None:
    with database.write() as connection:
        for table, rows in TWICE:
            nested = connection.begin_nested()
            for needed in ROWS:
                if needed is table:
                    break
                connection.execute(sa.insert(needed).values(**ROWS[needed]))
            connection.execute(sa.insert(table).values(**{**ROWS[table], **rows[0]}))
            assert not taken(connection, table, {**ROWS[table], **rows[1]}), f"{table.name} took {rows[1]} twice"
            nested.rollback()


@pytest.mark.parametrize("value", ["'abc'", "19.99", "9223372036854775808", "'19.99'", "x'00'"])
def test_sqlite_keeps_cents_whole(sqlite_url: str, value: str) -> None:
    database = Database(sqlite_url)
    put_all(database)
    with pytest.raises(DBAPIError, match="cannot store"), database.write() as connection:
        connection.exec_driver_sql(f"UPDATE balances SET balance_cents = {value}")
    assert rows_of(database, balances)[0].balance_cents == 500
    database.close()


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_history_is_only_ever_added_to(database: Database, table: str) -> None:
    put_all(database)
    stored = metadata.tables[table]
    before = rows_of(database, stored)
    changed, value = ("actor", "'ben'") if "actor" in stored.columns else ("sealed_at", "sealed_at")
    statements = [f"UPDATE {table} SET {changed} = {value}", f"DELETE FROM {table}"]
    if database.is_sqlite:
        columns = [column.name for column in stored.columns]
        values = [value if name == changed else name for name in columns]
        replacing = f"INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table}"
        statements += [f"REPLACE {replacing}", f"INSERT OR REPLACE {replacing}"]
    else:
        statements += [f"TRUNCATE {table} CASCADE"]
    for statement in statements:
        with pytest.raises(DBAPIError, match=f"{table} is append-only"), database.write() as connection:
            connection.exec_driver_sql(statement)
    assert rows_of(database, stored) == before


@pytest.mark.parametrize("table", KEPT)
def test_what_was_promised_never_changes(database: Database, table: str) -> None:
    put_all(database)
    stored = metadata.tables[table]
    before = rows_of(database, stored)
    sentence, changes = KEPT[table]
    statements = [*(f"UPDATE {table} SET {change}" for change in changes), f"DELETE FROM {table}"]
    again = f"REPLACE INTO {table} SELECT * FROM {table}" if database.is_sqlite else f"TRUNCATE {table} CASCADE"
    for statement in (*statements, again):
        with pytest.raises(DBAPIError, match=sentence), database.write() as connection:
            connection.exec_driver_sql(statement)
    assert rows_of(database, stored) == before
    with database.write() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET status = 'failed', status_reason = 'refused'")
    assert rows_of(database, stored)[0].status == "failed"


def test_a_request_is_written_once(database: Database) -> None:
    put_all(database)
    with database.write() as connection:
        connection.exec_driver_sql("""UPDATE orders SET request = '{"mode": "payment"}'""")
    with pytest.raises(DBAPIError, match="never changes"), database.write() as connection:
        connection.exec_driver_sql("UPDATE orders SET request = '{}'")


def test_a_finding_may_come_back_once_it_is_resolved(database: Database) -> None:
    put_all(database)
    with database.write() as connection:
        connection.execute(sa.update(findings).values(**RESOLVED))
        connection.execute(sa.insert(findings).values(**{**ROWS[findings], "id": 2}))
    assert [row.resolution for row in rows_of(database, findings)] == ["recorded", None]


def test_an_order_that_waits_or_ended_names_what_it_is_at_stripe(database: Database) -> None:
    put_all(database)
    named: list[dict[str, Any]] = [{"session_id": "cs_9"}, {"payment_intent_id": "pi_9", "channel": "saved_card"}]
    fresh = {**ROWS[orders], "id": 9, "reference": "r9", "idempotency_key": "k9"}
    with database.write() as connection:
        for status in ({"status": "open"}, {"status": "expired"}, {"status": "paid", "paid_cents": 2699}):
            assert not taken(connection, orders, {**fresh, **status})
            for names in named:
                assert taken(connection, orders, {**fresh, **status, **names})


def test_what_others_refer_to_cannot_be_deleted(database: Database) -> None:
    put_all(database)
    for table in (accounts, discount_codes, orders):
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(sa.delete(table))


def test_the_migrations_make_the_tables_that_queries_see(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        inspector = sa.inspect(connection)
        for table in metadata.tables.values():
            migrated = {check["name"] for check in inspector.get_check_constraints(table.name)}
            named = {check.name for check in table.constraints if isinstance(check, sa.CheckConstraint)}
            assert migrated == named


def test_the_migrations_make_the_same_rules_as_the_tables(sqlite_url: str, tmp_path: Path) -> None:
    database, direct = Database(sqlite_url), sa.create_engine(f"sqlite:///{tmp_path / 'direct.db'}")
    metadata.create_all(direct)
    with database.read() as connection, direct.connect() as other:
        for table in metadata.tables:
            first, second = (
                {
                    check["name"]: " ".join(check["sqltext"].split())
                    for check in sa.inspect(bind).get_check_constraints(table)
                }
                for bind in (connection, other)
            )
            assert first == second
            strict = sa.text("SELECT strict FROM pragma_table_list WHERE name = :name")
            assert connection.execute(strict, {"name": table}).scalar_one() == 1
    direct.dispose()
    database.close()


def test_the_program_names_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(services.models.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
