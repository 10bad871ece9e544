"""Reading a ledger on the screen: going to a place, as of a moment, statements, exports, proofs and explanations."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from threading import Semaphore

from services.accounts import AccountService
from services.balance import BalanceService
from services.domain.ledger_export import ExportPiece
from services.history import ExportFormat, HistoryService, parse_filter
from services.runtime import Runtime
from services.stores.history import HistoryStore
from tests.services.test_explanations import paid_order
from tests.tui.desks import StillApp, app_on, screen_text, settle
from tests.tui.ledgers import PATIENCE, new_account, open_balances, shown_seqs
from tui.desk import Desk
from tui.dialogs.export import ExportDialog
from tui.dialogs.jump import JumpDialog
from tui.screens.balances import BalancesScreen
from tui.screens.balances_entry import EntryDialog
from tui.widgets.line_input import LineInput


async def test_a_place_is_a_number_or_a_day(runtime: Runtime) -> None:
    new_account(runtime, entries=3_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        first_of_day = HistoryService.over(runtime).tally(1, parse_filter("2026-11-22")).first_seq
        for text, seq in (("1,234", 1_234), ("2026-11-22", first_of_day), ("999999", 3_000), ("2026-11-21 00:00", 1)):
            await pilot.press("colon")
            app.screen.query_one(LineInput).value = text
            await pilot.press("enter")
            await settle(pilot)
            assert (text, screen.ledger.cursor) == (text, seq)
            assert seq in shown_seqs(screen.ledger)
        await pilot.press("ctrl+g", *"soon", "enter")
        await settle(pilot)
        assert isinstance(app.screen, JumpDialog)
        assert "✗ A place is a number like 8812" in screen_text(app)


async def test_as_of_a_moment_balance_and_ledger_are_those_of_then_and_nothing_is_posted(runtime: Runtime) -> None:
    new_account(runtime, entries=3_000)
    app = app_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_balances(pilot, "maria")
        then = HistoryService.over(runtime).tally(1, parse_filter("..2026-11-22"))
        await pilot.press("a")
        app.screen.query_one(LineInput).value = "2026-11-22"
        await pilot.press("enter")
        await settle(pilot)
        shown = screen_text(app)
        assert "Ledger as of 22 Nov 2026 23:59:59 UTC" in shown
        assert f"Balance as of 22 Nov 2026 23:59:59 UTC  ${then.amount_cents / 100:.2f}" in shown
        assert screen.ledger.newest == then.last_seq
        await pilot.press("c", "d", "v")
        assert isinstance(app.screen, BalancesScreen)
        await pilot.press("escape")
        await settle(pilot)
        assert screen.ledger.newest == 3_000
        assert "as of 22 Nov" not in screen_text(app)


async def test_a_statement_adds_up_and_leads_to_its_entries(runtime: Runtime) -> None:
    new_account(runtime, entries=3_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await pilot.press("s")
        await settle(pilot)
        app.screen.query_one(LineInput).value = "2026-11-22"
        await pilot.press("enter")
        await settle(pilot)
        shown = [line.split() for line in screen_text(app).splitlines()]
        totals = {
            line[2]: line for line in shown if len(line) > 4 and line[2] in ("opening", "top-up", "usage", "closing")
        }
        assert list(totals) == ["opening", "top-up", "usage", "closing"]
        assert totals["closing"][3] == "1,440"
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert screen.filter_line.field.value == "2026-11-22"
        assert "of the 1,440 shown" in screen_text(app)


async def test_an_export_has_exactly_what_the_filter_shows_and_replaces_no_file(
    runtime: Runtime, tmp_path: Path
) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    path = tmp_path / "ledger.csv"
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_balances(pilot, "maria")
        await pilot.press("f")
        screen.filter_line.field.value = "kind:top_up"
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("e")
        app.screen.query_one(LineInput).value = str(path)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        assert "Wrote 10 entries as of number" in screen_text(app)
        pieces = HistoryService.over(runtime).export(1, parse_filter("kind:top_up"), ExportFormat.CSV)
        assert path.read_bytes() == b"".join(piece.data for piece in pieces)
        await pilot.press("e")
        app.screen.query_one(LineInput).value = str(path)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, ExportDialog)
        assert "exists already" in " ".join(screen_text(app).split())
        assert not list(tmp_path.glob(".*"))


class HeldHistory(HistoryService):
    """Exports pieces of a hundred entries, each of which waits until it is let through."""

    permits: Semaphore
    pieces: int

    def export(self, *args: object, **kwargs: object) -> Iterator[ExportPiece]:
        for piece in super().export(*args, **kwargs):  # type: ignore[arg-type]
            self.permits.acquire(timeout=PATIENCE)
            self.pieces += 1
            yield piece


class HeldDesk(Desk):
    """The desk with such exports."""

    @cached_property
    def history(self) -> HeldHistory:
        history = HeldHistory(self.runtime.database, HistoryStore(), export_read=100)
        history.permits, history.pieces = Semaphore(3), 0
        return history


async def test_an_export_that_is_stopped_midway_leaves_nothing_behind(runtime: Runtime, tmp_path: Path) -> None:
    new_account(runtime, entries=1_000)
    desk = HeldDesk(lambda: runtime)
    app = StillApp(desk, clock=runtime.clock, reconcile_seconds=None)
    folder = tmp_path / "exports"
    folder.mkdir()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("e")
        app.screen.query_one(LineInput).value = str(folder / "ledger.csv")
        await pilot.press("ctrl+s")
        while "20%  200 entries" not in screen_text(app):
            await pilot.pause()
        (part,) = folder.iterdir()
        assert part.stat().st_size > 0, "It was under way,"
        assert part.stat().st_mode & 0o777 == 0o600
        await pilot.press("escape")
        await pilot.pause()
        desk.history.permits.release(100)
        await settle(pilot)
        assert list(folder.iterdir()) == [], "and nothing is left of it."
        assert desk.history.pieces == 4, "It ended at the next piece."
        assert "Stopped; nothing was written." in screen_text(app)
        assert isinstance(app.screen, BalancesScreen)
        await pilot.press("e")
        app.screen.query_one(LineInput).value = str(folder / "ledger.csv")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert [path.name for path in folder.iterdir()] == ["ledger.csv"]


async def test_an_entry_leads_to_the_others_of_its_order_and_to_stripe(runtime: Runtime) -> None:
    account = AccountService.over(runtime).create("maria@example.com")
    paid_order(runtime, account.id)
    balance = BalanceService.over(runtime)
    reversal = balance.reverse(balance.entries(account.id, 1, 1)[0].id, "by mistake")
    assert reversal.success
    app = app_on(runtime)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await open_balances(pilot, "maria")
        await pilot.press("G", "enter")
        await settle(pilot)
        dialog = app.screen
        assert isinstance(dialog, EntryDialog)
        labels = [line.label for line in dialog.lines.reader.lines]
        assert {"Reversed", "Order", "Price", "Code", "Total", "Session", "Payment", "Customer"} <= set(labels)
        dialog.lines.highlighted = labels.index("Payment")
        await pilot.press("y")
        await settle(pilot)
        assert app.clipboard == f"pi_{account.id}"
        line = dialog.lines.line
        assert line is not None
        assert line.stripe is not None
        assert line.stripe.url == f"https://dashboard.stripe.com/test/payments/pi_{account.id}"
        dialog.lines.highlighted = labels.index("Reversed")
        await pilot.press("enter")
        await settle(pilot)
        labels = [line.label for line in dialog.lines.reader.lines]
        assert "Reverses" in labels, "Both lead to each other."
        assert "Audit" in labels
        await pilot.press("escape")
        await settle(pilot)
        assert screen.ledger.cursor == 2
