"""A checkout from the first key to the ledger: the real app, a real database file, the sandbox on a socket."""

from services.domain.checkout import OrderStatus
from services.domain.ledger import TransactionKind
from services.sandbox import Sandbox
from tests.clock import ManualClock
from tests.tui.checkout_scene import (
    Ear,
    Scene,
    at_the_hosted_page,
    fill_initial,
    fill_top_up,
    look_away,
    order_line,
    within_reason,
)
from tests.tui.desks import screen_text, settle, type_text
from tui.screens.checkout_board import OrderBoard
from tui.screens.checkout_watch import OrderWatch

OFTEN = 0.02


def created_at(sandbox: Sandbox) -> list[int]:
    """What the sandbox was asked to charge, checkout by checkout."""
    asked = [request for request in sandbox.requests if request.method == "POST" and not request.replayed]
    return [request.parameters["line_items"][0]["price_data"]["unit_amount"] for request in asked]


async def test_an_initial_purchase_with_a_code_is_paid_before_the_eyes(scene: Scene, sandbox: Sandbox) -> None:
    ear = Ear()
    app = scene.app(first_seconds=OFTEN)
    async with app.run_test(size=(80, 24), message_hook=ear) as pilot:
        await settle(pilot)
        await fill_initial(pilot, "mar", "launch10")
        quoted = screen_text(app)
        for shown in ("maria@example.com", "LAUNCH10  −10 %", "−$3.00", "$26.99", "✓ 7 uses left", "card is saved"):
            assert shown in quoted
        await pilot.press("ctrl+s")
        await settle(pilot)
        (order,) = scene.orders
        assert created_at(sandbox) == [2699]
        assert "OPEN" in order_line(app, order.id)
        assert order.checkout_url is not None
        assert order.checkout_url in screen_text(app)
        assert "4242424242424242 pays" in screen_text(app)

        paid = ear.expect(OrderBoard.MovedOn, lambda moved: moved.listed.order.status is OrderStatus.PAID)
        assert at_the_hosted_page(order.checkout_url).status_code == 303
        await within_reason(paid)
        await settle(pilot)
        assert "PAID" in order_line(app, order.id)
        assert "entry 1" in order_line(app, order.id)
        assert f"✓ Order {order.id} paid: $26.99, entry 1" in screen_text(app)
        assert f"Order {order.id} paid: $26.99, entry 1" in [notice.message for notice in app._notifications]

    (entry,) = scene.balance.entries_of_order(order.id)
    assert (entry.kind, entry.amount_cents, entry.account_id) == (TransactionKind.PURCHASE, 2699, scene.maria.id)
    code = scene.discounts.get("LAUNCH10")
    assert code is not None
    assert (code.held, code.redeemed) == (0, 1)


async def test_a_top_up_in_blocks_of_ten_dollars(scene: Scene, sandbox: Sandbox) -> None:
    ear = Ear()
    app = scene.app(first_seconds=OFTEN)
    async with app.run_test(size=(80, 24), message_hook=ear) as pilot:
        await settle(pilot)
        await fill_top_up(pilot, str(scene.li.id))
        assert "$10.00" in screen_text(app)
        await pilot.press("plus", "plus", "minus", "ctrl+s")
        await settle(pilot)
        (order,) = scene.orders
        assert created_at(sandbox) == [2000]
        assert order.session_id is not None
        paid = ear.expect(OrderBoard.MovedOn)
        sandbox.pay(order.session_id)
        await within_reason(paid)
        await settle(pilot)
        assert "top-up" in order_line(app, order.id)
        assert "PAID" in order_line(app, order.id)
    assert scene.balance.get_balance(scene.li.id) == 2000


async def test_a_declined_card_leaves_the_order_open(scene: Scene) -> None:
    ear = Ear()
    app = scene.app(first_seconds=OFTEN)
    async with app.run_test(size=(80, 24), message_hook=ear) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id))
        await pilot.press("ctrl+s")
        await settle(pilot)
        (order,) = scene.orders
        assert order.checkout_url is not None
        asked = ear.expect(OrderWatch.Checked)
        assert at_the_hosted_page(order.checkout_url, "4000000000000002").status_code == 402
        await within_reason(asked)
        await settle(pilot)
        assert "OPEN" in order_line(app, order.id)
        await look_away(pilot)
    assert scene.orders[0].status is OrderStatus.OPEN
    assert scene.balance.get_balance(scene.maria.id) == 0


async def test_a_checkout_nobody_pays_expires_and_frees_its_code(scene: Scene, clock: ManualClock) -> None:
    ear = Ear()
    app = scene.app(first_seconds=OFTEN)
    async with app.run_test(size=(80, 24), message_hook=ear) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id), "LAUNCH10")
        await pilot.press("ctrl+s")
        await settle(pilot)
        over = ear.expect(OrderBoard.MovedOn)
        clock.advance(hours=25)
        await within_reason(over)
        await settle(pilot)
        (order,) = scene.orders
        assert "EXPIRED" in order_line(app, order.id)
        assert "ended unpaid" in screen_text(app)
    code = scene.discounts.get("LAUNCH10")
    assert code is not None
    assert code.uses == 0


async def test_a_code_over_the_whole_price_is_completed_without_stripe(scene: Scene, sandbox: Sandbox) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_initial(pilot, "li.wei@example.org", "free100")
        assert "completed here without Stripe" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "PAID" in order_line(app, scene.orders[0].id)
    assert sandbox.requests == ()


async def test_a_refused_code_stands_beside_its_field_and_creates_nothing(scene: Scene, sandbox: Sandbox) -> None:
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await fill_initial(pilot, str(scene.maria.id))
        await type_text(pilot, "nope")
        await settle(pilot)
        await pilot.press("ctrl+s")
        await settle(pilot)
        lines = screen_text(app).splitlines()
        at = next(index for index, line in enumerate(lines) if "Code" in line)
        assert "nope" in lines[at]
        assert "✗ There is no code NOPE." in lines[at + 1]
    assert scene.orders == []
    assert sandbox.requests == ()
