"""Reads what a filter means of a ledger, newest first: as much as is looked at, while the rest is counted."""

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from operator import neg
from typing import TYPE_CHECKING

from services.domain.history import Found, Tally
from services.domain.ledger_filter import LedgerFilter
from tui.desk import Desk
from tui.widgets.ledger_pages import Span
from tui.widgets.ledger_source import Arrived, LedgerSource, Read

if TYPE_CHECKING:
    from services.balance import Transaction

AHEAD = 100
"""How many lines are found, and read, on either side of what is looked at."""

FOUND_AT_ONCE = 200
"""How many entries one call of the search answers with, where they are to be shown at once."""

MOST_AT_ONCE = 1_000
"""How many it answers with on the way to a far place."""

KEPT = 4_000
"""Entries in memory. Of those that were looked at longer ago only the numbers are kept, eight bytes each."""

ENTRIES_AT_ONCE = 1_000
"""The longest range of numbers that the service reads at once."""


class LedgerSearch(LedgerSource):
    """The entries of one account up to number `newest` that a filter means; `arrived` is told of more.

    The search takes a step at a time and goes on only until there are lines enough for what is looked at; then the rest
    is counted, from where the search is, so that nothing is read twice. `progressed` is told after each step.
    """

    def __init__(
        self,
        account_id: int,
        wanted: LedgerFilter,
        newest: int,
        read: Read,
        arrived: Arrived,
        progressed: Callable[[], None],
    ) -> None:
        self.account_id: int | None = account_id
        self.wanted = wanted
        self.newest = newest
        self.found_all = False
        """Whether every entry that the filter means has its line."""
        self.searched_to_at: datetime | None = None
        """The moment that the search has come back to."""
        self.stopped = False
        self._account_id = account_id
        self._read, self._arrived, self._progressed = read, arrived, progressed
        self._seqs = array("q")
        self._entries: OrderedDict[int, Transaction] = OrderedDict()
        self._tally = self._found = Tally(0, 0, newest, newest + 1, 1)
        self._fresh_entries = self._fresh_cents = 0
        self._lines_wanted = AHEAD
        self._seq_wanted = newest + 1
        self._stepping = False
        self._reading: tuple[int, ...] = ()

    @property
    def tally(self) -> Tally:
        """How many entries the filter means and what they add up to, as far as is known."""
        counted = self._tally
        return replace(
            counted,
            entries=counted.entries + self._fresh_entries,
            amount_cents=counted.amount_cents + self._fresh_cents,
            last_seq=self.newest,
        )

    @property
    def running(self) -> bool:
        """Whether there is more to be counted, and nobody has stopped that."""
        return not (self.stopped or self._tally.done)

    @property
    def searching(self) -> bool:
        """Whether more lines are wanted than were found, and they are being looked for."""
        return not self.stopped and self._wants_lines

    @property
    def count(self) -> int:
        """How many entries were found so far."""
        return len(self._seqs)

    def seq_at(self, index: int) -> int:
        """The number that was found there."""
        return self._seqs[index]

    def index(self, seq: int) -> int:
        """How many newer ones were found."""
        return bisect_left(self._seqs, -seq, key=neg)

    def entry(self, seq: int) -> "Transaction | None":
        """The entry, if it is in memory."""
        return self._entries.get(seq)

    def is_read(self, seq: int) -> bool:
        """Whether it is in memory: what was found is there."""
        return seq in self._entries

    def close(self) -> None:
        """Search no further, for good."""
        self.stop()
        self.account_id = None

    def stop(self) -> None:
        """Search and count no further. The lines that were found stay, and can be looked at."""
        self.stopped = True

    def resume(self) -> None:
        """Go on, where it was stopped."""
        self.stopped = False
        self._step()

    def search_to(self, seq: int) -> None:
        """Search on until number `seq` has been looked at."""
        self._seq_wanted = min(self._seq_wanted, seq)
        self._step()

    def has_searched(self, seq: int) -> bool:
        """Whether number `seq` has been looked at, or will not be."""
        return self._found.searched_to_seq <= seq or self.found_all or self.stopped

    def look_at(self, first: int, last: int, *, again: bool = False) -> None:
        """Read what was forgotten, and search on where there are not lines enough."""
        if again:
            self._stepping, self._reading = False, ()
        self._lines_wanted = max(self._lines_wanted, last + AHEAD)
        for seq in self._seqs[max(0, first) : last + 1]:
            if seq in self._entries:
                self._entries.move_to_end(seq)
        if not self._read_lines(first, last):
            self._read_lines(first - AHEAD, last + AHEAD)
        self._step()

    def grow(self, newest: int) -> None:
        """Look for what came since."""
        after = self.newest
        self._read("fresh", partial(_find_since, self._account_id, self.wanted, after, newest), self._take_fresh)

    def _take_fresh(self, answer: "tuple[int, int, list[Transaction]]") -> None:
        after, newest, entries = answer
        if self.account_id is None or after != self.newest:
            return
        self.newest = newest
        # They are counted by themselves: a step of the tally may be under way that knows nothing of them.
        self._fresh_entries += len(entries)
        self._fresh_cents += sum(entry.amount_cents for entry in entries)
        self._seqs = array("q", [entry.seq for entry in entries]) + self._seqs
        self._keep(entries)
        self._arrived(entries, len(entries))
        self._progressed()

    # Reading lines again

    def _read_lines(self, first: int, last: int) -> bool:
        """Begin to read what is not in memory of some lines; False where all is."""
        missing = tuple(seq for seq in self._seqs[max(0, first) : last + 1] if seq not in self._entries)
        if missing and missing != self._reading:
            self._reading = missing
            self._read("rows", partial(_read_numbers, self._account_id, missing), self._take_lines)
        return bool(missing)

    def _take_lines(self, entries: "Sequence[Transaction]") -> None:
        self._reading = ()
        if self.account_id is not None:
            self._keep(entries)
            self._arrived(entries)

    def _keep(self, entries: "Sequence[Transaction]") -> None:
        for entry in entries:
            self._entries[entry.seq] = entry
            self._entries.move_to_end(entry.seq)
        while len(self._entries) > KEPT:
            self._entries.popitem(last=False)

    # Searching and counting, a step at a time

    @property
    def _wants_lines(self) -> bool:
        wanted = len(self._seqs) < self._lines_wanted or self._found.searched_to_seq > self._seq_wanted
        return wanted and not self.found_all

    def _step(self) -> None:
        if self._stepping or self.stopped:
            return
        if self._wants_lines:
            self._stepping = True
            near = self._found.searched_to_seq <= self._seq_wanted
            limit = FOUND_AT_ONCE if near else MOST_AT_ONCE
            find = partial(_find, self._account_id, self.wanted, self._found.searched_to_seq, limit)
            self._read("search", find, self._take_found)
        elif not self._tally.done:
            self._stepping = True
            self._read("search", partial(_count, self._account_id, self.wanted, self._tally), self._take_tally)

    def _take_found(self, found: Found) -> None:
        self._stepping = False
        if self.stopped:
            return
        self._seqs.extend(entry.seq for entry in found.entries)
        self._found = Tally(
            self._found.entries + len(found.entries),
            self._found.amount_cents + sum(entry.amount_cents for entry in found.entries),
            self._found.last_seq,
            found.searched_to_seq,
            found.first_seq,
        )
        self.searched_to_at, self.found_all = found.searched_to_at, found.done
        if self._found.searched_to_seq <= self._tally.searched_to_seq:
            self._tally = self._found
        self._keep(found.entries)
        self._arrived(found.entries)
        self._go_on()

    def _take_tally(self, tally: Tally) -> None:
        self._stepping = False
        if self.stopped:
            return
        self._tally = tally
        self._go_on()

    def _go_on(self) -> None:
        self._progressed()
        self._step()


