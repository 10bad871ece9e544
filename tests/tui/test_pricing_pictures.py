"""Pictures of the pricing screen: what is planned, what an edit does, what is taken back."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from services.discounts import DiscountService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.tui.checkout_scene import ScriptedStripe, scene_on
from tests.tui.desks import settle
from tests.tui.pricing_scene import ask_to_save, confirm, desk_of, fill, pricing_on
from tests.tui.snapshot import picture

SMALL, WIDE = (80, 24), (120, 40)
Steps = Callable[[Pilot[None], Runtime], Awaitable[None]]


@pytest.fixture
async def desk(sqlite_url: str, clock: ManualClock) -> Runtime:
    """A sale that ends, a plan for Christmas, one that was withdrawn, and two checkouts from before the sale."""
    scene = scene_on(sqlite_url, clock, ScriptedStripe(clock=clock))
    for code in (None, "LAUNCH10"):
        await scene.payments.create_checkout_session(scene.maria.id, code)
    pricing = DynamicPricingService.over(scene.runtime)
    DiscountService.over(scene.runtime).create("NO-LAUNCH", percent_basis_points=2500, stacks_on_launch=False)
    clock.advance(minutes=20)
    pricing.change_prices(mode="sale", reason="autumn sale", ends_at=datetime(2026, 12, 1, tzinfo=UTC))
    clock.advance(hours=1)
    pricing.change_prices(rrp_cents=5499, reason="a mistake", effective_at=datetime(2026, 12, 20, 9, tzinfo=UTC))
    pricing.change_prices(mode="rrp", reason="christmas", effective_at=datetime(2026, 12, 24, 9, tzinfo=UTC))
    pricing.withdraw(2, "it was one")
    return scene.runtime


async def planned(_pilot: Pilot[None], _runtime: Runtime) -> None:
    return


async def unclear_time(pilot: Pilot[None], _runtime: Runtime) -> None:
    await fill(pilot, launch_cents="29.80", effective_at="2027-10-31 01:30")


async def edit(pilot: Pilot[None], _runtime: Runtime) -> None:
    await fill(pilot, launch_cents="29.80", sale_cents="9.99", ends_at="2026-12-10", reason="longer and cheaper")


async def save(pilot: Pilot[None], runtime: Runtime) -> None:
    await edit(pilot, runtime)
    await ask_to_save(pilot)


async def overtaken(pilot: Pilot[None], runtime: Runtime) -> None:
    await fill(pilot, sale_cents="22.99", reason="cheaper")
    await ask_to_save(pilot)
    DynamicPricingService.over(desk_of(runtime, "ben")).change_prices(
        sale_cents=2399, launch_cents=2899, reason="the other desk"
    )
    await confirm(pilot)


async def withdrawal(pilot: Pilot[None], _runtime: Runtime) -> None:
    await pilot.press("g", "w")


async def end_now(pilot: Pilot[None], _runtime: Runtime) -> None:
    await pilot.press("n")


async def expiry(pilot: Pilot[None], _runtime: Runtime) -> None:
    await pilot.press("x")


async def time_line(pilot: Pilot[None], _runtime: Runtime) -> None:
    await pilot.press("t")


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
@pytest.mark.parametrize(
    "steps", [planned, unclear_time, edit, save, overtaken, withdrawal, end_now, expiry, time_line]
)
async def test_pricing_looks_as_it_did(
    desk: Runtime, svg: SnapshotAssertion, steps: Steps, size: tuple[int, int]
) -> None:
    app = pricing_on(desk)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await steps(pilot, desk)
        await settle(pilot)
        assert picture(app) == svg
    desk.database.close()
