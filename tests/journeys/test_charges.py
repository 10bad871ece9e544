"""Charging a saved card, from the key to the ledger: the real app, a real database file, the sandbox on a socket."""

from textual.pilot import Pilot

from services.charges import ChargeService
from services.domain.checkout import OrderStatus
from services.sandbox import Sandbox
from tests.clock import ManualClock
from tests.proof import assert_verified
from tests.tui.checkout_scene import Scene, fill_top_up, look_away, order_line, paid_order
from tests.tui.desks import hold, screen_text, settle
from tui.screens.checkout import CheckoutScreen
from tui.screens.checkout_charge import ChargeDialog, LinkDialog

ASKS_EVERY_TIME = "4000002760003184"
CREATE = "/v1/payment_intents"


async def ask(pilot: Pilot[None]) -> None:
    """Open the dialog for the account of the order under the cursor, and take the amount up to $20."""
    await pilot.press("b")
    await settle(pilot)
    await pilot.press("plus")
    await settle(pilot)


async def test_a_saved_card_is_charged_and_credited(scene: Scene, sandbox: Sandbox) -> None:
    await paid_order(scene, sandbox, scene.maria)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot)
        for shown in ("maria@example.com", "visa •••• 4242 exp 12/34", "$29.99 → $49.99"):
            assert shown in screen_text(app)
        await pilot.press("tab", "tab", *["enter"] * 3)
        await settle(pilot)
        await pilot.press("escape")  # from the order, which the last enter may have opened
        assert "PAID" in order_line(app, 2)
        assert "Order 2 paid: $20.00, entry 2" in [notice.message for notice in app._notifications]
    assert scene.balance.get_balance(scene.maria.id) == 4999
    assert [payment.amount_cents for payment in sandbox.payments] == [2999, 2000]
    assert_verified(scene.runtime)


async def test_a_key_that_is_held_beyond_a_charge_creates_no_checkout(
    scene: Scene, sandbox: Sandbox, clock: ManualClock
) -> None:
    await paid_order(scene, sandbox, scene.maria)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_top_up(pilot, "maria@example.com")
        await pilot.press("escape")
        await ask(pilot)
        for _ in range(3):
            await hold(pilot, "ctrl+s")
            await settle(pilot)
        assert isinstance(app.screen, CheckoutScreen)
        assert [order.status for order in scene.orders] == [OrderStatus.PAID, OrderStatus.PAID]
        clock.advance(seconds=1)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert [order.status for order in scene.orders] == [OrderStatus.OPEN, OrderStatus.PAID, OrderStatus.PAID]
        await look_away(pilot)
    assert_verified(scene.runtime)


async def test_a_declined_card_says_why_and_is_not_tried_again_by_a_key_that_is_held(
    scene: Scene, sandbox: Sandbox
) -> None:
    await paid_order(scene, sandbox, scene.maria)
    saved = ChargeService.over(scene.runtime).last_card(scene.maria.id)
    assert saved is not None
    sandbox.decline_card(saved.card.payment_method_id, "insufficient_funds")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, ChargeDialog)
        assert "✗ Declined, nothing was charged:" in screen_text(app)
        assert "insufficient funds" in screen_text(app)
        for key in ("ctrl+s", "ctrl+s", "tab", "tab", "enter", "enter"):
            await pilot.press(key)
            await settle(pilot)
        assert len(scene.orders) == 2, "The card was tried again without anybody deciding so."
        await pilot.press("shift+tab", "shift+tab", "plus", "ctrl+s")
        await settle(pilot)
        await pilot.press("escape")
        assert "FAILED" in order_line(app, 3)
    assert [order.status for order in scene.orders] == [OrderStatus.FAILED, OrderStatus.FAILED, OrderStatus.PAID]
    assert scene.balance.get_balance(scene.maria.id) == 2999
    assert_verified(scene.runtime)


async def test_a_bank_that_wants_the_customer_is_answered_with_a_link(scene: Scene, sandbox: Sandbox) -> None:
    await paid_order(scene, sandbox, scene.maria, card=ASKS_EVERY_TIME)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, LinkDialog)
        assert "A checkout link for the same amount" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "OPEN" in order_line(app, 3)
        assert "FAILED" in order_line(app, 2)
        link = scene.orders[0].checkout_url
        assert link is not None
        assert link in screen_text(app)
    assert scene.orders[0].draft.total_cents == 2000
    sandbox.pay(str(scene.orders[0].session_id), ASKS_EVERY_TIME)
    await scene.payments.refresh_order(3)
    assert scene.balance.get_balance(scene.maria.id) == 4999
    assert_verified(scene.runtime)


async def test_a_charge_whose_answer_is_lost_is_unknown_and_then_paid_once(scene: Scene, sandbox: Sandbox) -> None:
    await paid_order(scene, sandbox, scene.maria)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot)
        cut = sandbox.faults.malform("half_json", method="POST", path=CREATE)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert cut.landed == 1
        assert "UNKNOWN" in order_line(app, 2)
        assert scene.balance.get_balance(scene.maria.id) == 2999
        await pilot.press("r")
        await settle(pilot)
        assert "PAID" in order_line(app, 2)
    assert scene.balance.get_balance(scene.maria.id) == 4999
    assert len(sandbox.payments) == 2
    assert_verified(scene.runtime)


async def test_an_account_without_a_card_is_told_how_it_gets_one(scene: Scene) -> None:
    await scene.payments.create_checkout_session(scene.maria.id)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot)
        assert "No card is saved. A paid checkout saves one" in screen_text(app)
        assert app.screen.query_one("#confirm").disabled
        await pilot.press("ctrl+s")
        await settle(pilot)
    assert len(scene.orders) == 1
    assert_verified(scene.runtime)


async def test_a_declined_charge_is_tried_again_as_a_charge(scene: Scene, sandbox: Sandbox) -> None:
    await paid_order(scene, sandbox, scene.maria, card=ASKS_EVERY_TIME)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot)
        await pilot.press("ctrl+s")
        await settle(pilot)
        await pilot.press("escape", "escape", "g", "t")
        await settle(pilot)
        assert isinstance(app.screen, ChargeDialog)
        assert "$29.99 → $49.99" in screen_text(app)
    assert_verified(scene.runtime)
