"""A ledger of any length, newest first: only what is on the screen is read, drawn and kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message

from services.domain.ledger_filter import LedgerFilter
from tui.desk import Desk
from tui.widgets.ledger_columns import LedgerColumns
from tui.widgets.ledger_reader import LedgerReader
from tui.widgets.ledger_search import LedgerSearch
from tui.widgets.ledger_source import LedgerSource, Purpose
from tui.widgets.ledger_view import LedgerView

if TYPE_CHECKING:
    from services.balance import Transaction

T = TypeVar("T")


class LedgerTable(LedgerView):
    """The entries of one account by sequence number, a line each, under a heading that stays.

    It shows all of them, those of a range of numbers, or those that a filter means, as they are found. What comes into
    view is read then, and what comes too late is dropped. The cursor is a sequence number: it stays on its entry when
    new ones arrive, except on the newest, where it follows.
    """

    HELP = (
        "The ledger, newest entry first. Every place in it is one key or one pull at the scroll bar away: "
        "a colon jumps to a day or to an entry's number."
    )
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

    @dataclass
    class Searched(Message):
        """The search took a step, or ended."""

        table: "LedgerTable"

        @property
        def control(self) -> "LedgerTable":
            """The sender, for `@on` with a selector."""
            return self.table

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(LedgerReader(None, 1, 0, self._read, self._arrived), id=id)
        self._told: tuple[int, bool] | None = None
        self._on_the_way: int | None = None

    # What it shows

    def show(self, account_id: int, newest: int, empty: Content, *, oldest: int = 1) -> None:
        """Show the entries of an account from number `oldest` to `newest`; `empty` where there are none."""
        here = self._reader
        if isinstance(here, LedgerReader) and (here.account_id, here.oldest) == (account_id, oldest):
            self._show(here, newest, empty)
        else:
            self._show(LedgerReader(account_id, oldest, newest, self._read, self._arrived), newest, empty)

    def search(self, account_id: int, wanted: LedgerFilter, newest: int, empty: Content) -> None:
        """Show what a filter means of the entries up to number `newest`, as it is found; until then, `empty`."""
        here = self._reader
        same = isinstance(here, LedgerSearch) and (here.account_id, here.wanted) == (account_id, wanted)
        # An entry that is there already comes to be a reversed one when another one takes it back.
        if same and not (wanted.reversed and newest > here.newest):
            self._show(here, newest, empty)
        else:
            search = LedgerSearch(account_id, wanted, newest, self._read, self._arrived, self._searched)
            self._show(search, newest, empty)

    def show_nothing(self, instead: Content) -> None:
        """Show no ledger, and say why."""
        self._show(LedgerReader(None, 1, 0, self._read, self._arrived), 0, instead)

    def say_instead(self, instead: Content) -> None:
        """Say something else where there is no entry to show."""
        self._instead = instead
        self.refresh()

    @property
    def newest(self) -> int:
        """The number of the newest entry that it knows of; 0 where there is none."""
        return self._reader.newest

    @property
    def found(self) -> LedgerSearch | None:
        """The search behind what is shown; None where everything is."""
        return self._reader if isinstance(self._reader, LedgerSearch) else None

    @property
    def entry(self) -> "Transaction | None":
        """The entry under the cursor, if it was read."""
        return self._reader.entry(self.cursor)

    def _show(self, source: LedgerSource, newest: int, empty: Content) -> None:
        """Show a source, or what is new in the one that is shown; another range of numbers is opened anew."""
        self._instead = empty
        if source is self._reader and newest > source.newest:
            source.grow(newest)
        elif source is not self._reader or newest < source.newest:
            self._open(source, newest)
        self._look(again=True)
        self._tell()
        self.refresh()

    def _open(self, source: LedgerSource, newest: int) -> None:
        if source is not self._reader:
            self._reader.close()
        self._reader = source
        source.newest = newest
        self._columns = LedgerColumns()
        self._told = None
        self._on_the_way = None
        self._measure()
        self.scroll_to(y=0, force=True)
        self.set_reactive(LedgerTable.cursor, source.nearest(newest))

    def _grew(self, lines: int) -> None:
        on_first = self.cursor == 0 or self._reader.index(self.cursor) == lines
        at_top = self.scroll_offset.y == 0
        if on_first:
            self.set_reactive(LedgerTable.cursor, self._reader.nearest(self.newest))
        self._measure()
        # At the top new entries come into view, unless that would push the cursor out of it.
        if not at_top or self._reader.index(self.cursor) >= self._rows:
            self.scroll_to(y=self.scroll_offset.y + lines, force=True)

    def _read(self, purpose: Purpose, call: Callable[[Desk], T], done: Callable[[T], None], /) -> None:
        self.app.calls.read(self, purpose, call, done)

    def _look(self, *, again: bool = False) -> None:
        if self.size.height:
            top = self.scroll_offset.y
            self._reader.look_at(top, min(top + self._rows, max(1, self._reader.count)) - 1, again=again)

    def _arrived(self, entries: "Sequence[Transaction]", on_top: int = 0) -> None:
        self._columns.take(entries, self.newest, self.app.clock())
        if on_top:
            self._grew(on_top)
        if self.virtual_size.height != self._reader.count + 1:
            self._measure()
        if self.cursor == 0:
            self.cursor = self._reader.nearest(self.newest)
        self._go_on()
        self.refresh()
        self._tell()
        self._look()

    def _searched(self) -> None:
        self._go_on()
        self.post_message(self.Searched(self))

    def _tell(self) -> None:
        """Tell which entry the cursor is on, once for each and once more when it has been read."""
        now = (self.cursor, self.entry is not None)
        if now != self._told:
            self._told = now
            self.post_message(self.Moved(self, self.entry))

    def on_resize(self, _event: events.Resize) -> None:
        """Share the room out again."""
        self._measure()
        self._scroll_to_cursor()
        self._look()
        self.refresh()

    # How it is moved

    def scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> None:
        """Scroll at once: on the way to a far place an animation would read every page it passes."""
        super().scroll_to(x, y, **{**options, "animate": False})

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Take the cursor along, so that what is selected is always in view, and read what came into view."""
        super().watch_scroll_y(old_value, new_value)
        if self._reader.count and round(old_value) != round(new_value):
            top = self.scroll_offset.y
            index = min(max(self._index, top), top + self._rows - 1)
            self.cursor = self._reader.seq_at(min(index, self._reader.count - 1))
            self._look()

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on an entry."""
        return self._reader.nearest(cursor)

    def watch_cursor(self) -> None:
        """Bring the cursor into view and tell where it is."""
        self._scroll_to_cursor()
        self.refresh()
        self._tell()

    @property
    def _index(self) -> int:
        """The line of the cursor."""
        return self._reader.index(self.cursor)

    def _scroll_to_cursor(self) -> None:
        # The heading covers the first line of the view, so the entry is one line further up than the view has it.
        region = Region(0, self._index, 1, 2)
        self.scroll_to_region(region, animate=False, immediate=True, force=True)

    def action_move(self, step: int) -> None:
        """Move the cursor by entries, down is older."""
        self._move_to(self._index + step)

    def action_page(self, step: int) -> None:
        """Move the view by a page, and the cursor with it."""
        index = self._index + step * self._rows
        self.scroll_to(y=self.scroll_offset.y + step * self._rows, force=True)
        self._move_to(index)

    def _move_to(self, index: int) -> None:
        self._on_the_way = None
        if self._reader.count:
            self.cursor = self._reader.seq_at(min(max(0, index), self._reader.count - 1))

    def go_to(self, seq: int) -> None:
        """Go to the entry with this number, or to the next older one that is shown, as soon as it is found."""
        self._on_the_way = seq
        self._go_on()

    def _go_on(self) -> None:
        """Go as near to where the cursor is on its way to as the search has come."""
        if self._on_the_way is None:
            return
        seq = self._on_the_way
        if self.found is None or self.found.has_searched(seq):
            self._on_the_way = None
        else:
            self.found.search_to(seq)
        self.cursor = seq

    def action_newest(self) -> None:
        """Go to the newest entry."""
        self._move_to(0)

    def action_oldest(self) -> None:
        """Go to the first entry there ever was."""
        self.go_to(1)

    def action_explain(self) -> None:
        """Open the entry under the cursor."""
        if self.entry is not None:
            self.post_message(self.Chosen(self, self.entry))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the entry; a second click opens it."""
        index = event.y - 1 + self.scroll_offset.y
        if event.y < 1 or index >= self._reader.count:
            return
        seq = self._reader.seq_at(index)
        if seq == self.cursor and event.chain > 1:
            self.action_explain()
        self._move_to(index)
