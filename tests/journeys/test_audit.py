"""An admin finds out who changed what, and goes to it."""

from services.accounts import AccountService
from services.balance import BalanceService
from services.discounts import DiscountService
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.tui.desks import app_on, screen_text, settle, type_text
from tui.messages import DiscountChanged
from tui.screens.audit import AuditScreen
from tui.screens.balances import BalancesScreen
from tui.screens.pricing import PricingScreen


async def test_a_change_is_found_by_person_object_and_period_and_shown_whole(
    runtime: Runtime, clock: ManualClock
) -> None:
    ben = Runtime(runtime.settings, runtime.database, None, clock, actor="ben")
    DiscountService.over(runtime).create("SUMMER", percent_basis_points=1000)
    clock.advance(days=1)
    DynamicPricingService.over(ben).change_prices(launch_cents=2799, reason="back to the list price")
    DiscountService.over(ben).set_active("SUMMER", False)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("6")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, AuditScreen)
        for words, found in (("by:ben", 2), ("code:summer", 2), ("by:ben code:summer", 1), ("2026-11-23", 1)):
            await pilot.press("slash")
            screen.filter.value = ""
            await type_text(pilot, words)
            await pilot.press("enter")
            await settle(pilot)
            assert (screen.trail.row_count, app.focused) == (found, screen.trail)
        await pilot.press("escape")
        await settle(pilot)
        assert (screen.filter.value, screen.trail.row_count) == ("", 3)
        await pilot.press("k", "enter")  # the cursor is still on the oldest entry
        await settle(pilot)
        shown = screen_text(app)
        for words in ("24 Nov 14:03:07 UTC", "who   ben", "did   change prices 1", "why   back to the list price"):
            assert words in shown
        assert "$29.99 → $27.99" in shown
        await pilot.press("escape", "o")
        await settle(pilot)
        assert isinstance(app.screen, PricingScreen)


async def test_a_mistake_in_the_filter_stands_beside_it_and_the_trail_stays(runtime: Runtime) -> None:
    DiscountService.over(runtime).create("SUMMER", percent_basis_points=1000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("6", "slash")
        await type_text(pilot, "account:maria")
        await settle(pilot)
        shown = screen_text(app)
        assert "✗ account:maria: a number follows the colon." in shown
        assert "create" in shown
        await pilot.press(*["backspace"] * 5, "7")
        await settle(pilot)
        shown = screen_text(app)
        assert "✗" not in shown
        assert "No entry fits the filter." in shown


async def test_a_word_is_completed_with_the_people_who_changed_anything(runtime: Runtime) -> None:
    DiscountService.over(runtime).create("SUMMER", percent_basis_points=1000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("6")
        await settle(pilot)
        await pilot.press("slash", *"by:")
        await settle(pilot)
        await pilot.press("right")
        assert isinstance(app.screen, AuditScreen)
        assert app.screen.filter.value == "by:anna"


async def test_from_a_correction_to_its_account(runtime: Runtime) -> None:
    account = AccountService.over(runtime).create("maria@example.com")
    BalanceService.over(runtime).add_credits(account.id, 1000, "goodwill")
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("6")
        await settle(pilot)
        assert "balance $0.00 → $10.00" in screen_text(app)
        await pilot.press("o")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        assert "maria@example.com" in screen_text(app)


async def test_what_is_changed_at_this_desk_shows_at_once(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("6")
        await settle(pilot)
        assert isinstance(app.screen, AuditScreen)
        assert app.screen.trail.row_count == 0
        app.calls.write(
            app,
            "New code",
            lambda desk: desk.discounts.create("SUMMER", percent_basis_points=1000),
            facts=[DiscountChanged()],
        )
        await settle(pilot)
        assert "code SUMMER" in screen_text(app)


async def test_the_palette_opens_the_trail_of_an_object(runtime: Runtime) -> None:
    for code in ("SUMMER", "WINTER"):
        DiscountService.over(runtime).create(code, percent_basis_points=1000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"audit", "space", *"code:summer")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, AuditScreen)
        assert (app.screen.filter.value, app.screen.trail.row_count) == ("code:summer", 1)
        await pilot.press("y")
        await settle(pilot)
        assert "anna create code SUMMER: percent 10 %" in app.clipboard
