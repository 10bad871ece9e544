"""The terms of a code as fields: what it takes off, how often, when, from which price, and for whom."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from services.domain.checkout import charge_refusal
from services.domain.discount import MAX_NOTE, CodeTerms, DiscountCode
from services.domain.money import parse_cents
from services.domain.quote import BasePrice
from services.domain.zone import format_end, format_start, parse_end, parse_start
from services.errors import InvalidInput
from tui.app import PaydeskApp
from tui.present import cents, editable_cents, moment
from tui.widgets.choice import Choice
from tui.widgets.field import Field, show_error
from tui.widgets.line_input import LineInput

PERCENT, FIXED = "percent", "fixed"
ANY, FIRST_ONLY = "any", "first"
STACKS, STANDS_ALONE = "stacks", "alone"


@dataclass(frozen=True)
class Setting:
    """What a code's terms are typed against: the price in force, and the zone in which days begin."""

    base: BasePrice
    zone: ZoneInfo


class TermsFields(Vertical):
    """The fields, filled with `terms` where they are given; `uses` are taken already.

    `frozen`: what the code takes off stays, since an order was made with it.
    """

    DEFAULT_CSS = """
    TermsFields { height: auto; }
    TermsFields > Static { color: $muted; }
    """

    app = getters.app(PaydeskApp)

    def __init__(
        self, setting: Setting, terms: CodeTerms | None = None, *, uses: int = 0, frozen: bool = False
    ) -> None:
        super().__init__()
        self._setting = setting
        self._uses = uses
        self._frozen = terms if frozen else None
        fixed = terms is not None and terms.amount_off_cents is not None
        first, stacks = (terms.first_purchase_only, terms.stacks_on_launch) if terms else (False, True)
        self._kind = Choice([(PERCENT, "percent"), (FIXED, "fixed amount")], FIXED if fixed else PERCENT)
        self._for = Choice([(ANY, "any purchase"), (FIRST_ONLY, "the first only")], FIRST_ONLY if first else ANY)
        self._launch = Choice(
            [(STACKS, "takes off too"), (STANDS_ALONE, "takes nothing off")], STACKS if stacks else STANDS_ALONE
        )
        texts = texts_of(terms, setting.zone) if terms else {}

        def field(label: str, name: str, placeholder: str, note: str = "", longest: int = 40) -> Field:
            text = LineInput(texts.get(name.split()[0], ""), placeholder=placeholder, max_length=longest)
            return Field(label, text, name=name, note=note)

        self._value = field("Value", "value percent_basis_points amount_off_cents", "like 10 or 12.5")
        self._limit = field("Limit", "max_uses", "no limit", "uses in all")
        self._each = field("Each", "per_account_limit", "no limit", "uses of one account")
        self._from = field("From", "starts_at", "at once")
        self._until = field("Until", "ends_at", "no end")
        self._minimum = field("Minimum", "min_amount_cents", "any price", "the price it takes")
        self._note = field("Note", "note", "", longest=MAX_NOTE)

    def compose(self) -> ComposeResult:
        """The fields."""
        if self._frozen is None:
            yield Field("Takes off", self._kind, name="kind")
            yield self._value
        else:
            kept = Static(Content.assemble((value_of(self._frozen), "bold"), "  kept: orders were made with it"))
            yield Field("Takes off", kept, name="value")
        yield from (self._limit, self._each, self._from, self._until, self._minimum)
        yield Field("For", self._for, name="first_purchase_only")
        yield Field("On launch", self._launch, name="stacks_on_launch")
        yield self._note
        yield Static(Content(f"Times are in {self._setting.zone.key}. A date alone is the whole day."))

    def on_mount(self) -> None:
        """Show what the terms come to from the start, once the fields are there."""
        self.call_after_refresh(self._preview)

    def read(self) -> CodeTerms | None:
        """The terms that are typed; None where they are none, and then the reasons stand at the fields."""
        readers: list[tuple[str, Field, Callable[[str], Any]]] = [
            ("max_uses", self._limit, parse_limit),
            ("per_account_limit", self._each, parse_limit),
            ("starts_at", self._from, partial(parse_start, zone=self._setting.zone)),
            ("ends_at", self._until, partial(parse_end, zone=self._setting.zone)),
            ("min_amount_cents", self._minimum, parse_cents),
        ]
        values: dict[str, Any] = {}
        if self._frozen is None:
            term = "amount_off_cents" if self._kind.value == FIXED else "percent_basis_points"
            values[term] = self._value.read(parse_value)
        else:
            values["percent_basis_points"] = self._frozen.percent_basis_points
            values["amount_off_cents"] = self._frozen.amount_off_cents
        for term, field, parse in readers:
            values[term] = field.read(parse) if field.text else None
        wrong = [field for field in self.query(Field) if field.error]
        if wrong:
            wrong[0].control.focus()
            return None
        try:
            return CodeTerms(
                **values,
                first_purchase_only=self._for.value == FIRST_ONLY,
                stacks_on_launch=self._launch.value == STACKS,
                note=self._note.text,
            )
        except InvalidInput as error:
            show_error(self, error)
            return None

    @on(Input.Changed)
    @on(Choice.Changed)
    def _preview(self) -> None:
        if self._frozen is None:
            self._value.note = self._effect(self._value.text)
        self._limit.note = self._over(self._limit.text)
        self._from.note = self._instant(parse_start, self._from.text)
        self._until.note = self._instant(parse_end, self._until.text)

    def _effect(self, text: str) -> Content:
        """What the price in force comes to."""
        try:
            value = parse_value(text)
            fixed = self._kind.value == FIXED
            terms = CodeTerms(amount_off_cents=value) if fixed else CodeTerms(percent_basis_points=value)
        except InvalidInput:
            return Content("")
        base_cents = self._setting.base.cents
        pays = base_cents - discount(terms, base_cents)
        effect = Content.assemble(f"{cents(base_cents)} → ", (cents(pays), "bold $foreground"))
        return Content.assemble(effect, ("  ! refused", "$text-warning")) if charge_refusal(pays) else effect

    def _over(self, text: str) -> Content:
        """How a limit stands to the uses that are taken."""
        if not self._uses:
            return Content("uses in all")
        over = self._uses - int(text) if text.isascii() and text.isdigit() else 0
        taken = f"{self._uses:,} taken"
        return Content.assemble((f"{taken}: {over:,} over", "$text-warning")) if over > 0 else Content(taken)

    def _instant(self, parse: Callable[..., datetime], text: str) -> Content:
        """The instant that a local time names."""
        try:
            instant = parse(text, self._setting.zone) if text else None
        except InvalidInput:
            instant = None
        now = self.app.clock()
        return Content("" if instant is None else f"= {moment(instant, now, seconds=False).strip()} UTC")


