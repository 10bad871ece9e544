"""A field that finds an account as it is typed: by number, by the beginning of its e-mail, by order or Stripe id."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from services.domain.account import Account
from services.errors import PaydeskError
from tui.app import PaydeskApp
from tui.present import fit, visible
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from tui.desk import Desk

OFFERED = 8
"""How many accounts are offered at once."""

OFFER_WIDTH = 54
"""How wide they are laid out, in cells: wider than most addresses, narrower than the smallest window."""


class AccountInput(LineInput):
    """The text; the arrow keys move among the accounts that are offered under it."""

    HELP = (
        "An account: type its number, the beginning of its e-mail address, `#` and an order number, or a Stripe id. "
        "Up and down move among what is found, enter or tab takes it."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "offer(1)", "next", show=False, system=True, tooltip="The next account that is offered."),
        Binding("up", "offer(-1)", "previous", show=False, system=True, tooltip="The account before it."),
    ]

    @dataclass
    class Moved(Message):
        """Another of the offered accounts is wanted, `step` further down."""

        step: int

    @dataclass
    class Left(Message):
        """The field was left; `cancelled`: with escape, so that nothing is taken."""

        cancelled: bool

    def action_offer(self, step: int) -> None:
        """Mark another of the offered accounts."""
        self.post_message(self.Moved(step))

    def on_blur(self) -> None:
        """What is marked when the field is left is what is meant."""
        self.post_message(self.Left(cancelled=False))

    def on_key(self, event: events.Key) -> None:
        """Take nothing when the field is left with escape."""
        if event.key == "escape":
            self.post_message(self.Left(cancelled=True))


class Offered(OptionList):
    """The accounts that what is typed may mean, laid over what is below."""

    DEFAULT_CSS = """
    Offered {
        display: none;
        overlay: screen;
        constrain: none inside;
        width: 54;
        height: auto;
        max-height: 10;
        margin: 0 0 0 10;
        border: none;
        padding: 0;
        background: $panel;
        &.-open { display: block; }
    }
    """
    can_focus = False


class AccountField(Field):
    """The account of a form: what is typed, what it may mean, and which one is chosen.

    Typing takes the choice back; enter, tab and a click choose, and so does typing a whole number or address.
    """

    DEFAULT_CSS = """
    AccountField {
        AccountInput { width: 1fr; }
        .field--note { width: auto; }
    }
    """

    @dataclass
    class Changed(Message):
        """Another account is chosen; None: none is any more."""

        account: Account | None

    app = getters.app(PaydeskApp)

    def __init__(self, label: str = "Account", *, name: str = "account_id", input_id: str | None = None) -> None:
        super().__init__(label, AccountInput(placeholder="number or e-mail", id=input_id), name=name)
        self.account: Account | None = None
        self._found: list[Account] = []

    def compose(self) -> ComposeResult:
        """The line, its error, and what is offered."""
        yield from super().compose()
        yield Offered(compact=True)

    @property
    def _input(self) -> AccountInput:
        return self.query_one(AccountInput)

    def choose(self, account: Account | None) -> None:
        """Choose an account, or none, and say so."""
        self._offer([])
        self.error = ""
        # What is shown is only a label: the account itself is kept.
        with self.prevent(Input.Changed):
            self._input.value = "" if account is None else visible(account.email)
        self._set(account)

    def _set(self, account: Account | None) -> None:
        self.note = Content("") if account is None else Content.styled(f"✓ {account.id}", "$text-success")
        if account != self.account:
            self.account = account
            self.post_message(self.Changed(account))

    def _offer(self, found: Sequence[Account]) -> None:
        self._found = list(found)
        offered = self.query_one(Offered)
        width = len(str(max((account.id for account in found), default=0)))
        offered.clear_options()
        offered.add_options(
            Option(
                Content.assemble(
                    (f" {account.id:>{width}}  ", "$text-muted"), fit(account.email, OFFER_WIDTH - width - 4)
                )
            )
            for account in found
        )
        offered.set_class(bool(found), "-open")
        offered.highlighted = 0 if found else None

    @on(Input.Changed)
    def _typed(self) -> None:
        self._set(None)
        if not self.text:
            self._offer([])
        self._search(self.text)

    def _search(self, text: str) -> None:
        def call(desk: "Desk") -> list[Account]:
            return desk.accounts.search(text, OFFERED) if text else []

        self.app.calls.read(self, "accounts", call, partial(self._show, text), self._not_found)

    def _show(self, text: str, found: list[Account]) -> None:
        if self.text != text or self.account is not None:
            return
        if text and not found:
            self.error = f"No account is found by {text}."
        exact = next((account for account in found if text.lower() in (str(account.id), account.email)), None)
        if exact is not None:
            self._set(exact)
        if self._input.has_focus:
            self._offer(found if found != [exact] else [])
        elif exact is not None or len(found) == 1:
            # Left before the answer was there, which leaves no doubt.
            self.choose(exact or found[0])
        elif found:
            self.error = f"{text} may be more than one account. Go on typing, or choose one."

    def _not_found(self, error: PaydeskError) -> None:
        self.error = error.sentence

    @on(AccountInput.Moved)
    def _move(self, event: AccountInput.Moved) -> None:
        event.stop()
        offered = self.query_one(Offered)
        if not self._found:
            self.app.calls.read(self, "accounts", lambda desk: desk.accounts.search("", OFFERED), self._offer)
        elif offered.highlighted is not None:
            offered.highlighted = (offered.highlighted + event.step) % len(self._found)

    @on(AccountInput.Left)
    def _leave(self, event: AccountInput.Left) -> None:
        event.stop()
        if event.cancelled:
            self._offer([])
        else:
            self.take()

    @on(Input.Submitted)
    def take(self) -> None:
        """Choose the account that is marked, if any are offered."""
        highlighted = self.query_one(Offered).highlighted
        if self._found and highlighted is not None:
            self.choose(self._found[highlighted])
        elif self.account is not None:
            self.choose(self.account)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.choose(self._found[event.option_index])
