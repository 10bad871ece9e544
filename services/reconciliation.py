"""Reconciliation: what this desk and Stripe have of the same orders, compared without webhooks.

Open ends are settled, and what does not add up becomes a finding for a person. Nothing is believed but what is freshly
retrieved, and no money moves on a finding until somebody says so.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.database import Database
from services.domain.audit import AuditEntry
from services.domain.checkout import Order, OrderStatus, StripeSession
from services.domain.events import EVENTS_OVERLAP, EVENTS_REACH, StripeEvent
from services.domain.finding import Finding, FindingAction, FindingKind, Observation, compare
from services.domain.text import check_text, is_id
from services.errors import (
    Conflict,
    GatewayDenied,
    GatewayError,
    GatewayRefused,
    NotFound,
    OutcomeUnknown,
    TryAgain,
)
from services.orders import OrderService
from services.reconciliation_run import Cursor, Events, Moved, Progress, Reconciliation, Run
from services.refunds import RefundService
from services.runtime import Runtime, get_runtime
from services.settlement import CLOCK_SKEW, Settlement
from services.stores.audit import AuditStore
from services.stores.findings import FindingStore
from services.stores.orders import OrderStore

__all__ = [
    "Finding",
    "FindingAction",
    "FindingKind",
    "Moved",
    "Reconciliation",
    "ReconciliationService",
    "get_reconciliation_service",
]

REFUNDS_REACH = timedelta(days=180)
"""How old a payment may be to be compared one by one, when Stripe's events do not reach back to the last time."""


QUIET = timedelta(days=1)
"""How far behind this clock the events count as read where Stripe tells of none; the two clocks differ by less."""


