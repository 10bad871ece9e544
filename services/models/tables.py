"""The eight tables as queries see them. The migrations create them; a test holds both against each other."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Identity, Index, MetaData, Table, Text, text

from services.domain.checkout import OrderPurpose, OrderStatus
from services.domain.discount import RedemptionStatus
from services.domain.ledger import TransactionKind
from services.domain.pricing import PriceMode
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
    Column("created_at", UTCDateTime, nullable=False),
    CheckConstraint("version >= 1", name="version"),
)

discount_codes = _table(
    "discount_codes",
    _id(),
    Column("code", PrefixText, nullable=False, unique=True),
    Column("percent_basis_points", Int64),
    Column("amount_off_cents", Int64),
    Column("max_uses", Int64),
    Column("active", Flag, nullable=False),
    Column("held", Int64, nullable=False),
    Column("redeemed", Int64, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    CheckConstraint("code = upper(code) AND code = trim(code) AND code <> ''", name="canonical"),
    CheckConstraint("(percent_basis_points IS NULL) <> (amount_off_cents IS NULL)", name="one_value"),
    CheckConstraint("percent_basis_points BETWEEN 1 AND 10000", name="percent_basis_points"),
    CheckConstraint("amount_off_cents BETWEEN 1 AND 99999999", name="amount_off_cents"),
    CheckConstraint("max_uses >= 1", name="max_uses"),
    CheckConstraint("held >= 0 AND redeemed >= 0", name="uses"),
)

orders = _table(
    "orders",
    _id(),
    Column("account_id", Int64, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    one_of("purpose", OrderPurpose),
    Column("status", Text, nullable=False),
    one_of("status", OrderStatus),
    Column("status_reason", Text),
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
    Column("reference", PrefixText, nullable=False, unique=True),
    Column("idempotency_key", PrefixText, nullable=False, unique=True),
    Column("request", Text, nullable=False),
    Column("session_id", PrefixText, unique=True),
    Column("checkout_url", Text),
    Column("expires_at", UTCDateTime),
    Column("stripe_customer_id", PrefixText, index=True),
    Column("payment_intent_id", PrefixText, index=True),
    Column("paid_cents", Int64),
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
        "status NOT IN ('open', 'paid', 'expired') OR session_id IS NOT NULL OR total_cents = 0",
        name="session",
    ),
    CheckConstraint("(status = 'paid') = (paid_cents IS NOT NULL)", name="paid"),
)
Index(
    "ix_orders_unsettled",
    orders.c.id,
    postgresql_where=text("status IN ('created', 'open')"),
    sqlite_where=text("status IN ('created', 'open')"),
)

balances = _table(
    "balances",
    Column("account_id", Int64, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("balance_cents", Int64, nullable=False),
    Column("last_seq", Int64, nullable=False),
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

redemptions = _table(
    "redemptions",
    _id(),
    Column("code_id", Int64, ForeignKey("discount_codes.id"), nullable=False, index=True),
    Column("order_id", Int64, ForeignKey("orders.id"), nullable=False, unique=True),
    Column("account_id", Int64, ForeignKey("accounts.id"), nullable=False),
    Column("status", Text, nullable=False),
    one_of("status", RedemptionStatus),
    Column("discount_cents", Int64, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("settled_at", UTCDateTime),
    CheckConstraint("discount_cents >= 0", name="discount_cents"),
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

APPEND_ONLY = ("transactions", "price_changes", "audit_log")
"""Tables whose rows the database itself refuses to change or delete."""
