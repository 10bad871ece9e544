"""The try-it field: any code against the price now, for anybody or for one account."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from services.domain.discount import DiscountCode
from services.domain.quote import Quote
from services.errors import PaydeskError
from tui.app import PaydeskApp
from tui.present import untrusted
from tui.screens.discounts_words import answer_of
from tui.widgets.account_input import AccountField
from tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from tui.desk import Desk


@dataclass(frozen=True)
class Trial:
    """What a checkout would cost with a code; the code where there is one."""

    quote: Quote
    code: DiscountCode | None

    @property
    def asks_account(self) -> bool:
        """Whether the code has terms that depend on the account."""
        return self.code is not None and (self.code.first_purchase_only or self.code.per_account_limit is not None)


def try_code(desk: "Desk", typed: str, account_id: int | None) -> Trial:
    """Ask what a checkout would cost with a code."""
    return Trial(desk.pricing.quote(typed, account_id), desk.discounts.get(typed))


class CodeTrial(Vertical):
    """Asks for a code and an account, and says what a customer would be told; without a code, for `offered`."""

    HELP = "What a customer would be told about a code now, and why; for an account as its own history makes it."
    DEFAULT_CSS = """
    CodeTrial {
        height: auto;
        #trial-line { height: auto; }
        #trial-code { width: 1fr; height: 1; }
        AccountField { width: 1fr; padding: 0 0 0 2; }
        #answer { height: 3; padding: 0 0 0 8; }
    }
    """

    app = getters.app(PaydeskApp)

    def __init__(self) -> None:
        super().__init__(classes="panel", id="trial-panel")
        self.border_title = Content("Try a code")
        self.border_subtitle = Content("what a customer would be told now")
        self.code = LineInput(id="trial", placeholder="the one under the cursor")
        self.account = AccountField("for", input_id="trial-account")
        self.answer = Static(id="answer")
        self._offered: str | None = None

    def compose(self) -> ComposeResult:
        """The two fields and the answer."""
        with Horizontal(id="trial-line"):
            with Horizontal(id="trial-code"):
                yield Static(Content("code"), classes="label")
                yield self.code
            yield self.account
        yield self.answer

    def offer(self, code: str | None) -> None:
        """Try this one while nothing is typed."""
        self._offered = code
        if not self.code.value.strip():
            self.try_it()

    @on(Input.Changed, "#trial")
    @on(AccountField.Changed)
    def try_it(self) -> None:
        """Ask for the answer."""
        typed = self.code.value.strip() or self._offered
        if not typed:
            self.answer.update(Content(""))
            return
        account = self.account.account
        account_id = None if account is None else account.id

        def show(trial: Trial) -> None:
            self.answer.update(answer_of(trial.quote, asks_account=account_id is None and trial.asks_account))

        self.app.calls.read(self, "try", lambda desk: try_code(desk, typed, account_id), show, self._refuse)

    def _refuse(self, error: PaydeskError) -> None:
        self.answer.update(Content.assemble(("✗ ", "$text-error"), untrusted(error.sentence, "$text-error")))
