"""Checkout: create a link for a customer to pay on, and watch what becomes of it."""

from functools import partial
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from services.domain.checkout import OrderStatus
from services.errors import OutcomeUnknown, PaydeskError
from tui.commands import Command, bindings
from tui.desk import DeskInfo
from tui.dialogs.findings import FindingsDialog
from tui.messages import AccountChanged, BalanceChanged, DiscountChanged, Fact, OrderChanged, PricingChanged
from tui.screens.checkout_board import OrderBoard
from tui.screens.checkout_calls import Created, ListedOrder, Quote, create, list_orders, one_order, quote
from tui.screens.checkout_form import OrderForm
from tui.screens.checkout_quote import QuotePanel
from tui.screens.checkout_verbs import ORDER_COMMANDS, OrderActions
from tui.screens.checkout_watch import FIRST_SECONDS
from tui.screens.checkout_words import outcome
from tui.screens.desk_screen import DeskScreen

TYPING_SECONDS = 0.2
"""A quote is asked for when typing pauses this long: nobody needs to read why half a code is refused."""


class NewCheckout(Command):
    """Begins another checkout."""

    key = "n"
    label = "new"
    help = "Begin another checkout, with an empty form."


class CreateCheckout(Command):
    """Creates the checkout."""

    key = "ctrl+s"
    label = "create"
    help = "Create the checkout as the form has it, once, and get its link."


class ShowFindings(Command):
    """Shows what this desk and Stripe differ in."""

    key = "F"
    label = "findings"
    help = "Show what this desk and Stripe differ in, and compare them now."


