"""Entries of the ledger, from the columns of their rows to their values."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.engine import Dialect, Row

from services.domain.ledger import Transaction, TransactionKind
from services.models.tables import transactions
from services.models.types import EPOCH

ENTRY_NAMES = [field.name for field in fields(Transaction)]
"""The columns that `entries_of` takes, in their order."""

ENTRY_COLUMNS = [transactions.c[name] for name in ENTRY_NAMES]
"""What a query selects for `entry_of`, before anything else."""

_KINDS = {kind.value: kind for kind in TransactionKind}


def entry_of(row: Row[*tuple[Any, ...]]) -> Transaction:
    """The entry of a row that begins with `ENTRY_COLUMNS`."""
    # by place, not by name: a page of a ledger is made of these, and names would take four times as long
    entry_id, account_id, seq, kind, *rest = row[: len(ENTRY_COLUMNS)]
    return Transaction(entry_id, account_id, seq, _KINDS[kind], *rest)


def entries_of(rows: Iterable[Sequence[Any]], dialect: Dialect) -> list[Transaction]:
    """The entries of rows as the driver gives them, which are `ENTRY_NAMES` and nothing else."""
    moment_of = _moment_of_micros if dialect.name == "sqlite" else _moment_in_utc
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
            kind=_KINDS[kind],
            amount_cents=amount_cents,
            balance_after_cents=balance_after_cents,
            description=description,
            order_id=order_id,
            idempotency_key=idempotency_key,
            actor=actor,
            created_at=moment_of(created_at),
            reverses_id=reverses_id,
        )
        entries.append(entry)
    return entries


def _moment_of_micros(micros: int) -> datetime:
    return EPOCH + timedelta(0, 0, micros)


def _moment_in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
