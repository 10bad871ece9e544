"""What can be done with the order in hand, on the checkout screen and in the dialog of one order."""

import os
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType

from services.domain.checkout import OrderStatus
from tui.app import PaydeskApp
from tui.commands import JUMPS, Command, Copy, bindings
from tui.dialogs.dialog import Dialog
from tui.dialogs.qr import QrDialog
from tui.present import cents
from tui.screens.checkout_calls import ListedOrder
from tui.screens.checkout_details import OrderDetails


class OpenLink(Command):
    """Opens the link in the browser."""

    key = "o"
    label = "open"
    help = "Open the order's link in the browser of this machine."


class ShowQr(Command):
    """Shows the link as a QR code."""

    key = "Q"
    label = "QR"
    help = "Show the order's link as a QR code."


class OpenLedger(Command):
    """Goes to the account's ledger."""

    key = "e"
    label = "ledger"
    help = "Go to the ledger of the order's account, where a paid order has its entry."


ORDER_COMMANDS: tuple[type[Command], ...] = (OpenLink, ShowQr, OpenLedger)
"""What is offered wherever there is an order in hand."""

LINK_ACTIONS = frozenset({OpenLink.action(), ShowQr.action()})


def link_of(listed: ListedOrder | None) -> str | None:
    """The link on which the order can be paid now; None where there is none."""
    if listed is None or listed.order.status is not OrderStatus.OPEN:
        return None
    return listed.order.checkout_url


def open_link(app: PaydeskApp, listed: ListedOrder | None) -> None:
    """Open the link, unless the browser would open on another machine than the one a person sits at."""
    link = link_of(listed)
    if link is None:
        app.bell()
    elif "SSH_CONNECTION" in os.environ:
        app.say("A browser would open on the far machine. Copy the link with y, or scan it with Q.", warning=True)
    else:
        app.open_url(link)
        app.say(link, title="Opened in the browser")


def show_qr(app: PaydeskApp, listed: ListedOrder | None) -> None:
    """Show the link as a QR code."""
    link = link_of(listed)
    if link is None or listed is None:
        app.bell()
        return
    order = listed.order
    app.push_screen(QrDialog(link, f"Order {order.id}, {cents(order.draft.total_cents)}", order.id))


def open_ledger(app: PaydeskApp, listed: ListedOrder | None) -> None:
    """Go to the ledger of the order's account."""
    if listed is None:
        app.bell()
    else:
        jump = next(jump for jump in JUMPS if jump.word == "account")
        app.jump(jump, str(listed.order.draft.account_id))


class OrderDialog(Dialog[None]):
    """One order whole. It follows the order while it is open."""

    HELP = "One order, whole: what was quoted, what came of it, and its ids at Stripe."
    CANCEL = "Close"
    FIRST = "OrderDetails"
    DEFAULT_CSS = """
    OrderDialog OrderDetails { height: auto; max-height: 62vh; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(Copy, *ORDER_COMMANDS)

    app = getters.app(PaydeskApp)

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

    def show(self, listed: ListedOrder) -> None:
        """Show the order as it stands now."""
        self.listed = listed
        self.query_one(OrderDetails).show(listed, self.app.clock())
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what is done with a link only where there is one."""
        return link_of(self.listed) is not None if action in LINK_ACTIONS else True

    def action_copy(self) -> None:
        """Copy the line under the cursor."""
        if text := self.query_one(OrderDetails).selected_text:
            self.app.copy(text)

    def action_open_link(self) -> None:
        """Open the link in the browser."""
        open_link(self.app, self.listed)

    def action_show_qr(self) -> None:
        """Show the link as a QR code."""
        show_qr(self.app, self.listed)

    def action_open_ledger(self) -> None:
        """Close, and go to the ledger of the order's account."""
        self.dismiss(None)
        open_ledger(self.app, self.listed)
