"""A page of a ledger: its query, and its rows as the driver gives them. Without SQLAlchemy.

So a command that shows one page can read it from an SQLite file without waiting for that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from services.domain.ledger import Transaction, TransactionKind
from services.models.moments import moment_of
from services.stores.scripts import Script

ENTRY_NAMES = [field.name for field in fields(Transaction)]
"""The columns that `entries_of` takes, in their order."""

PAGE_OF = (
    f"SELECT {', '.join(ENTRY_NAMES)} FROM transactions "  # noqa: S608 - our own names
    "WHERE account_id = :account_id AND seq BETWEEN :first_seq AND :last_seq ORDER BY seq DESC"
)
"""The entries of an account from one number to another, newest first."""

PAGE = Script.of(sqlite=(PAGE_OF,), postgresql=PAGE_OF)
"""The same as a script."""

KINDS = {kind.value: kind for kind in TransactionKind}
"""The kinds by what is stored of them: a look-up is made faster than an enum's own."""


def entries_of(rows: Iterable[Sequence[Any]], dialect_name: str) -> list[Transaction]:
    """The entries of rows as the driver gives them, which are `ENTRY_NAMES` and nothing else."""
    read_moment = moment_of if dialect_name == "sqlite" else _moment_in_utc
    entries = []
    for (
        entry_id,
        account_id,
        seq,
        kind,
        amount_cents,
        balance_after_cents,
        description,
        order_id,
        idempotency_key,
        actor,
        created_at,
        reverses_id,
    ) in rows:
        # A frozen dataclass is made by setting its fields one by one, past its own refusal. For a page that takes as
        # long as the query; to fill its dictionary at once takes half as long, and gives the same value.
        entry = object.__new__(Transaction)
        entry.__dict__.update(
            id=entry_id,
            account_id=account_id,
            seq=seq,
            kind=KINDS[kind],
            amount_cents=amount_cents,
            balance_after_cents=balance_after_cents,
            description=description,
            order_id=order_id,
            idempotency_key=idempotency_key,
            actor=actor,
            created_at=read_moment(created_at),
            reverses_id=reverses_id,
        )
        entries.append(entry)
    return entries


def _moment_in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
