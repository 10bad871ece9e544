"""The app: its screens, themes and keys, and the owner of every write."""

import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.command import CommandPalette
from textual.notifications import SeverityLevel
from textual.reactive import var
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import Input

from services.clock import Clock, system_clock
from services.errors import OutcomeUnknown, PaydeskError
from tui.calls import Calls, ReadEnded
from tui.commands import DeskProvider, Help, Jump, Quit, bindings
from tui.desk import Desk, DeskInfo
from tui.held_key import HeldKey
from tui.messages import Fact
from tui.present import visible
from tui.reconciling import Comparison, Progressed, Reconciler
from tui.themes import THEMES

if TYPE_CHECKING:
    from tui.screens.desk_screen import DeskScreen

log = logging.getLogger(__name__)

MINIMUM_COLUMNS = 60
MINIMUM_ROWS = 20
WIDTHS = [(0, "-narrow"), (MINIMUM_COLUMNS, "-slim"), (80, "-normal"), (120, "-wide")]
HEIGHTS = [(0, "-short"), (MINIMUM_ROWS, "-level"), (32, "-tall")]
"""From how many columns and rows on a screen has which class, for the rules of its layout."""

TERMINAL_SECONDS = 2.0
"""How often the desk looks whether its terminal is still there."""

RECONCILE_SECONDS = 3600.0
"""How often the desk compares itself with Stripe."""


def _overview() -> "DeskScreen":
    from tui.screens.overview import OverviewScreen

    return OverviewScreen()


def _pricing() -> "DeskScreen":
    from tui.screens.pricing import PricingScreen

    return PricingScreen()


def _discounts() -> "DeskScreen":
    from tui.screens.discounts import DiscountsScreen

    return DiscountsScreen()


def _balances() -> "DeskScreen":
    from tui.screens.balances import BalancesScreen

    return BalancesScreen()


def _checkout() -> "DeskScreen":
    from tui.screens.checkout import CheckoutScreen

    return CheckoutScreen()


def _audit() -> "DeskScreen":
    from tui.screens.audit import AuditScreen

    return AuditScreen()


@dataclass(frozen=True)
class Place:
    """One of the desk's screens: its number, its name, and how it is made."""

    key: str
    mode: str
    title: str
    open: "Callable[[], DeskScreen]"

    @property
    def binding(self) -> Binding:
        """The number goes to the screen; inside a field, where digits are typed, the function key does. F1 is help."""
        keys = self.key if self.key == "1" else f"{self.key},f{self.key}"
        return Binding(keys, f"go('{self.mode}')", self.title, show=False, tooltip=f"Go to {self.title}.")


PLACES = (
    Place("1", "overview", "Overview", _overview),
    Place("2", "pricing", "Pricing", _pricing),
    Place("3", "discounts", "Discounts", _discounts),
    Place("4", "balances", "Balances", _balances),
    Place("5", "checkout", "Checkout", _checkout),
    Place("6", "audit", "Audit", _audit),
)
"""The screens in the order of their numbers. Another one is a line here and a file in `screens`."""


