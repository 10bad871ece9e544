"""Looking at a ledger as it was at a moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from services.domain.period import parse_moment
from services.errors import InvalidInput
from tui.dialogs.dialog import FormDialog, submit
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput


@dataclass(frozen=True)
class AsOf:
    """The moment that is asked for, in UTC; None: now."""

    moment: datetime | None


def parse_as_of(text: str) -> AsOf:
    """The moment that a text names, a day or a month to its very end; nothing names now. Raises `InvalidInput`."""
    if not text:
        return AsOf(None)
    try:
        return AsOf(parse_moment(text.replace(" ", "T")))
    except InvalidInput as error:
        sentence = "A moment is written like 2026-10-05 14:03, 2026-10-05 or 2026-10, in UTC."
        raise InvalidInput(sentence, field="moment") from error


class AsOfDialog(FormDialog[AsOf]):
    """Asks for a moment; nothing is changed by it, so enter answers."""

    HELP = "Show balance and ledger as they were at a moment. Nothing is posted while that is shown."
    TITLE = "As of"
    CONFIRM = "Show"
    BINDINGS: ClassVar[list[BindingType]] = [submit("show")]

    def compose_body(self) -> ComposeResult:
        """The field, and what it may be."""
        yield Field(
            "Moment", LineInput(placeholder="2026-10-05 14:03, 2026-10-05 or 2026-10; empty: now"), name="moment"
        )
        yield Static(Content.styled("A day or a month is meant to its end, in UTC.", "$muted"))

    @on(Input.Submitted)
    def _show(self, event: Input.Submitted) -> None:
        event.prevent_default()
        self.confirm()

    def confirm(self) -> None:
        """Answer the moment."""
        asked = self.query_one(Field).read(parse_as_of)
        if asked is not None:
            self.dismiss(asked)
