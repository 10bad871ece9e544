"""Discount codes: which there are, making and switching them, and what a customer gets for one."""

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

from services.domain.discount import DiscountCode
from services.domain.pricing import PriceChange
from services.errors import PaydeskError
from tui.commands import Command, bindings
from tui.desk import Desk
from tui.dialogs.dialog import Confirm, Details
from tui.dialogs.new_code import NewCodeDialog
from tui.messages import DiscountChanged, Fact, OrderChanged, PricingChanged
from tui.present import count, untrusted
from tui.screens.desk_screen import DeskScreen
from tui.screens.discounts_words import Trial, answer_of, detail_of, fits, row_of, switch_effect
from tui.widgets.line_input import LineInput
from tui.widgets.table import Column, Table

NO_CODES = "There are no codes yet. Press n to make one:\nit takes a percentage or an amount off the price."
NO_MATCH = "No code fits the filter. Press / to change it; escape empties it."


class NewCode(Command):
    """Makes a code."""

    key = "n"
    label = "new…"
    help = "Make a discount code."


class SwitchCode(Command):
    """Disables or enables the code under the cursor."""

    key = "d"
    label = "disable/enable…"
    help = "Disable the code under the cursor, or enable it again, once it is confirmed."


class TryCode(Command):
    """Goes to the try-it field."""

    key = "t"
    label = "try"
    help = "Try any code against the price in force, and see what a customer would be told."


@dataclass(frozen=True)
class DiscountsPage:
    """Everything the list shows, read at one go."""

    codes: Sequence[DiscountCode]
    current: PriceChange


def read_page(desk: Desk) -> DiscountsPage:
    """Read what the list shows."""
    return DiscountsPage(desk.discounts.list_codes(), desk.pricing.current())


def try_code(typed: str, desk: Desk) -> Trial:
    """Ask what a checkout would cost with a code."""
    return Trial(typed, desk.pricing.get_checkout_price(typed), desk.discounts.get(typed))


