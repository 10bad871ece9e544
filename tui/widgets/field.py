"""A labelled control with its note, and with its error where it belongs: at the field it is about."""

from collections.abc import Callable
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from services.errors import InvalidInput, PaydeskError
from tui.present import untrusted
from tui.widgets.money_input import MoneyInput

T = TypeVar("T")


class Field(Widget):
    """One line of a form: label, control, note; and under it the error, where there is one.

    `name` is what the services call the value, several names with blanks between: an error that names it is shown here.
    """

    DEFAULT_CSS = """
    Field {
        height: auto;
        layout: vertical;
        .field--line { height: 1; }
        .field--label { width: 10; color: $muted; }
        .field--note { width: auto; max-width: 60%; padding: 0 0 0 1; color: $muted; text-wrap: nowrap; }
        .field--error { display: none; height: auto; padding: 0 0 0 10; color: $text-error; }
        &.-wrong .field--error { display: block; }
        &:focus-within .field--label { color: $foreground; }
    }
    """

    error: reactive[str] = reactive("")
    note: reactive[Content] = reactive(Content(""))

    def __init__(self, label: str, control: Widget, *, name: str, note: str = "") -> None:
        super().__init__(name=name)
        self.control = control
        self._label = label
        self._note = Static(Content(note), classes="field--note")
        self.set_reactive(Field.note, Content(note))
        self._error = Static(classes="field--error")

    def compose(self) -> ComposeResult:
        """The line and its error."""
        with Horizontal(classes="field--line"):
            yield Static(Content(self._label), classes="field--label")
            yield self.control
            yield self._note
        yield self._error

    def watch_note(self, note: Content) -> None:
        """Show the note right of the control."""
        self._note.update(note)

    def watch_error(self, error: str) -> None:
        """Show the error under the control, with a mark that needs no colour."""
        self.set_class(bool(error), "-wrong")
        self._error.update(Content.assemble("✗ ", untrusted(error)))

    def on_input_changed(self) -> None:
        """Typing takes back what was said about the text before."""
        self.error = ""

    @property
    def text(self) -> str:
        """What is typed, without the blanks around it."""
        return self.query_one(Input).value.strip()

    def read(self, parse: Callable[[str], T]) -> T | None:
        """What `parse` makes of the text; None where it refuses, and then the reason stands at the field."""
        try:
            value = parse(self.text)
        except InvalidInput as error:
            self.error = error.sentence
            return None
        self.error = ""
        return value

    def cents(self) -> int | None:
        """The amount in a `MoneyInput`; None where the text is not one, and then the reason stands at the field."""
        return self.read(lambda _text: self.query_one(MoneyInput).parse())


def show_error(form: Widget, error: PaydeskError) -> bool:
    """Put an error at the field it names, and focus there; False where the form has no such field."""
    for field in form.query(Field):
        if error.field in (field.name or "").split():
            field.error = error.sentence
            field.control.focus()
            return True
    return False
