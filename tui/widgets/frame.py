"""The frame around every screen: header, tabs, key line, and the sentence for a window that is too small."""

from datetime import datetime
from typing import Any, ClassVar

from textual import events, getters
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

from tui.app import MINIMUM_COLUMNS, MINIMUM_ROWS, PaydeskApp
from tui.commands import in_order
from tui.desk import DeskInfo, Environment
from tui.present import visible

_CHIP_STYLE: dict[Environment, str] = {
    "TEST": "$text-primary on $primary-muted",
    "SANDBOX": "$text-primary on $primary-muted",
    "LIVE": "bold reverse",
    "NO STRIPE": "$text-warning on $warning-muted",
}


class DeskHeader(Widget):
    """One line: the program, where it stands, and from when the figures are."""

    DEFAULT_CSS = """
    DeskHeader {
        height: 1;
        padding: 0 1;
        background: $panel;
        &.-live { background: $error; color: $text; }
    }
    """

    info: reactive[DeskInfo | None] = reactive(None)
    as_of: reactive[datetime | None] = reactive(None)

    def on_mount(self) -> None:
        """Follow what the app knows about the desk."""
        self.watch(self.app, "info", self._take_info)

    def _take_info(self, info: DeskInfo | None) -> None:
        self.info = info
        self.set_class(info is not None and info.environment == "LIVE", "-live")

    def render(self) -> RenderResult:
        """The line, with its right end at the right edge; the middle gives way when it is narrow."""
        right = f"as of {self.as_of:%H:%M:%S} UTC" if self.as_of else ""
        left = Content.assemble(("paydesk", "bold"), "  ", self._where())
        room = self.size.width - len(right)
        return Content.assemble(left.truncate(room - 2, ellipsis=True).pad_right(0), self._gap(left, room), right)

    def _gap(self, left: Content, room: int) -> str:
        return " " * max(2, room - left.cell_length)

    def _where(self) -> Content:
        if self.info is None:
            return Content.styled("opening …", "dim")
        chips = [Content.styled(f" {self.info.environment} ", _CHIP_STYLE[self.info.environment])]
        if self.info.demo:
            chips.insert(0, Content.styled(" DEMO ", "bold $text-success on $success-muted"))
        place = f"{visible(self.info.database)} · {visible(self.info.actor)}"
        return Content(" ").join([*chips, Content(f" {place}")])


class PlaceTab(Static):
    """A screen's number and name; a click goes there."""

    app = getters.app(PaydeskApp)

    def __init__(self, key: str, title: str, mode: str) -> None:
        super().__init__(Content.assemble((key, "$footer-key-foreground"), f" {title}"), markup=False)
        self.mode = mode

    def on_click(self) -> None:
        """Go to the screen."""
        self.app.go(self.mode)


class DeskTabs(Horizontal):
    """The screens by number, with the present one marked."""

    DEFAULT_CSS = """
    DeskTabs {
        height: 1;
        background: $panel;
        color: $muted;
        PlaceTab {
            width: auto;
            padding: 0 1;
            pointer: pointer;
            &:hover { background: $block-hover-background; }
            &.-here { background: $background; color: $foreground; text-style: bold underline; }
        }
    }
    """

    app = getters.app(PaydeskApp)

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here

    def compose(self) -> ComposeResult:
        """One tab for each screen there is."""
        for place in self.app.places:
            tab = PlaceTab(place.key, place.title, place.mode)
            tab.set_class(place.mode == self._here, "-here")
            yield tab


class KeyLine(Widget):
    """The keys that matter here and now: the screen's on the left as far as they fit, the app's on the right."""

    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        padding: 0 1;
        background: $footer-background;
        color: $footer-foreground;
    }
    """
    ALWAYS: ClassVar[tuple[str, ...]] = ("help", "command_palette", "quit")

    def on_mount(self) -> None:
        """Follow the bindings of what has focus."""
        # The keys are links, and Textual would underline them and take their colours away.
        self.auto_links = False
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _screen: Screen[Any]) -> None:
        self.refresh()

    def render(self) -> RenderResult:
        """As many keys as the line holds; those of the app never give way."""
        here: dict[str, Content] = {}
        always: dict[str, Content] = {}
        for _node, binding, enabled, _help in in_order(self.screen.active_bindings.values()):
            if not enabled or not (binding.show or binding.action == "command_palette"):
                continue
            group = always if binding.action in self.ALWAYS else here
            group.setdefault(binding.action, self._key(self.app.get_key_display(binding), binding))
        right = Content("  ").join([always[action] for action in self.ALWAYS if action in always])
        room = self.size.width - right.cell_length - 2
        left = Content("")
        for key in here.values():
            longer = Content("  ").join([left, key]) if left else key
            if longer.cell_length > room:
                break
            left = longer
        return Content.assemble(left, " " * (room + 2 - left.cell_length), right)

    def _key(self, display: str, binding: Binding) -> Content:
        click = Style.from_meta({"@click": f"app.simulate_key('{binding.key}')"})
        text = Content.assemble((display, "bold $footer-key-foreground"), " ", binding.description)
        return text.stylize(click)


class TooSmall(Static):
    """Covers the screen where the window is too small to hold it, and says so."""

    DEFAULT_CSS = """
    TooSmall {
        display: none;
        layer: cover;
        dock: top;
        width: 100%;
        height: 100%;
        content-align: center middle;
        text-align: center;
        background: $background;
    }
    Screen.-narrow TooSmall, Screen.-short TooSmall { display: block; }
    """

    def on_resize(self, event: events.Resize) -> None:
        """Say what is needed and what there is."""
        self._say()

    def on_mount(self) -> None:
        """Say what is needed and what there is."""
        self._say()

    def _say(self) -> None:
        here = self.app.size
        self.update(
            Content(
                f"The desk needs {MINIMUM_COLUMNS} columns and {MINIMUM_ROWS} rows.\n"
                f"This window has {here.width} × {here.height}."
            )
        )
