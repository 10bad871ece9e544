"""The overview: its words, its chart, and its picture."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from syrupy.assertion import SnapshotAssertion

from services.accounts import AccountService
from services.balance import BalanceService
from services.discounts import DiscountService
from services.domain.overview import DayMovements, Movements
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from tests.clock import ManualClock
from tests.tui.checkout_scene import Scene, ScriptedStripe, scene_on
from tests.tui.desks import app_on, screen_text, settle
from tests.tui.ledgers import new_account
from tests.tui.snapshot import picture
from tui.dialogs.help import HelpDialog
from tui.screens.overview import OverviewScreen
from tui.screens.overview_words import bars, movements_content, period_text

SLIM, SMALL, WIDE = (60, 20), (80, 24), (120, 40)


# The chart


@pytest.mark.parametrize(
    ("values", "wide", "height", "lines"),
    [
        ([0, 0], 1, 1, ["▁▁"]),
        ([0, 1, 1000], 1, 1, ["▁▂█"]),
        ([7, 7, 7], 1, 1, ["███"]),
        ([99, 100], 2, 1, ["████"]),
        ([0, 1, 5, 15], 1, 2, ["   █", "▁▂▆█"]),
        ([0, 15], 3, 2, ["   ███", "▁▁▁███"]),
        ([], 1, 2, ["", ""]),
    ],
)
def test_bars_stand_on_a_line_at_nothing(values: list[int], wide: int, height: int, lines: list[str]) -> None:
    assert bars(values, wide=wide, height=height) == lines


def movements(*, done: bool) -> Movements:
    first = date(2026, 10, 25)
    days = [DayMovements(first + timedelta(days=back), back, back * 100, -back) for back in range(30)]
    return Movements(days, 1, done)


def test_what_is_still_counted_is_told_as_at_least() -> None:
    lines = movements_content(movements(done=True), 76, 3).plain.splitlines()
    assert [line.split()[-1] for line in lines] == ["435", "+$435.00", "−$4.35"]
    assert "≥ 435" in movements_content(movements(done=False), 76, 3).plain
    assert period_text(movements(done=True)) == "25 Oct – 23 Nov, UTC"


@pytest.mark.parametrize(("width", "height"), [(1, 0), (36, 1), (76, 3), (116, 18), (300, 60)])
def test_the_chart_fits_its_tile(width: int, height: int) -> None:
    lines = movements_content(movements(done=True), width, height).plain.splitlines()
    assert len(lines) <= max(3, height)
    assert max(map(len, lines)) <= max(56, width)


# The screen


@pytest.fixture
def scene(sqlite_url: str, clock: ManualClock) -> Iterator[Scene]:
    """A desk with something in every tile, whose Stripe is scripted."""
    scene = scene_on(sqlite_url, clock, ScriptedStripe(clock=clock))
    runtime = scene.runtime
    balance, codes = BalanceService.over(runtime), DiscountService.over(runtime)
    balance.add_credits(scene.maria.id, 2500, "Welcome credit")
    balance.deduct(scene.li.id, 1482, "Roaming, October")
    codes.create("FRIENDS", percent_basis_points=1250, max_uses=1)
    codes.create("WELCOME", amount_off_cents=500, starts_at=clock() + timedelta(days=40))
    codes.create("SUMMER25", percent_basis_points=2500)
    codes.set_active("SUMMER25", False)
    ends_at = clock() + timedelta(days=7)
    DynamicPricingService.over(runtime).change_prices(mode="sale", ends_at=ends_at, reason="black friday")
    new_account(runtime, "olu.adebayo@example.org", entries=1000)
    yield scene
    runtime.database.close()


@pytest.mark.parametrize("size", [SLIM, SMALL, WIDE], ids=["slim", "small", "wide"])
async def test_the_screen_looks_as_it_did(scene: Scene, svg: SnapshotAssertion, size: tuple[int, int]) -> None:
    await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10")
    scene.runtime.clock.advance(minutes=40)  # type: ignore[attr-defined]
    await scene.payments.create_checkout_session(scene.li.id, "FRIENDS")
    app = app_on(scene.runtime)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        assert picture(app) == svg


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
async def test_a_desk_without_anything_says_what_will_fill_it(
    runtime: Runtime, svg: SnapshotAssertion, size: tuple[int, int]
) -> None:
    app = app_on(runtime)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        assert "Nothing was posted in the last 30 days." in screen_text(app)
        assert picture(app) == svg


async def test_arrows_go_from_tile_to_tile(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        assert isinstance(app.screen, OverviewScreen)
        been = []
        for key in ("right", "down", "down", "right", "down", "down", "up", "k", "k", "k", "left"):
            await pilot.press(key)
            been.append(app.focused.id if app.focused else None)
        assert been == [
            *("balances", "movements", "orders", "codes", "person", "person"),
            *("orders", "movements", "price", "price", "person"),
        ]


async def test_a_chart_grows_while_it_is_counted_and_is_kept_until_the_next_is_whole(runtime: Runtime) -> None:
    new_account(runtime, entries=100)
    app = app_on(runtime)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("1")
        await settle(pilot)
        screen = app.screen
        assert isinstance(screen, OverviewScreen)
        whole = screen.movements.movements
        assert whole is not None
        assert (whole.done, whole.entries) == (True, 100)
        account = AccountService.over(runtime).create("li@example.com")
        BalanceService.over(runtime).add_credits(account.id, 1000, "goodwill")
        await pilot.press("r")
        await settle(pilot)
        assert "101" in screen_text(app)
        await pilot.press("y")
        assert "a customer pays $29.99 today" in app.clipboard


async def test_the_first_function_key_is_help_here_too(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("1", "f1")
        await settle(pilot)
        assert isinstance(app.screen, HelpDialog)
        assert isinstance(app.screen_stack[-2], OverviewScreen)
