"""What can be done with the order in hand, on the checkout screen and in the dialog of one order."""

from collections.abc import Callable
from functools import partial

from textual import getters
from textual.screen import Screen
from textual.widget import Widget

from services.domain.account import Account
from services.domain.checkout import Channel, OrderStatus
from services.errors import PaydeskError
from tui.app import PaydeskApp
from tui.commands import JUMPS, Command
from tui.dialogs.qr import QrDialog
from tui.present import cents
from tui.screens.checkout_acts import CloseDialog, ExpireDialog, RetryDialog
from tui.screens.checkout_calls import ListedOrder
from tui.screens.checkout_charge import ChargeDialog
from tui.screens.checkout_form import BLOCK_CENTS
from tui.screens.checkout_money import account_of
from tui.screens.checkout_refund import RefundDialog


class ExpireOrder(Command):
    """Ends an open checkout."""

    key = "x"
    label = "expire"
    help = "End the open checkout at Stripe, so that it cannot be paid any more. Asks first."


class CloseOrder(Command):
    """Closes an order that needs a person."""

    key = "X"
    label = "close"
    help = "Close an order that needs a review, by your decision and with your reason. Asks first."


class RetryOrder(Command):
    """Tries an order again."""

    key = "t"
    label = "try again"
    help = "Try an order that failed or expired again, as a new one at the price of today. Asks first."


class RefundOrder(Command):
    """Refunds a paid order."""

    key = "f"
    label = "refund"
    help = "Refund a paid order, wholly or in part. Asks first."


class ChargeCard(Command):
    """Charges the saved card."""

    key = "b"
    label = "charge card"
    help = "Top the account up from its saved card, while the customer is away. Asks first."


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
    help = "Go to the ledger of the order's account: a paid order to its entry there."


ORDER_COMMANDS: tuple[type[Command], ...] = (
    OpenLink,
    ShowQr,
    ExpireOrder,
    CloseOrder,
    RetryOrder,
    RefundOrder,
    ChargeCard,
    OpenLedger,
)
"""What is offered wherever there is an order in hand."""


def link_of(listed: ListedOrder | None) -> str | None:
    """The link on which the order can be paid now; None where there is none."""
    if listed is None or listed.order.status is not OrderStatus.OPEN:
        return None
    return listed.order.checkout_url


_POSSIBLE: dict[str, Callable[[ListedOrder], bool]] = {
    OpenLink.action(): lambda listed: link_of(listed) is not None,
    ShowQr.action(): lambda listed: link_of(listed) is not None,
    ExpireOrder.action(): lambda listed: link_of(listed) is not None,
    CloseOrder.action(): lambda listed: listed.order.status is OrderStatus.NEEDS_REVIEW,
    RetryOrder.action(): lambda listed: listed.order.status in (OrderStatus.EXPIRED, OrderStatus.FAILED),
    RefundOrder.action(): lambda listed: (
        listed.order.payment_intent_id is not None and listed.order.refundable_cents > 0
    ),
    ChargeCard.action(): lambda _listed: True,
    OpenLedger.action(): lambda _listed: True,
}
"""For which orders each verb does something."""

_AT_STRIPE = frozenset(verb.action() for verb in (ExpireOrder, RetryOrder, RefundOrder, ChargeCard))
"""The verbs that need a Stripe to ask."""


class OrderActions(Widget):
    """Mixed into a screen that has an order in hand: answers the verbs of `ORDER_COMMANDS`."""

    app = getters.app(PaydeskApp)

    @property
    def in_hand(self) -> ListedOrder | None:
        """The order that the verbs are about."""
        raise NotImplementedError

    def take(self, listed: ListedOrder) -> None:
        """Show what became of the order in hand, or the order that was made of it."""
        raise NotImplementedError

    def account_in_hand(self) -> int | None:
        """The account whose card would be charged."""
        return None if self.in_hand is None else self.in_hand.order.draft.account_id

    def offers(self, action: str) -> bool | None:
        """Whether a verb does something for the order in hand; None for what is no verb of an order."""
        if action not in _POSSIBLE:
            return None
        if action in _AT_STRIPE and (self.app.info is None or self.app.info.environment == "NO STRIPE"):
            return False
        if action == ChargeCard.action():
            return self.account_in_hand() is not None
        return self.in_hand is not None and _POSSIBLE[action](self.in_hand)

    def _ask(self, dialog: Screen[ListedOrder | None]) -> None:
        self.app.push_screen(dialog, self._answered)

    def _answered(self, listed: ListedOrder | None) -> None:
        if listed is not None:
            self.take(listed)

    def action_expire_order(self) -> None:
        """Ask whether the checkout shall end."""
        if self.in_hand is not None:
            self._ask(ExpireDialog(self.in_hand))

    def action_close_order(self) -> None:
        """Ask why the order shall be closed."""
        if self.in_hand is not None:
            self._ask(CloseDialog(self.in_hand))

    def action_retry_order(self) -> None:
        """Ask whether the order shall be tried again: a checkout with a checkout, a charge with a charge."""
        listed = self.in_hand
        if listed is None:
            return
        if listed.order.draft.channel is Channel.SAVED_CARD:
            self._begin_charge(listed.order.draft.account_id, listed.order.draft.total_cents)
        else:
            self._ask(RetryDialog(listed))

    def action_refund_order(self) -> None:
        """Ask how much of the order goes back, and why."""
        if self.in_hand is not None:
            self._ask(RefundDialog(self.in_hand))

    def action_charge_card(self) -> None:
        """Ask how much the saved card is charged."""
        account_id = self.account_in_hand()
        if account_id is not None:
            self._begin_charge(account_id, BLOCK_CENTS)

    def _begin_charge(self, account_id: int, amount_cents: int) -> None:
        def ask(account: Account) -> None:
            self._ask(ChargeDialog(account, amount_cents))

        def gone(error: PaydeskError) -> None:
            self.app.say(error.sentence, warning=True)

        self.app.calls.read(self, "account", partial(account_of, account_id=account_id), ask, gone)

    def action_open_link(self) -> None:
        """Open the link in the browser."""
        if (link := link_of(self.in_hand)) is not None:
            self.app.open_in_browser(link)

    def action_show_qr(self) -> None:
        """Show the link as a QR code."""
        listed, link = self.in_hand, link_of(self.in_hand)
        if listed is not None and link is not None:
            order = listed.order
            self.app.push_screen(QrDialog(link, f"Order {order.id}, {cents(order.draft.total_cents)}", order.id))

    def action_open_ledger(self) -> None:
        """Go to the ledger of the order's account."""
        if self.in_hand is not None:
            jump = next(jump for jump in JUMPS if jump.word == "account")
            place = [self.in_hand.order.draft.account_id, *(entry.seq for entry in self.in_hand.entries[:1])]
            self.app.jump(jump, " ".join(map(str, place)))
