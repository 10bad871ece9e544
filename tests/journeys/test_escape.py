"""Escape leads back from whatever a key opens, on every screen, and changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.screen import ModalScreen

from services.audit import AuditFilter, AuditService
from services.demo import DemoClock, open_demo
from services.runtime import Runtime
from services.sandbox import Sandbox
from tests.proof import assert_verified
from tests.tui.desks import app_on, settle
from tests.tui.ledgers import open_balances

LEAVE = {"q", "ctrl+q", "ctrl+c"}
BROWSE = {"o"}
"""Keys that open a browser."""
GO = {"1", "2", "3", "4", "5", "6", "f2", "f3", "f4", "f5", "f6"}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Runtime]:
    """The desk of the demo, which has something of everything."""
    clock = DemoClock()
    with Sandbox(clock=clock) as sandbox:
        runtime = open_demo(tmp_path, sandbox, clock, entries=300)
        yield runtime
        runtime.database.close()


@pytest.mark.parametrize(("place", "dialogs"), [("2", 4), ("3", 8), ("4", 13), ("5", 6), ("6", 4)])
async def test_escape_closes_every_dialog_that_a_key_opens(demo: Runtime, place: str, dialogs: int) -> None:
    audited = AuditService.over(demo).find(AuditFilter(), limit=1000)
    app = app_on(demo)
    opened = []
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press(place)
        await settle(pilot)
        screen = app.screen
        for key in sorted(set(screen.active_bindings) - LEAVE - BROWSE - GO):
            await pilot.press(key)
            await settle(pilot)
            if isinstance(app.screen, ModalScreen):
                opened.append(key)
                await pilot.press("escape")
            elif app.screen is not screen:
                await pilot.press(place)
            await settle(pilot)
            assert app.screen is screen, f"Escape did not lead back from what {key} opened."
            await pilot.press("escape", "escape")
            await settle(pilot)
    assert len(opened) >= dialogs, opened
    assert AuditService.over(demo).find(AuditFilter(), limit=1000) == audited
    assert_verified(demo)
