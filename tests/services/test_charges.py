"""Charges of saved cards: each exactly once, credited once, and never called failed while that is not known."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.charges import ChargeOutcome, ChargeResult, ChargeService
from services.domain.charge import StripeIntent
from services.domain.checkout import Channel, Order, OrderStatus
from services.errors import Conflict, GatewayDenied, OutcomeUnknown, TryAgain
from services.sandbox import Fault, Sandbox, check_parameters
from tests.clock import ManualClock
from tests.fakes import VISA, FakeGateway
from tests.services.scene import Scene

CHARGES = ("POST", "/v1/payment_intents")
LOST = OutcomeUnknown("Stripe did not answer.")
DENIED = GatewayDenied("Stripe does not accept the key.")


@pytest.fixture(autouse=True)
def _verified(verified: None) -> None:
    """Every test of these ends with the proof."""


def charge(scene: Scene, amount_cents: int = 2000, key: str = "form-1", card: str | None = None) -> ChargeResult:
    """Charges the card that is on file, as a form does that was opened with it."""
    last = scene.charges.last_card(scene.account_id)
    name = card or (last.card.payment_method_id if last else "pm_none")
    return scene.charges.charge(scene.account_id, amount_cents, payment_method_id=name, idempotency_key=key)


def charged(sandbox: Sandbox) -> int:
    """How many charges the sandbox made, beside those of checkouts."""
    return sum(call.executed for call in sandbox.requests if (call.method, call.path) == CHARGES)


def order_of(result: ChargeResult) -> Order:
    """The order that is stored for a charge."""
    assert result.order is not None, result.error
    return result.order


async def test_a_paid_checkout_keeps_the_card(at_sandbox: Scene, sandbox: Sandbox) -> None:
    assert at_sandbox.charges.saved_card(at_sandbox.account_id) is None
    order = await at_sandbox.paid()
    saved = at_sandbox.charges.last_card(at_sandbox.account_id)
    assert saved is not None
    assert (saved.card.brand, saved.card.last4, saved.stripe_customer_id, saved.livemode) == (
        "visa",
        "4242",
        order.stripe_customer_id,
        False,
    )
    assert saved.card.payment_method_id == sandbox.payments[-1].payment_method_id
    assert at_sandbox.charges.saved_card(at_sandbox.account_id) == saved


async def test_a_charge_is_credited_at_once(at_sandbox: Scene, sandbox: Sandbox, clock: ManualClock) -> None:
    first = await at_sandbox.paid()
    result = charge(at_sandbox)
    order = order_of(result)
    assert (result.outcome, result.error) == (ChargeOutcome.CREDITED, None)
    assert (order.status, order.draft.channel, order.paid_cents) == (OrderStatus.PAID, Channel.SAVED_CARD, 2000)
    assert (order.settled_at, order.stripe_customer_id) == (clock.moment, first.stripe_customer_id)
    assert at_sandbox.entries() == [("top_up", 3000), ("top_up", 2000)]
    (call,) = [call for call in sandbox.requests if (call.method, call.path) == CHARGES]
    assert call.parameters == order.request
    check_parameters("payment_intents.create", order.request)
    assert (order.request["confirm"], order.request["off_session"], order.request["error_on_requires_action"]) == (
        True,
        True,
        True,
    )
    assert at_sandbox.reconciliation.reconcile().findings == ()
    assert at_sandbox.refunds.refund(order.id, 2000, "by mistake").success
    assert at_sandbox.balance_cents == 3000


@pytest.mark.parametrize("reason", ["generic_decline", "insufficient_funds", "expired_card"])
async def test_a_declined_card_is_told_with_its_reason(at_sandbox: Scene, sandbox: Sandbox, reason: str) -> None:
    await at_sandbox.paid()
    sandbox.decline_card(sandbox.payments[-1].payment_method_id or "", reason)
    result = charge(at_sandbox)
    order = order_of(result)
    assert (result.outcome, order.status, order.decline_code) == (ChargeOutcome.DECLINED, OrderStatus.FAILED, reason)
    assert (result.error or "").startswith("The card was declined: Your card ")
    assert order.payment_intent_id == sandbox.payments[-1].id
    assert charge(at_sandbox).order == order
    assert (at_sandbox.balance_cents, at_sandbox.reconciliation.reconcile().findings) == (3000, ())


async def test_a_bank_that_asks_for_the_customer_needs_the_customer(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.opened()
    sandbox.pay(order.session_id or "", "4000002760003184")
    await at_sandbox.payments.refresh_order(order.id)
    result = charge(at_sandbox)
    assert result.outcome is ChargeOutcome.NEEDS_CUSTOMER
    assert "send them a checkout link for the same amount" in (result.error or "")
    assert order_of(result).status is OrderStatus.FAILED
    link = await at_sandbox.opened(2000)
    await at_sandbox.settled(link)
    assert at_sandbox.balance_cents == 5000


@pytest.mark.parametrize("again", ["reconciling", "the same key"])
@pytest.mark.parametrize("fault", [Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.TRUNCATED])
async def test_a_charge_whose_answer_is_lost_is_made_once(
    at_sandbox: Scene, sandbox: Sandbox, fault: Fault, again: str
) -> None:
    await at_sandbox.paid()
    script = sandbox.faults.add(fault, times=None, method="POST", path="/v1/payment_intents")
    lost = charge(at_sandbox)
    assert script.landed >= 1
    script.cancel()
    assert (lost.outcome, order_of(lost).status) == (ChargeOutcome.UNKNOWN, OrderStatus.CREATED)
    assert f"not known yet; checking order {order_of(lost).id} finds out" in (lost.error or "")
    if again == "reconciling":
        (moved,) = at_sandbox.reconciliation.reconcile().moved
        assert (moved.before, moved.order.status) == (OrderStatus.CREATED, OrderStatus.PAID)
    assert charge(at_sandbox).outcome is ChargeOutcome.CREDITED
    assert charged(sandbox) == 1
    assert at_sandbox.entries() == [("top_up", 3000), ("top_up", 2000)]


async def test_one_key_is_one_charge_whatever_the_card_is_by_then(at_sandbox: Scene, sandbox: Sandbox) -> None:
    await at_sandbox.paid()
    first = charge(at_sandbox)
    card = order_of(first).request["payment_method"]
    await at_sandbox.paid()
    now = at_sandbox.charges.last_card(at_sandbox.account_id)
    assert now is not None
    assert now.card.payment_method_id != card
    assert charge(at_sandbox, card=card) == first
    for amount_cents, other in ((2001, card), (2000, None)):
        refused = charge(at_sandbox, amount_cents, card=other)
        assert (refused.outcome, refused.order, refused.field) == (ChargeOutcome.REFUSED, None, "idempotency_key")
    assert charged(sandbox) == 1
    assert order_of(charge(at_sandbox, key="form-2")).id != order_of(first).id
    assert charged(sandbox) == 2


async def test_a_key_that_is_used_at_once_is_one_charge(at_sandbox: Scene, sandbox: Sandbox) -> None:
    await at_sandbox.paid()
    with ThreadPoolExecutor(6) as desks:
        results = list(desks.map(lambda _: charge(at_sandbox), range(6)))
    assert len({order_of(result).id for result in results}) == 1
    assert {result.outcome for result in results} <= {ChargeOutcome.CREDITED, ChargeOutcome.UNKNOWN}
    assert charge(at_sandbox).outcome is ChargeOutcome.CREDITED
    assert (charged(sandbox), at_sandbox.balance_cents) == (1, 5000)


async def test_a_card_that_changed_since_it_was_shown_is_not_charged(at_sandbox: Scene, sandbox: Sandbox) -> None:
    await at_sandbox.paid()
    refused = charge(at_sandbox, card="pm_of_yesterday")
    assert refused == ChargeResult(
        ChargeOutcome.REFUSED, error="The customer's card is another one now. Nothing was charged."
    )
    assert (refused.field, charged(sandbox)) == ("payment_method_id", 0)


async def test_without_a_card_or_an_account_nothing_is_charged(at_sandbox: Scene, sandbox: Sandbox) -> None:
    refused = charge(at_sandbox)
    assert refused.error == f"Account {at_sandbox.account_id} has no saved card. A checkout saves one."
    unknown = at_sandbox.charges.charge(99, 2000, payment_method_id="pm_1", idempotency_key="k")
    assert (unknown.outcome, unknown.field) == (ChargeOutcome.REFUSED, "account_id")
    without = ChargeService.over(replace(at_sandbox.runtime, gateway=None))
    result = without.charge(at_sandbox.account_id, 2000, payment_method_id="pm_1", idempotency_key="k")
    assert (result.outcome, result.error) == (ChargeOutcome.REFUSED, "Stripe not configured")
    assert (at_sandbox.payments.list_orders(), charged(sandbox)) == ([], 0)


@pytest.mark.parametrize("amount", [0, -1, 1, 49, 100_000_000, True, 20.0, "2000"])
async def test_an_amount_that_stripe_would_not_charge_is_refused(
    at_sandbox: Scene, sandbox: Sandbox, amount: int
) -> None:
    await at_sandbox.paid()
    refused = charge(at_sandbox, amount)
    assert (refused.outcome, refused.order, refused.field) == (ChargeOutcome.REFUSED, None, "amount")
    assert charged(sandbox) == 0


async def test_a_key_that_is_not_accepted_charges_nothing(in_memory: Scene, memory: FakeGateway) -> None:
    await in_memory.paid()
    memory.refuse = [DENIED]
    before = charge(in_memory)
    assert before == ChargeResult(ChargeOutcome.REFUSED, error=f"{DENIED.sentence} Nothing was charged.")
    asked = in_memory.charges.saved_card(in_memory.account_id)
    assert asked is not None

    class DeniedCharge(FakeGateway):
        """May read cards, and not charge them."""

        def create_payment_intent(self, request: Mapping[str, Any], idempotency_key: str) -> StripeIntent:
            raise DENIED

    denied = Scene(replace(in_memory.runtime, gateway=DeniedCharge(cards=memory.cards)), memory.pay)
    result = charge(denied)
    assert (result.outcome, order_of(result).status) == (ChargeOutcome.DECLINED, OrderStatus.FAILED)
    assert (result.error, memory.intents) == (DENIED.sentence, {})


async def test_a_denial_of_a_repeated_charge_says_nothing_of_the_first(in_memory: Scene, memory: FakeGateway) -> None:
    await in_memory.paid()
    memory.lose = [LOST]
    assert charge(in_memory).outcome is ChargeOutcome.UNKNOWN
    memory.refuse = [DENIED]
    again = charge(in_memory)
    assert (again.outcome, order_of(again).status) == (ChargeOutcome.UNKNOWN, OrderStatus.CREATED)
    assert (again.error or "").startswith(DENIED.sentence)
    assert charge(in_memory).outcome is ChargeOutcome.CREDITED
    assert len(memory.intents) == 1


@pytest.mark.parametrize("was_made", [True, False], ids=["made", "never made"])
async def test_after_the_life_of_its_key_a_charge_is_looked_up_and_never_sent_again(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock, was_made: bool
) -> None:
    await in_memory.paid()
    memory.lose = [LOST]
    assert charge(in_memory).outcome is ChargeOutcome.UNKNOWN
    sent = len(memory.sent)
    if not was_made:
        memory.intents.clear()
    clock.advance(hours=23, minutes=5, seconds=1)
    again = charge(in_memory)
    assert len(memory.sent) == sent
    assert again.outcome is (ChargeOutcome.CREDITED if was_made else ChargeOutcome.DECLINED)
    assert in_memory.balance_cents == (5000 if was_made else 3000)


@pytest.mark.parametrize("days", [-20, 20])
async def test_a_charge_that_was_made_while_this_machines_clock_was_wrong_is_found(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock, days: int
) -> None:
    await in_memory.paid()
    memory.lose = [LOST]
    assert charge(in_memory).outcome is ChargeOutcome.UNKNOWN
    (made,) = memory.intents.values()
    memory.intents = {"lost": replace(made, created_at=made.created_at + timedelta(days=days))}
    clock.advance(hours=23, minutes=5, seconds=1)
    assert charge(in_memory).outcome is ChargeOutcome.CREDITED


async def test_a_charge_is_never_sent_again_with_another_stripe_key(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock
) -> None:
    await in_memory.paid()
    memory.lose = [LOST]
    first = charge(in_memory)
    elsewhere = FakeGateway(key_mark="ba9876543210")
    swapped = Scene(replace(in_memory.runtime, gateway=elsewhere), elsewhere.pay)
    for hours in (0, 48):
        clock.advance(hours=hours)
        again = charge(swapped)
        assert (again.outcome, again.order) == (ChargeOutcome.UNKNOWN, first.order)
        assert "sent with another Stripe key" in (again.error or "")
    assert elsewhere.sent == []
    assert charge(in_memory).outcome is ChargeOutcome.CREDITED


async def test_a_charge_that_was_closed_while_it_was_under_way_is_noticed(
    in_memory: Scene, memory: FakeGateway
) -> None:
    await in_memory.paid()
    memory.lose = [LOST]
    order = order_of(charge(in_memory))
    with pytest.raises(Conflict, match="can still be found out"):
        in_memory.payments.close_order(order.id, "gone")
    # somebody without this key closes it all the same, and then its answer arrives
    elsewhere = Scene(replace(in_memory.runtime, gateway=FakeGateway(key_mark="other")), memory.pay)
    assert elsewhere.payments.close_order(order.id, "gone").status is OrderStatus.FAILED
    (intent,) = memory.intents.values()
    late = in_memory.payments.order_service.opened(order, intent)
    assert (late.status, late.payment_intent_id) == (OrderStatus.FAILED, intent.id)
    memory.happen("payment_intent.succeeded", payment_intent_id=intent.id)
    (finding,) = in_memory.reconciliation.reconcile().findings
    assert (finding.kind.value, finding.amount_cents) == ("paid_not_credited", 2000)


async def test_the_default_card_of_the_customer_comes_first(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_memory.paid()
    default = replace(VISA, payment_method_id="pm_default", brand="mastercard", last4="4444")
    memory.cards[order.stripe_customer_id or ""] = default
    saved = in_memory.charges.saved_card(in_memory.account_id)
    assert saved is not None
    assert saved.card == default
    assert in_memory.charges.last_card(in_memory.account_id) == saved
    assert charge(in_memory, card=VISA.payment_method_id).outcome is ChargeOutcome.REFUSED
    assert charge(in_memory).outcome is ChargeOutcome.CREDITED


async def test_the_card_of_another_accounts_customer_is_not_kept(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_memory.paid()
    other = in_memory.accounts.create("ben@example.com")
    result = await in_memory.payments.create_topup_checkout(other.id, 3000)
    memory.pay(result.transaction_id or "", customer_id=order.stripe_customer_id or "", card=VISA)
    assert (await in_memory.payments.refresh_order(result.order_id or 0)).status is OrderStatus.PAID
    assert in_memory.charges.last_card(other.id) is None


async def test_stripe_that_asks_for_a_pause_is_not_a_no(in_memory: Scene, memory: FakeGateway) -> None:
    await in_memory.paid()
    memory.refuse = [TryAgain("Stripe asks for a pause.")]
    assert charge(in_memory).error == "Stripe asks for a pause. Nothing was charged."
    assert [order.draft.channel for order in in_memory.payments.list_orders()] == [Channel.CHECKOUT]
