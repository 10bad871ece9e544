from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.history import KindTotal, SeqRange, Statement
from services.domain.ledger import TransactionKind
from services.domain.period import Period


class Stopwatch:
    """A timer that a test moves on, in nanoseconds."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


def read(whole: SeqRange, budget_ns: int, size: int, cost: Callable[[SeqRange], int]) -> list[SeqRange]:
    """The parts that a reader gets who needs `cost` for each."""
    timer, pieces = Stopwatch(), []
    for piece in whole.pieces_within(budget_ns, size, timer):
        pieces.append(piece)
        timer.ns += cost(piece)
    return pieces


@given(st.integers(1, 50), st.integers(0, 3_000), st.integers(1, 40), st.integers(0, 2_000), st.integers(0, 30))
def test_parts_follow_one_another_from_the_newest_back(
    first: int, size: int, part: int, budget_ns: int, cost_ns: int
) -> None:
    whole = SeqRange(7, first, first + size - 1)
    pieces = read(whole, budget_ns, part, lambda piece: piece.size * cost_ns)
    assert bool(pieces) == (size > 0)
    last = whole.last
    for piece in pieces:
        assert (piece.account_id, piece.last) == (7, last)
        assert whole.first <= piece.first <= piece.last
        last = piece.first - 1
    spent_ns = sum(piece.size for piece in pieces[:-1]) * cost_ns
    assert spent_ns <= budget_ns
    if cost_ns == 0 and budget_ns > 0:
        assert last == whole.first - 1


def test_a_fast_reader_gets_more_at_once_and_a_slow_one_less() -> None:
    whole = SeqRange(1, 1, 1_000_000)
    assert [piece.size for piece in read(whole, 1_000_000, 100, lambda piece: piece.size)] == [
        *(100 * 4**power for power in range(7)),
        1_000_000 - sum(100 * 4**power for power in range(7)),
    ]
    assert [piece.size for piece in read(whole, 1_000_000, 100, lambda piece: piece.size * 2_000)] == [100, 400]
    assert [piece.size for piece in read(whole, 1_000_000, 100, lambda _: 2_000_000)] == [100]


@given(st.integers(1, 50), st.integers(0, 200), st.integers(1, 40))
def test_parts_from_the_oldest_on_make_the_whole(first: int, size: int, part: int) -> None:
    whole = SeqRange(7, first, first + size - 1)
    pieces = list(whole.pieces(part))
    assert [seq for piece in pieces for seq in range(piece.first, piece.last + 1)] == list(range(first, first + size))
    assert all(1 <= piece.size <= part for piece in pieces)


@pytest.mark.parametrize(
    ("closing_cents", "last_seq", "adds_up"), [(1_200, 4, True), (1_201, 4, False), (1_200, 5, False)]
)
def test_a_statement_knows_whether_its_parts_make_the_whole(closing_cents: int, last_seq: int, adds_up: bool) -> None:
    month = Period(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    totals = (KindTotal(TransactionKind.TOP_UP, 1, 500, 0), KindTotal(TransactionKind.ADJUSTMENT, 2, 300, -600))
    assert Statement(1, month, 1_000, totals, closing_cents, 2, last_seq).adds_up is adds_up
