"""One entry of a ledger in full: beside the list where there is room, in a dialog anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import partial
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
from tui.desk import Desk
from tui.dialogs.dialog import Dialog
from tui.messages import BalanceChanged, Fact, OrderChanged
from tui.present import ELLIPSIS, MONTHS, NOTHING, cents, signed_cents, status, untrusted, visible
from tui.widgets.ledger_columns import kind_word

if TYPE_CHECKING:
    from services.balance import Transaction
    from services.domain.checkout import Order
    from services.domain.refund import Refund

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


@dataclass(frozen=True)
class Links:
    """What an entry belongs to, or hangs together with; None where there is no such thing."""

    order: "Order | None"
    refund: "Refund | None"
    reverses: "Transaction | None"
    reversed_by: "Transaction | None"


def read_links(entry: "Transaction", desk: Desk) -> Links:
    """What an entry is linked with. A refund belongs to the entry that took its credit and to the one that undid it."""
    refunds = [] if entry.order_id is None else desk.refunds.of_order(entry.order_id)
    booked = (entry.id, entry.reverses_id)
    return Links(
        order=None if entry.order_id is None else desk.payments.get_order(entry.order_id),
        refund=next((one for one in refunds if one.transaction_id is not None and one.transaction_id in booked), None),
        reverses=None if entry.reverses_id is None else desk.balance.entry(entry.reverses_id),
        reversed_by=desk.balance.reversal_of(entry.id),
    )


def entry_content(entry: "Transaction", links: Links | PaydeskError | None, width: int) -> Content:
    """Everything that is known about an entry, in `width` cells; `links` None: they are being read."""
    lines: list[Content] = []
    for label, fact in [*_entry_lines(entry), *_link_lines(entry, links)]:
        first, *more = fact.wrap(max(10, width - LABEL)) or [Content("")]
        lines.append(Content.assemble((f"{label:<{LABEL}}", "$muted"), first))
        lines.extend(line.pad_left(LABEL) for line in more)
    return Content("\n").join(lines)


def _entry_lines(entry: "Transaction") -> Iterator[Line]:
    at = entry.created_at.astimezone(UTC)
    before, after = entry.balance_after_cents - entry.amount_cents, entry.balance_after_cents
    amount_style = "bold $text-success" if entry.amount_cents > 0 else "bold"
    yield (
        "Entry",
        Content.assemble((str(entry.seq), "bold"), (f" of account {entry.account_id}, id {entry.id}", "$muted")),
    )
    yield "When", Content(f"{at.day} {MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} UTC")
    yield "Kind", Content(kind_word(entry.kind))
    yield "Amount", Content.styled(signed_cents(entry.amount_cents), amount_style)
    yield "Balance", Content.assemble(f"{cents(before)} → ", (cents(after), "$text-error" if after < 0 else ""))
    yield "By", untrusted(entry.actor)
    yield "Why", untrusted(entry.description)
    yield "Key", _optional(entry.idempotency_key)


def _link_lines(entry: "Transaction", links: Links | PaydeskError | None) -> Iterator[Line]:
    if links is None:
        yield "Order", _optional(None) if entry.order_id is None else Content(f"{entry.order_id}  {ELLIPSIS}")
    elif isinstance(links, PaydeskError):
        yield "Links", untrusted(links.sentence, "$text-error")
    else:
        if links.reverses is not None:
            yield "Reverses", _other_entry(links.reverses)
        if links.reversed_by is not None:
            yield "Reversed", Content.assemble("by ", _other_entry(links.reversed_by))
        if links.refund is not None:
            yield from _refund_lines(links.refund)
        if links.order is not None:
            yield from _snapshot_lines(links.order)
        else:
            yield "Order", _optional(None)


def _other_entry(entry: "Transaction") -> Content:
    """Another entry of the account by its number in the ledger, and by the id that sentences of the desk name."""
    return Content.assemble(
        "entry ", (str(entry.seq), "bold"), f" {signed_cents(entry.amount_cents)}", (f" · id {entry.id}", "$muted")
    )


def _refund_lines(refund: "Refund") -> Iterator[Line]:
    """What went back to the card."""
    yield "Refund", Content(f"{refund.id} {refund.status.value} · {cents(refund.amount_cents)} to the card")
    yield "At Stripe", _optional(refund.stripe_refund_id)


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
    refunded = f", refunded {cents(order.refunded_cents)}" if order.refunded_cents else ""
    yield "Total", Content(f"{cents(draft.total_cents)} {visible(draft.currency.upper())}{paid}{refunded}")
    yield "Session", _optional(order.session_id)
    yield "Payment", _optional(order.payment_intent_id)


def _optional(text: str | None) -> Content:
    return Content.styled(NOTHING, "$muted") if text is None else untrusted(text)


class EntryFacts(Static):
    """The facts of an entry, and what it is linked with, read again when that may have changed."""

    app = getters.app(PaydeskApp)
    entry: "reactive[Transaction | None]" = reactive(None)

    def __init__(self) -> None:
        super().__init__()
        self._links: Links | PaydeskError | None = None

    def on_mount(self) -> None:
        """Follow what happens to the entry's account and to its order."""
        self.app.facts.subscribe(self, self._take_fact)

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._say(self._links)

    def watch_entry(self) -> None:
        """Show the entry at once, and its links when they have been read."""
        self._say(None)
        self._read_links()

    def _take_fact(self, fact: Fact) -> None:
        entry = self.entry
        if entry is not None and (
            fact == BalanceChanged(entry.account_id)
            or (isinstance(fact, OrderChanged) and fact.order_id in (None, entry.order_id))
        ):
            self._read_links()

    def _read_links(self) -> None:
        if self.entry is not None:
            entry = self.entry
            take = partial(self._take_links, entry)
            self.app.calls.read(self, "links", partial(read_links, entry), take, take)

    def _take_links(self, entry: "Transaction", links: Links | PaydeskError) -> None:
        if entry == self.entry:
            self._say(links)

    def _say(self, links: Links | PaydeskError | None) -> None:
        self._links = links
        nothing = Content.styled("No entry is selected.", "$muted")
        self.update(entry_content(self.entry, links, self.size.width) if self.entry else nothing)


class EntryPanel(VerticalScroll, can_focus=False):
    """The entry under the cursor, beside the ledger where there is room."""

    facts = getters.query_one(EntryFacts)

    def compose(self) -> ComposeResult:
        """The facts, which scroll where they are long."""
        self.border_title = Content("Entry")
        yield EntryFacts()


class EntryDialog(Dialog[None]):
    """Everything that is known about an entry."""

    HELP = "One entry of the ledger: who, when, why, what it reverses, and the order or refund behind it."
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
        """Show the entry, and read its links."""
        self.query_one(EntryFacts).entry = self._entry

    def action_scroll(self, lines: int) -> None:
        """Move the facts by lines, where they are longer than the window."""
        self.query_one(".dialog").scroll_relative(y=lines, animate=False, immediate=True)

    def action_copy(self) -> None:
        """Copy the entry."""
        self.app.copy(entry_text(self._entry))
