import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.refund import StripeRefund, credit_taken_back, refund_request


@pytest.mark.parametrize(
    ("status", "failed"),
    [("pending", False), ("requires_action", False), ("succeeded", False), ("failed", True), ("canceled", True)],
)
def test_a_refund_fails_only_where_no_money_goes_back(status: str, failed: bool) -> None:
    assert StripeRefund("re_1", 100, "usd", status, "pi_1", None, None).failed is failed


def test_the_request_of_a_refund_to_the_letter() -> None:
    assert refund_request("pi_1", 100, order_id=42, reference="paydesk_r") == {
        "payment_intent": "pi_1",
        "amount": 100,
        "metadata": {"order_id": "42", "reference": "paydesk_r"},
    }


@pytest.mark.parametrize(
    ("refunded", "paid", "credited", "taken", "expected"),
    [
        (1000, 3000, 3000, 0, 1000),
        (3000, 3000, 3000, 1000, 2000),
        (1, 2, 1, 0, 1),  # half a cent is rounded up
        (2, 2, 1, 1, 0),
        (1, 3, 1, 0, 0),
        (2, 3, 1, 0, 1),
        (799, 2399, 5000, 0, 1665),
        (100, 2399, 0, 0, 0),
        (1, 3, 1, 1, 0),  # one that took more than its share and stands gives nothing back
    ],
)
def test_the_credit_follows_the_money(refunded: int, paid: int, credited: int, taken: int, expected: int) -> None:
    assert credit_taken_back(refunded, paid, credited, taken) == expected


PARTS = st.lists(st.integers(1, 99_999_999), min_size=1, max_size=12)


@given(parts=PARTS, credited=st.integers(0, 99_999_999_999))
def test_the_cents_of_many_refunds_add_up_to_the_credit(parts: list[int], credited: int) -> None:
    paid = sum(parts)
    refunded = taken = 0
    for part in parts:
        refunded += part
        credit = credit_taken_back(refunded, paid, credited, taken)
        assert credit >= 0
        taken += credit
        assert abs(2 * (taken * paid - credited * refunded)) <= paid, "It is not the nearest cent."
    assert taken == credited


@given(
    paid=st.integers(1, 60),
    credited=st.integers(0, 99),
    steps=st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=30),
)
def test_refunds_that_fail_in_between_cost_no_cent(paid: int, credited: int, steps: list[tuple[int, bool]]) -> None:
    standing: list[tuple[int, int]] = []

    def refund(part: int) -> None:
        refunded = sum(money for money, _ in standing) + part
        standing.append((part, credit_taken_back(refunded, paid, credited, sum(credit for _, credit in standing))))

    for part, fails in steps:
        left = paid - sum(money for money, _ in standing)
        if fails and standing:
            del standing[part % len(standing)]
        elif part <= left:
            refund(part)
        assert sum(credit for _, credit in standing) <= credited
    left = paid - sum(money for money, _ in standing)
    if left > 0:
        refund(left)
        assert sum(credit for _, credit in standing) == credited
