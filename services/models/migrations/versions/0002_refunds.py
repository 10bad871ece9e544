"""Refunds, reversals, saved cards and their charges, and what a reconciliation finds.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

from services.models.types import Flag, Int64, PrefixText, UTCDateTime

revision = "0002"
down_revision = "0001"

SESSION = "status NOT IN ('open', 'paid', 'expired') OR session_id IS NOT NULL OR {}total_cents = 0"
ORDER_SNAPSHOT = (
    "account_id, purpose, channel, currency, livemode, price_version, price_mode, base_cents, discount_code, "
    "discount_cents, total_cents, credit_cents, reference, idempotency_key, stripe_key"
)
REFUND_SNAPSHOT = (
    "order_id, amount_cents, credit_cents, reason, origin, reference, idempotency_key, request, stripe_key, actor"
)


def upgrade() -> None:
    """Widens what is there and adds the new tables."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    _widen_orders(is_sqlite)
    _widen_transactions()
    _create_tables()
    if is_sqlite:
        _create_triggers_on_sqlite()
    else:
        _create_triggers_on_postgresql()


def _widen_orders(is_sqlite: bool) -> None:
    for column in (
        "channel TEXT DEFAULT 'checkout' NOT NULL CONSTRAINT ck_orders_channel "
        "CHECK (channel IN ('checkout', 'saved_card'))",
        "stripe_key TEXT",
        "decline_code TEXT",
        f"refunded_cents {'INTEGER' if is_sqlite else 'BIGINT'} DEFAULT 0 NOT NULL CONSTRAINT ck_orders_refunded "
        "CHECK (refunded_cents BETWEEN 0 AND COALESCE(paid_cents, 0))",
    ):
        op.execute(f"ALTER TABLE orders ADD COLUMN {column}")
    if is_sqlite:
        _replace_check_on_sqlite(SESSION.format(""), SESSION.format("payment_intent_id IS NOT NULL OR "))
    else:
        op.drop_constraint(op.f("ck_orders_session"), "orders")
        op.create_check_constraint(
            op.f("ck_orders_session"), "orders", SESSION.format("payment_intent_id IS NOT NULL OR ")
        )
    op.drop_index("ix_orders_unsettled", "orders")
    op.create_index(
        "ix_orders_unsettled",
        "orders",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status IN ('created', 'open', 'needs_review')"),
        sqlite_where=sa.text("status IN ('created', 'open', 'needs_review')"),
    )


