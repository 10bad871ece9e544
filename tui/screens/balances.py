"""Balances: find an account, read its ledger, correct a mistake."""

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Input

from services.domain.account import Account
from services.domain.card import SavedCard
from services.domain.ledger import BalanceSummary
from tui.commands import Command, bindings
from tui.desk import Desk
from tui.dialogs.account_new import NewAccount
from tui.dialogs.adjustment import AddCredit, Deduct
from tui.dialogs.balance_form import BalanceForm, Posted
from tui.dialogs.reversal import Reversal
from tui.messages import AccountChanged, BalanceChanged, Fact
from tui.present import cents
from tui.screens.balances_account import AccountFacts
from tui.screens.balances_entry import EntryDialog, EntryPanel, entry_text
from tui.screens.balances_finder import AccountFinder
from tui.screens.desk_screen import DeskScreen
from tui.widgets.ledger_table import LedgerTable

if TYPE_CHECKING:
    from services.balance import Transaction

NO_ACCOUNT = Content.assemble(
    "No account is chosen. Press ", ("/", "bold"), " to find an account, ", ("n", "bold"), " to create one."
)
NO_ENTRIES = Content.assemble("No entries yet: a paid checkout makes one, or press ", ("c", "bold"), " to add credit.")
READING = Content("Reading the ledger …")


class Find(Command):
    """Goes to the account finder."""

    key = "slash"
    label = "find"
    help = "Find an account by id, e-mail, order number or Stripe id."
    first = True


class Credit(Command):
    """Opens the form that adds to the balance."""

    key = "c"
    label = "credit…"
    help = "Add credit to the account, with a reason; a form shows the effect first."


class Deduction(Command):
    """Opens the form that takes from the balance."""

    key = "d"
    label = "deduct…"
    help = "Deduct from the account, with a reason; a form shows the effect first."


class Reverse(Command):
    """Opens the form that takes the entry under the cursor back."""

    key = "v"
    label = "reverse…"
    help = "Reverse the entry under the cursor, once and with a reason; a form shows the effect first."


class MakeAccount(Command):
    """Opens the form for a new account."""

    key = "n,ctrl+n"
    label = "new account…"
    help = "Make an account for an e-mail address."


def read_account(account_id: int, desk: Desk) -> tuple[Account | None, BalanceSummary, SavedCard | None]:
    """The account, what it holds, and its saved card as the desk knows it."""
    return desk.accounts.get(account_id), desk.balance.summary(account_id), desk.charges.last_card(account_id)


def find_account(argument: str, desk: Desk) -> Account | None:
    """The account that a jump names: a number is its id and nothing else."""
    if argument.isascii() and argument.isdecimal():
        return desk.accounts.get(int(argument))
    return next(iter(desk.accounts.search(argument, 1)), None)


