"""Prices that end or are withdrawn, codes with terms of use, and the steps of the quote that an order was made on.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

from services.models.types import Int64, UTCDateTime

revision = "0004"
down_revision = "0003"

ORDER_SNAPSHOT = (
    "account_id, purpose, channel, currency, livemode, price_version, price_mode, base_cents, discount_code, "
    "discount_cents, total_cents, credit_cents, quote, reference, idempotency_key, stripe_key"
)
QUOTE_SENTENCE = "what an order was quoted never changes"
WITHDRAWAL_SENTENCE = "price_withdrawals is append-only"


def upgrade() -> None:
    """Widens prices, codes and orders, and adds the withdrawals of prices."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    moment = "INTEGER" if is_sqlite else "TIMESTAMPTZ"
    op.execute(
        f"ALTER TABLE price_changes ADD COLUMN ends_at {moment} CONSTRAINT ck_price_changes_ends_at "
        "CHECK (ends_at > effective_at)"
    )
    _create_withdrawals()
    _widen_codes(is_sqlite, moment)
    op.drop_index(op.f("ix_redemptions_code_id"), "redemptions")
    op.create_index(op.f("ix_redemptions_code_id_account_id"), "redemptions", ["code_id", "account_id"], unique=False)
    op.execute("ALTER TABLE orders ADD COLUMN quote TEXT")
    if is_sqlite:
        _create_triggers_on_sqlite()
    else:
        _create_triggers_on_postgresql()


def _create_withdrawals() -> None:
    op.create_table(
        "price_withdrawals",
        sa.Column("version", Int64, autoincrement=False, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(["version"], ["price_changes.version"], name=op.f("fk_price_withdrawals_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_price_withdrawals")),
        sqlite_strict=True,
    )


def _widen_codes(is_sqlite: bool, moment: str) -> None:
    whole, flag = ("INTEGER", "INTEGER") if is_sqlite else ("BIGINT", "BOOLEAN")
    no, yes = ("0", "1") if is_sqlite else ("false", "true")
    for column in (
        f"starts_at {moment}",
        f"ends_at {moment} CONSTRAINT ck_discount_codes_ends_at CHECK (ends_at > starts_at)",
        f"min_amount_cents {whole} CONSTRAINT ck_discount_codes_min_amount_cents "
        "CHECK (min_amount_cents BETWEEN 1 AND 99999999)",
        f"per_account_limit {whole} CONSTRAINT ck_discount_codes_per_account_limit CHECK (per_account_limit >= 1)",
        f"first_purchase_only {flag} DEFAULT {no} NOT NULL",
        f"stacks_on_launch {flag} DEFAULT {yes} NOT NULL",
        "note TEXT DEFAULT '' NOT NULL",
    ):
        op.execute(f"ALTER TABLE discount_codes ADD COLUMN {column}")


def _create_triggers_on_sqlite() -> None:
    op.execute("DROP TRIGGER orders_keep_snapshot")
    for name, event, sentence in (
        ("orders_keep_snapshot", f"UPDATE OF {ORDER_SNAPSHOT} ON orders", QUOTE_SENTENCE),
        ("price_withdrawals_refuse_update", "UPDATE ON price_withdrawals", WITHDRAWAL_SENTENCE),
        ("price_withdrawals_refuse_delete", "DELETE ON price_withdrawals", WITHDRAWAL_SENTENCE),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")


def _create_triggers_on_postgresql() -> None:
    op.execute("DROP TRIGGER orders_keep_snapshot ON orders")
    for name, event, sentence in (
        ("orders_keep_snapshot", f"UPDATE OF {ORDER_SNAPSHOT} ON orders", QUOTE_SENTENCE),
        (
            "price_withdrawals_refuse_change",
            "UPDATE OR DELETE OR TRUNCATE ON price_withdrawals",
            WITHDRAWAL_SENTENCE,
        ),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('{sentence}')"
        )
