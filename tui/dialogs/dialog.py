"""The base of every dialog, and the one that asks before something is done."""

from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from services.errors import OutcomeUnknown, PaydeskError
from tui.app import PaydeskApp
from tui.commands import Command, bindings
from tui.present import untrusted
from tui.widgets.field import show_error
from tui.widgets.frame import KeyLine, TooSmall
from tui.widgets.line_input import LineInput

Result = TypeVar("Result")


class Cancel(Command):
    """Closes the dialog."""

    key = "escape"
    label = "cancel"
    help = "Close this dialog. Nothing is changed by that; what is being saved is saved all the same."


class Submit(Command):
    """Does what the dialog is for."""

    key = "ctrl+s"
    label = "save"
    help = "Do what this dialog is for, as its last button does."


def submit(label: str) -> Binding:
    """The binding of `Submit` for a dialog that saves nothing, with the word for what it does."""
    return replace(Submit.binding(), description=label)


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """A modal with a title, a body and buttons; escape answers None.

    A dialog yields its widgets in `compose_body`, names its last button in `CONFIRM` (empty: there is none) and does
    its work in `confirm`. Focus starts on Cancel unless `FIRST` selects a field.
    """

    TITLE: ClassVar[str] = ""
    CONFIRM: str = ""
    CANCEL: ClassVar[str] = "Cancel"
    FIRST: ClassVar[str] = "#cancel"
    DANGER: bool = False
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Cancel),
        Binding("tab", "app.focus_next", "next", system=True, tooltip="To the next button or field."),
        Binding(
            "left,up,h,k",
            "app.focus_previous",
            "previous",
            show=False,
            system=True,
            tooltip="To the button or field before.",
        ),
        Binding(
            "right,down,l,j", "app.focus_next", "next", show=False, system=True, tooltip="To the next button or field."
        ),
    ]

    app = getters.app(PaydeskApp)

    def compose(self) -> ComposeResult:
        """The box: body, outcome line, buttons."""
        with Vertical(classes="dialog") as box:
            box.border_title = untrusted(self.heading())
            with Vertical(classes="dialog--body"):
                yield from self.compose_body()
            yield Static(classes="dialog--outcome")
            with Horizontal(classes="dialog--buttons"):
                yield Button(untrusted(self.CANCEL), id="cancel", compact=True)
                if self.CONFIRM:
                    yield Button(
                        untrusted(self.CONFIRM),
                        id="confirm",
                        compact=True,
                        variant="error" if self.DANGER else "primary",
                    )
        yield KeyLine()
        yield TooSmall()

    def heading(self) -> str:
        """The title in the border."""
        return self.TITLE

    def compose_body(self) -> ComposeResult:
        """The dialog's own widgets."""
        yield from ()

    def on_mount(self) -> None:
        """Start on Cancel, or in the first field."""
        self.query_one(self.FIRST).focus()

    def confirm(self) -> None:
        """Do what the dialog is for."""

    @on(Button.Pressed, "#confirm")
    def _confirmed(self) -> None:
        self.confirm()

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Close the dialog and answer None."""
        self.dismiss(None)

    def action_submit(self) -> None:
        """Do what the last button does."""
        self.app.submit_key.press()
        self.confirm()

    @on(Input.Submitted)
    def _next_field(self) -> None:
        # Enter goes on from field to field and never confirms: it may be held down.
        fields = [field for field in self.query(Input) if field.focusable]
        at = fields.index(self.focused) if isinstance(self.focused, Input) and self.focused in fields else -1
        self.set_focus(fields[at + 1] if at + 1 < len(fields) else self.after_last_field())

    def after_last_field(self) -> Widget:
        """Where Enter goes from the last field."""
        return self.query_one("#cancel")

    # While the work that it asked for runs

    def busy(self, sentence: str) -> None:
        """Say that the work runs. The dialog may be left; the work goes on."""
        self.query_one("#confirm").disabled = True
        self._say(Content.styled(f"… {sentence}", "$muted"))

    def failed(self, error: PaydeskError) -> None:
        """Show why the work was not done, at the field it is about; what was typed stays."""
        self.query_one("#confirm").disabled = False
        if show_error(self, error):
            self._say(Content(""))
        elif isinstance(error, OutcomeUnknown):
            self._say(Content.assemble(("? Outcome unknown. ", "bold $text-warning"), untrusted(error.sentence)))
        else:
            self._say(Content.assemble(("✗ ", "$text-error"), untrusted(error.sentence, "$text-error")))

    def _say(self, content: Content) -> None:
        line = self.query_one(".dialog--outcome", Static)
        line.set_class(bool(content), "-said")
        line.update(content)


class Details(Dialog[None]):
    """Shows everything about one thing, where its line in a list has no room for it."""

    CANCEL = "Close"

    def __init__(self, title: str, content: Content) -> None:
        super().__init__()
        self._title = title
        self._content = content

    def heading(self) -> str:
        """The title in the border."""
        return self._title

    def compose_body(self) -> ComposeResult:
        """The content."""
        yield Static(self._content)


class FormDialog(Dialog[Result]):
    """A dialog with fields: it starts in the first one, and ctrl+s saves from any of them."""

    FIRST: ClassVar[str] = "Input"
    BINDINGS: ClassVar[list[BindingType]] = bindings(Submit)

    def after_last_field(self) -> Widget:
        """It stays there: Enter that is held down neither saves the form nor leaves it and what was typed."""
        return [field for field in self.query(Input) if field.focusable][-1]


class Confirm(Dialog[bool]):
    """Asks before something is done, and shows its exact effect.

    `effect` are the lines to show, such as before → after. Where `type_this` is given it must be typed first: for
    what is seldom meant.
    """

    FIRST: ClassVar[str] = "#cancel"

    def __init__(
        self, title: str, effect: Content, confirm: str, *, type_this: str | None = None, danger: bool = False
    ) -> None:
        super().__init__()
        self._title = title
        self._effect = effect
        self._type_this = type_this
        # What other dialogs have by their class, each of these has by itself.
        self.CONFIRM = confirm
        self.DANGER = danger

    def heading(self) -> str:
        """The title in the border."""
        return self._title

    def compose_body(self) -> ComposeResult:
        """The effect, and the field for what must be typed."""
        yield Static(self._effect, classes="confirm--effect")
        if self._type_this is not None:
            with Horizontal(classes="confirm--type"):
                yield Static(Content.assemble("Type ", untrusted(self._type_this, "bold"), " to go on"))
                yield LineInput(id="type-this")

    def on_mount(self) -> None:
        """Start on Cancel, with the other button shut until what must be typed is typed."""
        self.query_one("#confirm").disabled = self._type_this is not None

    @on(Input.Changed, "#type-this")
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#confirm").disabled = event.value.strip() != self._type_this

    def confirm(self) -> None:
        """Answer yes."""
        self.dismiss(True)
