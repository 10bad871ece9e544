"""The eight tables, and the triggers that keep history from being changed.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

from services.models.types import Flag, Int64, PrefixText, UTCDateTime

revision = "0001"
down_revision = None

APPEND_ONLY = ("transactions", "price_changes", "audit_log")
SNAPSHOT = (
    "account_id, purpose, currency, livemode, price_version, price_mode, base_cents, discount_code, "
    "discount_cents, total_cents, credit_cents, reference, idempotency_key"
)


def upgrade() -> None:
    """Creates everything in an empty database."""
    _create_tables()
    if op.get_bind().dialect.name == "sqlite":
        _create_triggers_on_sqlite()
    else:
        _create_triggers_on_postgresql()


def _create_triggers_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    for name, event in (
        ("snapshot", f"UPDATE OF {SNAPSHOT} ON orders"),
        ("request", "UPDATE OF request ON orders WHEN OLD.request <> '{}'"),
        ("existence", "DELETE ON orders"),
    ):
        op.execute(
            f"CREATE TRIGGER orders_keep_{name} BEFORE {event} "
            "BEGIN SELECT RAISE(ABORT, 'what an order was quoted never changes'); END"
        )


def _create_triggers_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('{table} is append-only')"
        )
    for name, event, each in (
        ("snapshot", f"UPDATE OF {SNAPSHOT}", "STATEMENT"),
        ("request", "UPDATE OF request", "ROW WHEN (OLD.request <> '{}')"),
        ("existence", "DELETE OR TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER orders_keep_{name} BEFORE {event} ON orders FOR EACH {each} "
            "EXECUTE FUNCTION refuse_change('what an order was quoted never changes')"
        )


def _create_tables() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", Int64, sa.Identity(always=False), nullable=False),
        sa.Column("email", PrefixText, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("stripe_customer_id", PrefixText, nullable=True),
        sa.Column("stripe_livemode", Flag, nullable=True),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email", name=op.f("uq_accounts_email")),
        sa.UniqueConstraint("stripe_customer_id", name=op.f("uq_accounts_stripe_customer_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "audit_log",
        sa.Column("id", Int64, sa.Identity(always=False), nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("object_type", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=True),
        sa.Column("after", sa.Text, nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_log_object", "audit_log", ["object_type", "object_id"], unique=False)
    op.create_table(
        "discount_codes",
        sa.Column("id", Int64, sa.Identity(always=False), nullable=False),
        sa.Column("code", PrefixText, nullable=False),
        sa.Column("percent_basis_points", Int64, nullable=True),
        sa.Column("amount_off_cents", Int64, nullable=True),
        sa.Column("max_uses", Int64, nullable=True),
        sa.Column("active", Flag, nullable=False),
        sa.Column("held", Int64, nullable=False),
        sa.Column("redeemed", Int64, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.CheckConstraint(
            "code = upper(code) AND code = trim(code) AND code <> ''",
            name=op.f("ck_discount_codes_canonical"),
        ),
        sa.CheckConstraint(
            "(percent_basis_points IS NULL) <> (amount_off_cents IS NULL)",
            name=op.f("ck_discount_codes_one_value"),
        ),
        sa.CheckConstraint("amount_off_cents BETWEEN 1 AND 99999999", name=op.f("ck_discount_codes_amount_off_cents")),
        sa.CheckConstraint("held >= 0 AND redeemed >= 0", name=op.f("ck_discount_codes_uses")),
        sa.CheckConstraint("max_uses >= 1", name=op.f("ck_discount_codes_max_uses")),
        sa.CheckConstraint(
            "percent_basis_points BETWEEN 1 AND 10000", name=op.f("ck_discount_codes_percent_basis_points")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_discount_codes_code")),
        sqlite_strict=True,
    )
    op.create_table(
        "price_changes",
        sa.Column("version", Int64, autoincrement=False, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("rrp_cents", Int64, nullable=False),
        sa.Column("launch_cents", Int64, nullable=False),
        sa.Column("sale_cents", Int64, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("effective_at", UTCDateTime, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.CheckConstraint("mode IN ('rrp', 'launch', 'sale')", name=op.f("ck_price_changes_mode")),
        sa.CheckConstraint("launch_cents BETWEEN 0 AND 99999999", name=op.f("ck_price_changes_launch_cents")),
        sa.CheckConstraint("rrp_cents BETWEEN 0 AND 99999999", name=op.f("ck_price_changes_rrp_cents")),
        sa.CheckConstraint("sale_cents BETWEEN 0 AND 99999999", name=op.f("ck_price_changes_sale_cents")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_price_changes_version")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_price_changes")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_price_changes_effective_at"), "price_changes", ["effective_at"], unique=False)
    op.create_table(
        "balances",
        sa.Column("account_id", Int64, autoincrement=False, nullable=False),
        sa.Column("balance_cents", Int64, nullable=False),
        sa.Column("last_seq", Int64, nullable=False),
        sa.CheckConstraint("last_seq >= 1", name=op.f("ck_balances_last_seq")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_balances_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_balances")),
        sqlite_strict=True,
    )
    op.create_table(
        "orders",
        sa.Column("id", Int64, sa.Identity(always=False), nullable=False),
        sa.Column("account_id", Int64, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_reason", sa.Text, nullable=True),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("livemode", Flag, nullable=False),
        sa.Column("price_version", Int64, nullable=True),
        sa.Column("price_mode", sa.Text, nullable=True),
        sa.Column("base_cents", Int64, nullable=False),
        sa.Column("discount_code", sa.Text, nullable=True),
        sa.Column("discount_cents", Int64, nullable=False),
        sa.Column("total_cents", Int64, nullable=False),
        sa.Column("credit_cents", Int64),
        sa.Column("reference", PrefixText, nullable=False),
        sa.Column("idempotency_key", PrefixText, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("session_id", PrefixText, nullable=True),
        sa.Column("checkout_url", sa.Text, nullable=True),
        sa.Column("expires_at", UTCDateTime, nullable=True),
        sa.Column("stripe_customer_id", PrefixText, nullable=True),
        sa.Column("payment_intent_id", PrefixText, nullable=True),
        sa.Column("paid_cents", Int64, nullable=True),
        sa.Column("promotion_cents", Int64, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("settled_at", UTCDateTime, nullable=True),
        sa.CheckConstraint("(status = 'paid') = (paid_cents IS NOT NULL)", name=op.f("ck_orders_paid")),
        sa.CheckConstraint("price_mode IN ('rrp', 'launch', 'sale')", name=op.f("ck_orders_price_mode")),
        sa.CheckConstraint("purpose IN ('initial_access', 'top_up')", name=op.f("ck_orders_purpose")),
        sa.CheckConstraint(
            "status IN ('created', 'open', 'paid', 'expired', 'failed', 'needs_review')",
            name=op.f("ck_orders_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('open', 'paid', 'expired') OR session_id IS NOT NULL OR total_cents = 0",
            name=op.f("ck_orders_session"),
        ),
        sa.CheckConstraint(
            "base_cents >= 0 AND discount_cents >= 0 AND total_cents = base_cents - discount_cents "
            "AND total_cents >= 0",
            name=op.f("ck_orders_total"),
        ),
        sa.CheckConstraint(
            "credit_cents >= 0 AND promotion_cents >= 0 AND paid_cents >= 0", name=op.f("ck_orders_amounts")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_orders_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_orders_idempotency_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_orders_reference")),
        sa.UniqueConstraint("session_id", name=op.f("uq_orders_session_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_orders_account_id"), "orders", ["account_id"], unique=False)
    op.create_index(op.f("ix_orders_payment_intent_id"), "orders", ["payment_intent_id"], unique=False)
    op.create_index(op.f("ix_orders_stripe_customer_id"), "orders", ["stripe_customer_id"], unique=False)
    op.create_index(
        "ix_orders_unsettled",
        "orders",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status IN ('created', 'open')"),
        sqlite_where=sa.text("status IN ('created', 'open')"),
    )
    op.create_table(
        "redemptions",
        sa.Column("id", Int64, sa.Identity(always=False), nullable=False),
        sa.Column("code_id", Int64, nullable=False),
        sa.Column("order_id", Int64, nullable=False),
        sa.Column("account_id", Int64, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("discount_cents", Int64, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("settled_at", UTCDateTime, nullable=True),
        sa.CheckConstraint("status IN ('held', 'redeemed', 'released')", name=op.f("ck_redemptions_status")),
        sa.CheckConstraint("discount_cents >= 0", name=op.f("ck_redemptions_discount_cents")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_redemptions_account_id")),
        sa.ForeignKeyConstraint(["code_id"], ["discount_codes.id"], name=op.f("fk_redemptions_code_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_redemptions_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemptions")),
        sa.UniqueConstraint("order_id", name=op.f("uq_redemptions_order_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_redemptions_code_id"), "redemptions", ["code_id"], unique=False)
    op.create_table(
        "transactions",
        sa.Column("id", Int64, sa.Identity(always=False), nullable=False),
        sa.Column("account_id", Int64, nullable=False),
        sa.Column("seq", Int64, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount_cents", Int64, nullable=False),
        sa.Column("balance_after_cents", Int64, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("order_id", Int64, nullable=True),
        sa.Column("idempotency_key", PrefixText, nullable=True),
        sa.Column("request_hash", sa.Text, nullable=True),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.CheckConstraint(
            "kind IN ('purchase', 'top_up', 'usage', 'adjustment', 'refund', 'reversal')",
            name=op.f("ck_transactions_kind"),
        ),
        sa.CheckConstraint(
            "(idempotency_key IS NULL) = (request_hash IS NULL)", name=op.f("ck_transactions_request_hash")
        ),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_transactions_amount_cents")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_transactions_seq")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_transactions_account_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_transactions_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_transactions_order_id",
        "transactions",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("order_id IS NOT NULL"),
        sqlite_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_index("uq_transactions_account_id_seq", "transactions", ["account_id", "seq"], unique=True)
    op.create_index(
        "uq_transactions_idempotency_key",
        "transactions",
        ["idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
        sqlite_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index(
        "uq_transactions_order_credit",
        "transactions",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("order_id IS NOT NULL AND kind IN ('purchase', 'top_up')"),
        sqlite_where=sa.text("order_id IS NOT NULL AND kind IN ('purchase', 'top_up')"),
    )
