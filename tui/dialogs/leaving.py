"""Asks what to do when the desk is left while a write still runs."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.dialogs.dialog import Dialog
from tui.present import untrusted


class LeavingDialog(Dialog[bool]):
    """Waits for the writes and then leaves by itself. Leaving at once loses their answers, never their work."""

    TITLE = "Leaving"
    CANCEL = "Stay"
    CONFIRM = "Leave now"

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__()
        self._titles = titles

    def compose_body(self) -> ComposeResult:
        """What still runs."""
        running = Content("\n").join([Content.assemble("  · ", untrusted(title)) for title in self._titles])
        yield Static(
            Content.assemble(
                "Still running:\n",
                running,
                "\n\nThe desk closes when this has ended. It runs to its end even if you leave now, but you would"
                " not see how it ends.",
            )
        )

    def confirm(self) -> None:
        """Leave at once."""
        self.dismiss(True)
