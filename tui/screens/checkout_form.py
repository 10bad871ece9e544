"""The form for a new checkout: whose it is, what for, and with which code or amount."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Button, Input, Static

from services.domain.checkout import OrderPurpose
from tui.present import count, untrusted
from tui.screens.checkout_calls import FieldName, Quote, Wanted
from tui.widgets.account_input import AccountField
from tui.widgets.choice import Choice
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput
from tui.widgets.money_input import MoneyInput

BLOCK_CENTS = 1_000
"""Top-ups usually come in blocks of $10."""

UNCONFIGURED = Content.assemble(
    ("Stripe not configured", "bold $text-warning"),
    "\nPut ",
    ("STRIPE_SECRET_KEY=sk_test_…", "bold"),
    " into ",
    ("settings.local.env", "bold"),
    ", chmod 600 it, start again. ",
    ("paydesk demo", "bold"),
    " offers a sandbox that needs no key.",
)


class BlockInput(MoneyInput):
    """An amount that `+` and `-` take up and down in blocks."""

    HELP = "An amount: type it, or take it up and down in blocks of $10 with `+` and `-`."
    # No amount here has a sign, so the keys are free; with priority, or the field would type them.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "plus,up", "step(1)", "$10 more", show=False, system=True, priority=True, tooltip="One block of $10 more."
        ),
        Binding(
            "minus,down",
            "step(-1)",
            "$10 less",
            show=False,
            system=True,
            priority=True,
            tooltip="One block of $10 less.",
        ),
    ]

    def action_step(self, step: int) -> None:
        """To the next whole block up or down; never below one."""
        cents = self.cents or 0
        blocks = cents // BLOCK_CENTS + 1 if step > 0 else -(-cents // BLOCK_CENTS) - 1
        self.show(max(1, blocks) * BLOCK_CENTS)
        self.cursor_position = len(self.value)


class OrderForm(Vertical):
    """What a new checkout is to be. It tells when it is edited and when a checkout is asked for, and creates none."""

    HELP = "New checkout: choose the account and what is paid for. The quote beside it says what it comes to."
    DEFAULT_CSS = """
    OrderForm {
        height: auto;
        .fields { height: auto; min-height: 3; }
        .field--error { padding: 0; }
        #code { width: 1fr; }
        #code-field .field--note { width: auto; }
        #amount { width: 12; }
        #code-field.-away, #amount-field.-away { display: none; }
        .outcome { height: auto; min-height: 1; }
        &.-refused .outcome { display: none; }
        #create { width: auto; }
        .action { height: 1; }
        #unconfigured { display: none; height: auto; }
        &.-unconfigured #unconfigured { display: block; }
        &.-unconfigured .form { display: none; }
        .form { height: auto; }
    }
    """

    @dataclass
    class Edited(Message):
        """Something in the form was changed."""

    @dataclass
    class Asked(Message):
        """A checkout as the form has it is asked for, with the button."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next_field", "next", show=False, system=True, tooltip="Go on to the next field."),
    ]

    configured: reactive[bool] = reactive(True)
    """Whether there is a Stripe to create a checkout at."""

    def __init__(self) -> None:
        super().__init__(classes="panel")
        self.border_title = Content("New checkout")
        self.made: int | None = None

    def compose(self) -> ComposeResult:
        """The fields, the outcome, the button; or what to do where there is no Stripe."""
        purposes = [(OrderPurpose.INITIAL_ACCESS.value, "initial access"), (OrderPurpose.TOP_UP.value, "top-up")]
        code = Field("Code", LineInput(placeholder="none", max_length=60, id="code"), name="discount_code")
        code.id = "code-field"
        amount = Field("Amount", BlockInput(BLOCK_CENTS, id="amount"), name="amount", note="+ and − by $10")
        amount.id = "amount-field"
        with Vertical(classes="form"):
            with Vertical(classes="fields"):
                yield AccountField(input_id="account")
                yield Field("For", Choice(purposes, OrderPurpose.INITIAL_ACCESS.value, id="purpose"), name="purpose")
                yield code
                yield amount
            yield Static(classes="outcome")
            with Horizontal(classes="action"):
                yield Button(Content("Create checkout"), id="create", compact=True, variant="primary")
        yield Static(UNCONFIGURED, id="unconfigured")

    def on_mount(self) -> None:
        """Show the fields of the purpose that is set, and give an error the place of the outcome."""
        self._show_fields()
        for field in self.query(Field):
            self.watch(field, "error", self._take_error)

    def _take_error(self) -> None:
        self.set_class(any(field.error and field.display for field in self.query(Field)), "-refused")

    def watch_configured(self, configured: bool) -> None:
        """Without Stripe, say how to get it instead."""
        self.set_class(not configured, "-unconfigured")

    # What is in it

    @property
    def _account(self) -> AccountField:
        return self.query_one(AccountField)

    @property
    def purpose(self) -> OrderPurpose:
        """What is paid for."""
        return OrderPurpose(self.query_one("#purpose", Choice).value)

    @property
    def wanted(self) -> Wanted:
        """The checkout as it stands in the form, with whatever is missing missing."""
        if self.purpose is OrderPurpose.TOP_UP:
            return Wanted(self._account.account, self.purpose, amount_cents=self.query_one(BlockInput).cents)
        return Wanted(self._account.account, self.purpose, code=self.query_one("#code-field", Field).text)

    def complete(self) -> Wanted | None:
        """The checkout, if nothing is missing; else None, and the reason stands at the field."""
        self._account.take()
        if self._account.account is None:
            self.refuse(self._account.error or "Choose the account that the checkout is for.", "account_id")
            return None
        if self.purpose is OrderPurpose.TOP_UP and self.query_one("#amount-field", Field).cents() is None:
            self.query_one(BlockInput).focus()
            return None
        return self.wanted

    def begin(self) -> None:
        """Start over, in the first field."""
        self.clear()
        # At once, not when the screen is next idle: whoever types on quickly means the field.
        self.screen.set_focus(self.query_one("#account"))

    def clear(self) -> None:
        """Empty the form, so that what was created is not created again."""
        self.made = None
        self._account.choose(None)
        self.query_one("#code", Input).value = ""
        self.query_one(BlockInput).show(BLOCK_CENTS)
        self._say(Content(""))

    # What is said at it

    def show_quote(self, quote: Quote) -> None:
        """Say at the fields what the quote says of them."""
        code = self.query_one("#code-field", Field)
        code.error = (quote.refusal or "") if quote.refused_field == "discount_code" else ""
        code.note = Content("")
        if quote.code is not None and not code.error:
            left = quote.code.uses_left
            sentence = "✓ valid" if left is None else f"✓ {count(left, 'use')} left"
            code.note = Content.styled(sentence, "$text-success")
        amount = self.query_one("#amount-field", Field)
        amount.error = (quote.refusal or "") if quote.refused_field == "amount" else ""
        if self.purpose is OrderPurpose.TOP_UP and quote.wanted.amount_cents is None:
            amount.cents()

    def busy(self) -> None:
        """Say that the checkout is being created."""
        self.query_one("#create").disabled = True
        self._say(Content.styled("… Creating", "$text-muted"))

    def created(self, order_id: int, outcome: Content) -> None:
        """Note that this form has made its order, whatever became of it: the same keys make no second one."""
        self.query_one("#create").disabled = False
        self.made = order_id
        self._say(outcome)

    def refuse(self, sentence: str, field_name: FieldName | None = None) -> None:
        """Say why no checkout was created, at the field it is about; what was typed stays."""
        self.query_one("#create").disabled = False
        for field in self.query(Field):
            if field_name is not None and field.name == field_name:
                field.error = sentence
                field.control.focus()
                self._say(Content(""))
                return
        self._say(Content.assemble(("✗ ", "$text-error"), untrusted(sentence, "$text-error")))

    def unknown(self, sentence: str) -> None:
        """Say that nobody knows yet whether it was created."""
        self.query_one("#create").disabled = False
        self._say(Content.assemble(("? Outcome unknown. ", "bold $text-warning"), untrusted(sentence)))

    def _say(self, content: Content) -> None:
        self.query_one(".outcome", Static).update(content)

    # What is done with it

    def _show_fields(self) -> None:
        top_up = self.purpose is OrderPurpose.TOP_UP
        self.query_one("#code-field").set_class(top_up, "-away")
        self.query_one("#amount-field").set_class(not top_up, "-away")

    @on(Choice.Changed)
    @on(Input.Changed, "#code")
    @on(Input.Changed, "#amount")
    @on(AccountField.Changed)
    def _edited(self) -> None:
        self._show_fields()
        if self.made is not None and self._touched:
            self.made = None
            self._say(Content(""))
        self.post_message(self.Edited())

    @property
    def _touched(self) -> bool:
        """Whether a person, not `clear`, changed the form: it has something in it then."""
        wanted = self.wanted
        return wanted.account is not None or bool(wanted.code) or wanted.amount_cents not in (None, BLOCK_CENTS)

    @on(Input.Submitted)
    def action_next_field(self) -> None:
        """Go on to the next field. Enter in a field creates nothing: it may be held down."""
        self.screen.focus_next()

    @on(Button.Pressed, "#create")
    def _pressed(self) -> None:
        self.post_message(self.Asked())
