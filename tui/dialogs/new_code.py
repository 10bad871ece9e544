"""Makes a discount code."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input

from services.domain.checkout import charge_refusal
from services.domain.discount import DiscountCode, canonical_code, check_value
from services.domain.money import parse_cents
from services.errors import InvalidInput
from tui.dialogs.dialog import FormDialog
from tui.messages import DiscountChanged
from tui.present import cents
from tui.widgets.choice import Choice
from tui.widgets.field import Field
from tui.widgets.line_input import LineInput

PERCENT, FIXED = "percent", "fixed"


@dataclass(frozen=True)
class Terms:
    """What a code takes off: one of the two."""

    percent_basis_points: int | None
    amount_off_cents: int | None


class NewCodeDialog(FormDialog[DiscountCode]):
    """Asks for a code, what it takes off and its limit, and shows what a customer would pay with it."""

    HELP = "A discount code. What it takes off cannot be changed later; it can be disabled."
    TITLE = "New code"
    CONFIRM = "Create code"

    def __init__(self, base_cents: int | None) -> None:
        """`base_cents` is the price in force, where it is known."""
        super().__init__()
        self._base_cents = base_cents
        self._kind = Choice([(PERCENT, "percent"), (FIXED, "fixed amount")], PERCENT)
        self._code = Field("Code", LineInput(max_length=60), name="code")
        self._value = Field("Value", LineInput(placeholder="10"), name="value percent_basis_points amount_off_cents")
        self._limit = Field("Limit", LineInput(placeholder="no limit"), name="max_uses", note="uses in all")

    def compose_body(self) -> ComposeResult:
        """The fields."""
        yield self._code
        yield Field("Takes off", self._kind, name="kind")
        yield self._value
        yield self._limit

    def confirm(self) -> None:
        """Make the code, if what is typed is one."""
        code = self._code.read(canonical_code)
        terms = self._value.read(self._terms)
        limit = self._limit.read(parse_limit)
        if code is None or terms is None or limit is None:
            return
        written = self.app.calls.write(
            self,
            f"New code {code}",
            lambda desk: desk.discounts.create(
                code,
                percent_basis_points=terms.percent_basis_points,
                amount_off_cents=terms.amount_off_cents,
                max_uses=limit or None,
            ),
            facts=[DiscountChanged()],
            done=self.dismiss,
            failed=self.failed,
        )
        if written:
            self.busy("Creating")

    @on(Input.Changed)
    @on(Choice.Changed)
    def _preview(self) -> None:
        self._code.note = self._stored_as(self._code.text)
        self._value.note = self._effect(self._value.text)

    def _stored_as(self, text: str) -> Content:
        try:
            code = canonical_code(text)
        except InvalidInput:
            return Content("")
        return Content("" if code == text else f"stored as {code}")

    def _effect(self, text: str) -> Content:
        try:
            terms = self._terms(text)
        except InvalidInput:
            return Content("")
        if self._base_cents is None:
            return Content("")
        pays = self._base_cents - discount(terms, self._base_cents)
        effect = Content.assemble(f"{cents(self._base_cents)} → ", (cents(pays), "bold $foreground"))
        return Content.assemble(effect, ("  ! Stripe refuses", "$text-warning")) if charge_refusal(pays) else effect

    def _terms(self, text: str) -> Terms:
        value = parse_value(text)
        terms = Terms(value, None) if self._kind.value == PERCENT else Terms(None, value)
        check_value(terms.percent_basis_points, terms.amount_off_cents, None)
        return terms


def discount(terms: Terms, base_cents: int) -> int:
    """The cents that a code of these terms would take off, by the rule of the services."""
    code = DiscountCode(
        id=0,
        code="",
        percent_basis_points=terms.percent_basis_points,
        amount_off_cents=terms.amount_off_cents,
        max_uses=None,
        active=True,
        held=0,
        redeemed=0,
        created_at=datetime.min.replace(tzinfo=UTC),
    )
    return code.discount_on(base_cents)


def parse_value(text: str) -> int:
    """A percentage in basis points or an amount in cents: both have at most two decimals."""
    try:
        value = parse_cents(text.removesuffix("%").removeprefix("$").strip())
    except InvalidInput:
        value = 0
    if value <= 0:
        raise InvalidInput("A value is written like 10 or 12.5, with at most two decimals.", field="value")
    return value


def parse_limit(text: str) -> int:
    """How often a code can be used; 0 where the field is empty, which is no limit."""
    if not text:
        return 0
    if re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII) is None:
        raise InvalidInput("A limit is a whole number from 1; leave it empty for none.", field="max_uses")
    return int(text)
