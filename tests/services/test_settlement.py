"""One order and Stripe: ending its checkout, closing it, and what is found out about it later."""

from dataclasses import replace

import pytest

from services.domain.checkout import OrderStatus, StripeSession
from services.errors import Conflict, GatewayRefused, InvalidInput, NotFound, OutcomeUnknown, StripeNotConfigured
from services.gateways.ports import PaymentGateway
from services.payments import PaymentService
from services.sandbox import Fault, Sandbox
from services.settlement import Settlement
from tests.clock import ManualClock
from tests.fakes import FakeGateway, GatewayOver
from tests.services.scene import Scene

LOST = OutcomeUnknown("Stripe did not answer.")


@pytest.fixture(autouse=True)
def _verified(verified: None) -> None:
    """Every test of these ends with the proof."""


def uses(scene: Scene, code: str) -> tuple[int, int]:
    found = scene.discounts.get(code)
    assert found is not None
    return found.held, found.redeemed


class PaidMeanwhile(GatewayOver):
    """The customer pays in the last moment before the session would end."""

    def __init__(self, inner: PaymentGateway, scene: Scene) -> None:
        super().__init__(inner)
        self.scene = scene

    def expire_checkout_session(self, session_id: str) -> StripeSession:
        self.scene.pay(session_id)
        return super().expire_checkout_session(session_id)


async def test_an_open_checkout_is_ended_and_its_code_is_free(at_sandbox: Scene, sandbox: Sandbox) -> None:
    at_sandbox.discounts.create("ONCE", percent_basis_points=1000, max_uses=1)
    order = await at_sandbox.bought("ONCE")
    assert uses(at_sandbox, "ONCE") == (1, 0)
    ended = await at_sandbox.payments.expire_order(order.id)
    assert (ended.status, ended.checkout_url) == (OrderStatus.EXPIRED, None)
    assert uses(at_sandbox, "ONCE") == (0, 0)
    assert sandbox.session(order.session_id or "").status == "expired"
    assert await at_sandbox.payments.expire_order(order.id) == ended


async def test_who_pays_in_the_last_second_has_paid(at_sandbox: Scene) -> None:
    at_sandbox.discounts.create("ONCE", percent_basis_points=1000, max_uses=1)
    order = await at_sandbox.bought("ONCE")
    assert at_sandbox.runtime.gateway is not None
    late = replace(at_sandbox.runtime, gateway=PaidMeanwhile(at_sandbox.runtime.gateway, at_sandbox))
    paid = await PaymentService.over(late).expire_order(order.id)
    assert (paid.status, at_sandbox.balance_cents) == (OrderStatus.PAID, 2699)
    assert uses(at_sandbox, "ONCE") == (0, 1)


async def test_a_checkout_that_is_paid_or_over_is_settled_instead(at_sandbox: Scene, sandbox: Sandbox) -> None:
    paid, over = await at_sandbox.opened(), await at_sandbox.opened()
    sandbox.pay(paid.session_id or "")
    sandbox.expire(over.session_id or "")
    assert (await at_sandbox.payments.expire_order(paid.id)).status is OrderStatus.PAID
    assert (await at_sandbox.payments.expire_order(over.id)).status is OrderStatus.EXPIRED
    assert [call.path for call in sandbox.requests if call.path.endswith("/expire")] == []


async def test_a_checkout_whose_creation_is_unknown_is_found_and_then_ended(
    at_sandbox: Scene, sandbox: Sandbox
) -> None:
    fault = sandbox.faults.add(Fault.RESET_AFTER, method="POST")
    lost = await at_sandbox.payments.create_topup_checkout(at_sandbox.account_id, 3000)
    assert (lost.success, fault.landed) == (False, 1)
    assert (await at_sandbox.payments.expire_order(lost.order_id or 0)).status is OrderStatus.EXPIRED
    assert [session.status for session in sandbox.sessions] == ["expired"]


