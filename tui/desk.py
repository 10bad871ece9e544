"""The services of the desk, opened on first use and off the interface thread.

The modules that pull in sqlalchemy, stripe or pydantic are imported inside the properties: the first screen is
painted before any of them is loaded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from services.accounts import AccountService
    from services.audit import AuditService
    from services.balance import BalanceService
    from services.charges import ChargeService
    from services.code_reports import CodeReportService
    from services.discounts import DiscountService
    from services.domain.ledger import Transaction
    from services.exchange import ExchangeService
    from services.explanations import ExplanationService
    from services.history import HistoryService
    from services.ledger_import import ImportService
    from services.overview import OverviewService
    from services.payments import PaymentService
    from services.pricing_dynamic import DynamicPricingService
    from services.reconciliation import ReconciliationService
    from services.refunds import RefundService
    from services.runtime import Runtime
    from services.seals import SealService
    from services.settings import Settings
    from services.verification import VerificationService

Environment = Literal["TEST", "SANDBOX", "LIVE", "NO STRIPE"]


@dataclass(frozen=True)
class DeskInfo:
    """Where the desk stands, for the header. `database` is a label such as `sqlite paydesk.db`, without secrets.

    `control_url` is where the demo's sandbox is controlled; None outside the demo.
    """

    environment: Environment
    database: str
    actor: str
    demo: bool = False
    control_url: str | None = None


def _runtime_of_process() -> "Runtime":
    from services.runtime import get_runtime

    return get_runtime()


class Desk:
    """The services over one runtime. Every property may block and may raise `PaydeskError`: use it in `tui.calls`.

    One lock is around every first use: modules that import each other must not be imported by two threads at once.
    Opening is tried again after it failed, so that a person can mend the settings and press `r`.
    """

    def __init__(self, open_runtime: "Callable[[], Runtime] | None" = None, *, demo: bool = False) -> None:
        self._open_runtime = open_runtime or _runtime_of_process
        self._opening = RLock()
        self._runtime: Runtime | None = None
        self.demo = demo
        self.control_url: str | None = None
        """Where the demo's sandbox is controlled; known once it is opened."""

    @property
    def runtime(self) -> "Runtime":
        """The runtime, opened once whoever asks first."""
        with self._opening:
            if self._runtime is None:
                self._runtime = self._open_runtime()
            return self._runtime

    def describe(self) -> DeskInfo:
        """Where the desk stands."""
        runtime = self.runtime
        return DeskInfo(
            environment=environment_of(runtime.settings),
            database=runtime.database.label,
            actor=runtime.actor,
            demo=self.demo,
            control_url=self.control_url,
        )

    @cached_property
    def pricing(self) -> "DynamicPricingService":
        """Prices and what a checkout costs."""
        with self._opening:
            runtime = self.runtime
            from services.pricing_dynamic import DynamicPricingService

            return DynamicPricingService.over(runtime)

    @cached_property
    def discounts(self) -> "DiscountService":
        """Discount codes."""
        with self._opening:
            runtime = self.runtime
            from services.discounts import DiscountService

            return DiscountService.over(runtime)

    @cached_property
    def balance(self) -> "BalanceService":
        """Balances and the ledger."""
        with self._opening:
            runtime = self.runtime
            from services.balance import BalanceService

            return BalanceService.over(runtime)

    @cached_property
    def history(self) -> "HistoryService":
        """What an account's ledger holds, whatever its length."""
        with self._opening:
            runtime = self.runtime
            from services.history import HistoryService

            return HistoryService.over(runtime)

    def page(self, account_id: int, before_seq: int | None, limit: int) -> "list[Transaction] | None":
        """The newest entries before `before_seq`, without opening the services, where that can be done.

        None: ask `history`, which has them or tells why not. Raises `ConfigurationError`.
        """
        if self._open_runtime is not _runtime_of_process:
            return None  # the settings of the process say nothing about this desk
        from services.ledger_page import read_page

        return read_page(account_id, before_seq, limit)

    @cached_property
    def explanations(self) -> "ExplanationService":
        """All that is stored about an entry."""
        with self._opening:
            runtime = self.runtime
            from services.explanations import ExplanationService

            return ExplanationService.over(runtime)

    @cached_property
    def imports(self) -> "ImportService":
        """Postings that come in files."""
        with self._opening:
            runtime = self.runtime
            from services.ledger_import import ImportService

            return ImportService.over(runtime)

    @cached_property
    def seals(self) -> "SealService":
        """The chain of hashes over the ledger."""
        with self._opening:
            runtime = self.runtime
            from services.seals import SealService

            return SealService.over(runtime)

    @cached_property
    def accounts(self) -> "AccountService":
        """Accounts."""
        with self._opening:
            runtime = self.runtime
            from services.accounts import AccountService

            return AccountService.over(runtime)

    @cached_property
    def payments(self) -> "PaymentService":
        """Checkouts and orders."""
        with self._opening:
            runtime = self.runtime
            from services.payments import PaymentService

            return PaymentService.over(runtime)

    @cached_property
    def charges(self) -> "ChargeService":
        """Saved cards and what is charged to them."""
        with self._opening:
            runtime = self.runtime
            from services.charges import ChargeService

            return ChargeService.over(runtime)

    @cached_property
    def refunds(self) -> "RefundService":
        """Refunds of paid orders."""
        with self._opening:
            runtime = self.runtime
            from services.refunds import RefundService

            return RefundService.over(runtime)

    @cached_property
    def reconciliation(self) -> "ReconciliationService":
        """What Stripe and the desk disagree about."""
        with self._opening:
            runtime = self.runtime
            from services.reconciliation import ReconciliationService

            return ReconciliationService.over(runtime)

    @cached_property
    def verification(self) -> "VerificationService":
        """The proof that all stored rows add up."""
        with self._opening:
            runtime = self.runtime
            from services.verification import VerificationService

            return VerificationService.over(runtime)

    @cached_property
    def code_reports(self) -> "CodeReportService":
        """What became of the uses of codes."""
        with self._opening:
            runtime = self.runtime
            from services.code_reports import CodeReportService

            return CodeReportService.over(runtime)

    @cached_property
    def audit(self) -> "AuditService":
        """Who changed what."""
        with self._opening:
            runtime = self.runtime
            from services.audit import AuditService

            return AuditService.over(runtime)

    @cached_property
    def overview(self) -> "OverviewService":
        """The figures of the first screen."""
        with self._opening:
            runtime = self.runtime
            from services.overview import OverviewService

            return OverviewService.over(runtime)

    @cached_property
    def exchange(self) -> "ExchangeService":
        """Prices and codes from one desk to another."""
        with self._opening:
            runtime = self.runtime
            from services.exchange import ExchangeService

            return ExchangeService.over(runtime)


def environment_of(settings: "Settings") -> Environment:
    """Which Stripe the settings lead to."""
    from services.settings import STRIPE_API_BASE

    if not settings.stripe_configured:
        return "NO STRIPE"
    if settings.stripe_api_base != STRIPE_API_BASE:
        return "SANDBOX"
    return "LIVE" if settings.livemode else "TEST"
