"""One account's ledger on the screen: which account, what of it is shown, and as of when."""

from functools import partial
from typing import TYPE_CHECKING

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Input

from services.domain.account import Account
from services.domain.ledger_filter import LedgerFilter
from services.domain.period import Period
from tui.dialogs.as_of import AsOf, AsOfDialog
from tui.dialogs.filter_form import FilterDialog
from tui.dialogs.jump import JumpDialog
from tui.dialogs.statement import StatementDialog
from tui.messages import AccountChanged, BalanceChanged, Fact
from tui.screens.balances_account import AccountFacts
from tui.screens.balances_books import EVERYTHING, Asked, Books, find_account, read_books
from tui.screens.balances_entry import EntryDialog, EntryPanel
from tui.screens.balances_explained import entry_text, moment_text
from tui.screens.balances_filter import FilterLine
from tui.screens.balances_finder import AccountFinder
from tui.screens.balances_words import (
    NO_ACCOUNT,
    NO_ENTRIES,
    NONE_IN_PERIOD,
    NONE_YET_THEN,
    ORDER,
    READING,
    no_match,
    search_words,
)
from tui.screens.desk_screen import DeskScreen
from tui.widgets.ledger_table import LedgerTable

if TYPE_CHECKING:
    from services.balance import Transaction


