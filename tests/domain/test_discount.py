from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.domain.discount import (
    AccountFacts,
    CodeStatus,
    CodeTerms,
    DiscountCode,
    Refusal,
    canonical_code,
    check_value,
)
from services.domain.pricing import PriceMode
from services.errors import InvalidInput

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
TEN_PERCENT = DiscountCode(1, "SAVE10", 1000, None, None, True, 0, 0, NOW)

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
    assert (limited.status_at(NOW), limited.refusal_at(NOW), limited.uses_left) == (CodeStatus.ACTIVE, None, 1)
    sold_out = replace(limited, redeemed=1)
    assert (sold_out.status_at(NOW), sold_out.refusal_at(NOW)) == (CodeStatus.SOLD_OUT, Refusal.SOLD_OUT)
    assert (sold_out.uses_left, sold_out.uses_over) == (0, 0)
    disabled = replace(sold_out, active=False)
    assert (disabled.status_at(NOW), disabled.refusal_at(NOW)) == (CodeStatus.DISABLED, Refusal.DISABLED)
    assert TEN_PERCENT.uses_left is None


def test_a_limit_below_the_uses_counts_how_far_they_are_over() -> None:
    over = replace(TEN_PERCENT, max_uses=2, held=1, redeemed=4)
    assert (over.uses_left, over.uses_over, over.status_at(NOW)) == (0, 3, CodeStatus.SOLD_OUT)
    assert (replace(over, max_uses=None).uses_over, replace(over, max_uses=6).uses_over) == (0, 0)


@pytest.mark.parametrize(
    ("moment", "status", "refusal"),
    [
        (NOW - MICROSECOND, CodeStatus.SCHEDULED, Refusal.NOT_STARTED),
        (NOW, CodeStatus.ACTIVE, None),
        (NOW + DAY - MICROSECOND, CodeStatus.ACTIVE, None),
        (NOW + DAY, CodeStatus.EXPIRED, Refusal.EXPIRED),
    ],
)
def test_a_window_holds_its_beginning_and_not_its_end(
    moment: datetime, status: CodeStatus, refusal: Refusal | None
) -> None:
    code = replace(TEN_PERCENT, starts_at=NOW, ends_at=NOW + DAY)
    assert (code.status_at(moment), code.refusal_at(moment)) == (status, refusal)
    assert replace(code, as_of=moment).status is status


def test_the_strongest_reason_names_the_status() -> None:
    sold_out = replace(TEN_PERCENT, starts_at=NOW, ends_at=NOW + DAY, max_uses=1, held=1)
    assert sold_out.status_at(NOW) is CodeStatus.SOLD_OUT
    assert sold_out.status_at(NOW - DAY) is CodeStatus.SCHEDULED
    assert sold_out.status_at(NOW + DAY) is CodeStatus.EXPIRED
    assert replace(sold_out, active=False).status_at(NOW + DAY) is CodeStatus.DISABLED


@pytest.mark.parametrize(
    ("terms", "base_cents", "mode", "account", "refusal"),
    [
        ({"stacks_on_launch": False}, 2999, PriceMode.LAUNCH, None, Refusal.NOT_STACKABLE),
        ({"stacks_on_launch": False}, 2999, PriceMode.SALE, None, None),
        ({"stacks_on_launch": False}, 2999, None, None, None),
        ({"min_amount_cents": 3000}, 2999, None, None, Refusal.MIN_AMOUNT),
        ({"min_amount_cents": 2999}, 2999, None, None, None),
        ({"min_amount_cents": 3000}, None, None, None, None),
        ({"first_purchase_only": True}, 2999, None, AccountFacts(0, True), Refusal.FIRST_PURCHASE),
        ({"first_purchase_only": True}, 2999, None, AccountFacts(0, False), None),
        ({}, 2999, None, AccountFacts(0, True), None),
        ({"per_account_limit": 2}, 2999, None, AccountFacts(2, False), Refusal.PER_ACCOUNT),
        ({"per_account_limit": 2}, 2999, None, AccountFacts(1, False), None),
        ({"per_account_limit": 2}, 2999, None, None, None),
    ],
)
def test_the_terms_refuse_a_price_or_an_account(
    terms: dict[str, Any],
    base_cents: int | None,
    mode: PriceMode | None,
    account: AccountFacts | None,
    refusal: Refusal | None,
) -> None:
    assert replace(TEN_PERCENT, **terms).refusal_at(NOW, base_cents, mode, account) is refusal


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


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"per_account_limit": 0}, "per_account_limit"),
        ({"per_account_limit": True}, "per_account_limit"),
        ({"min_amount_cents": 0}, "min_amount_cents"),
        ({"min_amount_cents": 19.99}, "min_amount_cents"),
        ({"starts_at": datetime(2026, 1, 1)}, "starts_at"),  # noqa: DTZ001 - refused for having no zone
        ({"ends_at": date(2026, 1, 1)}, "ends_at"),
        ({"starts_at": NOW, "ends_at": NOW}, "ends_at"),
        ({"first_purchase_only": 1}, "first_purchase_only"),
        ({"stacks_on_launch": None}, "stacks_on_launch"),
        ({"note": "x" * 201}, "note"),
        ({"note": " x"}, "note"),
        ({"note": "\0"}, "note"),
        ({"max_uses": 0}, "max_uses"),
    ],
)
def test_terms_that_break_a_rule_name_their_field(terms: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        CodeTerms(percent_basis_points=1000, **terms)
    assert refused.value.field == field


def test_a_code_knows_its_terms() -> None:
    code = replace(TEN_PERCENT, ends_at=NOW, per_account_limit=1, note="spring")
    assert code.terms == CodeTerms(1000, None, None, per_account_limit=1, ends_at=NOW, note="spring")
