"""A ledger of any length, newest first: only what is on the screen is read, drawn and kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from textual import events, getters
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from tui.app import PaydeskApp
from tui.widgets.ledger_columns import LedgerColumns
from tui.widgets.ledger_pages import Span
from tui.widgets.ledger_reader import LedgerReader

if TYPE_CHECKING:
    from services.balance import Transaction


class LedgerTable(ScrollView, can_focus=True):
    """The entries of one account by sequence number, a line each, under a heading that stays.

    It knows the account and the number of its newest entry; pages are read as they come into view, and a page that
    comes too late is dropped. The cursor is a sequence number: it stays on its entry when new ones arrive, except on
    the newest, where it follows.
    """

    HELP = "The ledger, newest entry first. Every place in it is one key or one pull at the scroll bar away."
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "ledger--heading",
        "ledger--plain",
        "ledger--muted",
        "ledger--credit",
        "ledger--negative",
        "ledger--cursor",
    }
    DEFAULT_CSS = """
    LedgerTable {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        overflow-x: hidden;
        .ledger--heading, .ledger--muted { color: $text-muted; }
        .ledger--credit { color: $text-success; }
        .ledger--negative { color: $text-error; }
        .ledger--cursor { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; }
        &:focus .ledger--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, system=True, tooltip="To the entry above, which is newer."),
        Binding("down,j", "move(1)", "down", show=False, system=True, tooltip="To the entry below, which is older."),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, system=True, tooltip="One page up."),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False, system=True, tooltip="One page down."),
        Binding("home,g", "newest", "newest", show=False, system=True, tooltip="To the newest entry."),
        Binding("end,G", "oldest", "oldest", show=False, system=True, tooltip="To the oldest entry."),
        Binding("enter", "explain", "entry", system=True, tooltip="Everything that is known about the entry."),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on this entry; None: on none, or on one that is still being read."""

        table: "LedgerTable"
        entry: "Transaction | None"

        @property
        def control(self) -> "LedgerTable":
            """The sender, for `@on` with a selector."""
            return self.table

    @dataclass
    class Chosen(Message):
        """The entry was opened, with enter or a second click."""

        table: "LedgerTable"
        entry: "Transaction"

        @property
        def control(self) -> "LedgerTable":
            """The sender, for `@on` with a selector."""
            return self.table

    app = getters.app(PaydeskApp)
    cursor: reactive[int] = reactive(0)
    """The sequence number under the cursor; 0 where there is no entry."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._reader = LedgerReader(lambda *question: self.app.calls.read(self, *question), self._arrived)
        self._columns = LedgerColumns()
        self._instead = Content("")
        self._told: tuple[int, bool] = (0, False)

    # What it shows

    def show(self, account_id: int, newest: int, empty: Content) -> None:
        """Show the ledger of an account whose newest entry has the number `newest`; `empty` where it has none."""
        self._instead = empty
        if account_id != self._reader.account_id:
            self._open(account_id, newest)
        elif newest > self.newest:
            self._grow(newest)
        self._look(again=True)
        self._tell()
        self.refresh()

    def show_nothing(self, instead: Content) -> None:
        """Show no ledger, and say why."""
        self._instead = instead
        self._open(None, 0)
        self._tell()
        self.refresh()

    @property
    def newest(self) -> int:
        """The number of the newest entry; 0 where there is none."""
        return self._reader.newest

    @property
    def entry(self) -> "Transaction | None":
        """The entry under the cursor, if it was read."""
        return self._reader.pages.entry(self.cursor)

    def _open(self, account_id: int | None, newest: int) -> None:
        self._reader.open(account_id, newest)
        self._columns = LedgerColumns()
        self._told = (0, False)
        self._measure()
        self.scroll_to(y=0, force=True)
        self.set_reactive(LedgerTable.cursor, newest)

    def _grow(self, newest: int) -> None:
        grown = newest - self.newest
        at_top, on_newest = self.scroll_offset.y == 0, self.cursor == self.newest
        self._reader.newest = newest
        if on_newest:
            self.set_reactive(LedgerTable.cursor, newest)
        self._measure()
        # At the top new entries come into view, unless that would push the cursor out of it.
        if not at_top or self._index(self.cursor) >= self._rows:
            self.scroll_to(y=self.scroll_offset.y + grown, force=True)

    def _look(self, *, again: bool = False) -> None:
        if self.size.height:
            self._reader.look_at(self._view, again=again)

    def _arrived(self, entries: "Sequence[Transaction]") -> None:
        self._columns.take(entries, self.newest, self.app.clock())
        self.refresh()
        self._tell()
        self._look()

    def _tell(self) -> None:
        """Tell which entry the cursor is on, once for each and once more when it has been read."""
        now = (self.cursor, self.entry is not None)
        if now != self._told:
            self._told = now
            self.post_message(self.Moved(self, self.entry))

    # How it is drawn

    @property
    def _rows(self) -> int:
        """How many entries fit under the heading."""
        return max(1, self.scrollable_content_region.height - 1)

    @property
    def _view(self) -> Span:
        """The entries in view."""
        last = self.newest - self.scroll_offset.y
        return Span(max(1, last - self._rows + 1), max(1, last))

    def _index(self, seq: int) -> int:
        return self.newest - seq

    def _measure(self) -> None:
        room = self.scrollable_content_region.width
        self._columns.take((), self.newest, self.app.clock())
        self._columns.share(room)
        self.virtual_size = Size(room, self.newest + 1)

    def on_resize(self, _event: events.Resize) -> None:
        """Share the room out again."""
        self._measure()
        self._scroll_to_cursor()
        self._look()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line: the heading stays on top, the entries scroll under it."""
        width = self.scrollable_content_region.width
        if self.newest == 0:
            return self._instead_line(y, width)
        if y == 0:
            return self._strip([(self._columns.heading(), "ledger--heading")], width)
        seq = self.newest - (y - 1 + self.scroll_offset.y)
        return self._strip(self._pieces(seq), width) if seq >= 1 else self._strip([], width)

    def _pieces(self, seq: int) -> list[tuple[str, str]]:
        here = seq == self.cursor
        entry = self._reader.pages.entry(seq)
        if entry is None:
            is_read = self._reader.pages.is_read(seq)
            text = self._columns.absent(seq) if is_read else self._columns.waiting(seq)
            return [(text, "ledger--cursor" if here else "ledger--negative" if is_read else "ledger--muted")]
        cells = self._columns.cells(entry, self.app.clock())
        return [(text, "ledger--cursor" if here else f"ledger--{tone}") for text, tone in cells]

    def _strip(self, pieces: Iterable[tuple[str, str]], width: int) -> Strip:
        # Segments hold text as it is: nothing in a description is taken for markup here.
        segments = [Segment(text, self.get_visual_style(name).rich_style) for text, name in pieces]
        return Strip(segments).adjust_cell_length(width, self.visual_style.rich_style)

    def _instead_line(self, y: int, width: int) -> Strip:
        lines = self._instead.split("\n")
        line = lines[y].stylize("$muted") if y < len(lines) else Content("")
        strips = Visual.to_strips(self, line.pad_left(1).truncate(width, pad=True), width, 1, self.visual_style)
        return strips[0] if strips else self._strip([], width)

    # How it is moved

    def scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> None:
        """Scroll at once: on the way to a far place an animation would read every page it passes."""
        super().scroll_to(x, y, **{**options, "animate": False})

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Take the cursor along, so that what is selected is always in view, and read what came into view."""
        super().watch_scroll_y(old_value, new_value)
        if self.newest and round(old_value) != round(new_value):
            view = self._view
            self.cursor = min(max(self.cursor, view.first), view.last)
            self._look()

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on an entry."""
        return min(max(cursor, min(1, self.newest)), self.newest)

    def watch_cursor(self) -> None:
        """Bring the cursor into view and tell where it is."""
        self._scroll_to_cursor()
        self.refresh()
        self._tell()

    def _scroll_to_cursor(self) -> None:
        # The heading covers the first line of the view, so the entry is one line further up than the view has it.
        region = Region(0, self._index(self.cursor), 1, 2)
        self.scroll_to_region(region, animate=False, immediate=True, force=True)

    def action_move(self, step: int) -> None:
        """Move the cursor by entries, down is older."""
        self.cursor -= step

    def action_page(self, step: int) -> None:
        """Move the view by a page, and the cursor with it."""
        cursor = self.cursor - step * self._rows
        self.scroll_to(y=self.scroll_offset.y + step * self._rows, force=True)
        self.cursor = cursor

    def action_newest(self) -> None:
        """Go to the newest entry."""
        self.cursor = self.newest

    def action_oldest(self) -> None:
        """Go to the first entry there ever was."""
        self.cursor = 1

    def action_explain(self) -> None:
        """Open the entry under the cursor."""
        if self.entry is not None:
            self.post_message(self.Chosen(self, self.entry))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the entry; a second click opens it."""
        seq = self.newest - (event.y - 1 + self.scroll_offset.y)
        if event.y < 1 or seq < 1:
            return
        if seq == self.cursor and event.chain > 1:
            self.action_explain()
        self.cursor = seq
