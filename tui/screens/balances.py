"""Balances: find an account, read its ledger, correct a mistake."""

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Input

from services.domain.account import Account
from tui.commands import Back, bindings
from tui.dialogs.account_new import NewAccount
from tui.dialogs.adjustment import AddCredit, Deduct
from tui.dialogs.balance_form import BalanceForm, Posted
from tui.dialogs.export import ExportDialog, Exported, Selection
from tui.dialogs.reversal import Reversal
from tui.present import cents
from tui.screens.balances_ledger import LedgerScreen
from tui.screens.balances_verbs import (
    AsOfMoment,
    Credit,
    Deduction,
    Export,
    FilterEntries,
    FilterForm,
    Find,
    JumpTo,
    MakeAccount,
    Reverse,
    ShowStatement,
    Verify,
    VerifyEverything,
)
from tui.screens.balances_verify import VerificationProgressed, Verifier

_POSTING = frozenset(command.action() for command in (Credit, Deduction, Reverse))
_READING = frozenset(command.action() for command in (FilterEntries, JumpTo, Export, AsOfMoment, ShowStatement, Verify))


class BalancesScreen(LedgerScreen):
    """One account at a time: who it is, what it holds, and every movement, or those that a filter means."""

    HELP = (
        "Balances: find an account, read its ledger, filter it, explain an entry, correct a mistake. Escape stops a "
        "search or a verification, then clears the filter, then goes back to now."
    )
    CSS_PATH = "balances.tcss"
    MODE: ClassVar[str] = "balances"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        Find,
        FilterEntries,
        Credit,
        Deduction,
        Reverse,
        JumpTo,
        Export,
        AsOfMoment,
        ShowStatement,
        Verify,
        MakeAccount,
        FilterForm,
        VerifyEverything,
    )

    def __init__(self) -> None:
        super().__init__()
        self._verifier = Verifier(self, self._show_proof, self.show_entry)

    def watch_account(self, account: Account | None) -> None:
        """Show whose ledger it is, and what was proven of it."""
        super().watch_account(account)
        if account is not None:
            self._verifier.opened(account.id)
        self._show_proof()

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

    def action_export(self) -> None:
        """Write what the filter shows to a file."""
        if self.account is not None and self.asked is not None:
            selection = Selection(self.account, self.asked.wanted, self._newest, self.asked.moment)
            self.app.push_screen(ExportDialog(selection), self._exported)

    def _exported(self, exported: Exported | None) -> None:
        if exported is not None:
            self.app.say(exported.sentence, title="Export")

    def action_verify(self) -> None:
        """Verify the account."""
        if self.account is not None:
            self._verifier.verify_account(self.account.id)

    def action_verify_everything(self) -> None:
        """Verify all that is stored."""
        self._verifier.verify_everything()

    def on_verification_progressed(self, event: VerificationProgressed) -> None:
        """Show how far the verification is."""
        self._verifier.progressed(event)

    def _show_proof(self) -> None:
        self.facts.proof = self._verifier.proof(self.account.id if self.account else None)
        self.refresh_bindings()

    def action_back(self) -> None:
        """Leave a field for the list, or stop a verification, before anything else is left."""
        if self._verifier.running and not isinstance(self.focused, Input):
            self._verifier.stop()
        else:
            super().action_back()

    def action_make_account(self) -> None:
        """Make an account, for the address in the finder if one is typed there."""
        typed = self.finder.text if isinstance(self.focused, Input) else ""
        self.app.push_screen(NewAccount(typed if "@" in typed else ""), self._made)

    def _made(self, account: Account | None) -> None:
        if account is not None:
            self.open_account(account)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what moves money only where there is an account, as it is now; and in a field a slash is a slash."""
        if action == Find.action():
            return not isinstance(self.focused, Input)
        if action in _POSTING:
            now = self.asked is not None and self.asked.moment is None
            return now and (action != Reverse.action() or self.ledger.entry is not None)
        if action in _READING:
            return self.account is not None and not isinstance(self.focused, Input)
        if action == FilterForm.action():
            return self.account is not None and self.focused is not self.finder.field
        if action == Back.action():
            return self._verifier.running or self.has_something_to_leave()
        return super().check_action(action, parameters)
