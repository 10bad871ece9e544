"""The form that edits the prices."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from services.domain.pricing import PriceChange, PriceMode, Prices
from services.errors import InvalidInput, PaydeskError
from tui.present import cents, change_percent, editable_cents
from tui.price_draft import Draft, Edit
from tui.widgets.choice import Choice
from tui.widgets.field import Field, show_error
from tui.widgets.line_input import LineInput
from tui.widgets.money_input import MoneyInput
from tui.widgets.time_field import TimeField

PRICE_FIELDS = {
    PriceMode.RRP: "rrp_cents",
    PriceMode.LAUNCH: "launch_cents",
    PriceMode.SALE: "sale_cents",
}
TITLES = {PriceMode.RRP: "RRP", PriceMode.LAUNCH: "Launch", PriceMode.SALE: "Sale"}


class PriceForm(Widget):
    """Mode, the three prices, from when until when, and why.

    It edits the prices of its `base`. What was typed stays when another base takes its place.
    """

    HELP = (
        "The form: change mode and prices, now or from a set time on, for good or until a set time; say why, and save "
        "with ^s. Nothing is saved before you have confirmed it."
    )
    DEFAULT_CSS = """
    PriceForm {
        height: auto;
        .field--label { width: 8; }
        .field--error { padding: 0 0 0 8; }
        MoneyInput { width: 12; }
        TimeField LineInput { width: 25; }
        #customer { height: auto; }
        #form-buttons { height: 1; align-horizontal: right; }
        #save { margin: 0; }
    }
    """
    MODES: ClassVar[list[tuple[str, str]]] = [(mode.value, mode.value) for mode in PriceMode]

    @dataclass
    class Edited(Message):
        """Something was typed or chosen; `draft` None: what is typed cannot be read yet."""

        draft: Draft | None

    @dataclass
    class SaveAsked(Message):
        """The save button was pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.base: PriceChange | None = None
        self._base_of: datetime | None = None

    def compose(self) -> ComposeResult:
        """The fields, what a customer pays, and the buttons."""
        yield Field("Mode", Choice(self.MODES, PriceMode.LAUNCH.value, id="mode"), name="mode")
        for mode, name in PRICE_FIELDS.items():
            yield Field(TITLES[mode], MoneyInput(id=name, placeholder=""), name=name)
        yield TimeField("From", name="effective_at", placeholder="now")
        yield TimeField("Until", name="ends_at", placeholder="further notice", is_end=True)
        yield Field("Reason", LineInput(id="reason", placeholder="why, for the history"), name="reason")
        yield Static(id="customer")
        with Horizontal(id="form-buttons"):
            yield Button("Discard", id="discard", compact=True)
            yield Button("Save…", id="save", variant="primary", compact=True)

    # What it edits

    def take(self, base: PriceChange, effective_at: datetime | None = None) -> bool:
        """Edit these prices, which are in force at `effective_at` (None: now). What a person has touched stays.

        True where other prices were in force at that moment when it was touched: somebody else has changed them.
        """
        before, self.base = self.base, base
        overtaken = before is not None and before.version != base.version and self._base_of == effective_at
        self._base_of = effective_at
        touched = before is not None and self._prices() != before.prices
        if before is None or self._mode.value == before.prices.mode.value:
            self._mode.value = base.prices.mode.value
        for mode, name in PRICE_FIELDS.items():
            field = self._money(name)
            # What is typed before the first prices arrive stays as well.
            if field.value == "" if before is None else field.cents == before.prices.of(mode):
                field.value = editable_cents(base.prices.of(mode))
        self._show()
        return overtaken and touched and self._prices() != base.prices

    def fill(self, prices: Prices, reason: str) -> None:
        """Propose prices, such as those of an earlier version."""
        self._mode.value = prices.mode.value
        for mode, name in PRICE_FIELDS.items():
            self._money(name).show(prices.of(mode))
        self._reason.value = reason

    def discard(self) -> None:
        """Put back what is in force, and forget what was typed."""
        if self.base is not None:
            self.fill(self.base.prices, "")
        for moment in self.query(TimeField):
            moment.show(None)
        for field in self.query(Field):
            field.error = ""

    def use_zone(self, zone: ZoneInfo) -> None:
        """Read times as clocks in this zone show them."""
        for field in self.query(TimeField):
            field.zone = zone

    @property
    def draft(self) -> Draft | None:
        """What is typed; None while a part of it cannot be read."""
        prices = self._prices()
        if prices is None or self.base is None:
            return None
        try:
            return Draft(self.base, prices, *(field.parse() for field in self.query(TimeField)))
        except InvalidInput:
            return None

    def edit(self) -> Edit | None:
        """The edit to save; None where it cannot be, and then the reason stands at its field."""
        # Every field is read, so that every mistake is shown at once.
        amounts = [field.cents() for field in self.query(Field) if field.query(MoneyInput)]
        times = [self._refused(field) for field in self.query(TimeField)]
        try:
            self._edited_prices()
        except InvalidInput as error:
            self.failed(error)
        draft, reason = self.draft, self._reason.value.strip()
        if None in amounts or any(times) or draft is None:
            return None
        if draft.does_something and not reason:
            self.failed(InvalidInput("Say why: it stands in the history.", field="reason"))
            return None
        return Edit(draft, reason)

    def failed(self, error: PaydeskError, *, focus: bool = True) -> bool:
        """Show an error at the field it names, and go there unless somebody types; False where it names none."""
        if focus:
            return show_error(self, error)
        named = [field for field in self.query(Field) if field.name == error.field]
        for field in named:
            field.error = error.sentence
        return bool(named)

    # How it does that

    def _refused(self, field: TimeField) -> bool:
        try:
            field.parse()
        except InvalidInput as error:
            field.refuse(error)
            field.control.focus()
            return True
        return False

    def _prices(self) -> Prices | None:
        try:
            return self._edited_prices()
        except InvalidInput:
            return None

    def _edited_prices(self) -> Prices | None:
        """The prices that are typed; None while one is no amount. Raises `InvalidInput` where one is out of range."""
        rrp, launch, sale = (self._money(name).cents for name in PRICE_FIELDS.values())
        if self.base is None or rrp is None or launch is None or sale is None:
            return None
        mode = self._mode.value
        return self.base.prices.edited(mode=mode, rrp_cents=rrp, launch_cents=launch, sale_cents=sale)

    def _show(self) -> None:
        if self.base is None:
            return
        for mode, name in PRICE_FIELDS.items():
            was, now = self.base.prices.of(mode), self._money(name).cents
            far = "" if now is None else change_percent(was, now)
            note = Content("") if now == was else Content.assemble(f"was {cents(was)} ", (far, "$text-warning"))
            self._field(name).note = note
        self.query_one("#customer", Static).update(self._customer(self.base.prices))
        self.post_message(self.Edited(self.draft))

    def _customer(self, base: Prices) -> Content:
        new, was = self._prices(), base.in_force_cents
        if new is None or new.in_force_cents == was:
            return Content.assemble(("A customer pays ", "$muted"), cents(was))
        return Content.assemble(
            ("A customer pays ", "$muted"),
            f"{cents(was)} → ",
            (cents(new.in_force_cents), "bold"),
            (f"  {change_percent(was, new.in_force_cents)}", "$text-warning"),
        )

    @property
    def _mode(self) -> Choice:
        return self.query_one("#mode", Choice)

    @property
    def _reason(self) -> LineInput:
        return self.query_one("#reason", LineInput)

    def _money(self, name: str) -> MoneyInput:
        return self.query_one(f"#{name}", MoneyInput)

    def _field(self, name: str) -> Field:
        return next(field for field in self.query(Field) if field.name == name)

    @on(Input.Changed)
    @on(Choice.Changed)
    def _typed(self) -> None:
        self._show()

    @on(Input.Submitted)
    def _next(self) -> None:
        # Enter goes on to the next field; from the last one it stays: only ^s and the button save.
        if self.screen.focused is not self._reason:
            self.screen.focus_next()

    @on(Button.Pressed, "#discard")
    def _discard(self) -> None:
        self.discard()

    @on(Button.Pressed, "#save")
    def _save(self) -> None:
        self.post_message(self.SaveAsked())
