"""An export that somebody stops on its way: of the file, and of the one beside it, nothing is left."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from threading import Event

import pytest
from textual.widgets import Button

from services.history import ExportPiece, HistoryService
from services.runtime import Runtime
from tests.tui.desks import StillApp, app_on, screen_text, settle
from tests.tui.ledgers import PATIENCE, new_account, open_balances
from tests.tui.terminal import Terminal
from tui.desk import Desk
from tui.dialogs.export import ExportDialog
from tui.screens.balances import BalancesScreen
from tui.widgets.line_input import LineInput

PIECE = 10_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(("file", "pieces"), [("ledger.csv", 0), ("ledger.csv", 9), ("ledger.jsonl", 4)])
def test_on_the_command_line_ctrl_c_leaves_nothing_and_ends_with_1(
    file: str, pieces: int, folder: Path, runtime: Runtime, sqlite_url: str
) -> None:
    new_account(runtime, entries=40 * PIECE)
    export = [sys.executable, "-m", "tui", "ledger", "export", str(folder / file), "--account", "1"]
    with Terminal(export, {"DATABASE_URL": sqlite_url}) as terminal:
        terminal.read_until(f"\r{pieces * PIECE:,} of 400,000 entries looked at".encode())
        (part,) = folder.iterdir()
        assert part.name.startswith(".paydesk-")
        terminal.send(signal.SIGINT)
        terminal.read_until(b"Stopped; nothing was written.")
        assert terminal.end() == 1
    assert list(folder.iterdir()) == []


class HeldHistory(HistoryService):
    """Writes the first pieces of an export, and waits."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, export_read=100, **options)  # type: ignore[arg-type]
        self.held, self.gate = Event(), Event()

    def export(self, *arguments: object, **options: object) -> Iterator[ExportPiece]:
        for number, piece in enumerate(super().export(*arguments, **options)):  # type: ignore[arg-type]
            if number == 3:
                self.held.set()
                self.gate.wait(PATIENCE)
            yield piece


class HeldDesk(Desk):
    """A desk whose exports wait on their way."""

    @cached_property
    def history(self) -> HeldHistory:
        return HeldHistory.over(self.runtime)


@pytest.mark.parametrize("stop", ["escape", "cancel"])
async def test_before_it_begins_the_dialog_is_just_closed(stop: str, folder: Path, runtime: Runtime) -> None:
    new_account(runtime, entries=10)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("e")
        app.screen.query_one(LineInput).value = str(folder / "ledger.csv")
        if stop == "escape":
            await pilot.press("escape")
        else:
            await pilot.click("#cancel")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("stop", ["escape", "cancel"])
async def test_on_the_screen_it_is_stopped_and_nothing_is_left(stop: str, folder: Path, runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    desk = HeldDesk(lambda: runtime)
    app = StillApp(desk, clock=runtime.clock, reconcile_seconds=None)
    app.animation_level = "none"
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("e")
        app.screen.query_one(LineInput).value = str(folder / "ledger.csv")
        await pilot.press("ctrl+s")
        assert await asyncio.to_thread(desk.history.held.wait, PATIENCE)
        await pilot.pause()
        assert isinstance(app.screen, ExportDialog)
        assert "200 entries" in screen_text(app)
        (part,) = folder.iterdir()
        assert part.name.startswith(".paydesk-")
        if stop == "escape":
            await pilot.press("escape")
        else:
            app.screen.query_one("#cancel", Button).press()
            await pilot.pause()
        desk.history.gate.set()
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        assert "Stopped; nothing was written." in screen_text(app)
        assert list(folder.iterdir()) == []
