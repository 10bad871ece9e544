"""How the discounts screen and its dialogs look, at the smallest usual size and on a wide screen."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from services.discounts import CodeTerms
from services.domain.card import Card
from tests.clock import ManualClock
from tests.tui.checkout_scene import Scene, ScriptedStripe, scene_on
from tests.tui.desks import settle, type_text
from tests.tui.snapshot import picture
from tui.widgets.table import Table

SMALL, WIDE = (80, 24), (120, 40)
VISA = Card("pm_1", "visa", "4242", 11, 2027)


@pytest.fixture
async def scene(sqlite_url: str, clock: ManualClock) -> AsyncIterator[Scene]:
    """A desk with codes of every status, with uses of one that were redeemed, released and held."""
    stripe = ScriptedStripe(clock=clock, now=clock(), cards={"cus_1": VISA})
    scene = scene_on(sqlite_url, clock, stripe)
    codes, now = scene.discounts, clock()
    codes.create(
        "WELCOME5",
        amount_off_cents=500,
        starts_at=now + timedelta(days=40),
        ends_at=now.replace(hour=0, minute=0, second=0) + timedelta(days=60),
        per_account_limit=1,
        first_purchase_only=True,
        min_amount_cents=2000,
        stacks_on_launch=False,
        note="winter mailing",
    )
    codes.create("AUTUMN-2026", percent_basis_points=1250, ends_at=now + timedelta(days=1))
    codes.create("LEAKED", percent_basis_points=9000)
    codes.set_active("LEAKED", False)
    codes.create("ONE", amount_off_cents=2000, max_uses=1)
    await scene.payments.create_checkout_session(scene.li.id, "ONE")
    for days in (1, 2, 2, 9, 0):
        clock.advance(days=days)
        result = await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10")
        stripe.pay(str(result.transaction_id), card=VISA)
        await scene.payments.refresh_order(result.order_id or 0)
    ended = await scene.payments.create_checkout_session(scene.li.id, "LAUNCH10")
    await scene.payments.expire_order(ended.order_id or 0)
    await scene.payments.create_checkout_session(scene.li.id, "LAUNCH10")
    codes.edit("LAUNCH10", CodeTerms(percent_basis_points=1000, max_uses=5))
    yield scene
    scene.runtime.database.close()


async def listed(_pilot: Pilot[None]) -> None:
    return


async def try_for_account(pilot: Pilot[None]) -> None:
    await pilot.press("t")
    await type_text(pilot, "launch10")
    await pilot.press("tab")
    await type_text(pilot, "maria")
    await settle(pilot)
    await pilot.press("enter")


async def report(pilot: Pilot[None]) -> None:
    await pilot.press("enter")


async def edit(pilot: Pilot[None]) -> None:
    await pilot.press("e")


async def duplicate(pilot: Pilot[None]) -> None:
    pilot.app.screen.query_one("#codes", Table).go_to("WELCOME5")
    await settle(pilot)
    await pilot.press("u")
    await type_text(pilot, "welcome6")


async def bulk(pilot: Pilot[None]) -> None:
    await pilot.press("b")
    await type_text(pilot, "500")
    await pilot.press("enter")
    await type_text(pilot, "xmas-")


async def switch_shown(pilot: Pilot[None]) -> None:
    await pilot.press("s", "D")


Steps = Callable[[Pilot[None]], Awaitable[None]]


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
@pytest.mark.parametrize("steps", [listed, try_for_account, report, edit, duplicate, bulk, switch_shown])
async def test_the_discounts_look_as_they_did(
    scene: Scene, svg: SnapshotAssertion, steps: Steps, size: tuple[int, int]
) -> None:
    app = scene.app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        app.screen.query_one("#codes", Table).go_to("LAUNCH10")
        await settle(pilot)
        await steps(pilot)
        await settle(pilot)
        assert picture(app) == svg
