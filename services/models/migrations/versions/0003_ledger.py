"""When an account's newest entry was made, and seals over its ledger.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

from services.models.types import Int64, UTCDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Widens balances and adds the seals, which nobody changes."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    _widen_balances(is_sqlite)
    _create_seals()
    sentence = "seals is append-only"
    if is_sqlite:
        for action in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER seals_refuse_{action.lower()} BEFORE {action} ON seals "
                f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER seals_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON seals "
            f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('{sentence}')"
        )


def _widen_balances(is_sqlite: bool) -> None:
    # SQLite gives a column that is NOT NULL to rows that are there only with a default: 1970, before any entry
    column = "last_at INTEGER DEFAULT 0 NOT NULL" if is_sqlite else "last_at TIMESTAMPTZ DEFAULT 'epoch' NOT NULL"
    op.execute(f"ALTER TABLE balances ADD COLUMN {column}")
    op.execute(
        "UPDATE balances SET last_at = t.created_at FROM transactions t "
        "WHERE t.account_id = balances.account_id AND t.seq = balances.last_seq"
    )


def _create_seals() -> None:
    op.create_table(
        "seals",
        sa.Column("account_id", Int64, autoincrement=False, nullable=False),
        sa.Column("first_seq", Int64, autoincrement=False, nullable=False),
        sa.Column("last_seq", Int64, nullable=False),
        sa.Column("chain_hash", sa.LargeBinary, nullable=False),
        sa.Column("row_hashes", sa.LargeBinary, nullable=False),
        sa.Column("sealed_at", UTCDateTime, nullable=False),
        sa.CheckConstraint("first_seq >= 1 AND last_seq >= first_seq", name=op.f("ck_seals_block")),
        sa.CheckConstraint("length(chain_hash) = 32", name=op.f("ck_seals_chain_hash")),
        sa.CheckConstraint("length(row_hashes) = 8 * (last_seq - first_seq + 1)", name=op.f("ck_seals_row_hashes")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_seals_account_id")),
        sa.PrimaryKeyConstraint("account_id", "first_seq", name=op.f("pk_seals")),
        sqlite_strict=True,
    )
