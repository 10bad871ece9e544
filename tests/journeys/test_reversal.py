"""Support takes an entry of the ledger back: once, with a reason, and with both entries leading to each other."""

from functools import cached_property

import pytest
import sqlalchemy as sa
from textual.pilot import Pilot
from textual.widgets import Button

from services.accounts import AccountService
from services.balance import BalanceResult, BalanceService, TransactionKind
from services.domain.checkout import Order, OrderStatus
from services.errors import OutcomeUnknown
from services.models.tables import audit_log
from services.payments import PaymentService
from services.refunds import RefundService
from services.runtime import Runtime
from services.sandbox import Sandbox
from tests.ledger import proven_ledger
from tests.proof import assert_verified
from tests.tui.desks import app_on, hold, screen_text, settle, type_text
from tests.tui.ledgers import new_account, open_balances
from tui.app import PaydeskApp
from tui.desk import Desk
from tui.dialogs.reversal import Reversal
from tui.screens.balances import BalancesScreen
from tui.widgets.field import Field


def ledger_of_three(runtime: Runtime) -> int:
    """An account with a credit, a usage that was a mistake, and another credit."""
    account, balance = new_account(runtime), BalanceService.over(runtime)
    balance.add_credits(account.id, 1_000, "welcome")
    balance.deduct(account.id, 300, "SMS to +44 7700 900123")
    balance.add_credits(account.id, 50, "goodwill")
    return account.id


async def open_reversal(pilot: Pilot[None], seq: int) -> Reversal:
    """Choose an entry of the account that is open, and press the key."""
    screen = pilot.app.screen
    assert isinstance(screen, BalancesScreen)
    screen.ledger.cursor = seq
    await pilot.press("v")
    await settle(pilot)
    dialog = pilot.app.screen
    assert isinstance(dialog, Reversal)
    return dialog


async def give_reason(pilot: Pilot[None], reason: str) -> None:
    """Go to the field from Cancel, where the dialog starts, and type."""
    assert isinstance(pilot.app.focused, Button)
    assert pilot.app.focused.id == "cancel"
    await pilot.press("shift+tab")
    await type_text(pilot, reason)


