"""Taking a change of prices back: a pending one, or one that has an end before that end."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from services.domain.pricing import PriceChange
from services.errors import InvalidInput
from tui.desk import Desk
from tui.dialogs.dialog import FormDialog
from tui.messages import PricingChanged
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput


class PriceDecision(FormDialog[PriceChange]):
    """Shows the effect, asks why, and does it."""

    HELP = "Look at the effect and say why; both stand in the history and in the audit trail."
    DANGER = True
    FIRST: ClassVar[str] = "#cancel"

    def __init__(self, title: str, effect: Content, confirm: str, call: Callable[[Desk, str], PriceChange]) -> None:
        """`call` does it, with the reason that was typed."""
        super().__init__()
        self._title = title
        self._effect = effect
        self._call = call
        self.CONFIRM = confirm

    def heading(self) -> str:
        """What is taken back."""
        return self._title

    def compose_body(self) -> ComposeResult:
        """The effect, and why."""
        yield Static(self._effect, classes="confirm--effect")
        yield Static()
        yield Field("Reason", LineInput(id="why", placeholder="why, for the history", max_length=200), name="reason")

    def confirm(self) -> None:
        """Do it; it may be left meanwhile."""
        field = self.query_one(Field)
        reason, call = field.text, self._call
        if not reason:
            self.failed(InvalidInput("Say why: it stands in the history.", field="reason"))
        elif self.app.calls.write(
            self,
            self._title,
            lambda desk: call(desk, reason),
            facts=[PricingChanged()],
            done=self.dismiss,
            failed=self.failed,
        ):
            self.busy("Saving")
