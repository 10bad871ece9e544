"""Comparing the desk with Stripe in the background: at start, every hour, and when somebody asks."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message

from services.domain.checkout import WAITING, Order, OrderStatus
from services.domain.finding import Finding
from services.errors import GatewayDenied, PaydeskError
from tui.finding_words import summary_of
from tui.messages import BalanceChanged, DiscountChanged, Fact, OrderChanged

if TYPE_CHECKING:
    from services.reconciliation import Reconciliation
    from tui.app import PaydeskApp
    from tui.desk import Desk, DeskInfo

log = logging.getLogger(__name__)

RECONCILIATION = "reconciliation"
"""The name of the read that compares."""


@dataclass(frozen=True)
class Comparison:
    """What is known of how this desk and Stripe differ.

    `compared_at` is when the last comparison ended, `summary` what came of it, `problem` why the last one could not be
    made. While one runs, `progress` is how many orders were looked at, of how many known so far.
    """

    findings: tuple[Finding, ...] = ()
    compared_at: datetime | None = None
    summary: str = ""
    problem: str = ""
    running: bool = False
    progress: tuple[int, int] = (0, 0)


@dataclass
class Progressed(Message):
    """So many orders were looked at, of so many known so far."""

    looked_at: int
    expected: int


class Left(PaydeskError):
    """The desk is being left: a comparison may stop anywhere, and does."""

    code = "left"


@dataclass(frozen=True)
class Reconciled:
    """What a reconciliation came to, and what it changed on the screens."""

    result: "Reconciliation"
    facts: tuple[Fact, ...]


class Reconciler:
    """Runs the comparisons of an app, one at a time, and keeps what they found in `app.comparison`."""

    def __init__(self, app: "PaydeskApp", every_seconds: float | None) -> None:
        self._app = app
        self._every_seconds = every_seconds
        self._begun = False
        self._denied = False

    def begin(self, info: "DeskInfo") -> None:
        """Show the findings there are; where there is a Stripe to ask, compare now and again from time to time."""
        if self._begun:
            return
        self._begun = True
        self.read_findings()
        if info.environment != "NO STRIPE" and self._every_seconds is not None:
            self.run()
            self._app.set_interval(self._every_seconds, self.run)

    def read_findings(self) -> None:
        """Read the open findings again."""
        self._app.calls.read(
            self._app, "findings", lambda desk: desk.reconciliation.findings(), self._take_findings, self._log
        )

    def run(self) -> None:
        """Compare now, unless that is under way. A read: it may be stopped anywhere, and holds up nobody who leaves."""
        if self._app.comparison.running:
            return
        self._app.comparison = replace(self._app.comparison, running=True, progress=(0, 0))
        call = partial(reconcile, progress=self._tell_progress)
        self._app.calls.read(self._app, RECONCILIATION, call, self._done, self._failed)

    def _tell_progress(self, looked_at: int, expected: int) -> None:
        # Called where the comparison runs; posting a message is the one thing that any thread may do.
        if not self._app.is_running:
            raise Left("The desk was left.")
        self._app.post_message(Progressed(looked_at, expected))

    def progressed(self, event: Progressed) -> None:
        """Take how far it is."""
        if self._app.comparison.running:
            progress = (event.looked_at, event.expected)
            self._app.comparison = replace(self._app.comparison, progress=progress)

    def _take_findings(self, findings: list[Finding]) -> None:
        self._app.comparison = replace(self._app.comparison, findings=tuple(findings))

    def _done(self, reconciled: Reconciled) -> None:
        result = reconciled.result
        self._denied = False
        self._app.comparison = Comparison(result.findings, self._app.clock(), summary_of(result))
        for fact in reconciled.facts:
            self._app.facts.publish(fact)

    def _failed(self, error: PaydeskError) -> None:
        self._log(error)
        self._app.comparison = replace(self._app.comparison, running=False, problem=error.sentence)
        # It may have settled some orders before.
        self._app.facts.publish(OrderChanged())
        if isinstance(error, GatewayDenied) and not self._denied:
            self._denied = True
            self._app.say(error.sentence, title="Not compared with Stripe", error=True)

    def _log(self, error: PaydeskError) -> None:
        log.warning("the desk was not compared with Stripe: %s", error.sentence)


def reconcile(desk: "Desk", progress: Callable[[int, int], None]) -> Reconciled:
    """Compare, and note what that changed: orders that moved, and balances that a resumed refund took from."""
    unfinished = {refund.id: refund.order_id for refund in desk.refunds.unfinished()}
    result = desk.reconciliation.reconcile(progress)
    for refund in desk.refunds.unfinished():
        unfinished.pop(refund.id, None)
    facts = [fact for moved in result.moved for fact in facts_of(moved.order)]
    for order_id in unfinished.values():
        facts += facts_of(desk.payments.get_order(order_id))
    return Reconciled(result, tuple(dict.fromkeys(facts)))


def facts_of(order: Order) -> list[Fact]:
    """What is different now that an order moved on."""
    facts: list[Fact] = [OrderChanged(order.id)]
    if order.status not in WAITING and order.draft.discount_code is not None:
        facts.append(DiscountChanged())
    if order.status is OrderStatus.PAID:
        facts.append(BalanceChanged(order.draft.account_id))
    return facts