class ReconciliationService:
    """Compares orders with Stripe, keeps what it finds, and carries out what a person decides."""

    def __init__(
        self,
        database: Database,
        order_service: OrderService,
        refund_service: RefundService,
        settlement: Settlement,
        clock: Clock,
        actor: str,
    ) -> None:
        self.database = database
        self.order_service = order_service
        self.refund_service = refund_service
        self.settlement = settlement
        self.clock = clock
        self.actor = actor
        self.audit_store = AuditStore()
        self.finding_store = FindingStore()
        self.order_store = OrderStore()

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(
            runtime.database,
            OrderService.over(runtime),
            RefundService.over(runtime),
            Settlement.over(runtime),
            runtime.clock,
            runtime.actor,
        )

    def reconcile(self, progress: Progress | None = None) -> Reconciliation:
        """Settles what is unfinished, reads Stripe's events since the last time, and compares what they are about.

        It may be run by any number of desks at once, and stopped anywhere. An order that Stripe does not tell about now
        is left for the next time. Raises `StripeNotConfigured`, and `GatewayDenied` where the key was refused
        everything.
        """
        livemode = self.settlement.gateway.livemode
        run = Run(livemode, frozenset(finding.id for finding in self.findings()), progress)
        self._settle_orders(run)
        self._resume_refunds(run)
        events = self._read_events(run)
        self._compare_orders(run, events.order_ids)
        findings = self._store(run, events)
        if run.denied is not None and not run.is_answered:
            raise run.denied
        return run.report(findings)

    def findings(self) -> list[Finding]:
        """The findings that nobody has resolved, oldest first."""
        with self.database.read() as connection:
            return self.finding_store.open(connection)

    def act(self, finding_id: int) -> Finding:
        """Carries out the one safe action of a finding, and resolves it; however often, it is carried out once.

        Raises `NotFound`, `Conflict` where it is resolved already, has no action, or its reason is gone, `InvalidInput`
        for a refund of more than is left here, and what the gateway raises.
        """
        finding = self._open_finding(finding_id)
        return self._resolve(finding, self._carry_out(finding))

    def resolve(self, finding_id: int, note: str) -> Finding:
        """Resolves a finding by what a person did about it elsewhere, in their words; audited.

        Raises `NotFound`, `InvalidInput` without a note, and `Conflict` where it is resolved already.
        """
        return self._resolve(self._open_finding(finding_id), check_text(note, field="note", longest=500))

    # Looking

    def _settle_orders(self, run: Run) -> None:
        """Asks about every order that Stripe may move on, whatever its events say."""
        for order_id in run.each(self.order_service.unsettled_ids()):
            order = self.order_service.get(order_id)
            if order.draft.livemode is run.livemode:
                with run.asking_about(order_id):
                    self._settle(run, order)

    def _settle(self, run: Run, order: Order) -> None:
        try:
            after = self.settlement.refresh(order)
        except Conflict as error:
            run.observe(Observation(FindingKind.UNFINISHED, order.id, order.reference, error.sentence))
            return
        except GatewayRefused as error:
            # Its request is refused for good, and failed by that; or Stripe does not have what is on record here.
            after = self.order_service.get(order.id)
            if after.status is order.status:
                run.observe(Observation(FindingKind.UNREACHABLE, order.id, order.reference, error.sentence))
        if after.status is not order.status:
            run.moved.append(Moved(order.status, after))
        if after.status is OrderStatus.NEEDS_REVIEW:
            run.to_compare.add(after.id)

    def _resume_refunds(self, run: Run) -> None:
        for refund in self.refund_service.unfinished():
            if self.order_service.get(refund.order_id).draft.livemode is run.livemode:
                with run.asking_about(refund.order_id):
                    try:
                        self.refund_service.resume(refund)
                    except (Conflict, GatewayRefused) as error:
                        kind = FindingKind.UNREACHABLE
                        run.observe(Observation(kind, refund.order_id, refund.reference, error.sentence))

    def _read_events(self, run: Run) -> Events:
        """Which orders Stripe's events since the last time are about, and how far they were read.

        Where they do not reach back that far, or the key may not read them, that is every order that can have moved on.
        """
        now = self.clock()
        gateway = self.settlement.gateway
        with self.database.read() as connection:
            cursor = self.finding_store.cursor(connection, gateway.key_mark)
            first_order_at = self.order_store.first_created_at(connection) or now
            movable = frozenset(self.order_store.movable_since(connection, now - REFUNDS_REACH))
        since, seen = cursor or (max(now - EVENTS_REACH, first_order_at - CLOCK_SKEW), frozenset[str]())
        read: dict[str, datetime] = {}
        order_ids: set[int] = set()
        try:
            for event in gateway.events(since - EVENTS_OVERLAP):
                read[event.id] = event.created_at
                if event.id not in seen:
                    order_ids.update(self._orders_of(event))
        except (TryAgain, OutcomeUnknown) as error:
            run.unread = error.sentence
            return Events(frozenset())
        except GatewayError as error:
            run.unread = error.sentence
            run.denied = error if isinstance(error, GatewayDenied) else run.denied
            return Events(movable)
        run.is_answered = True
        if now - since > EVENTS_REACH - EVENTS_OVERLAP:
            order_ids |= movable
        # Stripe's own times only, for its clock may be behind this one; but where nothing happens, the events that were
        # read must not fall out of reach.
        read_until = max([since, now - QUIET, *read.values()])
        again = frozenset(name for name, moment in read.items() if moment >= read_until - EVENTS_OVERLAP)
        return Events(frozenset(order_ids), Cursor(gateway.key_mark, read_until, again))

    def _orders_of(self, event: StripeEvent) -> list[int]:
        with self.database.read() as connection:
            return [
                order_id
                for stripe_id in (event.session_id, event.payment_intent_id)
                if stripe_id is not None
                for order_id in self.order_store.ids_of_stripe_object(connection, stripe_id)
            ]

    def _compare_orders(self, run: Run, order_ids: Collection[int]) -> None:
        """Compares the orders that events and open findings are about."""
        run.to_compare.update(order_ids, (finding.order_id for finding in self.findings()))
        for order_id in run.each(sorted(run.to_compare)):
            order = self.order_service.get(order_id)
            if order.draft.livemode is not run.livemode:
                continue
            if order.session_id is None and order.payment_intent_id is None:
                run.compared.add(order_id)
                continue
            with run.asking_about(order_id):
                self._compare(run, order)
        with self.database.read() as connection:
            held_in_vain = self.order_store.holding_a_code_in_vain(connection)
        for order_id in held_in_vain:
            sentence = f"Order {order_id} ended unpaid, and its code still counts a use for it."
            run.observe(Observation(FindingKind.CODE_STILL_HELD, order_id, str(order_id), sentence))

    def _compare(self, run: Run, order: Order) -> None:
        try:
            at_stripe = self.settlement.at_stripe(order)
            # not by what is on record here: an order that was closed may have been paid since
            payment_id = at_stripe.payment_intent_id if isinstance(at_stripe, StripeSession) else at_stripe.id
            refunds = self.refund_service.at_stripe(payment_id)
        except GatewayRefused as error:
            run.observe(Observation(FindingKind.UNREACHABLE, order.id, order.reference, error.sentence))
            return
        verdict = self.settlement.verdict(order, at_stripe)
        for seen in compare(order, at_stripe.id, verdict, self.refund_service.of_order(order.id), refunds):
            run.observe(seen)
        run.compared.add(order.id)

    def _store(self, run: Run, events: Events) -> list[Finding]:
        """Stores what was observed, resolves what is no longer so, and returns what is open.

        What another desk found in the meantime is left alone. The cursor moves on only where every order that the
        events are about could be asked about.
        """

        def store(connection: Connection) -> list[Finding]:
            now = self.clock()
            for seen in run.observed.values():
                self.finding_store.note(connection, seen, now)
            for finding in self.finding_store.open(connection):
                if run.is_gone(finding):
                    self.finding_store.resolve(
                        connection, finding.id, "It is no longer so.", resolved_by="reconciliation", now=now
                    )
            if events.cursor is not None and not events.order_ids & run.unanswered:
                cursor = events.cursor
                self.finding_store.set_cursor(connection, cursor.key_mark, cursor.read_until, cursor.again)
            return self.finding_store.open(connection)

        return self.database.once(store)

    # Deciding

    def _carry_out(self, finding: Finding) -> str:
        """Does what the finding's action says, and tells so in a sentence."""
        match finding.kind.action:
            case FindingAction.RECORD_REFUND:
                self.refund_service.record(finding.order_id, finding.subject)
                return "The refund is recorded."
            case FindingAction.TAKE_BACK_REFUND:
                self.refund_service.take_back(finding.order_id, finding.subject)
                return "The refund is taken back."
            case FindingAction.RELEASE_CODE:
                self.order_service.release_code(finding.order_id)
                return "The use of the code is released."
            case FindingAction.CLOSE_ORDER:
                self.settlement.close(self.order_service.get(finding.order_id), finding.explanation)
                return "The order is closed."
            case None:
                raise Conflict("There is nothing that the desk can do about this by itself.")

    def _open_finding(self, finding_id: int) -> Finding:
        with self.database.read() as connection:
            finding = self.finding_store.get(connection, finding_id) if is_id(finding_id) else None
        if finding is None:
            raise NotFound(f"There is no finding {finding_id}.", field="finding_id")
        if not finding.is_open:
            raise Conflict(f"Finding {finding_id} was resolved by {finding.resolved_by}: {finding.resolution}")
        return finding

    def _resolve(self, finding: Finding, resolution: str) -> Finding:
        def resolve(connection: Connection) -> Finding:
            now = self.clock()
            if self.finding_store.resolve(connection, finding.id, resolution, resolved_by=self.actor, now=now):
                after = {"resolution": resolution}
                self.audit_store.append(
                    connection,
                    AuditEntry(
                        now, self.actor, "resolve", "finding", str(finding.id), None, after, finding.explanation
                    ),
                )
            resolved = self.finding_store.get(connection, finding.id)
            return resolved if resolved is not None else finding

        return self.database.once(resolve)


def get_reconciliation_service() -> ReconciliationService:
    """The reconciliation service of this process."""
    return ReconciliationService.over(get_runtime())
