"""An admin runs discount codes: making, trying, disabling."""

from datetime import timedelta

from textual.pilot import Pilot

from services.discounts import CodeTerms, DiscountService
from services.domain.discount import CodeStatus
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.tui.desks import app_on, screen_text, settle, type_text
from tui.dialogs.new_code import NewCodeDialog
from tui.screens.discounts import DiscountsScreen
from tui.widgets.table import Table


async def open_discounts(pilot: Pilot[None]) -> None:
    """Go to the screen."""
    await settle(pilot)
    await pilot.press("3")
    await settle(pilot)


async def test_an_empty_list_says_how_to_fill_it(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        shown = screen_text(app)
    assert "There are no codes yet. Press n to make one" in shown


async def test_a_code_is_made_with_its_effect_shown_first(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("n")
        await type_text(pilot, "launch10")
        await pilot.press("enter")
        await type_text(pilot, "10")
        await settle(pilot)
        shown = screen_text(app)
        assert "stored as LAUNCH10" in shown
        assert "$29.99 → $26.99" in shown
        await pilot.press("enter")
        await type_text(pilot, "5")
        await pilot.press("ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
        assert isinstance(app.screen, DiscountsScreen)
        assert app.screen.query_one("#codes", Table).key == "LAUNCH10"
        assert "✓ you pay $26.99" in shown
        assert "base 29.99 launch, LAUNCH10 −10 % = −3.00, total 26.99" in shown
    code = DiscountService.over(runtime).get("LAUNCH10")
    assert code is not None
    assert (code.percent_basis_points, code.max_uses) == (1000, 5)


async def test_a_fixed_amount_is_made(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("n")
        await type_text(pilot, "VIP")
        await pilot.press("tab", "right", "tab")
        await type_text(pilot, "20")
        await pilot.press("ctrl+s")
        await settle(pilot)
    code = DiscountService.over(runtime).get("VIP")
    assert code is not None
    assert (code.amount_off_cents, code.max_uses) == (2000, None)


async def test_mistakes_stand_at_their_fields_and_the_text_stays(runtime: Runtime) -> None:
    DiscountService.over(runtime).create("TAKEN", percent_basis_points=1000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("n")
        await type_text(pilot, "taken")
        await pilot.press("enter")
        await type_text(pilot, "250")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✗ A percentage is from 0.01 to 100." in screen_text(app)
        await pilot.press("backspace", "ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
        assert "✗ There is already a code TAKEN." in shown
        assert " taken " in shown
        assert isinstance(app.screen, NewCodeDialog)
    assert len(DiscountService.over(runtime).list_codes()) == 1


async def test_a_code_is_disabled_and_enabled_once_it_is_confirmed(runtime: Runtime) -> None:
    discounts = DiscountService.over(runtime)
    discounts.create("SUMMER", percent_basis_points=1000)
    app = app_on(runtime)

    def state() -> CodeStatus:
        code = discounts.get("SUMMER")
        assert code is not None
        return code.status

    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("d", "enter")
        await settle(pilot)
        assert state() is CodeStatus.ACTIVE
        await pilot.press("d")
        await settle(pilot)
        assert "status  active → disabled" in screen_text(app)
        await pilot.press("tab", "enter")
        await settle(pilot)
        assert state() is CodeStatus.DISABLED
        assert "✗ The code SUMMER is disabled. Without it: $29.99." in screen_text(app)
        await pilot.press("d", "tab", "enter")
        await settle(pilot)
        assert state() is CodeStatus.ACTIVE


async def test_the_filter_narrows_the_list_and_escape_empties_it(runtime: Runtime) -> None:
    discounts = DiscountService.over(runtime)
    for code in ("SUMMER", "SUMO", "WINTER"):
        discounts.create(code, percent_basis_points=1000)
    discounts.set_active("WINTER", False)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        table = app.screen.query_one("#codes", Table)
        await pilot.press("slash")
        await type_text(pilot, "summ")
        await settle(pilot)
        assert (table.row_count, table.key) == (1, "SUMMER")
        assert "1 of 3 codes" in screen_text(app)
        await pilot.press("backspace", "enter")
        await settle(pilot)
        assert table.row_count == 2
        await pilot.press("escape")
        await settle(pilot)
        assert table.row_count == 3


async def test_the_codes_of_one_status_are_listed_with_the_number_of_each(runtime: Runtime, clock: ManualClock) -> None:
    discounts, now = DiscountService.over(runtime), clock()
    discounts.create("NOW", percent_basis_points=1000)
    discounts.create("LATER", percent_basis_points=1000, starts_at=now + timedelta(days=1))
    discounts.create("OVER", percent_basis_points=1000, ends_at=now - timedelta(days=1))
    discounts.create("OFF", percent_basis_points=1000)
    discounts.set_active("OFF", False)
    app = app_on(runtime)
    listed = []
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        table = app.screen.query_one("#codes", Table)
        assert "▸all 4  active 1  scheduled 1  expired 1  sold out 0  disabled 1" in screen_text(app)
        for _status in range(6):
            await pilot.press("s")
            await settle(pilot)
            listed.append(table.key)
        assert table.row_count == 4
        await pilot.click("StatusFilter", offset=(32, 0))
        await settle(pilot)
        assert (table.row_count, table.key) == (1, "OVER")
    assert listed[:5] == ["NOW", "LATER", "OVER", None, "OFF"]


async def test_a_list_is_read_on_as_its_end_comes_into_view(runtime: Runtime) -> None:
    terms = CodeTerms(percent_basis_points=1000)
    codes = DiscountService.over(runtime).generate(250, terms, "BULK-")
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        table = app.screen.query_one("#codes", Table)
        seen = [table.row_count]
        while seen[-1] < 250:
            await pilot.press("G")
            await settle(pilot)
            seen.append(table.row_count)
        assert seen == [100, 200, 250]
        await pilot.press("G")
        await settle(pilot)
        assert table.key == codes[0]
        await pilot.press("r")
        await settle(pilot)
        assert (table.row_count, table.key) == (250, codes[0])


async def test_the_palette_opens_a_code_by_name(runtime: Runtime) -> None:
    discounts = DiscountService.over(runtime)
    for code in ("SUMMER", "WINTER"):
        discounts.create(code, percent_basis_points=1000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"code", "space", *"summer")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert app.screen.query_one("#codes", Table).key == "SUMMER"
        assert "you pay $26.99" in screen_text(app)


async def test_copying_a_code_says_where_it_was_sent(runtime: Runtime) -> None:
    DiscountService.over(runtime).create("SUMMER", percent_basis_points=1000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_discounts(pilot)
        await pilot.press("y")
        await settle(pilot)
        assert app.clipboard == "SUMMER"
        assert "Sent to the terminal's clipboard" in screen_text(app)
