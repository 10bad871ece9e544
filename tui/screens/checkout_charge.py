"""Charging a saved card while its customer is away; and the link that is offered where the bank wants the customer."""

from functools import partial
from typing import ClassVar
from uuid import uuid4

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Static

from services.domain.account import Account
from services.domain.charge import AUTHENTICATION_REQUIRED
from services.domain.checkout import OrderPurpose, OrderStatus, charge_refusal
from services.domain.money import is_amount, parse_cents
from services.errors import Conflict, GatewayRefused, InvalidInput, PaydeskError
from tui.commands import bindings
from tui.dialogs.dialog import Dialog, FormDialog, Submit
from tui.messages import BalanceChanged, Fact, OrderChanged
from tui.present import card_text, cents, untrusted
from tui.screens.checkout_acts import becomes, labelled, lines
from tui.screens.checkout_calls import Created, ListedOrder, Wanted, create
from tui.screens.checkout_form import BLOCK_CENTS, BlockInput
from tui.screens.checkout_money import CardOnFile, Charged, card_on_file, charge
from tui.screens.checkout_words import notice
from tui.widgets.field import Field

NO_CARD = (
    "No card is saved. A paid checkout saves one: press n, create a checkout for this account, and have it paid; from "
    "then on its card can be charged here."
)


def charge_amount(text: str) -> int:
    """The cents of a charge. Raises `InvalidInput` for what Stripe would not charge."""
    amount = parse_cents(text)
    refusal = charge_refusal(amount) if is_amount(amount) else "A charge is more than 0.00, and has no sign."
    if refusal is not None:
        raise InvalidInput(refusal, field="amount")
    return amount


class ChargeDialog(FormDialog[ListedOrder]):
    """Shows the card as Stripe has it now, asks how much, and charges it once."""

    HELP = "Top up with the saved card, at once and while the customer is away. `+` and `-` take the amount by $10."
    TITLE = "Charge saved card"
    CONFIRM = "Charge card"
    DANGER = True
    DEFAULT_CSS = """
    ChargeDialog .charge--card { margin: 0 0 1 0; height: auto; }
    ChargeDialog .charge--effect { margin: 1 0 0 0; }
    """

    on_file: reactive[CardOnFile | None] = reactive(None)
    """The card and the balance; None: Stripe is being asked."""

    def __init__(self, account: Account, amount_cents: int = BLOCK_CENTS) -> None:
        super().__init__()
        self.account = account
        self._amount_cents = amount_cents
        # One key for as long as nothing came of it: however often it is confirmed, it is one charge.
        self._key = uuid4().hex
        # What the bank just declined: a key that is held down, or pressed again, does not ask it a second time.
        self._declined_cents: int | None = None

    def heading(self) -> str:
        """Whose card."""
        return f"{self.TITLE} · account {self.account.id}"

    def compose_body(self) -> ComposeResult:
        """Whose card it is, the amount, and the effect."""
        yield Static(untrusted(self.account.email, "bold"))
        yield Static(classes="charge--card")
        yield Field("Amount", BlockInput(self._amount_cents), name="amount", note="+ and − by $10")
        yield Static(classes="charge--effect")

    def on_mount(self) -> None:
        """Ask Stripe for the card; the form can be filled in meanwhile."""
        self.app.facts.subscribe(self, self._take_fact)
        self._read()

    def _take_fact(self, fact: Fact) -> None:
        if fact == BalanceChanged(self.account.id):
            self._read()

    def _read(self) -> None:
        call = partial(card_on_file, account_id=self.account.id)
        self.app.calls.read(self, "card", call, self._take_card, self.failed)

    def _take_card(self, on_file: CardOnFile) -> None:
        self.on_file = on_file

    # The effect, before anything is done

    def watch_on_file(self) -> None:
        """Show the card, and offer to charge it where there is one."""
        for place in self.query(".charge--card").results(Static):
            place.update(_card_line(self.on_file))
        for button in self.query("#confirm"):
            button.disabled = self.on_file is None or self.on_file.card is None
        self._show_effect()

    @on(Input.Changed)
    def _show_effect(self) -> None:
        for place in self.query(".charge--effect").results(Static):
            place.update(self._effect())

    def _effect(self) -> Content:
        amount = self.query_one(BlockInput).cents
        if self.on_file is None or self.on_file.card is None:
            return Content("")
        balance = self.on_file.balance_cents
        if amount is None or not is_amount(amount):
            return labelled("Balance", cents(balance))
        return lines(
            labelled("From the card, now", cents(amount)),
            labelled("Balance", becomes(balance, balance + amount)),
        )

    # Doing it

    def confirm(self) -> None:
        """Charge the card that is shown, if the amount can be charged."""
        field = self.query_one(Field)
        amount = field.read(charge_amount)
        if amount is None:
            field.control.focus()
            return
        if self.on_file is None or self.on_file.card is None:
            return
        if amount == self._declined_cents:
            self.app.bell()
            return
        card_id = self.on_file.card.payment_method_id
        facts: list[Fact] = [OrderChanged(), BalanceChanged(self.account.id)]
        if self.app.calls.write(
            self,
            self.heading(),
            partial(charge, account_id=self.account.id, amount_cents=amount, payment_method_id=card_id, key=self._key),
            facts=facts,
            done=self._done,
            failed=self.failed,
            told=lambda charged: notice(charged.listed),
        ):
            self.busy(f"Charging {cents(amount)}")

    def _done(self, charged: Charged) -> None:
        order = charged.listed.order
        if order.status is not OrderStatus.FAILED:
            self.app.say(notice(charged.listed), warning=order.status is not OrderStatus.PAID)
            self.dismiss(charged.listed)
            return
        # That attempt is over; another one is another charge.
        self._key = uuid4().hex
        self._declined_cents = order.draft.total_cents
        why = f"Declined, nothing was charged: {charged.error or order.status_reason}"
        asks_for_customer = order.decline_code == AUTHENTICATION_REQUIRED
        self.failed(GatewayRefused(why if asks_for_customer else f"{why} Try another amount, or close this first."))
        if asks_for_customer:
            self.app.push_screen(LinkDialog(self.account, order.draft.total_cents), self._linked)

    def _linked(self, listed: ListedOrder | None) -> None:
        if listed is not None:
            self.dismiss(listed)

    def failed(self, error: PaydeskError) -> None:
        """Show why the card was not charged; where it is another one by now, show that one."""
        super().failed(error)
        if isinstance(error, Conflict) and error.field == "payment_method_id":
            self._read()


