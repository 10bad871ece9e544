"""Balances: crediting, deducting, and reading the ledger."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.database import Database
from services.domain.audit import posting_audit
from services.domain.ledger import MAX_PAGE, BalanceSummary, PostedRow, Posting, Transaction, TransactionKind
from services.domain.money import format_cents, is_amount
from services.domain.text import check_text, is_id
from services.errors import Conflict, IdempotencyConflict, InvalidInput, NotFound, OutcomeUnknown
from services.runtime import Runtime, get_runtime
from services.stores.audit import AuditStore
from services.stores.balances import AlreadyPosted, BalanceStore
from services.stores.batches import BatchStore, Outcome

__all__ = [
    "BalanceResult",
    "BalanceService",
    "BalanceSummary",
    "Outcome",
    "PostedRow",
    "Posting",
    "Transaction",
    "TransactionKind",
    "get_balance_service",
]

MAX_BATCH = 10_000
"""The most postings that one transaction makes."""

MAX_DESCRIPTION = 500
"""The most characters that the description of an entry has."""

MAX_REASON = 400
"""The most characters of a reason, which stands in a description after what it is the reason for."""

_AUDITED = {TransactionKind.ADJUSTMENT: "adjust", TransactionKind.REVERSAL: "reverse"}
_CREDITS = (TransactionKind.PURCHASE, TransactionKind.TOP_UP)


@dataclass(frozen=True)
class BalanceResult:
    """The outcome of a posting: the balance after it, in cents, and its entry; or the error, in a sentence.

    `field` names the argument that the error is about.
    """

    success: bool
    balance_cents: int
    transaction_id: int | None = None
    error: str | None = None
    field: str | None = field(default=None, compare=False)


class BalanceService:
    """Moves balances, one posting at a time, and reads them."""

    def __init__(
        self, database: Database, balance_store: BalanceStore, audit_store: AuditStore, clock: Clock, actor: str
    ) -> None:
        self.database = database
        self.balance_store = balance_store
        self.audit_store = audit_store
        self.batch_store = BatchStore()
        self.clock = clock
        self.actor = actor

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, BalanceStore(), AuditStore(), runtime.clock, runtime.actor)

    def get_balance(self, account_id: int) -> int:
        """The balance in cents; 0 where nothing was posted yet."""
        return self.summary(account_id).balance_cents

    def summary(self, account_id: int) -> BalanceSummary:
        """The balance in cents and the number of entries; both 0 where nothing was posted yet."""
        if not is_id(account_id):
            return BalanceSummary(0, 0)
        with self.database.read() as connection:
            return self.balance_store.summary(connection, account_id)

    def get_balance_display(self, account_id: int) -> str:
        """The balance as text: `"$12.34"`, `"-$1.00"`."""
        return format_cents(self.get_balance(account_id))

    def check_sufficient_balance(self, account_id: int, amount_cents: int) -> bool:
        """Whether the balance covers `amount_cents`."""
        return self.get_balance(account_id) >= amount_cents

    def get_transaction_history(self, account_id: int, limit: int = 20) -> list[Transaction]:
        """The last `limit` entries (1 to 1,000), newest first."""
        if not is_id(account_id) or limit < 1:
            return []
        with self.database.read() as connection:
            return self.balance_store.newest(connection, account_id, min(limit, MAX_PAGE))

    def entries(self, account_id: int, first_seq: int, last_seq: int) -> list[Transaction]:
        """The entries numbered `first_seq` to `last_seq`, newest first.

        Raises `InvalidInput` for a range of more than 1,000.
        """
        if last_seq - first_seq >= MAX_PAGE:
            raise InvalidInput(f"A page has at most {MAX_PAGE} entries.", field="last_seq")
        if not (is_id(account_id) and is_id(first_seq) and is_id(last_seq)):
            return []
        page = self.balance_store.entries_alone(self.database, account_id, first_seq, last_seq)
        if page is not None:
            return page
        with self.database.read() as connection:
            return self.balance_store.entries(connection, account_id, first_seq, last_seq)

    def entries_of_order(self, order_id: int) -> list[Transaction]:
        """The entries that an order made, oldest first."""
        if not is_id(order_id):
            return []
        with self.database.read() as connection:
            return self.balance_store.of_order(connection, order_id)

    def entry(self, transaction_id: int) -> Transaction:
        """The entry with this id. Raises `NotFound`."""
        with self.database.read() as connection:
            return self._stored(connection, transaction_id)

    def reversal_of(self, transaction_id: int) -> Transaction | None:
        """The entry that reversed this one; None where it stands."""
        if not is_id(transaction_id):
            return None
        with self.database.read() as connection:
            return self.balance_store.reversal_of(connection, transaction_id)

    def add_credits(
        self,
        account_id: int,
        amount_cents: int,
        description: str,
        order_id: int | None = None,
        *,
        kind: TransactionKind | None = None,
        idempotency_key: str | None = None,
    ) -> BalanceResult:
        """Adds to a balance. The kind is `purchase` with an order and `adjustment` without, unless it is given.

        Bad input, an unknown account and a conflict give `success=False` and the error; nothing is posted then.
        """
        chosen = kind or (TransactionKind.ADJUSTMENT if order_id is None else TransactionKind.PURCHASE)
        return self._result(account_id, amount_cents, 1, description, order_id, chosen, idempotency_key)

    def deduct(
        self,
        account_id: int,
        amount_cents: int,
        description: str,
        *,
        kind: TransactionKind = TransactionKind.USAGE,
        idempotency_key: str | None = None,
    ) -> BalanceResult:
        """Takes from a balance, which may go below zero. Errors as in `add_credits`."""
        return self._result(account_id, amount_cents, -1, description, None, kind, idempotency_key)

    def post(self, posting: Posting) -> Transaction:
        """Moves the balance and records the entry in one transaction; a correction has its audit row there too.

        A posting whose idempotency key was used before returns the first entry and moves nothing; so one whose COMMIT
        may be lost is made again, and its outcome is known. Without a key it is made once, and `OutcomeUnknown` says
        that it may be there.

        Raises `NotFound`, `IdempotencyConflict` (the key was used for another request), `Conflict` (the order is
        credited already).
        """
        lost: OutcomeUnknown | None = None
        if posting.kind not in _AUDITED:
            try:
                posted = self.balance_store.post_alone(self.database, posting, self.clock())
            except OutcomeUnknown as unknown:
                if posting.idempotency_key is None:
                    raise
                lost = unknown
            else:
                if posted is not None:
                    return posted
        if posting.idempotency_key is not None:
            return self._posted_once(lambda connection: self._post(connection, posting), lost)
        return self.database.once(lambda connection: self._post(connection, posting), is_repeatable=False)

    def post_many(self, postings: Sequence[Posting]) -> list[Outcome]:
        """Makes up to 10,000 postings in one transaction, in their order; for each its entry, or why there is none.

        As with `post`, a key that was used before moves nothing, and corrections have their audit rows. Where all have
        keys, a batch whose COMMIT may be lost is made again; otherwise `OutcomeUnknown` says that it may be there.
        Orders are credited and entries are reversed one at a time: such a posting is refused.

        Raises `InvalidInput` for a larger batch, and `TryAgain` where nothing was done.
        """
        if len(postings) > MAX_BATCH:
            raise InvalidInput(f"A batch has at most {MAX_BATCH} postings.", field="postings")
        if all(posting.idempotency_key is not None for posting in postings):
            return self.database.once(lambda connection: self._post_many(connection, postings))
        with self.database.write() as connection:
            return self._post_many(connection, postings)

    def check_many(self, postings: Sequence[Posting]) -> list[Outcome | None]:
        """What `post_many` would answer now, with None for what it would post; nothing is changed."""
        with self.database.read() as connection:
            return self.batch_store.known(connection, postings)

    def reverse(self, transaction_id: int, reason: str, *, idempotency_key: str | None = None) -> BalanceResult:
        """Takes an entry back by one of the opposite amount, with its audit row; the entry itself stays as it is.

        An entry is reversed at most once, and a reversal not at all; nor is the credit of an order that was refunded,
        for the refund took its share already. Bad input and a conflict give `success=False` and the error.
        """
        try:
            if not is_id(transaction_id):
                raise InvalidInput("An entry is named by its number.", field="transaction_id")
            # A key of its own tells this reversal from another one's where a COMMIT is lost.
            key = _checked_key(idempotency_key) or f"reversal_{secrets.token_hex(16)}"
            why = check_text(reason, field="reason", longest=MAX_REASON)
            reversal = self._posted_once(lambda connection: self._reverse(connection, transaction_id, why, key))
        except (InvalidInput, NotFound, Conflict) as error:
            return BalanceResult(False, self._balance_beside(transaction_id), error=error.sentence, field=error.field)
        return BalanceResult(True, reversal.balance_after_cents, reversal.id)

    def reversal_refusal(self, transaction_id: int) -> str | None:
        """Why an entry cannot be reversed now, as a sentence; None where it can. Raises `NotFound`."""
        with self.database.read() as connection:
            try:
                self._reversal(connection, transaction_id, "", None)
            except Conflict as refusal:
                return refusal.sentence
        return None

    def _reverse(self, connection: Connection, transaction_id: int, reason: str, key: str) -> Transaction:
        return self._post(connection, self._reversal(connection, transaction_id, reason, key))

    def _reversal(self, connection: Connection, transaction_id: int, reason: str, key: str | None) -> Posting:
        """The posting that takes an entry back. Raises `NotFound`, and `Conflict` where it may not be taken back."""
        entry = self._stored(connection, transaction_id)
        if entry.kind is TransactionKind.REVERSAL:
            raise Conflict(f"Entry {entry.seq} is a reversal, which cannot be reversed.", field="transaction_id")
        posting = Posting(
            account_id=entry.account_id,
            amount_cents=-entry.amount_cents,
            kind=TransactionKind.REVERSAL,
            description=f"Reversal of entry {entry.seq}: {reason}",
            actor=self.actor,
            order_id=entry.order_id,
            idempotency_key=key,
            reverses_id=entry.id,
        )
        excluded = self.balance_store.excluded(connection, posting)
        if excluded is not None:
            raise excluded
        if entry.kind in _CREDITS and entry.order_id is not None:
            self._refuse_refunded(connection, entry.order_id)
        return posting

    def _refuse_refunded(self, connection: Connection, order_id: int) -> None:
        refunded_cents, paid_cents = self.balance_store.refunded_of(connection, order_id)
        if refunded_cents > 0:
            extent = "in part" if refunded_cents < paid_cents else "in full"
            raise Conflict(
                f"Order {order_id} was refunded {extent}; a reversal of its credit would take that back twice.",
                field="transaction_id",
            )

    def _posted_once(
        self, work: Callable[[Connection], Transaction], lost: OutcomeUnknown | None = None
    ) -> Transaction:
        """The entry of keyed work, or the first one under its key. Raises `IdempotencyConflict`, `Conflict`."""
        try:
            return self.database.once(work, lost)
        except AlreadyPosted as excluded:
            if excluded.first is None:
                raise
            if not excluded.repeated:
                raise IdempotencyConflict(
                    f"This idempotency key was used for another posting (entry {excluded.first.id}).",
                    field="idempotency_key",
                ) from None
            return excluded.first

    def _post(self, connection: Connection, posting: Posting) -> Transaction:
        transaction = self.balance_store.post(connection, posting, self.clock())
        action = _AUDITED.get(posting.kind)
        if action is not None:
            self.audit_store.append(connection, posting_audit(action, posting, transaction))
        return transaction

    def _post_many(self, connection: Connection, postings: Sequence[Posting]) -> list[Outcome]:
        outcomes = self.batch_store.post(connection, postings, self.clock())
        audited = [
            posting_audit(_AUDITED[posting.kind], posting, outcome)
            for posting, outcome in zip(postings, outcomes, strict=True)
            if posting.kind in _AUDITED and isinstance(outcome, PostedRow) and not outcome.repeated
        ]
        if audited:
            self.audit_store.append_all(connection, audited)
        return outcomes

    def _stored(self, connection: Connection, transaction_id: int) -> Transaction:
        entry = self.balance_store.get(connection, transaction_id) if is_id(transaction_id) else None
        if entry is None:
            raise NotFound(f"There is no entry {transaction_id}.", field="transaction_id")
        return entry

    def _balance_beside(self, transaction_id: int) -> int:
        """The balance of the account that an entry belongs to, in cents; 0 where there is no such entry."""
        try:
            return self.get_balance(self.entry(transaction_id).account_id)
        except NotFound:
            return 0

    def _result(
        self,
        account_id: int,
        amount_cents: int,
        sign: int,
        description: str,
        order_id: int | None,
        kind: TransactionKind,
        idempotency_key: str | None,
    ) -> BalanceResult:
        try:
            if not is_id(account_id):
                raise InvalidInput("An account is named by its number.", field="account_id")
            if not is_amount(amount_cents):
                raise InvalidInput("An amount is a whole number of cents from 1 to 99,999,999,999.", field="amount")
            if order_id is not None and not is_id(order_id):
                raise InvalidInput("An order is named by its number.", field="order_id")
            key = _checked_key(idempotency_key)
            text = check_text(description, field="description", longest=MAX_DESCRIPTION)
            posting = Posting(account_id, sign * amount_cents, kind, text, self.actor, order_id, key)
            transaction = self.post(posting)
        except (InvalidInput, NotFound, Conflict) as error:
            return BalanceResult(False, self.get_balance(account_id), error=error.sentence, field=error.field)
        return BalanceResult(True, transaction.balance_after_cents, transaction.id)


def _checked_key(idempotency_key: str | None) -> str | None:
    return None if idempotency_key is None else check_text(idempotency_key, field="idempotency_key", longest=255)


def get_balance_service() -> BalanceService:
    """The balance service of this process."""
    return BalanceService.over(get_runtime())
