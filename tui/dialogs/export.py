"""Writing what a filter means of a ledger to a new file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from services.domain.account import Account
from services.domain.ledger_export import ExportFormat, ExportPiece
from services.domain.ledger_filter import LedgerFilter, filter_line
from services.errors import InvalidInput, PaydeskError
from services.ledger_file import write_export
from tui.desk import Desk
from tui.dialogs.balance_form import labelled
from tui.dialogs.dialog import FormDialog, submit
from tui.present import count, moment, untrusted
from tui.widgets.choice import Choice
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput

BAR = 30
"""Cells of the bar that shows how far it is."""


@dataclass(frozen=True)
class Selection:
    """What is exported: what a filter means of an account's entries, up to number `as_of_seq`; `moment` is its time,
    None where it is now.
    """

    account: Account
    wanted: LedgerFilter
    as_of_seq: int
    moment: datetime | None = None


@dataclass(frozen=True)
class Exported:
    """What was written, and where."""

    path: Path
    entries: int
    as_of_seq: int

    @property
    def sentence(self) -> str:
        """What was written, for a person."""
        entries = count(self.entries, "entry", "entries")
        return f"Wrote {entries} as of number {self.as_of_seq:,} to {self.path}."


class ExportDialog(FormDialog[Exported]):
    """Asks where to, writes off the interface thread, shows how far it is, and can be stopped: then nothing is left."""

    HELP = "Write exactly the entries that the filter means to a new file, oldest first. No file is ever replaced."
    TITLE = "Export"
    CONFIRM = "Export"
    BINDINGS: ClassVar[list[BindingType]] = [submit("export")]
    DEFAULT_CSS = """
    ExportDialog .export--what { margin: 0 0 1 0; }
    ExportDialog .export--progress { display: none; margin: 1 0 0 0; }
    ExportDialog .export--progress.-said { display: block; }
    """

    @dataclass
    class Progressed(Message):
        """A piece was written."""

        piece: ExportPiece

    def __init__(self, selection: Selection) -> None:
        super().__init__()
        self._selection = selection
        self._writing = self._stopped = False

    def heading(self) -> str:
        """Whose entries they are."""
        return f"{self.TITLE} · account {self._selection.account.id}"

    def compose_body(self) -> ComposeResult:
        """What is written, where to, and how."""
        selection = self._selection
        line = filter_line(selection.wanted)
        as_of = "" if selection.moment is None else f", {moment(selection.moment, self.app.clock()).strip()} UTC"
        yield Static(
            Content("\n").join(
                [
                    labelled("Filter", untrusted(line) if line else Content.styled("none: every entry", "$muted")),
                    labelled("As of", Content(f"entry {selection.as_of_seq:,}{as_of}")),
                ]
            ),
            classes="export--what",
        )
        name = f"ledger-{selection.account.id}-{selection.as_of_seq}.{ExportFormat.CSV}"
        yield Field("File", LineInput(name), name="path")
        forms = [(ExportFormat.CSV.value, "CSV"), (ExportFormat.JSON_LINES.value, "JSON Lines")]
        yield Field("Format", Choice(forms, ExportFormat.CSV.value), name="form")
        yield Static(classes="export--progress")

    @on(Choice.Changed)
    def _changed_form(self, event: Choice.Changed) -> None:
        field = self.query_one(LineInput)
        for form in ExportFormat:
            if field.value.endswith(f".{form}"):
                field.value = f"{field.value.removesuffix(form)}{event.value}"
                return

    def confirm(self) -> None:
        """Begin to write."""
        field = self.query(Field).first()
        path = field.read(_parse_path)
        if path is None:
            field.control.focus()
            return
        self._stopped = False
        form = ExportFormat(self.query_one(Choice).value)
        self._writing = self.app.calls.write(
            self,
            f"Export to {path}",
            partial(_write, self._selection, path, form, self._go_on),
            done=self._done,
            failed=self._not_written,
            told=lambda exported: exported.sentence if exported else "Stopped; nothing was written.",
        )
        if self._writing:
            self.busy("Writing; escape stops it")

    def _go_on(self, piece: ExportPiece) -> bool:
        # Called where the file is written: posting a message is the one thing that any thread may do.
        self.post_message(self.Progressed(piece))
        return not self._stopped

    @on(Progressed)
    def _progressed(self, event: Progressed) -> None:
        piece = event.piece
        of = max(1, piece.last_seq - piece.first_seq + 1)
        share = (piece.searched_seq - piece.first_seq + 1) / of
        full = round(BAR * share)
        bar = Content.assemble(("━" * full, "$text-primary"), ("─" * (BAR - full), "$muted"))
        words = f"  {share:4.0%}  {count(piece.entries, 'entry', 'entries')}"
        self._show_progress(bar + words)

    def _show_progress(self, progress: Content) -> None:
        line = self.query_one(".export--progress", Static)
        line.set_class(bool(progress), "-said")
        line.update(progress)

    def _done(self, exported: Exported | None) -> None:
        self._writing = False
        if exported is None:
            self.app.say("Stopped; nothing was written.", title="Export", warning=True)
        self.dismiss(exported)

    def _not_written(self, error: PaydeskError) -> None:
        self._writing = False
        self._show_progress(Content(""))
        self.failed(error)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self, event: Button.Pressed) -> None:
        event.prevent_default()
        self.action_cancel()

    def action_cancel(self) -> None:
        """Stop writing; where nothing is being written, close the dialog."""
        if self._writing:
            self._stopped = True
        else:
            self.dismiss(None)


def _parse_path(text: str) -> Path:
    if not text:
        raise InvalidInput("A file has a name.", field="path")
    return Path(text).expanduser().absolute()


def _write(
    selection: Selection, path: Path, form: ExportFormat, go_on: Callable[[ExportPiece], bool], desk: Desk
) -> Exported | None:
    pieces = desk.history.export(selection.account.id, selection.wanted, form, as_of_seq=selection.as_of_seq)
    last = write_export(pieces, path, go_on)
    return None if last is None else Exported(path, last.entries, last.last_seq)
