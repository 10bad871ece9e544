"""Adding to a balance and taking from it, by hand."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from services.domain.ledger import TransactionKind
from services.domain.money import is_amount, parse_cents
from services.domain.text import check_text
from services.errors import InvalidInput
from tui.desk import Desk
from tui.dialogs.balance_form import BalanceForm
from tui.present import untrusted
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput
from tui.widgets.money_input import MoneyInput

if TYPE_CHECKING:
    from services.balance import BalanceResult

LONGEST_REASON = 500


def adjustment_amount(text: str) -> int:
    """The cents of an adjustment, which has no sign: the dialog says which way it goes. Raises `InvalidInput`."""
    amount = parse_cents(text)
    if not is_amount(amount):
        raise InvalidInput("An amount is more than 0.00, and has no sign.", field="amount")
    return amount


class Adjustment(BalanceForm):
    """Asks how much and why, shows the balance that it leads to, and posts it once."""

    SIGN: ClassVar[int]

    def compose_body(self) -> ComposeResult:
        """Whose account, the fields, and the effect."""
        yield Static(untrusted(self.account.email, "bold"), classes="balance--who")
        yield Field("Amount", MoneyInput(), name="amount")
        yield Field(
            "Reason", LineInput(placeholder="stands in the ledger", max_length=LONGEST_REASON), name="description"
        )
        yield Static(classes="balance--effect")

    def movement(self) -> int | None:
        """The amount that is typed, with the sign of what is done."""
        amount = self.query_one(MoneyInput).cents
        return self.SIGN * amount if is_amount(amount) else None

    @on(Input.Changed)
    def _typed(self) -> None:
        self.show_effect()

    def confirm(self) -> None:
        """Post it, if both fields hold what they should."""
        amount_field, reason_field = self.query(Field)
        amount = amount_field.read(adjustment_amount)
        reason = reason_field.read(lambda text: check_text(text, field="reason", longest=LONGEST_REASON))
        if amount is None or reason is None:
            (amount_field if amount is None else reason_field).control.focus()
            return
        self.submit(self.SIGN * amount, reason)


class AddCredit(Adjustment):
    """Adds to a balance."""

    HELP = "Add credit by hand. The reason stands in the ledger and in the audit log, with your name."
    TITLE = "Add credit"
    CONFIRM = "Add credit"
    SIGN = 1

    def post(self, desk: Desk, movement_cents: int, reason: str, key: str) -> "BalanceResult":
        """Ask the service for the credit."""
        return desk.balance.add_credits(
            self.account.id, movement_cents, reason, kind=TransactionKind.ADJUSTMENT, idempotency_key=key
        )


class Deduct(Adjustment):
    """Takes from a balance, which may go below zero."""

    HELP = "Deduct by hand. The reason stands in the ledger and in the audit log, with your name."
    TITLE = "Deduct"
    CONFIRM = "Deduct"
    SIGN = -1

    def post(self, desk: Desk, movement_cents: int, reason: str, key: str) -> "BalanceResult":
        """Ask the service for the deduction."""
        return desk.balance.deduct(
            self.account.id, -movement_cents, reason, kind=TransactionKind.ADJUSTMENT, idempotency_key=key
        )