class CheckoutScreen(DeskScreen, OrderActions):
    """The form and its quote, the orders, and the one of them that is watched."""

    HELP = (
        "Checkout: create a link on which a customer pays for access or a top-up. The selected order is watched: "
        "Stripe is asked again and again until it is paid or over."
    )
    CSS_PATH = "checkout.tcss"
    MODE: ClassVar[str] = "checkout"
    FIGURES = "orders"
    CONCERNS = (OrderChanged, PricingChanged, DiscountChanged, BalanceChanged, AccountChanged)
    HOME = "#orders"
    SEARCH = "#account"
    BINDINGS: ClassVar[list[BindingType]] = bindings(*ORDER_COMMANDS, NewCheckout, CreateCheckout, ShowFindings)

    _form = getters.query_one(OrderForm)
    _board = getters.query_one(OrderBoard)

    def __init__(self, *, typing_seconds: float = TYPING_SECONDS, first_seconds: float = FIRST_SECONDS) -> None:
        super().__init__()
        self._typing_seconds = typing_seconds
        self._first_seconds = first_seconds
        self._typing: Timer | None = None
        self._quote: Quote | None = None

    def compose_body(self) -> ComposeResult:
        """Form and quote; under them the orders."""
        with Horizontal(id="top"):
            yield OrderForm()
            yield QuotePanel()
        yield OrderBoard(self._first_seconds)

    def on_mount(self) -> None:
        """Follow what the app knows of Stripe and of the window."""
        self.watch(self.app, "info", self._take_info)
        self.watch(self.app, "app_focus", self._take_focus, init=False)

    def on_screen_suspend(self) -> None:
        """Watch no further while another screen is shown; a dialog over this one is no other screen."""
        self._board.watch_over.look(self in self.app.screen_stack)

    def on_screen_resume(self) -> None:
        """Watch again."""
        self._board.watch_over.look(True)

    def _take_info(self, info: DeskInfo | None) -> None:
        self._form.configured = info is None or info.environment != "NO STRIPE"
        self._board.environment = None if info is None else info.environment

    def _take_focus(self, focused: bool) -> None:
        # Who comes back to the window may just have paid in the browser.
        if focused and self in self.app.screen_stack:
            self._board.watch_over.ask_now()

    # Reading

    def reload(self) -> None:
        """Read the orders and the quote."""
        call = partial(list_orders, known=self._board.known)
        self.app.calls.read(self, "orders", call, self._board.show)
        self._read_quote()

    def action_refresh(self) -> None:
        """Read everything again, and ask Stripe about the selected order now."""
        super().action_refresh()
        self._board.ask_now()

    def jump(self, word: str, argument: str) -> None:
        """Go to an order by its number."""
        number = argument.removeprefix("#")
        if number.isascii() and number.isdecimal():
            self.focus_home()
            self.app.calls.read(
                self, "order", partial(one_order, order_id=int(number)), self._board.open, self._no_order
            )
        else:
            self.app.say(f"An order is named by its number, not by {argument}.", warning=True)

    def _no_order(self, error: PaydeskError) -> None:
        self.app.say(error.sentence, warning=True)

    # The quote

    @on(OrderForm.Edited)
    def _edited(self) -> None:
        if self._typing is not None:
            self._typing.stop()
        if self._typing_seconds:
            self._typing = self.set_timer(self._typing_seconds, self._read_quote)
        else:
            self._read_quote()

    def _read_quote(self) -> None:
        self.app.calls.read(self, "quote", partial(quote, wanted=self._form.wanted), self._show_quote)

    def _show_quote(self, given: Quote) -> None:
        if given.wanted != self._form.wanted:
            return
        self._quote = given
        self.query_one(QuotePanel).quote = given
        self._form.show_quote(given)

    # Creating

    def action_new_checkout(self) -> None:
        """Begin another checkout."""
        if self._form.configured:
            self._form.begin()

    def action_create_checkout(self) -> None:
        """Create the checkout, if the key is not still held down from a dialog that it confirmed."""
        if self.app.submit_key.is_still_down():
            self.app.bell()
        else:
            self._create()

    @on(OrderForm.Asked)
    def _create(self) -> None:
        """Create the checkout. A key that is held down, or pressed again, makes no second one."""
        form = self._form
        if not form.configured or form.made is not None:
            self.app.bell()
            return
        wanted = form.complete()
        if wanted is None or wanted.account is None:
            return
        given = self._quote if self._quote is not None and self._quote.wanted == wanted else None
        if given is not None and given.refusal is not None:
            form.refuse(given.refusal, given.refused_field)
            return
        facts: list[Fact] = [OrderChanged(), *([DiscountChanged()] if wanted.code else [])]
        if given is not None and given.total_cents == 0:
            facts.append(BalanceChanged(wanted.account.id))
        call = partial(create, wanted=wanted, quoted_cents=given.total_cents if given else None)
        if self.app.calls.write(self, "New checkout", call, facts=facts, done=self._created, failed=self._not_created):
            form.busy()

    def _created(self, created: Created) -> None:
        form = self._form
        if created.listed is None:
            form.refuse(created.error or "", created.field)
            self._read_quote()
            return
        order = created.listed.order
        if order.status in (OrderStatus.OPEN, OrderStatus.PAID):
            form.clear()
            self.focus_home()
        form.created(order.id, outcome(created.listed))
        self._board.take(created.listed)

    def _not_created(self, error: PaydeskError) -> None:
        if isinstance(error, OutcomeUnknown):
            self._form.unknown(error.sentence)
        else:
            self._form.refuse(error.sentence)

    @on(OrderBoard.MovedOn)
    def _moved_on(self, event: OrderBoard.MovedOn) -> None:
        if event.listed.order.id == self._form.made:
            self._form.created(event.listed.order.id, outcome(event.listed))

    # The order in hand

    def copy_text(self) -> str | None:
        """What is selected among the orders."""
        return self._board.copy_text

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what there is something to do with."""
        if not self.is_mounted:
            return True
        offered = self.offers(action)
        if offered is not None:
            return offered
        if action in (NewCheckout.action(), CreateCheckout.action()):
            return self._form.configured
        return super().check_action(action, parameters)

    @property
    def in_hand(self) -> ListedOrder | None:
        """The order under the cursor."""
        return self._board.selected

    def take(self, listed: ListedOrder) -> None:
        """Show what became of an order, or the order that was made."""
        self._board.take(listed)

    def account_in_hand(self) -> int | None:
        """The account in the form; else the one of the order under the cursor."""
        chosen = self._form.wanted.account
        return super().account_in_hand() if chosen is None else chosen.id

    def action_show_findings(self) -> None:
        """Show the findings."""
        self.app.push_screen(FindingsDialog())
