"""Everything that can happen to a desk, at random: after each step its rows prove themselves and agree with a model."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.accounts import AccountService
from services.balance import BalanceService
from services.charges import ChargeOutcome, ChargeService
from services.database import Database
from services.discounts import DiscountService
from services.errors import Conflict, PaydeskError
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
from tests.machine.model import PROMISED, Code, Model, Order, Refund
from tests.proof import assert_verified

T = TypeVar("T")

PROMOTIONS = {"": 0, "TAKE20": 20, "ONTHEHOUSE": 100}
CARDS = {"4242424242424242": False, "4000002760003184": True}
"""Cards, and whether the bank wants to see the customer each time, so that a charge in their absence is declined."""
LONGEST_SECONDS = 150 * 24 * 3600
"""How far a run's clock goes: within this, no payment is too old to be looked at."""

picks = st.integers(0, 99)
first_fates = st.sampled_from(["fine", "fine", "fine", "lost", "silent", "refused", "denied", "lie"])
later_fates = st.sampled_from(["fine", "fine", "fine", "lost", "silent", "denied", "lie"])


class Machine(RuleBasedStateMachine):
    """A desk on SQLite with the sandbox on a socket, and the model of both."""

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
        self.create_account()

    def teardown(self) -> None:
        """Whatever happened: an hour later one reconciliation leaves nothing whose outcome is not known."""
        try:
            self.advance(3600)
            self.reconcile()
            self.agree()
            assert "created" not in {order.status for order in self.payments.list_orders(1000)}
            assert self.refunds.unfinished() == []
        finally:
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

    # What people at the desk do

    @rule()
    @precondition(lambda self: len(self.model.ledgers) < 3)
    def create_account(self) -> None:
        account = self.accounts.create(f"customer{len(self.model.ledgers)}@example.com")
        self.model.ledgers[account.id] = []

    @rule(worth=st.sampled_from([(1000, 0), (3333, 0), (10_000, 0), (0, 500), (0, 2960)]), limit=st.integers(1, 3))
    @precondition(lambda self: len(self.model.codes) < 4)
    def create_code(self, worth: tuple[int, int], limit: int) -> None:
        basis_points, cents_off = worth
        name = f"CODE{len(self.model.codes)}"
        self.discounts.create(
            name,
            percent_basis_points=basis_points or None,
            amount_off_cents=cents_off or None,
            max_uses=limit,
        )
        self.model.codes[name] = Code(basis_points, cents_off, limit)

    @rule(pick=picks, active=st.booleans())
    @precondition(lambda self: self.model.codes)
    def switch_code(self, pick: int, active: bool) -> None:
        name = self.pick_from(list(self.model.codes), pick)
        self.discounts.set_active(name, active)
        self.model.codes[name].active = active

    @rule(cents=st.sampled_from([30, 999, 2999, 5001]))
    def change_price(self, cents: int) -> None:
        with suppress(Conflict):
            self.pricing.change_prices(launch_cents=cents)
        self.model.price = cents

    @rule(account=picks, pick=picks, fate=first_fates)
    def check_out(self, account: int, pick: int, fate: str) -> None:
        account_id = self.account(account)
        code = self.pick_from(["", *self.model.codes], pick)
        with self.meeting(fate):
            created = asyncio.run(self.payments.create_checkout_session(account_id, code or None))
        assert (created.order_id is not None) == self.model.check_out(account_id, code, fate)

    @rule(account=picks, amount=st.sampled_from([50, 777, 1000]), fate=first_fates)
    def top_up(self, account: int, amount: int, fate: str) -> None:
        account_id = self.account(account)
        with self.meeting(fate):
            created = asyncio.run(self.payments.create_topup_checkout(account_id, amount))
        assert (created.order_id is not None) == self.model.top_up(account_id, amount, fate)

    @rule(account=picks, pick=picks, amount=st.sampled_from([0, 777, 1000]), card=st.sampled_from(list(CARDS)))
    def buy(self, account: int, pick: int, amount: int, card: str) -> None:
        """A checkout as nearly all are: opened, paid and seen, with nothing between."""
        if amount:
            self.top_up(account, amount, "fine")
        else:
            self.check_out(account, pick, "fine")
        last = len(self.model.orders) - 1
        if last >= 0 and self.model.orders[last].at_stripe == "open":
            self.pay_order(self.model.orders[last], card)
            self.refresh(last, "fine")

    @rule(account=picks, amount=st.sampled_from([50, 500]), fate=first_fates)
    @precondition(lambda self: self.accounts_with_cards())
    def charge_saved_card(self, account: int, amount: int, fate: str) -> None:
        account_id = self.pick_from(self.accounts_with_cards(), account)
        saved = self.charges.saved_card(account_id)
        if saved is None:
            return
        card = saved.card.payment_method_id
        key = f"charge-{len(self.model.orders)}"
        with self.meeting(fate):
            charged = self.charges.charge(account_id, amount, payment_method_id=card, idempotency_key=key)
        self.model.top_up(account_id, amount, fate, card)
        order = self.model.orders[-1]
        assert (charged.outcome is ChargeOutcome.CREDITED) == (order.status == "paid")
        assert (charged.outcome is ChargeOutcome.UNKNOWN) == (order.status in ("created", "needs_review"))

    @rule(pick=picks, fate=later_fates)
    @precondition(lambda self: self.model.orders)
    def refresh(self, pick: int, fate: str) -> None:
        number = pick % len(self.model.orders)
        with self.meeting(fate):
            asyncio.run(self.payments.refresh_order(number + 1))
        self.model.refresh(self.model.orders[number], fate)

    @rule(pick=picks)
    @precondition(lambda self: self.model.orders)
    def expire(self, pick: int) -> None:
        number = pick % len(self.model.orders)
        with self.meeting("fine"):
            asyncio.run(self.payments.expire_order(number + 1))
        self.model.expire(self.model.orders[number])

    @rule(pick=picks)
    @precondition(lambda self: self.orders_that("needs_review"))
    def close(self, pick: int) -> None:
        number = self.pick_from(self.orders_that("created", "needs_review"), pick)
        with self.meeting("fine"):
            self.payments.close_order(number + 1, "settled by telephone")
        self.model.close(self.model.orders[number])

    @rule(pick=picks, part=st.sampled_from([1, 2, 3]), fate=first_fates)
    @precondition(lambda self: self.orders_that("paid"))
    def refund(self, pick: int, part: int, fate: str) -> None:
        number = self.pick_from(self.orders_that("paid"), pick)
        order = self.model.orders[number]
        amount = max(1, (order.paid or 0) // part)
        with self.meeting(fate):
            self.refunds.refund(number + 1, amount, "too many")
        self.model.refund(order, amount, fate)

    @rule(account=picks, amount=st.integers(-999, 999).filter(bool), key=st.sampled_from(["", "", "k1", "k2"]))
    def correct(self, account: int, amount: int, key: str) -> None:
        account_id = self.account(account)
        move = self.balance.add_credits if amount > 0 else self.balance.deduct
        posted = move(account_id, abs(amount), "by hand", idempotency_key=key or None)
        assert posted.success == self.model.correct(account_id, amount, key)

    @rule(account=picks, pick=picks)
    @precondition(lambda self: any(self.model.ledgers.values()))
    def reverse(self, account: int, pick: int) -> None:
        account_id = self.pick_from([one for one, entries in self.model.ledgers.items() if entries], account)
        entries = self.model.ledgers[account_id]
        seq = pick % len(entries) + 1
        (stored,) = self.balance.entries(account_id, seq, seq)
        assert self.balance.reverse(stored.id, "a mistake").success == self.model.reverse(account_id, entries[seq - 1])

    @rule()
    def reconcile(self) -> None:
        after = self.reconciliation.reconcile()
        self.model.reconcile()
        self.name_refunds()
        assert Counter(
            (finding.kind.value, "" if finding.kind.value == "paid_not_credited" else finding.subject)
            for finding in after.findings
        ) == Counter(self.model.findings())

    @rule(pick=picks)
    @precondition(lambda self: self.reconciliation.findings())
    def act(self, pick: int) -> None:
        finding = self.pick_from(self.reconciliation.findings(), pick)
        with self.meeting("fine"):
            self.reconciliation.act(finding.id)
        self.model.act(finding.kind.value, finding.subject)

    # What happens at Stripe

    @rule(pick=picks, promotion=st.sampled_from(["", "", *PROMOTIONS]), card=st.sampled_from(list(CARDS)))
    @precondition(lambda self: self.at_stripe("open"))
    def pay(self, pick: int, promotion: str, card: str) -> None:
        order = self.pick_from(self.at_stripe("open"), pick)
        self.pay_order(order, card, promotion if order.is_initial else "")

    def pay_order(self, order: Order, card: str, promotion: str = "") -> None:
        """A customer pays, where the promotion leaves something that can be charged, or nothing."""
        if not self.model.pay(order, PROMOTIONS[promotion]):
            return
        self.sandbox.pay(self.session_id(order), card, promotion_code=promotion)
        if CARDS[card] and order.paid_at_stripe:
            method = self.sandbox.payments[-1].payment_method_id
            self.model.declining.add(method or "")

    @rule(pick=picks)
    @precondition(lambda self: self.at_stripe("open"))
    def expire_at_stripe(self, pick: int) -> None:
        order = self.pick_from(self.at_stripe("open"), pick)
        self.sandbox.expire(self.session_id(order))
        order.at_stripe = "expired"

    @rule(pick=picks, part=st.sampled_from([1, 2]))
    @precondition(lambda self: self.refundable_at_stripe())
    def refund_in_the_dashboard(self, pick: int, part: int) -> None:
        order = self.pick_from(self.refundable_at_stripe(), pick)
        amount = max(1, order.left_at_stripe // part)
        refund_id = self.sandbox.refund(self.session_id(order), amount)
        order.refunds.append(Refund(amount, "unknown", "made", self.model.now, stripe_id=refund_id))

    @rule(pick=picks)
    @precondition(lambda self: self.made_refunds())
    def return_a_refund(self, pick: int) -> None:
        refund = self.pick_from(self.made_refunds(), pick)
        self.sandbox.fail_refund(refund.stripe_id)
        refund.at_stripe = "returned"

    @rule(pick=picks)
    @precondition(lambda self: self.accounts_with_cards())
    def decline_card(self, pick: int) -> None:
        saved = self.charges.last_card(self.pick_from(self.accounts_with_cards(), pick))
        assert saved is not None
        self.sandbox.decline_card(saved.card.payment_method_id, "insufficient_funds")
        self.model.declining.add(saved.card.payment_method_id)

    @rule(seconds=st.sampled_from([180, 180, 3600, 3600, 13 * 3600, 22 * 3600, 8 * 24 * 3600]))
    @precondition(lambda self: self.model.now < LONGEST_SECONDS)
    def advance(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)
        self.model.advance(seconds)

    # After every step

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
