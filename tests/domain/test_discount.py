from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.domain.discount import CodeStatus, DiscountCode, Refusal, canonical_code, check_value
from services.errors import InvalidInput

TEN_PERCENT = DiscountCode(1, "SAVE10", 1000, None, None, True, 0, 0, datetime(2026, 1, 1, tzinfo=UTC))

bases = st.integers(0, 99_999_999)
percentages = st.integers(1, 10_000)


def percent(basis_points: int) -> DiscountCode:
    return replace(TEN_PERCENT, percent_basis_points=basis_points)


def amount_off(cents: int) -> DiscountCode:
    return replace(TEN_PERCENT, percent_basis_points=None, amount_off_cents=cents)


@pytest.mark.parametrize(
    ("base", "basis_points", "total"),
    [
        (2999, 1000, 2699),
        (999, 5000, 499),  # a tie: rounding the total, or half to even, gives 500
        (125, 1000, 112),  # a tie: half to even gives 113
        (2999, 10_000, 0),
        (2999, 1, 2999),
        (0, 1000, 0),
        (1, 5000, 0),
        (99_999_999, 3333, 66_669_999),
    ],
)
def test_the_discount_is_rounded_half_up_and_then_taken_off(base: int, basis_points: int, total: int) -> None:
    assert base - percent(basis_points).discount_on(base) == total


@given(bases, percentages)
@example(999, 5000)
@example(125, 1000)
def test_a_percentage_is_exact_decimal_half_up(base: int, basis_points: int) -> None:
    exact = (Decimal(base) * basis_points / 10_000).quantize(Decimal(1), ROUND_HALF_UP)
    discount = percent(basis_points).discount_on(base)
    assert discount == exact
    assert 0 <= base - discount <= base


@given(bases, st.integers(1, 99_999_999))
def test_a_fixed_amount_never_takes_more_than_the_base(base: int, cents: int) -> None:
    assert amount_off(cents).discount_on(base) == min(base, cents)


@pytest.mark.parametrize("text", ["SAVE10", "save10", " Save10 ", "\tsave10\n"])
def test_a_code_has_one_form(text: str) -> None:
    assert canonical_code(text) == "SAVE10"


@pytest.mark.parametrize("text", ["A1", "0-_", "X" * 40, "LAUNCH-2026_A"])
def test_letters_digits_dashes_and_underscores_are_a_code(text: str) -> None:
    assert canonical_code(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "A",
        "X" * 41,
        "SAVE 10",
        "-SAVE",
        "_SAVE",
        "SAVE%",
        "SAVE.10",
        "SAVE10\0",
        "SA\nVE",
        "\u0131NVITE",  # dotless i, long s, the Kelvin sign and the fi ligature turn into ASCII letters by case
        "\u017fAVE10",
        "\u212aELVIN",
        "\ufb01VE10",
        "\uff33\uff21\uff36\uff25",
        "SAVE\u0661\u0660",
        "\u0421AVE10",
    ],
)
def test_what_is_not_a_code_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="2 to 40 letters") as refused:
        canonical_code(text)
    assert refused.value.field == "code"


@given(st.text(max_size=45))
def test_the_canonical_form_is_its_own_and_ascii(text: str) -> None:
    try:
        code = canonical_code(text)
    except InvalidInput:
        return
    assert canonical_code(code) == canonical_code(code.lower()) == code
    assert code.isascii()
    assert code == code.upper().strip()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (percent(1000), "10 %"),
        (percent(1250), "12.5 %"),
        (percent(1205), "12.05 %"),
        (percent(1), "0.01 %"),
        (percent(10_000), "100 %"),
        (amount_off(2000), "$20.00"),
    ],
)
def test_what_a_code_takes_off_is_shown_without_needless_zeros(code: DiscountCode, text: str) -> None:
    assert code.value_text == text


def test_a_code_is_refused_when_disabled_or_without_uses() -> None:
    limited = replace(TEN_PERCENT, max_uses=2, held=1)
    assert (limited.status, limited.refusal, limited.uses_left) == (CodeStatus.ACTIVE, None, 1)
    sold_out = replace(limited, redeemed=1)
    assert (sold_out.status, sold_out.refusal, sold_out.uses_left) == (CodeStatus.SOLD_OUT, Refusal.SOLD_OUT, 0)
    disabled = replace(sold_out, active=False)
    assert (disabled.status, disabled.refusal) == (CodeStatus.DISABLED, Refusal.DISABLED)
    assert TEN_PERCENT.uses_left is None


def test_each_refusal_has_a_sentence_that_names_the_code() -> None:
    sentences = {refusal.sentence("SAVE10") for refusal in Refusal}
    assert len(sentences) == len(Refusal)
    assert all("SAVE10" in sentence and sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize("value", [(1, None, None), (10_000, None, 1), (None, 1, None), (None, 99_999_999, 10**9)])
def test_values_within_their_range_pass(value: tuple[int | None, int | None, int | None]) -> None:
    check_value(*value)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ((None, None, None), "value"),
        ((1000, 500, None), "value"),
        ((0, None, None), "percent_basis_points"),
        ((-1, None, None), "percent_basis_points"),
        ((10_001, None, None), "percent_basis_points"),
        ((10.0, None, None), "percent_basis_points"),
        ((True, None, None), "percent_basis_points"),
        ((None, 0, None), "amount_off_cents"),
        ((None, 100_000_000, None), "amount_off_cents"),
        ((None, 19.99, None), "amount_off_cents"),
        ((1000, None, 0), "max_uses"),
        ((1000, None, -1), "max_uses"),
        ((1000, None, 1.5), "max_uses"),
        ((1000, None, True), "max_uses"),
    ],
)
def test_values_out_of_range_name_their_field(value: tuple[int | None, int | None, int | None], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_value(*value)
    assert refused.value.field == field
