"""Reads and writes: which answers arrive, who is told, and what happens to errors and to the app that is left."""

from threading import Event
from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from services.errors import InvalidInput, OutcomeUnknown, PaydeskError
from services.runtime import Runtime
from tests.tui.desks import app_on, screen_text, settle
from tui.desk import Desk
from tui.dialogs.dialog import FormDialog
from tui.dialogs.leaving import LeavingDialog
from tui.messages import BalanceChanged, Fact, PricingChanged
from tui.screens.desk_screen import DeskScreen

SECONDS = 10


class Probe(DeskScreen):
    """Notes what it is told."""

    MODE: ClassVar[str] = "pricing"
    CONCERNS: ClassVar[tuple[type[Fact], ...]] = (BalanceChanged,)

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[object] = []
        self.reloads = 0

    def compose_body(self) -> ComposeResult:
        """Something to see."""
        yield Static(Content("probe"))

    def reload(self) -> None:
        """Count."""
        self.reloads += 1


async def test_an_older_answer_never_overtakes_a_newer_one(runtime: Runtime) -> None:
    app, probe, released = app_on(runtime), Probe(), Event()

    def slow(_desk: Desk) -> str:
        assert released.wait(SECONDS)
        return "old"

    async with app.run_test() as pilot:
        await app.push_screen(probe)
        app.calls.read(probe, "page", slow, probe.answers.append)
        app.calls.read(probe, "page", lambda _desk: "new", probe.answers.append)
        while not probe.answers:
            await pilot.pause()
        released.set()
        await settle(pilot)
        assert probe.answers == ["new"]


async def test_reads_of_other_names_do_not_disturb_each_other(runtime: Runtime) -> None:
    app, probe = app_on(runtime), Probe()
    async with app.run_test() as pilot:
        await app.push_screen(probe)
        for name in ("a", "b"):
            app.calls.read(probe, name, lambda _desk, name=name: name, probe.answers.append)
        await settle(pilot)
        assert sorted(map(str, probe.answers)) == ["a", "b"]


async def test_a_coroutine_is_run_in_the_thread(runtime: Runtime) -> None:
    app, probe = app_on(runtime), Probe()

    async def call(_desk: Desk) -> int:
        return 42

    async with app.run_test() as pilot:
        await app.push_screen(probe)
        app.calls.read(probe, "page", call, probe.answers.append)
        await settle(pilot)
        assert probe.answers == [42]


async def test_the_answer_for_a_screen_that_closed_is_dropped(runtime: Runtime) -> None:
    app, probe, released = app_on(runtime), Probe(), Event()
    async with app.run_test() as pilot:
        await app.push_screen(probe)
        app.calls.read(probe, "page", lambda _desk: released.wait(SECONDS), probe.answers.append)
        await pilot.pause()
        await app.pop_screen()
        released.set()
        await settle(pilot)
        assert probe.answers == []


async def test_an_error_of_a_read_stands_on_the_screen_until_a_read_succeeds(runtime: Runtime) -> None:
    app, probe = app_on(runtime), Probe()

    def refuse(_desk: Desk) -> None:
        raise InvalidInput("That is no account.")

    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(probe)
        app.calls.read(probe, "page", refuse, probe.answers.append)
        await settle(pilot)
        assert "! That is no account." in screen_text(app)
        app.calls.read(probe, "page", lambda _desk: None, probe.answers.append)
        await settle(pilot)
        assert "That is no account." not in screen_text(app)


