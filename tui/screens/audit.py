"""Audit: who did what when, what it was before, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from services.domain.audit import AuditEntry, AuditFilter
from services.errors import InvalidInput
from tui.commands import JUMPS, Command, bindings
from tui.desk import Desk
from tui.dialogs.dialog import Details
from tui.messages import AccountChanged, BalanceChanged, DiscountChanged, Fact, OrderChanged, PricingChanged
from tui.present import count
from tui.screens.audit_filter import EVERYTHING, AuditSuggester, parse_audit_filter
from tui.screens.audit_words import audit_brief, audit_detail, audit_row, audit_text
from tui.screens.desk_screen import DeskScreen
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput
from tui.widgets.table import Column, Table

PAGE = 200
"""How many entries are read at a time."""

NEAR = 50
"""How far from the last line that was read the cursor is when more are read."""

NOTHING_YET = (
    "Nothing was changed yet. Every change of prices, codes\nand balances is noted here, and nobody can delete it."
)
NO_MATCH = "No entry fits the filter. Press / to change it; escape empties it."
PRICES = "prices"
JUMP_WORDS = {"balance": "account", "discount_code": "code", "order": "order"}
"""Which jump leads to an object of each type; to prices no jump is needed."""


class GoToObject(Command):
    """Goes to what was changed."""

    key = "o"
    label = "go to it"
    help = "Go to what was changed: the account, the code, the order or the prices."


@dataclass(frozen=True)
class Newest:
    """The newest entries that fit, and everybody who ever changed anything."""

    entries: Sequence[AuditEntry]
    actors: Sequence[str]


def read_newest(wanted: AuditFilter, desk: Desk) -> Newest:
    """Read the newest entries that fit."""
    return Newest(desk.audit.find(wanted, limit=PAGE), desk.audit.names().actors)


class AuditScreen(DeskScreen):
    """The trail with its filter; under it the entry at the cursor in brief, on a wide screen beside it as a whole."""

    HELP = (
        "Audit: who did what when, before → after, and why; nobody can delete it. The filter takes by:anna, type:code, "
        "code:SUMMER, account:42, order:12, prices:14, and a period in UTC like 2026-10 or 2026-10-05..2026-10-09."
    )
    CSS_PATH = "audit.tcss"
    MODE: ClassVar[str] = "audit"
    FIGURES = "newest"
    CONCERNS: ClassVar[tuple[type[Fact], ...]] = (
        PricingChanged,
        DiscountChanged,
        BalanceChanged,
        OrderChanged,
        AccountChanged,
    )
    HOME: ClassVar[str] = "#trail"
    SEARCH: ClassVar[str] = "#filter"
    BINDINGS: ClassVar[list[BindingType]] = bindings(GoToObject)

    trail = getters.query_one("#trail", Table)
    filter = getters.query_one("#filter", LineInput)
    field = getters.query_one(Field)
    detail = getters.query_one("#detail", Static)

    def __init__(self) -> None:
        super().__init__()
        self._wanted = EVERYTHING
        self._entries: list[AuditEntry] = []
        self._whole = False
        self._actors: Sequence[str] = ()

    def compose_body(self) -> ComposeResult:
        """The trail under its filter, and the detail."""
        with Horizontal(id="top"):
            with Vertical(classes="panel", id="trail-panel") as panel:
                panel.border_title = Content("Audit")
                line = LineInput(
                    id="filter",
                    placeholder="by:anna  type:code  account:42  2026-10..",
                    suggester=AuditSuggester(lambda: self._actors),
                )
                yield Field("filter", line, name="filter")
                yield Table(self._columns(), id="trail")
                yield Static(id="brief")
            with Vertical(classes="panel", id="detail-panel") as panel:
                panel.border_title = Content("Entry")
                yield Static(id="detail")

    def _columns(self) -> list[Column]:
        return [
            Column("time, UTC"),
            Column("who"),
            Column("did"),
            Column("to"),
            Column("before → after", grows=True),
            Column("why", spare=True),
        ]

    # Reading

    def reload(self) -> None:
        """Read the newest entries, in front of those that were read: nothing in the trail ever changes."""
        self.app.calls.read(self, "newest", partial(read_newest, self._wanted), self._show_newest)

    def _show_newest(self, newest: Newest) -> None:
        self._actors = newest.actors
        entries = newest.entries
        older = [entry for entry in self._entries if entries and _id(entry) < _id(entries[-1])]
        self._show([*entries, *older], whole=len(entries) < PAGE or (self._whole and bool(older)))

    def _read_on(self) -> None:
        """Read what comes before the last line; of an answer that comes too late nothing is shown."""
        wanted, before_id = self._wanted, _id(self._entries[-1])

        def show(entries: Sequence[AuditEntry]) -> None:
            if wanted == self._wanted and self._entries and _id(self._entries[-1]) == before_id:
                self._show([*self._entries, *entries], whole=len(entries) < PAGE)

        self.app.calls.read(self, "older", lambda desk: desk.audit.find(wanted, limit=PAGE, before_id=before_id), show)

    def _show(self, entries: list[AuditEntry], *, whole: bool) -> None:
        self._entries, self._whole = entries, whole
        now = self.app.clock()
        empty = NOTHING_YET if self._wanted == EVERYTHING else NO_MATCH
        self.trail.show([audit_row(entry, now) for entry in entries], empty=empty)
        known = count(len(entries), "entry", "entries")
        self.query_one("#trail-panel").border_subtitle = Content(known if whole else f"≥ {known}")
        self._show_detail()

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        try:
            wanted = parse_audit_filter(self.filter.value)
        except InvalidInput as error:
            self.field.error = error.sentence
            return
        self.field.error = ""
        if wanted != self._wanted:
            self._wanted, self._entries, self._whole = wanted, [], False
            self.reload()

    # The entry under the cursor

    @on(Table.Moved, "#trail")
    def _moved(self) -> None:
        self.refresh_bindings()
        self._show_detail()
        if not self._whole and self._entries and self.trail.cursor >= len(self._entries) - NEAR:
            self._read_on()

    @on(Table.Chosen, "#trail")
    def _open(self) -> None:
        entry = self._under_cursor()
        if entry is not None:
            self.app.push_screen(Details(f"Audit entry {entry.id}", audit_detail(entry, self.app.clock())))

    def _under_cursor(self) -> AuditEntry | None:
        entries = self._entries
        return entries[self.trail.cursor] if self.trail.cursor < len(entries) else None

    def _show_detail(self) -> None:
        entry = self._under_cursor()
        self.detail.update(audit_detail(entry, self.app.clock()) if entry else Content(""))
        self.query_one("#brief", Static).update(audit_brief(entry) if entry else Content(""))

    def action_go_to_object(self) -> None:
        """Go to what was changed."""
        entry = self._under_cursor()
        if entry is None:
            return
        if entry.object_type == PRICES:
            self.app.go("pricing")
        else:
            word = JUMP_WORDS[entry.object_type]
            self.app.jump(next(jump for jump in JUMPS if jump.word == word), entry.object_id)

    def jump(self, word: str, argument: str) -> None:
        """Show what fits a filter."""
        self.filter.value = argument

    # The keys that mean the same everywhere

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going to it needs an entry about something that has a screen; escape also empties the filter."""
        if action == GoToObject.action():
            entry = self._under_cursor() if self.is_mounted else None
            return entry is not None and entry.object_type in (PRICES, *JUMP_WORDS)
        if action == "back" and self.is_mounted and self.filter.value:
            return True
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Leave the filter for the list; from the list, empty the filter."""
        if self.focused is self.trail:
            self.filter.value = ""
        super().action_back()

    @on(Input.Submitted)
    def _to_list(self) -> None:
        self.focus_home()

    def copy_text(self) -> str | None:
        """The entry under the cursor, on one line."""
        entry = self._under_cursor()
        return audit_text(entry) if entry else None


def _id(entry: AuditEntry) -> int:
    """The number of a stored entry, which every one that was read has."""
    return entry.id or 0
