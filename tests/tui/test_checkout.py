"""The checkout screen: what it refuses, how it stands by an unknown outcome, what it copies, and how it looks."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Button

from services.domain.checkout import OrderStatus
from services.errors import GatewayRefused, OutcomeUnknown
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.sandbox import Sandbox
from tests.clock import ManualClock
from tests.tui.checkout_scene import (
    LINK,
    Ear,
    Scene,
    ScriptedStripe,
    fill_initial,
    fill_top_up,
    look_away,
    order_line,
    scene_on,
    scene_on_sandbox,
    set_scene,
    within_reason,
)
from tests.tui.desks import app_on, hold, screen_text, settle, type_text
from tests.tui.snapshot import picture
from tui.app import PaydeskApp
from tui.dialogs.qr import QrDialog, qr_modules
from tui.screens.checkout_board import OrderBoard
from tui.screens.checkout_order import OrderDialog
from tui.screens.checkout_watch import OrderWatch
from tui.widgets.table import Table

HOSTILE = "\x1b]52;c;bmVpbg==\x07[/][@click=app.quit]x[/]\u202e"


@pytest.fixture
def stripe(clock: ManualClock) -> ScriptedStripe:
    return ScriptedStripe(clock=clock)


@pytest.fixture
def scene(sqlite_url: str, clock: ManualClock, stripe: ScriptedStripe) -> Iterator[Scene]:
    scene = scene_on(sqlite_url, clock, stripe)
    yield scene
    scene.runtime.database.close()


def said(app: PaydeskApp) -> list[str]:
    return [notice.message for notice in app._notifications]


# Creating


async def test_a_held_key_creates_one_order(sqlite_url: str, clock: ManualClock, sandbox: Sandbox) -> None:
    scene = scene_on_sandbox(sqlite_url, clock, sandbox)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id))
        await hold(pilot, "ctrl+s", 8)
        await settle(pilot)
        await hold(pilot, "ctrl+s", 8)
        await settle(pilot)
    assert len(scene.orders) == 1
    assert [request.method for request in sandbox.requests].count("POST") == 1
    scene.runtime.database.close()


async def test_enter_goes_from_field_to_field_and_creates_nothing(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await type_text(pilot, str(scene.maria.id))
        await settle(pilot)
        await pilot.press("enter", "enter", "enter")
        await settle(pilot)
        assert isinstance(app.focused, Button)
    assert scene.orders == []


async def test_the_button_creates_too(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id))
        await pilot.click("#create")
        await settle(pilot)
        assert "✓ Order 1 created" in screen_text(app)
        assert isinstance(app.focused, Table)


async def test_without_an_account_the_reason_stands_at_its_field(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✗ Choose the account" in screen_text(app)
        assert app.focused is not None
        assert app.focused.id == "account"
    assert scene.orders == []


async def test_an_account_nobody_has_is_said_at_its_field(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("n")
        await type_text(pilot, "nobody")
        await settle(pilot)
        assert "✗ No account is found by nobody." in screen_text(app)


async def test_the_arrow_keys_choose_among_the_accounts_that_are_found(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("n", "down")
        await settle(pilot)
        offered = screen_text(app)
        assert "1  maria@example.com" in offered
        assert "2  li.wei@example.org" in offered
        await pilot.press("escape")
        await settle(pilot)
        assert "2  li.wei@example.org" not in screen_text(app)
        await pilot.press("n", "l", "i")
        await settle(pilot)
        await pilot.press("tab")
        await settle(pilot)
        assert "li.wei@example.org" in screen_text(app)
        assert "✓ 2" in screen_text(app)


async def test_a_top_up_that_stripe_would_not_charge_is_refused_at_its_field(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_top_up(pilot, str(scene.maria.id))
        await pilot.press("ctrl+a", "ctrl+k")
        await type_text(pilot, "0.30")
        await settle(pilot)
        assert "✗ Stripe charges nothing below $0.50" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
    assert scene.orders == []


async def test_a_code_that_leaves_too_little_to_charge_is_refused_at_its_field(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id), "almost")
        assert "✗ With the code ALMOST too little" in screen_text(app)
        assert "cannot be created" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
    assert scene.orders == []


async def test_a_price_that_changed_since_the_quote_creates_nothing(scene: Scene) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id))
        DynamicPricingService.over(scene.runtime).change_prices(mode="rrp")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✗ The price is $49.99 now" in screen_text(app)
        assert "$49.99" in screen_text(app)
        assert scene.orders == []
        await pilot.press("ctrl+s")
        await settle(pilot)
    assert [order.draft.total_cents for order in scene.orders] == [4999]


async def test_a_refusal_of_stripes_is_told_and_kept_with_the_order(scene: Scene, stripe: ScriptedStripe) -> None:
    stripe.refuse.append(GatewayRefused(f"Stripe refused: {HOSTILE}"))
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id))
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "FAILED" in order_line(app, 1)
        shown = screen_text(app)
        assert "✗ Order 1 failed: Stripe refused:" in shown
        assert "␛]52;c;bmVpbg==" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown


# An outcome that is not known


async def test_an_unknown_outcome_is_found_out_and_never_called_failed(scene: Scene, stripe: ScriptedStripe) -> None:
    stripe.refuse.append(OutcomeUnknown("Stripe did not answer."))
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id), "LAUNCH10")
        await pilot.press("ctrl+s")
        await settle(pilot)
        shown = screen_text(app)
        assert "UNKNOWN" in order_line(app, 1)
        assert "? Stripe did not answer; order 1 is being" in shown
        assert "failed" not in shown.lower()
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert len(scene.orders) == 1
        await pilot.press("escape", "r")
        await settle(pilot)
        assert "OPEN" in order_line(app, 1)
        assert "✓ Order 1 created" in screen_text(app)
    assert len(stripe.sessions) == 1


async def test_a_check_that_fails_is_quiet_and_tried_again(scene: Scene, stripe: ScriptedStripe) -> None:
    ear = Ear()
    app = scene.app(first_seconds=0.02)
    async with app.run_test(size=(80, 24), message_hook=ear) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id))
        await pilot.press("ctrl+s")
        await settle(pilot)
        silent = ear.expect(OrderWatch.Checked, lambda told: told.check is not None and told.check.error is not None)
        again = ear.expect(OrderWatch.Checked, lambda told: silent.is_set() and told.check is not None)
        stripe.refuse.append(OutcomeUnknown("Stripe did not answer."))
        await within_reason(silent)
        await within_reason(again)
        assert said(app) == []
        assert scene.orders[0].status is OrderStatus.OPEN
        await look_away(pilot)


async def test_nobody_is_asked_while_another_screen_is_shown(scene: Scene) -> None:
    ear = Ear()
    app = scene.app(first_seconds=0.02)
    async with app.run_test(size=(80, 24), message_hook=ear) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id))
        asked = ear.expect(OrderWatch.Checked)
        await pilot.press("ctrl+s")
        await within_reason(asked)
        watch = app.screen.query_one(OrderWatch)
        await pilot.press("2")
        await settle(pilot)
        assert watch._timer is None
        resumed = ear.expect(OrderWatch.Checked)
        await pilot.press("5")
        await within_reason(resumed)
        await look_away(pilot)


# The link


async def open_order(scene: Scene) -> None:
    await scene.payments.create_checkout_session(scene.maria.id, "LAUNCH10")


async def test_the_link_is_shown_whole_and_copied(scene: Scene) -> None:
    await open_order(scene)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert LINK in screen_text(app).replace("\n", "")
        await pilot.press("y")
        assert app.clipboard == LINK


async def test_the_link_as_a_qr_code_closes_when_it_is_paid(
    sqlite_url: str, clock: ManualClock, sandbox: Sandbox
) -> None:
    scene = scene_on_sandbox(sqlite_url, clock, sandbox)
    await open_order(scene)
    ear = Ear()
    app = scene.app(first_seconds=0.02)
    async with app.run_test(size=(80, 24), message_hook=ear) as pilot:
        await settle(pilot)
        await pilot.press("Q")
        await settle(pilot)
        assert isinstance(app.screen, QrDialog)
        assert screen_text(app).count("▀") > 500
        paid = ear.expect(OrderBoard.MovedOn)
        sandbox.pay(str(scene.orders[0].session_id))
        await within_reason(paid)
        await settle(pilot)
        assert not isinstance(app.screen, QrDialog)
        assert "PAID" in order_line(app, 1)
    scene.runtime.database.close()


async def test_a_code_that_does_not_fit_says_what_it_needs(scene: Scene, stripe: ScriptedStripe) -> None:
    stripe.link = LINK * 5
    await open_order(scene)
    app = scene.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await settle(pilot)
        await pilot.press("Q")
        await settle(pilot)
        width = len(qr_modules(stripe.link))
        assert f"needs {width} columns and {(width + 1) // 2 + 1} rows" in screen_text(app)
        await pilot.press("y", "escape")
        assert app.clipboard == stripe.link


async def test_an_order_whole_in_a_dialog_where_the_window_is_narrow(scene: Scene) -> None:
    await open_order(scene)
    order = scene.orders[0]
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, OrderDialog)
        for shown in ("maria@example.com", "−$3.00", "$26.99", order.reference):
            assert shown in screen_text(app)
        await pilot.press("end", "up", "up", "up", "y")
        assert app.clipboard == order.idempotency_key
        await pilot.press("escape")
        assert not isinstance(app.screen, OrderDialog)


async def test_the_ledger_of_its_account_is_one_key_away(scene: Scene) -> None:
    await open_order(scene)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        assert app.current_mode == "balances"


async def test_the_palette_opens_an_order(scene: Scene) -> None:
    await open_order(scene)
    await open_order(scene)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"order", "space", "1")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert app.screen.query_one("#orders", Table).key == "1"
        await pilot.press("ctrl+p", *"order", "space", *"99")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert said(app) == ["There is no order 99."]


# Without a key, and with text from strangers


async def test_without_a_key_it_says_how_to_set_one(runtime: Runtime) -> None:
    set_scene(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        shown = screen_text(app)
        for words in ("Stripe not configured", "STRIPE_SECRET_KEY", "settings.local.env", "chmod 600", "paydesk demo"):
            assert words in shown
        assert "No orders yet. Checkouts are made once there is a Stripe key" in shown
        assert "Press n" not in shown, "n does nothing without a key."
        await pilot.press("ctrl+s")
        await settle(pilot)


async def test_hostile_text_is_shown_and_does_nothing(scene: Scene) -> None:
    await open_order(scene)
    with scene.runtime.database.write() as connection:
        connection.execute(text("UPDATE accounts SET email = :email WHERE id = 1"), {"email": HOSTILE})
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("n", "1")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        shown = screen_text(app)
        assert "␛]52;c;bmVpbg==" in shown
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)
        await pilot.click("OrderStrip", offset=(40, 0))
        await settle(pilot)
        assert app.is_running


# How it looks


async def test_the_picture_of_the_screen(
    scene: Scene, stripe: ScriptedStripe, clock: ManualClock, svg: SnapshotAssertion
) -> None:
    clock.advance(hours=-26)
    stripe.refuse.append(GatewayRefused("Stripe refused: Your account cannot make charges."))
    await scene.payments.create_topup_checkout(scene.li.id)
    clock.advance(hours=3)
    await scene.payments.create_checkout_session(scene.li.id, "FREE100")
    clock.advance(hours=22, minutes=50)
    stripe.refuse.append(OutcomeUnknown("Stripe did not answer."))
    await scene.payments.create_topup_checkout(scene.li.id, 2500)
    clock.advance(minutes=10)
    await open_order(scene)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id), "launch10")
        # In the list, because the cursor of a field blinks.
        await pilot.press("escape")
        await settle(pilot)
        assert picture(app) == svg
