"""One finding whole: what differs, the one safe thing to do about it, and what that changes."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from services.domain.checkout import Order
from services.domain.finding import Finding, FindingAction
from services.domain.text import check_text
from tui.commands import Command, bindings
from tui.dialogs.dialog import Dialog, FormDialog
from tui.finding_words import ACTION_WORDS
from tui.messages import BalanceChanged, DiscountChanged, Fact, OrderChanged
from tui.present import cents, moment, untrusted
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from tui.desk import Desk

LONGEST_NOTE = 500


@dataclass(frozen=True)
class Effect:
    """What acting on a finding would change: its order, and the movement of the balance in cents."""

    order: Order
    balance_cents: int
    movement_cents: int


def effect_of(desk: "Desk", finding: Finding) -> Effect:
    """What acting on a finding would change now. Raises `NotFound`."""
    order = desk.payments.get_order(finding.order_id)
    movement = 0
    if finding.kind.action is FindingAction.RECORD_REFUND and finding.amount_cents is not None:
        movement = -desk.refunds.credit_for(order.id, finding.amount_cents)
    if finding.kind.action is FindingAction.TAKE_BACK_REFUND:
        refunds = desk.refunds.of_order(order.id)
        movement = sum(refund.credit_cents for refund in refunds if refund.stripe_refund_id == finding.subject)
    return Effect(order, desk.balance.get_balance(order.draft.account_id), movement)


def act(desk: "Desk", finding_id: int) -> Finding:
    """Carry out the action of a finding."""
    return desk.reconciliation.act(finding_id)


def resolve(desk: "Desk", finding_id: int, note: str) -> Finding:
    """Resolve a finding by what a person did about it."""
    return desk.reconciliation.resolve(finding_id, note)


class NoteFinding(Command):
    """Notes what a person did about the finding."""

    key = "n"
    label = "note what you did"
    help = "Resolve the finding by what you did about it elsewhere, in your words; audited."


class FindingDialog(Dialog[Finding]):
    """Shows a finding, and what its one safe action would change, before it is done."""

    HELP = "One finding: what differs, and the one safe thing the desk can do about it; or `n`, to note what you did."
    CANCEL = "Close"
    BINDINGS: ClassVar[list[BindingType]] = bindings(NoteFinding)
    DEFAULT_CSS = """
    FindingDialog .finding--effect { margin: 1 0 0 0; }
    """

    def __init__(self, finding: Finding, title: str) -> None:
        super().__init__()
        self._finding = finding
        self._title = title
        self._effect: Effect | None = None
        action = finding.kind.action
        self.CONFIRM = "Note what you did…" if action is None else ACTION_WORDS[action]

    def heading(self) -> str:
        """What differs, and of which order."""
        return f"Order {self._finding.order_id}: {self._title}"

    def compose_body(self) -> ComposeResult:
        """The finding, and under it the effect."""
        finding = self._finding
        amount = "" if finding.amount_cents is None else f"{cents(finding.amount_cents)}, "
        since = f"{amount}since {moment(finding.found_at, self.app.clock()).strip()} UTC, "
        yield Static(
            Content.assemble(
                untrusted(finding.explanation), "\n", (since, "$muted"), untrusted(finding.subject, "$muted")
            )
        )
        yield Static(classes="finding--effect")

    def on_mount(self) -> None:
        """Read what its action would change."""
        if self._finding.kind.action is None:
            self._say_effect(Content("The desk can do nothing about it that is safe. Do it yourself, then note it."))
            return
        self.query_one("#confirm").disabled = True
        call = partial(effect_of, finding=self._finding)
        self.app.calls.read(self, "effect", call, self._take_effect, self.failed)

    def _take_effect(self, effect: Effect) -> None:
        self._effect = effect
        self.query_one("#confirm").disabled = False
        self._say_effect(_words(self._finding, effect))

    def _say_effect(self, content: Content) -> None:
        self.query_one(".finding--effect", Static).update(content)

    def confirm(self) -> None:
        """Carry out the action; where there is none, ask what was done instead."""
        if self._finding.kind.action is None:
            self.action_note_finding()
        elif self._effect is not None and self.app.calls.write(
            self,
            self.heading(),
            partial(act, finding_id=self._finding.id),
            facts=_facts(self._effect.order),
            done=self._resolved,
            failed=self.failed,
            told=lambda finding: finding.resolution or "Done.",
        ):
            self.busy(self.CONFIRM)

    def action_note_finding(self) -> None:
        """Ask what was done about it."""
        self.app.push_screen(NoteDialog(self._finding), self._resolved)

    def _resolved(self, finding: Finding | None) -> None:
        if finding is not None:
            self.app.reconciler.read_findings()
            self.app.say(finding.resolution or "Done.", title=self.heading())
            self.dismiss(finding)


class NoteDialog(FormDialog[Finding]):
    """Asks what a person did about a finding."""

    HELP = "What you did about the finding, elsewhere or here. It stands in the audit log, with your name."
    TITLE = "Note what you did"
    CONFIRM = "Resolve finding"

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self._finding = finding

    def compose_body(self) -> ComposeResult:
        """The finding, what the note does, and its field."""
        yield Static(
            Content.assemble(
                untrusted(self._finding.explanation),
                (
                    "\nOpen → resolved. No money moves; if it still differs, the next comparison finds it again.\n ",
                    "$muted",
                ),
            )
        )
        yield Field("Note", LineInput(placeholder="stands in the audit log", max_length=LONGEST_NOTE), name="note")

    def confirm(self) -> None:
        """Resolve it, if there is a note."""
        field = self.query_one(Field)
        note = field.read(lambda text: check_text(text, field="note", longest=LONGEST_NOTE))
        if note is None:
            field.control.focus()
        elif self.app.calls.write(
            self,
            self.TITLE,
            partial(resolve, finding_id=self._finding.id, note=note),
            done=self.dismiss,
            failed=self.failed,
        ):
            self.busy("Resolving it")


def _facts(order: Order) -> list[Fact]:
    facts: list[Fact] = [OrderChanged(order.id), BalanceChanged(order.draft.account_id)]
    return [*facts, DiscountChanged()] if order.draft.discount_code is not None else facts


def _words(finding: Finding, effect: Effect) -> Content:
    """What the action does, and what it changes."""
    order, after = effect.order, effect.balance_cents + effect.movement_cents
    code = untrusted(order.draft.discount_code or "", "bold")
    below = "  below zero" if after < 0 else ""
    balance = Content.assemble(
        ("\nBalance   ", "$muted"),
        f"{cents(effect.balance_cents)} → ",
        (cents(after), "bold $text-error" if below else "bold"),
        (below, "$text-error"),
    )
    match finding.kind.action:
        case FindingAction.RECORD_REFUND:
            refunded = order.refunded_cents
            words = f"The refund is recorded, and its credit taken from account {order.draft.account_id}."
            counted = f"{cents(refunded)} → {cents(refunded + (finding.amount_cents or 0))}"
            return Content.assemble(words, balance, ("\nRefunded  ", "$muted"), counted)
        case FindingAction.TAKE_BACK_REFUND:
            words = f"The refund counts as failed, and account {order.draft.account_id} gets its credit back."
            return Content.assemble(words, balance)
        case FindingAction.RELEASE_CODE:
            return Content.assemble(code, " gets its use back. No money moves.")
        case _:
            back = Content.assemble(code, " gets its use back. ") if code else Content("")
            return Content.assemble(
                "The order fails, by your decision. ", back, "No money moves: what Stripe took for it stays there."
            )
