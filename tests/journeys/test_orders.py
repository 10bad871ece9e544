"""What a person does with an order that is not paid: end it, try it again, check it, close it."""

from services.domain.checkout import Order, OrderStatus
from services.domain.discount import DiscountCode
from services.pricing_dynamic import DynamicPricingService
from services.sandbox import Sandbox
from tests.proof import assert_verified
from tests.tui.checkout_scene import Scene, order_line
from tests.tui.desks import screen_text, settle, type_text
from tui.screens.checkout_acts import CloseDialog, ExpireDialog, RetryDialog


async def open_order(scene: Scene) -> Order:
    result = await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10")
    return scene.payments.get_order(result.order_id or 0)


def launch10(scene: Scene) -> DiscountCode:
    code = scene.discounts.get("LAUNCH10")
    assert code is not None
    return code


async def odd_order(scene: Scene, sandbox: Sandbox) -> Order:
    """A paid order of which Stripe reports another amount than was asked for."""
    order = await open_order(scene)
    assert order.session_id is not None
    sandbox.pay(order.session_id)
    path = f"/v1/checkout/sessions/{order.session_id}"
    odd = sandbox.faults.mutate(lambda body: body | {"amount_total": 2499}, times=None, method="GET", path=path)
    order = await scene.payments.refresh_order(order.id)
    assert odd.landed == 1
    assert order.status is OrderStatus.NEEDS_REVIEW
    return order


async def test_an_open_checkout_is_ended_after_its_effect_was_shown(scene: Scene, sandbox: Sandbox) -> None:
    order = await open_order(scene)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        for shown in ("OPEN → EXPIRED", "The customer can no longer pay.", "LAUNCH10 gets its use back."):
            assert shown in screen_text(app)
        await pilot.press("enter")  # focus is on the button that changes nothing
        await settle(pilot)
        assert not isinstance(app.screen, ExpireDialog)
        assert scene.orders[0].status is OrderStatus.OPEN
        await pilot.press("x", "tab", "enter")
        await settle(pilot)
        assert "EXPIRED" in order_line(app, order.id)
    assert sandbox.session(str(order.session_id)).status == "expired"
    assert launch10(scene).uses == 0
    assert_verified(scene.runtime)


async def test_a_customer_who_is_faster_has_paid(scene: Scene, sandbox: Sandbox) -> None:
    order = await open_order(scene)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        sandbox.pay(str(order.session_id))
        await pilot.press("tab", "enter")
        await settle(pilot)
        (said,) = [notice.message for notice in app._notifications]
        assert said == "The customer was faster. Order 1 paid: $26.99, entry 1"
        assert "PAID" in order_line(app, order.id)
    assert scene.balance.get_balance(scene.maria.id) == 2699
    assert_verified(scene.runtime)


async def test_an_expired_order_is_tried_again_at_the_price_of_today(scene: Scene, sandbox: Sandbox) -> None:
    order = await open_order(scene)
    await scene.payments.expire_order(order.id)
    DynamicPricingService.over(scene.runtime).change_prices(mode="rrp")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("t")
        await settle(pilot)
        shown = screen_text(app)
        for words in ("$29.99 → $49.99  launch → rrp", "−$3.00 → −$5.00", "$26.99 → $44.99", "stays EXPIRED"):
            assert words in shown
        await pilot.press("tab", *["enter"] * 3)
        await settle(pilot)
        await pilot.press("escape")  # from the order, which the last enter may have opened
        assert "OPEN" in order_line(app, 2)
        assert "EXPIRED" in order_line(app, 1)
    assert [order.draft.total_cents for order in scene.orders] == [4499, 2699]
    assert len(sandbox.sessions) == 2
    assert (launch10(scene).held, launch10(scene).uses) == (1, 1)
    assert_verified(scene.runtime)


async def test_an_order_whose_code_is_gone_is_not_tried_again(scene: Scene) -> None:
    order = await open_order(scene)
    await scene.payments.expire_order(order.id)
    scene.discounts.set_active("LAUNCH10", active=False)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("t")
        await settle(pilot)
        assert isinstance(app.screen, RetryDialog)
        assert "✗ The code LAUNCH10 is disabled." in screen_text(app)
        assert app.screen.query_one("#confirm").disabled
        app.screen.confirm()
        await settle(pilot)
    assert len(scene.orders) == 1
    assert_verified(scene.runtime)


async def test_an_answer_cut_off_after_success_is_unknown_and_then_open(scene: Scene, sandbox: Sandbox) -> None:
    cut = sandbox.faults.malform("half_json", method="POST", path="/v1/checkout/sessions")
    order = await open_order(scene)
    assert cut.landed == 1
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "UNKNOWN" in order_line(app, order.id)
        assert "checking, try 1" in order_line(app, order.id)
        await pilot.press("r")
        await settle(pilot)
        assert "OPEN" in order_line(app, order.id)
    assert len(sandbox.sessions) == 1
    assert_verified(scene.runtime)


async def test_an_order_that_needs_a_review_is_checked_again_and_settles(scene: Scene, sandbox: Sandbox) -> None:
    order = await odd_order(scene, sandbox)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        (still,) = [notice.message for notice in app._notifications]
        assert still == "Order 1 needs a review: amount: Stripe has $24.99, the order has $26.99"
        sandbox.faults.clear()
        await pilot.press("r")
        await settle(pilot)
        assert "PAID" in order_line(app, order.id)
    assert scene.balance.get_balance(scene.maria.id) == 2699
    assert_verified(scene.runtime)


async def test_an_order_that_needs_a_person_is_closed_with_a_reason(scene: Scene, sandbox: Sandbox) -> None:
    order = await odd_order(scene, sandbox)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("X")
        await settle(pilot)
        for shown in ("REVIEW → FAILED", "LAUNCH10 gets its use back", "No money moves"):
            assert shown in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, CloseDialog)
        assert "✗" in screen_text(app)
        await type_text(pilot, "refunded at stripe")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "FAILED" in order_line(app, order.id)
    assert scene.orders[0].status_reason == "Closed by anna: refunded at stripe"
    assert launch10(scene).uses == 0
    assert scene.balance.get_balance(scene.maria.id) == 0
    assert_verified(scene.runtime)
