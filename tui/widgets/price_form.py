"""The form that edits the prices."""

from dataclasses import dataclass
from typing import ClassVar

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
from tui.widgets.choice import Choice
from tui.widgets.field import Field, show_error
from tui.widgets.line_input import LineInput
from tui.widgets.money_input import MoneyInput

PRICE_FIELDS = {
    PriceMode.RRP: "rrp_cents",
    PriceMode.LAUNCH: "launch_cents",
    PriceMode.SALE: "sale_cents",
}


@dataclass(frozen=True)
class Edit:
    """An edit that can be saved: the change it was made on, the prices, and why."""

    base: PriceChange
    prices: Prices
    reason: str


class PriceForm(Widget):
    """Mode, the three prices and the reason. What was typed stays when the prices in force change under it."""

    HELP = "The form: change mode and prices, say why, and save with ^s. Nothing is saved before you have confirmed it."
    DEFAULT_CSS = """
    PriceForm {
        height: auto;
        .field--label { width: 8; }
        .field--error { padding: 0 0 0 8; }
        MoneyInput { width: 12; }
        #customer { height: auto; margin: 1 0 0 0; }
        #form-buttons { height: 1; margin: 1 0 0 0; align-horizontal: right; }
        #save { margin: 0; }
    }
    """
    MODES: ClassVar[list[tuple[str, str]]] = [(mode.value, mode.value) for mode in PriceMode]

    @dataclass
    class Edited(Message):
        """Something was typed or chosen; `prices` None: what is typed is not prices yet."""

        prices: Prices | None

    @dataclass
    class SaveAsked(Message):
        """The save button was pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.base: PriceChange | None = None

    def compose(self) -> ComposeResult:
        """The fields, what a customer pays, and the buttons."""
        yield Field("Mode", Choice(self.MODES, PriceMode.LAUNCH.value, id="mode"), name="mode")
        for mode, name in PRICE_FIELDS.items():
            title = "RRP" if mode is PriceMode.RRP else mode.value.capitalize()
            yield Field(title, MoneyInput(id=name), name=name)
        yield Field("Reason", LineInput(id="reason", placeholder="why, for the history"), name="reason")
        yield Static(id="customer")
        with Horizontal(id="form-buttons"):
            yield Button("Discard", id="discard", compact=True)
            yield Button("Save…", id="save", variant="primary", compact=True)

    # What it edits

    def take(self, change: PriceChange) -> bool:
        """Edit the prices in force. What a person has touched stays; True where that was on older prices."""
        before, self.base = self.base, change
        touched = before is not None and before.version != change.version and self.dirty_against(before)
        if before is None or self._mode.value == before.prices.mode.value:
            self._mode.value = change.prices.mode.value
        for mode, name in PRICE_FIELDS.items():
            field = self._money(name)
            if before is None or field.cents == before.prices.of(mode):
                field.value = editable_cents(change.prices.of(mode))
        self._show()
        return touched

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
        for field in self.query(Field):
            field.error = ""

    @property
    def prices(self) -> Prices | None:
        """The prices that are typed; None while one of them is not a price."""
        return self._prices(strict=False)

    def dirty_against(self, base: PriceChange) -> bool:
        """Whether what is typed differs from some prices."""
        return self.prices != base.prices

    def edit(self) -> Edit | None:
        """The edit to save; None where it cannot be, and then the reason stands at its field."""
        prices, reason = self._prices(strict=True), self._reason.value.strip()
        if prices is None or self.base is None:
            return None
        if prices != self.base.prices and not reason:
            self.failed(InvalidInput("Say why: it stands in the history.", field="reason"))
            return None
        return Edit(self.base, prices, reason)

    def failed(self, error: PaydeskError) -> bool:
        """Show an error at the field it names; False where it names none."""
        return show_error(self, error)

    # How it does that

    def _prices(self, *, strict: bool) -> Prices | None:
        if self.base is None:
            return None
        if strict:
            # Every field is read, so that every mistake is shown at once.
            amounts = {field.name or "": field.cents() for field in self.query(Field) if field.query(MoneyInput)}
        else:
            amounts = {name: self._money(name).cents for name in PRICE_FIELDS.values()}
        if None in amounts.values():
            return None
        try:
            return self.base.prices.edited(mode=self._mode.value, **amounts)
        except InvalidInput as error:
            if strict:
                self.failed(error)
            return None

    def _show(self) -> None:
        if self.base is None:
            return
        for mode, name in PRICE_FIELDS.items():
            was, now = self.base.prices.of(mode), self._money(name).cents
            far = "" if now is None else change_percent(was, now)
            note = Content("") if now == was else Content.assemble(f"was {cents(was)} ", (far, "$text-warning"))
            self._field(name).note = note
        self.query_one("#customer", Static).update(self._customer(self.base.prices))
        self.post_message(self.Edited(self.prices))

    def _customer(self, base: Prices) -> Content:
        new, was = self.prices, base.in_force_cents
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
    def _edited(self) -> None:
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
