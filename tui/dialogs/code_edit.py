"""Changes the terms of a discount code."""

from dataclasses import fields
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from services.domain.discount import CodeTerms, DiscountCode
from services.errors import PaydeskError, StaleTerms
from tui.commands import Command, bindings
from tui.dialogs.code_terms import Setting, TermsFields, texts_of
from tui.dialogs.dialog import FormDialog
from tui.dialogs.new_code import NewCodeDialog
from tui.messages import DiscountChanged
from tui.present import NOTHING, untrusted


class DuplicateInstead(Command):
    """Makes a new code where another value is wanted."""

    key = "ctrl+n"
    label = "duplicate as new…"
    help = "Make a new code that starts with these terms, since what this one takes off is kept."


class EditCodeDialog(FormDialog[DiscountCode]):
    """Asks for other terms of a code; what somebody else changed in between is shown and not overwritten.

    Answers the code that was changed, or the one that was made instead.
    """

    HELP = (
        "The terms of a code. What it takes off is kept once an order was made with it: duplicate it to change that. "
        "A limit below the uses that are taken takes none from anybody."
    )
    CONFIRM = "Save"
    BINDINGS: ClassVar[list[BindingType]] = bindings(DuplicateInstead)

    _theirs = getters.query_one("#theirs", Static)

    def __init__(self, setting: Setting, code: DiscountCode, *, frozen: bool) -> None:
        """`frozen`: an order was made with the code."""
        super().__init__()
        self.code = code
        self.frozen = frozen
        self._setting = setting
        self._terms = TermsFields(setting, code.terms, uses=code.uses, frozen=frozen)

    def heading(self) -> str:
        """Which code it is."""
        return f"Edit {self.code.code}"

    def compose_body(self) -> ComposeResult:
        """The fields, and what somebody else made of them."""
        yield self._terms
        yield Static(id="theirs")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A new code is offered where the value of this one is kept."""
        if action == DuplicateInstead.action():
            return self.frozen
        return super().check_action(action, parameters)

    def action_duplicate_instead(self) -> None:
        """Make a new code that starts with these terms."""

        def made(code: DiscountCode | None) -> None:
            if code is not None:
                self.dismiss(code)

        self.app.push_screen(NewCodeDialog(self._setting, self.code), made)

    def confirm(self) -> None:
        """Save the terms, if what is typed are any."""
        terms = self._terms.read()
        if terms is None:
            return
        written = self.app.calls.write(
            self,
            f"Edit {self.code.code}",
            lambda desk: desk.discounts.edit(self.code.code, terms, expected=self.code.terms),
            facts=[DiscountChanged()],
            done=self.dismiss,
            failed=self._refused,
        )
        if written:
            self.busy("Saving")

    def _refused(self, error: PaydeskError) -> None:
        self.failed(error)
        if isinstance(error, StaleTerms):
            code = self.code.code
            self.app.calls.read(self, "theirs", lambda desk: desk.discounts.get(code), self._show_theirs)

    def _show_theirs(self, theirs: DiscountCode | None) -> None:
        if theirs is None:
            return
        lines = changes(self.code.terms, theirs.terms, self._setting.zone)
        # What is saved next is compared with what is shown now.
        self.code = theirs
        again = Content("Save again to put yours in its place, or leave with escape.")
        self._theirs.update(Content("\n").join([Content("What somebody else changed:"), *lines, again]))
        # On a small screen it is below the fields, out of sight.
        self.call_after_refresh(self.query_one(".dialog").scroll_end, animate=False)


def changes(before: CodeTerms, after: CodeTerms, zone: ZoneInfo) -> list[Content]:
    """What differs between two terms, a line each: `max_uses 5 → 7`."""
    texts_before, texts_after = texts_of(before, zone), texts_of(after, zone)
    lines = []
    for term in fields(CodeTerms):
        old, new = getattr(before, term.name), getattr(after, term.name)
        if old != new:
            was, now = (
                texts.get(term.name) or _plain(value) for texts, value in ((texts_before, old), (texts_after, new))
            )
            name = term.name.removesuffix("_cents").removesuffix("_at").replace("_", " ")
            lines.append(Content.assemble((f"  {name}  ", "$muted"), untrusted(was), " → ", untrusted(now, "bold")))
    return lines


def _plain(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
