"""What Stripe and the desk differ in: found in the background, shown, and settled by a person."""

from dataclasses import replace

from pydantic import SecretStr

from services.domain.checkout import OrderStatus
from services.domain.ledger import TransactionKind
from services.gateways.stripe_gateway import StripeGateway
from services.reconciliation import ReconciliationService
from services.sandbox import Sandbox
from tests.proof import assert_verified
from tests.tui.checkout_scene import Ear, Scene, order_line, paid_order, within_reason
from tests.tui.desks import screen_text, settle, type_text
from tui.app import RECONCILE_SECONDS
from tui.calls import ReadEnded
from tui.dialogs.finding import FindingDialog
from tui.dialogs.findings import FindingsDialog
from tui.reconciling import RECONCILIATION, Progressed


async def test_a_refund_at_the_dashboard_is_found_at_start_and_recorded(scene: Scene, sandbox: Sandbox) -> None:
    order = await paid_order(scene, sandbox, scene.maria)
    sandbox.refund(str(order.session_id), 500)
    app = scene.app(reconcile_seconds=RECONCILE_SECONDS)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "Orders · 1 finding, press F" in screen_text(app)
        await pilot.press("F")
        await settle(pilot)
        shown = screen_text(app)
        assert "refunded at Stripe" in shown
        assert "Last compared 14:03:07." in shown
        await pilot.press("enter")
        await settle(pilot)
        for words in ("$5.00 of order 1 were refunded at Stripe", "$29.99 → $24.99", "$0.00 → $5.00"):
            assert words in screen_text(app)
        await pilot.press("enter")  # focus is on the button that changes nothing
        await settle(pilot)
        assert scene.balance.get_balance(scene.maria.id) == 2999
        await pilot.press("enter", "tab", "enter")
        await settle(pilot)
        assert isinstance(app.screen, FindingsDialog)
        assert "Nothing differs between this desk and Stripe." in screen_text(app)
        await pilot.press("escape")
        await settle(pilot)
        assert "press F" not in screen_text(app)
        assert "−$5.00 back" in order_line(app, order.id)
    entry = scene.balance.entries_of_order(order.id)[-1]
    assert (entry.kind, entry.amount_cents) == (TransactionKind.REFUND, -500)
    assert_verified(scene.runtime)


async def test_a_finding_is_resolved_by_what_a_person_did(scene: Scene, sandbox: Sandbox) -> None:
    order = await paid_order(scene, sandbox, scene.maria)
    sandbox.refund(str(order.session_id), 500)
    app = scene.app(reconcile_seconds=RECONCILE_SECONDS)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("F", "enter")
        await settle(pilot)
        assert isinstance(app.screen, FindingDialog)
        await pilot.press("n")
        await settle(pilot)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✗" in screen_text(app)
        await type_text(pilot, "deducted by hand")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, FindingsDialog)
        assert "Nothing differs" in screen_text(app)
    assert ReconciliationService.over(scene.runtime).findings() == []
    assert scene.balance.get_balance(scene.maria.id) == 2999
    assert_verified(scene.runtime)


async def test_what_was_paid_meanwhile_is_settled_from_time_to_time(scene: Scene, sandbox: Sandbox) -> None:
    ear = Ear()
    result = await scene.payments.create_checkout_session(scene.maria.id)
    app = scene.app(reconcile_seconds=0.05)
    async with app.run_test(size=(80, 24), message_hook=ear) as pilot:
        started = ear.expect(ReadEnded, lambda ended: ended.name == RECONCILIATION)
        await within_reason(started)
        assert scene.orders[0].status is OrderStatus.OPEN
        progressed = ear.expect(Progressed, lambda told: (told.looked_at, told.expected) == (1, 1))
        sandbox.pay(str(result.transaction_id))
        told = ear.expect(ReadEnded, lambda ended: ended.name == "orders" and scene.orders[0].settled_at is not None)
        await within_reason(progressed)
        await within_reason(told)
        await pilot.pause()
        assert "PAID" in order_line(app, 1)
    assert scene.balance.get_balance(scene.maria.id) == 2999
    assert_verified(scene.runtime)


async def test_compared_by_hand_it_says_what_came_of_it(scene: Scene, sandbox: Sandbox) -> None:
    results = [await scene.payments.create_checkout_session(scene.maria.id) for _ in range(3)]
    sandbox.pay(str(results[0].transaction_id))
    sandbox.pay(str(results[1].transaction_id))
    sandbox.expire(str(results[2].transaction_id))
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("F")
        await settle(pilot)
        assert "Not compared with Stripe yet. r compares now." in screen_text(app)
        await pilot.press("r")
        await settle(pilot)
        assert "3 orders settled: 2 paid, 1 expired." in screen_text(app)
    assert scene.balance.get_balance(scene.maria.id) == 5998
    assert_verified(scene.runtime)


async def test_a_key_that_is_refused_is_said_once(scene: Scene, sandbox: Sandbox) -> None:
    await scene.payments.create_checkout_session(scene.maria.id)
    other = StripeGateway(SecretStr("sk_test_of_another_account"), api_base=sandbox.api_base)
    scene = replace(scene, runtime=replace(scene.runtime, gateway=other))
    ear = Ear()
    app = scene.app(reconcile_seconds=0.05)
    async with app.run_test(size=(80, 24), message_hook=ear) as pilot:
        for _ in range(3):
            await within_reason(ear.expect(ReadEnded, lambda ended: ended.name == RECONCILIATION))
        await pilot.press("F")
        await pilot.pause()
        assert [notice.title for notice in app._notifications] == ["Not compared with Stripe"]
        assert app.comparison.problem
    assert scene.orders[0].status is OrderStatus.OPEN
    assert_verified(scene.runtime)
