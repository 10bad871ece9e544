"""What is said of an order in words: where it stands, what came of creating it, and that it moved on."""

from textual.content import Content

from services.domain.checkout import OrderStatus
from tui.messages import BalanceChanged, DiscountChanged, Fact, OrderChanged
from tui.present import cents, untrusted
from tui.screens.checkout_calls import ListedOrder
from tui.screens.checkout_orders import Watched, account_content, state_content


def where_it_stands(listed: ListedOrder, watched: Watched) -> Content:
    """Where the order stands, in a sentence."""
    order = listed.order
    start = Content.assemble((f"{order.id} ", "bold"), state_content(order.status), "  ", account_content(listed), "  ")
    match order.status:
        case OrderStatus.OPEN:
            words = Content(f"waits for {cents(order.draft.total_cents)}")
            error = watched.error if watched.order_id == order.id else None
            if error is not None:
                words = Content.assemble(words, ". ", untrusted(error, "$text-warning"))
        case OrderStatus.CREATED:
            asking = watched.order_id == order.id
            reason = (watched.error if asking else None) or order.status_reason or "What came of it is not known."
            words = untrusted(f"{reason} Asking again." if asking else reason)
        case OrderStatus.PAID:
            words = Content(paid_sentence(listed))
        case OrderStatus.EXPIRED:
            words = Content("ended unpaid; nothing was charged, and its code is free again")
        case OrderStatus.FAILED | OrderStatus.NEEDS_REVIEW:
            words = untrusted(order.status_reason or "")
    return Content.assemble(start, words)


def paid_sentence(listed: ListedOrder) -> str:
    """What was paid and what it credited: `$26.99 paid, $26.99 credited as entry 17`."""
    paid = cents(listed.order.paid_cents or 0)
    if not listed.entries:
        return f"{paid} paid, nothing credited"
    entry = listed.entries[0]
    return f"{paid} paid, {cents(entry.amount_cents)} credited as entry {entry.seq}"


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
        case OrderStatus.OPEN:
            return f"Order {order.id} is open: its link is ready"
        case OrderStatus.EXPIRED:
            return f"Order {order.id} ended unpaid"
        case OrderStatus.FAILED:
            return f"Order {order.id} failed: {order.status_reason}"
        case _:
            return f"Order {order.id} needs a review: {order.status_reason}"


def facts_of(listed: ListedOrder) -> list[Fact]:
    """What else is different now that an order moved on."""
    order = listed.order
    facts: list[Fact] = [OrderChanged(order.id)]
    if listed.settled and order.draft.discount_code is not None:
        facts.append(DiscountChanged())
    if listed.entries:
        facts.append(BalanceChanged(order.draft.account_id))
    return facts
