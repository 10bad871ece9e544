"""An admin changes the prices: from the first key to the row in the database."""

from textual.pilot import Pilot
from textual.widgets import Static

from services.discounts import DiscountService
from services.domain.pricing import PriceMode
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.tui.desks import app_on, screen_text, settle, type_text
from tui.app import PaydeskApp
from tui.dialogs.dialog import Confirm
from tui.screens.pricing import PricingScreen
from tui.widgets.money_input import MoneyInput
from tui.widgets.table import Table


async def edit_launch(pilot: Pilot[None], price: str, reason: str = "november test") -> None:
    """Type a launch price and a reason, and ask to save."""
    await settle(pilot)
    await pilot.press("e")
    await type_text(pilot, price)
    await pilot.press("enter", "enter")
    await type_text(pilot, reason)
    await pilot.press("ctrl+s")
    await settle(pilot)


async def confirm(pilot: Pilot[None]) -> None:
    """Go from Cancel to the other button, and press it."""
    await pilot.press("tab", "enter")
    await settle(pilot)


def typed(app: PaydeskApp, name: str) -> str:
    return app.screen.query_one(f"#{name}", MoneyInput).value


async def test_a_new_desk_charges_what_the_settings_say(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        shown = screen_text(app)
    assert "▸ launch      $29.99  charged" in shown
    assert "from settings.env, never changed" in shown
    assert "No change yet" in shown


async def test_a_price_is_changed_with_its_effect_shown_first(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    DiscountService.over(runtime).create("LAUNCH10", percent_basis_points=1000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await type_text(pilot, "27.99")
        await settle(pilot)
        shown = screen_text(app)
        assert "was $29.99 −6.7 %" in shown
        assert "$29.99 → $27.99" in shown
        assert "LAUNCH10  −10 %  $26.99  $25.19" in shown
        assert pricing.current().version == 0
        await pilot.press("enter", "enter")
        await type_text(pilot, "november test")
        await pilot.press("ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
        assert "launch               $29.99 →      $27.99   −6.7 %" in shown
        assert "reason  november test" in shown
        assert pricing.current().version == 0
        await confirm(pilot)
        shown = screen_text(app)
        assert "✓ Saved as v1, in force at once." in shown
        assert "since 23 Nov 14:03, anna  v1" in shown
    change = pricing.current()
    assert (change.prices.launch_cents, change.reason, change.actor) == (2799, "november test", "anna")


async def test_the_mode_is_changed(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e", "shift+tab", "shift+tab", "right")
        await settle(pilot)
        assert "A customer pays $29.99 → $24.99  −16.7 %" in screen_text(app)
        await pilot.press("tab", "tab", "tab", "tab")
        await type_text(pilot, "sale starts")
        await pilot.press("ctrl+s")
        await confirm(pilot)
    assert DynamicPricingService.over(runtime).current().prices.mode is PriceMode.SALE


async def test_enter_held_down_saves_nothing(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await edit_launch(pilot, "27.99")
        assert isinstance(app.screen, Confirm)
        await pilot.press(*["enter"] * 20)
        await settle(pilot)
        assert isinstance(app.screen, PricingScreen)
        assert typed(app, "launch_cents") == "27.99"
    assert DynamicPricingService.over(runtime).current().version == 0


async def test_a_change_that_is_seldom_meant_must_be_typed_again(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await edit_launch(pilot, "9.99")
        assert "! launch moves by more than 50 %." in screen_text(app)
        await pilot.press("tab", "enter")
        await settle(pilot)
        assert pricing.current().version == 0
        app.screen.query_one("#type-this").focus()
        await type_text(pilot, "9.99")
        await pilot.press("tab", "tab", "enter")
        await settle(pilot)
    assert pricing.current().prices.launch_cents == 999


async def test_a_change_of_somebody_else_is_shown_and_not_overwritten(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await edit_launch(pilot, "27.99")
        pricing.change_prices(launch_cents=2899, sale_cents=1999, reason="the other desk")
        await confirm(pilot)
        shown = screen_text(app)
        notice = str(app.screen.query_one("#notice", Static).content)
        assert "anna changed the prices meanwhile: launch $29.99 → $28.99, sale $24.99 → $19.99." in notice
        assert typed(app, "launch_cents") == "27.99"
        assert typed(app, "sale_cents") == "19.99"
        assert "was $28.99" in shown
        assert pricing.current().version == 1
        await pilot.press("ctrl+s")
        await confirm(pilot)
    prices = pricing.current().prices
    assert (prices.launch_cents, prices.sale_cents, pricing.current().version) == (2799, 1999, 2)


async def test_every_mistake_stands_at_its_field_and_the_text_stays(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await edit_launch(pilot, "1_0", reason="")
        shown = screen_text(app)
        assert "✗ An amount is written like 12" in shown
        assert typed(app, "launch_cents") == "1_0"
        await pilot.press("escape", "e")
        await type_text(pilot, "27.99")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✗ Say why: it stands in the" in screen_text(app)
    assert DynamicPricingService.over(runtime).current().version == 0


async def test_an_earlier_version_is_put_back_as_a_new_change(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    pricing.change_prices(launch_cents=2799, reason="first")
    pricing.change_prices(launch_cents=2899, reason="second")
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("j", "v")
        await settle(pilot)
        await pilot.press("ctrl+s")
        await confirm(pilot)
    change = pricing.current()
    assert (change.version, change.prices.launch_cents, change.reason) == (3, 2799, "back to v1")
    assert [change.version for change in pricing.history()] == [3, 2, 1]


async def test_digits_typed_in_a_field_do_not_leave_the_screen(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e", "3", "escape", "3")
        await settle(pilot)
        assert not isinstance(app.screen, PricingScreen)
        await pilot.press("2")
        await settle(pilot)
        assert typed(app, "launch_cents") == "3"


async def test_refresh_keeps_the_cursor_and_what_is_typed(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    for number in range(30):
        pricing.change_prices(launch_cents=2000 + number, reason=f"change {number}")
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await type_text(pilot, "21")
        await pilot.press("escape", *["j"] * 12)
        pricing.change_prices(rrp_cents=5999, reason="meanwhile")
        await pilot.press("r")
        await settle(pilot)
        assert app.screen.query_one(PricingScreen.HOME, Table).key == "18"
        assert typed(app, "launch_cents") == "21"
        assert typed(app, "rrp_cents") == "59.99"
