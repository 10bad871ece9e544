"""Makes many discount codes at once, and writes them to a file."""

from dataclasses import dataclass
from pathlib import Path

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from services.domain.code_pattern import MAX_BATCH, CodePattern
from services.errors import InvalidInput
from tui.code_file import CodeBatch, generate_to_file
from tui.dialogs.code_terms import Setting, TermsFields
from tui.dialogs.dialog import FormDialog
from tui.messages import DiscountChanged
from tui.present import count, untrusted
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput


@dataclass(frozen=True)
class MadeCodes:
    """Codes that were made, what all of them begin with, and the file that they are in."""

    codes: list[str]
    prefix: str
    path: Path

    @property
    def sentence(self) -> str:
        """What was made and where it is."""
        return f"{count(len(self.codes), 'code')} were made. They are in {self.path}, which only you can read."


class GenerateCodesDialog(FormDialog[MadeCodes]):
    """Asks how many codes, how they look, the terms of all and the file; shows how hard they are to guess."""

    HELP = (
        "Many codes with the same terms, all of them or none. Each # of the pattern is a character that is not taken "
        "for another one; all others stand for themselves."
    )
    TITLE = "Bulk codes"
    CONFIRM = "Make codes"

    CSS = """
    GenerateCodesDialog #effect { min-height: 1; color: $muted; }
    """

    _effect = getters.query_one("#effect", Static)

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self._count = Field("Number", LineInput(placeholder="like 100", max_length=7), name="count")
        self._prefix = Field("Prefix", LineInput(placeholder="none", max_length=40), name="prefix code")
        self._pattern = Field("Pattern", LineInput("########", max_length=40), name="pattern")
        name = f"codes-{self.app.clock():%Y%m%d-%H%M%S}.csv"
        self._file = Field("File", LineInput(name), name="path", note="new, CSV")
        self._terms = TermsFields(setting)

    def compose_body(self) -> ComposeResult:
        """The fields, and the effect between those it comes from and the terms."""
        yield from (self._count, self._prefix, self._pattern, self._file)
        yield Static(id="effect")
        yield self._terms

    def confirm(self) -> None:
        """Make the codes, if what is typed describes some."""
        number = self._count.read(parse_count)
        pattern = self._pattern.read(self._pattern_of)
        path = self._file.read(parse_path)
        terms = self._terms.read()
        if number is None or pattern is None or path is None or terms is None:
            return
        batch = CodeBatch(number, self._prefix.text, self._pattern.text)

        written = self.app.calls.write(
            self,
            f"{count(number, 'code')} like {pattern.text}",
            lambda desk: MadeCodes(generate_to_file(desk, batch, terms, path), pattern.prefix, path),
            facts=[DiscountChanged()],
            done=self.dismiss,
            failed=self.failed,
            told=lambda made: made.sentence,
        )
        if written:
            self.busy(f"Making {count(number, 'code')}")

    def on_mount(self) -> None:
        """Start in the first field, with the effect of what stands in the others."""
        super().on_mount()
        self.call_after_refresh(self._preview)

    @on(Input.Changed)
    def _preview(self) -> None:
        self._effect.update(self._said())

    def _said(self) -> Content:
        """What would be made, or why it cannot be."""
        try:
            pattern = self._pattern_of(self._pattern.text)
            if not self._count.text:
                return Content("")
            number = parse_count(self._count.text)
            pattern.check_room(number, 0)
        except InvalidInput as error:
            return Content.assemble(("! ", "$text-warning"), untrusted(error.sentence))
        text = f"{count(number, 'code')} like {pattern.text}; 1 guess in {pattern.space // number:,} hits one"
        return untrusted(text, "$muted")

    def _pattern_of(self, text: str) -> CodePattern:
        return CodePattern.of(self._prefix.text, text)


def parse_count(text: str) -> int:
    """How many codes are made."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MAX_BATCH:
        raise InvalidInput(f"A batch has 1 to {MAX_BATCH:,} codes.", field="count")
    return number


def parse_path(text: str) -> Path:
    """The whole path of a file; `~` is the home folder."""
    if not text:
        raise InvalidInput("Name the file that the codes are written to.", field="path")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise InvalidInput(f"{text} is not a path: there is no such home folder.", field="path") from None
