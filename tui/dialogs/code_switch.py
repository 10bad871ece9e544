"""Disables or enables many codes at once."""

from collections.abc import Sequence
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from services.domain.discount import CodeStatus, DiscountCode
from tui.dialogs.dialog import FormDialog
from tui.messages import DiscountChanged
from tui.present import ELLIPSIS, count, status_word, untrusted
from tui.screens.discounts_list import CodeFilter, read_codes
from tui.widgets.choice import Choice
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput

DISABLE, ENABLE = "disable", "enable"
NAMED = 5
"""How many codes are named in the question."""


class SwitchShownDialog(FormDialog[list[str]]):
    """Reads every code that fits a filter, shows what would become of them, and switches them: all or none."""

    HELP = "Every code that fits the filter, also those further down the list. Each has its line in the audit trail."
    TITLE = "Disable or enable all shown"
    CONFIRM = "Go on"
    DANGER = True
    FIRST: ClassVar[str] = "#cancel"

    CSS = """
    SwitchShownDialog #effect { margin: 1 0 0 0; }
    """

    _effect = getters.query_one("#effect", Static)

    def __init__(self, wanted: CodeFilter) -> None:
        super().__init__()
        self._wanted = wanted
        self._codes: Sequence[DiscountCode] | None = None
        enables = wanted.status is CodeStatus.DISABLED
        self._do = Choice([(DISABLE, "disable"), (ENABLE, "enable")], ENABLE if enables else DISABLE)
        self._reason = Field("Reason", LineInput(placeholder="for the audit trail", max_length=200), name="reason")

    def compose_body(self) -> ComposeResult:
        """The choice, the reason and the effect."""
        yield Field("Do", self._do, name="active")
        yield self._reason
        yield Static(Content(ELLIPSIS), id="effect")

    def on_mount(self) -> None:
        """Read the codes that are meant."""
        super().on_mount()
        self.query_one("#confirm").disabled = True
        self.app.calls.read(self, "shown", lambda desk: read_codes(desk, self._wanted), self._take, self.failed)

    def _take(self, codes: Sequence[DiscountCode]) -> None:
        self._codes = codes
        self._preview()

    @property
    def _active(self) -> bool:
        return self._do.value == ENABLE

    @property
    def _switched(self) -> list[DiscountCode]:
        return [code for code in self._codes or () if code.active is not self._active]

    @on(Choice.Changed)
    def _preview(self) -> None:
        if self._codes is None:
            return
        switched = self._switched
        self.query_one("#confirm").disabled = not switched
        self._effect.update(effect_of(self._wanted, self._codes, switched, self._active))

    def confirm(self) -> None:
        """Switch them."""
        codes, active = [code.code for code in self._switched], self._active
        reason = self._reason.text
        if not codes:
            return
        written = self.app.calls.write(
            self,
            f"{'Enable' if active else 'Disable'} {count(len(codes), 'code')}",
            lambda desk: desk.discounts.set_all_active(codes, active, reason),
            facts=[DiscountChanged()],
            done=self.dismiss,
            failed=self.failed,
        )
        if written:
            self.busy("Enabling" if active else "Disabling")


def effect_of(
    wanted: CodeFilter, codes: Sequence[DiscountCode], switched: Sequence[DiscountCode], active: bool
) -> Content:
    """Which codes are meant, and what becomes of them."""
    named = ", ".join(code.code for code in switched[:NAMED])
    more = f", and {len(switched) - NAMED:,} more" if len(switched) > NAMED else ""
    word = "enabled" if active else "disabled"
    same = len(codes) - len(switched)
    lines = [
        untrusted(f"{count(len(codes), 'code')} {_filter_words(wanted)}", "$muted"),
        Content.assemble(
            (f"{count(len(switched), 'code')} → {word}", "bold"), f"; {same:,} already {'is' if same == 1 else 'are'}"
        ),
        untrusted(f"{named}{more}"),
    ]
    held = sum(code.held for code in switched)
    if held and not active:
        lines.append(Content.styled(f"{count(held, 'open checkout')} can still be paid with them.", "$muted"))
    return Content("\n").join(lines)


def _filter_words(wanted: CodeFilter) -> str:
    prefix = f"that begin with {wanted.prefix.upper()}" if wanted.prefix else ""
    state = f"that are {status_word(wanted.status)}" if wanted.status else ""
    return " and ".join(word for word in (prefix, state) if word) or "in all"