async def test_an_entry_is_reversed_and_both_entries_lead_to_each_other(runtime: Runtime) -> None:
    account_id = ledger_of_three(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_balances(pilot, "maria")
        await open_reversal(pilot, 2)
        shown = screen_text(app)
        assert "Reverse entry 2 · account 1" in shown
        assert "−$3.00, taken back by +$3.00" in shown
        assert "$7.50 → $10.50" in shown
        await give_reason(pilot, "sent twice")
        await hold(pilot, "ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
        assert isinstance(app.screen, BalancesScreen)
        assert "Balance  $10.50" in shown
        assert "Reversed  by entry 4 +$3.00" in shown, "The entry that is selected tells at once."
        assert f"Reversal of entry {proven_ledger(runtime.database, account_id)[1].seq}:" in shown
        await pilot.press("home", "enter")
        await settle(pilot)
        assert "Reverses  entry 2 −$3.00" in screen_text(app)
    *_, reversed_entry, _, reversal_row = proven_ledger(runtime.database, account_id)
    assert (reversal_row.kind, reversal_row.amount_cents) == (TransactionKind.REVERSAL.value, 300)
    assert reversal_row.reverses_id == reversed_entry.id
    with runtime.database.read() as connection:
        audited = connection.execute(sa.select(audit_log).where(audit_log.c.action == "reverse")).one()
    assert (audited.actor, audited.reason) == ("anna", f"Reversal of entry {reversed_entry.seq}: sent twice")
    assert_verified(runtime)


async def test_keys_that_are_held_reverse_nothing(runtime: Runtime) -> None:
    account_id = ledger_of_three(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await open_reversal(pilot, 2)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen), "It starts on Cancel."
        await open_reversal(pilot, 2)
        await give_reason(pilot, "held")
        await hold(pilot, "enter")
        await settle(pilot)
        assert isinstance(app.screen, Reversal)
        assert app.screen.query_one(Field).text == "held"
    assert len(proven_ledger(runtime.database, account_id)) == 3


async def test_a_reversal_needs_a_reason(runtime: Runtime) -> None:
    account_id = ledger_of_three(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        dialog = await open_reversal(pilot, 1)
        assert "$7.50 → −$2.50   below zero" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✗ The reason must not be empty." in screen_text(app)
        assert dialog.query_one(Field).control.has_focus
    assert len(proven_ledger(runtime.database, account_id)) == 3


async def test_what_somebody_else_reversed_meanwhile_is_said_and_the_reason_kept(runtime: Runtime) -> None:
    account_id = ledger_of_three(runtime)
    balance = BalanceService.over(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        dialog = await open_reversal(pilot, 2)
        assert balance.reverse(dialog.entry.id, "I was first").success
        await give_reason(pilot, "and I second")
        await pilot.press("ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
        assert "✗ This entry is reversed already, by entry" in shown
        assert "and I second" in shown
    assert len(proven_ledger(runtime.database, account_id)) == 4
    assert_verified(runtime)


@pytest.mark.parametrize(
    ("seq", "sentence"), [(2, "is reversed already, by entry"), (4, "is a reversal, which cannot be reversed.")]
)
async def test_what_cannot_be_reversed_is_said_before_a_reason_is_asked_for(
    runtime: Runtime, seq: int, sentence: str
) -> None:
    account_id = ledger_of_three(runtime)
    balance = BalanceService.over(runtime)
    assert balance.reverse(balance.entries(account_id, 2, 2)[0].id, "sent twice").success
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        dialog = await open_reversal(pilot, seq)
        assert sentence in screen_text(app)
        assert "→" not in screen_text(app)
        assert dialog.query_one("#confirm").disabled
        await pilot.press("ctrl+s", "ctrl+s")
        await settle(pilot)
        assert sentence in screen_text(app)
    assert len(proven_ledger(runtime.database, account_id)) == 4


class LosingBalance(BalanceService):
    """Balances on a database whose answer to the first reversal is lost, though it was committed."""

    lost = 0

    def reverse(self, transaction_id: int, reason: str, *, idempotency_key: str | None = None) -> BalanceResult:
        result = super().reverse(transaction_id, reason, idempotency_key=idempotency_key)
        if not self.lost:
            self.lost += 1
            raise OutcomeUnknown("The database went away at the commit.")
        return result


class LosingDesk(Desk):
    """The desk over such a database."""

    @cached_property
    def balance(self) -> LosingBalance:
        return LosingBalance.over(self.runtime)


async def test_an_unknown_outcome_is_said_and_confirmed_by_the_same_key(runtime: Runtime) -> None:
    account_id = ledger_of_three(runtime)
    desk = LosingDesk(lambda: runtime)
    app = PaydeskApp(desk, clock=runtime.clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await open_reversal(pilot, 2)
        await give_reason(pilot, "sent twice")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "Outcome unknown. The database went away at the commit." in " ".join(screen_text(app).split())
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        assert "Balance  $10.50" in screen_text(app)
    assert desk.balance.lost == 1
    assert len(proven_ledger(runtime.database, account_id)) == 4
    assert_verified(runtime)


@pytest.fixture
async def paid(paying_runtime: Runtime, sandbox: Sandbox) -> Order:
    """A top-up of $25.00 that maria paid with a card."""
    payments = PaymentService.over(paying_runtime)
    account = AccountService.over(paying_runtime).create("maria@example.com")
    created = await payments.create_topup_checkout(account.id, 2_500)
    assert created.transaction_id is not None
    assert created.order_id is not None
    sandbox.pay(created.transaction_id)
    order = await payments.refresh_order(created.order_id)
    assert order.status is OrderStatus.PAID
    return order


async def test_the_credit_of_a_refunded_order_stays_and_its_refund_is_explained(
    paying_runtime: Runtime, paid: Order
) -> None:
    refund = RefundService.over(paying_runtime).refund(paid.id, 500, "goodwill").refund
    assert refund is not None
    assert refund.stripe_refund_id is not None
    app = app_on(paying_runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await open_reversal(pilot, 1)
        said = " ".join(screen_text(app).replace("│", " ").split())
        assert "Order 1 was refunded in part; a reversal of its credit would take that back twice." in said
        await pilot.press("escape", "home", "enter")
        await settle(pilot)
        shown = screen_text(app)
        for fact in ("Refund    1 done · $5.00 to the card", refund.stripe_refund_id, "paid $25.00, refunded $5.00"):
            assert fact in shown
    assert_verified(paying_runtime)


async def test_the_saved_card_stands_beside_its_customer(paying_runtime: Runtime, paid: Order) -> None:
    app = app_on(paying_runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        assert f"{paid.stripe_customer_id} (test) · visa •••• 4242 exp 12/34" in screen_text(app)
        await pilot.resize_terminal(120, 40)
        await settle(pilot)
        assert "visa •••• 4242 exp 12/34 · since 23 Nov 2026" in screen_text(app)
        await pilot.resize_terminal(60, 20)
        await settle(pilot)
        assert "visa •••• 4242 exp 12/34" in screen_text(app)
