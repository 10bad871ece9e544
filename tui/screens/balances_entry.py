"""One entry of a ledger in full: beside the list where there is room, in a dialog anywhere."""

from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from services.errors import PaydeskError
from tui.app import PaydeskApp
from tui.commands import Copy, bindings
from tui.dialogs.dialog import Dialog
from tui.present import ELLIPSIS, MONTHS, NOTHING, cents, signed_cents, status, untrusted, visible
from tui.widgets.ledger_columns import kind_word

if TYPE_CHECKING:
    from services.balance import Transaction
    from services.domain.checkout import Order

LABEL = 10
"""Cells of a label, with the blank after it."""

Line = tuple[str, Content]


def entry_text(entry: "Transaction") -> str:
    """An entry on one line, for the clipboard: safe to paste, and enough to find it again."""
    at = entry.created_at.astimezone(UTC)
    return (
        f"account {entry.account_id} entry {entry.seq}  {at:%Y-%m-%d %H:%M:%S} UTC  {kind_word(entry.kind)}  "
        f"{signed_cents(entry.amount_cents)}  {visible(entry.description)}"
    )


def entry_content(entry: "Transaction", order: "Order | PaydeskError | None", width: int) -> Content:
    """Everything that is known about an entry, in `width` cells; `order` None: there is none, or it is being read."""
    lines: list[Content] = []
    for label, fact in [*_entry_lines(entry), *_order_lines(entry, order)]:
        first, *more = fact.wrap(max(10, width - LABEL)) or [Content("")]
        lines.append(Content.assemble((f"{label:<{LABEL}}", "$muted"), first))
        lines.extend(line.pad_left(LABEL) for line in more)
    return Content("\n").join(lines)


def _entry_lines(entry: "Transaction") -> Iterator[Line]:
    at = entry.created_at.astimezone(UTC)
    before, after = entry.balance_after_cents - entry.amount_cents, entry.balance_after_cents
    amount_style = "bold $text-success" if entry.amount_cents > 0 else "bold"
    yield "Entry", Content.assemble((str(entry.seq), "bold"), (f" of account {entry.account_id}", "$muted"))
    yield "When", Content(f"{at.day} {MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} UTC")
    yield "Kind", Content(kind_word(entry.kind))
    yield "Amount", Content.styled(signed_cents(entry.amount_cents), amount_style)
    yield "Balance", Content.assemble(f"{cents(before)} → ", (cents(after), "$text-error" if after < 0 else ""))
    yield "By", untrusted(entry.actor)
    yield "Why", untrusted(entry.description)
    yield "Id", Content(str(entry.id))
    yield "Key", _optional(entry.idempotency_key)


def _order_lines(entry: "Transaction", order: "Order | PaydeskError | None") -> Iterator[Line]:
    if entry.order_id is None:
        yield "Order", Content.styled(NOTHING, "$muted")
    elif order is None:
        yield "Order", Content(f"{entry.order_id}  {ELLIPSIS}")
    elif isinstance(order, PaydeskError):
        yield "Order", Content.assemble(f"{entry.order_id}  ", untrusted(order.sentence, "$text-error"))
    else:
        yield from _snapshot_lines(order)


def _snapshot_lines(order: "Order") -> Iterator[Line]:
    """What the order was quoted, and what Stripe calls it."""
    draft = order.draft
    purpose = draft.purpose.value.replace("_", " ")
    yield "Order", Content.assemble((str(order.id), "bold"), " ", status(order.status), (f" · {purpose}", "$muted"))
    if draft.price_mode is not None:
        version = f"v{draft.price_version}" if draft.price_version else "from the settings"
        yield "Price", Content.assemble(f"{draft.price_mode.value} {cents(draft.base_cents)} ", (version, "$muted"))
    if draft.discount_code is not None:
        yield "Code", Content.assemble(untrusted(draft.discount_code), f" {signed_cents(-draft.discount_cents)}")
    paid = "" if order.paid_cents is None else f", paid {cents(order.paid_cents)}"
    yield "Total", Content(f"{cents(draft.total_cents)} {visible(draft.currency.upper())}{paid}")
    yield "Session", _optional(order.session_id)
    yield "Payment", _optional(order.payment_intent_id)


def _optional(text: str | None) -> Content:
    return Content.styled(NOTHING, "$muted") if text is None else untrusted(text)


class EntryFacts(Static):
    """The facts of an entry; its order is read when there is one."""

    app = getters.app(PaydeskApp)
    entry: "reactive[Transaction | None]" = reactive(None)

    def __init__(self) -> None:
        super().__init__()
        self._order: Order | PaydeskError | None = None

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._say(self._order)

    def watch_entry(self, entry: "Transaction | None") -> None:
        """Show the entry at once, and its order when it has been read."""
        self._say(None)
        if entry is not None and (order_id := entry.order_id) is not None:
            self.app.calls.read(
                self, "order", lambda desk: desk.payments.get_order(order_id), self._take_order, self._take_order
            )

    def _take_order(self, order: "Order | PaydeskError") -> None:
        belongs_to = order.id if not isinstance(order, PaydeskError) else None
        if self.entry is not None and belongs_to in (None, self.entry.order_id):
            self._say(order)

    def _say(self, order: "Order | PaydeskError | None") -> None:
        self._order = order
        nothing = Content.styled("No entry is selected.", "$muted")
        self.update(entry_content(self.entry, order, self.size.width) if self.entry else nothing)


class EntryPanel(VerticalScroll, can_focus=False):
    """The entry under the cursor, beside the ledger where there is room."""

    facts = getters.query_one(EntryFacts)

    def compose(self) -> ComposeResult:
        """The facts, which scroll where they are long."""
        self.border_title = Content("Entry")
        yield EntryFacts()


class EntryDialog(Dialog[None]):
    """Everything that is known about an entry."""

    HELP = "One entry of the ledger: who, when, why, and the price of the order behind it."
    TITLE = "Entry"
    CANCEL = "Close"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Copy),
        Binding("up,k", "scroll(-1)", "up", show=False, system=True, tooltip="One line up."),
        Binding("down,j", "scroll(1)", "down", show=False, system=True, tooltip="One line down."),
        Binding("pageup", "scroll(-10)", "page up", show=False, system=True, tooltip="One page up."),
        Binding("pagedown,space", "scroll(10)", "page down", show=False, system=True, tooltip="One page down."),
    ]

    def __init__(self, entry: "Transaction") -> None:
        super().__init__()
        self._entry = entry

    def compose_body(self) -> ComposeResult:
        """The facts."""
        yield EntryFacts()

    def on_mount(self) -> None:
        """Show the entry, and read its order."""
        self.query_one(EntryFacts).entry = self._entry

    def action_scroll(self, lines: int) -> None:
        """Move the facts by lines, where they are longer than the window."""
        self.query_one(".dialog").scroll_relative(y=lines, animate=False, immediate=True)

    def action_copy(self) -> None:
        """Copy the entry."""
        self.app.copy(entry_text(self._entry))
