"""The Balances screen: the finder, what stands on it, and what it looks like."""

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.events import Key

from services.balance import BalanceService
from services.domain.checkout import OrderDraft, OrderPurpose
from services.domain.pricing import PriceMode
from services.orders import OrderService
from services.runtime import Runtime
from tests.tui.desks import app_on, screen_text, settle, type_text
from tests.tui.ledgers import new_account, open_balances
from tests.tui.snapshot import picture
from tui.dialogs.account_new import NewAccount
from tui.dialogs.reversal import Reversal
from tui.screens.balances import BalancesScreen
from tui.screens.balances_entry import EntryDialog


async def test_the_screen_at_80_by_24(runtime: Runtime, svg: SnapshotAssertion) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        assert picture(app) == svg


async def test_the_screen_at_120_by_40(runtime: Runtime, svg: SnapshotAssertion) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("j", "j")
        await settle(pilot)
        assert picture(app) == svg


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["small", "wide"])
async def test_the_form_that_reverses_an_entry(runtime: Runtime, svg: SnapshotAssertion, size: tuple[int, int]) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=size) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("j", "j", "v")
        await settle(pilot)
        assert isinstance(app.screen, Reversal)
        assert picture(app) == svg


async def test_hits_come_while_one_types_and_enter_opens_the_highlighted_one(runtime: Runtime) -> None:
    for email in ("marcus@example.com", "maria@example.com", "zoe@example.com"):
        new_account(runtime, email)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot)
        await pilot.press("slash", "m", "a", "r")
        await settle(pilot)
        shown = screen_text(app)
        assert "marcus@example.com" in shown
        assert "maria@example.com" in shown
        assert "zoe@example.com" not in shown
        await pilot.press("down", "enter")
        await settle(pilot)
        assert screen.account is not None
        assert screen.account.email == "maria@example.com"
        assert "marcus@example.com" not in screen_text(app)
        assert screen.ledger.has_focus


async def test_what_is_typed_in_one_go_arrives_in_the_finder(runtime: Runtime) -> None:
    new_account(runtime, "anna@example.com")
    new_account(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot)
        for key in ("slash", *"maria", "enter"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await settle(pilot)
        assert screen.account is not None
        assert screen.account.email == "maria@example.com"
        await pilot.press("slash", "slash")
        assert screen.finder.text == "/", "In a field a slash is a slash."


async def test_escape_leaves_the_finder_and_keeps_the_account(runtime: Runtime) -> None:
    new_account(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await pilot.press("slash", "x", "escape")
        await settle(pilot)
        assert screen.ledger.has_focus
        assert screen.account is not None
        assert "No account matches" not in screen_text(app)


async def test_a_click_on_a_hit_opens_it(runtime: Runtime) -> None:
    for email in ("marcus@example.com", "maria@example.com"):
        new_account(runtime, email)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot)
        await pilot.click("#find")
        await settle(pilot)
        await pilot.click("Hits", offset=(10, 3))
        await settle(pilot)
        assert screen.account is not None
        assert screen.account.email == "maria@example.com"


@pytest.mark.parametrize(("argument", "found"), [("2", "maria@example.com"), ("mari", "maria@example.com"), ("9", "")])
async def test_the_palette_opens_an_account(runtime: Runtime, argument: str, found: str) -> None:
    new_account(runtime, "anna@example.com")
    new_account(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"account", "space", *argument)
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        account = app.screen.account
        assert (account.email if account else "") == found
        assert found or "There is no account 9." in screen_text(app)


async def test_an_entry_is_explained_with_the_price_of_its_order(runtime: Runtime) -> None:
    account = new_account(runtime)
    draft = OrderDraft(
        account_id=account.id,
        purpose=OrderPurpose.INITIAL_ACCESS,
        currency="usd",
        livemode=False,
        price_version=None,
        price_mode=PriceMode.LAUNCH,
        base_cents=2_999,
        discount_code=None,
        discount_cents=0,
        total_cents=2_999,
        credit_cents=None,
    )
    order = OrderService.over(runtime).create(draft, lambda _order_id, _reference: {})
    BalanceService.over(runtime).add_credits(account.id, 2_999, "Thunderbird Access", order.id)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_balances(pilot, f"#{order.id}")
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, EntryDialog)
        shown = screen_text(app)
        for fact in ("$0.00 → $29.99", "By        anna", "launch $29.99 from the settings", "initial access"):
            assert fact in shown
        await pilot.press("y")
        await settle(pilot)
        assert "account 1 entry 1  2026-11-23 14:03:07 UTC  purchase  +$29.99" in app.clipboard
        await pilot.press("escape")
        assert isinstance(app.screen, BalancesScreen)


async def test_without_an_account_nothing_moves_money(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot)
        await pilot.press("c", "d", "v", "y", "enter")
        await settle(pilot)
        assert isinstance(app.screen, BalancesScreen)
        assert "credit" not in screen_text(app)
        await pilot.press("n")
        assert isinstance(app.screen, NewAccount)


async def test_the_email_is_copied_where_there_is_no_entry(runtime: Runtime) -> None:
    new_account(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("y")
        await settle(pilot)
        assert app.clipboard == "maria@example.com"


@pytest.mark.parametrize("columns", [80, 120])
async def test_nothing_is_clipped(runtime: Runtime, columns: int) -> None:
    account = new_account(runtime)
    service = BalanceService.over(runtime)
    service.deduct(account.id, 123_456_789, "a large one")
    service.add_credits(account.id, 99_999_999_999, "a larger one")
    app = app_on(runtime)
    async with app.run_test(size=(columns, 24)) as pilot:
        await open_balances(pilot, "maria")
        shown = screen_text(app)
        assert "+$999,999,999.99 $998,765,432.10" in " ".join(shown.split())
        assert "−$1,234,567.89" in shown
        await pilot.press("d")
        await type_text(pilot, "999999999.99")
        await settle(pilot)
        assert "below zero" in screen_text(app)
