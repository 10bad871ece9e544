"""Refunding a paid order: how much, why, what it does to card and balance; and then once."""

from functools import partial
from uuid import uuid4

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Static

from services.domain.money import is_amount, parse_cents
from services.domain.refund import RefundStatus
from services.domain.text import check_text
from services.errors import Conflict, GatewayRefused, InvalidInput, PaydeskError
from tui.dialogs.dialog import FormDialog
from tui.messages import BalanceChanged, Fact
from tui.present import cents
from tui.screens.checkout_acts import becomes, changes, labelled, lines, who_and_what
from tui.screens.checkout_calls import ListedOrder
from tui.screens.checkout_money import Refunded, RefundTerms, refund, refund_terms
from tui.screens.checkout_words import refund_notice
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput
from tui.widgets.money_input import MoneyInput

LONGEST_REASON = 400


def refund_amount(text: str) -> int:
    """The cents of a refund. Raises `InvalidInput`."""
    amount = parse_cents(text)
    if not is_amount(amount):
        raise InvalidInput("A refund is more than 0.00, and has no sign.", field="amount")
    return amount


class RefundDialog(FormDialog[ListedOrder]):
    """Asks how much of a paid order goes back and why, and shows where that leads."""

    HELP = (
        "Refund a paid order, wholly or in part: the money goes back to the card, and the credit it bought is taken "
        "from the balance. The reason stands in the ledger and in the audit log, with your name."
    )
    CONFIRM = "Refund"
    DANGER = True
    DEFAULT_CSS = """
    RefundDialog .refund--who { margin: 0 0 1 0; }
    RefundDialog .refund--effect { margin: 1 0 0 0; }
    """

    terms: reactive[RefundTerms | None] = reactive(None)
    """What the refund would do; None: being read."""

    def __init__(self, listed: ListedOrder) -> None:
        super().__init__()
        self._listed = listed
        # One key for as long as nothing came of it: however often it is confirmed, it is one refund.
        self._key = uuid4().hex

    def heading(self) -> str:
        """Which order."""
        return f"Refund order {self._listed.order.id}"

    def compose_body(self) -> ComposeResult:
        """Whose it is, the fields, and the effect."""
        left = self._listed.order.refundable_cents
        yield Static(who_and_what(self._listed), classes="refund--who")
        yield Field("Amount", MoneyInput(left), name="amount", note=f"of {cents(left)} that is left")
        yield Field("Reason", LineInput(placeholder="stands in the ledger", max_length=LONGEST_REASON), name="reason")
        yield Static(classes="refund--effect")

    def on_mount(self) -> None:
        """Read what it would do, now and when the balance moves."""
        self.app.facts.subscribe(self, self._take_fact)
        self._read_terms()

    def _take_fact(self, fact: Fact) -> None:
        if fact == BalanceChanged(self._listed.order.draft.account_id):
            self._read_terms()

    # The effect, before anything is done

    @on(Input.Changed, "MoneyInput")
    def _read_terms(self) -> None:
        amount = self.query_one(MoneyInput).cents
        call = partial(refund_terms, order_id=self._listed.order.id, amount_cents=amount or 0)
        self.app.calls.read(self, "terms", call, self._take_terms, self.failed)

    def _take_terms(self, terms: RefundTerms) -> None:
        self.terms = terms

    def watch_terms(self, terms: RefundTerms | None) -> None:
        """Show the effect."""
        for place in self.query(".refund--effect").results(Static):
            place.update(_effect(terms) if terms is not None else Content.styled("Reading the balance …", "$muted"))

    # Doing it

    def confirm(self) -> None:
        """Refund it, if both fields hold what they should."""
        amount_field, reason_field = self.query(Field)
        amount = amount_field.read(refund_amount)
        reason = reason_field.read(lambda text: check_text(text, field="reason", longest=LONGEST_REASON))
        if amount is None or reason is None:
            (amount_field if amount is None else reason_field).control.focus()
            return
        order = self._listed.order
        if self.app.calls.write(
            self,
            self.heading(),
            partial(refund, order_id=order.id, amount_cents=amount, reason=reason, key=self._key),
            facts=changes(order),
            done=self._done,
            failed=self.failed,
            told=lambda refunded: refund_notice(refunded.listed, refunded.refund),
        ):
            self.busy(f"Refunding {cents(amount)}")

    def _done(self, refunded: Refunded) -> None:
        made, sentence = refunded.refund, refund_notice(refunded.listed, refunded.refund)
        if made.status is RefundStatus.FAILED:
            # That attempt is over; another one is another refund.
            self._key = uuid4().hex
            self.failed(GatewayRefused(sentence))
        else:
            self.app.say(sentence, warning=made.status is RefundStatus.CREATED)
            self.dismiss(refunded.listed)

    def failed(self, error: PaydeskError) -> None:
        """Show why it was not refunded; of another amount than it was asked for before, it is another refund."""
        if isinstance(error, Conflict) and error.field == "idempotency_key":
            error = Conflict("The refund as it was before is stored already. Close this, and look at the order.")
        super().failed(error)


def _effect(terms: RefundTerms) -> Content:
    left, balance = terms.order.refundable_cents, terms.balance_cents
    if terms.credit_cents is None:
        too_much = Content.assemble(cents(terms.amount_cents), ("  more than is left", "$text-error"))
        return lines(
            labelled("To the card", too_much) if terms.amount_cents > left else "",
            labelled("Balance", cents(balance)),
            labelled("Left to refund", cents(left)),
        )
    return lines(
        labelled("To the card", cents(terms.amount_cents)),
        labelled("From the balance", cents(terms.credit_cents)),
        labelled("Balance", becomes(balance, balance - terms.credit_cents)),
        labelled("Left to refund", becomes(left, left - terms.amount_cents)),
    )
