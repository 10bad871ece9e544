"""The ledger: postings, and the transactions they become."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from json.encoder import encode_basestring_ascii as quoted

from services.errors import InvalidInput

MAX_PAGE = 1_000
"""The most entries that one call reads."""


class TransactionKind(StrEnum):
    """Why money moved on an account."""

    PURCHASE = "purchase"
    TOP_UP = "top_up"
    USAGE = "usage"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"
    REVERSAL = "reversal"


@dataclass(frozen=True)
class Posting:
    """A request to move a balance by `amount_cents`: credits are positive, debits negative.

    Two postings with one `idempotency_key` are one movement. `actor` is who asked for it. A reversal, and nothing else,
    names the entry that it takes back: raises `InvalidInput`.
    """

    account_id: int
    amount_cents: int
    kind: TransactionKind
    description: str
    actor: str
    order_id: int | None = None
    idempotency_key: str | None = None
    reverses_id: int | None = None

    def __post_init__(self) -> None:
        if (self.kind is TransactionKind.REVERSAL) != (self.reverses_id is not None):
            raise InvalidInput("A reversal, and nothing else, names the entry that it takes back.", field="kind")

    @cached_property
    def request_hash(self) -> str:
        """SHA-256, in hex, of what the posting asks for: tells a repeated request from another one."""
        # A JSON list, put together here: json.dumps takes five times as long, and batches are made of these.
        order = "null" if self.order_id is None else self.order_id
        # so that what was stored before there were reversals stays as it is
        reverses = "" if self.reverses_id is None else f", {self.reverses_id}"
        request = (
            f'[{self.account_id}, {self.amount_cents}, "{self.kind}", {quoted(self.description)}, {order}{reverses}]'
        )
        return hashlib.sha256(request.encode()).hexdigest()


@dataclass(frozen=True)
class Transaction:
    """One row of the ledger, which proves itself: `balance_after_cents` = the row before's + `amount_cents`.

    `seq` runs from 1 without a gap per account; `created_at` is in UTC. A reversal takes back the entry `reverses_id`.
    """

    id: int
    account_id: int
    seq: int
    kind: TransactionKind
    amount_cents: int
    balance_after_cents: int
    description: str
    order_id: int | None
    idempotency_key: str | None
    actor: str
    created_at: datetime
    reverses_id: int | None = None


@dataclass(frozen=True)
class PostedRow:
    """The entry that a posting of a batch made, by its account and number, with the balance after it in cents.

    `repeated`: its key was posted before, and this is the entry that it made then.
    """

    account_id: int
    seq: int
    balance_after_cents: int
    created_at: datetime
    repeated: bool = False


@dataclass(frozen=True)
class BalanceSummary:
    """An account's balance in cents, and the sequence number of its newest entry (0 without one)."""

    balance_cents: int
    last_seq: int
