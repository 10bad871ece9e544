"""What became of a code's uses: the sums, the days, and every one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from textual import getters, on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from services.domain.code_report import CodeReport, CodeTotals, Redemption
from services.domain.discount import Refusal
from services.domain.zone import start_of_day
from services.errors import NotFound
from tui.commands import JUMPS
from tui.dialogs.code_chart import DAYS, chart_of, outcome
from tui.dialogs.dialog import Dialog
from tui.messages import DiscountChanged, Fact, OrderChanged
from tui.present import NOTHING, cents, moment, status
from tui.screens.discounts_words import left_of, terms_of
from tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from tui.desk import Desk

PAGE = 100
"""Uses that are read at once."""


@dataclass(frozen=True)
class Report:
    """A code's report with the newest of its uses, in the zone of its days."""

    report: CodeReport
    newest: Sequence[Redemption]
    zone: ZoneInfo


def read_report(desk: "Desk", code: str, rows: int) -> Report:
    """Read the report: its days are those up to the last use that the chart has room for."""
    reports, found = desk.code_reports, desk.discounts.get(code)
    if found is None:
        raise NotFound(Refusal.UNKNOWN.sentence(code), field="code")
    last_use_at = reports.totals([found])[found.code].last_use_at
    since = None
    if last_use_at is not None:
        since = start_of_day(last_use_at.astimezone(reports.zone).date() - timedelta(days=DAYS - 1), reports.zone)
    return Report(reports.report(code, since=since), reports.redemptions(code, limit=rows), reports.zone)


class CodeReportDialog(Dialog[None]):
    """Shows a code's terms, its sums, its days as a chart, and its uses, newest order first."""

    HELP = (
        "What became of a code's uses, derived from the orders. Enter goes to an order. "
        "A use is held while its checkout is open, redeemed once it is paid, and released where it was not."
    )
    CANCEL = "Close"
    FIRST: ClassVar[str] = "#uses"
    CSS = """
    CodeReportDialog .dialog { width: 100; height: 94%; padding: 0 2; }
    CodeReportDialog .dialog--body { height: 1fr; }
    CodeReportDialog .dialog--buttons { height: 1; padding: 0; }
    CodeReportDialog #summary { margin: 0 0 1 0; }
    CodeReportDialog #uses { height: 1fr; min-height: 5; margin: 1 0; }
    CodeReportDialog.-unused .dialog, CodeReportDialog.-unused .dialog--body { height: auto; }
    CodeReportDialog.-unused #uses { height: 1; min-height: 1; margin: 0 0 1 0; }
    """

    _summary = getters.query_one("#summary", Static)
    _chart = getters.query_one("#chart", Static)
    _table = getters.query_one("#uses", Table)

    def __init__(self, code: str) -> None:
        super().__init__()
        self._code = code
        self._uses: list[Redemption] = []
        self._is_whole = True
        self._asked_before: int | None = None

    def heading(self) -> str:
        """Which code it is."""
        return f"Report of {self._code}"

    def compose_body(self) -> ComposeResult:
        """The sums, the chart and the list."""
        yield Static(id="summary")
        yield Static(id="chart")
        yield Table(
            [
                Column("order", align="right"),
                Column("account", align="right"),
                Column("use"),
                Column("saved", align="right"),
                Column("paid", align="right"),
                Column("refunded", align="right"),
                Column("taken, UTC"),
                Column("settled, UTC", spare=True),
            ],
            empty="No order was made with it yet.",
            id="uses",
        )

    def on_mount(self) -> None:
        """Read it, and follow what changes."""
        super().on_mount()
        self.app.facts.subscribe(self, self._take_fact)
        self.watch(self._table, "scroll_y", self._read_on, init=False)
        self._read()

    def _take_fact(self, fact: Fact) -> None:
        if isinstance(fact, DiscountChanged | OrderChanged):
            self._read()

    # Reading

    def _read(self) -> None:
        rows = max(PAGE, len(self._uses))
        self._asked_before = None
        self.app.calls.read(
            self, "report", lambda desk: read_report(desk, self._code, rows), partial(self._show, rows), self.failed
        )

    def _show(self, rows: int, report: Report) -> None:
        self._summary.update(summary_of(report.report, report.zone, self.app.clock()))
        last_use_at = report.report.totals.last_use_at
        if last_use_at is not None:
            last = last_use_at.astimezone(report.zone).date()
            self._chart.update(chart_of(report.report.days, last, report.zone.key))
        self._uses = []
        self.set_class(not report.newest, "-unused")
        self._append(rows, report.newest)

    def _append(self, rows: int, uses: Sequence[Redemption]) -> None:
        self._uses += uses
        self._is_whole = len(uses) < rows
        self._table.show([_row(use, self.app.clock()) for use in self._uses])

    def _read_on(self) -> None:
        in_view = self._table.scroll_offset.y + 2 * self._table.size.height
        if self._is_whole or in_view < len(self._uses) or self._asked_before == self._uses[-1].order_id:
            return
        before = self._asked_before = self._uses[-1].order_id
        self.app.calls.read(
            self,
            "report",
            lambda desk: desk.code_reports.redemptions(self._code, limit=PAGE, before_order_id=before),
            partial(self._append, PAGE),
            self.failed,
        )

    # Going on

    @on(Table.Chosen, "#uses")
    def _open_order(self, event: Table.Chosen) -> None:
        app = self.app
        self.dismiss(None)
        app.jump(next(jump for jump in JUMPS if jump.word == "order"), event.key)


def summary_of(report: CodeReport, zone: ZoneInfo, now: datetime) -> Content:
    """The code's terms, and the sums of its uses."""
    code, totals = report.code, report.totals
    terms = [Content(f"takes off {code.value_text}"), left_of(code), *terms_of(code.terms, zone)]
    sums = Content.assemble(
        ("saved ", "$muted"),
        (cents(totals.saved_cents), "bold"),
        ("   revenue ", "$muted"),
        (cents(totals.revenue_cents), "bold"),
        ("   refunded ", "$muted"),
        cents(totals.refunded_cents),
    )
    lines = [Content.assemble(status(code.status), "  ", Content(" · ").join(terms)), _numbers(totals, now), sums]
    if not totals.agrees_with(code):
        lines.append(
            Content.styled("! The code's own counters differ from its uses: paydesk verify says where.", "$text-error")
        )
    return Content("\n").join(lines)


def _numbers(totals: CodeTotals, now: datetime) -> Content:
    numbers = f"{totals.held:,} held, {totals.redeemed:,} redeemed, {totals.released:,} released"
    if totals.last_use_at is None:
        return Content(numbers)
    last_use = moment(totals.last_use_at, now, seconds=False).strip()
    return Content.assemble(numbers, ("   last use ", "$muted"), f"{last_use} UTC")


def _row(use: Redemption, now: datetime) -> Row:
    settled = NOTHING if use.settled_at is None else moment(use.settled_at, now, seconds=False)
    return Row(
        str(use.order_id),
        [
            Content(str(use.order_id)),
            Content(str(use.account_id)),
            outcome(use.status),
            Content(cents(use.discount_cents)),
            Content(cents(use.paid_cents) if use.paid_cents else NOTHING),
            Content(cents(use.refunded_cents) if use.refunded_cents else NOTHING),
            Content(moment(use.created_at, now, seconds=False)),
            Content(settled),
        ],
    )
