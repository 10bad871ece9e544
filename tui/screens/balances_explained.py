"""What is known about an entry of a ledger, line by line: each can be copied, some lead on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from textual.content import Content

from services.domain.audit import AuditEntry
from services.domain.explanation import Explanation, StripeObject
from services.errors import PaydeskError
from tui.present import ELLIPSIS, MONTHS, NOTHING, cents, signed_cents, status, untrusted, visible
from tui.screens.audit_words import change_texts
from tui.widgets.ledger_columns import kind_word

if TYPE_CHECKING:
    from datetime import datetime

    from services.balance import Transaction
    from services.domain.checkout import Order
    from services.domain.refund import Refund

LABEL = 10
"""Cells of a label, with the blank after it."""

_REFUND = "refund"
_ROLES = {"checkout session": "Session", "payment": "Payment", "customer": "Customer", _REFUND: "At Stripe"}


@dataclass(frozen=True)
class EntryLine:
    """A line: its label, how it is shown, and what is copied of it.

    `stripe` is the object of Stripe's that it names, `leads_to` the other entry, `order_id` the order.
    """

    label: str
    shown: Content
    text: str
    stripe: StripeObject | None = None
    leads_to: "Transaction | None" = None
    order_id: int | None = None

    def broken(self, width: int) -> Content:
        """The line in `width` cells; what does not fit goes on under it."""
        first, *more = self.shown.wrap(max(10, width - LABEL)) or [Content("")]
        label = Content.styled(f"{self.label:<{LABEL}}", "$muted")
        return Content("\n").join([label + first, *(line.pad_left(LABEL) for line in more)])


def entry_text(entry: "Transaction") -> str:
    """An entry on one line, for the clipboard: safe to paste, and enough to find it again."""
    at = entry.created_at.astimezone(UTC)
    return (
        f"account {entry.account_id} entry {entry.seq}  {at:%Y-%m-%d %H:%M:%S} UTC  {kind_word(entry.kind)}  "
        f"{signed_cents(entry.amount_cents)}  {visible(entry.description)}"
    )


def moment_text(at: "datetime") -> str:
    """A moment with its year: `5 Oct 2026 23:59:59 UTC`."""
    at = at.astimezone(UTC)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} UTC"


def entry_lines(entry: "Transaction", explained: Explanation | PaydeskError | None) -> list[EntryLine]:
    """Everything that is known about an entry; `explained` None: all but the entry itself is being read."""
    lines = list(_own_lines(entry))
    if isinstance(explained, PaydeskError):
        lines.append(EntryLine("Links", untrusted(explained.sentence, "$text-error"), explained.sentence))
    elif explained is not None:
        lines.insert(1, _plain("Account", explained.account.email))
        lines.extend(_linked_lines(explained))
    elif entry.order_id is not None:
        lines.append(_plain("Order", f"{entry.order_id}  {ELLIPSIS}"))
    return lines


def _plain(label: str, text: str | None) -> EntryLine:
    if text is None:
        return EntryLine(label, Content.styled(NOTHING, "$muted"), "")
    return EntryLine(label, untrusted(text), visible(text))


def _styled(label: str, shown: Content) -> EntryLine:
    return EntryLine(label, shown, shown.plain)


def _own_lines(entry: "Transaction") -> Iterator[EntryLine]:
    before, after = entry.balance_after_cents - entry.amount_cents, entry.balance_after_cents
    amount_style = "bold $text-success" if entry.amount_cents > 0 else "bold"
    named = Content.assemble((str(entry.seq), "bold"), (f" of account {entry.account_id}, id {entry.id}", "$muted"))
    yield EntryLine("Entry", named, entry_text(entry))
    yield _plain("When", moment_text(entry.created_at))
    yield _plain("Kind", kind_word(entry.kind))
    yield _styled("Amount", Content.styled(signed_cents(entry.amount_cents), amount_style))
    yield _styled(
        "Balance", Content.assemble(f"{cents(before)} → ", (cents(after), "$text-error" if after < 0 else ""))
    )
    yield _plain("By", entry.actor)
    yield _plain("Why", entry.description)
    yield _plain("Key", entry.idempotency_key)


def _linked_lines(explained: Explanation) -> Iterator[EntryLine]:
    if explained.reverses is not None:
        yield _other_entry("Reverses", explained.reverses)
    if explained.reversed_by is not None:
        yield _other_entry("Reversed", explained.reversed_by, "by ")
    if explained.refund is not None:
        first, *more = _refund_lines(explained.refund)
        yield from (first, *(_stripe_line(there) for there in explained.stripe if there.role == _REFUND), *more)
    if explained.order is None:
        yield _plain("Order", None)
    else:
        yield from _order_lines(explained.order)
        for other in explained.order_entries:
            if other.id != explained.entry.id:
                yield _other_entry("With it", other)
    yield from (_stripe_line(there) for there in explained.stripe if there.role != _REFUND)
    yield from _audit_lines(explained.audit)


def _other_entry(label: str, entry: "Transaction", by: str = "") -> EntryLine:
    """Another entry of the account by its number in the ledger, and by the id that sentences of the desk name."""
    amount = f" {signed_cents(entry.amount_cents)}"
    shown = Content.assemble(f"{by}entry ", (str(entry.seq), "bold"), amount, (f" · id {entry.id}", "$muted"))
    return EntryLine(label, shown, entry_text(entry), leads_to=entry)


def _stripe_line(there: StripeObject) -> EntryLine:
    return EntryLine(_ROLES.get(there.role, there.role), untrusted(there.id), visible(there.id), stripe=there)


def _refund_lines(refund: "Refund") -> Iterator[EntryLine]:
    """What went back to the card, and why."""
    yield _plain("Refund", f"{refund.id} {refund.status.value} · {cents(refund.amount_cents)} to the card")
    yield _plain("Refunded", f"by {refund.actor}: {refund.reason}")


def _order_lines(order: "Order") -> Iterator[EntryLine]:
    """What the order was quoted, and what was paid."""
    draft = order.draft
    purpose = draft.purpose.value.replace("_", " ")
    named = Content.assemble((str(order.id), "bold"), " ", status(order.status), (f" · {purpose}", "$muted"))
    yield EntryLine("Order", named, named.plain, order_id=order.id)
    if draft.price_mode is not None:
        version = f"v{draft.price_version}" if draft.price_version else "from the settings"
        yield _styled(
            "Price", Content.assemble(f"{draft.price_mode.value} {cents(draft.base_cents)} ", (version, "$muted"))
        )
    if draft.discount_code is not None:
        yield _plain("Code", f"{draft.discount_code} {signed_cents(-draft.discount_cents)}")
    paid = "" if order.paid_cents is None else f", paid {cents(order.paid_cents)}"
    refunded = f", refunded {cents(order.refunded_cents)}" if order.refunded_cents else ""
    yield _plain("Total", f"{cents(draft.total_cents)} {draft.currency.upper()}{paid}{refunded}")
    yield _plain("Ordered", f"by {order.actor}, {moment_text(order.created_at)}")


def _audit_lines(audit: Iterable[AuditEntry]) -> Iterator[EntryLine]:
    """Who did it, when and why, and what that changed."""
    for change in audit:
        why = f": {change.reason}" if change.reason else ""
        yield _plain("Audit", f"{change.actor} {change.action}, {moment_text(change.created_at)}{why}")
        changes = "; ".join(change_texts(change))
        if changes:
            yield _plain("", changes)
