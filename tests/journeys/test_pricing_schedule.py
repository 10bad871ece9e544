"""An admin plans prices, takes plans back, and looks at what was charged when."""

from datetime import UTC, datetime

import pytest
from textual.widgets import Button

from services.audit import AuditService
from services.domain.pricing import PriceMode
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.tui.desks import screen_text, settle, type_text
from tests.tui.pricing_scene import (
    ask_to_save,
    confirm,
    desk_of,
    error_at,
    fill,
    followed_by,
    pricing_on,
    told,
    typed,
)
from tui.dialogs.price_decision import PriceDecision
from tui.screens.pricing import PricingScreen

CHRISTMAS = datetime(2026, 12, 24, 9, tzinfo=UTC)


def pricing_of(runtime: Runtime) -> DynamicPricingService:
    return DynamicPricingService.over(runtime)


async def test_a_sale_is_planned_with_its_end(runtime: Runtime, clock: ManualClock) -> None:
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await fill(pilot, effective_at="2026-12-01 09:00", ends_at="2026-12-07", reason="december sale")
        await pilot.press("escape", "e", "shift+tab", "shift+tab", "right")
        await settle(pilot)
        shown = screen_text(app)
        assert "times in Europe/London" in shown
        assert "09:00Z" in shown
        assert "24:00" in shown
        assert "After 7 Dec 24:00: launch $29.99, v0." in followed_by(app)
        await ask_to_save(pilot)
        assert "from    1 Dec 09:00  until 7 Dec 24:00  Europe/London" in screen_text(app)
        await confirm(pilot)
        assert told(app) == "✓ Saved as v1, in force from 1 Dec 09:00."
        shown = screen_text(app)
        assert "pending" in shown
        assert "then sale $24.99, 1 Dec 09:00" in shown
        assert (typed(app, "effective_at"), typed(app, "ends_at"), typed(app, "reason")) == ("", "", "")
    change = pricing_of(runtime).history()[0]
    assert change.effective_at == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert change.ends_at == datetime(2026, 12, 8, tzinfo=UTC)
    assert pricing_of(runtime).get_base_price_cents() == 2999
    clock.advance(days=8)
    assert pricing_of(runtime).get_base_price_cents() == 2499
    clock.advance(days=7)
    assert pricing_of(runtime).get_base_price_cents() == 2999


async def test_a_plan_upon_a_plan_edits_what_will_be_in_force_then(runtime: Runtime) -> None:
    """The form shows the prices of the moment that is typed, so that what nobody touches stays as planned."""
    pricing_of(runtime).change_prices(rrp_cents=5999, effective_at=CHRISTMAS)
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await fill(pilot, launch_cents="27.99", effective_at="2026-12-25")
        assert (typed(app, "rrp_cents"), typed(app, "launch_cents")) == ("59.99", "27.99")
        assert "Changes v1, in force by then." in followed_by(app)
        assert told(app) == ""
        await fill(pilot, reason="after Christmas")
        await ask_to_save(pilot)
        assert "rrp" not in screen_text(app).split("before")[1].split("a customer pays")[0]
        await confirm(pilot)
        assert typed(app, "rrp_cents") == "49.99", "the form is back at the present"
    prices = pricing_of(runtime).history()[0].prices
    assert (prices.rrp_cents, prices.launch_cents) == (5999, 2799)


async def test_what_an_edit_replaces_and_what_comes_after_it_is_said(runtime: Runtime) -> None:
    pricing = pricing_of(runtime)
    pricing.change_prices(mode="sale", reason="sale", ends_at=datetime(2026, 12, 1, tzinfo=UTC))
    pricing.change_prices(mode="rrp", reason="xmas", effective_at=CHRISTMAS)
    app = pricing_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await fill(pilot, sale_cents="19.99")
        follows = followed_by(app)
        assert "! v1 no longer ends 30 Nov 24:00." in follows
        assert "Then 24 Dec 09:00: rrp $49.99, v2." in follows


@pytest.mark.parametrize(
    ("text", "reason", "offered", "chosen", "instant"),
    [
        (
            "2027-10-31 01:30",
            "01:30 comes twice",
            ["01:30 BST", "01:30 GMT"],
            "2027-10-31 01:30+00:00",
            datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        ),
        (
            "2027-03-28 01:30",
            "01:30 does not exist",
            ["00:59 GMT", "02:00 BST"],
            "2027-03-28 02:00",
            datetime(2027, 3, 28, 1, tzinfo=UTC),
        ),
    ],
    ids=["twice", "skipped"],
)
async def test_an_unclear_time_is_refused_with_the_two_that_may_be_meant(
    runtime: Runtime, text: str, reason: str, offered: list[str], chosen: str, instant: datetime
) -> None:
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await fill(pilot, launch_cents="27.99", reason="clocks", effective_at=text)
        assert error_at(app, "effective_at").startswith(reason)
        assert f"✗ {reason}" in screen_text(app)
        buttons = app.screen.query(".time--candidate").results(Button)
        assert [str(button.label) for button in buttons if button.region] == offered
        await ask_to_save(pilot)
        assert isinstance(app.screen, PricingScreen)
        await pilot.press("tab", "tab", "enter")
        await settle(pilot)
        assert typed(app, "effective_at") == chosen
        assert error_at(app, "effective_at") == ""
        await ask_to_save(pilot)
        await confirm(pilot)
    assert pricing_of(runtime).history()[0].effective_at == instant


