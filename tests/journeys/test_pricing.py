"""An admin changes the prices: from the first key to the row in the database."""

from textual.pilot import Pilot

from services.audit import AuditService
from services.discounts import DiscountService
from services.domain.pricing import PriceMode
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.tui.desks import hold, screen_text, settle, type_text
from tests.tui.pricing_scene import ask_to_save, confirm, desk_of, error_at, fill, pricing_on, told, typed
from tui.dialogs.price_save import PriceSave
from tui.screens.pricing import PricingScreen
from tui.screens.pricing_words import HISTORY_LENGTH
from tui.widgets.table import Table


async def edit_launch(pilot: Pilot[None], price: str, reason: str = "november test") -> None:
    """Type a launch price and a reason, and ask to save."""
    await fill(pilot, launch_cents=price, reason=reason)
    await ask_to_save(pilot)


def audited(runtime: Runtime) -> int:
    """How many changes of prices the audit trail has."""
    return sum(entry.object_type == "prices" for entry in AuditService.over(runtime).find())


async def test_a_new_desk_charges_what_the_settings_say(runtime: Runtime) -> None:
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        shown = screen_text(app)
    assert "▸ launch      $29.99  charged" in shown
    assert "from settings.env, unchanged" in shown
    assert "No change yet" in shown


async def test_a_price_is_changed_with_its_effect_shown_first(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    DiscountService.over(runtime).create("LAUNCH10", percent_basis_points=1000)
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await type_text(pilot, "27.99")
        await settle(pilot)
        shown = screen_text(app)
        assert "was $29.99 −6.7 %" in shown
        assert "$29.99 → $27.99" in shown
        assert "LAUNCH10 $26.99 $25.19" in " ".join(shown.split())
        assert pricing.current().version == 0
        await pilot.press(*["enter"] * 4)
        await type_text(pilot, "november test")
        await pilot.press("ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
        assert "launch               $29.99 →      $27.99   −6.7 %" in shown
        assert "from    now  until further notice" in shown
        assert "reason  november test" in shown
        assert pricing.current().version == 0
        await confirm(pilot)
        shown = screen_text(app)
        assert "✓ Saved as v1, in force at once." in shown
        assert "since 23 Nov 14:03, anna  v1" in shown
    change = pricing.current()
    assert (change.prices.launch_cents, change.reason, change.actor) == (2799, "november test", "anna")
    assert audited(runtime) == 1


async def test_the_mode_is_changed(runtime: Runtime) -> None:
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e", "shift+tab", "shift+tab", "right")
        await settle(pilot)
        assert "A customer pays $29.99 → $24.99  −16.7 %" in screen_text(app)
        await fill(pilot, reason="sale starts")
        await ask_to_save(pilot)
        await confirm(pilot)
    assert DynamicPricingService.over(runtime).current().prices.mode is PriceMode.SALE


async def test_a_mode_that_moves_what_a_customer_pays_far_asks_for_the_price(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e", "shift+tab", "shift+tab", "left")
        await fill(pilot, reason="back to the list price")
        await ask_to_save(pilot)
        assert "! What a customer pays moves by more than 50 %." in screen_text(app)
        assert "type 49.99 to go on" in screen_text(app)
        assert app.screen.query_one("#confirm").disabled
        await fill(pilot, rrp_cents="49.99")
        await pilot.press("tab", "tab", "enter")
        await settle(pilot)
    assert pricing.current().prices.mode is PriceMode.RRP


async def test_enter_held_down_saves_nothing(runtime: Runtime) -> None:
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await edit_launch(pilot, "27.99")
        assert isinstance(app.screen, PriceSave)
        await hold(pilot, "enter")
        await settle(pilot)
        assert isinstance(app.screen, PricingScreen)
        assert typed(app, "launch_cents") == "27.99"
    assert DynamicPricingService.over(runtime).current().version == 0


async def test_a_change_that_is_seldom_meant_must_be_typed_again(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await edit_launch(pilot, "9.99")
        assert "! launch moves by more than 50 %." in screen_text(app)
        await pilot.press("tab", "enter")
        await settle(pilot)
        assert pricing.current().version == 0
        await fill(pilot, launch_cents="9.98")
        await pilot.press("tab", "tab", "enter")
        await settle(pilot)
        assert pricing.current().version == 0
        await fill(pilot, launch_cents="9.99")
        await pilot.press("tab", "tab", "enter")
        await settle(pilot)
        assert isinstance(app.screen, PricingScreen)
    assert pricing.current().prices.launch_cents == 999


async def test_each_price_that_is_seldom_meant_is_typed_again(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await fill(pilot, launch_cents="0", sale_cents="60", reason="a test")
        await ask_to_save(pilot)
        shown = screen_text(app)
        for sentence in ("! launch becomes $0.00: nothing is charged.", "! sale moves by more than 50 %."):
            assert sentence in shown
        assert "type 0.00 to go on" in shown
        assert "type 60.00 to go on" in shown
        await fill(pilot, launch_cents="0")
        assert app.screen.query_one("#confirm").disabled
        await fill(pilot, sale_cents="60")
        await pilot.press("tab", "tab", "enter")
        await settle(pilot)
    prices = pricing.current().prices
    assert (prices.launch_cents, prices.sale_cents) == (0, 6000)


async def test_two_desks_edit_the_same_price_and_the_second_sees_both(runtime: Runtime) -> None:
    """Two apps on one database: what the first saves is in the way of the second, who loses nothing by it."""
    pricing = DynamicPricingService.over(runtime)
    anna, ben = pricing_on(runtime), pricing_on(desk_of(runtime, "ben"))
    async with anna.run_test(size=(80, 24)) as at_anna, ben.run_test(size=(80, 24)) as at_ben:
        await edit_launch(at_anna, "27.99")
        await fill(at_ben, launch_cents="28.99", sale_cents="19.99", reason="the other desk")
        await ask_to_save(at_ben)
        await confirm(at_ben)
        assert "Saved as v1" in told(ben)
        await confirm(at_anna)
        shown = screen_text(anna)
        assert "Prices were changed meanwhile: v1 by ben (the other desk)." in shown
        assert "base       theirs        yours" in shown
        assert "launch       $29.99       $28.99       $27.99" in shown
        assert "sale         $24.99       $19.99       $19.99" in shown
        assert pricing.current().version == 1
        await at_anna.press("escape")
        await settle(at_anna)
        assert (typed(anna, "launch_cents"), typed(anna, "sale_cents")) == ("27.99", "19.99")
        assert typed(anna, "reason") == "november test"
        assert "was $28.99" in screen_text(anna)
        await ask_to_save(at_anna)
        await confirm(at_anna)
        assert "Saved as v2" in told(anna)
    prices, change = pricing.current().prices, pricing.current()
    assert (prices.launch_cents, prices.sale_cents, change.version, change.actor) == (2799, 1999, 2, "anna")
    assert audited(runtime) == 2


async def test_a_change_of_somebody_else_that_is_seen_in_time_is_told_at_once(runtime: Runtime) -> None:
    app = pricing_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await fill(pilot, launch_cents="27.99")
        DynamicPricingService.over(desk_of(runtime, "ben")).change_prices(launch_cents=2899, sale_cents=1999)
        await pilot.press("escape", "r")
        await settle(pilot)
        assert "ben changed the prices meanwhile: launch $29.99 → $28.99, sale $24.99 → $19.99." in told(app)
        assert (typed(app, "launch_cents"), typed(app, "sale_cents")) == ("27.99", "19.99")


async def test_a_change_that_is_noticed_while_the_reason_is_typed_stands_in_the_dialog(runtime: Runtime) -> None:
    app = pricing_on(runtime)
    told_of = "ben changed the prices meanwhile: launch $29.99 → $28.99."
    async with app.run_test(size=(120, 40)) as pilot:
        await fill(pilot, launch_cents="27.99")
        DynamicPricingService.over(desk_of(runtime, "ben")).change_prices(launch_cents=2899)
        await fill(pilot, reason="november test")
        assert told_of in told(app)
        assert "$28.99  charged" in screen_text(app), "The prices in force are those from before."
        await ask_to_save(pilot)
        assert isinstance(app.screen, PriceSave)
        assert told_of in " ".join(" ".join(screen_text(app).replace("│", " ").split()).split())
        await confirm(pilot)
        assert "meanwhile" not in told(app)
        await fill(pilot, launch_cents="26.99", reason="once more")
        await ask_to_save(pilot)
        assert "meanwhile" not in screen_text(app)


async def test_a_save_whose_dialog_was_left_is_told_all_the_same(runtime: Runtime) -> None:
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await edit_launch(pilot, "27.99")
        await pilot.press("tab", "enter", "escape")
        await settle(pilot)
        assert isinstance(app.screen, PricingScreen)
        assert typed(app, "launch_cents") == "27.99"
        assert "meanwhile" not in told(app)
    assert DynamicPricingService.over(runtime).current().prices.launch_cents == 2799


async def test_a_saving_and_a_total_that_cannot_be_charged_stand_beside_each_code(runtime: Runtime) -> None:
    discounts = DiscountService.over(runtime)
    discounts.create("ALMOST", amount_off_cents=2780)
    discounts.create("NOT-LAUNCH", percent_basis_points=5000, stacks_on_launch=False)
    app = pricing_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await fill(pilot, launch_cents="27.99")
        shown = screen_text(app)
        assert "! 1 total below $0.50" in shown
        almost, *_ = (line for line in shown.splitlines() if "ALMOST" in line)
        assert "$2.19  ! $0.19" in almost
        on_launch, on_rrp, _on_sale = (line for line in shown.splitlines() if "NOT-LAUNCH" in line)
        assert "refused  refused" in on_launch
        assert "−50 % $24.99 $24.99 $25.00" in " ".join(on_rrp.split())
        app.screen.set_focus(app.screen.query_one("#effects"))
        await pilot.press("j", "j", "enter")
        await settle(pilot)
        shown = screen_text(app)
        assert "base 27.99 launch, ALMOST = −27.80, total 0.19" in shown
        assert "With the code ALMOST too little would be left to pay" in shown


async def test_every_mistake_stands_at_its_field_and_the_text_stays(runtime: Runtime) -> None:
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await edit_launch(pilot, "1_0", reason="")
        assert error_at(app, "launch_cents").startswith("An amount is written like 12")
        assert typed(app, "launch_cents") == "1_0"
        await fill(pilot, launch_cents="1000000")
        await ask_to_save(pilot)
        assert error_at(app, "launch_cents") == "A price is from 0.00 to 999,999.99."
        await fill(pilot, launch_cents="27.99", effective_at="tomorrow")
        assert error_at(app, "effective_at") == ""
        await ask_to_save(pilot)
        assert error_at(app, "effective_at").startswith("A time is written like 2026-12-01 09:00")
        await fill(pilot, effective_at="2026-11-01")
        await ask_to_save(pilot)
        assert error_at(app, "effective_at") == "A change is scheduled for a moment to come."
        await fill(pilot, effective_at="2026-12-01", ends_at="2026-11-30")
        await ask_to_save(pilot)
        assert error_at(app, "ends_at") == "A change ends after it begins."
        await fill(pilot, ends_at="2026-12-01")
        await ask_to_save(pilot)
        assert error_at(app, "reason").startswith("Say why")
    assert DynamicPricingService.over(runtime).current().version == 0


async def test_an_earlier_version_is_put_back_as_a_new_change(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    pricing.change_prices(launch_cents=2799, reason="first")
    pricing.change_prices(launch_cents=2899, reason="second")
    app = pricing_on(runtime)
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
    app = pricing_on(runtime)
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
    app = pricing_on(runtime)
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


async def test_the_oldest_change_that_is_shown_says_what_it_changed(runtime: Runtime) -> None:
    pricing = DynamicPricingService.over(runtime)
    for cents in range(3000, 3000 + HISTORY_LENGTH + 2):
        pricing.change_prices(launch_cents=cents)
    app = pricing_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        history = app.screen.query_one("#history", Table)
        await pilot.press("end")
        await settle(pilot)
        assert (history.row_count, history.key) == (HISTORY_LENGTH, "3")
        assert "launch $30.01 → $30.02" in screen_text(app)