async def test_an_end_whose_answer_is_lost_is_found_out(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.opened()
    fault = sandbox.faults.add(Fault.RESET_AFTER, path="/v1/checkout/sessions/*/expire")
    with pytest.raises(OutcomeUnknown):
        await at_sandbox.payments.expire_order(order.id)
    assert fault.landed == 1
    assert at_sandbox.order(order.id) == order
    assert (await at_sandbox.payments.refresh_order(order.id)).status is OrderStatus.EXPIRED


async def test_a_refusal_to_end_a_checkout_is_told(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_memory.opened()

    class Refusing(GatewayOver):
        """Ends no session."""

        def expire_checkout_session(self, session_id: str) -> StripeSession:
            raise GatewayRefused("Stripe refused: not this one.")

    settlement = Settlement.over(replace(in_memory.runtime, gateway=Refusing(memory)))
    with pytest.raises(GatewayRefused, match="not this one"):
        settlement.expire(order)
    assert in_memory.order(order.id) == order


async def test_a_charge_has_no_checkout_to_end(in_memory: Scene, memory: FakeGateway) -> None:
    await in_memory.paid()
    memory.lose = [LOST]
    saved = in_memory.charges.last_card(in_memory.account_id)
    assert saved is not None
    card = saved.card.payment_method_id
    lost = in_memory.charges.charge(in_memory.account_id, 2000, payment_method_id=card, idempotency_key="k").order
    assert lost is not None
    for key, intent in memory.intents.items():
        memory.intents[key] = replace(intent, status="processing", received_cents=0)
    with pytest.raises(Conflict, match="no open checkout"):
        await in_memory.payments.expire_order(lost.id)
    assert in_memory.order(lost.id).status is OrderStatus.OPEN
    for key, intent in memory.intents.items():
        memory.intents[key] = replace(intent, status="succeeded", received_cents=2000)
    assert (await in_memory.payments.expire_order(lost.id)).status is OrderStatus.PAID


async def test_unknown_orders_and_no_key(at_sandbox: Scene) -> None:
    order = await at_sandbox.opened()
    without = PaymentService.over(replace(at_sandbox.runtime, gateway=None))
    with pytest.raises(StripeNotConfigured):
        await without.expire_order(order.id)
    with pytest.raises(NotFound):
        await at_sandbox.payments.expire_order(order.id + 1)
    with pytest.raises(NotFound):
        at_sandbox.payments.close_order(order.id + 1, "gone")


async def test_closing_ends_the_session_first(at_sandbox: Scene, sandbox: Sandbox) -> None:
    at_sandbox.discounts.create("ONCE", percent_basis_points=1000, max_uses=1)
    order = await at_sandbox.bought("ONCE")
    with pytest.raises(Conflict, match="needs nobody's decision"):
        at_sandbox.payments.close_order(order.id, "odd")
    fault = sandbox.faults.mutate(lambda body: body | {"currency": "eur"}, method="GET")
    assert (await at_sandbox.payments.refresh_order(order.id)).status is OrderStatus.NEEDS_REVIEW
    assert fault.landed == 1
    with pytest.raises(InvalidInput):
        at_sandbox.payments.close_order(order.id, " ")
    closed = at_sandbox.payments.close_order(order.id, "test data")
    assert (closed.status, closed.status_reason) == (OrderStatus.FAILED, "Closed by anna: test data")
    assert sandbox.session(order.session_id or "").status == "expired"
    assert (uses(at_sandbox, "ONCE"), at_sandbox.audited("close")) == ((0, 0), 1)
    # once more, as where the answer of the database was lost
    assert at_sandbox.payments.order_service.close(order.id, "test data") == closed
    with pytest.raises(Conflict, match="is failed"):
        at_sandbox.payments.close_order(order.id, "for another reason")
    assert at_sandbox.audited("close") == 1


async def test_a_session_of_the_other_mode_is_not_closed(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_memory.opened()
    memory.distort = lambda session: replace(session, currency="eur")
    assert (await in_memory.payments.refresh_order(order.id)).status is OrderStatus.NEEDS_REVIEW
    live = PaymentService.over(replace(in_memory.runtime, gateway=FakeGateway(livemode=True)))
    with pytest.raises(Conflict, match="made in test mode"):
        live.close_order(order.id, "odd")
    memory.distort = lambda session: session
    assert (await in_memory.payments.refresh_order(order.id)).status is OrderStatus.OPEN


async def test_a_request_of_an_unknown_key_is_looked_up_and_not_sent(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock
) -> None:
    memory.lose = [LOST]
    result = await in_memory.payments.create_topup_checkout(in_memory.account_id, 3000)
    lost = in_memory.order(result.order_id)
    sent = len(memory.sent)
    settlement = Settlement.over(in_memory.runtime)
    assert settlement.refresh(replace(lost, stripe_key=None)).status is OrderStatus.OPEN
    assert len(memory.sent) == sent


@pytest.mark.parametrize("state", ["paid", "expired"])
async def test_what_is_found_after_the_life_of_the_key_is_settled_at_once(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock, state: str
) -> None:
    memory.lose = [LOST]
    result = await in_memory.payments.create_topup_checkout(in_memory.account_id, 3000)
    (session,) = memory.sessions.values()
    if state == "paid":
        memory.pay(session.id)
    else:
        memory.change(session.id, status="expired", url=None)
    clock.advance(hours=30)
    assert (await in_memory.payments.refresh_order(result.order_id or 0)).status.value == state
    assert in_memory.balance_cents == (3000 if state == "paid" else 0)


async def test_a_refused_look_up_ends_nothing(in_memory: Scene, memory: FakeGateway, clock: ManualClock) -> None:
    memory.lose = [LOST]
    result = await in_memory.payments.create_topup_checkout(in_memory.account_id, 3000)
    clock.advance(hours=30)
    memory.refuse = [GatewayRefused("Stripe refused: something odd.")]
    with pytest.raises(GatewayRefused):
        await in_memory.payments.refresh_order(result.order_id or 0)
    assert in_memory.order(result.order_id).status is OrderStatus.CREATED
    assert (await in_memory.payments.refresh_order(result.order_id or 0)).status is OrderStatus.OPEN
