"""Balances: crediting, deducting, and reading the ledger."""

from dataclasses import dataclass, field
from typing import Self

from services.clock import Clock
from services.database import Database
from services.domain.audit import AuditEntry
from services.domain.ledger import BalanceSummary, Posting, Transaction, TransactionKind
from services.domain.money import format_cents, is_amount
from services.domain.text import check_text, is_id
from services.errors import Conflict, IdempotencyConflict, InvalidInput, NotFound
from services.runtime import Runtime, get_runtime
from services.stores.audit import AuditStore
from services.stores.balances import AlreadyPosted, BalanceStore

__all__ = [
    "BalanceResult",
    "BalanceService",
    "BalanceSummary",
    "Posting",
    "Transaction",
    "TransactionKind",
    "get_balance_service",
]

MAX_PAGE = 1_000
"""The most entries that one call reads."""


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
        with self.database.read() as connection:
            return self.balance_store.entries(connection, account_id, first_seq, last_seq)

    def entries_of_order(self, order_id: int) -> list[Transaction]:
        """The entries that an order made, oldest first."""
        if not is_id(order_id):
            return []
        with self.database.read() as connection:
            return self.balance_store.of_order(connection, order_id)

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
        """Moves the balance and records the entry in one transaction; an adjustment has its audit row there too.

        A posting whose idempotency key was used before returns the first entry and moves nothing. Raises `NotFound`,
        `IdempotencyConflict` (the key was used for another request), `Conflict` (the order is credited already).
        """
        try:
            with self.database.write() as connection:
                transaction = self.balance_store.post(connection, posting, self.clock())
                if posting.kind is TransactionKind.ADJUSTMENT:
                    self.audit_store.append(connection, _audit(transaction))
                return transaction
        except AlreadyPosted:
            first = self._first(posting)
            if first is None:
                raise
            return first

    def _first(self, posting: Posting) -> Transaction | None:
        """The entry that the posting's idempotency key made before; None if the key is not what stopped it."""
        if posting.idempotency_key is None:
            return None
        with self.database.read() as connection:
            found = self.balance_store.by_key(connection, posting.idempotency_key)
        if found is None:
            return None
        transaction, request_hash = found
        if request_hash != posting.request_hash:
            raise IdempotencyConflict(
                f"This idempotency key was used for another posting (entry {transaction.id}).", field="idempotency_key"
            )
        return transaction

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
            if idempotency_key is not None:
                idempotency_key = check_text(idempotency_key, field="idempotency_key", longest=255)
            text = check_text(description, field="description", longest=500)
            posting = Posting(account_id, sign * amount_cents, kind, text, self.actor, order_id, idempotency_key)
            transaction = self.post(posting)
        except (InvalidInput, NotFound, Conflict) as error:
            return BalanceResult(False, self.get_balance(account_id), error=error.sentence, field=error.field)
        return BalanceResult(True, transaction.balance_after_cents, transaction.id)


def _audit(transaction: Transaction) -> AuditEntry:
    return AuditEntry(
        created_at=transaction.created_at,
        actor=transaction.actor,
        action="adjust",
        object_type="balance",
        object_id=str(transaction.account_id),
        before={"balance_cents": transaction.balance_after_cents - transaction.amount_cents},
        after={"balance_cents": transaction.balance_after_cents, "seq": transaction.seq},
        reason=transaction.description,
    )


def get_balance_service() -> BalanceService:
    """The balance service of this process."""
    return BalanceService.over(get_runtime())
