"""Going to a place in a ledger: a day, a moment, or the number of an entry."""

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from services.domain.period import parse_moment, parse_period
from services.errors import InvalidInput
from tui.desk import Desk
from tui.dialogs.dialog import FormDialog, submit
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput


def place_of(account_id: int, text: str, desk: Desk) -> int:
    """The number of the entry that a text names: its own, or that of the first one since a day or moment in UTC.

    Raises `InvalidInput` for a text that names neither.
    """
    number = text.replace(",", "").removeprefix("#")
    if number.isascii() and number.isdecimal():
        return max(1, int(number))
    word = text.replace(" ", "T")
    try:
        moment = parse_moment(word) if "T" in word else parse_period(word).first
    except InvalidInput as error:
        sentence = "A place is a number like 8812, or a day or moment like 2026-10-05 or 2026-10-05 14:03, in UTC."
        raise InvalidInput(sentence, field="place") from error
    if moment is None:
        return 1
    newest_before = desk.history.at(account_id, moment - moment.resolution)
    return newest_before + 1


class JumpDialog(FormDialog[int]):
    """Asks for a place and answers the number of the entry there; nothing is changed by it, so enter goes."""

    HELP = "Go to a day, a moment or an entry's number: the cursor lands on the first entry since then."
    TITLE = "Go to"
    CONFIRM = "Go"
    BINDINGS: ClassVar[list[BindingType]] = [submit("go")]

    def __init__(self, account_id: int) -> None:
        super().__init__()
        self._account_id = account_id

    def compose_body(self) -> ComposeResult:
        """The field."""
        yield Field("Place", LineInput(placeholder="2026-10-05, 2026-10-05 14:03 or 8812"), name="place account_id")

    @on(Input.Submitted)
    def _go(self, event: Input.Submitted) -> None:
        event.prevent_default()
        self.confirm()

    def confirm(self) -> None:
        """Find the place."""
        call = partial(place_of, self._account_id, self.query_one(Field).text)
        self.app.calls.read(self, "place", call, self.dismiss, self.failed)
