"""What is said of an order in words: where it stands, what came of creating it, and that it moved on."""

from textual.content import Content

from services.domain.checkout import Channel, OrderStatus
from services.domain.refund import Refund, RefundStatus
from tui.present import cents, untrusted
from tui.screens.checkout_calls import ListedOrder
from tui.screens.checkout_orders import Watched, account_content, checking, order_word


def where_it_stands(listed: ListedOrder, watched: Watched) -> Content:
    """Where the order stands, in a sentence."""
    order = listed.order
    start = Content.assemble((f"{order.id} ", "bold"), order_word(order), "  ", account_content(listed), "  ")
    match order.status:
        case OrderStatus.OPEN:
            words = Content(f"waits for {cents(order.draft.total_cents)}")
            error = watched.error if watched.order_id == order.id else None
            if error is not None:
                words = Content.assemble(words, ". ", untrusted(error, "$text-warning"))
        case OrderStatus.CREATED:
            asking = watched.order_id == order.id
            reason = (watched.error if asking else None) or order.status_reason or "What came of it is not known."
            words = untrusted(f"{checking(watched)}. {reason}" if asking else reason)
        case OrderStatus.PAID if listed.unknown_refund is not None and watched.order_id == order.id:
            error = f". {watched.error}" if watched.error else ""
            words = untrusted(f"{paid_sentence(listed)}; {checking(watched)}{error}")
        case OrderStatus.PAID:
            words = untrusted(paid_sentence(listed))
        case OrderStatus.EXPIRED:
            words = Content("ended unpaid; nothing was charged, and its code is free again")
        case OrderStatus.FAILED | OrderStatus.NEEDS_REVIEW:
            words = untrusted(order.status_reason or "")
    return Content.assemble(start, words)


def paid_sentence(listed: ListedOrder) -> str:
    """What was paid, what it credited, what went back: `$26.99 paid, $26.99 credited as entry 17; $5.00 refunded`."""
    order = listed.order
    parts = [f"{cents(order.paid_cents or 0)} paid, nothing credited"]
    if listed.entries:
        entry = listed.entries[0]
        parts = [f"{cents(order.paid_cents or 0)} paid, {cents(entry.amount_cents)} credited as entry {entry.seq}"]
    unknown = listed.unknown_refund
    refunded_cents = order.refunded_cents - (unknown.amount_cents if unknown else 0)
    if refunded_cents:
        parts.append(f"{cents(refunded_cents)} refunded")
    if unknown is not None:
        parts.append(f"whether {cents(unknown.amount_cents)} more went back is unknown")
    return "; ".join(parts)


def refund_notice(listed: ListedOrder, refund: Refund) -> str:
    """What came of a refund, in a sentence."""
    start = f"Order {refund.order_id}: "
    amount = cents(refund.amount_cents)
    match refund.status:
        case RefundStatus.DONE:
            entry = next((entry.seq for entry in listed.entries if entry.id == refund.transaction_id), None)
            taken = f", {cents(refund.credit_cents)} taken from the balance as entry {entry}" if entry else ""
            return f"{start}{amount} refunded{taken}"
        case RefundStatus.FAILED:
            return f"{start}{amount} not refunded. {refund.status_reason or ''}".rstrip()
        case RefundStatus.CREATED:
            return f"{start}whether {amount} went back is unknown; it is being checked"


def outcome(listed: ListedOrder) -> Content:
    """What came of creating an order, for the form that it was created from."""
    order = listed.order
    match order.status:
        case OrderStatus.OPEN:
            return Content.assemble(("✓ ", "$text-success"), f"Order {order.id} created; its link is below")
        case OrderStatus.PAID if order.session_id is None:
            return Content.assemble(("✓ ", "$text-success"), f"Order {order.id} completed without Stripe")
        case OrderStatus.PAID:
            return Content.assemble(("✓ ", "$text-success"), notice(listed))
        case OrderStatus.CREATED:
            reason = (order.status_reason or "Stripe did not answer").rstrip(".")
            words = untrusted(f"{reason}; order {order.id} is being checked")
            return Content.assemble(("? ", "bold $text-warning"), words)
        case OrderStatus.FAILED:
            words = untrusted(f"{notice(listed)}  n begins another.", "$text-error")
            return Content.assemble(("✗ ", "$text-error"), words)
        case OrderStatus.EXPIRED | OrderStatus.NEEDS_REVIEW:
            return untrusted(notice(listed))


def notice(listed: ListedOrder) -> str:
    """That an order moved on, in a sentence."""
    order = listed.order
    match order.status:
        case OrderStatus.PAID:
            entry = f", entry {listed.entries[0].seq}" if listed.entries else ""
            return f"Order {order.id} paid: {cents(order.paid_cents or 0)}{entry}"
        case OrderStatus.OPEN if order.draft.channel is Channel.SAVED_CARD:
            return f"Order {order.id}: the charge is with the bank, and being checked"
        case OrderStatus.OPEN:
            return f"Order {order.id} is open: its link is ready"
        case OrderStatus.CREATED:
            return f"Order {order.id}: what came of it is unknown; it is being checked"
        case OrderStatus.EXPIRED:
            return f"Order {order.id} ended unpaid"
        case OrderStatus.FAILED:
            return f"Order {order.id} failed: {order.status_reason}"
        case OrderStatus.NEEDS_REVIEW:
            return f"Order {order.id} needs a review: {order.status_reason}"