def _replace_check_on_sqlite(old: str, new: str) -> None:
    """Rewrites a CHECK of `orders` in the stored schema, which changes no row: a rebuilt table would need foreign keys
    to be off, and that cannot be done within a transaction. Source: https://www.sqlite.org/lang_altertable.html (7)
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'orders'"),
        {"old": old, "new": new},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")


def _widen_transactions() -> None:
    int64 = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE transactions ADD COLUMN reverses_id {int64} "
        "CONSTRAINT fk_transactions_reverses_id REFERENCES transactions (id)"
    )
    op.create_index(
        "uq_transactions_reverses_id",
        "transactions",
        ["reverses_id"],
        unique=True,
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
        sqlite_where=sa.text("reverses_id IS NOT NULL"),
    )


def _create_tables() -> None:
    op.create_table(
        "cards",
        sa.Column("account_id", Int64, autoincrement=False, nullable=False),
        sa.Column("payment_method_id", PrefixText, nullable=False),
        sa.Column("stripe_customer_id", PrefixText, nullable=False),
        sa.Column("livemode", Flag, nullable=False),
        sa.Column("brand", sa.Text, nullable=False),
        sa.Column("last4", sa.Text, nullable=False),
        sa.Column("exp_month", Int64, nullable=False),
        sa.Column("exp_year", Int64, nullable=False),
        sa.Column("updated_at", UTCDateTime, nullable=False),
        sa.CheckConstraint("exp_month BETWEEN 1 AND 12", name=op.f("ck_cards_exp_month")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_cards_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_cards")),
        sqlite_strict=True,
    )
    op.create_table(
        "refunds",
        sa.Column("id", Int64, sa.Identity(always=False), nullable=False),
        sa.Column("order_id", Int64, nullable=False),
        sa.Column("amount_cents", Int64, nullable=False),
        sa.Column("credit_cents", Int64, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_reason", sa.Text, nullable=True),
        sa.Column("reference", PrefixText, nullable=False),
        sa.Column("idempotency_key", PrefixText, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("stripe_key", sa.Text, nullable=True),
        sa.Column("stripe_refund_id", PrefixText, nullable=True),
        sa.Column("transaction_id", Int64, nullable=True),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("settled_at", UTCDateTime, nullable=True),
        sa.CheckConstraint("origin IN ('desk', 'stripe')", name=op.f("ck_refunds_origin")),
        sa.CheckConstraint("status IN ('created', 'done', 'failed')", name=op.f("ck_refunds_status")),
        sa.CheckConstraint("amount_cents >= 1 AND credit_cents >= 0", name=op.f("ck_refunds_amounts")),
        sa.CheckConstraint("status <> 'done' OR stripe_refund_id IS NOT NULL", name=op.f("ck_refunds_done")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id")),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name=op.f("fk_refunds_transaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_refunds_idempotency_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_refunds_reference")),
        sa.UniqueConstraint("stripe_refund_id", name=op.f("uq_refunds_stripe_refund_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_refunds_order_id"), "refunds", ["order_id"], unique=False)
    op.create_table(
        "findings",
        sa.Column("id", Int64, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("order_id", Int64, nullable=False),
        sa.Column("subject", PrefixText, nullable=False),
        sa.Column("amount_cents", Int64, nullable=True),
        sa.Column("explanation", sa.Text, nullable=False),
        sa.Column("found_at", UTCDateTime, nullable=False),
        sa.Column("resolved_at", UTCDateTime, nullable=True),
        sa.Column("resolved_by", sa.Text, nullable=True),
        sa.Column("resolution", sa.Text, nullable=True),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolution IS NULL) AND (resolved_at IS NULL) = (resolved_by IS NULL)",
            name=op.f("ck_findings_resolved"),
        ),
        sa.CheckConstraint(
            "kind IN ('paid_not_credited', 'credited_not_paid', 'differs', 'refunded_at_stripe', 'refund_failed', "
            "'code_still_held', 'unfinished', 'unreachable')",
            name=op.f("ck_findings_kind"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_findings_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_findings_open",
        "findings",
        ["kind", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
        sqlite_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "stripe_cursors",
        sa.Column("stripe_key", sa.Text, nullable=False),
        sa.Column("read_until", UTCDateTime, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("stripe_key", name=op.f("pk_stripe_cursors")),
        sqlite_strict=True,
    )


def _create_triggers_on_sqlite() -> None:
    op.execute("DROP TRIGGER orders_keep_snapshot")
    for name, event, sentence in (
        (
            "orders_keep_snapshot",
            f"UPDATE OF {ORDER_SNAPSHOT} ON orders",
            "what an order was quoted never changes",
        ),
        ("refunds_keep_request", f"UPDATE OF {REFUND_SNAPSHOT} ON refunds", "what a refund asks for never changes"),
        ("refunds_keep_existence", "DELETE ON refunds", "what a refund asks for never changes"),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")


def _create_triggers_on_postgresql() -> None:
    op.execute("DROP TRIGGER orders_keep_snapshot ON orders")
    for name, event, sentence in (
        (
            "orders_keep_snapshot",
            f"UPDATE OF {ORDER_SNAPSHOT} ON orders",
            "what an order was quoted never changes",
        ),
        ("refunds_keep_request", f"UPDATE OF {REFUND_SNAPSHOT} ON refunds", "what a refund asks for never changes"),
        ("refunds_keep_existence", "DELETE OR TRUNCATE ON refunds", "what a refund asks for never changes"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('{sentence}')"
        )
