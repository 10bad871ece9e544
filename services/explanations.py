"""Explanations: from one entry of a ledger to all that is stored about it."""

from typing import Self

from sqlalchemy.engine import Connection

from services.database import Database
from services.domain.audit import AuditEntry
from services.domain.checkout import Order
from services.domain.explanation import Explanation, StripeObject, stripe_objects
from services.domain.ledger import Transaction
from services.domain.refund import Refund
from services.domain.text import is_id
from services.errors import NotFound
from services.runtime import Runtime, get_runtime
from services.settings import STRIPE_API_BASE
from services.stores.accounts import AccountStore
from services.stores.audit import AuditStore
from services.stores.balances import BalanceStore
from services.stores.orders import OrderStore
from services.stores.refunds import RefundStore

__all__ = ["Explanation", "ExplanationService", "StripeObject", "get_explanation_service"]


class ExplanationService:
    """Explains entries. It changes nothing and does not ask Stripe; `dashboard` says whether Stripe's has the objects.

    A sandbox's objects are in no dashboard.
    """

    def __init__(self, database: Database, *, dashboard: bool) -> None:
        self.database = database
        self.dashboard = dashboard
        self.account_store = AccountStore()
        self.audit_store = AuditStore()
        self.balance_store = BalanceStore()
        self.order_store = OrderStore()
        self.refund_store = RefundStore()

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, dashboard=runtime.settings.stripe_api_base == STRIPE_API_BASE)

    def explain(self, transaction_id: int) -> Explanation:
        """All that is stored about an entry, found by index. Raises `NotFound`."""
        with self.database.read() as connection:
            entry = self.balance_store.get(connection, transaction_id) if is_id(transaction_id) else None
            account = self.account_store.get(connection, entry.account_id) if entry else None
            if entry is None or account is None:
                raise NotFound(f"There is no entry {transaction_id}.", field="transaction_id")
            order = None if entry.order_id is None else self.order_store.get(connection, entry.order_id)
            refund = self._refund(connection, entry, order)
            return Explanation(
                entry=entry,
                account=account,
                order=order,
                order_entries=tuple(self.balance_store.of_order(connection, order.id)) if order else (),
                refund=refund,
                reverses=None if entry.reverses_id is None else self.balance_store.get(connection, entry.reverses_id),
                reversed_by=self.balance_store.reversal_of(connection, entry.id),
                audit=tuple(self._audit(connection, entry, order)),
                stripe=tuple(stripe_objects(order, refund, dashboard=self.dashboard)),
            )

    def _refund(self, connection: Connection, entry: Transaction, order: Order | None) -> Refund | None:
        """The refund whose credit the entry took, or gave back by reversing the entry that took it."""
        if order is None:
            return None
        refunds = self.refund_store.of_order(connection, order.id)
        taking = (entry.id, entry.reverses_id)
        return next((made for made in refunds if made.transaction_id and made.transaction_id in taking), None)

    def _audit(self, connection: Connection, entry: Transaction, order: Order | None) -> list[AuditEntry]:
        """What people did: by this entry, and with its order."""
        with_order = [] if order is None else self.audit_store.of_object(connection, "order", str(order.id))
        at_once = self.audit_store.of_object(connection, "balance", str(entry.account_id), entry.created_at)
        by_entry = [change for change in at_once if change.after is not None and change.after.get("seq") == entry.seq]
        return sorted([*with_order, *by_entry], key=lambda change: change.created_at)


def get_explanation_service() -> ExplanationService:
    """The explanation service of this process."""
    return ExplanationService.over(get_runtime())
