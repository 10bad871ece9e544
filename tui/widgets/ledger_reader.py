"""Reads a ledger page by page: what is in view first, then what lies next to it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from tui.desk import Desk
from tui.widgets.ledger_pages import LedgerPages, Span

if TYPE_CHECKING:
    from services.balance import Transaction

Purpose = Literal["rows", "ahead"]
"""What a page is read for: to be shown now, or because it lies next to what is shown."""

Arrived = Callable[["Sequence[Transaction]"], None]
Read = Callable[[Purpose, "Callable[[Desk], Sequence[Transaction]]", Arrived], None]
"""Runs a call of the services off the interface thread, and hands its answer on unless a newer one was asked for."""


class LedgerReader:
    """The entries of one account, through `read`; `arrived` is told when there are more.

    Of the questions of one purpose only the newest is answered, so that a person who pulls the scroll bar through a
    million entries gets the page where it was let go, and not every page on the way.
    """

    def __init__(self, read: Read, arrived: Arrived) -> None:
        self.pages = LedgerPages()
        self.account_id: int | None = None
        self.newest = 0
        self._read_off_screen = read
        self._arrived = arrived
        self._asked: dict[Purpose, Span] = {}

    def open(self, account_id: int | None, newest: int) -> None:
        """Turn to another account, whose newest entry has the number `newest`."""
        self.account_id, self.newest = account_id, newest
        self.pages.clear()
        self._asked.clear()

    def look_at(self, view: Span, *, again: bool = False) -> None:
        """Begin to read what of `view` is missing; where nothing is, what lies next to it.

        What is being read is not asked for twice, nor what could not be read, except `again`.
        """
        if again:
            self._asked.clear()
        if self.account_id is None or self.newest == 0:
            return
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

        self._read_off_screen(purpose, entries, partial(self._take, purpose, account_id, span))

    def _take(self, purpose: Purpose, account_id: int, span: Span, entries: "Sequence[Transaction]") -> None:
        # The account may have changed without a new question, so that this answer is still the newest one.
        if account_id != self.account_id:
            return
        if self._asked.get(purpose) == span:
            del self._asked[purpose]
        self.pages.put(span, entries)
        self._arrived(entries)
