"""An account, or everything, is verified from the Balances screen: with progress, until escape, and remembered."""

from functools import cached_property
from threading import Event

from services.balance import BalanceService
from services.domain.verification import AccountVerification
from services.runtime import Runtime
from services.seals import SealService
from services.stores.verification import Progress, VerificationStore
from services.verification import VerificationService
from tests.tui.desks import StillApp, app_on, screen_text, settle
from tests.tui.ledgers import PATIENCE, new_account, open_balances
from tui.desk import Desk
from tui.screens.balances import BalancesScreen


def tamper(runtime: Runtime, statement: str) -> None:
    with runtime.database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER IF EXISTS transactions_refuse_update")
        assert connection.exec_driver_sql(statement).rowcount == 1


async def test_an_account_is_verified_and_it_is_remembered_for_the_session(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    new_account(runtime, "ben@example.com", entries=1)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("V")
        await settle(pilot)
        assert "1,000 entries · ✓ verified 14:03" in screen_text(app)
        assert "1,000 entries add up." in screen_text(app)
        await open_balances(pilot, "ben")
        assert "verified 14:03" not in screen_text(app)
        await pilot.press("V")
        await settle(pilot)
        assert "1 entry adds up." in screen_text(app)
        assert "1 entry · ✓ verified 14:03" in screen_text(app)
        await open_balances(pilot, "maria")
        assert "1,000 entries · ✓ verified 14:03" in screen_text(app)


async def test_what_is_sealed_is_verified_with_it(runtime: Runtime) -> None:
    account = new_account(runtime, entries=1_000)
    SealService.over(runtime).seal(account.id)
    assert BalanceService.over(runtime).deduct(account.id, 7, "not sealed").success
    app = app_on(runtime)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("V")
        await settle(pilot)
        assert "1,001 entries add up; 1,000 sealed and unchanged." in screen_text(app)


async def test_the_first_wrong_entry_is_named_and_gone_to_whatever_is_filtered(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    tamper(runtime, "UPDATE transactions SET amount_cents = amount_cents - 1 WHERE seq = 432")
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await pilot.press("f")
        screen.filter_line.field.value = "kind:top_up"
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("V")
        await settle(pilot)
        assert "Not everything adds up" in screen_text(app)
        assert "✗ Entry 432 does not add up: it leaves" in screen_text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert "✗ entry 432 is wrong" in screen_text(app)
        assert (screen.ledger.cursor, screen.filter_line.field.value) == (432, "")


async def test_everything_is_verified_too_and_what_is_wrong_elsewhere_is_told(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    new_account(runtime, "ben@example.com", entries=10)
    app = app_on(runtime)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await open_balances(pilot)
        await pilot.press("W")
        await settle(pilot)
        assert "Everything is verified" in screen_text(app)
        assert "1,010 entries" in screen_text(app)
        tamper(runtime, "UPDATE transactions SET balance_after_cents = 0 WHERE account_id = 2 AND seq = 5")
        await open_balances(pilot, "maria")
        await pilot.press("V")
        await settle(pilot)
        assert "1,000 entries add up." in screen_text(app), "The account alone was verified."
        await pilot.press("W")
        await settle(pilot)
        assert "Not everything adds up" in screen_text(app)
        assert "✗ Entry 1005 leaves account 2 at $0.00" in screen_text(app)


class HeldVerification(VerificationService):
    """Verifies in steps of ten entries, the second of which waits for its gate."""

    gate: Event
    told: list[int]

    def verify_account(
        self, account_id: int, kept: object = (), progress: Progress | None = None
    ) -> AccountVerification:
        def held(done: int, of: int) -> None:
            self.told.append(done)
            assert progress is not None
            progress(done, of)
            if done == 20:
                self.gate.wait(PATIENCE)

        return super().verify_account(account_id, progress=held)


class HeldDesk(Desk):
    """The desk with such a verification."""

    @cached_property
    def verification(self) -> HeldVerification:
        runtime = self.runtime
        held = HeldVerification(runtime.database, VerificationStore(), SealService.over(runtime), entries_at_once=10)
        held.gate, held.told = Event(), []
        return held


async def test_it_shows_how_far_it_is_and_escape_stops_it(runtime: Runtime) -> None:
    new_account(runtime, entries=100)
    desk = HeldDesk(lambda: runtime)
    app = StillApp(desk, clock=runtime.clock, reconcile_seconds=None)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await pilot.press("V")
        while "verifying, 20 %, escape stops" not in screen_text(app):
            await pilot.pause()
        await pilot.press("j")
        assert screen.ledger.cursor == 99, "The screen is live meanwhile."
        await pilot.press("escape")
        await pilot.pause()
        assert "verifying" not in screen_text(app)
        desk.verification.gate.set()
        await settle(pilot)
        assert desk.verification.told == [10, 20, 30], "It ended at the next step."
        assert isinstance(app.screen, BalancesScreen)
        assert "verified" not in screen_text(app)
        await pilot.press("V")
        await settle(pilot)
        assert "✓ verified 14:03" in screen_text(app)
