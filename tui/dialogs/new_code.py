"""Makes a discount code, from nothing or from the terms of another."""

from dataclasses import asdict

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input

from services.domain.discount import CodeTerms, DiscountCode, canonical_code
from services.errors import InvalidInput
from tui.desk import Desk
from tui.dialogs.code_terms import Setting, TermsFields
from tui.dialogs.dialog import FormDialog
from tui.messages import DiscountChanged
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput


class NewCodeDialog(FormDialog[DiscountCode]):
    """Asks for a code and its terms, and shows what a customer would pay with it."""

    HELP = "A discount code. What it takes off cannot be changed once an order was made with it; the rest can."
    CONFIRM = "Create code"

    def __init__(self, setting: Setting, source: DiscountCode | None = None) -> None:
        """`source` is the code whose terms it starts with."""
        super().__init__()
        self._source = source
        self._code = Field("Code", LineInput(max_length=60), name="code")
        self._terms = TermsFields(setting, source.terms if source else None)

    def heading(self) -> str:
        """What is made."""
        return f"Duplicate {self._source.code}" if self._source else "New code"

    def compose_body(self) -> ComposeResult:
        """The fields."""
        yield self._code
        yield self._terms

    def confirm(self) -> None:
        """Make the code, if what is typed is one."""
        code, terms = self._code.read(canonical_code), self._terms.read()
        if code is None or terms is None:
            return
        written = self.app.calls.write(
            self,
            f"New code {code}",
            lambda desk: self._create(desk, code, terms),
            facts=[DiscountChanged()],
            done=self.dismiss,
            failed=self.failed,
        )
        if written:
            self.busy("Creating")

    def _create(self, desk: Desk, code: str, terms: CodeTerms) -> DiscountCode:
        if self._source is not None and terms == self._source.terms:
            return desk.discounts.duplicate(self._source.code, code)  # which the audit trail then says
        return desk.discounts.create(code, **asdict(terms))

    @on(Input.Changed)
    def _preview(self) -> None:
        self._code.note = self._stored_as(self._code.text)

    def _stored_as(self, text: str) -> Content:
        try:
            code = canonical_code(text)
        except InvalidInput:
            return Content("")
        return Content("" if code == text else f"stored as {code}")
