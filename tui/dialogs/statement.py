"""The statement of an account over a period: opening, totals by kind, closing."""

from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from services.domain.account import Account
from services.domain.history import KindTotal, Statement
from services.domain.period import Period, parse_period
from services.errors import PaydeskError
from tui.desk import Desk
from tui.dialogs.dialog import FormDialog, submit
from tui.present import cents, signed_cents
from tui.widgets.field import Field
from tui.widgets.ledger_columns import kind_word
from tui.widgets.line_input import LineInput

_KIND, _COUNT, _AMOUNT = 12, 12, 18
"""Cells of the columns."""


def read_statement(account_id: int, period: Period, desk: Desk) -> Statement:
    """The statement."""
    return desk.history.statement(account_id, period)


def statement_content(statement: Statement) -> Content:
    """The statement as lines."""
    lines = [
        Content.styled(_line("kind", "entries", "in", "out"), "$muted"),
        _balance_line("opening", "", statement.opening_cents),
        *(Content(_total_line(total)) for total in statement.totals),
        _balance_line("closing", f"{statement.entries:,}", statement.closing_cents),
    ]
    if statement.entries == 0:
        lines.append(Content.styled("No entries in this period.", "$muted"))
    if not statement.adds_up:
        lines.append(Content.styled("✗ The parts do not make the whole: V verifies the account.", "$text-error"))
    return Content("\n").join(lines)


def _line(kind: str, entries: str, credits_in: str, debits_out: str) -> str:
    return f"{kind:<{_KIND}}{entries:>{_COUNT}}{credits_in:>{_AMOUNT}}{debits_out:>{_AMOUNT}}"


def _total_line(total: KindTotal) -> str:
    return _line(
        kind_word(total.kind),
        f"{total.entries:,}",
        signed_cents(total.credits_cents) if total.credits_cents else "",
        signed_cents(total.debits_cents) if total.debits_cents else "",
    )


def _balance_line(label: str, entries: str, balance_cents: int) -> Content:
    return Content.assemble(f"{label:<{_KIND}}{entries:>{_COUNT}}", (f"{cents(balance_cents):>{2 * _AMOUNT}}", "bold"))


class StatementDialog(FormDialog[Period]):
    """Shows statements, and answers the period whose entries are to be shown in the ledger."""

    HELP = "A statement of the account: type a period and press enter. Its parts add up to the balance at its end."
    TITLE = "Statement"
    CONFIRM = "Show entries"
    CANCEL = "Close"
    BINDINGS: ClassVar[list[BindingType]] = [submit("show entries")]
    DEFAULT_CSS = """
    StatementDialog .statement--lines { margin: 1 0 0 0; }
    """

    def __init__(self, account: Account, now: datetime) -> None:
        super().__init__()
        self._account = account
        self._now = now

    def heading(self) -> str:
        """Whose statement it is."""
        return f"{self.TITLE} · account {self._account.id} · {self._account.email}"

    def compose_body(self) -> ComposeResult:
        """The period, and the statement of it."""
        period = LineInput(f"{self._now:%Y-%m}", placeholder="2026-10 or 2026-10-05..2026-11-04")
        yield Field("Period", period, name="period account_id", note="enter reads it, in UTC")
        yield Static(Content.styled("…", "$muted"), classes="statement--lines")

    def on_mount(self) -> None:
        """Read the statement of this month."""
        self._read()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.prevent_default()
        self._read()

    def _read(self) -> None:
        period = self.query_one(Field).read(parse_period)
        if period is not None:
            self._lines.update(Content.styled("Adding up …", "$muted"))
            call = partial(read_statement, self._account.id, period)
            self.app.calls.read(self, "statement", call, self._show, self._refused)

    @property
    def _lines(self) -> Static:
        return self.query_one(".statement--lines", Static)

    def _show(self, statement: Statement) -> None:
        self._lines.update(statement_content(statement))

    def _refused(self, error: PaydeskError) -> None:
        self._lines.update(Content(""))
        self.failed(error)

    def confirm(self) -> None:
        """Answer the period."""
        period = self.query_one(Field).read(parse_period)
        if period is not None:
            self.dismiss(period)
