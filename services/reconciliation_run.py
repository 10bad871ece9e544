"""One reconciliation under way: what it asked about, what Stripe did not tell, and what was observed."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from services.domain.checkout import Order, OrderStatus
from services.domain.finding import Finding, FindingKind, Observation
from services.errors import GatewayDenied, GatewayUnreadable, OutcomeUnknown, TryAgain

Progress = Callable[[int, int], None]
"""Told how many orders were looked at, of how many known so far."""


@dataclass(frozen=True)
class Moved:
    """An order that was settled: it stood at `before`, and stands now as `order` says."""

    before: OrderStatus
    order: Order


@dataclass(frozen=True)
class Reconciliation:
    """What a reconciliation looked at and did. `unanswered` orders could not be asked about; the next one asks again.

    `findings` are all that are open afterwards, oldest first. `unread` says why Stripe's events could not be read; the
    next reconciliation reads them from where the last one ended.
    """

    looked_at: int
    moved: tuple[Moved, ...]
    unanswered: tuple[int, ...]
    findings: tuple[Finding, ...]
    unread: str | None = None


@dataclass(frozen=True)
class Cursor:
    """How far a Stripe key's events were read, and which ones will be read again."""

    key_mark: str
    read_until: datetime
    again: frozenset[str]


@dataclass(frozen=True)
class Events:
    """Which orders Stripe's events are about, and how far they were read; None where they could not be."""

    order_ids: frozenset[int]
    cursor: Cursor | None = None


class Run:
    """One reconciliation under way, with a key for live or test mode; `standing` are the findings open before it."""

    def __init__(self, livemode: bool, standing: frozenset[int], progress: Progress | None) -> None:
        self.livemode = livemode
        self.moved: list[Moved] = []
        self.observed: dict[tuple[FindingKind, str], Observation] = {}
        self.unanswered: set[int] = set()
        self.to_compare: set[int] = set()
        self.compared: set[int] = set()
        self.unread: str | None = None
        self.denied: GatewayDenied | None = None
        self.is_answered = False
        self._standing = standing
        self._progress = progress
        self._looked_at: set[int] = set()
        self._expected: set[int] = set()

    def each(self, order_ids: Collection[int]) -> Iterator[int]:
        """The orders one after the other, telling the progress."""
        self._expected.update(order_ids)
        for order_id in order_ids:
            yield order_id
            self._looked_at.add(order_id)
            if self._progress is not None:
                self._progress(len(self._looked_at), len(self._expected))

    @contextmanager
    def asking_about(self, order_id: int) -> Iterator[None]:
        """Notes an order that Stripe gives no usable answer about now; the others are looked at all the same."""
        try:
            yield
            self.is_answered = True
        except (TryAgain, OutcomeUnknown, GatewayUnreadable):
            self.unanswered.add(order_id)
        except GatewayDenied as error:
            self.unanswered.add(order_id)
            self.denied = error

    def observe(self, seen: Observation) -> None:
        """Takes down what does not agree."""
        self.observed[seen.kind, seen.subject] = seen

    def is_gone(self, finding: Finding) -> bool:
        """Whether a finding that stood before is no longer so, by what Stripe told of its order now."""
        return (
            finding.id in self._standing
            and finding.order_id in self.compared - self.unanswered
            and (finding.kind, finding.subject) not in self.observed
        )

    def report(self, findings: Sequence[Finding]) -> Reconciliation:
        """What came of it."""
        unanswered = tuple(sorted(self.unanswered))
        return Reconciliation(len(self._looked_at), tuple(self.moved), unanswered, tuple(findings), self.unread)
