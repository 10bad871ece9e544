"""The filter of the ledger as a form: what its line says, a field for each part."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from services.domain.ledger import TransactionKind
from services.domain.ledger_filter import LedgerFilter, Sign, keyed_filter
from services.domain.money import parse_cents
from services.domain.period import Period, parse_period, period_word
from services.errors import InvalidInput
from tui.dialogs.dialog import FormDialog, submit
from tui.present import visible
from tui.widgets.choice import Choice
from tui.widgets.field import Field
from tui.widgets.ledger_columns import kind_word
from tui.widgets.line_input import LineInput
from tui.widgets.marks import Marks
from tui.widgets.money_input import MoneyInput

ANY = ""
"""The value of a choice that leaves something open."""

SIGNS: dict[str, Sign | None] = {ANY: None, "credit": "credit", "debit": "debit"}
KINDS_PER_LINE = 3


class PartField(Field):
    """A part of the filter: `part` is the one that it was until something else is typed, which `parse` reads."""

    def __init__(
        self, label: str, control: Input, part: LedgerFilter, parse: Callable[[str], LedgerFilter], *, note: str = ""
    ) -> None:
        super().__init__(label, control, name="filter", note=note)
        self._shown = control.value
        self._was = part
        self._parse = parse

    @property
    def part(self) -> LedgerFilter:
        """What is typed, by itself; everything where nothing is, or where it is wrong: then that stands here."""
        self.error = ""
        if self.query_one(Input).value == self._shown:
            return self._was
        return (self.read(self._parse) if self.text else None) or LedgerFilter()


class FilterDialog(FormDialog[LedgerFilter]):
    """Shows a filter as fields, and answers the filter that they mean: all that is given must apply."""

    HELP = (
        "The filter as a form: what is left open means everything. The line above the ledger says the same afterwards, "
        "and can be typed on."
    )
    TITLE = "Filter"
    CONFIRM = "Filter"
    FIRST: ClassVar[str] = "Marks"
    BINDINGS: ClassVar[list[BindingType]] = [submit("filter")]
    DEFAULT_CSS = """
    FilterDialog .field--line { height: auto; }
    FilterDialog MoneyInput { width: 20; }
    """

    def __init__(self, wanted: LedgerFilter) -> None:
        super().__init__()
        self._wanted = wanted
        self._lowest = PartField(
            "Amount",
            MoneyInput(wanted.min_cents, placeholder="any, like -5.00"),
            LedgerFilter(min_cents=wanted.min_cents),
            lambda text: LedgerFilter(min_cents=parse_cents(text)),
            note="or more",
        )
        self._highest = PartField(
            "",
            MoneyInput(wanted.max_cents, placeholder="any"),
            LedgerFilter(max_cents=wanted.max_cents),
            lambda text: LedgerFilter(max_cents=parse_cents(text)),
            note="or less",
        )
        self._period = PartField(
            "Period",
            LineInput(_period_text(wanted.period), placeholder="2026-10 or 2026-10-05..2026-11-04"),
            LedgerFilter(first=wanted.first, last=wanted.last),
            _of_period,
        )
        self._texts = [
            PartField(
                "Text",
                LineInput(visible(text), placeholder="in the description, in either case"),
                LedgerFilter(texts=(text,) if text else ()),
                lambda typed: LedgerFilter(texts=(typed,)),
            )
            for text in wanted.texts or ("",)
        ]
        self._order = PartField(
            "Order",
            LineInput("" if wanted.order_id is None else str(wanted.order_id), placeholder="its number, like 8812"),
            LedgerFilter(order_id=wanted.order_id),
            lambda text: keyed_filter("order", text),
        )
        self._actor = PartField(
            "By",
            LineInput(visible(wanted.actor or ""), placeholder="who made the entry"),
            LedgerFilter(actor=wanted.actor),
            lambda text: keyed_filter("by", text),
        )

    def compose_body(self) -> ComposeResult:
        """A field for each part, filled from the filter."""
        kinds = [(kind.value, kind_word(kind)) for kind in TransactionKind]
        yield Field("Kind", Marks(kinds, self._wanted.kinds, per_line=KINDS_PER_LINE), name="kind")
        signs = [(ANY, "both"), ("credit", "money in"), ("debit", "money out")]
        yield Field("Sign", Choice(signs, self._wanted.sign or ANY, id="sign"), name="sign")
        yield from (self._lowest, self._highest, self._period, *self._texts, self._order, self._actor)
        shown = [(ANY, "all"), ("reversed", "only those taken back")]
        reversed_or_any = "reversed" if self._wanted.reversed else ANY
        yield Field("Entries", Choice(shown, reversed_or_any, id="reversed"), name="reversed")

    def confirm(self) -> None:
        """Answer the filter, or say at each field what is wrong with it, and focus on the first of those."""
        lowest, highest, period = self._lowest.part, self._highest.part, self._period.part
        texts = [field.part for field in self._texts]
        order, actor = self._order.part, self._actor.part
        if not any(field.error for field in self.query(PartField)):
            try:
                self.dismiss(
                    LedgerFilter(
                        kinds=frozenset(map(TransactionKind, self.query_one(Marks).value)),
                        sign=SIGNS[self.query_one("#sign", Choice).value],
                        min_cents=lowest.min_cents,
                        max_cents=highest.max_cents,
                        first=period.first,
                        last=period.last,
                        texts=tuple(text for part in texts for text in part.texts),
                        order_id=order.order_id,
                        actor=actor.actor,
                        reversed=bool(self.query_one("#reversed", Choice).value),
                    )
                )
            except InvalidInput as error:  # Each part is right by itself, and the bounds leave nothing between them.
                self._highest.error = error.sentence
        wrong = [field for field in self.query(PartField) if field.error]
        if wrong:
            wrong[0].control.focus()


def _period_text(period: Period) -> str:
    return "" if period == Period() else period_word(period)


def _of_period(text: str) -> LedgerFilter:
    period = parse_period(text)
    return LedgerFilter(first=period.first, last=period.last)
