"""What became of a code's uses, told from its orders."""

from services.domain.discount import Refusal
from services.sandbox import Sandbox
from tests.clock import ManualClock
from tests.journeys.test_discounts import open_discounts
from tests.tui.checkout_scene import Scene, paid_order
from tests.tui.desks import screen_text, settle
from tui.dialogs.code_report import CodeReportDialog
from tui.screens.checkout import CheckoutScreen
from tui.widgets.table import Table


async def test_a_report_tells_sums_days_and_every_use(scene: Scene, sandbox: Sandbox, clock: ManualClock) -> None:
    first = await paid_order(scene, sandbox, scene.maria, "LAUNCH10")
    clock.advance(days=3)
    await paid_order(scene, sandbox, scene.li, "LAUNCH10")
    held = await scene.payments.create_checkout_session(scene.li.id, "LAUNCH10")
    scene.refunds.refund(first.id, 500, "Could not use it")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        assert app.screen.query_one("#codes", Table).go_to("LAUNCH10")
        await settle(pilot)
        line = next(line for line in screen_text(app).splitlines() if "│ LAUNCH10" in line)
        assert line.split()[1:11] == ["LAUNCH10", "active", "−10", "%", "1", "2", "7", "$6.00", "0", "s"]
        await pilot.press("enter")
        await settle(pilot)
        shown = screen_text(app)
        assert isinstance(app.screen, CodeReportDialog)
        assert "1 held, 2 redeemed, 0 released" in shown
        assert "saved $6.00   revenue $53.98   refunded $5.00" in shown
        assert f"redeemed{'':54}█  █" in shown
        assert f"held{'':61}█" in shown
        rows = [line.split() for line in shown.splitlines() if "$3.00" in line]
        assert [row[row.index("$3.00") - 1] for row in rows] == ["held", "redeemed", "redeemed"]
        assert str(held.order_id) in rows[0]
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, CheckoutScreen)


async def test_a_code_without_uses_says_so(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("o")
        await settle(pilot)
        assert "No order was made with it yet." in screen_text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert Refusal.BELOW_MINIMUM.sentence("ALMOST")[:40] in screen_text(app)
