"""Saving a change of prices, once its exact effect was seen."""

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from services.domain.pricing import Doubt, OvertakenPrice, PriceChange
from services.errors import PaydeskError
from tui.dialogs.dialog import Dialog
from tui.messages import PricingChanged
from tui.present import editable_cents
from tui.price_draft import Edit
from tui.widgets.field import Field
from tui.widgets.money_input import MoneyInput


class PriceSave(Dialog[PriceChange | OvertakenPrice]):
    """Shows a change before → after and saves it. A price that is seldom meant has to be typed once more.

    Answers the stored change, or what somebody else has stored in the meantime.
    """

    HELP = "Look at the effect, then save. A price that is seldom meant has to be typed again."
    TITLE = "Change prices"
    CONFIRM = "Save change"

    def __init__(self, edit: Edit, doubts: tuple[Doubt, ...], effect: Content) -> None:
        super().__init__()
        self._edit = edit
        self._again = {doubt.field: doubt.price_cents for doubt in doubts}
        self._effect = effect

    def compose_body(self) -> ComposeResult:
        """The effect, and a field for each price that must be typed again."""
        yield Static(self._effect, classes="confirm--effect")
        for name, cents in self._again.items():
            title = name.removesuffix("_cents").replace("rrp", "RRP")
            note = f"type {editable_cents(cents)} to go on"
            yield Field(title[0].upper() + title[1:], MoneyInput(placeholder="", id=name), name=name, note=note)

    def on_mount(self) -> None:
        """Start on Cancel, with the other button shut until what must be typed is typed."""
        self.query_one("#confirm").disabled = bool(self._again)

    @on(Input.Changed)
    def _typed(self) -> None:
        typed = {field.name: field.query_one(MoneyInput).cents for field in self.query(Field)}
        self.query_one("#confirm").disabled = typed != self._again

    def confirm(self) -> None:
        """Save the change; it may be left meanwhile."""
        edit, confirmed = self._edit, bool(self._again)
        if self.app.calls.write(
            self,
            "Change of prices",
            lambda desk: desk.pricing.change_prices(
                **edit.draft.values,
                reason=edit.reason,
                expected_version=edit.draft.base.version,
                confirmed=confirmed,
            ),
            facts=[PricingChanged()],
            done=self.dismiss,
            failed=self.failed,
        ):
            self.busy("Saving")

    def failed(self, error: PaydeskError) -> None:
        """A change of somebody else's ends the dialog, since its effect is no longer the one that is shown."""
        if isinstance(error, OvertakenPrice):
            self.dismiss(error)
        else:
            super().failed(error)
