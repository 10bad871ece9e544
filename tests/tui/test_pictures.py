"""Pictures of the screens: what a person sees, at the smallest usual size and on a wide screen."""

from collections.abc import Awaitable, Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from services.discounts import DiscountService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.tui.desks import app_on, settle, type_text
from tests.tui.snapshot import picture
from tui.app import PaydeskApp
from tui.themes import PAYDESK_LIGHT

SLIM, SMALL, WIDE = (60, 20), (80, 24), (120, 40)


@pytest.fixture
def desk(runtime: Runtime, clock: ManualClock) -> PaydeskApp:
    """A desk with a few codes and a few changes of price."""
    discounts, pricing = DiscountService.over(runtime), DynamicPricingService.over(runtime)
    discounts.create("LAUNCH10", percent_basis_points=1000)
    discounts.create("VIP", amount_off_cents=2000, max_uses=5)
    discounts.create("ALMOST", amount_off_cents=2780, max_uses=100)
    discounts.create("AUTUMN-2025", percent_basis_points=1250)
    discounts.set_active("AUTUMN-2025", False)
    pricing.change_prices(mode="sale", reason="autumn sale")
    clock.advance(days=1, hours=3)
    pricing.change_prices(mode="launch", launch_cents=2799, reason="the sale has ended a week early")
    clock.advance(days=2, minutes=17)
    pricing.change_prices(launch_cents=2999, rrp_cents=5499, reason="november test")
    return app_on(runtime)


async def edit(pilot: Pilot[None]) -> None:
    await pilot.press("e")
    await type_text(pilot, "27.99")


async def ask_to_save(pilot: Pilot[None]) -> None:
    await pilot.press("e")
    await type_text(pilot, "9.99")
    await pilot.press(*["enter"] * 4)
    await type_text(pilot, "black friday")
    await pilot.press("ctrl+s")


async def details(pilot: Pilot[None]) -> None:
    await pilot.press("j", "enter")


async def discounts(pilot: Pilot[None]) -> None:
    await pilot.press("3")


async def new_code(pilot: Pilot[None]) -> None:
    await pilot.press("3")
    await settle(pilot)
    await pilot.press("n")
    await type_text(pilot, "summer")
    await pilot.press("enter")
    await type_text(pilot, "99")
    await pilot.press("enter", "x", "ctrl+s")


async def show_help(pilot: Pilot[None]) -> None:
    await pilot.press("question_mark")


async def nothing(_pilot: Pilot[None]) -> None:
    return


Steps = Callable[[Pilot[None]], Awaitable[None]]


@pytest.mark.parametrize("size", [SLIM, SMALL, WIDE], ids=["slim", "small", "wide"])
@pytest.mark.parametrize("steps", [nothing, edit, ask_to_save, details, discounts, new_code, show_help])
async def test_a_screen_looks_as_it_did(
    desk: PaydeskApp, svg: SnapshotAssertion, steps: Steps, size: tuple[int, int]
) -> None:
    async with desk.run_test(size=size) as pilot:
        await settle(pilot)
        await steps(pilot)
        await settle(pilot)
        assert picture(desk) == svg


async def test_the_light_theme_looks_as_it_did(desk: PaydeskApp, svg: SnapshotAssertion) -> None:
    desk.theme = PAYDESK_LIGHT.name
    async with desk.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert picture(desk) == svg
