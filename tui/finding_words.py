"""What findings and their actions are called, and what a comparison with Stripe came to: with a screen or without."""

from collections import Counter
from typing import TYPE_CHECKING

from services.domain.checkout import OrderStatus
from services.domain.finding import FindingAction, FindingKind
from tui.present import count, status_word

if TYPE_CHECKING:
    from services.reconciliation import Reconciliation

KIND_WORDS = {
    FindingKind.PAID_NOT_CREDITED: "paid, not credited",
    FindingKind.CREDITED_NOT_PAID: "credited, not paid",
    FindingKind.DIFFERS: "differs",
    FindingKind.REFUNDED_AT_STRIPE: "refunded at Stripe",
    FindingKind.REFUND_FAILED: "refund came back",
    FindingKind.CODE_STILL_HELD: "code still held",
    FindingKind.UNFINISHED: "unfinished",
    FindingKind.UNREACHABLE: "unreachable",
}

ACTION_WORDS = {
    FindingAction.RECORD_REFUND: "Record the refund",
    FindingAction.TAKE_BACK_REFUND: "Take the refund back",
    FindingAction.RELEASE_CODE: "Release the code",
    FindingAction.CLOSE_ORDER: "Close the order",
}


def summary_of(result: "Reconciliation") -> str:
    """What a reconciliation came to: `3 orders settled: 2 paid, 1 expired; 1 finding; 2 could not be asked`."""
    states = Counter(moved.order.status for moved in result.moved)
    found_open = states.pop(OrderStatus.OPEN, 0)
    words = ", ".join(f"{number} {status_word(state)}" for state, number in states.items())
    parts = [f"{count(states.total(), 'order')} settled: {words}" if words else "nothing to settle"]
    if found_open:
        parts.append(f"{found_open} found open")
    if result.findings:
        parts.append(count(len(result.findings), "finding"))
    if result.unanswered:
        parts.append(f"{len(result.unanswered)} could not be asked")
    if result.unread is not None:
        parts.append("Stripe's events could not be read")
    return "; ".join(parts)
