"""A field for a moment, typed as clocks of the business show it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input

from services.domain.zone import format_end, format_start, last_day, parse_end, parse_start
from services.errors import InvalidInput, UnclearTime
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput


class TimeField(Field):
    """A local time in `zone`, or nothing.

    A time that clocks skip or show twice is refused as soon as it is typed, and the two that may be meant are buttons
    under it.
    """

    HELP = "A moment, like `2026-12-01 09:00` or `2026-12-01`. Where clocks change, choose which of two times is meant."
    DEFAULT_CSS = """
    TimeField {
        .time--candidates { display: none; height: 1; padding: 0 0 0 8; }
        &.-unclear .time--candidates { display: block; }
    }
    """

    def __init__(self, label: str, *, name: str, placeholder: str, is_end: bool = False) -> None:
        """`is_end`: a bare date is the end of that day, not its start."""
        super().__init__(label, LineInput(id=name, placeholder=placeholder), name=name)
        self.zone = ZoneInfo("UTC")
        self._is_end = is_end
        self._candidates: tuple[datetime, ...] = ()

    def compose(self) -> ComposeResult:
        """The field, and under its error the two times that may be meant."""
        yield from super().compose()
        with Horizontal(classes="time--candidates"):
            yield Button(classes="time--candidate", compact=True)
            yield Button(classes="time--candidate", compact=True)

    def parse(self) -> datetime | None:
        """The moment in UTC; None where nothing is typed. Raises `InvalidInput`, `UnclearTime` with its candidates."""
        if not self.text:
            return None
        return (parse_end if self._is_end else parse_start)(self.text, self.zone, field=self.name or "time")

    def show(self, moment: datetime | None) -> None:
        """Put a moment into the field."""
        form = format_end if self._is_end else format_start
        self.query_one(Input).value = "" if moment is None else form(moment, self.zone)

    def refuse(self, error: InvalidInput) -> None:
        """Say what is wrong with the text, and offer the times that may be meant."""
        self.error = error.sentence
        self._offer(error.candidates if isinstance(error, UnclearTime) else ())

    @on(Input.Changed)
    def _read(self, event: Input.Changed) -> None:
        """Say how the text is read, as soon as it is a time; one that is still being typed is not complained about."""
        event.prevent_default()  # Any other field only takes back what was said about the text before.
        self.error = ""
        self._offer(())
        self.note = Content("")
        try:
            self._show_reading(self.parse())
        except UnclearTime as error:
            self.refuse(error)
        except InvalidInput:
            return

    def _show_reading(self, moment: datetime | None) -> None:
        if moment is None:
            return
        whole_day = self._is_end and last_day(moment, self.zone) is not None
        self.note = Content("24:00" if whole_day else f"{moment.astimezone(UTC):%H:%M}Z")

    def _offer(self, candidates: tuple[datetime, ...]) -> None:
        self._candidates = candidates
        self.set_class(bool(candidates), "-unclear")
        for button, moment in zip(self.query(".time--candidate").results(Button), candidates, strict=False):
            button.label = Content(f"{moment.astimezone(self.zone):%H:%M %Z}")

    @on(Button.Pressed, ".time--candidate")
    def _choose(self, event: Button.Pressed) -> None:
        event.stop()
        buttons = list(self.query(".time--candidate").results(Button))
        self.query_one(Input).value = format_start(self._candidates[buttons.index(event.button)], self.zone)
        self.control.focus()
