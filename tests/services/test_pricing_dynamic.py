from typing import Any

import pytest

from services.database import Database
from services.discounts import DiscountService
from services.domain.audit import AuditEntry
from services.errors import Conflict, InvalidInput, NotFound, StalePrice
from services.pricing_dynamic import (
    DiscountValidation,
    DynamicPricingService,
    PriceCalculation,
    PriceChange,
    PriceMode,
    Prices,
)
from services.runtime import Runtime
from services.settings import Settings
from services.stores.audit import AuditStore
from services.stores.prices import PriceStore
from tests.clock import ManualClock


@pytest.fixture
def pricing(runtime: Runtime) -> DynamicPricingService:
    return DynamicPricingService.over(runtime)


@pytest.fixture
def discounts(runtime: Runtime) -> DiscountService:
    return DiscountService.over(runtime)


def audit(database: Database) -> list[AuditEntry]:
    with database.read() as connection:
        return AuditStore().newest(connection, 100)


def test_a_fresh_desk_sells_at_the_launch_price(pricing: DynamicPricingService) -> None:
    assert pricing.get_base_price_cents() == 2999
    assert pricing.current() == PriceChange(0, Prices(PriceMode.LAUNCH, 4999, 2999, 2499), "", "settings", None, None)
    assert pricing.history() == []
    price = pricing.get_checkout_price()
    assert price == PriceCalculation(2999, 0, 2999, None)
    assert (price.price_mode, price.price_version, price.refusal) == (PriceMode.LAUNCH, 0, None)


def test_the_settings_give_the_starting_prices_alone(runtime: Runtime) -> None:
    settings = Settings(_env_file=None, price_mode="sale", price_sale_cents=1999)
    pricing = DynamicPricingService.over(Runtime(settings, runtime.database, None, runtime.clock, "anna"))
    assert pricing.get_base_price_cents() == 1999
    pricing.change_prices(sale_cents=1500)
    assert DynamicPricingService.over(runtime).get_base_price_cents() == 1500


def test_a_code_takes_its_part_off_and_a_refused_one_takes_nothing(
    pricing: DynamicPricingService, discounts: DiscountService
) -> None:
    save10 = discounts.create("SAVE10", percent_basis_points=1000)
    off = discounts.create("OFF", percent_basis_points=1000)
    off = discounts.set_active("OFF", False)
    discounts.create("HALF", percent_basis_points=5000)
    discounts.create("TWENTY", amount_off_cents=2000)

    assert pricing.validate_discount_code(" save10 ") == DiscountValidation(True, save10, None)
    assert pricing.validate_discount_code("INVALID") == DiscountValidation(False, None, "There is no code INVALID.")
    assert pricing.validate_discount_code("off") == DiscountValidation(False, off, "The code OFF is disabled.")
    assert pricing.validate_discount_code("\u017fave10").error_message == (
        "A code is 2 to 40 letters A-Z, digits, - or _."
    )

    assert pricing.get_checkout_price("save10") == PriceCalculation(2999, 300, 2699, "SAVE10")
    assert pricing.calculate_final_price(2999, "SAVE10") == PriceCalculation(2999, 300, 2699, "SAVE10")
    assert pricing.calculate_final_price(999, "HALF") == PriceCalculation(999, 500, 499, "HALF")
    assert pricing.calculate_final_price(125, "SAVE10") == PriceCalculation(125, 13, 112, "SAVE10")
    assert pricing.calculate_final_price(1500, "TWENTY") == PriceCalculation(1500, 1500, 0, "TWENTY")
    assert pricing.calculate_final_price(0, "SAVE10") == PriceCalculation(0, 0, 0, "SAVE10")
    assert pricing.calculate_final_price(2999) == PriceCalculation(2999, 0, 2999, None)
    for code in ("INVALID", "OFF", "", "\u212aELVIN", "nul \0"):
        refused = pricing.calculate_final_price(2999, code)
        assert refused == PriceCalculation(2999, 0, 2999, None)
        assert refused.discount_code_applied is None
        assert refused.refusal
        assert pricing.get_checkout_price(code) == PriceCalculation(2999, 0, 2999, None)


def test_a_quote_takes_no_use_of_its_code(pricing: DynamicPricingService, discounts: DiscountService) -> None:
    discounts.create("ONCE", percent_basis_points=1000, max_uses=1)
    for _ in range(3):
        assert pricing.get_checkout_price("ONCE").final_price_cents == 2699
    found = discounts.get("ONCE")
    assert found is not None
    assert found.uses == 0


def test_what_is_no_base_price_is_refused(pricing: DynamicPricingService) -> None:
    prices: list[Any] = [-1, 29.99, True, "2999", None]
    for price in prices:
        with pytest.raises(InvalidInput) as refused:
            pricing.calculate_final_price(price)
        assert refused.value.field == "base_price_cents"


