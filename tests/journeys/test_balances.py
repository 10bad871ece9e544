"""Support looks an account up, reads its ledger and corrects a mistake."""

from functools import cached_property

import sqlalchemy as sa
from textual.pilot import Pilot

from services.accounts import AccountService
from services.balance import BalanceResult, BalanceService, TransactionKind
from services.errors import OutcomeUnknown
from services.models.tables import audit_log
from services.runtime import Runtime
from tests.ledger import proven_ledger
from tests.tui.desks import app_on, hold, screen_text, settle, type_text
from tests.tui.ledgers import new_account, open_balances
from tui.app import PaydeskApp
from tui.desk import Desk
from tui.dialogs.adjustment import Adjustment
from tui.screens.balances import BalancesScreen
from tui.widgets.field import Field

HOSTILE = "[/] [@click=app.quit]x[/] \x1b[2J"
SHOWN = "[/] [@click=app.quit]x[/] ␛[2J"


async def fill_in(pilot: Pilot[None], amount: str, reason: str) -> None:
    """Fill in both fields of the form that opens, as a person does who waits to see it."""
    await settle(pilot)
    await type_text(pilot, amount)
    await pilot.press("enter")
    await type_text(pilot, reason)
    await settle(pilot)


async def test_credit_is_added_by_keys_and_screen_and_database_agree(runtime: Runtime) -> None:
    account = new_account(runtime)
    BalanceService.over(runtime).add_credits(account.id, 100, "welcome")
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "mar")
        assert "maria@example.com" in screen_text(app)
        await pilot.press("c")
        await fill_in(pilot, "10.00", "goodwill")
        assert "$1.00 → $11.00" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
        await pilot.press("enter")
        await settle(pilot)
        assert "balance $1.00 → $11.00; seq 2" in screen_text(app)
    assert "Balance  $11.00" in shown
    assert "2 entries" in shown
    newest = next(line for line in shown.splitlines() if "adjustment goodwill" in line)
    assert newest.split()[-3:-1] == ["+$10.00", "$11.00"]
    first, last = proven_ledger(runtime.database, account.id)
    assert (first.amount_cents, last.amount_cents, last.balance_after_cents) == (100, 1_000, 1_100)
    assert (last.kind, last.description, last.actor) == ("adjustment", "goodwill", "anna")
    assert last.idempotency_key


async def test_a_deduction_below_zero_says_so_and_is_audited(runtime: Runtime) -> None:
    account = new_account(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "1")
        await pilot.press("d")
        await fill_in(pilot, "2.5", "charged by mistake")
        assert "$0.00 → −$2.50   below zero" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "below zero  −$2.50" in screen_text(app)
    (row,) = proven_ledger(runtime.database, account.id)
    assert (row.kind, row.amount_cents) == (TransactionKind.ADJUSTMENT.value, -250)
    with runtime.database.read() as connection:
        audited = connection.execute(sa.select(audit_log)).one()
    assert (audited.actor, audited.action, audited.reason) == ("anna", "adjust", "charged by mistake")


