"""Making an account."""

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from services.domain.account import Account, canonical_email
from tui.dialogs.dialog import FormDialog
from tui.messages import AccountChanged
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput


class NewAccount(FormDialog[Account]):
    """Asks for an e-mail address and makes an account for it."""

    HELP = "Make an account. One e-mail address has one account, in whatever case it is written."
    TITLE = "New account"
    CONFIRM = "Make account"

    def __init__(self, email: str = "") -> None:
        super().__init__()
        self._email = email

    def compose_body(self) -> ComposeResult:
        """The address, and what comes of it."""
        field = LineInput(placeholder="name@example.com")
        field.value = self._email
        yield Field("E-mail", field, name="email")
        yield Static(Content.styled("It starts without entries, at $0.00.", "$muted"), classes="account--effect")

    def confirm(self) -> None:
        """Make the account, if the address is one."""
        email = self.query_one(Field).read(canonical_email)
        if email is None:
            return
        writing = self.app.calls.write(
            self,
            "New account",
            lambda desk: desk.accounts.create(email),
            facts=[AccountChanged()],
            done=self.dismiss,
            failed=self.failed,
        )
        if writing:
            self.busy("Making the account")
