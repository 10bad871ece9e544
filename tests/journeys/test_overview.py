"""One look at the desk, and from there to what it is about."""

import pytest

from services.accounts import AccountService
from services.balance import BalanceService
from services.discounts import DiscountService
from services.domain.finding import FindingKind, Observation
from services.runtime import Runtime
from services.sandbox import Sandbox
from services.stores.findings import FindingStore
from tests.tui.checkout_scene import Scene, order_line, paid_order
from tests.tui.desks import app_on, screen_text, settle
from tui.dialogs.findings import FindingsDialog
from tui.messages import BalanceChanged
from tui.screens.balances import BalancesScreen
from tui.screens.checkout import CheckoutScreen
from tui.screens.desk_screen import DeskScreen
from tui.screens.discounts import DiscountsScreen
from tui.screens.pricing import PricingScreen
from tui.widgets.table import Table


@pytest.mark.parametrize(
    ("keys", "screen"),
    [
        ((), PricingScreen),
        (("right",), BalancesScreen),
        (("down",), BalancesScreen),
        (("down", "down"), CheckoutScreen),
        (("down", "down", "right"), DiscountsScreen),
        (("down", "down", "down"), CheckoutScreen),
    ],
    ids=["price", "balances", "movements", "orders", "codes", "person"],
)
async def test_each_tile_leads_to_its_screen(runtime: Runtime, keys: tuple[str, ...], screen: type[DeskScreen]) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        await pilot.press(*keys, "enter")
        await settle(pilot)
        assert isinstance(app.screen, screen)


async def test_from_the_lowest_balance_to_its_account_with_a_click(runtime: Runtime) -> None:
    accounts, balance = AccountService.over(runtime), BalanceService.over(runtime)
    for name, cents in (("maria", 5), ("li", 900), ("zoe", 17)):
        balance.deduct(accounts.create(f"{name}@example.com").id, cents, "calls")
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        assert "3 accounts below zero, −$9.22 in all" in screen_text(app)
        await pilot.click("#balances")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        assert "li@example.com" in screen_text(app)


async def test_from_a_code_close_to_its_limit_to_the_code(scene: Scene, sandbox: Sandbox) -> None:
    DiscountService.over(scene.runtime).create("FRIENDS", percent_basis_points=1250, max_uses=1)
    DiscountService.over(scene.runtime).create("MANY", percent_basis_points=1000, max_uses=10)
    for _ in range(9):
        await scene.payments.create_checkout_session(scene.maria.id, "MANY")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        assert "MANY 1 of 10 left" in screen_text(app)
        await pilot.press("down", "down", "right", "enter")
        await settle(pilot)
        assert isinstance(app.screen, DiscountsScreen)
        assert app.screen.copy_text() == "MANY"


async def test_the_oldest_open_order_and_the_one_that_failed_are_a_key_away(scene: Scene, sandbox: Sandbox) -> None:
    await paid_order(scene, sandbox, scene.maria)
    waits = await scene.payments.create_checkout_session(scene.li.id)
    refused = await scene.payments.create_checkout_session(scene.maria.id, success_url="https://")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        shown = screen_text(app)
        assert f"oldest open: order {waits.order_id}" in shown
        assert f"1 failed in 30 days (order {refused.order_id})" in shown
        for keys, order_id, word in (
            (("down", "down", "enter"), waits.order_id, "OPEN"),
            (("down", "enter"), refused.order_id, "FAILED"),
        ):
            await pilot.press("1", *keys)
            await settle(pilot)
            assert isinstance(app.screen, CheckoutScreen)
            assert word in order_line(app, order_id or 0)
            assert app.screen.query_one("#orders", Table).key == str(order_id)


async def test_findings_are_shown_where_nothing_else_needs_a_person(scene: Scene, sandbox: Sandbox) -> None:
    order = await paid_order(scene, sandbox, scene.maria)
    with scene.runtime.database.write() as connection:
        seen = Observation(FindingKind.REFUNDED_AT_STRIPE, order.id, "re_1", "$5.00 were refunded at Stripe.", 500)
        FindingStore().note(connection, seen, scene.runtime.clock())
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        assert "1 finding" in screen_text(app)
        await pilot.press("down", "down", "down", "enter")
        await settle(pilot)
        assert isinstance(app.screen, FindingsDialog)


async def test_what_is_changed_shows_at_once(runtime: Runtime) -> None:
    account = AccountService.over(runtime).create("maria@example.com")
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        assert "No account has a balance yet" in screen_text(app)
        app.calls.write(
            app,
            "Credit",
            lambda desk: desk.balance.add_credits(account.id, 1250, "goodwill"),
            facts=[BalanceChanged(account.id)],
        )
        await settle(pilot)
        shown = screen_text(app)
        assert "$12.50 owed; 1 account" in shown
        assert "+$12.50" in shown
