"""A price is changed while customers have checkouts open at the older one."""

from services.domain.checkout import OrderStatus
from services.pricing_dynamic import DynamicPricingService
from services.sandbox import Sandbox
from services.sandbox.faults import Fault
from tests.proof import assert_verified
from tests.tui.checkout_scene import Scene
from tests.tui.desks import screen_text, settle
from tests.tui.pricing_scene import ask_to_save, confirm, fill, followed_by, pricing_on, told
from tui.dialogs.price_lists import CheckoutExpiry


async def open_checkouts(scene: Scene, number: int) -> list[int]:
    """Checkouts that wait for their customers; the first has a code."""
    results = [
        await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10" if index == 0 else None)
        for index in range(number)
    ]
    return [result.order_id or 0 for result in results]


def statuses(scene: Scene) -> list[OrderStatus]:
    """Where the orders stand, oldest first."""
    return [order.status for order in reversed(scene.orders)]


async def test_open_checkouts_keep_the_old_price_and_are_expired_on_demand(scene: Scene, sandbox: Sandbox) -> None:
    first, *_ = await open_checkouts(scene, 3)
    app = pricing_on(scene.runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert followed_by(app) == ""
        await pilot.press("x")
        await settle(pilot)
        assert not isinstance(app.screen, CheckoutExpiry), "none has an older price"
        await fill(pilot, launch_cents="27.99", reason="cheaper")
        assert "! 3 open checkouts keep $29.99 until 24 Nov 14:03." in followed_by(app)
        await ask_to_save(pilot)
        assert "! 3 open checkouts keep $29.99 until 24 Nov 14:03." in screen_text(app)
        await confirm(pilot)
        assert "! 3 open checkouts keep $29.99 until 24 Nov 14:03: x expires them." in followed_by(app)
        assert statuses(scene) == [OrderStatus.OPEN] * 3
        await pilot.press("x")
        await settle(pilot)
        shown = screen_text(app)
        assert f"{first}  $29.99  $26.99" in shown
        assert shown.count("OPEN → EXPIRED") == 3
        assert "can no longer pay" in shown
        await pilot.press("enter")  # focus is on the button that changes nothing
        await settle(pilot)
        assert statuses(scene) == [OrderStatus.OPEN] * 3
        await pilot.press("x")
        await confirm(pilot)
        assert told(app) == "✓ 3 of 3 checkouts expired."
        assert followed_by(app) == ""
    assert statuses(scene) == [OrderStatus.EXPIRED] * 3
    assert {sandbox.session(str(order.session_id)).status for order in scene.orders} == {"expired"}
    assert_verified(scene.runtime)


async def test_a_customer_who_is_faster_has_bought_at_the_old_price(scene: Scene, sandbox: Sandbox) -> None:
    first, _ = await open_checkouts(scene, 2)
    DynamicPricingService.over(scene.runtime).change_prices(launch_cents=2799, reason="cheaper")
    app = pricing_on(scene.runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        sandbox.pay(str(scene.payments.get_order(first).session_id))
        await confirm(pilot)
        assert told(app).splitlines() == ["! 1 of 2 checkouts expired.", f"order {first} is paid"]
    assert statuses(scene) == [OrderStatus.PAID, OrderStatus.EXPIRED]
    assert_verified(scene.runtime)


async def test_what_stripe_does_not_answer_ends_the_round_and_can_be_tried_again(
    scene: Scene, sandbox: Sandbox
) -> None:
    await open_checkouts(scene, 3)
    DynamicPricingService.over(scene.runtime).change_prices(launch_cents=2799, reason="cheaper")
    second = sorted(scene.orders, key=lambda order: order.id)[1]
    fault = sandbox.faults.add(Fault.SERVER_ERROR, times=None, path=f"/v1/checkout/sessions/{second.session_id}/expire")
    app = pricing_on(scene.runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await confirm(pilot)
        assert fault.landed > 0
        assert told(app).startswith("! 1 of 3 checkouts expired.\norder ")
        assert "2 open checkouts keep $29.99" in followed_by(app)
    assert sum(status is OrderStatus.OPEN for status in statuses(scene)) == 2
    assert_verified(scene.runtime)
