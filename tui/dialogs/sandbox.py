"""Where the demo's sandbox is controlled: its faults, its cards, its clock, and what a customer does there."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tui.commands import Command, Copy, bindings
from tui.dialogs.dialog import Dialog
from tui.present import untrusted


class OpenControls(Command):
    """Opens the page in the browser."""

    key = "o"
    label = "open"
    help = "Open the control page in the browser of this machine."


class SandboxDialog(Dialog[None]):
    """Shows the address of the sandbox's control page."""

    HELP = "The control page of the demo's Stripe: `y` copies its address, `o` opens it."
    TITLE = "Sandbox controls"
    CANCEL = "Close"
    BINDINGS: ClassVar[list[BindingType]] = bindings(OpenControls, Copy)

    def __init__(self, control_url: str) -> None:
        super().__init__()
        self._control_url = control_url

    def compose_body(self) -> ComposeResult:
        """What the page is for, and its address."""
        yield Static(
            Content.assemble(
                "On this page the demo's Stripe is made to fail, time out or answer nonsense; sessions are paid and "
                "expired, payments refunded, and its clock is moved. It works with a browser and with curl.\n\n",
                untrusted(self._control_url, "$text-primary"),
            )
        )

    def action_copy(self) -> None:
        """Copy the address."""
        self.app.copy(self._control_url)

    def action_open_controls(self) -> None:
        """Open the page in the browser."""
        self.app.open_in_browser(self._control_url)
