"""The account finder: a field that searches while one types, and the hits under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Input, Static

from services.domain.account import Account
from tui.app import PaydeskApp
from tui.present import NOTHING, untrusted
from tui.widgets.line_input import LineInput
from tui.widgets.table import Column, Row, Table

HITS = 50
"""The most accounts that are listed; who finds more types on."""

NO_HIT = Content.assemble("No account matches. ", ("ctrl+n", "bold"), " makes one.")
NO_ACCOUNT = Content.assemble("There is no account yet. ", ("ctrl+n", "bold"), " makes the first one.")


class Hits(Table, can_focus=False):
    """The hits, which leave focus to the field: a click opens one at once."""

    def on_click(self, event: events.Click) -> None:
        """Open what was clicked."""
        event.prevent_default()
        at = event.get_content_offset(self)
        index = at.y - 1 + self.scroll_offset.y if at else -1
        if at and at.y >= 1 and index < self.row_count:
            self.cursor = index
            self.action_choose()


class AccountFinder(Vertical):
    """Finds an account by id, e-mail, order number or any of its Stripe ids."""

    HELP = (
        "Find an account: type its id, the beginning of its e-mail, an order number (#8812 for nothing else) or a "
        "Stripe id (cus_, cs_, pi_)."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "hit(-1)", "up", show=False, system=True, tooltip="To the hit above."),
        Binding("down", "hit(1)", "down", show=False, system=True, tooltip="To the hit below."),
        Binding("pageup", "hit(-10)", "page up", show=False, system=True, tooltip="Ten hits up."),
        Binding("pagedown", "hit(10)", "page down", show=False, system=True, tooltip="Ten hits down."),
    ]

    @dataclass
    class Found(Message):
        """This account was chosen."""

        account: Account

    app = getters.app(PaydeskApp)
    field = getters.query_one("#find", LineInput)
    hits = getters.query_one(Hits)
    accounts: var[Sequence[Account]] = var(())
    """The accounts that are listed, the surest first."""

    def __init__(self) -> None:
        super().__init__()
        self._answered: str | None = None
        self._open_first = False

    def compose(self) -> ComposeResult:
        """The field, and the list that lies over what is below it."""
        with Horizontal(classes="finder--line"):
            yield Static(Content("Find"), classes="finder--label")
            yield LineInput(placeholder="id, e-mail, order number or Stripe id", id="find")
        yield Hits([Column("id", align="right"), Column("e-mail", grows=True), Column("Stripe customer", spare=True)])

    @property
    def text(self) -> str:
        """What is typed."""
        return self.field.value.strip()

    def on_descendant_focus(self) -> None:
        """Show the hits, read afresh: an account may have been made since."""
        self.add_class("-open")
        self._search()

    def on_descendant_blur(self) -> None:
        """Give the screen back."""
        self.remove_class("-open")
        self._open_first = False

    @on(Input.Changed, "#find")
    def _typed(self) -> None:
        # Whoever types on after enter wants another account.
        self._open_first = False
        self._search()

    def _search(self) -> None:
        text = self.text
        self._answered = None
        if not self.has_class("-open"):
            return
        self.app.calls.read(
            self, "find", lambda desk: desk.accounts.search(text, HITS), lambda accounts: self._show(text, accounts)
        )

    def _show(self, text: str, accounts: Sequence[Account]) -> None:
        self._answered, self.accounts = text, accounts
        rows = [
            Row(str(account.id), [Content(str(account.id)), untrusted(account.email), _customer(account)])
            for account in accounts
        ]
        self.hits.action_go(0)
        self.hits.show(rows, empty=NO_HIT if text else NO_ACCOUNT)
        self.hits.action_go(0)
        if self._open_first:
            self._open_first = False
            self._open()

    def action_hit(self, step: int) -> None:
        """Move to another hit."""
        self.hits.action_move(step)

    @on(Input.Submitted, "#find")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        # A person types faster than a database answers: enter waits for the hits of what is typed.
        if self._answered == self.text:
            self._open()
        else:
            self._open_first = True

    @on(Table.Chosen)
    def _chosen(self, event: Table.Chosen) -> None:
        event.stop()
        self._open()

    def _open(self) -> None:
        if self.accounts:
            self.post_message(self.Found(self.accounts[self.hits.cursor]))
        else:
            self.app.bell()


def _customer(account: Account) -> Content:
    if account.stripe_customer_id is None:
        return Content.styled(NOTHING, "$muted")
    return untrusted(account.stripe_customer_id, "$muted")
