"""What every screen of the desk has: the frame, reading again, and the keys that mean the same everywhere."""

from datetime import datetime
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.app import PaydeskApp
from tui.calls import ReadEnded
from tui.commands import Back, Copy, Refresh, Search, bindings
from tui.messages import Fact
from tui.present import untrusted
from tui.widgets.frame import DeskHeader, DeskTabs, KeyLine, TooSmall


class DeskScreen(Screen[None]):
    """A screen of the desk.

    A screen names its `MODE`, says in `HELP` what it is for, yields its widgets in `compose_body`, begins its reads in
    `reload`, and lists in `CONCERNS` the facts after which it reads again: at once while it is shown, else when it
    is next shown. `HOME` selects the widget that has focus when no field has it, `SEARCH` the field `/` goes to.
    `FIGURES` names the read that the header's time is of, where others read what does not change or is asked besides.
    """

    MODE: ClassVar[str]
    CONCERNS: ClassVar[tuple[type[Fact], ...]] = ()
    HOME: ClassVar[str] = ""
    SEARCH: ClassVar[str] = ""
    FIGURES: ClassVar[str] = ""
    AUTO_FOCUS = ""  # Textual would first focus a field, which swallows a key that comes right behind.
    BINDINGS: ClassVar[list[BindingType]] = bindings(Search, Copy, Refresh, Back)

    app = getters.app(PaydeskApp)
    as_of: reactive[datetime | None] = reactive(None)
    """When the figures on the screen were read."""

    def __init__(self) -> None:
        super().__init__()
        self._stale = True
        self._problems: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """The frame, with the screen's own widgets in it."""
        yield DeskHeader().data_bind(DeskScreen.as_of)
        yield DeskTabs(self.MODE)
        yield Problem()
        yield from self.compose_body()
        yield KeyLine()
        yield TooSmall()

    def compose_body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    def reload(self) -> None:
        """Begin to read everything that the screen shows."""

    def concerns(self, fact: Fact) -> bool:
        """Whether a fact makes what is shown out of date."""
        return isinstance(fact, self.CONCERNS)

    def jump(self, word: str, argument: str) -> None:
        """Open what a jump of the palette names: `jump("account", "42")`."""

    def copy_text(self) -> str | None:
        """What `y` copies: the text behind what is selected; None: nothing."""
        return None

    def on_mount(self) -> None:
        """Follow the facts, and start on the list rather than in a field."""
        self.app.facts.subscribe(self, self._take_fact)
        self.focus_home()

    def on_screen_resume(self) -> None:
        """Read what is out of date, once the screen is painted: importing the services would hold the paint up."""
        if self._stale:
            self.call_after_refresh(self._read_if_stale)

    def _take_fact(self, fact: Fact) -> None:
        if not self.concerns(fact):
            return
        if self.is_current or self in self.app.screen_stack:
            self._read()
        else:
            self._stale = True

    def _read_if_stale(self) -> None:
        if self._stale:
            self._read()

    def _read(self) -> None:
        self._stale = False
        self.reload()

    def on_read_ended(self, event: ReadEnded) -> None:
        """Note from when the figures are, or say why there are none."""
        event.stop()
        if event.error is None:
            if self.FIGURES in ("", event.name):
                self.as_of = self.app.clock()
            self._problems.pop(event.name, None)
        else:
            self._problems[event.name] = event.error.sentence
        self.query_one(Problem).sentence = next(iter(self._problems.values()), "")

    def focus_home(self) -> None:
        """Give focus to the list of the screen, if it has one."""
        if self.HOME:
            self.set_focus(self.query_one(self.HOME))

    # The keys that mean the same everywhere

    def action_refresh(self) -> None:
        """Read everything again; also what could not be opened."""
        if self.app.info is None:
            self.app.describe_desk()
        self._read()

    def action_search(self) -> None:
        """Go to the search or filter field."""
        self.set_focus(self.query_one(self.SEARCH, Widget))

    def action_back(self) -> None:
        """Leave a field for the list."""
        if isinstance(self.focused, Input):
            self.focus_home()

    def action_copy(self) -> None:
        """Copy what is selected."""
        if text := self.copy_text():
            self.app.copy(text)
        else:
            self.app.bell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer `/` only where there is a field to go to, and escape only where there is something to leave."""
        in_field = isinstance(self.focused, Input)
        if action == Search.action():
            return bool(self.SEARCH) and not in_field
        return in_field if action == Back.action() else True


class Problem(Static):
    """Why the screen cannot show what it should, and what to do; nothing where it can."""

    DEFAULT_CSS = """
    Problem {
        display: none;
        height: auto;
        padding: 0 1;
        background: $error-muted;
        color: $text-error;
        &.-said { display: block; }
    }
    """

    sentence: reactive[str] = reactive("")

    def watch_sentence(self, sentence: str) -> None:
        """Show the sentence, and that reading can be tried again."""
        self.set_class(bool(sentence), "-said")
        self.update(Content.assemble(("! ", "bold"), untrusted(sentence), ("  r tries again.", "bold")))
