"""Discount codes: which there are, making, changing and switching them, and what a customer gets for one."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from services.domain.discount import DiscountCode
from services.domain.pricing import PriceChange
from services.domain.quote import BasePrice
from tui.commands import Command, bindings
from tui.desk import Desk
from tui.dialogs.code_edit import EditCodeDialog
from tui.dialogs.code_generate import GenerateCodesDialog, MadeCodes
from tui.dialogs.code_report import CodeReportDialog
from tui.dialogs.code_switch import SwitchShownDialog
from tui.dialogs.code_terms import Setting
from tui.dialogs.dialog import Confirm
from tui.dialogs.new_code import NewCodeDialog
from tui.messages import DiscountChanged, Fact, OrderChanged, PricingChanged
from tui.screens.desk_screen import DeskScreen
from tui.screens.discounts_list import CodeList
from tui.screens.discounts_trial import CodeTrial
from tui.screens.discounts_verbs import (
    DuplicateCode,
    EditCode,
    GenerateCodes,
    NewCode,
    NextStatus,
    ReportCode,
    SwitchCode,
    SwitchShown,
    TryCode,
)
from tui.screens.discounts_words import detail_of, switch_effect
from tui.widgets.table import Table


@dataclass(frozen=True)
class Terms:
    """What codes are judged by: the price in force, and the zone in which days begin."""

    current: PriceChange
    zone: ZoneInfo


@dataclass(frozen=True)
class EditedCode:
    """A code that is about to be edited, and whether what it takes off is frozen."""

    code: DiscountCode
    frozen: bool


def read_terms(desk: Desk) -> Terms:
    """Read what codes are judged by."""
    return Terms(desk.pricing.current(), desk.code_reports.zone)


def read_edited(desk: Desk, code: str) -> EditedCode | None:
    """Read a code as it is now, to edit it; None where it is gone."""
    found = desk.discounts.get(code)
    return None if found is None else EditedCode(found, desk.discounts.was_used(code))


class DiscountsScreen(DeskScreen):
    """The list of codes with its filter, the try-it field, and beside them on a wide screen the code in detail."""

    HELP = (
        "Discounts: codes that take a percentage or an amount off the price in force; one code for an order. "
        "Enter shows what became of a code's uses."
    )
    CSS_PATH = "discounts.tcss"
    MODE: ClassVar[str] = "discounts"
    FIGURES = "counts"
    CONCERNS: ClassVar[tuple[type[Fact], ...]] = (DiscountChanged, PricingChanged, OrderChanged)
    HOME: ClassVar[str] = "#codes"
    SEARCH: ClassVar[str] = "#filter"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        NewCode,
        EditCode,
        SwitchCode,
        TryCode,
        NextStatus,
        GenerateCodes,
        DuplicateCode,
        ReportCode,
        SwitchShown,
    )

    def __init__(self) -> None:
        super().__init__()
        self.codes = CodeList()
        self.trial = CodeTrial()
        self.detail = Static(id="detail")
        self._terms: Terms | None = None

    def compose_body(self) -> ComposeResult:
        """The list and the detail, the try-it field below."""
        with Horizontal(id="top"):
            yield self.codes
            with Vertical(classes="panel", id="detail-panel") as panel:
                panel.border_title = Content("Code")
                yield self.detail
        yield self.trial

    # Reading

    def reload(self) -> None:
        """Read the codes, what they are judged by, and the answer for the one that is tried."""
        self.app.calls.read(self, "terms", read_terms, self._take_terms)
        self.codes.reload()
        self.trial.try_it()

    def _take_terms(self, terms: Terms) -> None:
        self._terms = terms
        self._show_detail()

    @on(CodeList.Listed)
    @on(Table.Moved, "#codes")
    def _show_current(self) -> None:
        self.refresh_bindings()
        self._show_detail()
        self.trial.offer(self.codes.table.key)

    def _show_detail(self) -> None:
        code, terms = self._current, self._terms
        shown = Content("") if code is None or terms is None else detail_of(code, terms.current.prices, terms.zone)
        self.detail.update(shown)

    @property
    def _current(self) -> DiscountCode | None:
        listed = self.codes.current
        return None if listed is None else listed.code

    def action_next_status(self) -> None:
        """List the codes of the next status."""
        self.codes.status.next()

    def action_try_code(self) -> None:
        """Go to the try-it field."""
        self.trial.code.focus()

    @on(Table.Chosen, "#codes")
    def action_report_code(self) -> None:
        """Show what became of the code's uses."""
        if (code := self.codes.table.key) is not None:
            self.app.push_screen(CodeReportDialog(code))

    # Making and changing

    @property
    def _setting(self) -> Setting | None:
        terms = self._terms
        return None if terms is None else Setting(BasePrice.of(terms.current), terms.zone)

    def action_new_code(self) -> None:
        """Make a code."""
        if (setting := self._setting) is not None:
            self.app.push_screen(NewCodeDialog(setting), self._made)

    def action_duplicate_code(self) -> None:
        """Make a code that starts with the terms of the one under the cursor."""
        code, setting = self._current, self._setting
        if code is not None and setting is not None:
            self.app.push_screen(NewCodeDialog(setting, code), self._made)

    def _made(self, code: DiscountCode | None) -> None:
        if code is not None:
            self.codes.show_only(on=code.code)

    def action_edit_code(self) -> None:
        """Change the terms of the code under the cursor, as they are stored now."""
        if (code := self.codes.table.key) is not None:
            self.app.calls.read(self, "edited", lambda desk: read_edited(desk, code), self._edit)

    def _edit(self, edited: EditedCode | None) -> None:
        setting = self._setting
        if edited is not None and setting is not None and self.is_current:
            self.app.push_screen(EditCodeDialog(setting, edited.code, frozen=edited.frozen), self._edited)

    def _edited(self, code: DiscountCode | None) -> None:
        if code is not None and code.code != self.codes.table.key:
            self._made(code)

    def action_switch_code(self) -> None:
        """Ask, then disable or enable the code under the cursor."""
        code = self._current
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

    def action_switch_shown(self) -> None:
        """Ask, then disable or enable every code that fits the filter."""
        self.app.push_screen(SwitchShownDialog(self.codes.filter))

    def action_generate_codes(self) -> None:
        """Make many codes at once."""
        if (setting := self._setting) is not None:
            self.app.push_screen(GenerateCodesDialog(setting), self._generated)

    def _generated(self, made: MadeCodes | None) -> None:
        if made is not None:
            self.codes.show_only(made.prefix, on=made.codes[0])
            self.app.say(made.sentence)

    # The keys that mean the same everywhere

    NEEDS_CODE: ClassVar[tuple[type[Command], ...]] = (EditCode, DuplicateCode, SwitchCode, SwitchShown, ReportCode)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Changing needs a code under the cursor; escape also empties the filter."""
        if action in [command.action() for command in self.NEEDS_CODE]:
            return self._current is not None
        if action == "back" and self.codes.filter:
            return True
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """Leave a field for the list; from the list, empty the filter."""
        if self.focused is self.codes.table:
            self.codes.show_only()
        super().action_back()

    @on(Input.Submitted, "#filter,#trial")
    def _to_list(self) -> None:
        self.focus_home()

    def jump(self, word: str, argument: str) -> None:
        """Put the cursor on a code, and try it: the answer says what is wrong with it where there is none."""
        code = argument.strip().upper()
        self.codes.show_only(code, on=code)
        self.trial.code.value = argument

    def copy_text(self) -> str | None:
        """The code under the cursor."""
        return self.codes.table.key