def _find(account_id: int, wanted: LedgerFilter, before_seq: int, limit: int, desk: Desk) -> Found:
    return desk.history.search(account_id, wanted, before_seq=before_seq, limit=limit)


def _count(account_id: int, wanted: LedgerFilter, so_far: Tally, desk: Desk) -> Tally:
    return desk.history.tally(account_id, wanted, so_far)


def _find_since(
    account_id: int, wanted: LedgerFilter, after: int, newest: int, desk: Desk
) -> "tuple[int, int, list[Transaction]]":
    """What the filter means of the entries after number `after`, up to `newest`; with these numbers."""
    entries: list[Transaction] = []
    before = newest + 1
    while before > after + 1:
        found = _find(account_id, wanted, before, MOST_AT_ONCE, desk)
        entries += [entry for entry in found.entries if entry.seq > after]
        if found.done:
            break
        before = found.searched_to_seq
    return after, newest, entries


def _read_numbers(account_id: int, seqs: Sequence[int], desk: Desk) -> "list[Transaction]":
    """The entries with these numbers, the largest first."""
    wanted = frozenset(seqs)
    return [
        entry
        for span in _spans(seqs)
        for entry in desk.balance.entries(account_id, span.first, span.last)
        if entry.seq in wanted
    ]


def _spans(seqs: Sequence[int]) -> Iterator[Span]:
    """The fewest ranges that hold the numbers, which fall, and that can each be read at once."""
    last = first = seqs[0]
    for seq in seqs[1:]:
        if last - seq >= ENTRIES_AT_ONCE:
            yield Span(first, last)
            last = seq
        first = seq
    yield Span(first, last)
