"""One entry of a ledger in full: beside the list where there is room, in a dialog anywhere."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from services.domain.explanation import Explanation
from services.errors import PaydeskError
from tui.app import PaydeskApp
from tui.commands import JUMPS, Command, Copy, bindings
from tui.desk import Desk
from tui.dialogs.dialog import Dialog
from tui.messages import BalanceChanged, Fact, OrderChanged
from tui.screens.balances_explained import EntryLine, entry_lines

if TYPE_CHECKING:
    from services.balance import Transaction


class OpenAtStripe(Command):
    """Opens the object of Stripe's that the line names."""

    key = "o"
    label = "open at Stripe"
    help = "Open the object that this line names in Stripe's dashboard, in the mode that it lives in."


def explain(transaction_id: int, desk: Desk) -> Explanation:
    """All that is stored about an entry."""
    return desk.explanations.explain(transaction_id)


class EntryReader:
    """Knows the entry of a widget and what is stored about it, which is read again when that may have changed."""

    def __init__(self, widget: "EntryFacts | EntryLines") -> None:
        self._widget = widget
        self._entry: Transaction | None = None
        self._explained: Explanation | PaydeskError | None = None

    @property
    def entry(self) -> "Transaction | None":
        """The entry."""
        return self._entry

    def show(self, entry: "Transaction | None") -> None:
        """Show an entry at once, and the rest when it has been read."""
        self._entry, self._explained = entry, None
        self._widget.draw()
        self._read()

    @property
    def lines(self) -> list[EntryLine]:
        """What is known so far."""
        return [] if self._entry is None else entry_lines(self._entry, self._explained)

    def take_fact(self, fact: Fact) -> None:
        """Read again what happened to the entry's account or to its order."""
        entry = self._entry
        if entry is not None and (
            fact == BalanceChanged(entry.account_id)
            or (isinstance(fact, OrderChanged) and fact.order_id in (None, entry.order_id))
        ):
            self._read()

    def _read(self) -> None:
        if self._entry is not None:
            take = partial(self._take, self._entry)
            call = partial(explain, self._entry.id)
            self._widget.app.calls.read(self._widget, "explanation", call, take, take)

    def _take(self, entry: "Transaction", explained: Explanation | PaydeskError) -> None:
        if entry == self._entry:
            self._explained = explained
            self._widget.draw()


class EntryFacts(Static):
    """An entry as text."""

    app = getters.app(PaydeskApp)

    def __init__(self) -> None:
        super().__init__()
        self.reader = EntryReader(self)

    def on_mount(self) -> None:
        """Say that there is none yet, and follow what happens."""
        self.app.facts.subscribe(self, self.reader.take_fact)
        self.draw()

    def on_resize(self, _event: events.Resize) -> None:
        """Break the lines anew."""
        self.draw()

    def draw(self) -> None:
        """Show the lines, or that there are none."""
        nothing = Content.styled("No entry is selected.", "$muted")
        broken = [line.broken(self.size.width) for line in self.reader.lines]
        self.update(Content("\n").join(broken) if broken else nothing)


class EntryPanel(VerticalScroll, can_focus=False):
    """The entry under the cursor, beside the ledger where there is room."""

    facts = getters.query_one(EntryFacts)

    def compose(self) -> ComposeResult:
        """The facts, which scroll where they are long."""
        self.border_title = Content("Entry")
        yield EntryFacts()


class EntryLines(OptionList):
    """The lines to move in: each can be copied, some can be opened or lead to another entry."""

    @dataclass
    class OrderWanted(Message):
        """The order behind the entry is to be shown."""

        order_id: int

    HELP = (
        "Everything about one entry: who, when, why, what it reverses, the order or refund behind it, its objects at "
        "Stripe, and the audit trail. On a line with another entry, or with the order, enter goes there."
    )
    DEFAULT_CSS = """
    EntryLines {
        height: auto;
        max-height: 66vh;
        border: none;
        padding: 0;
        background: $background 0%;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background-tint: $foreground 0%; }
        & > .option-list--option { padding: 0; }
        & > .option-list--option-highlighted { background: $background 0%; color: $foreground; }
        &:focus > .option-list--option-highlighted {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "down", show=False, system=True, tooltip="One line down."),
        Binding("k", "cursor_up", "up", show=False, system=True, tooltip="One line up."),
        Binding("space", "page_down", "page down", show=False, system=True, tooltip="One page down."),
    ]

    app = getters.app(PaydeskApp)

    def __init__(self) -> None:
        super().__init__()
        self.reader = EntryReader(self)

    def on_mount(self) -> None:
        """Follow what happens."""
        self.app.facts.subscribe(self, self.reader.take_fact)

    def on_resize(self, _event: events.Resize) -> None:
        """Break the lines anew."""
        self.draw()

    @property
    def line(self) -> EntryLine | None:
        """The line under the cursor."""
        lines = self.reader.lines
        return lines[self.highlighted] if self.highlighted is not None and self.highlighted < len(lines) else None

    def draw(self) -> None:
        """Show the lines; the cursor stays where it is."""
        at, lines = self.highlighted or 0, self.reader.lines
        width = self.scrollable_content_region.width
        self.set_options([Option(line.broken(width)) for line in lines])
        self.highlighted = min(at, len(lines) - 1) if lines else None

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self.screen.refresh_bindings()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        line = self.line
        if line is not None and line.leads_to is not None:
            self.highlighted = 0
            self.reader.show(line.leads_to)
        elif line is not None and line.order_id is not None:
            self.post_message(self.OrderWanted(line.order_id))


class EntryDialog(Dialog["Transaction"]):
    """Everything that is known about an entry; answers the other entry that was gone to, if one was."""

    TITLE = "Entry"
    CANCEL = "Close"
    FIRST = "EntryLines"
    BINDINGS: ClassVar[list[BindingType]] = bindings(Copy, OpenAtStripe)

    lines = getters.query_one(EntryLines)

    def __init__(self, entry: "Transaction") -> None:
        super().__init__()
        self._entry = entry

    def compose_body(self) -> ComposeResult:
        """The lines."""
        yield EntryLines()

    def on_mount(self) -> None:
        """Show the entry, and read what is stored about it."""
        self.lines.reader.show(self._entry)

    def action_cancel(self) -> None:
        """Close it, and answer where that led."""
        shown = self.lines.reader.entry
        self.dismiss(None if shown == self._entry else shown)

    @on(EntryLines.OrderWanted)
    def _to_order(self, event: EntryLines.OrderWanted) -> None:
        self.dismiss(None)
        self.app.jump(next(jump for jump in JUMPS if jump.word == "order"), str(event.order_id))

    @on(Button.Pressed, "#cancel")
    def _close_pressed(self, event: Button.Pressed) -> None:
        event.prevent_default()
        self.action_cancel()

    def action_copy(self) -> None:
        """Copy the line under the cursor; the first stands for the whole entry."""
        line = self.lines.line
        if line is not None and line.text:
            self.app.copy(line.text)
        else:
            self.app.bell()

    def action_open_at_stripe(self) -> None:
        """Open what the line names."""
        line = self.lines.line
        if line is None or line.stripe is None:
            self.app.bell()
        elif line.stripe.url is None:
            self.app.say("What a sandbox holds is in no dashboard; y copies the id.", warning=True)
        else:
            self.app.open_in_browser(line.stripe.url)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open only what is Stripe's."""
        if action == OpenAtStripe.action():
            line = self.lines.line if self.is_mounted else None
            return line is not None and line.stripe is not None
        return super().check_action(action, parameters)