class BalancesScreen(DeskScreen):
    """One account at a time: who it is, what it holds, and every movement."""

    HELP = "Balances: find an account, read its ledger, explain an entry, correct a mistake."
    CSS_PATH = "balances.tcss"
    MODE: ClassVar[str] = "balances"
    CONCERNS = (BalanceChanged, AccountChanged)
    HOME = "#ledger"
    SEARCH = "#find"
    BINDINGS: ClassVar[list[BindingType]] = bindings(Find, Credit, Deduction, Reverse, MakeAccount)

    finder = getters.query_one(AccountFinder)
    facts = getters.query_one(AccountFacts)
    ledger = getters.query_one("#ledger", LedgerTable)
    details = getters.query_one(EntryPanel)
    account: var[Account | None] = var(None)

    def compose_body(self) -> ComposeResult:
        """The account above, its ledger below, and the entry beside it where there is room."""
        with Vertical(id="account", classes="panel") as panel:
            panel.border_title = Content("Account")
            yield AccountFinder()
            yield AccountFacts()
        with Horizontal(id="books"):
            with Vertical(id="ledger-panel", classes="panel") as panel:
                panel.border_title = Content("Ledger")
                panel.border_subtitle = Content("newest first, UTC")
                yield LedgerTable(id="ledger")
            yield EntryPanel(classes="panel")

    def on_mount(self) -> None:
        """Say how to begin."""
        self.ledger.show_nothing(NO_ACCOUNT)

    # Which account

    @on(AccountFinder.Found)
    def _found(self, event: AccountFinder.Found) -> None:
        self.open_account(event.account)

    def open_account(self, account: Account) -> None:
        """Show an account and its ledger."""
        if self.account is None or account.id != self.account.id:
            self.facts.summary, self.facts.card = None, None
            self.ledger.show_nothing(READING)
        self.account = account
        self.finder.field.value = ""
        self.focus_home()
        self.reload()

    def watch_account(self, account: Account | None) -> None:
        """Show whose ledger it is, and offer what can be done with it."""
        self.facts.account = account
        self.query_one("#account").border_title = Content(f"Account {account.id}" if account else "Account")
        self.refresh_bindings()

    def jump(self, word: str, argument: str) -> None:
        """Open the account that the palette names."""
        if word == "account":
            self.app.calls.read(self, "jump", partial(find_account, argument), partial(self._jumped, argument))

    def _jumped(self, argument: str, account: Account | None) -> None:
        if account is None:
            self.app.say(f"There is no account {argument}.", title="Not found", warning=True)
        else:
            self.open_account(account)

    # What it shows

    def concerns(self, fact: Fact) -> bool:
        """Only what happens to this account."""
        return (
            isinstance(fact, BalanceChanged | AccountChanged)
            and self.account is not None
            and fact.account_id in (None, self.account.id)
        )

    def reload(self) -> None:
        """Read the account and its balance; the ledger reads its own pages."""
        if self.account is not None:
            self.app.calls.read(self, "account", partial(read_account, self.account.id), self._show)

    def _show(self, answer: tuple[Account | None, BalanceSummary, SavedCard | None]) -> None:
        account, summary, card = answer
        if account is None or self.account is None or account.id != self.account.id:
            return
        self.account = account
        self.facts.summary, self.facts.card = summary, card
        self.ledger.show(account.id, summary.last_seq, NO_ENTRIES)

    @on(LedgerTable.Moved)
    def _moved(self, event: LedgerTable.Moved) -> None:
        self.details.facts.entry = event.entry
        self.refresh_bindings()

    @on(LedgerTable.Chosen)
    def _chosen(self, event: LedgerTable.Chosen) -> None:
        self.app.push_screen(EntryDialog(event.entry))

    def copy_text(self) -> str | None:
        """The entry under the cursor, else the account's e-mail."""
        entry: Transaction | None = self.ledger.entry
        if entry is not None:
            return entry_text(entry)
        return self.account.email if self.account else None

    # What can be done

    def action_find(self) -> None:
        """Go to the finder, at once: `Widget.focus` would wait behind the keys that were typed meanwhile."""
        self.set_focus(self.finder.field)

    def action_credit(self) -> None:
        """Add to the balance."""
        if self.account is not None:
            self._adjust(AddCredit(self.account))

    def action_deduction(self) -> None:
        """Take from the balance."""
        if self.account is not None:
            self._adjust(Deduct(self.account))

    def action_reverse(self) -> None:
        """Take the entry under the cursor back."""
        entry = self.ledger.entry
        if self.account is not None and entry is not None:
            self._adjust(Reversal(self.account, entry))

    def _adjust(self, form: BalanceForm) -> None:
        self.app.push_screen(form, self._adjusted)

    def _adjusted(self, posted: Posted | None) -> None:
        if posted is not None:
            self.app.say(posted.reason, title=f"{posted.what} · balance {cents(posted.balance_cents)}")

    def action_make_account(self) -> None:
        """Make an account, for the address in the finder if one is typed there."""
        typed = self.finder.text if isinstance(self.focused, Input) else ""
        self.app.push_screen(NewAccount(typed if "@" in typed else ""), self._made)

    def _made(self, account: Account | None) -> None:
        if account is not None:
            self.open_account(account)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what moves money only where there is an account; and in a field a slash is a slash."""
        if action == "find":
            return not isinstance(self.focused, Input)
        if action in ("credit", "deduction"):
            return self.account is not None
        if action == "reverse":
            return self.account is not None and self.ledger.entry is not None
        return super().check_action(action, parameters)
