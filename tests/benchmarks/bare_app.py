"""The least that Textual can show: the baseline of the first paint."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class BareApp(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        """One widget."""
        yield Static("nothing but a line")


if __name__ == "__main__":
    BareApp().run()
