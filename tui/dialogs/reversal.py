"""Taking an entry of the ledger back."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from services.domain.account import Account
from services.domain.text import check_text
from services.errors import Conflict
from tui.desk import Desk
from tui.dialogs.balance_form import BalanceForm, labelled
from tui.present import moment, signed_cents, untrusted
from tui.widgets.field import Field
from tui.widgets.ledger_columns import kind_word
from tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from services.balance import BalanceResult, Transaction

LONGEST_REASON = 400


class Reversal(BalanceForm):
    """Shows the entry and the balance without it, asks why, and reverses it once."""

    DEFAULT_CSS = """
    Reversal .reversal--why { height: auto; }
    Reversal .reversal--why > Static { width: 1fr; }
    Reversal .reversal--why > Static:first-child { width: auto; }
    """
    HELP = (
        "Reverse an entry: another one of the opposite amount is posted, and both stay in the ledger. It can be done "
        "once for an entry, and not to a reversal."
    )
    TITLE = "Reverse entry"
    CONFIRM = "Reverse entry"
    DANGER = True
    FIRST: ClassVar[str] = "#cancel"

    def __init__(self, account: Account, entry: "Transaction") -> None:
        super().__init__(account)
        self.entry = entry
        self._refused = False

    def heading(self) -> str:
        """Which entry is reversed."""
        return f"{self.TITLE} {self.entry.seq} · account {self.account.id}"

    def compose_body(self) -> ComposeResult:
        """The entry, why it is reversed, and the effect."""
        entry = self.entry
        at = moment(entry.created_at, self.app.clock()).strip()
        back = Content.styled(signed_cents(-entry.amount_cents), "bold")
        yield Static(untrusted(self.account.email, "bold"), classes="balance--who")
        named = f"{entry.seq} · {kind_word(entry.kind)} · {at} UTC · id {entry.id}"
        yield Static(labelled("Entry", Content(named)))
        with Horizontal(classes="reversal--why"):
            yield Static(labelled("Why", Content("")))
            yield Static(untrusted(entry.description))
        yield Static(labelled("Amount", Content.assemble(signed_cents(entry.amount_cents), ", taken back by ", back)))
        yield Field("Reason", LineInput(placeholder="stands in the ledger", max_length=LONGEST_REASON), name="reason")
        yield Static(classes="balance--effect")

    def on_mount(self) -> None:
        """Read whether the entry can be reversed at all."""
        entry_id = self.entry.id
        self.app.calls.read(self, "refusal", lambda desk: desk.balance.reversal_refusal(entry_id), self._take_refusal)

    def _take_refusal(self, refusal: str | None) -> None:
        if refusal is None:
            return
        self._refused = True
        self.failed(Conflict(refusal))
        for control in ("#confirm", LineInput):
            self.query_one(control).disabled = True
        self.show_effect()

    def movement(self) -> int | None:
        """The opposite of what the entry moved; none where it cannot be reversed."""
        return None if self._refused else -self.entry.amount_cents

    def confirm(self) -> None:
        """Reverse the entry, if there is a reason."""
        if self._refused:
            self.app.bell()
            return
        field = self.query_one(Field)
        reason = field.read(lambda text: check_text(text, field="reason", longest=LONGEST_REASON))
        if reason is None:
            field.control.focus()
        else:
            self.submit(-self.entry.amount_cents, reason)

    def done_words(self, movement_cents: int) -> str:
        """Which entry was reversed, and what that moved."""
        return f"Entry {self.entry.seq} reversed: {signed_cents(movement_cents)}"

    def post(self, desk: Desk, _movement_cents: int, reason: str, key: str) -> "BalanceResult":
        """Ask the service for the reversal."""
        return desk.balance.reverse(self.entry.id, reason, idempotency_key=key)