class LedgerScreen(DeskScreen):
    """Finds an account and shows its ledger: all of it, or what a filter means, now or as of a moment."""

    CONCERNS = (BalanceChanged, AccountChanged)
    HOME = "#ledger"
    SEARCH = "#find"
    FIGURES = "account"

    finder = getters.query_one(AccountFinder)
    facts = getters.query_one(AccountFacts)
    filter_line = getters.query_one(FilterLine)
    ledger = getters.query_one("#ledger", LedgerTable)
    details = getters.query_one(EntryPanel)
    account: var[Account | None] = var(None)
    asked: var[Asked | None] = var(None)
    """Whose ledger is shown, what of it and as of when; None before the first account."""

    def __init__(self) -> None:
        super().__init__()
        self._newest = 0
        self._go_to: int | None = None

    def compose_body(self) -> ComposeResult:
        """The account above, its ledger below, and the entry beside it where there is room."""
        with Vertical(id="account", classes="panel") as panel:
            panel.border_title = Content("Account")
            yield AccountFinder()
            yield AccountFacts()
        yield FilterLine()
        with Horizontal(id="books"):
            with Vertical(id="ledger-panel", classes="panel") as panel:
                panel.border_title = Content("Ledger")
                panel.border_subtitle = ORDER
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
        """Show an account and its ledger, all of it and as it is now; one that is open stays as it is shown."""
        if self.account is None or account.id != self.account.id:
            self.facts.summary, self.facts.card = None, None
            self.ledger.show_nothing(READING)
            self.asked = Asked(account.id)
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
        """Open the account that the palette names, at an entry where its number follows: `42 8812`."""
        if word == "account":
            name, _, number = argument.partition(" ")
            seq = int(number) if number.isascii() and number.isdecimal() else None
            self.app.calls.read(self, "jump", partial(find_account, name), partial(self._jumped, name, seq))

    def _jumped(self, argument: str, seq: int | None, account: Account | None) -> None:
        if account is None:
            self.app.say(f"There is no account {argument}.", title="Not found", warning=True)
        else:
            self.open_account(account)
            if seq is not None:
                self.show_entry(seq)

    # What of its ledger

    def _ask(self, asked: Asked) -> None:
        """Show something else of the account that is open; the cursor stays on its entry, or as near as there is."""
        self._go_to = self.ledger.cursor or None
        self.asked = asked
        self.reload()

    def show_entry(self, seq: int) -> None:
        """Go to an entry of the account as it is now, whatever was filtered."""
        if self.asked is not None:
            self._ask(Asked(self.asked.account_id))
            self._go_to = seq

    def watch_asked(self, asked: Asked | None) -> None:
        """Show what is asked for: the filter as its line, the moment where the balance and the ledger stand."""
        self.filter_line.wanted = asked.wanted if asked else EVERYTHING
        self.filter_line.show_filter()
        self.filter_line.tally = None
        self.facts.moment = asked.moment if asked else None
        as_of = f" as of {moment_text(asked.moment)}, nothing is posted" if asked and asked.moment else ""
        panel = self.query_one("#ledger-panel")
        panel.border_title = Content.assemble("Ledger", (as_of, "bold $text-warning"))
        panel.border_subtitle = ORDER
        self.set_class(bool(as_of), "-as-of")
        self.refresh_bindings()

    @on(FilterLine.Applied)
    def _filtered(self, event: FilterLine.Applied) -> None:
        self._take_filter(event.wanted)

    def _take_filter(self, wanted: LedgerFilter | None) -> None:
        if wanted is not None and self.asked is not None:
            self._ask(Asked(self.asked.account_id, wanted, self.asked.moment))
            self.focus_home()

    def action_filter_entries(self) -> None:
        """Go to the filter, at once."""
        self.set_focus(self.filter_line.field)

    def action_filter_form(self) -> None:
        """Show the filter that is typed as a form; where it is none, say so at the line."""
        wanted = self.filter_line.read_typed()
        if wanted is not None:
            self.app.push_screen(FilterDialog(wanted), self._take_filter)

    def action_jump_to(self) -> None:
        """Ask for a place, and go there."""
        if self.asked is not None:
            self.app.push_screen(JumpDialog(self.asked.account_id), self._arrive)

    def _arrive(self, seq: int | None) -> None:
        if seq is not None:
            self.ledger.go_to(seq)

    def action_as_of_moment(self) -> None:
        """Ask for a moment, and show the account as it was then."""
        self.app.push_screen(AsOfDialog(), self._take_moment)

    def _take_moment(self, as_of: AsOf | None) -> None:
        if as_of is not None and self.asked is not None:
            self._ask(Asked(self.asked.account_id, self.asked.wanted, as_of.moment))

    def action_show_statement(self) -> None:
        """Show the statement of a period, and then its entries, if they are wanted."""
        if self.account is not None:
            self.app.push_screen(StatementDialog(self.account, self.app.clock()), self._take_period)

    def _take_period(self, period: Period | None) -> None:
        if period is not None and self.asked is not None:
            self._ask(Asked(self.asked.account_id, LedgerFilter(first=period.first, last=period.last)))

    def action_back(self) -> None:
        """Leave a field for the list; stop a search; then clear the filter; then go back to now."""
        search, asked = self.ledger.found, self.asked
        if isinstance(self.focused, Input):
            self.filter_line.show_filter()
            self.focus_home()
        elif search is not None and search.running:
            search.stop()
            self._searched()
        elif asked is not None and asked.wanted != EVERYTHING:
            self._ask(Asked(asked.account_id, moment=asked.moment))
        elif asked is not None and asked.moment is not None:
            self._ask(Asked(asked.account_id))

    def action_refresh(self) -> None:
        """Read everything again; a search that was stopped goes on."""
        if self.ledger.found is not None:
            self.ledger.found.resume()
        super().action_refresh()

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
        if self.asked is not None:
            self.app.calls.read(self, "account", partial(read_books, self.asked), self._show)

    def _show(self, books: Books) -> None:
        if books.account is None or self.asked != books.asked:
            return
        self.account = books.account
        self.facts.summary, self.facts.card = books.summary, books.card
        self.filter_line.tally = books.span
        self._newest = books.summary.last_seq
        account_id, wanted = books.account.id, books.asked.wanted
        if books.span is not None:
            self.ledger.show(account_id, books.span.last_seq, NONE_IN_PERIOD, oldest=books.span.first_seq)
        elif wanted == EVERYTHING:
            self.ledger.show(account_id, self._newest, NONE_YET_THEN if books.asked.moment else NO_ENTRIES)
        else:
            self.ledger.search(account_id, wanted, self._newest, READING)
            self._searched()
        if self._go_to is not None and wanted == EVERYTHING:
            self.ledger.go_to(self._go_to)
        self._go_to = None

    @on(LedgerTable.Searched)
    def _searched(self) -> None:
        """Show how far the search is, and what it adds up to."""
        search = self.ledger.found
        if search is not None:
            self.filter_line.tally = search.tally
            self.query_one("#ledger-panel").border_subtitle = search_words(search)
            self.ledger.say_instead(no_match(search))
            self.refresh_bindings()

    @on(LedgerTable.Moved)
    def _moved(self, event: LedgerTable.Moved) -> None:
        self.details.facts.reader.show(event.entry)
        self.refresh_bindings()

    @on(LedgerTable.Chosen)
    def _chosen(self, event: LedgerTable.Chosen) -> None:
        self.app.push_screen(EntryDialog(event.entry), self._led)

    def _led(self, entry: "Transaction | None") -> None:
        if entry is not None:
            self.ledger.go_to(entry.seq)

    def copy_text(self) -> str | None:
        """The entry under the cursor, else the account's e-mail."""
        entry = self.ledger.entry
        if entry is not None:
            return entry_text(entry)
        return self.account.email if self.account else None

    def action_find(self) -> None:
        """Go to the finder, at once: `Widget.focus` would wait behind the keys that were typed meanwhile."""
        self.set_focus(self.finder.field)

    def has_something_to_leave(self) -> bool:
        """Whether escape does anything."""
        search, asked = self.ledger.found, self.asked
        return (
            isinstance(self.focused, Input)
            or (search is not None and search.running)
            or (asked is not None and asked != Asked(asked.account_id))
        )
