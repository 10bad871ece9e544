"""A refund from the key to card, ledger and order: the real app, a real database file, the sandbox on a socket."""

from textual.pilot import Pilot
from textual.widgets import Input

from services.domain.ledger import TransactionKind
from services.domain.refund import RefundStatus
from services.sandbox import Fault, Sandbox
from tests.proof import assert_verified
from tests.tui.checkout_scene import Scene, order_line, paid_order
from tests.tui.desks import screen_text, settle, type_text
from tui.screens.checkout_refund import RefundDialog


async def ask(pilot: Pilot[None], amount: str, reason: str) -> None:
    """Open the dialog for the order under the cursor and fill it in."""
    await pilot.press("f")
    await settle(pilot)
    await pilot.press("ctrl+a", "ctrl+k")
    await type_text(pilot, amount)
    await pilot.press("enter")
    await type_text(pilot, reason)
    await settle(pilot)


async def test_a_part_goes_back_and_shows_in_order_and_ledger(scene: Scene, sandbox: Sandbox) -> None:
    order = await paid_order(scene, sandbox, scene.maria, "LAUNCH10")
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await ask(pilot, "5.00", "a bad week")
        for shown in ("of $26.99 that is left", "To the card         $5.00", "$26.99 → $21.99"):
            assert shown in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        (said,) = [notice.message for notice in app._notifications]
        assert said == "Order 1: $5.00 refunded, $5.00 taken from the balance as entry 2"
        assert "PAID" in order_line(app, order.id)
        assert "−$5.00 back" in order_line(app, order.id)
        (refund,) = scene.refunds.of_order(order.id)
        for shown in ("−$5.00  done", "a bad week", "anna, 23 Nov", "2  −$5.00", "$5.00 refunded"):
            assert shown in screen_text(app)
        assert str(refund.stripe_refund_id)[:20] in screen_text(app)
    assert sandbox.session(str(order.session_id)).refunded_cents == 500
    entry = scene.balance.entries_of_order(order.id)[-1]
    assert (entry.kind, entry.amount_cents, entry.balance_after_cents) == (TransactionKind.REFUND, -500, 2199)
    assert "a bad week" in entry.description
    assert_verified(scene.runtime)


async def test_all_that_is_left_is_the_default_and_then_nothing_is_offered(scene: Scene, sandbox: Sandbox) -> None:
    order = await paid_order(scene, sandbox, scene.maria)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "f refund" in screen_text(app)
        await pilot.press("f")
        await settle(pilot)
        assert app.screen.query_one(Input).value == "29.99"
        await pilot.press("enter")
        await type_text(pilot, "cancelled")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "REFUNDED" in order_line(app, order.id)
        assert "f refund" not in screen_text(app)
        await pilot.press("f")
        await settle(pilot)
        assert not isinstance(app.screen, RefundDialog)
    assert scene.balance.get_balance(scene.maria.id) == 0
    assert_verified(scene.runtime)


async def test_a_balance_that_would_fall_below_zero_is_said_before(scene: Scene, sandbox: Sandbox) -> None:
    await paid_order(scene, sandbox, scene.maria)
    scene.balance.deduct(scene.maria.id, 2900, "SMS")
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot, "5", "goodwill")
        assert "$0.99 → −$4.01  below zero" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
    assert scene.balance.get_balance(scene.maria.id) == -401
    assert_verified(scene.runtime)


async def test_too_much_is_refused_at_its_field_and_what_was_typed_stays(scene: Scene, sandbox: Sandbox) -> None:
    order = await paid_order(scene, sandbox, scene.maria)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot, "30", "generous")
        assert "To the card         $30.00  more than is left" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, RefundDialog)
        lines = screen_text(app).splitlines()
        at = next(index for index, line in enumerate(lines) if "Amount" in line)
        assert "✗ Order 1 was paid $29.99, and $29.99 of it can still" in lines[at + 1]
        assert [field.value for field in app.screen.query(Input)] == ["30", "generous"]
    assert scene.refunds.of_order(order.id) == []
    assert sandbox.session(str(order.session_id)).refunded_cents == 0
    assert_verified(scene.runtime)


async def test_enter_again_and_again_is_one_refund(scene: Scene, sandbox: Sandbox) -> None:
    order = await paid_order(scene, sandbox, scene.maria)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot, "5", "twice")
        await pilot.press("tab", "tab", *["enter"] * 4)
        await settle(pilot)
    assert len(scene.refunds.of_order(order.id)) == 1
    assert sandbox.session(str(order.session_id)).refunded_cents == 500
    assert_verified(scene.runtime)


async def test_a_refund_whose_answer_is_lost_is_unknown_and_then_done_once(scene: Scene, sandbox: Sandbox) -> None:
    order = await paid_order(scene, sandbox, scene.maria)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot, "5", "lost")
        cut = sandbox.faults.malform("half_json", method="POST", path="/v1/refunds")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert cut.landed == 1
        assert "refund unknown" in order_line(app, order.id)
        assert "whether $5.00 more went back is unknown; checking, try 1" in " ".join(screen_text(app).split())
        assert scene.balance.get_balance(scene.maria.id) == 2999
        await pilot.press("r")
        await settle(pilot)
        assert "−$5.00 back" in order_line(app, order.id)
    (refund,) = scene.refunds.of_order(order.id)
    assert refund.status is RefundStatus.DONE
    assert sandbox.session(str(order.session_id)).refunded_cents == 500
    assert_verified(scene.runtime)


async def test_a_dialog_that_is_left_says_how_the_refund_ended(scene: Scene, sandbox: Sandbox) -> None:
    order = await paid_order(scene, sandbox, scene.maria)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await ask(pilot, "5", "in a hurry")
        held = sandbox.faults.add(Fault.HOLD_BEFORE, method="POST", path="/v1/refunds")
        await pilot.press("ctrl+s", "escape")
        assert not isinstance(app.screen, RefundDialog)
        held.release()
        await settle(pilot)
        assert held.landed == 1
        assert any("Order 1: $5.00 refunded" in notice.message for notice in app._notifications)
    assert len(scene.refunds.of_order(order.id)) == 1
    assert_verified(scene.runtime)
