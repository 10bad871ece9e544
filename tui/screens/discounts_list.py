"""The list of codes: read a page at a time, searched as it is typed, and narrowed to one status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on
from textual.app import ComposeResult, RenderResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input, Static

from services.domain.code_report import CodeTotals
from services.domain.discount import CodeStatus, DiscountCode
from tui.app import PaydeskApp
from tui.commands import bindings
from tui.present import count, status_word
from tui.screens.discounts_verbs import ShowUses
from tui.screens.discounts_words import row_of
from tui.widgets.line_input import LineInput
from tui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from tui.desk import Desk

PAGE = 100
"""Codes that are read at once: more than a window shows, so that the next ones are there before they are needed."""

AT_ONCE = 1_000
"""The most codes that one search of the services answers."""

NO_CODES = "There are no codes yet. Press n to make one:\nit takes a percentage or an amount off the price."
NO_MATCH = "No code fits the filter. Press / or s to change it; escape empties it."

COLUMNS = (
    Column("code", grows=True),
    Column("status"),
    Column("value", align="right"),
    Column("held", align="right"),
    Column("redeemed", align="right"),
    Column("limit", align="right"),
    Column("saved", align="right", spare=True),
    Column("last use", align="right", spare=True),
    Column("created", spare=True),
)

STATUSES: tuple[CodeStatus | None, ...] = (None, *CodeStatus)


@dataclass(frozen=True)
class CodeFilter:
    """Which codes are listed: what they begin with, and their status; None: any."""

    prefix: str = ""
    status: CodeStatus | None = None

    def __bool__(self) -> bool:
        return bool(self.prefix) or self.status is not None


@dataclass(frozen=True)
class ListedCode:
    """A code and what became of its uses."""

    code: DiscountCode
    totals: CodeTotals


def read_codes(
    desk: "Desk", wanted: CodeFilter, limit: int | None = None, after: DiscountCode | None = None
) -> list[DiscountCode]:
    """Up to `limit` codes that fit a filter and follow `after`; without a limit all of them."""
    found: list[DiscountCode] = []
    while limit is None or len(found) < limit:
        size = AT_ONCE if limit is None else min(AT_ONCE, limit - len(found))
        page = desk.discounts.search(wanted.prefix, status=wanted.status, after=after, limit=size)
        found += page
        if len(page) < size:
            break
        after = page[-1]
    return found


def read_rows(desk: "Desk", wanted: CodeFilter, limit: int, after: DiscountCode | None) -> list[ListedCode]:
    """As `read_codes`, each with its totals."""
    codes = read_codes(desk, wanted, limit, after)
    totals: dict[str, CodeTotals] = {}
    for start in range(0, len(codes), AT_ONCE):
        totals |= desk.code_reports.totals(codes[start : start + AT_ONCE])
    return [ListedCode(code, totals[code.code]) for code in codes]


class StatusFilter(Widget):
    """One line: how many codes there are of each status; the one that is listed is marked, a click lists another."""

    HELP = "The status of the codes that are listed: `s` goes to the next one, a click to any."
    DEFAULT_CSS = """
    StatusFilter { height: 1; width: 1fr; }
    """

    @dataclass
    class Changed(Message):
        """Another status is listed."""

    value: reactive[CodeStatus | None] = reactive(None, init=False)
    counts: reactive[Mapping[CodeStatus, int]] = reactive({})

    def on_mount(self) -> None:
        """Keep the words as they are: Textual would underline what is clicked."""
        self.auto_links = False

    def watch_value(self) -> None:
        """Tell that another status is listed."""
        self.post_message(self.Changed())

    def render(self) -> RenderResult:
        """The statuses with their numbers, as far as these are known."""
        return Content("  ").join([self._option(value) for value in STATUSES])

    def _option(self, value: CodeStatus | None) -> Content:
        word = "all" if value is None else status_word(value)
        number = sum(self.counts.values()) if value is None else self.counts.get(value, 0)
        mark, style = ("▸", "bold") if value is self.value else ("", "")
        text = Content.assemble(
            (mark, "$text-primary"), (word, style), (f" {number:,}" if self.counts else "", "$muted")
        )
        return text.stylize(Style.from_meta({"@click": f"choose('{value or ''}')"}))

    def action_choose(self, value: str) -> None:
        """List the codes of one status."""
        self.value = CodeStatus(value) if value else None

    def next(self) -> None:
        """List the codes of the next status."""
        self.value = STATUSES[(STATUSES.index(self.value) + 1) % len(STATUSES)]


class CodeTable(Table):
    """The codes."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ShowUses)

    def action_show_uses(self) -> None:
        """Show what became of the uses of the code under the cursor."""
        self.action_choose()


