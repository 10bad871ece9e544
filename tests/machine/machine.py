"""Everything that can happen to a desk, at random: after each step its rows prove themselves and agree with a model."""

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from services.charges import ChargeOutcome
from services.errors import Conflict
from tests.machine.desk import ModelledDesk
from tests.machine.things import Code, Order, Refund

PROMOTIONS = {"": 0, "TAKE20": 20, "ONTHEHOUSE": 100}
CARDS = {"4242424242424242": False, "4000002760003184": True}
"""Cards, and whether the bank wants to see the customer each time, so that a charge in their absence is declined."""
LONGEST_SECONDS = 150 * 24 * 3600
"""How far a run's clock goes: within this, no payment is too old to be looked at."""

picks = st.integers(0, 99)
first_fates = st.sampled_from(["fine", "fine", "fine", "lost", "silent", "refused", "denied", "lie"])
later_fates = st.sampled_from(["fine", "fine", "fine", "lost", "silent", "denied", "lie"])


class Machine(ModelledDesk):
    """What people do at the desk, and what happens at Stripe. `pick` chooses one of the things that there are."""

    def __init__(self, template: Path, happened: Counter[str]) -> None:
        super().__init__(template, happened)
        self.create_account()
        self.create_code((1000, 0), 2)

    def teardown(self) -> None:
        """Whatever happened: an hour later one reconciliation leaves nothing whose outcome is not known."""
        try:
            self.agree()
            self.advance(3600)
            self.reconcile()
            self.agree()
            assert self.orders_that("created") == []
            assert self.refunds.unfinished() == []
        finally:
            super().teardown()

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
