"""Refunds: never more than was paid, and each exactly once, whatever is lost on the way."""

from dataclasses import replace

import pytest

from services.database import Database
from services.domain.finding import FindingKind
from services.domain.refund import Refund, RefundOrigin, RefundStatus
from services.errors import Conflict, GatewayDenied, GatewayRefused, InvalidInput, NotFound, OutcomeUnknown
from services.gateways.stripe_gateway import StripeGateway
from services.refunds import RefundResult, RefundService
from services.runtime import Runtime
from services.sandbox import Fault, Sandbox
from services.settings import Settings
from tests.clock import ManualClock
from tests.fakes import FakeGateway
from tests.proof import assert_verified
from tests.services.scene import Scene

LOST = OutcomeUnknown("Stripe did not answer.")
DENIED = GatewayDenied("The Stripe key lacks the right refund_write.")


@pytest.fixture(autouse=True)
def _verified(verified: None) -> None:
    """Every test of these ends with the proof."""


def made(result: RefundResult, status: RefundStatus = RefundStatus.DONE) -> Refund:
    """The refund of a result, which stands in `status`."""
    assert result.refund is not None, result.error
    assert (result.refund.status, result.success) == (status, status is RefundStatus.DONE), result.error
    return result.refund


def posted(sandbox: Sandbox) -> int:
    """How many refunds the sandbox made."""
    return sum(call.executed for call in sandbox.requests if (call.method, call.path) == ("POST", "/v1/refunds"))


async def test_parts_add_up_to_the_whole(at_sandbox: Scene, sandbox: Sandbox, clock: ManualClock) -> None:
    order = await at_sandbox.paid(3000)
    for amount_cents, refunded_cents in ((1000, 1000), (1500, 2500), (500, 3000)):
        refund = made(at_sandbox.refunds.refund(order.id, amount_cents, "not as described"))
        assert (refund.amount_cents, refund.credit_cents, refund.origin) == (
            amount_cents,
            amount_cents,
            RefundOrigin.DESK,
        )
        assert (refund.actor, refund.settled_at, refund.reason) == ("anna", clock.moment, "not as described")
        assert at_sandbox.order(order.id).refunded_cents == refunded_cents
        assert sandbox.session(order.session_id or "").refunded_cents == refunded_cents
        assert at_sandbox.balance_cents == 3000 - refunded_cents
    assert at_sandbox.entries() == [("top_up", 3000), ("refund", -1000), ("refund", -1500), ("refund", -500)]
    assert at_sandbox.audited("refund") == 3
    assert [refund.transaction_id for refund in at_sandbox.refunds.of_order(order.id)] == [
        entry.id for entry in at_sandbox.balance.entries_of_order(order.id)[1:]
    ]
    refused = at_sandbox.refunds.refund(order.id, 1, "once more")
    sentence = f"Order {order.id} was paid $30.00, and $0.00 of it can still be refunded."
    assert refused == RefundResult(False, error=sentence)
    assert at_sandbox.reconciliation.reconcile().findings == ()


