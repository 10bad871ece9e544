"""Findings: what this desk and Stripe differ in, as a list; and comparing them now."""

from datetime import datetime
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from services.domain.finding import Finding
from tui.commands import Command, bindings
from tui.dialogs.dialog import Dialog
from tui.dialogs.finding import FindingDialog
from tui.finding_words import KIND_WORDS
from tui.present import NOTHING, age, cents, untrusted
from tui.reconciling import Comparison
from tui.widgets.table import Column, Row, Table

COLUMNS = (
    Column("order", align="right"),
    Column("what"),
    Column("amount", align="right"),
    Column("since", align="right"),
    Column("explanation", grows=True),
)


class CompareNow(Command):
    """Compares the desk with Stripe."""

    key = "r"
    label = "compare now"
    help = "Compare this desk with Stripe now: settle what is unfinished, and list what differs."


class FindingsDialog(Dialog[None]):
    """Lists the findings and says when and how the desk was last compared with Stripe."""

    HELP = (
        "Findings: what this desk and Stripe differ in. Enter shows one whole, with the one safe thing to do about it. "
        "A comparison runs by itself, at start and every hour; it goes on when this is closed."
    )
    TITLE = "Findings"
    CANCEL = "Close"
    FIRST = "Table"
    DEFAULT_CSS = """
    FindingsDialog Table { height: 10; }
    FindingsDialog.-tall Table { height: 20; }
    FindingsDialog .findings--last { margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(CompareNow)

    _table = getters.query_one(Table)
    _last = getters.query_one(".findings--last", Static)

    def compose_body(self) -> ComposeResult:
        """The list, and what came of the last comparison."""
        yield Table(COLUMNS)
        yield Static(classes="findings--last")

    def on_mount(self) -> None:
        """Follow what the app knows."""
        self.watch(self.app, "comparison", self._show)
        self.app.reconciler.read_findings()

    def _show(self, comparison: Comparison) -> None:
        now = self.app.clock()
        empty = _words(comparison, self._has_stripe, now) if not comparison.findings else None
        self._table.show([_row(finding, now) for finding in comparison.findings], empty=empty)
        self._last.update(_words(comparison, self._has_stripe, now) if comparison.findings else Content(""))

    @property
    def _has_stripe(self) -> bool:
        return self.app.info is not None and self.app.info.environment != "NO STRIPE"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Compare only where there is a Stripe."""
        return self._has_stripe if action == CompareNow.action() else super().check_action(action, parameters)

    def action_compare_now(self) -> None:
        """Compare the desk with Stripe, unless that is under way."""
        self.app.reconciler.run()

    @on(Table.Chosen)
    def _chosen(self, event: Table.Chosen) -> None:
        finding = next((one for one in self.app.comparison.findings if str(one.id) == event.key), None)
        if finding is not None:
            self.app.push_screen(FindingDialog(finding, KIND_WORDS[finding.kind]))


def _row(finding: Finding, now: datetime) -> Row:
    return Row(
        str(finding.id),
        [
            Content(str(finding.order_id)),
            Content.styled(KIND_WORDS[finding.kind], "$text-warning"),
            Content(NOTHING if finding.amount_cents is None else cents(finding.amount_cents)),
            Content(age(finding.found_at, now)),
            untrusted(finding.explanation),
        ],
    )


def _words(comparison: Comparison, has_stripe: bool, now: datetime) -> Content:
    """When the desk was compared with Stripe and what came of it; or how far that is; or why it could not be."""
    if not has_stripe:
        return Content("Stripe not configured: there is nothing to compare this desk with.")
    if comparison.running:
        looked_at, expected = comparison.progress
        far = f": {looked_at} of {expected} orders" if expected else " …"
        return Content(f"Comparing this desk with Stripe{far}\nIt goes on when this is closed.")
    problem = Content.assemble(untrusted(f"Not compared: {comparison.problem}", "$text-error"), "\n")
    start = problem if comparison.problem else Content("")
    if comparison.compared_at is None:
        return start + Content("Not compared with Stripe yet. r compares now.")
    at = f"{comparison.compared_at:%H:%M:%S}"
    same = "" if comparison.findings else "Nothing differs between this desk and Stripe. "
    return start + Content(f"{same}Last compared {at}.\n{comparison.summary.capitalize()}. r compares now.")