def texts_of(terms: CodeTerms, zone: ZoneInfo) -> dict[str, str]:
    """The terms as they are typed: read back they are the same."""
    value = terms.percent_basis_points if terms.percent_basis_points is not None else terms.amount_off_cents or 0
    texts = {"value": editable_cents(value).removesuffix(".00"), "note": terms.note}
    for name in ("max_uses", "per_account_limit"):
        if (limit := getattr(terms, name)) is not None:
            texts[name] = str(limit)
    if terms.starts_at is not None:
        texts["starts_at"] = format_start(terms.starts_at, zone)
    if terms.ends_at is not None:
        texts["ends_at"] = format_end(terms.ends_at, zone)
    if terms.min_amount_cents is not None:
        texts["min_amount_cents"] = editable_cents(terms.min_amount_cents)
    return texts


def value_of(terms: CodeTerms) -> str:
    """What a code takes off, as text."""
    return _code_of(terms).value_text


def discount(terms: CodeTerms, base_cents: int) -> int:
    """The cents that a code of these terms would take off, by the rule of the services."""
    return _code_of(terms).discount_on(base_cents)


def _code_of(terms: CodeTerms) -> DiscountCode:
    created_at = datetime.min.replace(tzinfo=UTC)
    return DiscountCode(id=0, code="", active=True, held=0, redeemed=0, created_at=created_at, **asdict(terms))


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
    """How often a code can be used."""
    if re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII) is None:
        raise InvalidInput("A limit is a whole number from 1; leave it empty for none.", field="max_uses")
    return int(text)