class CodeList(Vertical):
    """The filter, and the codes that fit it: newest first, or in their own order where they are searched."""

    DEFAULT_CSS = """
    CodeList {
        #filter-line { height: 1; }
        StatusFilter { margin: 0 0 1 0; }
    }
    """

    @dataclass
    class Listed(Message):
        """The list was read again."""

    app = getters.app(PaydeskApp)

    def __init__(self) -> None:
        super().__init__(classes="panel", id="codes-panel")
        self.border_title = Content("Codes")
        # Held here, and not looked for: keys are checked before they are on the screen, and after they left it.
        self.prefix = LineInput(id="filter", placeholder="how a code begins")
        self.status = StatusFilter()
        self.table = CodeTable(COLUMNS, id="codes")
        self._listed: dict[str, ListedCode] = {}
        self._rows: list[Row] = []
        self._is_whole = True
        self._asked_after: str | None = None
        self._wanted: str | None = None
        self._from_top = False

    def compose(self) -> ComposeResult:
        """The filter over the list."""
        with Horizontal(id="filter-line"):
            yield Static(Content("filter"), classes="label")
            yield self.prefix
        yield self.status
        yield self.table

    def on_mount(self) -> None:
        """Read on as the end of what was read comes into view."""
        self.watch(self.table, "scroll_y", self._read_on, init=False)

    @property
    def filter(self) -> CodeFilter:
        """What is listed."""
        return CodeFilter(self.prefix.value.strip(), self.status.value)

    @property
    def current(self) -> ListedCode | None:
        """The code under the cursor."""
        return self._listed.get(self.table.key or "")

    def show_only(self, prefix: str = "", status: CodeStatus | None = None, *, on: str | None = None) -> None:
        """List the codes that begin with a text, with the cursor on the code `on`; None: where it is."""
        self._wanted = on
        with self.prevent(Input.Changed, StatusFilter.Changed):
            self.prefix.value, self.status.value = prefix, status
        self._ask(PAGE)

    # Reading

    def reload(self) -> None:
        """Read again as much as is listed, and how many codes there are."""
        self.app.calls.read(self, "counts", lambda desk: desk.discounts.counts(), self._count)
        self._ask(max(PAGE, len(self._listed)))

    @on(Input.Changed, "#filter")
    @on(StatusFilter.Changed)
    def _narrow(self) -> None:
        self._from_top = True
        self._ask(PAGE)

    def _ask(self, limit: int, after: DiscountCode | None = None) -> None:
        self._asked_after = after.code if after else None
        wanted = self.filter
        self.app.calls.read(
            self,
            "codes",
            lambda desk: read_rows(desk, wanted, limit, after),
            partial(self._take, limit, after is not None),
        )

    def _read_on(self) -> None:
        in_view = self.table.scroll_offset.y + 2 * self.table.size.height
        if self._is_whole or not self._listed or in_view < len(self._listed):
            return
        last = next(reversed(self._listed.values())).code
        if self._asked_after != last.code:
            self._ask(PAGE, last)

    def _take(self, limit: int, goes_on: bool, listed: Sequence[ListedCode]) -> None:
        if not goes_on:
            self._listed, self._rows = {}, []
        now = self.app.clock()
        self._listed |= {one.code.code: one for one in listed}
        self._rows += [row_of(one.code, one.totals, now) for one in listed]
        self._is_whole = len(listed) < limit
        self._asked_after = None
        self.table.show(self._rows, empty=NO_MATCH if self.filter else NO_CODES)
        if self._wanted is not None:
            self.table.go_to(self._wanted)
        elif self._from_top:
            self.table.action_go(0)
        self._wanted, self._from_top = None, False
        self._say_how_many()
        self.post_message(self.Listed())

    def _count(self, counts: Mapping[CodeStatus, int]) -> None:
        self.status.counts = counts
        self._say_how_many()

    def _say_how_many(self) -> None:
        total, shown = sum(self.status.counts.values()), f"{len(self._listed):,}{'' if self._is_whole else '+'}"
        text = f"{shown} of {count(total, 'code')}" if self.filter else count(total, "code") if total else ""
        self.border_subtitle = Content(text)
