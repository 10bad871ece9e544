"""Reads a ledger page by page: what is in view first, then what lies next to it."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from tui.desk import Desk
from tui.widgets.ledger_pages import LedgerPages, Span
from tui.widgets.ledger_source import Arrived, LedgerSource, Purpose, Read

if TYPE_CHECKING:
    from services.balance import Transaction


class LedgerReader(LedgerSource):
    """All entries of one account from number `oldest` to `newest`, through `read`; `arrived` is told of more.

    Of the questions of one purpose only the newest is answered, so that a person who pulls the scroll bar through a
    million entries gets the page where it was let go, and not every page on the way.
    """

    def __init__(self, account_id: int | None, oldest: int, newest: int, read: Read, arrived: Arrived) -> None:
        self.pages = LedgerPages()
        self.account_id = account_id
        self.oldest = oldest
        self.newest = newest
        self._read_off_screen = read
        self._arrived = arrived
        self._asked: dict[Purpose, Span] = {}

    @property
    def count(self) -> int:
        """How many entries there are."""
        return max(0, self.newest - self.oldest + 1)

    def seq_at(self, index: int) -> int:
        """The newest is on the first line."""
        return self.newest - index

    def index(self, seq: int) -> int:
        """How many entries are newer."""
        return self.newest - seq

    def entry(self, seq: int) -> "Transaction | None":
        """The entry, if its page was read."""
        return self.pages.entry(seq)

    def is_read(self, seq: int) -> bool:
        """Whether its page was read."""
        return self.pages.is_read(seq)

    def grow(self, newest: int) -> None:
        """Every number up to the newest is an entry's: there are that many lines more, to be read when looked at."""
        grown, self.newest = newest - self.newest, newest
        self._arrived((), grown)

    def close(self) -> None:
        """Forget whose entries they are."""
        self.account_id = None

    def look_at(self, first: int, last: int, *, again: bool = False) -> None:
        """Read whole pages."""
        if again:
            self._asked.clear()
        if self.account_id is None or self.count == 0:
            return
        view = Span(self.seq_at(last), self.seq_at(first))
        self.pages.touch(view)
        if missing := self.pages.missing(view, self.newest):
            self._read("rows", missing)
            return
        for neighbour in self.pages.neighbours(view):
            if missing := self.pages.missing(neighbour, self.newest):
                self._read("ahead", missing)
                return

    def _read(self, purpose: Purpose, span: Span) -> None:
        if self._asked.get(purpose) == span or self.account_id is None:
            return
        self._asked[purpose] = span
        account_id = self.account_id

        def entries(desk: Desk) -> "Sequence[Transaction]":
            return desk.balance.entries(account_id, span.first, span.last)

        self._read_off_screen(purpose, entries, partial(self._take, purpose, span))

    def _take(self, purpose: Purpose, span: Span, entries: "Sequence[Transaction]") -> None:
        # It may have been closed without a new question, so that this answer is still the newest one.
        if self.account_id is None:
            return
        if self._asked.get(purpose) == span:
            del self._asked[purpose]
        self.pages.put(span, entries)
        self._arrived(entries)
