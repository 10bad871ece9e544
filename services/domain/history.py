"""What is read from one account's ledger: ranges, findings, sums and statements."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from services.domain.ledger import Transaction, TransactionKind
from services.domain.period import Period

_LEAP = 4


@dataclass(frozen=True)
class SeqRange:
    """The entries of an account from number `first` to `last`; none where `last` is smaller."""

    account_id: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """How many entries it holds."""
        return max(0, self.last - self.first + 1)

    def pieces(self, size: int) -> Iterator["SeqRange"]:
        """The range in parts of at most `size` entries, oldest first."""
        for first in range(self.first, self.last + 1, size):
            yield replace(self, first=first, last=min(first + size - 1, self.last))

    def pieces_within(self, budget_ns: int, size: int, timer: Callable[[], int]) -> Iterator["SeqRange"]:
        """Parts of the range, newest first: the first has `size` entries, and they end when the time is used up.

        What the reader of a part needs until it asks for the next one tells how large that one may be. A range that is
        not empty has at least one part. `timer` tells nanoseconds.
        """
        last = self.last
        began = timer()
        ends = began + budget_ns
        while last >= self.first:
            piece = replace(self, first=max(self.first, last - size + 1), last=last)
            yield piece
            last = piece.first - 1
            now = timer()
            left_ns = ends - now
            if left_ns <= budget_ns // 10:
                return
            # as many as the speed allows, but no leap in the dark: a few quick rows do not make a fast million
            size = min(size * _LEAP, max(1, piece.size * left_ns // max(1, now - began)))
            began = now


@dataclass(frozen=True)
class Found:
    """Entries that a filter means, newest first, and how far back was looked for them.

    All down to number `searched_to_seq` were looked at; its moment is `searched_to_at`. The search ends at `first_seq`.
    """

    entries: tuple[Transaction, ...]
    searched_to_seq: int
    searched_to_at: datetime | None
    first_seq: int

    @property
    def done(self) -> bool:
        """Whether there is nothing further back."""
        return self.searched_to_seq <= self.first_seq


@dataclass(frozen=True)
class Tally:
    """How many entries a filter means, and their sum in cents: at least those, until it is `done`.

    It counts from number `last_seq` back, has come to `searched_to_seq` and ends at `first_seq`.
    """

    entries: int
    amount_cents: int
    last_seq: int
    searched_to_seq: int
    first_seq: int

    @property
    def done(self) -> bool:
        """Whether everything is counted."""
        return self.searched_to_seq <= self.first_seq


@dataclass(frozen=True)
class KindTotal:
    """What the entries of one kind add up to, in cents: credits are not below 0, debits not above."""

    kind: TransactionKind
    entries: int
    credits_cents: int
    debits_cents: int


@dataclass(frozen=True)
class Statement:
    """An account over a period: the balance before it, what each kind added up to, and the balance after it, in cents.

    Its entries are numbered `first_seq` to `last_seq`; there are none where `last_seq` is smaller.
    """

    account_id: int
    period: Period
    opening_cents: int
    totals: tuple[KindTotal, ...]
    closing_cents: int
    first_seq: int
    last_seq: int

    @property
    def entries(self) -> int:
        """How many entries there are."""
        return max(0, self.last_seq - self.first_seq + 1)

    @property
    def adds_up(self) -> bool:
        """Whether the parts make the whole: they do, unless somebody changed the stored rows."""
        moved_cents = sum(total.credits_cents + total.debits_cents for total in self.totals)
        counted = sum(total.entries for total in self.totals)
        return (self.opening_cents + moved_cents, counted) == (self.closing_cents, self.entries)
