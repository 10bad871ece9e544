"""One order whole, in a dialog: where the window has no room for its details beside the list."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tui.commands import Copy, bindings
from tui.dialogs.dialog import Dialog
from tui.screens.checkout_calls import ListedOrder
from tui.screens.checkout_details import OrderDetails
from tui.screens.checkout_verbs import ORDER_COMMANDS, OrderActions


class OrderDialog(Dialog[None], OrderActions):
    """One order whole. It follows the order while it is open."""

    HELP = "One order, whole: what was quoted, what came of it, its refunds, and its ids at Stripe."
    CANCEL = "Close"
    FIRST = "OrderDetails"
    DEFAULT_CSS = """
    OrderDialog OrderDetails { height: auto; max-height: 62vh; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(*ORDER_COMMANDS, Copy)

    def __init__(self, listed: ListedOrder) -> None:
        super().__init__()
        self.listed = listed

    def heading(self) -> str:
        """The order's number."""
        return f"Order {self.listed.order.id}"

    def compose_body(self) -> ComposeResult:
        """The details."""
        yield OrderDetails(self.app.clock())

    def on_mount(self) -> None:
        """Show the order."""
        self.show(self.listed)

    @property
    def in_hand(self) -> ListedOrder:
        """The order that the dialog is about."""
        return self.listed

    def take(self, listed: ListedOrder) -> None:
        """Show what became of the order; another one was made of it, which is in the list."""
        if listed.order.id == self.listed.order.id:
            self.show(listed)
        else:
            self.dismiss(None)

    def show(self, listed: ListedOrder) -> None:
        """Show the order as it stands now."""
        self.listed = listed
        self.query_one(OrderDetails).show(listed, self.app.clock())
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what does something for the order."""
        offered = self.offers(action)
        return super().check_action(action, parameters) if offered is None else offered

    def action_copy(self) -> None:
        """Copy the line under the cursor."""
        if text := self.query_one(OrderDetails).selected_text:
            self.app.copy(text)

    def action_open_ledger(self) -> None:
        """Close, and go to the ledger of the order's account."""
        self.dismiss(None)
        super().action_open_ledger()