class PaydeskApp(App[None], inherit_bindings=False):
    """The terminal desk for payment operations."""

    TITLE = "paydesk"
    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar[set[Any]] = {DeskProvider}
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {place.mode: place.open for place in PLACES}
    DEFAULT_MODE = "pricing"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Help, Quit),
        Binding("ctrl+q", Quit.action(), Quit.label, show=False, priority=True, tooltip=Quit.help),
        Binding("ctrl+c", "help_quit", show=False, system=True),
        *(place.binding for place in PLACES),
    ]

    info: var[DeskInfo | None] = var(None)
    """Where the desk stands; None until the services are open."""
    comparison: var[Comparison] = var(Comparison())
    """What is known of how this desk and Stripe differ."""

    def __init__(
        self,
        desk: Desk | None = None,
        *,
        clock: Clock = system_clock,
        reconcile_seconds: float | None = RECONCILE_SECONDS,
    ) -> None:
        """The desk is compared with Stripe at start and every `reconcile_seconds`; None: only when somebody asks."""
        super().__init__()
        self.desk = desk or Desk()
        self.clock = clock
        self.submit_key = HeldKey(clock)
        self.calls = Calls(self, self.desk)
        self.facts: Signal[Fact] = Signal(self, "facts")
        self.reconciler = Reconciler(self, reconcile_seconds)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours, and `$muted` among them: Textual's `$text-muted` works in rules, not in text."""
        variables = super().get_css_variables()
        if "muted" not in variables:
            theme = self.current_theme.to_color_system()
            background = theme.background or Color.parse("black" if theme.dark else "white")
            variables["muted"] = (theme.foreground or background.inverse).blend(background, 0.4).hex
        return variables

    @property
    def places(self) -> tuple[Place, ...]:
        """The screens in the order of their numbers."""
        return PLACES

    def on_mount(self) -> None:
        """Open the services behind the first paint."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            # A closed terminal leaves as `q` does, so that whoever started the app can clear up behind it.
            asyncio.get_running_loop().add_signal_handler(number, self.exit, None, 128 + number)
        if sys.__stdin__ is not None and sys.__stdin__.isatty():
            self.set_interval(TERMINAL_SECONDS, self._leave_with_the_terminal)
        self.call_after_refresh(self.describe_desk)

    def _leave_with_the_terminal(self) -> None:
        """Leave where the terminal is gone and no signal told so: nobody sees the desk, and Textual would read the end
        of its input over and over, at the cost of a whole processor."""
        if sys.__stdin__ is None or not sys.__stdin__.isatty():
            self.exit(None, 128 + signal.SIGHUP)

    def describe_desk(self) -> None:
        """Read where the desk stands, for the header."""
        self.calls.read(self.screen, "desk", Desk.describe, self._take_info)

    def _take_info(self, info: DeskInfo) -> None:
        self.info = info
        self.reconciler.begin(info)

    def on_progressed(self, event: Progressed) -> None:
        """Take how far the comparison with Stripe is."""
        self.reconciler.progressed(event)

    # Going places

    def go(self, mode: str) -> None:
        """Go to a screen by its mode."""
        self.switch_mode(mode)

    def action_go(self, mode: str) -> None:
        """Go to a screen by its mode."""
        self.go(mode)

    def jump(self, jump: Jump, argument: str) -> None:
        """Go to a screen and open there what the argument names."""
        self.go(jump.mode)
        self.call_after_refresh(self._jump_here, jump, argument)

    def _jump_here(self, jump: Jump, argument: str) -> None:
        from tui.screens.desk_screen import DeskScreen

        if isinstance(self.screen, DeskScreen):
            self.screen.jump(jump.word, argument)

    def begin_jump(self, jump: Jump) -> None:
        """Open the palette again with the jump's word typed, ready for its argument."""
        palette = CommandPalette(id="--command-palette")
        self.push_screen(palette)
        self.call_after_refresh(self._type_into, palette, f"{jump.word} ")

    def _type_into(self, palette: CommandPalette, text: str) -> None:
        palette.query_one(Input).insert_text_at_cursor(text)

    def show_sandbox_controls(self) -> None:
        """Show where the demo's sandbox is controlled."""
        from tui.dialogs.sandbox import SandboxDialog

        if self.info is not None and self.info.control_url is not None:
            self.push_screen(SandboxDialog(self.info.control_url))

    def action_help(self) -> None:
        """Show what has focus is for, and its keys."""
        from tui.dialogs.help import HelpDialog

        if not isinstance(self.screen, HelpDialog):
            self.push_screen(HelpDialog.of(self.screen))

    # Saying things

    def say(self, sentence: str, *, title: str = "", error: bool = False, warning: bool = False) -> None:
        """A short notice in a corner of the screen. The sentence may hold text from outside."""
        severity: SeverityLevel = "error" if error else "warning" if warning else "information"
        self.notify(visible(sentence), title=visible(title), severity=severity, markup=False)

    def say_outcome(self, title: str, error: PaydeskError | None, sentence: str = "Done.") -> None:
        """How a write ended that nobody on the screen waits for any more; without an error, as `sentence` says."""
        if error is None:
            self.say(sentence, title=title)
        elif isinstance(error, OutcomeUnknown):
            self.say(error.sentence, title=f"{title}: outcome unknown", warning=True)
        else:
            self.say(error.sentence, title=f"{title}: not done", error=True)

    def copy(self, text: str) -> None:
        """Send text to the terminal's clipboard. The terminal never confirms, so the text is shown too."""
        self.copy_to_clipboard(text)
        self.say(text, title="Sent to the terminal's clipboard")

    def on_read_ended(self, event: ReadEnded) -> None:
        """Say the error of a read that no screen has shown."""
        if event.error is not None:
            self.say(event.error.sentence, error=True)

    def open_in_browser(self, link: str) -> None:
        """Open a link, unless the browser would open on another machine than the one a person sits at."""
        if "SSH_CONNECTION" in os.environ:
            self.say("A browser would open on the far machine. Copy the link with y instead.", warning=True)
        else:
            self.open_url(link)
            self.say(link, title="Opened in the browser")

    # Leaving

    async def action_quit(self) -> None:
        """Leave at once, or wait for the writes that still run."""
        from tui.dialogs.leaving import LeavingDialog

        if not self.calls.writing:
            self.exit()
        elif not isinstance(self.screen, LeavingDialog):
            self.push_screen(LeavingDialog([write.title for write in self.calls.writing]), self._leave)

    def _leave(self, now: bool | None) -> None:
        if now:
            self.exit()

    def write_ended(self) -> None:
        """Leave, where leaving waited for the last write."""
        from tui.dialogs.leaving import LeavingDialog

        # A write may outlive the screens: it ends in its own time while the app closes.
        top = self.screen_stack[-1] if self.screen_stack else None
        if not self.calls.writing and isinstance(top, LeavingDialog):
            top.dismiss(True)

    def _fatal_error(self) -> None:
        """End after an error nobody foresaw. Textual would print local variables, which hold keys and e-mails."""
        reference = secrets.token_hex(3).upper()
        log.critical("the desk ended on error %s", reference, exc_info=self._exception)
        self.bell()
        self.panic(Text(f"paydesk ended on an error it did not expect. It is in the log as {reference}."))
