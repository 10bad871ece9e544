"""Whose ledger is shown, and what the account holds."""

from datetime import datetime

from textual import getters
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from services.domain.account import Account
from services.domain.ledger import BalanceSummary
from tui.app import PaydeskApp
from tui.present import ELLIPSIS, MONTHS, cents, count, untrusted

BELOW_ZERO = "below zero"


def balance_content(balance_cents: int) -> Content:
    """A balance that stands out; a negative one says so in words as well."""
    if balance_cents < 0:
        return Content.assemble((f"{BELOW_ZERO}  ", "$text-error"), (cents(balance_cents), "bold $text-error"))
    return Content.styled(cents(balance_cents), "bold")


class AccountFacts(Widget):
    """Two lines: who it is on the left, what is on the account on the right."""

    app = getters.app(PaydeskApp)
    account: reactive[Account | None] = reactive(None)
    summary: reactive[BalanceSummary | None] = reactive(None)
    """None: not read yet."""

    def __init__(self) -> None:
        super().__init__()
        self._who = Static(classes="facts--who")
        self._what = Static(classes="facts--what")

    def compose(self) -> ComposeResult:
        """Both sides."""
        with Horizontal():
            with Vertical():
                yield self._who
            yield self._what

    def watch_account(self) -> None:
        """Show whose account it is."""
        self._say()

    def watch_summary(self) -> None:
        """Show what is on it."""
        self._say()

    def _say(self) -> None:
        if self.account is None:
            self._who.update(Content.styled("No account is chosen.", "$muted"))
            self._what.update(Content(""))
            return
        self._who.update(_who(self.account, self.app.clock()))
        self._what.update(_what(self.summary))


def _who(account: Account, now: datetime) -> Content:
    opened = account.created_at
    since = f"since {opened.day} {MONTHS[opened.month - 1]} {opened.year}"
    line = Content(" · ").join([_customer(account), Content(since)]).stylize("$muted")
    return Content("\n").join([untrusted(account.email, "bold"), line])


def _customer(account: Account) -> Content:
    if account.stripe_customer_id is None:
        return Content("no Stripe customer")
    # Stripe keeps live and test customers apart.
    place = {True: " (live)", False: " (test)", None: ""}[account.stripe_livemode]
    return untrusted(account.stripe_customer_id) + place


def _what(summary: BalanceSummary | None) -> Content:
    if summary is None:
        return Content(f"Balance  {ELLIPSIS}")
    balance = Content.assemble(("Balance  ", "$muted"), balance_content(summary.balance_cents))
    entries = Content.styled(count(summary.last_seq, "entry", "entries"), "$muted")
    return Content("\n").join([balance, entries])
