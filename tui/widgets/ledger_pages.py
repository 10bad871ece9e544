"""The pages of a ledger that are kept in memory: the few that were looked at last."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.balance import Transaction

PAGE = 200
"""Entries on a page. A page begins at a multiple of it, so that new entries never shift what is on a page."""

PAGES_AT_ONCE = 4
"""The most pages that one read asks for; the service allows 1,000 entries."""

KEPT = 16
"""Pages in memory: what is on the screen, its neighbours, and where one was just before."""


@dataclass(frozen=True)
class Span:
    """The entries numbered `first` to `last`, both included."""

    first: int
    last: int


@dataclass(frozen=True)
class _Page:
    last_seq: int
    entries: "dict[int, Transaction]"


class LedgerPages:
    """Entries of one account by sequence number. An entry never changes, so what was read once stays right."""

    def __init__(self) -> None:
        self._pages: OrderedDict[int, _Page] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pages)

    def clear(self) -> None:
        """Forget everything: another account is shown."""
        self._pages.clear()

    def entry(self, seq: int) -> "Transaction | None":
        """The entry with this number; None where it was not read, or is none."""
        page = self._pages.get(_number(seq))
        return page.entries.get(seq) if page else None

    def is_read(self, seq: int) -> bool:
        """Whether the place of this number was read, also where no entry was found in it."""
        page = self._pages.get(_number(seq))
        return page is not None and seq <= page.last_seq

    def missing(self, span: Span, newest: int) -> Span | None:
        """What must be read, in whole pages, so that `span` is there; None: nothing."""
        wanted = range(_number(max(1, span.first)), _number(min(newest, span.last)) + 1)
        lacking = [number for number in wanted if not self.is_read(min(newest, (number + 1) * PAGE))]
        if not lacking or newest < 1:
            return None
        first, last = lacking[0], min(lacking[-1], lacking[0] + PAGES_AT_ONCE - 1)
        return Span(first * PAGE + 1, min(newest, (last + 1) * PAGE))

    def neighbours(self, span: Span) -> tuple[Span, Span]:
        """The page after and the page before `span`, which is where a person goes next."""
        return Span(span.last + 1, span.last + PAGE), Span(span.first - PAGE, span.first - 1)

    def put(self, span: Span, entries: "Iterable[Transaction]") -> None:
        """Keep what was read of `span`, and forget the pages that were looked at longest ago."""
        found: dict[int, dict[int, Transaction]] = {}
        for entry in entries:
            found.setdefault(_number(entry.seq), {})[entry.seq] = entry
        for number in range(_number(span.first), _number(span.last) + 1):
            self._pages[number] = _Page(min(span.last, (number + 1) * PAGE), found.get(number, {}))
            self._pages.move_to_end(number)
        while len(self._pages) > KEPT:
            self._pages.popitem(last=False)

    def touch(self, span: Span) -> None:
        """Note that `span` is being looked at."""
        for number in range(_number(span.first), _number(span.last) + 1):
            if number in self._pages:
                self._pages.move_to_end(number)


def _number(seq: int) -> int:
    return (seq - 1) // PAGE
