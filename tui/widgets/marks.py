"""Any of a few, on as many lines as they need."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

GAP = 2
"""Cells between two marks."""


class Marks(Widget, can_focus=True):
    """Check boxes, some on each line: left and right move among them, the space bar or a click sets and unsets one."""

    HELP = "Mark any of them: left and right move, space sets and unsets a mark. Without a mark all are meant."
    DEFAULT_CSS = """
    Marks {
        width: 1fr;
        height: auto;
        padding: 0 1;
        &:focus { background: $primary-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "previous", show=False, system=True, tooltip="To the one before."),
        Binding("right,l", "move(1)", "next", show=False, system=True, tooltip="To the next one."),
        Binding("space", "mark", "mark", system=True, tooltip="Set the mark, or unset it."),
    ]

    value: reactive[frozenset[str]] = reactive(frozenset())
    """The values that are marked."""
    cursor: reactive[int] = reactive(0)

    def __init__(self, options: Sequence[tuple[str, str]], value: Collection[str], *, per_line: int) -> None:
        """`options` are pairs of value and word, at most `per_line` of which stand on a line."""
        super().__init__()
        self._options = list(options)
        self._most = per_line
        self._width = max(Content(word).cell_length for _value, word in options) + 4
        self.set_reactive(Marks.value, frozenset(value))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the options fill."""
        return -(-len(self._options) // self._per_line(width))

    def _per_line(self, width: int) -> int:
        """How many stand on a line of that width."""
        return max(1, min(self._most, (width + GAP) // (self._width + GAP)))

    def render(self) -> RenderResult:
        """The words, each behind its box; where the focus is one stands out."""
        lines, per_line = [], self._per_line(self.content_size.width)
        for start in range(0, len(self._options), per_line):
            shown = [self._option(at) for at in range(start, min(start + per_line, len(self._options)))]
            lines.append(Content(" " * GAP).join(shown))
        return Content("\n").join(lines)

    def _option(self, at: int) -> Content:
        value, word = self._options[at]
        box = ("[x] ", "$text-primary") if value in self.value else ("[ ] ", "$muted")
        here = self.has_focus and at == self.cursor
        option = Content.assemble(box, (word, "bold underline" if here else ""))
        return option.pad_right(self._width - option.cell_length)

    def validate_cursor(self, cursor: int) -> int:
        """Stop at the ends."""
        return min(max(0, cursor), len(self._options) - 1)

    def action_move(self, step: int) -> None:
        """Move to another one."""
        self.cursor += step

    def action_mark(self) -> None:
        """Set the mark, or unset it."""
        self.value = self.value ^ {self._options[self.cursor][0]}

    def on_click(self, event: events.Click) -> None:
        """Set what was clicked, or unset it."""
        at = event.get_content_offset(self)
        if at is None:
            return
        per_line = self._per_line(self.content_size.width)
        column, place = divmod(at.x, self._width + GAP)
        index = at.y * per_line + column
        if column < per_line and place < self._width and index < len(self._options):
            self.cursor = index
            self.action_mark()
