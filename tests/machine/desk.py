"""A desk that random things happen to: how it is set up, and the proof that it agrees with the model."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis.stateful import RuleBasedStateMachine, invariant

from services.accounts import AccountService
from services.balance import BalanceService
from services.charges import ChargeService
from services.database import Database
from services.discounts import DiscountService
from services.errors import PaydeskError
from services.gateways.stripe_gateway import StripeGateway
from services.payments import PaymentService
from services.pricing_dynamic import DynamicPricingService
from services.reconciliation import ReconciliationService
from services.refunds import RefundService
from services.runtime import Runtime
from services.sandbox import Sandbox
from services.settings import Settings
from tests.clock import ManualClock
from tests.machine.gateway import Fated
from tests.machine.model import PROMISED, Model
from tests.machine.things import Order, Refund
from tests.proof import assert_verified

T = TypeVar("T")


class ModelledDesk(RuleBasedStateMachine):
    """A desk on SQLite with the sandbox on a socket, and the model of both. `happened` counts the fates that were met.

    The orders of the model stand in the order of their ids, which begin at 1.
    """

    def __init__(self, template: Path, happened: Counter[str]) -> None:
        super().__init__()
        self.happened = happened
        self.folder = TemporaryDirectory()
        path = shutil.copy(template, self.folder.name)
        self.clock = ManualClock()
        self.sandbox = Sandbox(clock=self.clock)
        self.sandbox.start()
        self.database = Database(f"sqlite:///{path}")
        settings = Settings(_env_file=None, stripe_secret_key=self.sandbox.secret_key, initial_credit_cents=PROMISED)
        gateway = StripeGateway(settings.stripe_secret_key, api_base=self.sandbox.api_base, max_network_retries=0)
        self.gateway = Fated(gateway)
        runtime = Runtime(settings, self.database, self.gateway, self.clock, actor="anna")
        self.accounts = AccountService.over(runtime)
        self.balance = BalanceService.over(runtime)
        self.charges = ChargeService.over(runtime)
        self.discounts = DiscountService.over(runtime)
        self.payments = PaymentService.over(runtime)
        self.pricing = DynamicPricingService.over(runtime)
        self.reconciliation = ReconciliationService.over(runtime)
        self.refunds = RefundService.over(runtime)
        self.model = Model()

    def teardown(self) -> None:
        """Leaves nothing behind."""
        self.happened.update(self.gateway.met)
        self.database.close()
        self.sandbox.stop()
        self.folder.cleanup()

    @contextmanager
    def meeting(self, fate: str) -> Iterator[None]:
        """The next request meets a fate, and the desk may answer with an error of its own."""
        self.gateway.fate = fate
        with suppress(PaydeskError):
            yield
        self.gateway.fate = "fine"

    @invariant()
    def agree(self) -> None:
        self.name_refunds()
        assert_verified(self.database)
        for account_id, entries in self.model.ledgers.items():
            assert self.balance.get_balance(account_id) == sum(entry.amount for entry in entries)
            stored = self.balance.get_transaction_history(account_id, 1000)
            assert [entry.amount_cents for entry in stored[::-1]] == [entry.amount for entry in entries]
        orders = self.payments.list_orders(1000)[::-1]
        assert [(one.status.value, one.draft.total_cents, one.paid_cents, one.refunded_cents) for one in orders] == [
            (one.status, one.total, one.paid, one.refunded) for one in self.model.orders
        ]
        codes = {one.code: (one.active, one.held, one.redeemed) for one in self.discounts.list_codes()}
        assert codes == {name: (one.active, one.held, one.redeemed) for name, one in self.model.codes.items()}
        for number, order in enumerate(self.model.orders):
            if order.refunds:
                here = [
                    (one.amount_cents, one.credit_cents, one.status.value) for one in self.refunds.of_order(number + 1)
                ]
                known = [(one.amount, one.credit, one.status) for one in order.refunds if one.status != "unknown"]
                assert sorted(here) == sorted(known)
        self.agree_at_stripe()

    def agree_at_stripe(self) -> None:
        """Each order has one session or payment at Stripe at most, in the state and of the amount that it ought to."""
        words = {"complete": "paid"}
        references = [order.reference for order in self.payments.list_orders(1000)[::-1]]
        assert sorted(
            (session.client_reference_id or "", words.get(session.status, session.status))
            for session in self.sandbox.sessions
        ) == sorted(
            (reference, order.at_stripe)
            for reference, order in zip(references, self.model.orders, strict=True)
            if order.at_stripe != "none" and not order.card
        )
        assert sorted(
            payment.amount_cents - payment.refunded_cents
            for payment in self.sandbox.payments
            if payment.status == "succeeded"
        ) == sorted(order.left_at_stripe for order in self.model.orders if order.paid_at_stripe)

    # Finding things

    def name_refunds(self) -> None:
        """The refunds that the desk made since the last step get their ids: as many as the model has, and no more."""
        paid = {payment.id: payment.refunds for payment in self.sandbox.payments}
        for order, stored in zip(self.model.orders, self.payments.list_orders(1000)[::-1], strict=True):
            if stored.payment_intent_id is None or not order.refunds:
                continue
            known = {refund.stripe_id for refund in order.refunds}
            new = [refund for refund in paid[stored.payment_intent_id] if refund.id not in known]
            made = [refund for refund in order.refunds if refund.at_stripe == "made" and not refund.stripe_id]
            assert [refund.amount_cents for refund in new] == [refund.amount for refund in made]
            for refund, theirs in zip(made, new, strict=True):
                refund.stripe_id = theirs.id

    def account(self, pick: int) -> int:
        """One of the accounts."""
        return self.pick_from(list(self.model.ledgers), pick)

    def accounts_with_cards(self) -> list[int]:
        """The accounts whose card was kept when they paid."""
        return [account_id for account_id in self.model.ledgers if self.charges.last_card(account_id) is not None]

    def session_id(self, order: Order) -> str:
        """What an order is at Stripe, for the dashboard."""
        stored = self.payments.get_order(self.model.orders.index(order) + 1)
        made = {session.client_reference_id: session.id for session in self.sandbox.sessions}
        return made.get(stored.reference) or stored.payment_intent_id or ""

    def orders_that(self, *statuses: str) -> list[int]:
        """The places of the orders that stand so at the desk."""
        return [number for number, order in enumerate(self.model.orders) if order.status in statuses]

    def at_stripe(self, state: str) -> list[Order]:
        """The orders that stand so at Stripe."""
        return [order for order in self.model.orders if order.at_stripe == state]

    def refundable_at_stripe(self) -> list[Order]:
        """The orders of which Stripe could give something back."""
        return [order for order in self.at_stripe("paid") if order.left_at_stripe > 0 and self.session_id(order)]

    def made_refunds(self) -> list[Refund]:
        """The refunds that stand at Stripe, and whose ids are known."""
        refunds = [refund for order in self.model.orders for refund in order.refunds]
        return [refund for refund in refunds if refund.at_stripe == "made" and refund.stripe_id]

    @staticmethod
    def pick_from(things: list[T], pick: int) -> T:
        """One of some things."""
        return things[pick % len(things)]
