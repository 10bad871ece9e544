"""One of a few, on one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class Choice(Widget, can_focus=True):
    """Radio buttons on one line: the arrow keys, `h` and `l`, the space bar or a click move the mark."""

    HELP = "Choose one: left and right move the mark."
    DEFAULT_CSS = """
    Choice {
        width: auto;
        height: 1;
        padding: 0 1;
        &:focus { background: $primary-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1)", "previous", show=False, system=True, tooltip="Move the mark to the one before."),
        Binding("right,l,space", "move(1)", "next", show=False, system=True, tooltip="Move the mark to the next one."),
    ]

    @dataclass
    class Changed(Message):
        """The mark was moved to `value`."""

        choice: "Choice"
        value: str

        @property
        def control(self) -> "Choice":
            """The sender, for `@on` with a selector."""
            return self.choice

    value: reactive[str] = reactive("", layout=True)

    def __init__(self, options: Sequence[tuple[str, str]], value: str, *, id: str | None = None) -> None:  # noqa: A002
        """`options` are pairs of value and word."""
        super().__init__(id=id)
        self._options = list(options)
        self.set_reactive(Choice.value, value)

    def watch_value(self, value: str) -> None:
        """Tell what was chosen."""
        self.post_message(self.Changed(self, value))

    def render(self) -> RenderResult:
        """The words, each with its mark."""
        return Content("  ").join([self._option(value, word) for value, word in self._options])

    def _option(self, value: str, word: str) -> Content:
        if value == self.value:
            return Content.assemble(("(•) ", "$text-primary"), (word, "bold"))
        return Content.assemble(("( ) ", "$muted"), word)

    def action_move(self, step: int) -> None:
        """Move the mark, and stop at the ends."""
        values = [value for value, _word in self._options]
        self.value = values[min(len(values) - 1, max(0, values.index(self.value) + step))]

    def on_click(self, event: events.Click) -> None:
        """Move the mark to what was clicked."""
        at = event.x - self.styles.padding.left
        for value, word in self._options:
            width = Content(word).cell_length + 4
            if 0 <= at < width:
                self.value = value
            at -= width + 2
