import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.ledger import Posting, TransactionKind
from services.errors import InvalidInput
from tests.filters import storable_texts

POSTING = Posting(7, 500, TransactionKind.ADJUSTMENT, "goodwill", "anna", None, "k1")


def test_a_repeated_request_has_the_same_hash_whoever_repeats_it() -> None:
    again = replace(POSTING, actor="ben", idempotency_key="k2")
    assert again.request_hash == POSTING.request_hash
    assert len(POSTING.request_hash) == 64


@pytest.mark.parametrize(
    "other",
    [
        replace(POSTING, account_id=8),
        replace(POSTING, amount_cents=501),
        replace(POSTING, amount_cents=-500),
        replace(POSTING, kind=TransactionKind.REFUND),
        replace(POSTING, description="goodwill "),
        replace(POSTING, order_id=7),
    ],
)
def test_another_request_has_another_hash(other: Posting) -> None:
    assert other.request_hash != POSTING.request_hash


def test_text_cannot_imitate_the_fields_around_it() -> None:
    one = replace(POSTING, description='a", 3', order_id=None)
    assert one.request_hash != replace(POSTING, description="a", order_id=3).request_hash


def test_the_hash_outlives_a_release_because_it_is_stored() -> None:
    assert POSTING.request_hash == "9d26c5718b1fc857ca3cdfb4f2c3f33744aa8712f32c044210f43f7b2fede807"


numbers = st.integers(-(2**63), 2**63 - 1)


@given(numbers, numbers, st.sampled_from(TransactionKind), storable_texts, st.none() | numbers, numbers)
def test_what_is_hashed_is_the_request_as_json(
    account_id: int, amount_cents: int, kind: TransactionKind, text: str, order_id: int | None, entry_id: int
) -> None:
    request: list[object] = [account_id, amount_cents, kind.value, text, order_id]
    reverses_id = None
    if kind is TransactionKind.REVERSAL:
        reverses_id = entry_id
        request.append(entry_id)
    posting = Posting(account_id, amount_cents, kind, text, "anna", order_id, reverses_id=reverses_id)
    assert posting.request_hash == hashlib.sha256(json.dumps(request).encode()).hexdigest()


def test_the_hash_of_a_reversal_tells_which_entry_it_takes_back() -> None:
    reversal = replace(POSTING, kind=TransactionKind.REVERSAL, reverses_id=41)
    assert reversal.request_hash != replace(reversal, reverses_id=42).request_hash


@pytest.mark.parametrize(("kind", "reverses_id"), [(TransactionKind.REVERSAL, None), (TransactionKind.USAGE, 41)])
def test_a_reversal_and_nothing_else_names_an_entry(kind: TransactionKind, reverses_id: int | None) -> None:
    with pytest.raises(InvalidInput, match="names the entry that it takes back") as refused:
        replace(POSTING, kind=kind, reverses_id=reverses_id)
    assert refused.value.field == "kind"
