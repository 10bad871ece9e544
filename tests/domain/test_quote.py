"""The laws of a quote, for every price and every code."""

from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.discount import AccountFacts, DiscountCode, Refusal
from services.domain.money import MAX_CHARGE_CENTS
from services.domain.pricing import PriceMode
from services.domain.quote import (
    BasePrice,
    PriceCalculation,
    Quote,
    Step,
    StepKind,
    UnknownCode,
    quote,
    steps_from_json,
    steps_to_json,
)
from tests.clock import ManualClock

NOW = ManualClock().moment
LAUNCH = BasePrice(2999, PriceMode.LAUNCH, 7)
TEN = DiscountCode(1, "LAUNCH10", 1000, None, None, True, 0, 0, NOW)
CENTS = st.integers(0, MAX_CHARGE_CENTS)
SMALL_CENTS = st.integers(0, 1000)
BASIS_POINTS = st.integers(1, 10_000)


def percent(basis_points: int) -> DiscountCode:
    return replace(TEN, percent_basis_points=basis_points)


def fixed(amount_cents: int) -> DiscountCode:
    return replace(TEN, percent_basis_points=None, amount_off_cents=amount_cents)


def quoted(base_cents: int, code: DiscountCode) -> Quote:
    return quote(BasePrice(base_cents), code=code, moment=NOW)


@given(CENTS | SMALL_CENTS, BASIS_POINTS)
def test_a_percentage_is_exact_decimal_arithmetic_rounded_half_up(base_cents: int, basis_points: int) -> None:
    exact = (Decimal(base_cents) * Decimal(basis_points) / Decimal(10_000)).quantize(Decimal(1), ROUND_HALF_UP)
    found = quoted(base_cents, percent(basis_points))
    assert found.discount_cents == exact
    assert found.total_cents == base_cents - exact
    assert 0 <= found.total_cents <= base_cents


@given(CENTS | SMALL_CENTS, BASIS_POINTS, BASIS_POINTS)
def test_a_larger_percentage_never_costs_more(base_cents: int, one: int, other: int) -> None:
    smaller, larger = sorted((one, other))
    assert quoted(base_cents, percent(larger)).total_cents <= quoted(base_cents, percent(smaller)).total_cents


@given(CENTS | SMALL_CENTS, CENTS | SMALL_CENTS, BASIS_POINTS)
def test_a_higher_price_never_costs_less(one: int, other: int, basis_points: int) -> None:
    lower, higher = sorted((one, other))
    code = percent(basis_points)
    assert quoted(lower, code).total_cents <= quoted(higher, code).total_cents


@given(CENTS | SMALL_CENTS, st.integers(1, MAX_CHARGE_CENTS))
def test_a_fixed_amount_takes_off_itself_and_never_more_than_the_price(base_cents: int, amount_cents: int) -> None:
    assert quoted(base_cents, fixed(amount_cents)).total_cents == max(0, base_cents - amount_cents)


@given(CENTS | SMALL_CENTS, BASIS_POINTS)
def test_the_steps_add_up_and_are_read_back_as_they_were(base_cents: int, basis_points: int) -> None:
    found = quoted(base_cents, percent(basis_points))
    assert sum(step.amount_cents for step in found.steps[:-1]) == found.steps[-1].amount_cents == found.total_cents
    assert [step.kind for step in found.steps] == [StepKind.BASE, StepKind.DISCOUNT, StepKind.TOTAL]
    assert steps_from_json(steps_to_json(found.steps)) == found.steps


@given(CENTS | SMALL_CENTS, BASIS_POINTS)
def test_only_a_total_that_stripe_does_not_charge_is_refused(base_cents: int, basis_points: int) -> None:
    found = quoted(base_cents, percent(basis_points))
    assert (found.refusal is Refusal.BELOW_MINIMUM) == (1 <= found.total_cents <= 49)
    assert (found.sentence is None) == (found.refusal is None)
    assert found.applied == (None if found.refusal else "LAUNCH10")


def test_a_quote_says_how_it_comes_about() -> None:
    found = quote(LAUNCH, code=TEN, moment=NOW)
    assert found.explanation == "base 29.99 launch, LAUNCH10 −10 % = −3.00, total 26.99"
    assert found.steps[1] == Step(StepKind.DISCOUNT, -300, "LAUNCH10 −10 % = −3.00")
    assert quote(LAUNCH, code=fixed(2000), moment=NOW).explanation == "base 29.99 launch, LAUNCH10 = −20.00, total 9.99"
    assert quote(LAUNCH, moment=NOW).explanation == "base 29.99 launch, total 29.99"
    assert quote(BasePrice(500), moment=NOW).explanation == "base 5.00, total 5.00"


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (replace(TEN, active=False), Refusal.DISABLED),
        (replace(TEN, starts_at=NOW + timedelta(microseconds=1)), Refusal.NOT_STARTED),
        (replace(TEN, ends_at=NOW), Refusal.EXPIRED),
        (replace(TEN, max_uses=1, held=1), Refusal.SOLD_OUT),
        (replace(TEN, per_account_limit=2), Refusal.PER_ACCOUNT),
        (replace(TEN, min_amount_cents=3000), Refusal.MIN_AMOUNT),
        (replace(TEN, first_purchase_only=True), Refusal.FIRST_PURCHASE),
        (replace(TEN, stacks_on_launch=False), Refusal.NOT_STACKABLE),
        (UnknownCode.named("nothing"), Refusal.UNKNOWN),
        (UnknownCode.named("\u017fave10"), Refusal.UNKNOWN),
    ],
)
def test_a_refused_code_takes_nothing_off_and_says_why(code: DiscountCode | UnknownCode, refusal: Refusal) -> None:
    found = quote(LAUNCH, code=code, account=AccountFacts(uses=2, has_purchased=True), moment=NOW)
    assert (found.refusal, found.total_cents, found.applied) == (refusal, 2999, None)
    assert found.sentence
    assert found.steps[1].kind is StepKind.REFUSED
    assert found.explanation.endswith(f" not applied ({refusal}), total 29.99")
    calculation = PriceCalculation.of(found)
    assert calculation == PriceCalculation(2999, 0, 2999, None)
    assert (calculation.refusal, calculation.refusal_code) == (found.sentence, refusal)


def test_terms_about_an_account_are_not_judged_without_one() -> None:
    code = replace(TEN, first_purchase_only=True, per_account_limit=1)
    assert quote(LAUNCH, code=code, moment=NOW).total_cents == 2699


def test_a_total_below_the_minimum_is_shown_but_not_taken() -> None:
    found = quote(LAUNCH, code=fixed(2969), moment=NOW)
    assert (found.refusal, found.total_cents) == (Refusal.BELOW_MINIMUM, 30)
    assert PriceCalculation.of(found) == PriceCalculation(2999, 0, 2999, None)
    assert PriceCalculation.of(found, any_total=True) == PriceCalculation(2999, 2969, 30, "LAUNCH10")
