"""Reconciliation: whatever was missed is settled or found, nothing is lost on the way, and nothing is done twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from services.domain.charge import StripeIntent
from services.domain.checkout import Order, OrderStatus, StripeSession
from services.domain.events import StripeEvent
from services.domain.finding import FindingAction, FindingKind
from services.domain.refund import RefundStatus, StripeRefund
from services.errors import (
    Conflict,
    GatewayDenied,
    GatewayRefused,
    GatewayUnreadable,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    PaydeskError,
    StripeNotConfigured,
    TryAgain,
)
from services.gateways.ports import PaymentGateway
from services.models.tables import findings, redemptions, stripe_cursors
from services.reconciliation import Reconciliation, ReconciliationService
from services.sandbox import Fault, Sandbox
from tests.clock import ManualClock
from tests.fakes import FakeGateway, GatewayOver
from tests.services.scene import Scene

LOST = OutcomeUnknown("Stripe did not answer.")
DENIED = GatewayDenied("The Stripe key lacks a right.")


@pytest.fixture(autouse=True)
def _verified(verified: None) -> None:
    """Every test of these ends with the proof."""


class Looking(GatewayOver):
    """Counts what is retrieved, and fails where it is told to: for one session, or for the events."""

    def __init__(self, inner: PaymentGateway) -> None:
        super().__init__(inner)
        self.retrieved: list[str] = []
        self.failing: dict[str, PaydeskError] = {}
        self.failing_events: PaydeskError | None = None

    def retrieve_checkout_session(self, session_id: str) -> StripeSession:
        self.retrieved.append(session_id)
        if session_id in self.failing:
            raise self.failing[session_id]
        return super().retrieve_checkout_session(session_id)

    def events(self, since: datetime) -> Iterator[StripeEvent]:
        if self.failing_events is not None:
            raise self.failing_events
        return super().events(since)


def looking(scene: Scene) -> tuple[Looking, ReconciliationService]:
    """A reconciliation whose calls are counted and may fail."""
    assert scene.runtime.gateway is not None
    gateway = Looking(scene.runtime.gateway)
    return gateway, ReconciliationService.over(replace(scene.runtime, gateway=gateway))


def kinds(result: Reconciliation) -> list[FindingKind]:
    return [finding.kind for finding in result.findings]


def moves(result: Reconciliation) -> list[tuple[int, OrderStatus, OrderStatus]]:
    return [(moved.order.id, moved.before, moved.order.status) for moved in result.moved]


def cursor(scene: Scene) -> tuple[datetime, str] | None:
    with scene.runtime.database.read() as connection:
        row = connection.execute(sa.select(stripe_cursors.c.read_until, stripe_cursors.c.seen)).one_or_none()
    return None if row is None else (row.read_until, row.seen)


async def in_review(scene: Scene, memory: FakeGateway) -> Order:
    """An order that does not add up, at a Stripe that does not add up."""
    order = await scene.opened()
    memory.distort = lambda session: replace(session, currency="eur") if session.id == order.session_id else session
    reviewed = await scene.payments.refresh_order(order.id)
    assert reviewed.status is OrderStatus.NEEDS_REVIEW
    return reviewed


# What is unfinished


async def test_nothing_is_nothing(at_sandbox: Scene) -> None:
    for _ in range(2):
        assert at_sandbox.reconciliation.reconcile() == Reconciliation(0, (), (), ())
    with pytest.raises(StripeNotConfigured):
        ReconciliationService.over(replace(at_sandbox.runtime, gateway=None)).reconcile()


async def test_orders_in_every_state_are_settled_at_a_start(at_sandbox: Scene, sandbox: Sandbox) -> None:
    at_sandbox.discounts.create("TWICE", percent_basis_points=1000, max_uses=2)
    settled = await at_sandbox.paid()
    waiting, paid, expired = (
        await at_sandbox.opened(),
        await at_sandbox.bought("TWICE"),
        await at_sandbox.bought("TWICE"),
    )
    review = await at_sandbox.opened()
    fault = sandbox.faults.mutate(lambda body: body | {"currency": "eur"}, method="GET")
    assert (await at_sandbox.payments.refresh_order(review.id)).status is OrderStatus.NEEDS_REVIEW
    lost = sandbox.faults.add(Fault.RESET_AFTER, method="POST")
    unknown = await at_sandbox.payments.create_topup_checkout(at_sandbox.account_id, 1234)
    unsent = sandbox.faults.add(Fault.RESET_BEFORE, method="POST")
    never = await at_sandbox.payments.create_topup_checkout(at_sandbox.account_id, 1235)
    assert (fault.landed, lost.landed, unsent.landed) == (1, 1, 1)
    sandbox.pay(paid.session_id or "")
    sandbox.expire(expired.session_id or "")

    progress: list[tuple[int, int]] = []
    result = at_sandbox.reconciliation.reconcile(lambda looked_at, known: progress.append((looked_at, known)))
    assert moves(result) == [
        (paid.id, OrderStatus.OPEN, OrderStatus.PAID),
        (expired.id, OrderStatus.OPEN, OrderStatus.EXPIRED),
        (review.id, OrderStatus.NEEDS_REVIEW, OrderStatus.OPEN),
        (unknown.order_id, OrderStatus.CREATED, OrderStatus.OPEN),
        (never.order_id, OrderStatus.CREATED, OrderStatus.OPEN),
    ]
    assert (result.unanswered, result.findings, result.unread) == ((), (), None)
    assert [looked_at for looked_at, _ in progress] == sorted(looked_at for looked_at, _ in progress)
    assert progress[-1] == (result.looked_at, result.looked_at)
    code = at_sandbox.discounts.get("TWICE")
    assert code is not None
    assert (code.held, code.redeemed) == (0, 1)
    assert len(sandbox.sessions) == 7
    assert at_sandbox.order(waiting.id) == waiting
    assert at_sandbox.order(settled.id) == settled
    assert at_sandbox.reconciliation.reconcile().moved == ()


@pytest.mark.parametrize(
    "error",
    [LOST, TryAgain("Stripe asks for a pause."), GatewayUnreadable("Odd."), DENIED],
    ids=lambda error: error.code,
)
async def test_an_order_that_cannot_be_asked_about_does_not_stop_the_others(
    at_sandbox: Scene, sandbox: Sandbox, error: PaydeskError
) -> None:
    dark, other = await at_sandbox.opened(), await at_sandbox.opened()
    gateway, reconciliation = looking(at_sandbox)
    reconciliation.reconcile()
    before = cursor(at_sandbox)
    for order in (dark, other):
        sandbox.pay(order.session_id or "")
    gateway.failing = {dark.session_id or "": error}
    result = reconciliation.reconcile()
    assert (moves(result), result.unanswered) == ([(other.id, OrderStatus.OPEN, OrderStatus.PAID)], (dark.id,))
    assert at_sandbox.order(dark.id) == dark
    assert cursor(at_sandbox) == before
    gateway.failing = {}
    assert moves(reconciliation.reconcile()) == [(dark.id, OrderStatus.OPEN, OrderStatus.PAID)]
    assert cursor(at_sandbox) != before


async def test_an_order_that_stripe_does_not_know_is_a_finding_and_stops_nothing(
    at_sandbox: Scene, sandbox: Sandbox
) -> None:
    dark, other = await at_sandbox.opened(), await at_sandbox.opened()
    sandbox.pay(other.session_id or "")
    gateway, reconciliation = looking(at_sandbox)
    gateway.failing = {dark.session_id or "": GatewayRefused("Stripe refused: No such checkout.session")}
    result = reconciliation.reconcile()
    assert moves(result) == [(other.id, OrderStatus.OPEN, OrderStatus.PAID)]
    (finding,) = result.findings
    assert (finding.kind, finding.order_id) == (FindingKind.UNREACHABLE, dark.id)
    assert at_sandbox.order(dark.id) == dark
    with pytest.raises(Conflict, match="nothing that the desk can do"):
        reconciliation.act(finding.id)
    gateway.failing = {}
    assert reconciliation.reconcile().findings == ()


async def test_a_key_that_is_refused_everything_says_so(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_memory.opened()
    memory.refuse = [DENIED, DENIED]
    with pytest.raises(GatewayDenied):
        in_memory.reconciliation.reconcile()
    assert memory.refuse == []
    assert in_memory.order(order.id) == order


async def test_orders_of_the_other_mode_are_left_alone(in_memory: Scene, memory: FakeGateway) -> None:
    waiting = await in_memory.opened()
    paid = await in_memory.paid()
    memory.create_refund({"payment_intent": paid.payment_intent_id, "amount": 100}, "dashboard")
    memory.happen("charge.refunded", payment_intent_id=paid.payment_intent_id)
    (finding,) = in_memory.reconciliation.reconcile().findings
    memory.lose = [LOST]
    in_memory.refunds.refund(paid.id, 200, "late")
    live = FakeGateway(livemode=True, key_mark="live")
    result = Scene(replace(in_memory.runtime, gateway=live), live.pay).reconciliation.reconcile()
    assert result == Reconciliation(result.looked_at, (), (), (finding,))
    assert in_memory.order(waiting.id) == waiting
    assert len(in_memory.refunds.unfinished()) == 1


async def test_an_unfinished_order_of_another_key_is_closed_by_a_person(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock
) -> None:
    in_memory.discounts.create("ONCE", percent_basis_points=1000, max_uses=1)
    memory.lose = [LOST]
    lost = await in_memory.payments.create_checkout_session(in_memory.account_id, "ONCE")
    saved = await in_memory.paid()
    card = in_memory.charges.last_card(in_memory.account_id)
    assert card is not None
    memory.lose = [LOST]
    charge = in_memory.charges.charge(
        in_memory.account_id, 2000, payment_method_id=card.card.payment_method_id, idempotency_key="k"
    )
    assert charge.order is not None

    class Elsewhere(FakeGateway):
        """Another Stripe account, which does not know the customer."""

        def payment_intents(self, stripe_customer_id: str, first: datetime, last: datetime) -> Iterator[StripeIntent]:
            raise GatewayRefused(f"Stripe refused: No such customer: '{stripe_customer_id}'")

    elsewhere = Elsewhere(key_mark="ba9876543210")
    there = Scene(replace(in_memory.runtime, gateway=elsewhere), elsewhere.pay)
    clock.advance(hours=48)
    found = there.reconciliation.reconcile().findings
    unfinished = [finding for finding in found if finding.kind is FindingKind.UNFINISHED]
    assert [finding.order_id for finding in unfinished] == [lost.order_id, charge.order.id]
    assert {finding.kind.action for finding in unfinished} == {FindingAction.CLOSE_ORDER}
    assert [finding.id for finding in there.reconciliation.reconcile().findings] == [finding.id for finding in found]
    there.reconciliation.act(unfinished[0].id)
    assert there.order(lost.order_id).status is OrderStatus.FAILED
    assert "Closed by anna" in (there.order(lost.order_id).status_reason or "")
    code = there.discounts.get("ONCE")
    assert code is not None
    assert code.held == 0
    # the right key settles the other one, and its finding is gone
    assert moves(in_memory.reconciliation.reconcile()) == [(charge.order.id, OrderStatus.CREATED, OrderStatus.PAID)]
    assert [finding.kind for finding in in_memory.reconciliation.findings()] == []
    assert in_memory.order(saved.id) == saved


# What does not agree


async def test_what_does_not_add_up_is_found_and_goes_by_itself(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_memory.opened()
    memory.pay(order.session_id or "")
    memory.distort = lambda session: replace(session, amount_total_cents=1)
    first = in_memory.reconciliation.reconcile()
    assert moves(first) == [(order.id, OrderStatus.OPEN, OrderStatus.NEEDS_REVIEW)]
    (finding,) = first.findings
    assert (finding.kind, finding.subject, finding.amount_cents) == (FindingKind.DIFFERS, order.session_id, 3000)
    assert "amount: Stripe has $0.01, the order has $30.00" in finding.explanation
    assert in_memory.reconciliation.reconcile().findings == (finding,)
    memory.distort = lambda session: session
    last = in_memory.reconciliation.reconcile()
    assert (moves(last), last.findings) == ([(order.id, OrderStatus.NEEDS_REVIEW, OrderStatus.PAID)], ())
    assert in_memory.balance_cents == 3000
    with pytest.raises(Conflict, match="resolved by reconciliation: It is no longer so"):
        in_memory.reconciliation.act(finding.id)


async def test_a_person_closes_what_does_not_add_up(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_review(in_memory, memory)
    (finding,) = in_memory.reconciliation.reconcile().findings
    resolved = in_memory.reconciliation.act(finding.id)
    assert (resolved.resolution, resolved.resolved_by) == ("The order is closed.", "anna")
    assert in_memory.order(order.id).status is OrderStatus.FAILED
    assert (in_memory.audited("close"), in_memory.audited("resolve")) == (1, 1)
    (session,) = memory.sessions.values()
    assert session.status == "expired"
    assert in_memory.reconciliation.reconcile().findings == ()


async def test_a_note_resolves_a_finding_once(in_memory: Scene, memory: FakeGateway) -> None:
    await in_review(in_memory, memory)
    (finding,) = in_memory.reconciliation.reconcile().findings
    with pytest.raises(InvalidInput) as nothing:
        in_memory.reconciliation.resolve(finding.id, " ")
    assert nothing.value.field == "note"
    noted = in_memory.reconciliation.resolve(finding.id, "asked the bank")
    assert (noted.resolution, noted.resolved_by, noted.is_open) == ("asked the bank", "anna", False)
    assert in_memory.audited("resolve") == 1
    with pytest.raises(Conflict, match="resolved by anna: asked the bank"):
        in_memory.reconciliation.resolve(finding.id, "again")
    for unknown in (0, 99, True):
        with pytest.raises(NotFound):
            in_memory.reconciliation.act(unknown)
    # it is still so, and found again
    (again,) = in_memory.reconciliation.reconcile().findings
    assert again.id != finding.id


async def test_what_was_credited_and_is_not_paid_is_found(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_memory.paid()
    memory.distort = lambda session: replace(session, payment_status="unpaid")
    memory.happen("checkout.session.completed", session_id=order.session_id)
    (finding,) = in_memory.reconciliation.reconcile().findings
    assert (finding.kind, finding.amount_cents) == (FindingKind.CREDITED_NOT_PAID, 3000)
    assert in_memory.order(order.id) == order
    memory.distort = lambda session: session
    assert in_memory.reconciliation.reconcile().findings == ()


async def test_what_is_paid_after_it_was_closed_is_found(in_memory: Scene, memory: FakeGateway) -> None:
    order = await in_review(in_memory, memory)
    in_memory.payments.order_service.close(order.id, "no answer")
    memory.distort = lambda session: session
    memory.pay(order.session_id or "")
    memory.happen("checkout.session.completed", session_id=order.session_id)
    (finding,) = in_memory.reconciliation.reconcile().findings
    assert (finding.kind, finding.amount_cents) == (FindingKind.PAID_NOT_CREDITED, 3000)
    assert f"$30.00 paid for order {order.id}, which ended here as failed" in finding.explanation
    assert (in_memory.balance_cents, in_memory.order(order.id).status) == (0, OrderStatus.FAILED)
    # the owner refunds it in the dashboard: nothing is left to be done, and nothing to be recorded
    (session,) = memory.sessions.values()
    memory.create_refund({"payment_intent": session.payment_intent_id, "amount": 3000}, "dashboard")
    assert in_memory.reconciliation.reconcile().findings == ()


async def test_a_code_that_is_held_in_vain_is_found_and_released(at_sandbox: Scene) -> None:
    at_sandbox.discounts.create("ONCE", percent_basis_points=1000, max_uses=1)
    order = await at_sandbox.bought("ONCE")
    await at_sandbox.payments.expire_order(order.id)
    with at_sandbox.runtime.database.write() as connection:
        connection.execute(sa.update(redemptions).values(status="held"))
        connection.execute(sa.text("UPDATE discount_codes SET held = 1"))
    (finding,) = at_sandbox.reconciliation.reconcile().findings
    assert (finding.kind, finding.order_id) == (FindingKind.CODE_STILL_HELD, order.id)
    at_sandbox.reconciliation.act(finding.id)
    code = at_sandbox.discounts.get("ONCE")
    assert code is not None
    assert (code.held, code.uses_left) == (0, 1)
    assert at_sandbox.reconciliation.reconcile().findings == ()
    waiting = await at_sandbox.bought("ONCE")
    with pytest.raises(Conflict, match="not free to be released"):
        at_sandbox.payments.order_service.release_code(waiting.id)


async def test_a_finding_of_another_desk_is_not_taken_for_gone(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.paid()

    class Slow(GatewayOver):
        """A refund is made, and another desk finds it, right after this one read that there is none."""

        def refunds(self, payment_intent_id: str) -> Iterator[StripeRefund]:
            read = list(super().refunds(payment_intent_id))
            sandbox.refund(order.session_id or "", 100)
            assert (read, kinds(at_sandbox.reconciliation.reconcile())) == ([], [FindingKind.REFUNDED_AT_STRIPE])
            return iter(read)

    assert at_sandbox.runtime.gateway is not None
    slow = ReconciliationService.over(replace(at_sandbox.runtime, gateway=Slow(at_sandbox.runtime.gateway)))
    assert kinds(slow.reconcile()) == [FindingKind.REFUNDED_AT_STRIPE]
    assert kinds(at_sandbox.reconciliation.reconcile()) == [FindingKind.REFUNDED_AT_STRIPE]


async def test_a_finding_stays_while_its_order_cannot_be_asked_about(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.paid()
    sandbox.refund(order.session_id or "", 100)
    gateway, reconciliation = looking(at_sandbox)
    (finding,) = reconciliation.reconcile().findings
    for error in (LOST, DENIED, GatewayRefused("Stripe refused: No such checkout.session")):
        gateway.failing = {order.session_id or "": error}
        assert finding in reconciliation.reconcile().findings
    gateway.failing = {}
    assert reconciliation.reconcile().findings == (finding,)


async def test_two_reconciliations_at_once_settle_and_find_once(at_sandbox: Scene, sandbox: Sandbox) -> None:
    orders = [await at_sandbox.opened(1000 + number) for number in range(4)]
    for order in orders:
        sandbox.pay(order.session_id or "")
    refunded = await at_sandbox.paid()
    sandbox.refund(refunded.session_id or "", 100)
    desks = [looking(at_sandbox)[1] for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(lambda desk: desk.reconcile(), desks))
    assert {kinds(result)[0] for result in results} == {FindingKind.REFUNDED_AT_STRIPE}
    with at_sandbox.runtime.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(findings)).scalar_one() == 1
    assert at_sandbox.balance_cents == 1000 + 1001 + 1002 + 1003 + 3000
    assert len(at_sandbox.entries()) == 5
    (finding,) = at_sandbox.reconciliation.findings()
    with ThreadPoolExecutor(3) as threads:
        acted = list(threads.map(lambda desk: _acted(desk, finding.id), desks))
    assert acted.count(True) >= 1
    assert at_sandbox.order(refunded.id).refunded_cents == 100
    assert at_sandbox.audited("refund") == at_sandbox.audited("resolve") == 1


def _acted(desk: ReconciliationService, finding_id: int) -> bool:
    try:
        return not desk.act(finding_id).is_open
    except Conflict:
        return False


# Events


async def test_an_event_is_looked_at_once(at_sandbox: Scene, sandbox: Sandbox, clock: ManualClock) -> None:
    order = await at_sandbox.paid()
    gateway, reconciliation = looking(at_sandbox)
    reconciliation.reconcile()
    assert gateway.retrieved == [order.session_id]
    reconciliation.reconcile()
    assert gateway.retrieved == [order.session_id]
    clock.advance(minutes=3)
    sandbox.refund(order.session_id or "", 100)
    assert kinds(reconciliation.reconcile()) == [FindingKind.REFUNDED_AT_STRIPE]


async def test_an_event_of_the_same_second_as_the_last_one_is_not_lost(at_sandbox: Scene, sandbox: Sandbox) -> None:
    order = await at_sandbox.paid()
    at_sandbox.reconciliation.reconcile()
    sandbox.refund(order.session_id or "", 100)
    assert kinds(at_sandbox.reconciliation.reconcile()) == [FindingKind.REFUNDED_AT_STRIPE]


async def test_an_event_that_is_listed_late_is_not_lost(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock
) -> None:
    early, late = await in_memory.paid(), await in_memory.paid()
    memory.happen("checkout.session.completed", session_id=early.session_id)
    in_memory.reconciliation.reconcile()
    memory.create_refund({"payment_intent": late.payment_intent_id, "amount": 100}, "dashboard")
    memory.now -= timedelta(minutes=9)
    memory.happen("charge.refunded", payment_intent_id=late.payment_intent_id)
    assert kinds(in_memory.reconciliation.reconcile()) == [FindingKind.REFUNDED_AT_STRIPE]


async def test_a_clock_that_is_ahead_of_stripes_loses_no_event(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock
) -> None:
    memory.now = clock.moment - timedelta(minutes=55)
    for _ in range(2):
        in_memory.reconciliation.reconcile()
    order = await in_memory.paid()
    in_memory.reconciliation.reconcile()
    memory.create_refund({"payment_intent": order.payment_intent_id, "amount": 100}, "dashboard")
    memory.happen("charge.refunded", payment_intent_id=order.payment_intent_id)
    assert kinds(in_memory.reconciliation.reconcile()) == [FindingKind.REFUNDED_AT_STRIPE]


@pytest.mark.parametrize("quiet_days", [3, 29, 31, 100])
async def test_a_desk_that_was_away_finds_what_happened(
    at_sandbox: Scene, sandbox: Sandbox, clock: ManualClock, quiet_days: int
) -> None:
    order, spent = await at_sandbox.paid(), await at_sandbox.paid()
    at_sandbox.reconciliation.reconcile()
    sandbox.refund(order.session_id or "", 100)
    clock.advance(days=quiet_days)
    gateway, reconciliation = looking(at_sandbox)
    assert kinds(reconciliation.reconcile()) == [FindingKind.REFUNDED_AT_STRIPE]
    one_by_one = quiet_days > 29
    assert (spent.session_id in gateway.retrieved) is one_by_one
    # once it has caught up it does not ask one by one again
    gateway.retrieved.clear()
    reconciliation.reconcile()
    assert gateway.retrieved == [order.session_id]


async def test_a_desk_where_nothing_happens_keeps_within_reach_of_the_events(
    at_sandbox: Scene, sandbox: Sandbox, clock: ManualClock
) -> None:
    order = await at_sandbox.paid()
    gateway, reconciliation = looking(at_sandbox)
    reconciliation.reconcile()
    gateway.retrieved.clear()
    for _ in range(4):
        clock.advance(days=20)
        reconciliation.reconcile()
    assert gateway.retrieved == []
    sandbox.refund(order.session_id or "", 100)
    assert kinds(reconciliation.reconcile()) == [FindingKind.REFUNDED_AT_STRIPE]


async def test_what_is_paid_long_after_it_was_closed_is_found_without_events(
    in_memory: Scene, memory: FakeGateway, clock: ManualClock
) -> None:
    in_memory.reconciliation.reconcile()
    order = await in_review(in_memory, memory)
    in_memory.payments.order_service.close(order.id, "no answer")
    memory.distort = lambda session: session
    memory.pay(order.session_id or "")
    clock.advance(days=40)
    assert kinds(in_memory.reconciliation.reconcile()) == [FindingKind.PAID_NOT_CREDITED]


@pytest.mark.parametrize("error", [DENIED, GatewayUnreadable("Odd."), LOST], ids=lambda error: error.code)
async def test_without_the_events_what_can_be_asked_is_asked(
    at_sandbox: Scene, sandbox: Sandbox, error: PaydeskError
) -> None:
    order, waiting = await at_sandbox.paid(), await at_sandbox.opened()
    sandbox.refund(order.session_id or "", 100)
    sandbox.pay(waiting.session_id or "")
    gateway, reconciliation = looking(at_sandbox)
    gateway.failing_events = error
    result = reconciliation.reconcile()
    assert moves(result) == [(waiting.id, OrderStatus.OPEN, OrderStatus.PAID)]
    assert result.unread == error.sentence
    # a key that may not read events asks about each order; one that has no answer now reads them the next time
    assert kinds(result) == ([] if error is LOST else [FindingKind.REFUNDED_AT_STRIPE])
    assert cursor(at_sandbox) is None
    gateway.failing_events = None
    assert kinds(reconciliation.reconcile()) == [FindingKind.REFUNDED_AT_STRIPE]
    assert cursor(at_sandbox) is not None


async def test_an_event_about_two_orders_is_about_both(in_memory: Scene, memory: FakeGateway) -> None:
    one, other = await in_memory.paid(), await in_memory.opened()
    memory.distort = lambda session: (
        replace(session, payment_intent_id=one.payment_intent_id, currency="eur")
        if session.id == other.session_id
        else session
    )
    memory.happen("charge.refunded", payment_intent_id=one.payment_intent_id)
    memory.create_refund({"payment_intent": one.payment_intent_id, "amount": 100}, "dashboard")
    result = in_memory.reconciliation.reconcile()
    assert {(finding.kind, finding.order_id) for finding in result.findings} == {
        (FindingKind.REFUNDED_AT_STRIPE, one.id),
        (FindingKind.DIFFERS, other.id),
    }


# Stopped anywhere


class Stopped(Exception):
    """The process is gone."""


async def test_a_reconciliation_that_is_stopped_anywhere_is_completed_by_the_next(
    in_memory: Scene, memory: FakeGateway
) -> None:
    waiting, refunded = await in_memory.opened(), await in_memory.paid()
    memory.lose = [LOST]
    unknown = await in_memory.payments.create_topup_checkout(in_memory.account_id, 1000)
    memory.lose = [LOST]
    in_memory.refunds.refund(refunded.id, 500, "late")
    memory.pay(waiting.session_id or "")
    memory.create_refund({"payment_intent": refunded.payment_intent_id, "amount": 100}, "dashboard")
    memory.happen("charge.refunded", payment_intent_id=refunded.payment_intent_id)

    class Stopping(FakeGateway):
        """Stops its caller at one call, counting from the first."""

        left = 0

        def _refuse(self) -> None:
            if self.left == 0:
                raise Stopped
            self.left -= 1

    stopping = Stopping(
        **{name: getattr(memory, name) for name in ("now", "sessions", "refunded", "happened", "created")}
    )
    stopped_at = 0
    while True:
        stopping.left = stopped_at
        try:
            result = ReconciliationService.over(replace(in_memory.runtime, gateway=stopping)).reconcile()
        except Stopped:
            stopped_at += 1
            continue
        break
    assert stopped_at > 3, "It was not stopped in its middle."
    assert (kinds(result), result.unanswered) == ([FindingKind.REFUNDED_AT_STRIPE], ())
    assert in_memory.order(waiting.id).status is OrderStatus.PAID
    assert in_memory.order(unknown.order_id).status is OrderStatus.OPEN
    assert in_memory.refunds.of_order(refunded.id)[0].status is RefundStatus.DONE
    assert sorted(in_memory.entries()) == [("refund", -500), ("top_up", 3000), ("top_up", 3000)]
    assert (len(memory.sessions), len(memory.refunded)) == (3, 2)
