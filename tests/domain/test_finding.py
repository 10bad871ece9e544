from dataclasses import replace

import pytest

from services.domain.checkout import Declined, Expired, NeedsReview, Order, OrderStatus, Paid, StillOpen, Verdict
from services.domain.finding import FindingKind, Observation, compare
from services.domain.refund import Refund, RefundOrigin, RefundStatus, StripeRefund
from tests.domain.test_checkout import NOW, ORDER

PAID = replace(ORDER, status=OrderStatus.PAID, paid_cents=2699, payment_intent_id="pi_42")
EXPIRED = replace(ORDER, status=OrderStatus.EXPIRED)
FAILED = replace(ORDER, status=OrderStatus.FAILED)
REVIEW = replace(ORDER, status=OrderStatus.NEEDS_REVIEW, status_reason="currency: odd")
HERE = Refund(
    id=1,
    order_id=42,
    amount_cents=500,
    credit_cents=500,
    reason="late",
    origin=RefundOrigin.DESK,
    status=RefundStatus.DONE,
    status_reason=None,
    reference="paydesk_r",
    idempotency_key="k",
    request={},
    stripe_key="mark",
    stripe_refund_id="re_1",
    transaction_id=2,
    actor="anna",
    created_at=NOW,
    settled_at=NOW,
)
THERE = StripeRefund("re_1", 500, "usd", "succeeded", "pi_42", "paydesk_r", None)


def seen(
    order: Order, verdict: Verdict, here: tuple[Refund, ...] = (), there: tuple[StripeRefund, ...] = ()
) -> list[Observation]:
    return list(compare(order, "cs_test_42", verdict, here, there))


@pytest.mark.parametrize(
    ("order", "verdict"),
    [
        (ORDER, StillOpen()),
        (ORDER, Paid(2699, 0)),
        (PAID, Paid(2699, 0)),
        (replace(PAID, paid_cents=2159), Paid(2159, 540)),
        (EXPIRED, Expired()),
        (FAILED, Declined("card_declined", "No.")),
        (FAILED, StillOpen()),
        (FAILED, Expired()),
    ],
)
def test_what_agrees_is_no_finding(order: Order, verdict: Verdict) -> None:
    assert seen(order, verdict) == []


@pytest.mark.parametrize(
    ("order", "verdict", "kind", "amount_cents", "words"),
    [
        (REVIEW, NeedsReview("new"), FindingKind.DIFFERS, 2699, "is not credited: currency: odd"),
        (REVIEW, Paid(2699, 0), FindingKind.DIFFERS, 2699, "currency: odd"),
        (
            EXPIRED,
            Paid(2699, 0),
            FindingKind.PAID_NOT_CREDITED,
            2699,
            "$26.99 paid for order 42, which ended here as e",
        ),
        (FAILED, Paid(100, 0), FindingKind.PAID_NOT_CREDITED, 100, "$1.00 paid for order 42, which ended here as fail"),
        (PAID, StillOpen(), FindingKind.CREDITED_NOT_PAID, 2699, "it is not paid"),
        (PAID, Expired(), FindingKind.CREDITED_NOT_PAID, 2699, "it is not paid"),
        (PAID, Paid(2698, 0), FindingKind.CREDITED_NOT_PAID, 2699, "another amount is"),
        (PAID, NeedsReview("live mode: x"), FindingKind.CREDITED_NOT_PAID, 2699, "live mode: x"),
    ],
)
def test_what_does_not_agree_is_told(
    order: Order, verdict: Verdict, kind: FindingKind, amount_cents: int, words: str
) -> None:
    (found,) = seen(order, verdict)
    assert (found.kind, found.order_id, found.subject, found.amount_cents) == (kind, 42, "cs_test_42", amount_cents)
    assert words in found.explanation


def test_what_went_back_in_full_needs_no_credit() -> None:
    half = replace(THERE, id="re_2", amount_cents=2199)
    failed = replace(half, status="failed")
    assert seen(FAILED, Paid(2699, 0), (), (THERE, half)) == []
    assert [found.kind for found in seen(FAILED, Paid(2699, 0), (), (THERE, failed))] == [FindingKind.PAID_NOT_CREDITED]


@pytest.mark.parametrize(
    ("here", "there", "kinds"),
    [
        ((HERE,), (THERE,), []),
        ((), (THERE,), [FindingKind.REFUNDED_AT_STRIPE]),
        ((), (replace(THERE, status="failed"),), []),
        ((HERE,), (replace(THERE, status="failed"),), [FindingKind.REFUND_FAILED]),
        ((HERE,), (replace(THERE, status="canceled"),), [FindingKind.REFUND_FAILED]),
        ((replace(HERE, status=RefundStatus.FAILED),), (replace(THERE, status="failed"),), []),
        # its answer is on the way; what asks for it is known by the reference
        ((replace(HERE, status=RefundStatus.CREATED, stripe_refund_id=None),), (THERE,), []),
        # it was given up here, and Stripe made it after all
        (
            (replace(HERE, status=RefundStatus.FAILED, stripe_refund_id=None),),
            (THERE,),
            [FindingKind.REFUNDED_AT_STRIPE],
        ),
        (
            (HERE,),
            (THERE, replace(THERE, id="re_2", reference=None), replace(THERE, id="re_3", reference=None)),
            [FindingKind.REFUNDED_AT_STRIPE] * 2,
        ),
    ],
)
def test_refunds_are_compared_one_by_one(
    here: tuple[Refund, ...], there: tuple[StripeRefund, ...], kinds: list[FindingKind]
) -> None:
    found = seen(PAID, Paid(2699, 0), here, there)
    assert [one.kind for one in found] == kinds
    assert {(one.amount_cents, one.order_id) for one in found} <= {(500, 42)}
    # no refund can be recorded for an order that credits nothing
    assert [one.kind for one in seen(REVIEW, StillOpen(), here, there)] == [FindingKind.DIFFERS]


def test_only_what_is_safe_is_offered() -> None:
    offered = {kind.value: kind.action.value for kind in FindingKind if kind.action is not None}
    assert offered == {
        "differs": "close_order",
        "refunded_at_stripe": "record_refund",
        "refund_failed": "take_back_refund",
        "code_still_held": "release_code",
        "unfinished": "close_order",
    }
