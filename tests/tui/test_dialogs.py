"""Dialogs: where focus starts, what Enter does, and what must be typed."""

from textual.content import Content
from textual.widgets import Button

from services.runtime import Runtime
from tests.tui.desks import app_on, screen_text, settle, type_text
from tui.dialogs.dialog import Confirm
from tui.dialogs.help import HelpDialog

EFFECT = Content("status  active → disabled")


async def test_a_confirmation_starts_on_cancel_and_escape_answers_nothing(runtime: Runtime) -> None:
    app = app_on(runtime)
    answers: list[bool | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for keys in (["enter"], ["escape"], ["ctrl+s", "escape"], ["y", "escape"], ["tab", "enter"]):
            app.push_screen(Confirm("Disable SUMMER", EFFECT, "Disable", danger=True), answers.append)
            await settle(pilot)
            assert app.focused is app.screen.query_one("#cancel")
            await pilot.press(*keys)
            await settle(pilot)
    assert answers == [None, None, None, None, True]


async def test_what_must_be_typed_opens_the_button(runtime: Runtime) -> None:
    app = app_on(runtime)
    answers: list[bool | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.push_screen(Confirm("Change prices", EFFECT, "Save", type_this="9.99"), answers.append)
        await settle(pilot)
        assert app.focused is app.screen.query_one("#cancel")
        confirm = app.screen.query_one("#confirm", Button)
        await pilot.press("shift+tab")
        await type_text(pilot, "9.9")
        assert confirm.disabled
        await type_text(pilot, "9")
        assert not confirm.disabled
        await pilot.press("enter", "enter")
        await settle(pilot)
        assert answers == [None]


async def test_the_last_line_of_the_help_can_be_reached_on_a_small_screen(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(60, 20)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await settle(pilot)
        assert isinstance(app.screen, HelpDialog)
        assert "Close" in screen_text(app)
        await pilot.press(*["space"] * 8)
        await settle(pilot)
        assert "Go to Checkout." in screen_text(app)