async def test_more_than_is_left_is_refused_with_both_figures(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.paid(3000)
    made(at_sandbox.refunds.refund(order.id, 1000, "late"))
    refused = at_sandbox.refunds.refund(order.id, 2001, "too much")
    assert (refused.refund, refused.field) == (None, "amount")
    assert refused.error == f"Order {order.id} was paid $30.00, and $20.00 of it can still be refunded."
    assert len(at_sandbox.refunds.of_order(order.id)) == posted(sandbox) == 1
    assert at_sandbox.order(order.id).refunded_cents == 1000


async def test_what_was_not_charged_cannot_go_back(at_sandbox: Scene, sandbox: Sandbox) -> None:
    at_sandbox.discounts.create("FREE", percent_basis_points=10_000)
    free = await at_sandbox.payments.create_checkout_session(at_sandbox.account_id, "FREE")
    waiting = await at_sandbox.opened()
    expired = await at_sandbox.payments.expire_order((await at_sandbox.opened()).id)
    for order_id, state in ((free.order_id, "paid"), (waiting.id, "open"), (expired.id, "expired")):
        refused = at_sandbox.refunds.refund(order_id or 0, 100, "why not")
        assert refused.error == f"Order {order_id} is {state}: nothing was charged that could go back."
    assert posted(sandbox) == 0


async def test_bad_input_names_its_field(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.paid()
    for order_id, amount, reason, key, name in (
        (0, 100, "late", None, "order_id"),
        (True, 100, "late", None, "order_id"),
        ("1", 100, "late", None, "order_id"),
        (2**63, 100, "late", None, "order_id"),
        (order.id + 1, 100, "late", None, "order_id"),
        (order.id, 0, "late", None, "amount"),
        (order.id, -1, "late", None, "amount"),
        (order.id, True, "late", None, "amount"),
        (order.id, 1.5, "late", None, "amount"),
        (order.id, 100, " ", None, "reason"),
        (order.id, 100, "x" * 401, None, "reason"),
        (order.id, 100, "late", "k" * 256, "idempotency_key"),
    ):
        result = at_sandbox.refunds.refund(order_id, amount, reason, idempotency_key=key)  # type: ignore[arg-type]
        assert (result.success, result.refund, result.field) == (False, None, name)
    assert (at_sandbox.refunds.of_order(order.id), posted(sandbox)) == ([], 0)
    assert at_sandbox.refunds.of_order(0) == []
    with pytest.raises(NotFound):
        at_sandbox.refunds.credit_for(order.id + 1, 100)


async def test_without_a_stripe_key_nothing_is_stored(at_sandbox: Scene) -> None:
    order = await at_sandbox.paid()
    without = RefundService.over(replace(at_sandbox.runtime, gateway=None))
    assert without.refund(order.id, 100, "late").error == "Stripe not configured"
    assert without.of_order(order.id) == []


async def test_one_key_is_one_refund(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.paid()
    first = made(at_sandbox.refunds.refund(order.id, 1000, "late", idempotency_key="form-1"))
    assert made(at_sandbox.refunds.refund(order.id, 1000, "late", idempotency_key="form-1")) == first
    for amount_cents, reason in ((1001, "late"), (1000, "later"), (3000, "late")):
        other = at_sandbox.refunds.refund(order.id, amount_cents, reason, idempotency_key="form-1")
        assert (other.refund, other.field) == (None, "idempotency_key")
    assert (at_sandbox.order(order.id).refunded_cents, posted(sandbox)) == (1000, 1)
    assert at_sandbox.entries() == [("top_up", 3000), ("refund", -1000)]


@pytest.mark.parametrize("again", ["reconciling", "the same key"])
async def test_a_refund_whose_answer_is_lost_is_made_once(at_sandbox: Scene, sandbox: Sandbox, again: str) -> None:
    order = await at_sandbox.paid()
    fault = sandbox.faults.add(Fault.RESET_AFTER, method="POST", path="/v1/refunds")
    lost = at_sandbox.refunds.refund(order.id, 1000, "late", idempotency_key="form-1")
    assert fault.landed == 1
    assert made(lost, RefundStatus.CREATED).transaction_id is None
    assert "Whether the refund was made is unknown" in (lost.error or "")
    assert at_sandbox.order(order.id).refunded_cents == 1000
    assert at_sandbox.balance_cents == 3000
    if again == "reconciling":
        assert at_sandbox.reconciliation.reconcile().findings == ()
    else:
        made(at_sandbox.refunds.refund(order.id, 1000, "late", idempotency_key="form-1"))
    (refund,) = at_sandbox.refunds.of_order(order.id)
    assert (refund.status, at_sandbox.refunds.unfinished()) == (RefundStatus.DONE, [])
    assert at_sandbox.reconciliation.reconcile().findings == ()
    assert at_sandbox.entries() == [("top_up", 3000), ("refund", -1000)]
    assert (posted(sandbox), at_sandbox.audited("refund"), at_sandbox.order(order.id).refunded_cents) == (1, 1, 1000)


async def test_what_stripe_refuses_is_free_again(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.paid()
    sandbox.refund(order.session_id or "")
    refused = at_sandbox.refunds.refund(order.id, 1000, "late", idempotency_key="form-1")
    refund = made(refused, RefundStatus.FAILED)
    assert "has already been refunded" in (refund.status_reason or "")
    assert refused.error == refund.status_reason
    assert (at_sandbox.order(order.id).refunded_cents, at_sandbox.balance_cents) == (0, 3000)
    assert made(at_sandbox.refunds.refund(order.id, 1000, "late", idempotency_key="form-1"), RefundStatus.FAILED)


async def test_a_denial_ends_a_refund_that_was_not_sent_before(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_memory.paid()
    memory.refuse = [DENIED]
    denied = in_memory.refunds.refund(order.id, 1000, "late")
    assert made(denied, RefundStatus.FAILED).status_reason == denied.error == DENIED.sentence
    assert in_memory.order(order.id).refunded_cents == 0


async def test_a_denial_of_a_repeated_request_says_nothing_of_the_first(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_memory.paid()
    memory.lose = [LOST]
    made(in_memory.refunds.refund(order.id, 1000, "late", idempotency_key="form-1"), RefundStatus.CREATED)
    memory.refuse = [DENIED]
    again = in_memory.refunds.refund(order.id, 1000, "late", idempotency_key="form-1")
    assert made(again, RefundStatus.CREATED)
    assert again.error == f"{DENIED.sentence} Whether the refund was made is unknown; reconciling finds out."
    assert in_memory.order(order.id).refunded_cents == 1000
    made(in_memory.refunds.refund(order.id, 1000, "late", idempotency_key="form-1"))
    assert in_memory.entries() == [("top_up", 3000), ("refund", -1000)]


async def test_a_refund_is_never_sent_again_with_another_stripe_key(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock
) -> None:
    order = await in_memory.paid()
    memory.lose = [LOST]
    lost = made(in_memory.refunds.refund(order.id, 1000, "late", idempotency_key="form-1"), RefundStatus.CREATED)
    elsewhere = FakeGateway(key_mark="ba9876543210")
    swapped = Scene(replace(in_memory.runtime, gateway=elsewhere), elsewhere.pay)
    for hours in (0, 24, 24):
        clock.advance(hours=hours)
        again = swapped.refunds.refund(order.id, 1000, "late", idempotency_key="form-1")
        assert made(again, RefundStatus.CREATED) == lost
        assert "was sent with another Stripe key" in (again.error or "")
        assert [finding.subject for finding in swapped.reconciliation.reconcile().findings].count(lost.reference) == 1
    assert elsewhere.sent == []
    # another key of the same Stripe account finds it by its reference
    rolled = replace(memory, key_mark="ba9876543210")
    finder = Scene(replace(in_memory.runtime, gateway=rolled), rolled.pay)
    assert finder.reconciliation.reconcile().findings == ()
    assert finder.refunds.of_order(order.id)[0].status is RefundStatus.DONE
    assert len(memory.refunded) == 1


@pytest.mark.parametrize("was_made", [True, False], ids=["made", "never made"])
async def test_after_the_life_of_its_key_a_refund_is_looked_up(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock, was_made: bool
) -> None:
    order = await in_memory.paid()
    memory.lose = [LOST]
    made(in_memory.refunds.refund(order.id, 1000, "late"), RefundStatus.CREATED)
    sent = len(memory.sent)
    if not was_made:
        memory.refunded.clear()
        clock.advance(hours=23, minutes=5)
        assert in_memory.reconciliation.reconcile().unanswered == (order.id,)
        assert in_memory.refunds.unfinished()
        clock.advance(seconds=1)
    else:
        clock.advance(hours=23, seconds=1)
    in_memory.reconciliation.reconcile()
    (refund,) = in_memory.refunds.of_order(order.id)
    assert len(memory.sent) == sent
    assert (refund.status, in_memory.order(order.id).refunded_cents, in_memory.balance_cents) == (
        (RefundStatus.DONE, 1000, 2000) if was_made else (RefundStatus.FAILED, 0, 3000)
    )


async def test_a_refund_that_may_not_be_looked_up_stays_unknown(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock
) -> None:
    order = await in_memory.paid()
    memory.lose = [LOST]
    made(in_memory.refunds.refund(order.id, 1000, "late", idempotency_key="form-1"), RefundStatus.CREATED)
    clock.advance(hours=24)
    memory.refuse = [GatewayRefused("Stripe refused: No such payment_intent")]
    again = in_memory.refunds.refund(order.id, 1000, "late", idempotency_key="form-1")
    assert made(again, RefundStatus.CREATED)
    assert "No such payment_intent Whether the refund was made is unknown" in (again.error or "")
    made(in_memory.refunds.refund(order.id, 1000, "late", idempotency_key="form-1"))


@pytest.mark.parametrize("credit_cents", [1, 777, 5000], ids=["a cent", "less than paid", "more than paid"])
async def test_the_credit_goes_back_in_proportion_to_the_money(
    at_sandbox: Scene, sandbox: Sandbox, credit_cents: int
) -> None:
    settings = Settings(_env_file=None, initial_credit_cents=credit_cents)
    scene = Scene(
        replace(at_sandbox.runtime, settings=settings), lambda name: sandbox.pay(name, promotion_code="TAKE20")
    )
    order = await scene.settled(await scene.bought())
    assert (order.paid_cents, scene.balance_cents) == (2399, credit_cents)
    taken_cents = 0
    for amount_cents in (1, 799, 800, 799):
        promised_cents = scene.refunds.credit_for(order.id, amount_cents)
        refund = made(scene.refunds.refund(order.id, amount_cents, "late"))
        assert refund.credit_cents == promised_cents
        taken_cents += refund.credit_cents
        assert scene.balance_cents == credit_cents - taken_cents
    assert taken_cents == credit_cents


async def test_a_refund_that_failed_in_between_costs_no_cent_of_credit(at_sandbox: Scene, sandbox: Sandbox) -> None:
    settings = Settings(_env_file=None, initial_credit_cents=1)
    scene = Scene(replace(at_sandbox.runtime, settings=settings), sandbox.pay)
    order = await scene.settled(await scene.bought())
    first, second = (made(scene.refunds.refund(order.id, 1000, "late")) for _ in range(2))
    assert (first.credit_cents, second.credit_cents) == (0, 1)
    sandbox.fail_refund(first.stripe_refund_id or "")
    scene.refunds.take_back(order.id, first.stripe_refund_id or "")
    for amount_cents in (1000, 999):
        assert made(scene.refunds.refund(order.id, amount_cents, "late")).credit_cents == 0
    assert (scene.balance_cents, scene.order(order.id).refundable_cents) == (0, 0)


async def test_credit_that_was_reversed_is_not_taken_again(at_sandbox: Scene) -> None:
    order = await at_sandbox.paid()
    (entry,) = at_sandbox.balance.entries_of_order(order.id)
    assert at_sandbox.balance.reverse(entry.id, "fraud").success
    refund = made(at_sandbox.refunds.refund(order.id, 3000, "fraud"))
    assert (refund.credit_cents, refund.transaction_id) == (0, None)
    assert (at_sandbox.balance_cents, at_sandbox.audited("refund")) == (0, 1)


async def test_a_balance_that_is_spent_goes_below_zero(at_sandbox: Scene) -> None:
    order = await at_sandbox.paid()
    assert at_sandbox.balance.deduct(at_sandbox.account_id, 2500, "SMS").success
    made(at_sandbox.refunds.refund(order.id, 2000, "late"))
    assert at_sandbox.balance_cents == -1500


async def test_refunds_of_the_dashboard_are_found_proposed_and_recorded_once(
    at_sandbox: Scene, sandbox: Sandbox
) -> None:
    order = await at_sandbox.paid()
    made(at_sandbox.refunds.refund(order.id, 500, "late"))
    at_stripe = {sandbox.refund(order.session_id or "", 1000), sandbox.refund(order.session_id or "", 700)}
    findings = at_sandbox.reconciliation.reconcile().findings
    assert {(finding.kind, finding.order_id, finding.subject) for finding in findings} == {
        (FindingKind.REFUNDED_AT_STRIPE, order.id, name) for name in at_stripe
    }
    assert {finding.amount_cents for finding in findings} == {1000, 700}
    assert at_sandbox.balance_cents == 2500
    # Two desks act on each, the second on what it read before.
    for finding in findings:
        assert at_sandbox.reconciliation.act(finding.id).resolved_by == "anna"
        again = at_sandbox.refunds.record(order.id, finding.subject)
        assert (again.origin, again.stripe_refund_id) == (RefundOrigin.STRIPE, finding.subject)
        with pytest.raises(Conflict, match="was resolved by anna"):
            at_sandbox.reconciliation.act(finding.id)
    assert (at_sandbox.balance_cents, at_sandbox.order(order.id).refunded_cents) == (800, 2200)
    assert len(at_sandbox.refunds.of_order(order.id)) == 3
    assert at_sandbox.reconciliation.reconcile().findings == ()
    made(at_sandbox.refunds.refund(order.id, 800, "the rest"))
    assert at_sandbox.balance_cents == 0


async def test_only_what_stripe_carried_out_is_recorded(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.paid()
    desk = made(at_sandbox.refunds.refund(order.id, 500, "late"))
    assert at_sandbox.refunds.record(order.id, desk.stripe_refund_id or "") == desk
    failed = sandbox.refund(order.session_id or "", 100)
    sandbox.fail_refund(failed)
    for name in ("re_unknown", failed):
        with pytest.raises(Conflict, match="has no refund"):
            at_sandbox.refunds.record(order.id, name)
        with pytest.raises(Conflict, match="does not report"):
            at_sandbox.refunds.take_back(order.id, name)
    with pytest.raises(Conflict, match="does not report"):
        at_sandbox.refunds.take_back(order.id, desk.stripe_refund_id or "")
    assert at_sandbox.refunds.of_order(order.id) == [desk]


@pytest.mark.parametrize("by_hand", [False, True], ids=["by the finding", "its entry reversed by hand before"])
async def test_a_refund_that_comes_back_gives_its_credit_back_once(
    at_sandbox: Scene, sandbox: Sandbox, by_hand: bool
) -> None:
    order = await at_sandbox.paid()
    refund = made(at_sandbox.refunds.refund(order.id, 1000, "late"))
    if by_hand:
        assert at_sandbox.balance.reverse(refund.transaction_id or 0, "it came back").success
    sandbox.fail_refund(refund.stripe_refund_id or "")
    (finding,) = at_sandbox.reconciliation.reconcile().findings
    assert (finding.kind, finding.subject) == (FindingKind.REFUND_FAILED, refund.stripe_refund_id)
    at_sandbox.reconciliation.act(finding.id)
    at_sandbox.refunds.take_back(order.id, refund.stripe_refund_id or "")
    (stored,) = at_sandbox.refunds.of_order(order.id)
    assert stored.status is RefundStatus.FAILED
    assert stored.status_reason == "The bank sent it back: lost_or_stolen_card"
    assert at_sandbox.entries() == [("top_up", 3000), ("refund", -1000), ("reversal", 1000)]
    assert at_sandbox.order(order.id).refundable_cents == 3000
    assert at_sandbox.reconciliation.reconcile().findings == ()
    made(at_sandbox.refunds.refund(order.id, 3000, "by another way"))


async def test_more_at_the_dashboard_than_is_left_here_waits_for_what_is_under_way(
    at_sandbox: Scene, sandbox: Sandbox
) -> None:
    order = await at_sandbox.paid()
    fault = sandbox.faults.add(Fault.RESET_BEFORE, method="POST", path="/v1/refunds")
    made(at_sandbox.refunds.refund(order.id, 1000, "late", idempotency_key="form-1"), RefundStatus.CREATED)
    assert fault.landed == 1
    at_stripe = sandbox.refund(order.session_id or "")
    with pytest.raises(InvalidInput, match=r"\$20\.00 of it can still be refunded"):
        at_sandbox.refunds.record(order.id, at_stripe)
    (finding,) = at_sandbox.reconciliation.reconcile().findings
    assert at_sandbox.refunds.of_order(order.id)[0].status is RefundStatus.FAILED
    at_sandbox.reconciliation.act(finding.id)
    assert at_sandbox.entries() == [("top_up", 3000), ("refund", -3000)]


async def test_an_answer_about_another_refund_is_not_believed(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.paid()
    fault = sandbox.faults.mutate(lambda body: body | {"amount": 999}, method="POST", path="/v1/refunds")
    odd = at_sandbox.refunds.refund(order.id, 1000, "late")
    assert fault.landed == 1
    assert made(odd, RefundStatus.CREATED)
    assert "not the one that was asked for" in (odd.error or "")
    at_sandbox.reconciliation.reconcile()
    assert at_sandbox.refunds.of_order(order.id)[0].status is RefundStatus.DONE


async def test_an_order_of_the_other_mode_is_left_alone(in_memory: Scene) -> None:
    order = await in_memory.paid()
    live = FakeGateway(livemode=True)
    other = RefundService.over(replace(in_memory.runtime, gateway=live))
    refused = other.refund(order.id, 100, "late")
    assert (refused.refund, live.sent) == (None, [])
    assert "made in test mode" in (refused.error or "")


async def test_a_wrong_key_refunds_nothing(at_sandbox: Scene, sandbox: Sandbox, database: Database) -> None:
    order = await at_sandbox.paid()
    runtime: Runtime = at_sandbox.runtime
    wrong = StripeGateway(type(runtime.settings.stripe_secret_key)("sk_test_wrong"), api_base=sandbox.api_base)
    denied = RefundService.over(replace(runtime, gateway=wrong)).refund(order.id, 100, "late")
    assert made(denied, RefundStatus.FAILED).status_reason == "Stripe does not accept the key."
    assert at_sandbox.order(order.id).refundable_cents == 3000
    assert_verified(database)
