"""A field for one line of text."""

from textual import events
from textual.widgets import Input

from tui.present import visible


class LineInput(Input):
    """An input of one line. A paste of several lines is joined, not cut to its first as Textual's own does."""

    DEFAULT_CSS = """
    LineInput {
        border: none;
        width: 1fr;
        height: 1;
        padding: 0 1;
        background: $panel;
        &:focus { background: $primary-muted; border: none; }
        &.-invalid, &.-invalid:focus { border: none; }
    }
    """

    def on_mount(self) -> None:
        """Keep the cursor still where a person wants nothing to move."""
        self.cursor_blink = self.app.animation_level != "none"

    def _on_paste(self, event: events.Paste) -> None:
        # Textual calls the handler of every class in the line of inheritance, unless its default is prevented.
        event.prevent_default()
        event.stop()
        text = visible(" ".join(line for line in event.text.splitlines() if line.strip()))
        if self.selection.is_empty:
            self.insert_text_at_cursor(text)
        else:
            self.replace(text, *self.selection)
