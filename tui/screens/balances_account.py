"""Whose ledger is shown, and what the account holds."""

from datetime import datetime

from textual import getters
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from services.domain.account import Account
from services.domain.card import SavedCard
from services.domain.ledger import BalanceSummary
from tui.app import PaydeskApp
from tui.present import ELLIPSIS, MONTHS, card_text, cents, count, untrusted
from tui.screens.balances_explained import moment_text

BELOW_ZERO = "below zero"
SEPARATOR = Content(" · ")
GAP = 2
"""Cells between the left side and the right."""


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
    card: reactive[SavedCard | None] = reactive(None)
    """The saved card; None: there is none, or it is not read yet."""
    moment: reactive[datetime | None] = reactive(None)
    """The moment that the balance is of; None: now."""
    proof: reactive[Content] = reactive(Content(""))
    """What a verification came to, or how far it is."""

    def __init__(self) -> None:
        super().__init__()
        self._email, self._stripe = Static(classes="facts--who"), Static(classes="facts--who")
        self._balance, self._entries = Static(classes="facts--what"), Static(classes="facts--what")

    def compose(self) -> ComposeResult:
        """Both lines, each with both sides: a long balance takes its room from the e-mail address alone."""
        with Horizontal():
            yield self._email
            yield self._balance
        with Horizontal():
            yield self._stripe
            yield self._entries

    def watch_account(self) -> None:
        """Show whose account it is."""
        self._say()

    def watch_summary(self) -> None:
        """Show what is on it."""
        self._say()

    def watch_card(self) -> None:
        """Show what can be charged."""
        self._say()

    def watch_moment(self) -> None:
        """Show when that was on it."""
        self._say()

    def watch_proof(self) -> None:
        """Show what is proven of it."""
        self._say()

    def on_resize(self) -> None:
        """Show as much as there is room for."""
        self._say()

    def _say(self) -> None:
        if self.account is None:
            self._email.update(Content.styled("No account is chosen.", "$muted"))
            for line in (self._stripe, self._balance):
                line.update(Content(""))
            self._entries.update(self.proof)
            return
        entries = _entries(self.summary)
        if self.proof:
            entries = SEPARATOR.join([entries, self.proof])
        self._email.update(untrusted(self.account.email, "bold"))
        self._balance.update(_balance(self.summary, self.moment))
        self._entries.update(entries)
        room = self.size.width - entries.cell_length - GAP
        self._stripe.update(_at_stripe(self.account, self.card, room).stylize("$muted"))


def _at_stripe(account: Account, card: SavedCard | None, room: int) -> Content:
    """Who it is at Stripe, with which card, and since when: where room is short, the card stays longest."""
    opened = account.created_at
    since = Content(f"since {opened.day} {MONTHS[opened.month - 1]} {opened.year}")
    customer = _customer(account)
    # A card belongs to its customer: one that was kept for another customer is not this one's.
    if card is None or card.stripe_customer_id != account.stripe_customer_id:
        return SEPARATOR.join([customer, since])
    saved = Content(card_text(card.card))
    choices = ([customer, saved, since], [customer, saved], [saved])
    lines = [SEPARATOR.join(parts) for parts in choices]
    return next((line for line in lines if line.cell_length <= room), lines[-1])


def _customer(account: Account) -> Content:
    if account.stripe_customer_id is None:
        return Content("no Stripe customer")
    # Stripe keeps live and test customers apart.
    place = {True: " (live)", False: " (test)", None: ""}[account.stripe_livemode]
    return untrusted(account.stripe_customer_id) + place


def _balance(summary: BalanceSummary | None, moment: datetime | None) -> Content:
    label = ("Balance  ", "$muted")
    if moment is not None:
        label = (f"Balance as of {moment_text(moment)}  ", "bold $text-warning")
    if summary is None:
        return Content.assemble(label, ELLIPSIS)
    return Content.assemble(label, balance_content(summary.balance_cents))


def _entries(summary: BalanceSummary | None) -> Content:
    return Content("") if summary is None else Content.styled(count(summary.last_seq, "entry", "entries"), "$muted")
