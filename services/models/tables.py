"""The tables as queries see them. The migrations create them; a test holds both against each other."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
    true,
)

from services.domain.checkout import Channel, OrderPurpose, OrderStatus
from services.domain.discount import RedemptionStatus
from services.domain.finding import FindingKind
from services.domain.ledger import TransactionKind
from services.domain.pricing import PriceMode
from services.domain.refund import RefundOrigin, RefundStatus
from services.models.types import Flag, Int64, PrefixText, UTCDateTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A CHECK that `column` holds one of `values`."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def _table(name: str, *items: Column[Any] | CheckConstraint | Index) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True)


def _id() -> Column[int]:
    return Column("id", Int64, Identity(), primary_key=True)


def _price(name: str) -> tuple[Column[int], CheckConstraint]:
    return Column(name, Int64, nullable=False), CheckConstraint(f"{name} BETWEEN 0 AND 99999999", name=name)


accounts = _table(
    "accounts",
    _id(),
    Column("email", PrefixText, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("stripe_customer_id", PrefixText, unique=True),
    Column("stripe_livemode", Flag),
    Column("created_at", UTCDateTime, nullable=False),
)

price_changes = _table(
    "price_changes",
    Column("version", Int64, primary_key=True, autoincrement=False),
    Column("mode", Text, nullable=False),
    one_of("mode", PriceMode),
    *_price("rrp_cents"),
    *_price("launch_cents"),
    *_price("sale_cents"),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("effective_at", UTCDateTime, nullable=False, index=True),
    Column("ends_at", UTCDateTime),
    Column("created_at", UTCDateTime, nullable=False),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("ends_at > effective_at", name="ends_at"),
)

price_withdrawals = _table(
    "price_withdrawals",
    Column("version", Int64, ForeignKey("price_changes.version"), primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
)

discount_codes = _table(
    "discount_codes",
    _id(),
    Column("code", PrefixText, nullable=False, unique=True),
    Column("percent_basis_points", Int64),
    Column("amount_off_cents", Int64),
    Column("max_uses", Int64),
    Column("per_account_limit", Int64),
    Column("starts_at", UTCDateTime),
    Column("ends_at", UTCDateTime),
    Column("min_amount_cents", Int64),
    Column("first_purchase_only", Flag, nullable=False, server_default=false()),
    Column("stacks_on_launch", Flag, nullable=False, server_default=true()),
    Column("note", Text, nullable=False, server_default=""),
    Column("active", Flag, nullable=False),
    Column("held", Int64, nullable=False),
    Column("redeemed", Int64, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    CheckConstraint("code = upper(code) AND code = trim(code) AND code <> ''", name="canonical"),
    CheckConstraint("(percent_basis_points IS NULL) <> (amount_off_cents IS NULL)", name="one_value"),
    CheckConstraint("percent_basis_points BETWEEN 1 AND 10000", name="percent_basis_points"),
    CheckConstraint("amount_off_cents BETWEEN 1 AND 99999999", name="amount_off_cents"),
    CheckConstraint("max_uses >= 1", name="max_uses"),
    CheckConstraint("per_account_limit >= 1", name="per_account_limit"),
    CheckConstraint("ends_at > starts_at", name="ends_at"),
    CheckConstraint("min_amount_cents BETWEEN 1 AND 99999999", name="min_amount_cents"),
    CheckConstraint("held >= 0 AND redeemed >= 0", name="uses"),
)

orders = _table(
    "orders",
    _id(),
    Column("account_id", Int64, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    one_of("purpose", OrderPurpose),
    Column("channel", Text, nullable=False, server_default=Channel.CHECKOUT.value),
    one_of("channel", Channel),
    Column("status", Text, nullable=False),
    one_of("status", OrderStatus),
    Column("status_reason", Text),
    Column("decline_code", Text),
    Column("currency", Text, nullable=False),
    Column("livemode", Flag, nullable=False),
    Column("price_version", Int64),
    Column("price_mode", Text),
    one_of("price_mode", PriceMode),
    Column("base_cents", Int64, nullable=False),
    Column("discount_code", Text),
    Column("discount_cents", Int64, nullable=False),
    Column("total_cents", Int64, nullable=False),
    Column("credit_cents", Int64),
    Column("quote", Text),
    Column("reference", PrefixText, nullable=False, unique=True),
    Column("idempotency_key", PrefixText, nullable=False, unique=True),
    Column("request", Text, nullable=False),
    Column("stripe_key", Text),
    Column("session_id", PrefixText, unique=True),
    Column("checkout_url", Text),
    Column("expires_at", UTCDateTime),
    Column("stripe_customer_id", PrefixText, index=True),
    Column("payment_intent_id", PrefixText, index=True),
    Column("paid_cents", Int64),
    Column("refunded_cents", Int64, nullable=False, server_default="0"),
    Column("promotion_cents", Int64, nullable=False),
    Column("actor", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("settled_at", UTCDateTime),
    CheckConstraint(
        "base_cents >= 0 AND discount_cents >= 0 AND total_cents = base_cents - discount_cents AND total_cents >= 0",
        name="total",
    ),
    CheckConstraint("credit_cents >= 0 AND promotion_cents >= 0 AND paid_cents >= 0", name="amounts"),
    CheckConstraint(
        "status NOT IN ('open', 'paid', 'expired') OR session_id IS NOT NULL OR payment_intent_id IS NOT NULL "
        "OR total_cents = 0",
        name="session",
    ),
    CheckConstraint("(status = 'paid') = (paid_cents IS NOT NULL)", name="paid"),
    CheckConstraint("refunded_cents BETWEEN 0 AND COALESCE(paid_cents, 0)", name="refunded"),
)
Index(
    "ix_orders_unsettled",
    orders.c.id,
    postgresql_where=text("status IN ('created', 'open', 'needs_review')"),
    sqlite_where=text("status IN ('created', 'open', 'needs_review')"),
)

balances = _table(
    "balances",
    Column("account_id", Int64, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("balance_cents", Int64, nullable=False),
    Column("last_seq", Int64, nullable=False),
    Column("last_at", UTCDateTime, nullable=False),
    CheckConstraint("last_seq >= 1", name="last_seq"),
)

transactions = _table(
    "transactions",
    _id(),
    Column("account_id", Int64, ForeignKey("accounts.id"), nullable=False),
    Column("seq", Int64, nullable=False),
    Column("kind", Text, nullable=False),
    one_of("kind", TransactionKind),
    Column("amount_cents", Int64, nullable=False),
    Column("balance_after_cents", Int64, nullable=False),
    Column("description", Text, nullable=False),
    Column("order_id", Int64, ForeignKey("orders.id")),
    Column("idempotency_key", PrefixText),
    Column("request_hash", Text),
    Column("actor", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("reverses_id", Int64, ForeignKey("transactions.id")),
    CheckConstraint("seq >= 1", name="seq"),
    CheckConstraint("amount_cents <> 0", name="amount_cents"),
    CheckConstraint("(idempotency_key IS NULL) = (request_hash IS NULL)", name="request_hash"),
)
Index("uq_transactions_account_id_seq", transactions.c.account_id, transactions.c.seq, unique=True)
_KEYED = text("idempotency_key IS NOT NULL")
Index(
    "uq_transactions_idempotency_key",
    transactions.c.idempotency_key,
    unique=True,
    postgresql_where=_KEYED,
    sqlite_where=_KEYED,
)
_CREDITS = text("order_id IS NOT NULL AND kind IN ('purchase', 'top_up')")
Index(
    "uq_transactions_order_credit",
    transactions.c.order_id,
    unique=True,
    postgresql_where=_CREDITS,
    sqlite_where=_CREDITS,
)
_ORDERED = text("order_id IS NOT NULL")
Index("ix_transactions_order_id", transactions.c.order_id, postgresql_where=_ORDERED, sqlite_where=_ORDERED)

_REVERSING = text("reverses_id IS NOT NULL")
Index(
    "uq_transactions_reverses_id",
    transactions.c.reverses_id,
    unique=True,
    postgresql_where=_REVERSING,
    sqlite_where=_REVERSING,
)

seals = _table(
    "seals",
    Column("account_id", Int64, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("first_seq", Int64, primary_key=True, autoincrement=False),
    Column("last_seq", Int64, nullable=False),
    Column("chain_hash", LargeBinary, nullable=False),
    Column("row_hashes", LargeBinary, nullable=False),
    Column("sealed_at", UTCDateTime, nullable=False),
    CheckConstraint("first_seq >= 1 AND last_seq >= first_seq", name="block"),
    CheckConstraint("length(chain_hash) = 32", name="chain_hash"),
    CheckConstraint("length(row_hashes) = 8 * (last_seq - first_seq + 1)", name="row_hashes"),
)

redemptions = _table(
    "redemptions",
    _id(),
    Column("code_id", Int64, ForeignKey("discount_codes.id"), nullable=False),
    Column("order_id", Int64, ForeignKey("orders.id"), nullable=False, unique=True),
    Column("account_id", Int64, ForeignKey("accounts.id"), nullable=False),
    Column("status", Text, nullable=False),
    one_of("status", RedemptionStatus),
    Column("discount_cents", Int64, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("settled_at", UTCDateTime),
    CheckConstraint("discount_cents >= 0", name="discount_cents"),
    Index(None, "code_id", "account_id"),
)

cards = _table(
    "cards",
    Column("account_id", Int64, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("payment_method_id", PrefixText, nullable=False),
    Column("stripe_customer_id", PrefixText, nullable=False),
    Column("livemode", Flag, nullable=False),
    Column("brand", Text, nullable=False),
    Column("last4", Text, nullable=False),
    Column("exp_month", Int64, nullable=False),
    Column("exp_year", Int64, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    CheckConstraint("exp_month BETWEEN 1 AND 12", name="exp_month"),
)

refunds = _table(
    "refunds",
    _id(),
    Column("order_id", Int64, ForeignKey("orders.id"), nullable=False, index=True),
    Column("amount_cents", Int64, nullable=False),
    Column("credit_cents", Int64, nullable=False),
    Column("reason", Text, nullable=False),
    Column("origin", Text, nullable=False),
    one_of("origin", RefundOrigin),
    Column("status", Text, nullable=False),
    one_of("status", RefundStatus),
    Column("status_reason", Text),
    Column("reference", PrefixText, nullable=False, unique=True),
    Column("idempotency_key", PrefixText, nullable=False, unique=True),
    Column("request", Text, nullable=False),
    Column("stripe_key", Text),
    Column("stripe_refund_id", PrefixText, unique=True),
    Column("transaction_id", Int64, ForeignKey("transactions.id")),
    Column("actor", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("settled_at", UTCDateTime),
    CheckConstraint("amount_cents >= 1 AND credit_cents >= 0", name="amounts"),
    CheckConstraint("status <> 'done' OR stripe_refund_id IS NOT NULL", name="done"),
)

findings = _table(
    "findings",
    _id(),
    Column("kind", Text, nullable=False),
    one_of("kind", FindingKind),
    Column("order_id", Int64, ForeignKey("orders.id"), nullable=False),
    Column("subject", PrefixText, nullable=False),
    Column("amount_cents", Int64),
    Column("explanation", Text, nullable=False),
    Column("found_at", UTCDateTime, nullable=False),
    Column("resolved_at", UTCDateTime),
    Column("resolved_by", Text),
    Column("resolution", Text),
    CheckConstraint(
        "(resolved_at IS NULL) = (resolution IS NULL) AND (resolved_at IS NULL) = (resolved_by IS NULL)",
        name="resolved",
    ),
)
_UNRESOLVED = text("resolved_at IS NULL")
Index(
    "uq_findings_open",
    findings.c.kind,
    findings.c.subject,
    unique=True,
    postgresql_where=_UNRESOLVED,
    sqlite_where=_UNRESOLVED,
)

stripe_cursors = _table(
    "stripe_cursors",
    Column("stripe_key", Text, primary_key=True),
    Column("read_until", UTCDateTime, nullable=False),
    Column("seen", Text, nullable=False),
)

audit_log = _table(
    "audit_log",
    _id(),
    Column("created_at", UTCDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("reason", Text, nullable=False),
)
Index("ix_audit_log_object", audit_log.c.object_type, audit_log.c.object_id)

APPEND_ONLY = ("transactions", "price_changes", "price_withdrawals", "audit_log", "seals")
"""Tables whose rows the database itself refuses to change or delete."""
