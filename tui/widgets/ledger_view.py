"""How a ledger is drawn: a heading that stays, and a line for each entry that its source has read."""

from collections.abc import Iterable
from typing import ClassVar

from rich.segment import Segment
from textual import getters
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from tui.app import PaydeskApp
from tui.widgets.ledger_columns import LedgerColumns
from tui.widgets.ledger_source import LedgerSource


class LedgerView(ScrollView, can_focus=True):
    """Draws the entries of a source, a line each, and only those in view; the one under the cursor stands out."""

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
    LedgerView {
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

    app = getters.app(PaydeskApp)
    cursor: reactive[int] = reactive(0)
    """The sequence number under the cursor; 0 where there is no entry."""

    def __init__(self, source: LedgerSource, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._reader = source
        self._columns = LedgerColumns()
        self._instead = Content("")

    @property
    def _rows(self) -> int:
        """How many entries fit under the heading."""
        return max(1, self.scrollable_content_region.height - 1)

    def _measure(self) -> None:
        room = self.scrollable_content_region.width
        self._columns.take((), self._reader.newest, self.app.clock())
        self._columns.share(room)
        self.virtual_size = Size(room, self._reader.count + 1)

    def render_line(self, y: int) -> Strip:
        """One line: the heading stays on top, the entries scroll under it."""
        width = self.scrollable_content_region.width
        if self._reader.count == 0:
            return self._instead_line(y, width)
        if y == 0:
            return self._strip([(self._columns.heading(), "ledger--heading")], width)
        index = y - 1 + self.scroll_offset.y
        pieces = self._pieces(self._reader.seq_at(index)) if index < self._reader.count else []
        return self._strip(pieces, width)

    def _pieces(self, seq: int) -> list[tuple[str, str]]:
        here = seq == self.cursor
        entry = self._reader.entry(seq)
        if entry is None:
            is_read = self._reader.is_read(seq)
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
