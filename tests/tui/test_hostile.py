"""Text from strangers on every kind of surface: shown letter for letter, never obeyed."""

import sys
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from services.errors import InvalidInput
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.tui.desks import app_on, screen_text, settle
from tests.tui.terminal import Terminal
from tui.dialogs.dialog import Confirm
from tui.messages import PricingChanged
from tui.present import untrusted, visible
from tui.screens.desk_screen import DeskScreen
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput
from tui.widgets.table import Column, Row, Table

HOSTILE = "[/] [@click=app.quit]x[/] \x1b[2J"
SHOWN = "[/] [@click=app.quit]x[/] ␛[2J"


class HostileScreen(DeskScreen):
    """Hostile text on every kind of widget that screens are made of."""

    MODE: ClassVar[str] = "pricing"

    def compose_body(self) -> ComposeResult:
        """One line each."""
        with Vertical(classes="panel") as panel:
            panel.border_title = untrusted(HOSTILE)
            yield Static(Content.assemble("label ", untrusted(HOSTILE)), id="label")
            yield Button(untrusted(HOSTILE), compact=True)
            yield Field("Field", LineInput(visible(HOSTILE)), name="field")
            yield OptionList(Option(untrusted(HOSTILE)))
            yield Table([Column("table", grows=True)])

    def on_mount(self) -> None:
        """Put the text where it is put later on, too."""
        self.query_one(Table).show([Row(HOSTILE, [untrusted(HOSTILE)])])
        self.query_one(Field).error = HOSTILE
        self.query_one("#label").tooltip = untrusted(HOSTILE)


async def test_every_widget_shows_it_letter_for_letter(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(100, 40)) as pilot:
        await app.push_screen(HostileScreen())
        await settle(pilot)
        shown = screen_text(app)
        assert shown.count(SHOWN) == 7
        await pilot.click("#label", offset=(32, 0))
        await settle(pilot)
        assert app.is_running
        assert isinstance(app.screen, HostileScreen)


async def test_notices_show_it_letter_for_letter(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        app.say(HOSTILE, title=HOSTILE, error=True)
        await settle(pilot)
        assert screen_text(app).count(SHOWN) == 2, screen_text(app)


async def test_dialogs_show_it_letter_for_letter(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        dialog = Confirm(HOSTILE, untrusted(HOSTILE), HOSTILE, type_this=HOSTILE)
        await app.push_screen(dialog)
        dialog.failed(InvalidInput(HOSTILE))
        await settle(pilot)
        assert screen_text(app).count(SHOWN) == 5, screen_text(app)


async def test_what_is_typed_into_the_palette_is_no_markup(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"code", "space", *(["left_square_bracket", "slash", "right_square_bracket"]))
        await settle(pilot)
        assert "code [/]" in screen_text(app)


async def test_the_history_shows_it_letter_for_letter(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        DynamicPricingService.over(runtime).change_prices(launch_cents=2799, reason=HOSTILE)
        app.facts.publish(PricingChanged())
        await settle(pilot)
        assert SHOWN in screen_text(app)


OSC_52 = "\x1b]52;c;aGFjaw==\x07 \x1b[31337m \x9b31338m \u202e"


def test_no_sequence_of_it_reaches_the_terminal(runtime: Runtime, sqlite_url: str) -> None:
    DynamicPricingService.over(runtime).change_prices(launch_cents=2799, reason=OSC_52)
    with Terminal([sys.executable, "-m", "tui"], {"DATABASE_URL": sqlite_url}) as terminal:
        written = terminal.read_until("␛]52;c;aGFjaw==".encode())
    assert b"\x1b]52" not in written
    assert b"\x1b[31337m" not in written
    assert "\x9b".encode() not in written
    assert "\u202e".encode() not in written