def test_a_change_is_stored_dated_attributed_and_audited(
    pricing: DynamicPricingService, database: Database, clock: ManualClock
) -> None:
    first = pricing.change_prices(launch_cents=1999, reason="  black week  ")
    assert first == PriceChange(
        1, Prices(PriceMode.LAUNCH, 4999, 1999, 2499), "black week", "anna", clock.moment, clock.moment
    )
    clock.advance(days=1)
    second = pricing.change_prices(mode="rrp")
    assert (second.version, second.prices) == (2, Prices(PriceMode.RRP, 4999, 1999, 2499))
    assert second.effective_at == clock.moment
    assert pricing.current() == second
    assert pricing.get_base_price_cents() == 4999
    assert pricing.history() == [second, first]
    assert pricing.history(limit=1) == [second]
    newest, oldest = audit(database)
    assert (newest.actor, newest.action, newest.object_type, newest.object_id) == ("anna", "change", "prices", "2")
    assert newest.before == {"mode": "launch", "rrp_cents": 4999, "launch_cents": 1999, "sale_cents": 2499}
    assert newest.after == {"mode": "rrp", "rrp_cents": 4999, "launch_cents": 1999, "sale_cents": 2499}
    assert (oldest.reason, oldest.object_id) == ("black week", "1")


def test_a_change_is_undone_by_another_one(pricing: DynamicPricingService) -> None:
    before = pricing.current().prices
    pricing.change_prices(mode="sale", launch_cents=1)
    change = pricing.revert(0)
    assert (change.version, change.prices, change.reason) == (2, before, "back to v0")
    assert pricing.current() == change
    assert pricing.revert(1, reason="after all", expected_version=2).prices.launch_cents == 1
    assert len(pricing.history()) == 3
    for missing in (4, -1, 2**63):
        with pytest.raises(NotFound):
            pricing.revert(missing)


def test_a_refused_change_leaves_no_trace(pricing: DynamicPricingService, database: Database) -> None:
    pricing.change_prices(launch_cents=1999)
    before = (pricing.history(), audit(database))
    bad: list[tuple[dict[str, Any], str]] = [
        ({"rrp_cents": -1}, "rrp_cents"),
        ({"launch_cents": 19.99}, "launch_cents"),
        ({"sale_cents": True}, "sale_cents"),
        ({"sale_cents": 100_000_000}, "sale_cents"),
        ({"mode": "free"}, "mode"),
        ({"mode": "rrp", "reason": "x" * 201}, "reason"),
        ({"mode": "rrp", "reason": "nul \0"}, "reason"),
        ({"mode": "rrp", "reason": None}, "reason"),
    ]
    for arguments, field in bad:
        with pytest.raises(InvalidInput) as refused:
            pricing.change_prices(**arguments)
        assert refused.value.field == field
    for same in ({}, {"mode": "launch"}, {"launch_cents": 1999, "rrp_cents": 4999}):
        with pytest.raises(Conflict, match="in force already"):
            pricing.change_prices(**same)
    assert (pricing.history(), audit(database)) == before


def test_a_change_on_an_older_version_is_refused_and_shows_whose_came_first(
    pricing: DynamicPricingService, runtime: Runtime, database: Database
) -> None:
    seen = pricing.current().version
    ben = DynamicPricingService.over(Runtime(runtime.settings, runtime.database, None, runtime.clock, "ben"))
    ben.change_prices(launch_cents=1999, expected_version=seen)
    with pytest.raises(StalePrice, match=r"changed by ben .*\(version 1, your edit was made on 0\)"):
        pricing.change_prices(launch_cents=2499, expected_version=seen)
    assert pricing.get_base_price_cents() == 1999
    assert len(audit(database)) == 1
    assert pricing.change_prices(launch_cents=2499, expected_version=1).version == 2


def test_a_change_whose_moment_has_not_come_is_not_in_force(
    pricing: DynamicPricingService, database: Database, clock: ManualClock
) -> None:
    now = clock.moment
    clock.advance(hours=1)
    planned = PriceChange(1, Prices(PriceMode.SALE, 4999, 2999, 999), "", "anna", clock.moment, now)
    with database.write() as connection:
        PriceStore().append(connection, planned)
    clock.advance(seconds=-1)
    assert pricing.get_base_price_cents() == 2999
    clock.advance(seconds=1)
    assert pricing.current() == planned


def test_a_clock_that_was_set_back_does_not_put_an_older_change_in_force(
    pricing: DynamicPricingService, clock: ManualClock
) -> None:
    first = pricing.change_prices(launch_cents=1999)
    clock.advance(seconds=-2)
    with pytest.raises(StalePrice):
        pricing.change_prices(launch_cents=2499, expected_version=0)
    second = pricing.change_prices(launch_cents=2499, expected_version=first.version)
    assert second.effective_at == first.effective_at
    clock.advance(seconds=2)
    assert pricing.current() == second