class DiscountsScreen(DeskScreen):
    """The list of codes with its filter, the try-it field, and beside them on a wide screen the code in detail."""

    HELP = "Discounts: codes that take a percentage or an amount off the price in force; one code for an order."
    CSS_PATH = "discounts.tcss"
    MODE: ClassVar[str] = "discounts"
    CONCERNS: ClassVar[tuple[type[Fact], ...]] = (DiscountChanged, PricingChanged, OrderChanged)
    HOME: ClassVar[str] = "#codes"
    SEARCH: ClassVar[str] = "#filter"
    BINDINGS: ClassVar[list[BindingType]] = bindings(NewCode, SwitchCode, TryCode)

    codes = getters.query_one("#codes", Table)
    filter = getters.query_one("#filter", LineInput)
    trial = getters.query_one("#trial", LineInput)
    answer = getters.query_one("#answer", Static)
    detail = getters.query_one("#detail", Static)

    def __init__(self) -> None:
        super().__init__()
        self._page: DiscountsPage | None = None
        self._wanted: str | None = None

    def compose_body(self) -> ComposeResult:
        """The list and the detail, the try-it field below."""
        with Horizontal(id="top"):
            with Vertical(classes="panel", id="codes-panel") as panel:
                panel.border_title = Content("Codes")
                with Horizontal(id="filter-line"):
                    yield Static(Content("filter"), classes="label")
                    yield LineInput(id="filter", placeholder="part of a code, or a status")
                yield Table(self._columns(), id="codes")
            with Vertical(classes="panel", id="detail-panel") as panel:
                panel.border_title = Content("Code")
                yield Static(id="detail")
        with Vertical(classes="panel", id="trial-panel") as panel:
            panel.border_title = Content("Try a code")
            panel.border_subtitle = Content("what a customer would be told now")
            with Horizontal(id="trial-line"):
                yield Static(Content("code"), classes="label")
                yield LineInput(id="trial", placeholder="any code; empty: the one under the cursor")
            yield Static(id="answer")

    def _columns(self) -> list[Column]:
        return [
            Column("code", grows=True),
            Column("status"),
            Column("takes off", align="right"),
            Column("held", align="right"),
            Column("redeemed", align="right"),
            Column("limit", align="right"),
            Column("created", spare=True),
        ]

    # Reading

    def reload(self) -> None:
        """Read the codes, and the answer for the one that is tried."""
        self.app.calls.read(self, "codes", read_page, self._show)
        self._try()

    def _show(self, page: DiscountsPage) -> None:
        self._page = page
        self._list()
        self._show_detail()

    @on(Input.Changed, "#filter")
    def _list(self) -> None:
        if self._page is None:
            return
        words = self.filter.value.casefold().split()
        now = self.app.clock()
        shown = [code for code in self._page.codes if fits(code, words)]
        self.codes.show([row_of(code, now) for code in shown], empty=NO_MATCH if self._page.codes else NO_CODES)
        if self._wanted is not None and self.codes.go_to(self._wanted):
            self._wanted = None
        total = count(len(self._page.codes), "code")
        panel = self.query_one("#codes-panel")
        panel.border_subtitle = Content(f"{len(shown)} of {total}" if words else total if shown else "")

    @on(Table.Moved, "#codes")
    def _moved(self) -> None:
        self.refresh_bindings()
        self._show_detail()
        if not self.trial.value.strip():
            self._try()

    @on(Table.Chosen, "#codes")
    def _open_detail(self) -> None:
        code = self._under_cursor()
        if code is not None and self._page is not None:
            detail = detail_of(code, self._page.current.prices, self.app.clock())
            self.app.push_screen(Details("Code", detail))

    def _under_cursor(self) -> DiscountCode | None:
        codes = self._page.codes if self._page else ()
        return next((code for code in codes if code.code == self.codes.key), None)

    def _show_detail(self) -> None:
        code = self._under_cursor()
        if code is None or self._page is None:
            self.detail.update(Content(""))
            return
        self.detail.update(detail_of(code, self._page.current.prices, self.app.clock()))

    # Trying a code

    @on(Input.Changed, "#trial")
    def _try(self) -> None:
        typed = self.trial.value.strip() or self.codes.key
        if typed:
            self.app.calls.read(self, "try", partial(try_code, typed), self._answer, self._refuse)
        else:
            self.answer.update(Content(""))

    def _answer(self, trial: Trial) -> None:
        self.answer.update(answer_of(trial))

    def _refuse(self, error: PaydeskError) -> None:
        self.answer.update(Content.assemble(("✗ ", "$text-error"), untrusted(error.sentence, "$text-error")))

    def action_try_code(self) -> None:
        """Go to the try-it field."""
        self.trial.focus()

    # Making and switching

    def action_new_code(self) -> None:
        """Make a code."""
        base = self._page.current.prices.in_force_cents if self._page else None
        self.app.push_screen(NewCodeDialog(base), self._made)

    def _made(self, code: DiscountCode | None) -> None:
        if code is not None:
            self.filter.value = ""
            self._wanted = code.code
            self._list()

    def action_switch_code(self) -> None:
        """Ask, then disable or enable the code under the cursor."""
        code = self._under_cursor()
        if code is None:
            return
        verb = "Disable" if code.active else "Enable"
        dialog = Confirm(f"{verb} {code.code}", switch_effect(code), verb, danger=code.active)
        self.app.push_screen(dialog, partial(self._switch, code))

    def _switch(self, code: DiscountCode, confirmed: bool | None) -> None:
        if confirmed:
            verb = "Disabling" if code.active else "Enabling"
            self.app.calls.write(
                self,
                f"{verb} {code.code}",
                lambda desk: desk.discounts.set_active(code.code, not code.active),
                facts=[DiscountChanged()],
            )

    # The keys that mean the same everywhere

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Switching needs a code under the cursor; escape also empties the filter."""
        if action == SwitchCode.action():
            return self._under_cursor() is not None
        if action == "back" and self.is_mounted and self.filter.value:
            return True
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Leave a field for the list; from the list, empty the filter."""
        if self.focused is self.codes:
            self.filter.value = ""
        super().action_back()

    @on(Input.Submitted)
    def _to_list(self) -> None:
        self.focus_home()

    def jump(self, word: str, argument: str) -> None:
        """Put the cursor on a code, and try it: the answer says what is wrong with it where there is none."""
        self.filter.value = ""
        self._wanted = argument.strip().upper()
        self.trial.value = argument
        self._list()

    def copy_text(self) -> str | None:
        """The code under the cursor."""
        return self.codes.key
