"""Many postings in one transaction: a statement for each account, and one for all entries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from services.domain.ledger import PostedRow, Posting
from services.errors import IdempotencyConflict, InvalidInput, NotFound, PaydeskError, TryAgain
from services.models.tables import accounts, balances, transactions
from services.models.types import UTCDateTime
from services.stores.dialects import for_driver
from services.stores.postings import MOVE

Outcome = PostedRow | PaydeskError
"""What became of one posting of a batch: its entry, or why there is none."""

_MOVE = f"{MOVE} RETURNING balance_cents, last_seq, last_at"
_RECORD = (
    "INSERT INTO transactions (account_id, seq, kind, amount_cents, balance_after_cents, description, "
    "idempotency_key, request_hash, actor, created_at) "
    "VALUES (:account_id, :seq, :kind, :amount_cents, :balance_after_cents, :description, "
    ":idempotency_key, :request_hash, :actor, :created_at)"
)
_FIRST = sa.select(
    transactions.c.idempotency_key,
    transactions.c.request_hash,
    transactions.c.account_id,
    transactions.c.seq,
    transactions.c.balance_after_cents,
    transactions.c.created_at,
)
_MOMENT = UTCDateTime()


class BatchStore:
    """Posts batches, on a connection that the caller commits."""

    def known(self, connection: Connection, postings: Sequence[Posting]) -> list[Outcome | None]:
        """What is known of each posting before it is made: its first entry, its error, or None where it can be made.

        The same request a second time in the batch is None too.
        """
        account_ids = {posting.account_id for posting in postings}
        found = connection.execute(sa.select(accounts.c.id).where(accounts.c.id.in_(account_ids))).scalars()
        missing = account_ids.difference(found)
        keys = {posting.idempotency_key for posting in postings if posting.idempotency_key is not None}
        first = connection.execute(_FIRST.where(transactions.c.idempotency_key.in_(keys))) if keys else ()
        stored = {row.idempotency_key: row for row in first}
        hashes = {key: row.request_hash for key, row in stored.items()}
        return [_known(posting, missing, stored, hashes) for posting in postings]

    def post(self, connection: Connection, postings: Sequence[Posting], now: datetime) -> list[Outcome]:
        """Makes the postings that can be made, in their order, and tells what became of each.

        Raises `TryAgain` where another transaction used one of the keys meanwhile: nothing may be committed then.
        """
        _lock(connection, {posting.account_id for posting in postings})
        outcomes = self.known(connection, postings)
        chosen: dict[int, list[int]] = defaultdict(list)  # by account: where its postings stand
        made: dict[str, int] = {}  # where a key of this batch stands first
        again: dict[int, int] = {}  # where it stands once more
        for place, (posting, outcome) in enumerate(zip(postings, outcomes, strict=True)):
            if outcome is None:
                earlier = place if posting.idempotency_key is None else made.setdefault(posting.idempotency_key, place)
                if earlier == place:
                    chosen[posting.account_id].append(place)
                else:
                    again[place] = earlier
        entries: list[dict[str, Any]] = []
        for account_id in sorted(chosen):
            places = chosen[account_id]
            rows = _moved(connection, [postings[place] for place in places], now)
            for place, (row, entry) in zip(places, rows, strict=True):
                outcomes[place] = row
                entries.append(entry)
        if entries:
            try:
                connection.exec_driver_sql(for_driver(connection.dialect, _RECORD), entries)
            except IntegrityError:
                raise TryAgain(
                    "One of these keys was used elsewhere at the same moment. Nothing was changed."
                ) from None
        for place, earlier in again.items():
            outcomes[place] = replace(cast("PostedRow", outcomes[earlier]), repeated=True)
        return cast("list[Outcome]", outcomes)


def _lock(connection: Connection, account_ids: set[int]) -> None:
    """Holds balances until the transaction ends, in one order, so that batches do not wait for each other in a ring.

    Who posts one of the keys meanwhile holds one of these, and has committed once they are ours: so the key is known.
    On SQLite the transaction holds everything from its beginning.
    """
    if connection.dialect.name == "postgresql":
        held = sa.select(balances.c.account_id).where(balances.c.account_id.in_(account_ids))
        connection.execute(held.order_by(balances.c.account_id).with_for_update())


def _known(
    posting: Posting, missing: set[int], stored: dict[str, Row[*tuple[Any, ...]]], hashes: dict[str, str]
) -> Outcome | None:
    """What is known of one posting; `hashes` are those of the keys that were used, and learn its own."""
    if posting.order_id is not None or posting.reverses_id is not None:
        return InvalidInput("A posting of a batch names no order, and reverses no entry.")
    if posting.account_id in missing:
        return NotFound(f"There is no account {posting.account_id}.", field="account_id")
    key = posting.idempotency_key
    if key is None:
        return None
    if hashes.setdefault(key, posting.request_hash) != posting.request_hash:
        return IdempotencyConflict(f"The idempotency key {key} was used for another posting.", field="idempotency_key")
    first = stored.get(key)
    if first is None:
        return None
    return PostedRow(first.account_id, first.seq, first.balance_after_cents, first.created_at, repeated=True)


def _moved(
    connection: Connection, postings: Sequence[Posting], now: datetime
) -> list[tuple[PostedRow, dict[str, Any]]]:
    """Moves one account's balance by its postings; their entries, as values and as parameters."""
    dialect = connection.dialect
    total = {
        "account_id": postings[0].account_id,
        "amount_cents": sum(posting.amount_cents for posting in postings),
        "entries": len(postings),
        "now": _MOMENT.process_bind_param(now, dialect),
    }
    balance_cents, last_seq, last_at = connection.exec_driver_sql(for_driver(dialect, _MOVE), total).one()
    balance_cents -= total["amount_cents"]
    created_at = cast("datetime", _MOMENT.process_result_value(last_at, dialect))
    moved = []
    for seq, posting in enumerate(postings, last_seq - len(postings) + 1):
        balance_cents += posting.amount_cents
        entry = {
            "account_id": posting.account_id,
            "seq": seq,
            "kind": posting.kind.value,
            "amount_cents": posting.amount_cents,
            "balance_after_cents": balance_cents,
            "description": posting.description,
            "idempotency_key": posting.idempotency_key,
            "request_hash": None if posting.idempotency_key is None else posting.request_hash,
            "actor": posting.actor,
            "created_at": last_at,
        }
        moved.append((PostedRow(posting.account_id, seq, balance_cents, created_at), entry))
    return moved
