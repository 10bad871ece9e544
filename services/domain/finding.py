"""Findings: where this desk and Stripe do not agree, and the one safe thing to do about each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.checkout import NeedsReview, Order, OrderStatus, Paid, Verdict
from services.domain.money import format_cents
from services.domain.refund import Refund, RefundStatus, StripeRefund


class FindingAction(StrEnum):
    """What the desk can do about a finding when a person says so. Everything else is theirs to do and to note."""

    RECORD_REFUND = "record_refund"
    TAKE_BACK_REFUND = "take_back_refund"
    RELEASE_CODE = "release_code"
    CLOSE_ORDER = "close_order"


class FindingKind(StrEnum):
    """What does not agree."""

    PAID_NOT_CREDITED = "paid_not_credited"
    CREDITED_NOT_PAID = "credited_not_paid"
    DIFFERS = "differs"
    REFUNDED_AT_STRIPE = "refunded_at_stripe"
    REFUND_FAILED = "refund_failed"
    CODE_STILL_HELD = "code_still_held"
    UNFINISHED = "unfinished"
    UNREACHABLE = "unreachable"

    @property
    def action(self) -> FindingAction | None:
        """The one safe action that the desk offers; None where there is none."""
        return {
            FindingKind.DIFFERS: FindingAction.CLOSE_ORDER,
            FindingKind.REFUNDED_AT_STRIPE: FindingAction.RECORD_REFUND,
            FindingKind.REFUND_FAILED: FindingAction.TAKE_BACK_REFUND,
            FindingKind.CODE_STILL_HELD: FindingAction.RELEASE_CODE,
            FindingKind.UNFINISHED: FindingAction.CLOSE_ORDER,
        }.get(self)


@dataclass(frozen=True)
class Observation:
    """Something that does not agree now. `subject` is the id that it is about, at Stripe or here."""

    kind: FindingKind
    order_id: int
    subject: str
    explanation: str
    amount_cents: int | None = None


@dataclass(frozen=True)
class Finding:
    """An observation that was stored, and how it was resolved. Times are in UTC, `amount_cents` is in cents."""

    id: int
    kind: FindingKind
    order_id: int
    subject: str
    amount_cents: int | None
    explanation: str
    found_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None

    @property
    def is_open(self) -> bool:
        """Whether nobody has resolved it yet."""
        return self.resolved_at is None


def compare(
    order: Order, stripe_id: str, verdict: Verdict, here: Sequence[Refund], there: Sequence[StripeRefund]
) -> Iterator[Observation]:
    """What does not agree between an order with its refunds here and what Stripe has of it under `stripe_id`."""
    match order.status, verdict:
        case OrderStatus.NEEDS_REVIEW, _:
            sentence = f"Order {order.id} is not credited: {order.status_reason}"
            yield Observation(FindingKind.DIFFERS, order.id, stripe_id, sentence, order.draft.total_cents)
        case ((OrderStatus.EXPIRED | OrderStatus.FAILED), Paid(paid_cents)) if paid_cents > _back_cents(there):
            sentence = (
                f"Stripe reports {format_cents(paid_cents)} paid for order {order.id}, which ended here as "
                f"{order.status} and credited nothing. Refund it at Stripe, or credit the account by hand."
            )
            yield Observation(FindingKind.PAID_NOT_CREDITED, order.id, stripe_id, sentence, paid_cents)
        case OrderStatus.PAID, Paid(paid_cents) if paid_cents == order.paid_cents:
            pass
        case OrderStatus.PAID, _:
            theirs = verdict.reason if isinstance(verdict, NeedsReview) else "it is not paid, or another amount is"
            sentence = (
                f"Order {order.id} is credited here, and Stripe does not agree: {theirs}. If Stripe is right, reverse "
                "the entry of the order."
            )
            yield Observation(FindingKind.CREDITED_NOT_PAID, order.id, stripe_id, sentence, order.paid_cents)
    if order.status is OrderStatus.PAID:
        yield from _compare_refunds(order, here, there)


def _back_cents(there: Sequence[StripeRefund]) -> int:
    """What went back of a payment, in cents."""
    return sum(made.amount_cents for made in there if not made.failed)


def _compare_refunds(order: Order, here: Sequence[Refund], there: Sequence[StripeRefund]) -> Iterator[Observation]:
    known = {refund.stripe_refund_id: refund for refund in here if refund.stripe_refund_id is not None}
    awaited = {refund.reference for refund in here if refund.status is RefundStatus.CREATED}
    for made in there:
        amount = format_cents(made.amount_cents)
        recorded = known.get(made.id)
        if recorded is None and not made.failed and made.reference not in awaited:
            sentence = f"{amount} of order {order.id} were refunded at Stripe, and the balance does not know it yet."
            yield Observation(FindingKind.REFUNDED_AT_STRIPE, order.id, made.id, sentence, made.amount_cents)
        elif recorded is not None and recorded.status is RefundStatus.DONE and made.failed:
            sentence = f"The refund of {amount} for order {order.id} came back from the bank: the money is with us."
            yield Observation(FindingKind.REFUND_FAILED, order.id, made.id, sentence, made.amount_cents)