async def test_a_bad_amount_stays_in_its_field_with_the_error_beside_it(runtime: Runtime) -> None:
    account = new_account(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("c")
        for amount, error in (
            ("1_000", "An amount is written like 12 or 12.34"),
            ("-5", "An amount is more than 0.00, and has no sign."),
            ("0", "An amount is more than 0.00"),
            ("", "An amount is written like"),
        ):
            field = app.screen.query(Field).first()
            await pilot.press("end", "ctrl+u")
            await fill_in(pilot, amount, "")
            await pilot.press("ctrl+s")
            await settle(pilot)
            lines = screen_text(app).splitlines()
            at = next(index for index, line in enumerate(lines) if "│  Amount" in line)
            assert amount in lines[at]
            assert error in lines[at + 1]
            assert field.control.has_focus
        await fill_in(pilot, "10", "")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert app.screen.query(Field).first().text == "10"
        assert "✗ The reason must not be empty." in screen_text(app)
        assert isinstance(app.screen, Adjustment)
        assert app.screen.query(Field)[1].control.has_focus
    assert proven_ledger(runtime.database, account.id) == []


async def test_keys_that_are_held_post_once(runtime: Runtime) -> None:
    account = new_account(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("c")
        await fill_in(pilot, "10", "once")
        await hold(pilot, "ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        await pilot.press("c")
        await fill_in(pilot, "5", "once more")
        await pilot.press("tab", "tab")
        assert app.focused is not None
        assert app.focused.id == "confirm"
        await pilot.press("enter", "enter")
        await settle(pilot)
    assert [row.amount_cents for row in proven_ledger(runtime.database, account.id)] == [1_000, 500]


async def test_enter_that_is_held_in_the_form_posts_nothing(runtime: Runtime) -> None:
    account = new_account(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("c")
        await fill_in(pilot, "10", "held")
        await hold(pilot, "enter")
        await settle(pilot)
        assert "held" in screen_text(app), "What was typed is still there."
    assert proven_ledger(runtime.database, account.id) == []


class LosingBalance(BalanceService):
    """Balances on a database whose answer to the first commit is lost, though it was committed."""

    lost = False

    def add_credits(self, *args: object, **kwargs: object) -> BalanceResult:
        result = super().add_credits(*args, **kwargs)  # type: ignore[arg-type]
        if not self.lost:
            self.lost = True
            raise OutcomeUnknown("The database went away at the commit.")
        return result


class LosingDesk(Desk):
    """The desk over such a database."""

    @cached_property
    def balance(self) -> LosingBalance:
        return LosingBalance.over(self.runtime)


async def test_an_unknown_outcome_is_said_and_trying_again_posts_nothing_twice(runtime: Runtime) -> None:
    account = new_account(runtime)
    app = PaydeskApp(LosingDesk(lambda: runtime), clock=runtime.clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("c")
        await fill_in(pilot, "10", "lost")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, Adjustment)
        assert "Outcome unknown. The database went away at the commit." in " ".join(screen_text(app).split())
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        assert "Balance  $10.00" in screen_text(app)
    assert len(proven_ledger(runtime.database, account.id)) == 1


class RefusingBalance(BalanceService):
    """Balances of accounts that are closed."""

    def add_credits(self, *_args: object, **_kwargs: object) -> BalanceResult:
        return BalanceResult(False, 0, error="There is no account 1.")


class RefusingDesk(Desk):
    """The desk over them."""

    @cached_property
    def balance(self) -> RefusingBalance:
        return RefusingBalance.over(self.runtime)


async def test_what_the_service_refuses_is_said_and_nothing_typed_is_lost(runtime: Runtime) -> None:
    new_account(runtime)
    app = PaydeskApp(RefusingDesk(lambda: runtime), clock=runtime.clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("c")
        await fill_in(pilot, "10", "into the void")
        await pilot.press("ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
    assert "✗ There is no account 1." in shown
    assert "into the void" in shown
    assert "Reason" in shown


async def test_a_hostile_reason_is_shown_letter_for_letter_everywhere(runtime: Runtime) -> None:
    account = new_account(runtime)
    assert BalanceService.over(runtime).add_credits(account.id, 100, HOSTILE).success
    app = app_on(runtime)
    async with app.run_test(size=(140, 40), notifications=True) as pilot:
        await open_balances(pilot, "maria")
        assert screen_text(app).count(SHOWN) == 1, "The ledger."
        assert screen_text(app).count(SHOWN[:25]) == 2, "The entry beside it, on two lines."
        await pilot.press("y")
        await settle(pilot)
        assert screen_text(app).count(SHOWN[:25]) == 3, "And the notice of what was copied."
        app.clear_notifications()
        await pilot.press("enter")
        await settle(pilot)
        assert SHOWN in screen_text(app)
        await pilot.press("escape", "c")
        await type_text(pilot, "1")
        await pilot.press("enter")
        await pilot.press(
            *("left_square_bracket", "slash", "right_square_bracket", "left_square_bracket", "at", "c", "l", "i", "c"),
            *("k", "equals_sign", "a", "p", "p", "full_stop", "q", "u", "i", "t", "right_square_bracket", "x"),
        )
        await pilot.press("ctrl+s")
        await settle(pilot)
        # in the ledger, in the entry and its audit, and in the notice
        assert screen_text(app).count("[/][@click=app.quit]x") == 4
        await pilot.click("EntryFacts", offset=(20, 6))
        await pilot.click("#ledger", offset=(45, 1))
        await settle(pilot)
        assert app.is_running
        assert isinstance(app.screen, BalancesScreen)


async def test_an_account_is_made_from_the_finder_and_opened(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot)
        assert "Press / to find an account, n to create one." in screen_text(app)
        await pilot.press("slash")
        await type_text(pilot, "New@Example.com")
        await settle(pilot)
        assert "No account matches." in screen_text(app)
        await pilot.press("ctrl+n")
        await settle(pilot)
        assert "New@Example.com" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
        assert "new@example.com" in shown
        assert "No entries yet:" in shown
        await pilot.press("n")
        await type_text(pilot, "new@example.com")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✗ There is already an account with the e-mail" in screen_text(app)
    assert AccountService.over(runtime).get_by_email("new@example.com") is not None
