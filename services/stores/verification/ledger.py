"""Checks of the ledger by itself: balances, numbers, running balances, keys, reversals."""

from typing import Any

from sqlalchemy.engine import Row

from services.domain.ledger import Posting, TransactionKind
from services.errors import InvalidInput
from services.stores.verification.check import Check


def _asks_for_something_else(row: Row[*tuple[Any, ...]]) -> bool:
    """Whether an entry is not what its key was first used for."""
    try:
        posting = Posting(
            account_id=row.account_id,
            amount_cents=row.amount_cents,
            kind=TransactionKind(row.kind),
            description=row.description,
            actor=row.actor,
            order_id=row.order_id,
            idempotency_key=row.idempotency_key,
            reverses_id=row.reverses_id,
        )
    except InvalidInput:
        return True
    return bool(posting.request_hash != row.request_hash)


CHECKS = (
    Check(
        "balance_missing",
        "Account {account_id} has {found} entries and no balance.",
        """SELECT t.account_id, min(t.id) AS entry_id, count(*) AS found
        FROM transactions t LEFT JOIN balances b ON b.account_id = t.account_id
        WHERE b.account_id IS NULL GROUP BY t.account_id ORDER BY t.account_id""",
    ),
    Check(
        "balance_without_entries",
        "Account {account_id} has a balance of {found_cents} and no entries.",
        """SELECT b.account_id, b.balance_cents AS found_cents FROM balances b
        WHERE NOT EXISTS (SELECT 1 FROM transactions t WHERE t.account_id = b.account_id) ORDER BY b.account_id""",
    ),
    Check(
        "balance_sum",
        "Account {account_id} has a balance of {found_cents}; its entries add up to {expected_cents}.",
        """SELECT b.account_id, b.balance_cents AS found_cents, s.expected_cents
        FROM balances b JOIN (
            SELECT account_id, CAST(sum(amount_cents) AS BIGINT) AS expected_cents
            FROM transactions GROUP BY account_id
        ) AS s ON s.account_id = b.account_id
        WHERE b.balance_cents <> s.expected_cents ORDER BY b.account_id""",
    ),
    Check(
        "last_seq",
        "Account {account_id} counts {found} entries; its newest one is number {expected}.",
        """SELECT account_id, found, expected FROM (
            SELECT b.account_id, b.last_seq AS found,
                (SELECT max(t.seq) FROM transactions t WHERE t.account_id = b.account_id) AS expected
            FROM balances b
        ) AS counted WHERE found <> expected ORDER BY account_id""",
    ),
    Check(
        "last_at",
        "The balance of account {account_id} and its newest entry, {entry_id}, tell different times of that entry.",
        """SELECT b.account_id, t.order_id, t.id AS entry_id
        FROM balances b JOIN transactions t ON t.account_id = b.account_id AND t.seq = b.last_seq
        WHERE b.last_at <> t.created_at ORDER BY b.account_id, t.id""",
    ),
    Check(
        "seq_gap",
        "Entry {entry_id} of account {account_id} is number {found}; number {expected} was to follow.",
        """SELECT account_id, order_id, entry_id, found, expected FROM (
            SELECT account_id, order_id, id AS entry_id, seq AS found,
                1 + COALESCE(LAG(seq) OVER (PARTITION BY account_id ORDER BY seq, id), 0) AS expected
            FROM transactions
        ) AS numbered WHERE found <> expected ORDER BY account_id, found, entry_id""",
    ),
    Check(
        "running_balance",
        "Entry {entry_id} leaves account {account_id} at {found_cents}; "
        "the entry before it and its amount make {expected_cents}.",
        """SELECT account_id, order_id, entry_id, found_cents, expected_cents FROM (
            SELECT account_id, order_id, id AS entry_id, seq, balance_after_cents AS found_cents,
                amount_cents + COALESCE(
                    LAG(balance_after_cents) OVER (PARTITION BY account_id ORDER BY seq, id), 0
                ) AS expected_cents
            FROM transactions
        ) AS chained WHERE found_cents <> expected_cents ORDER BY account_id, seq, entry_id""",
    ),
    Check(
        "key_twice",
        "Entry {entry_id} has the idempotency key {idempotency_key}, which entry {first_id} has too.",
        """SELECT account_id, order_id, entry_id, idempotency_key, first_id FROM (
            SELECT account_id, order_id, id AS entry_id, idempotency_key,
                LAG(id) OVER (PARTITION BY idempotency_key ORDER BY id) AS first_id
            FROM transactions WHERE idempotency_key IS NOT NULL
        ) AS keyed WHERE first_id IS NOT NULL ORDER BY entry_id""",
    ),
    Check(
        "request_hash",
        "Entry {entry_id} is not what its idempotency key {idempotency_key} was used for: its hash does not fit.",
        """SELECT account_id, order_id, id AS entry_id, kind, amount_cents, description, actor, idempotency_key,
            request_hash, reverses_id
        FROM transactions WHERE idempotency_key IS NOT NULL ORDER BY id""",
        breaks=_asks_for_something_else,
    ),
    Check(
        "reversal_unlinked",
        "Entry {entry_id} is of kind {kind} and reverses {reverses_id}; a reversal, and nothing else, names an entry.",
        """SELECT account_id, order_id, id AS entry_id, kind, reverses_id FROM transactions
        WHERE (kind = 'reversal') <> (reverses_id IS NOT NULL) ORDER BY id""",
    ),
    Check(
        "reversal_mirror",
        "Entry {entry_id} reverses entry {reverses_id} by {found_cents} on account {account_id}; "
        "expected is {expected_cents} on account {expected}.",
        """SELECT r.account_id, r.order_id, r.id AS entry_id, r.reverses_id, r.amount_cents AS found_cents,
            -t.amount_cents AS expected_cents, t.account_id AS expected
        FROM transactions r JOIN transactions t ON t.id = r.reverses_id
        WHERE r.amount_cents <> -t.amount_cents OR r.account_id <> t.account_id ORDER BY r.id""",
    ),
    Check(
        "reversal_twice",
        "Entry {entry_id} reverses entry {reverses_id}, which entry {first_id} reversed before.",
        """SELECT account_id, order_id, entry_id, reverses_id, first_id FROM (
            SELECT account_id, order_id, id AS entry_id, reverses_id,
                LAG(id) OVER (PARTITION BY reverses_id ORDER BY id) AS first_id
            FROM transactions WHERE reverses_id IS NOT NULL
        ) AS reversals WHERE first_id IS NOT NULL ORDER BY entry_id""",
    ),
    Check(
        "reversal_of_reversal",
        "Entry {entry_id} reverses entry {reverses_id}, which is a reversal itself.",
        """SELECT r.account_id, r.order_id, r.id AS entry_id, r.reverses_id
        FROM transactions r JOIN transactions t ON t.id = r.reverses_id
        WHERE t.kind = 'reversal' OR t.reverses_id IS NOT NULL ORDER BY r.id""",
    ),
)
"""Every check of the ledger."""
