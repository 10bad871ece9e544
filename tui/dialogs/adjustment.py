"""Adding to a balance and taking from it, by hand."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Static

from services.domain.account import Account
from services.domain.ledger import TransactionKind
from services.domain.money import is_amount, parse_cents
from services.domain.text import check_text
from services.errors import Conflict, InvalidInput
from tui.desk import Desk
from tui.dialogs.dialog import FormDialog
from tui.messages import BalanceChanged, Fact
from tui.present import ELLIPSIS, cents, signed_cents, untrusted
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput
from tui.widgets.money_input import MoneyInput

if TYPE_CHECKING:
    from services.balance import BalanceResult

LONGEST_REASON = 500
BALANCE = "Balance    "
"""The label of the effect, so wide that the figures stand under those in the fields."""


@dataclass(frozen=True)
class Adjusted:
    """What was posted: the movement in cents, why, and the balance after it in cents."""

    amount_cents: int
    reason: str
    balance_cents: int


def adjustment_amount(text: str) -> int:
    """The cents of an adjustment, which has no sign: the dialog says which way it goes. Raises `InvalidInput`."""
    amount = parse_cents(text)
    if not is_amount(amount):
        raise InvalidInput("An amount is more than 0.00, and has no sign.", field="amount")
    return amount


class Adjustment(FormDialog[Adjusted]):
    """Asks how much and why, shows the balance that it leads to, and posts it once."""

    DEFAULT_CSS = """
    Adjustment .adjustment--who { margin: 0 0 1 0; }
    Adjustment .adjustment--effect { margin: 1 0 0 0; }
    """
    SIGN: ClassVar[int]

    balance_cents: reactive[int | None] = reactive(None)
    """The balance now, read again when it changes; None: being read."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account
        # One key for as long as the dialog is open: however often it is confirmed, the balance moves once.
        self._key = uuid4().hex

    def heading(self) -> str:
        """What is done, and to which account."""
        return f"{self.TITLE} · account {self.account.id}"

    def compose_body(self) -> ComposeResult:
        """Whose account, the fields, and the effect."""
        yield Static(untrusted(self.account.email, "bold"), classes="adjustment--who")
        yield Field("Amount", MoneyInput(), name="amount")
        yield Field(
            "Reason", LineInput(placeholder="stands in the ledger", max_length=LONGEST_REASON), name="description"
        )
        yield Static(classes="adjustment--effect")

    def on_mount(self) -> None:
        """Read the balance, and follow it."""
        self.app.facts.subscribe(self, self._take_fact)
        self._read_balance()

    def _take_fact(self, fact: Fact) -> None:
        if fact == BalanceChanged(self.account.id):
            self._read_balance()

    def _read_balance(self) -> None:
        account_id = self.account.id
        self.app.calls.read(self, "balance", lambda desk: desk.balance.get_balance(account_id), self._take_balance)

    def _take_balance(self, balance_cents: int) -> None:
        self.balance_cents = balance_cents

    # The effect, before anything is done

    def watch_balance_cents(self) -> None:
        """Show the effect on the balance of now."""
        self._show_effect()

    @on(Input.Changed)
    def _show_effect(self) -> None:
        lines = self.query(".adjustment--effect").results(Static)
        for line in lines:
            line.update(self._effect())

    def _effect(self) -> Content:
        amount = self.query_one(MoneyInput).cents
        if self.balance_cents is None:
            return Content.styled(f"{BALANCE}{ELLIPSIS}", "$muted")
        before = Content.assemble((BALANCE, "$muted"), cents(self.balance_cents))
        if amount is None or not is_amount(amount):
            return before
        after = self.balance_cents + self.SIGN * amount
        effect = Content.assemble(before, " → ", (cents(after), "bold $text-error" if after < 0 else "bold"))
        return effect + Content.styled("   below zero", "$text-error") if after < 0 else effect

    # Doing it

    def confirm(self) -> None:
        """Post it, if both fields hold what they should."""
        amount_field, reason_field = self.query(Field)
        amount = amount_field.read(adjustment_amount)
        reason = reason_field.read(lambda text: check_text(text, field="reason", longest=LONGEST_REASON))
        if amount is None or reason is None:
            (amount_field if amount is None else reason_field).control.focus()
            return

        def done(result: "BalanceResult") -> None:
            if result.success:
                self.dismiss(Adjusted(self.SIGN * amount, reason, result.balance_cents))
            else:
                self.failed(Conflict(result.error or "The posting was refused.", field=result.field))

        writing = self.app.calls.write(
            self,
            self.heading(),
            lambda desk: self.post(desk, amount, reason, self._key),
            facts=[BalanceChanged(self.account.id)],
            done=done,
            failed=self.failed,
        )
        if writing:
            self.busy(f"Posting {signed_cents(self.SIGN * amount)}")

    def post(self, desk: Desk, amount_cents: int, reason: str, key: str) -> "BalanceResult":
        """Ask the service for the movement."""
        raise NotImplementedError


class AddCredit(Adjustment):
    """Adds to a balance."""

    HELP = "Add credit by hand. The reason stands in the ledger and in the audit log, with your name."
    TITLE = "Add credit"
    CONFIRM = "Add credit"
    SIGN = 1

    def post(self, desk: Desk, amount_cents: int, reason: str, key: str) -> "BalanceResult":
        """Ask the service for the credit."""
        return desk.balance.add_credits(
            self.account.id, amount_cents, reason, kind=TransactionKind.ADJUSTMENT, idempotency_key=key
        )


class Deduct(Adjustment):
    """Takes from a balance, which may go below zero."""

    HELP = "Deduct by hand. The reason stands in the ledger and in the audit log, with your name."
    TITLE = "Deduct"
    CONFIRM = "Deduct"
    SIGN = -1

    def post(self, desk: Desk, amount_cents: int, reason: str, key: str) -> "BalanceResult":
        """Ask the service for the deduction."""
        return desk.balance.deduct(
            self.account.id, amount_cents, reason, kind=TransactionKind.ADJUSTMENT, idempotency_key=key
        )