async def test_an_unexpected_error_is_logged_and_the_app_lives_on(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    app, probe = app_on(runtime), Probe()

    def fail(_desk: Desk) -> None:
        raise RuntimeError("sk_test_secret")

    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(probe)
        app.calls.read(probe, "page", fail, probe.answers.append)
        await settle(pilot)
        shown = screen_text(app)
        assert "Something unexpected went wrong." in shown
        assert "sk_test" not in shown
        assert app.is_running
    reference = shown.split("in the log as ")[1][:6]
    assert reference in caplog.text


async def test_a_write_is_told_to_every_screen_and_then_answered(runtime: Runtime) -> None:
    app, below, above = app_on(runtime), Probe(), Probe()
    async with app.run_test() as pilot:
        await app.push_screen(below)
        await app.push_screen(above)
        await settle(pilot)
        before = below.reloads, above.reloads
        app.calls.write(above, "Credit", lambda _desk: "done", facts=[BalanceChanged(1)], done=above.answers.append)
        await settle(pilot)
        assert above.answers == ["done"]
        assert (below.reloads, above.reloads) == (before[0] + 1, before[1] + 1)


async def test_a_screen_of_another_mode_reads_again_when_it_is_next_shown(runtime: Runtime) -> None:
    app, probe = app_on(runtime), Probe()
    async with app.run_test() as pilot:
        await app.push_screen(probe)
        await settle(pilot)
        before = probe.reloads
        app.go("discounts")
        await settle(pilot)
        app.facts.publish(BalanceChanged(1))
        await settle(pilot)
        assert probe.reloads == before
        app.go("pricing")
        await settle(pilot)
        assert probe.reloads == before + 1


class Form(FormDialog[str]):
    """A form that writes."""

    TITLE = "Form"
    CONFIRM = "Write"
    FIRST = "#cancel"

    def __init__(self, released: Event, error: PaydeskError | None = None) -> None:
        super().__init__()
        self.released = released
        self.error = error
        self.writes = 0

    def confirm(self) -> None:
        """Write, once it is released."""
        if self.app.calls.write(
            self, "Posting", self._write, facts=[BalanceChanged(1)], done=self.dismiss, failed=self.failed
        ):
            self.busy("Posting")

    def _write(self, _desk: Desk) -> str:
        self.writes += 1
        assert self.released.wait(SECONDS)
        if self.error is not None:
            raise self.error
        return "posted"


async def test_a_write_outlives_the_dialog_that_asked_for_it(runtime: Runtime) -> None:
    app, probe, released = app_on(runtime), Probe(), Event()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await app.push_screen(probe)
        await settle(pilot)
        await app.push_screen(Form(released))
        await settle(pilot)
        before = probe.reloads
        await pilot.press("ctrl+s", "escape")
        released.set()
        await settle(pilot)
        assert probe.reloads == before + 1
        assert "Posting" in screen_text(app)
        assert "Done." in screen_text(app)


async def test_asking_twice_writes_once(runtime: Runtime) -> None:
    app, released = app_on(runtime), Event()
    form = Form(released)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(form)
        await pilot.press("ctrl+s", "ctrl+s", "ctrl+s")
        released.set()
        await settle(pilot)
        assert form.writes == 1


async def test_an_unknown_outcome_is_never_called_a_failure(runtime: Runtime) -> None:
    app, probe, released = app_on(runtime), Probe(), Event()
    released.set()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(probe)
        await settle(pilot)
        await app.push_screen(Form(released, OutcomeUnknown("Stripe did not answer in time.")))
        await settle(pilot)
        before = probe.reloads
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "? Outcome unknown. Stripe did not answer in time." in screen_text(app)
        assert probe.reloads == before + 1


async def test_leaving_waits_for_a_write(runtime: Runtime) -> None:
    app, released = app_on(runtime), Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.calls.write(app.screen, "Change of prices", lambda _desk: released.wait(SECONDS), facts=[PricingChanged()])
        await pilot.press("q")
        assert isinstance(app.screen, LeavingDialog)
        await pilot.pause()
        assert "Change of prices" in screen_text(app)
        released.set()
        while app.is_running and app.return_code is None:
            await pilot.pause()
    assert app.return_code == 0


async def test_leaving_can_be_thought_better_of(runtime: Runtime) -> None:
    app, released = app_on(runtime), Event()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.calls.write(app.screen, "Change of prices", lambda _desk: released.wait(SECONDS))
        await pilot.press("q", "enter")
        assert isinstance(app.screen, DeskScreen)
        released.set()
        await settle(pilot)
        assert app.return_code is None
