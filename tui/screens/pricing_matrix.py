"""The panel with what a customer would pay in each mode with each code."""

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from services.domain.preview import Effect, Preview
from tui.app import PaydeskApp
from tui.dialogs.dialog import Details
from tui.present import visible
from tui.screens.pricing_effects import effect_detail, effect_key, effect_rows, uncollectable, unread_rows
from tui.widgets.table import Column, Table


class PriceMatrix(Vertical):
    """Modes and active codes, now and after the edit; enter explains a total step by step."""

    HELP = "What a customer pays in each mode with each active code, now and after the edit. Enter explains a line."
    DEFAULT_CSS = """
    PriceMatrix .table--cursor { background: transparent; }
    PriceMatrix Table:focus .table--cursor { background: $block-cursor-blurred-background; }
    """

    app = getters.app(PaydeskApp)

    def __init__(self) -> None:
        super().__init__(classes="panel", id="effects-panel")
        self.border_title = Content("If saved, a customer pays")
        self._preview: Preview | None = None

    def compose(self) -> ComposeResult:
        """The list; what a code takes off has columns where there is room for them."""
        columns = [
            Column("with code", grows=True),
            Column("", align="right", spare=True),
            Column("now", align="right"),
            Column("new", align="right"),
            Column("saves", align="right", spare=True),
        ]
        yield Table(columns, id="effects")

    def show(self, preview: Preview) -> None:
        """Show what an edit would do; the mode that it charges comes first."""
        self._preview = preview
        self.query_one(Table).show(effect_rows(preview.effects, preview.after.mode))
        self.border_subtitle = Content(uncollectable(preview.effects))

    def show_now(self) -> None:
        """Show what is paid now alone: the edit cannot be read, or not be made."""
        if self._preview is not None:
            self.query_one(Table).show(unread_rows(self._preview.effects, self._preview.after.mode))
            self.border_subtitle = Content("")

    @on(Table.Chosen)
    def _explain(self, event: Table.Chosen) -> None:
        effects: tuple[Effect, ...] = self._preview.effects if self._preview else ()
        for effect in effects:
            if effect_key(effect) == event.key:
                code = visible(effect.code.code) if effect.code else "without a code"
                self.app.push_screen(Details(f"{effect.mode}, {code}", effect_detail(effect)))
