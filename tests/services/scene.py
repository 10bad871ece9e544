"""A customer's account at a desk with all its services, before any Stripe: the sandbox, or one in memory."""

from collections.abc import Callable

import sqlalchemy as sa

from services.accounts import AccountService
from services.balance import BalanceService
from services.charges import ChargeService
from services.discounts import DiscountService
from services.domain.checkout import Order, OrderStatus
from services.models.tables import audit_log
from services.payments import PaymentService
from services.reconciliation import ReconciliationService
from services.refunds import RefundService
from services.runtime import Runtime


class Scene:
    """The services over one runtime, and the account `maria@example.com`. `pay` pays a session as its customer."""

    def __init__(self, runtime: Runtime, pay: Callable[[str], None]) -> None:
        self.runtime = runtime
        self.pay = pay
        self.accounts = AccountService.over(runtime)
        self.balance = BalanceService.over(runtime)
        self.charges = ChargeService.over(runtime)
        self.discounts = DiscountService.over(runtime)
        self.payments = PaymentService.over(runtime)
        self.reconciliation = ReconciliationService.over(runtime)
        self.refunds = RefundService.over(runtime)
        maria = self.accounts.get_by_email("maria@example.com") or self.accounts.create("maria@example.com")
        self.account_id = maria.id

    async def opened(self, amount_cents: int = 3000) -> Order:
        """A top-up that waits for its customer."""
        result = await self.payments.create_topup_checkout(self.account_id, amount_cents)
        assert result.success, result.error
        return self.order(result.order_id)

    async def bought(self, code: str | None = None) -> Order:
        """An initial purchase that waits for its customer."""
        result = await self.payments.create_checkout_session(self.account_id, code)
        assert result.success, result.error
        return self.order(result.order_id)

    async def paid(self, amount_cents: int = 3000) -> Order:
        """A top-up that was paid and credited."""
        return await self.settled(await self.opened(amount_cents))

    async def settled(self, order: Order) -> Order:
        """The order after its customer paid it and the desk heard of it."""
        self.pay(order.session_id or "")
        settled = await self.payments.refresh_order(order.id)
        assert settled.status is OrderStatus.PAID, settled.status_reason
        return settled

    def order(self, order_id: int | None) -> Order:
        """The order as it stands."""
        return self.payments.get_order(order_id or 0)

    @property
    def balance_cents(self) -> int:
        """What the account has."""
        return self.balance.get_balance(self.account_id)

    def entries(self) -> list[tuple[str, int]]:
        """The kind and the amount of each entry of the account, oldest first."""
        newest_first = self.balance.get_transaction_history(self.account_id, 1000)
        return [(entry.kind.value, entry.amount_cents) for entry in reversed(newest_first)]

    def audited(self, action: str) -> int:
        """How many audit rows tell of an action."""
        statement = sa.select(sa.func.count()).select_from(audit_log).where(audit_log.c.action == action)
        with self.runtime.database.read() as connection:
            return connection.execute(statement).scalar_one()
