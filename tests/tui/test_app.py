"""The frame: places, keys, help, palette, and what stands in the header."""

from textual import events
from textual.message import Message
from textual.widgets import Input

from services.errors import ConfigurationError
from services.runtime import Runtime
from tests.tui.desks import app_on, screen_text, settle
from tui.app import PaydeskApp
from tui.desk import Desk
from tui.dialogs.help import HelpDialog
from tui.screens.desk_screen import DeskScreen


def mode(app: PaydeskApp) -> str:
    assert isinstance(app.screen, DeskScreen)
    return app.screen.MODE


async def test_the_header_says_where_the_desk_stands(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        header = screen_text(app).splitlines()[0]
    assert "NO STRIPE" in header
    assert "sqlite desk.db · anna" in header
    assert header.endswith("as of 14:03:07 UTC")


async def test_numbers_go_to_the_screens(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        for key, expected in (
            ("3", "discounts"),
            ("4", "balances"),
            ("f5", "checkout"),
            ("1", "overview"),
            ("f6", "audit"),
            ("2", "pricing"),
        ):
            await pilot.press(key)
            assert mode(app) == expected


async def test_no_field_has_focus_on_the_way_to_a_screen(runtime: Runtime) -> None:
    """It would swallow the keys that come right behind."""
    app, focused = app_on(runtime), list[object]()

    def note(message: Message) -> None:
        if isinstance(message, events.DescendantFocus):
            focused.append(message.widget)

    async with app.run_test(size=(80, 24), message_hook=note) as pilot:
        await settle(pilot)
        for key in "345612":
            await pilot.press(key)
            await settle(pilot)
    assert focused
    assert not [widget for widget in focused if isinstance(widget, Input)]


async def test_a_click_on_a_tab_goes_there(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.click("PlaceTab", offset=(28, 0))
        await settle(pilot)
        assert mode(app) == "discounts"


async def test_help_names_the_keys_and_escape_closes_it(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 40)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpDialog)
        await settle(pilot)
        assert "Go to Discounts." in screen_text(app)
        await pilot.press("escape")
        assert mode(app) == "pricing"


async def test_a_window_that_is_too_small_is_told_what_is_needed(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(50, 15)) as pilot:
        await settle(pilot)
        shown = screen_text(app)
    assert "60 columns and 20 rows" in shown
    assert "50 × 15" in shown
    assert "Change" not in shown


async def test_what_keeps_the_desk_from_opening_is_said_and_can_be_tried_again(runtime: Runtime) -> None:
    broken = True

    def open_runtime() -> Runtime:
        if broken:
            raise ConfigurationError("PRICE_MODE: Input should be 'rrp', 'launch' or 'sale'.")
        return runtime

    app = PaydeskApp(Desk(open_runtime), clock=runtime.clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "! PRICE_MODE: Input should be" in screen_text(app)
        broken = False
        await pilot.press("r")
        await settle(pilot)
        assert "PRICE_MODE" not in screen_text(app)
        assert "anna" in screen_text(app)


async def test_the_palette_opens_a_screen_on_an_argument(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"account", "space", *"42")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert mode(app) == "balances"