async def test_a_pending_change_is_withdrawn_with_its_effect_shown_first(runtime: Runtime) -> None:
    pricing = pricing_of(runtime)
    pricing.change_prices(mode="rrp", reason="xmas", effective_at=CHRISTMAS)
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await settle(pilot)
        shown = screen_text(app)
        assert "v1 will not come into force at 24 Dec 09:00." in shown
        assert "a customer pays      $49.99 →      $29.99" in shown
        await pilot.press("tab", "enter")
        await settle(pilot)
        assert error_at(app, "reason").startswith("Say why")
        assert pricing.history()[0].withdrawn is None
        await type_text(pilot, "too early")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert told(app) == "✓ v1 is withdrawn."
        assert "withdrawn" in screen_text(app)
        await pilot.press("w")
        await settle(pilot)
        assert isinstance(app.screen, PricingScreen), "it is withdrawn once"
        await pilot.press("enter")
        await settle(pilot)
        assert "too early" in screen_text(app)
    withdrawal = pricing.history()[0].withdrawn
    assert withdrawal is not None
    assert (withdrawal.actor, withdrawal.reason) == ("anna", "too early")


async def test_a_withdrawal_that_comes_second_says_so(runtime: Runtime) -> None:
    pricing_of(runtime).change_prices(mode="rrp", reason="xmas", effective_at=CHRISTMAS)
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await settle(pilot)
        pricing_of(desk_of(runtime, "ben")).withdraw(1, "no Christmas")
        await fill(pilot, why="too early")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, PriceDecision)
        assert "Version 1 was withdrawn by ben already." in screen_text(app)
    assert [entry.action for entry in AuditService.over(runtime).find()] == ["withdraw", "change"]


async def test_a_sale_is_ended_early(runtime: Runtime) -> None:
    pricing = pricing_of(runtime)
    pricing.change_prices(mode="sale", reason="sale", ends_at=datetime(2026, 12, 1, tzinfo=UTC))
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "lowest 30 days before  $29.99" in screen_text(app)
        await pilot.press("n")
        await settle(pilot)
        shown = screen_text(app)
        assert "v1 ends now, not at 30 Nov 24:00. The prices of v0" in shown
        assert "a customer pays      $24.99 →      $29.99" in shown
        await fill(pilot, why="sold enough")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert told(app) == "✓ v1 has ended."
        assert "▸ launch      $29.99  charged" in screen_text(app)
        await pilot.press("n")
        await settle(pilot)
        assert isinstance(app.screen, PricingScreen), "these prices have no end"
    assert pricing.current().prices.mode is PriceMode.LAUNCH
    assert pricing.current().reason == "sold enough"


async def test_the_history_says_where_each_change_stands(runtime: Runtime, clock: ManualClock) -> None:
    pricing = pricing_of(runtime)
    pricing.change_prices(mode="sale", reason="one day", ends_at=datetime(2026, 11, 24, tzinfo=UTC))
    clock.advance(days=2)
    pricing.change_prices(launch_cents=2799, reason="cheaper")
    pricing.change_prices(mode="rrp", reason="xmas", effective_at=CHRISTMAS)
    pricing.change_prices(rrp_cents=4499, reason="oops", effective_at=CHRISTMAS)
    pricing.withdraw(4, "a mistake")
    app = pricing_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        lines = screen_text(app).splitlines()
        rows = {line[2:4]: line for line in lines if line.startswith("│ v")}
        assert [word in rows[f"v{number}"] for number, word in enumerate(("", "ended", "in force", "pending"))] == [
            True
        ] * 4
        assert "withdrawn  from 24 Dec 09:00: rrp $49.99 → $44.99" in rows["v4"]
        assert "mode launch → sale, until 23 Nov 24:00" in rows["v1"]
        assert "launch $29.99 → $27.99" in rows["v2"]
        await pilot.press("t")
        await settle(pilot)
        shown = screen_text(app)
        order = [shown.index(text) for text in ("24 Dec 09:00", "25 Nov 14:03", "24 Nov 00:00", "23 Nov 14:03")]
        assert order[0] > 0
        assert "planned  24 Dec 09:00  v3  rrp" in shown
        assert "▸ now    25 Nov 14:03  v2  launch" in shown


async def test_the_settings_prices_are_put_back(runtime: Runtime) -> None:
    pricing = pricing_of(runtime)
    pricing.change_prices(launch_cents=2799, reason="cheaper")
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("G", "v")
        await settle(pilot)
        assert typed(app, "reason") == "back to v0"
        await ask_to_save(pilot)
        await confirm(pilot)
    change = pricing.current()
    assert (change.version, change.prices, change.reason) == (2, pricing.starting_prices, "back to v0")


async def test_prices_that_end_are_kept_for_good_by_saving_them_again(runtime: Runtime) -> None:
    pricing = pricing_of(runtime)
    pricing.change_prices(mode="sale", reason="sale", ends_at=datetime(2026, 12, 1, tzinfo=UTC))
    app = pricing_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await fill(pilot, reason="it goes well")
        await ask_to_save(pilot)
        assert "! v1 no longer ends 30 Nov 24:00" in screen_text(app)
        await confirm(pilot)
        assert "Saved as v2" in told(app)
        await ask_to_save(pilot)
        assert told(app) == "Nothing to save: these are the prices in force."
    assert pricing.current().ends_at is None
