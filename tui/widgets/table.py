"""A short list with columns, drawn line by line: what a screen lists, up to some thousand rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

GAP = 2


@dataclass(frozen=True)
class Column:
    """A column: its heading, its width in cells (None: as wide as its cells), and what it does with spare room.

    Columns that `grow` share what the others leave; a column that is `spare` is left out where there is not enough.
    """

    label: str
    width: int | None = None
    align: Literal["left", "right"] = "left"
    grows: bool = False
    spare: bool = False


@dataclass(frozen=True)
class Row:
    """A row: its key, which stays the same when it is read again, and one content for each column."""

    key: str
    cells: Sequence[Content]


class Table(ScrollView, can_focus=True):
    """A list with a heading, a cursor that follows its row when the list is read again, and a word when it is empty."""

    HELP = "A list: arrows, `j` and `k` move, `g` and `G` go to its ends."
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--heading", "table--cursor", "table--empty"}
    DEFAULT_CSS = """
    Table {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        overflow-x: hidden;
        .table--heading { color: $muted; }
        .table--cursor { background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground; }
        .table--empty { color: $muted; }
        &:focus .table--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, system=True, tooltip="One row up."),
        Binding("down,j", "move(1)", "down", show=False, system=True, tooltip="One row down."),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, system=True, tooltip="One page up."),
        Binding("pagedown,ctrl+f", "page(1)", "page down", show=False, system=True, tooltip="One page down."),
        Binding("home,g", "go(0)", "first", show=False, system=True, tooltip="To the first row."),
        Binding("end,G", "go(-1)", "last", show=False, system=True, tooltip="To the last row."),
        Binding("enter", "choose", "open", show=False, system=True, tooltip="Open the row."),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another row; `key` None: there is none."""

        table: "Table"
        key: str | None

        @property
        def control(self) -> "Table":
            """The sender, for `@on` with a selector."""
            return self.table

    @dataclass
    class Chosen(Message):
        """The row was opened, with enter or a second click."""

        table: "Table"
        key: str

        @property
        def control(self) -> "Table":
            """The sender, for `@on` with a selector."""
            return self.table

    cursor: reactive[int] = reactive(0)

    def __init__(self, columns: Sequence[Column], *, empty: str | Content = "", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._columns = list(columns)
        self._rows: list[Row] = []
        self._empty = Content(empty) if isinstance(empty, str) else empty
        self._loaded = False
        self._widths: list[int] = []

    # What it lists

    def show(self, rows: Sequence[Row], *, empty: str | Content | None = None) -> None:
        """List these rows; the cursor stays on the row of the same key, and the scroll where it was."""
        before = self.key
        self._rows, self._loaded = list(rows), True
        if empty is not None:
            self._empty = Content(empty) if isinstance(empty, str) else empty
        keys = [row.key for row in self._rows]
        cursor = keys.index(before) if before in keys else min(self.cursor, max(0, len(keys) - 1))
        self.set_reactive(Table.cursor, cursor)
        self._measure()
        if self.key != before:
            self.post_message(self.Moved(self, self.key))

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._rows[self.cursor].key if self.cursor < len(self._rows) else None

    @property
    def row_count(self) -> int:
        """How many rows are listed."""
        return len(self._rows)

    def go_to(self, key: str) -> bool:
        """Put the cursor on a row by its key; False where it is not listed."""
        for index, row in enumerate(self._rows):
            if row.key == key:
                self.cursor = index
                return True
        return False

    # How it is drawn

    def _measure(self) -> None:
        room = self.scrollable_content_region.width
        columns = list(self._columns)
        widths = [self._natural_width(index) for index in range(len(columns))]
        for index in [index for index, column in enumerate(columns) if column.spare][::-1]:
            if sum(widths) + GAP * (sum(map(bool, widths)) - 1) > room:
                widths[index] = 0
        growing = [index for index, column in enumerate(columns) if column.grows]
        gaps = GAP * max(0, sum(map(bool, widths)) - 1)
        left = room - gaps - sum(width for index, width in enumerate(widths) if index not in growing)
        for index, width in zip(growing, _shared([widths[index] for index in growing], left), strict=True):
            widths[index] = width
        self._widths = widths
        self.virtual_size = Size(room, len(self._rows) + 1)
        self.refresh()

    def _natural_width(self, index: int) -> int:
        column = self._columns[index]
        if column.width is not None:
            return column.width
        cells = (row.cells[index].cell_length for row in self._rows)
        return max(Content(column.label).cell_length, *cells, 0)

    def on_resize(self, _event: events.Resize) -> None:
        """Share the room out again."""
        self._measure()
        self._scroll_to_cursor()

    def render_line(self, y: int) -> Strip:
        """One line: the heading stays on top, the rows scroll under it."""
        width = self.scrollable_content_region.width
        base = self.visual_style
        if not self._rows:
            return self._strip(self._empty_line(y), width, base)
        if y == 0:
            heading = [Content(column.label) for column in self._columns]
            return self._strip(self._line(heading), width, base + self.get_visual_style("table--heading"))
        index = y - 1 + self.scroll_offset.y
        if index >= len(self._rows):
            return Strip.blank(width, base.rich_style)
        style = base + self.get_visual_style("table--cursor") if index == self.cursor else base
        return self._strip(self._line(self._rows[index].cells), width, style)

    def _empty_line(self, y: int) -> Content:
        lines = self._empty.split("\n") if self._loaded else []
        return lines[y].stylize("$muted") if y < len(lines) else Content("")

    def _line(self, cells: Sequence[Content]) -> Content:
        fitted = []
        for column, width, cell in zip(self._columns, self._widths, cells, strict=True):
            if width:
                cut = cell.truncate(width, ellipsis=True)
                spaces = width - cut.cell_length
                fitted.append(cut.pad_left(spaces) if column.align == "right" else cut.pad_right(spaces))
        return Content(" " * GAP).join(fitted)

    def _strip(self, line: Content, width: int, style: Style) -> Strip:
        strips = Visual.to_strips(self, line.truncate(width, ellipsis=True, pad=True), width, 1, style, pad=True)
        return strips[0] if strips else Strip.blank(width, style.rich_style)

    # How it is moved

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on a row."""
        return max(0, min(cursor, len(self._rows) - 1))

    def watch_cursor(self) -> None:
        """Bring the cursor into view and tell where it is."""
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Moved(self, self.key))

    def _scroll_to_cursor(self) -> None:
        # The heading covers the first line of the view, so the row is one line further up than the view has it.
        self.scroll_to_region(Region(0, self.cursor, 1, 2), animate=False, immediate=True, force=True)

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self.cursor += step

    def action_page(self, step: int) -> None:
        """Move the cursor by pages."""
        self.cursor += step * max(1, self.size.height - 2)

    def action_go(self, index: int) -> None:
        """Move the cursor to a row, counted from the end where negative."""
        self.cursor = index % max(1, len(self._rows))

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.key is not None:
            self.post_message(self.Chosen(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row; a second click opens it."""
        index = event.y - 1 + self.scroll_offset.y
        if event.y < 1 or index >= len(self._rows):
            return
        if index == self.cursor and event.chain > 1:
            self.action_choose()
        self.cursor = index


def _shared(wanted: Sequence[int], room: int) -> list[int]:
    """How `room` cells are shared by columns: each gets what it wants, or where that is too much a fair part of it."""
    given = [0] * len(wanted)
    for rank, index in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        given[index] = max(4, min(wanted[index], room // (len(wanted) - rank)))
        room -= given[index]
    if given and room > 0:
        given[0] += room
    return given
