"""What every form that moves a balance has: the balance that it leads to, a key, and one posting."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from services.domain.account import Account
from services.errors import Conflict
from tui.desk import Desk
from tui.dialogs.dialog import FormDialog
from tui.messages import BalanceChanged, Fact
from tui.present import ELLIPSIS, cents, signed_cents

if TYPE_CHECKING:
    from services.balance import BalanceResult

LABEL = 11
"""Cells of a label, so many that what stands behind it begins under the text in the fields."""


def labelled(label: str, fact: Content) -> Content:
    """A line of a form that is no field."""
    return Content.assemble((f"{label:<{LABEL}}", "$muted"), fact)


@dataclass(frozen=True)
class Posted:
    """What was posted, in words, why, and the balance after it in cents."""

    what: str
    reason: str
    balance_cents: int


class BalanceForm(FormDialog[Posted]):
    """Shows the balance that it leads to, and posts once however often it is confirmed."""

    DEFAULT_CSS = """
    BalanceForm .balance--who { margin: 0 0 1 0; }
    BalanceForm .balance--effect { margin: 1 0 0 0; }
    """

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

    def on_mount(self) -> None:
        """Read the balance, and follow it."""
        self.app.facts.subscribe(self, self._take_fact)
        self.read_balance()

    def _take_fact(self, fact: Fact) -> None:
        if fact == BalanceChanged(self.account.id):
            self.read_balance()

    def read_balance(self) -> None:
        """Begin to read the balance of now."""
        account_id = self.account.id
        self.app.calls.read(self, "balance", lambda desk: desk.balance.get_balance(account_id), self._take_balance)

    def _take_balance(self, balance_cents: int) -> None:
        self.balance_cents = balance_cents

    # The effect, before anything is done

    def movement(self) -> int | None:
        """By how many cents the form moves the balance as it stands now; None while it says nothing of that."""
        raise NotImplementedError

    def watch_balance_cents(self) -> None:
        """Show the effect on the balance of now."""
        self.show_effect()

    def show_effect(self) -> None:
        """Show the balance that the form leads to, in its line of the class `balance--effect`."""
        for line in self.query(".balance--effect").results(Static):
            line.update(labelled("Balance", self._effect()))

    def _effect(self) -> Content:
        if self.balance_cents is None:
            return Content.styled(ELLIPSIS, "$muted")
        before, movement = Content(cents(self.balance_cents)), self.movement()
        if movement is None:
            return before
        after = self.balance_cents + movement
        effect = Content.assemble(before, " → ", (cents(after), "bold $text-error" if after < 0 else "bold"))
        return effect + Content.styled("   below zero", "$text-error") if after < 0 else effect

    # Doing it

    def submit(self, movement_cents: int, reason: str) -> None:
        """Post it; the form stays open with its texts until it is known to be done."""

        def done(result: "BalanceResult") -> None:
            if result.success:
                self.dismiss(Posted(self.done_words(movement_cents), reason, result.balance_cents))
            else:
                self.failed(Conflict(result.error or "The posting was refused.", field=result.field))

        writing = self.app.calls.write(
            self,
            self.heading(),
            lambda desk: self.post(desk, movement_cents, reason, self._key),
            facts=[BalanceChanged(self.account.id)],
            done=done,
            failed=self.failed,
        )
        if writing:
            self.busy(f"Posting {signed_cents(movement_cents)}")

    def done_words(self, movement_cents: int) -> str:
        """What was done, once it is: `Credited $10.00`."""
        return f"{'Credited' if movement_cents > 0 else 'Deducted'} {cents(abs(movement_cents))}"

    def post(self, desk: Desk, movement_cents: int, reason: str, key: str) -> "BalanceResult":
        """Ask the service for the movement."""
        raise NotImplementedError
