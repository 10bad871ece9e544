"""The least that Textual can show: the baseline of the first paint, and of the answer to a key."""

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class BareApp(App[None]):
    """One line of text, which counts the keys."""

    keys = 0

    def compose(self) -> ComposeResult:
        """One widget."""
        yield Static("nothing but a line")

    def on_key(self, _event: events.Key) -> None:
        """Another line."""
        self.keys += 1
        self.query_one(Static).update(f"key number {self.keys}")


if __name__ == "__main__":
    BareApp().run()
