import pytest

from services.domain.pricing import PriceMode, Prices
from services.errors import InvalidInput

PRICES = Prices(PriceMode.LAUNCH, 4999, 2999, 2499)


@pytest.mark.parametrize(("mode", "cents"), [("rrp", 4999), ("launch", 2999), ("sale", 2499)])
def test_the_mode_picks_the_price_in_force(mode: str, cents: int) -> None:
    edited = PRICES.edited(mode=mode)
    assert edited.in_force_cents == PRICES.of(PriceMode(mode)) == cents


def test_what_is_not_given_stays_and_the_original_is_untouched() -> None:
    assert PRICES.edited(launch_cents=1999) == Prices(PriceMode.LAUNCH, 4999, 1999, 2499)
    assert PRICES.edited() == PRICES
    assert PRICES.launch_cents == 2999


def test_a_price_reaches_from_nothing_to_the_most_that_can_be_charged() -> None:
    assert PRICES.edited(rrp_cents=99_999_999, launch_cents=0) == Prices(PriceMode.LAUNCH, 99_999_999, 0, 2499)


@pytest.mark.parametrize("field", ["rrp_cents", "launch_cents", "sale_cents"])
@pytest.mark.parametrize("value", [-1, 100_000_000, 19.99, True, "2999"])
def test_what_is_not_a_price_names_its_field(field: str, value: int) -> None:
    arguments = {field: value}
    with pytest.raises(InvalidInput, match="A price is from") as refused:
        PRICES.edited(**arguments)  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.parametrize("mode", ["", "LAUNCH", "free", " launch"])
def test_an_unknown_mode_is_refused(mode: str) -> None:
    with pytest.raises(InvalidInput, match="rrp, launch and sale") as refused:
        PRICES.edited(mode=mode)
    assert refused.value.field == "mode"