def _card_line(on_file: CardOnFile | None) -> Content:
    if on_file is None:
        return Content.styled("Asking Stripe for the card …", "$muted")
    problem = untrusted(on_file.problem, "$text-warning") if on_file.problem else Content("")
    if on_file.card is None:
        return problem or Content.styled(NO_CARD, "$text-warning")
    return lines(Content(card_text(on_file.card)), problem)


class LinkDialog(Dialog[ListedOrder]):
    """Offers a checkout for the amount of a charge that only the customer can agree to."""

    HELP = "The bank wants the customer: on a checkout's page they can agree to the charge themselves."
    TITLE = "The bank wants the customer"
    CONFIRM = "Create link"
    BINDINGS: ClassVar[list[BindingType]] = bindings(Submit)

    def __init__(self, account: Account, amount_cents: int) -> None:
        super().__init__()
        self._wanted = Wanted(account, OrderPurpose.TOP_UP, amount_cents=amount_cents)

    def compose_body(self) -> ComposeResult:
        """What was not charged, and what the link is for."""
        amount = cents(self._wanted.amount_cents or 0)
        email = self._wanted.account.email if self._wanted.account else ""
        yield Static(
            Content.assemble(
                f"The card was not charged: its bank wants its holder to agree to {amount}.\n\n",
                "A checkout link for the same amount, to send to ",
                untrusted(email, "bold"),
                ", lets them do that. ctrl+s creates it; nothing is charged before they pay.",
            )
        )

    def confirm(self) -> None:
        """Create the checkout."""
        if self.app.calls.write(
            self,
            self.TITLE,
            partial(create, wanted=self._wanted, quoted_cents=None),
            facts=[OrderChanged()],
            done=self._done,
            failed=self.failed,
            told=lambda created: notice(created.listed) if created.listed else created.error or "Not created.",
        ):
            self.busy("Creating the link")

    def _done(self, created: Created) -> None:
        if created.listed is None:
            self.failed(Conflict(created.error or "The link was not created."))
        else:
            self.app.say(notice(created.listed), warning=created.error is not None)
            self.dismiss(created.listed)
