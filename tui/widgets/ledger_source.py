"""The lines that a ledger table shows, by their place from the top and by the numbers of their entries."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from tui.desk import Desk

if TYPE_CHECKING:
    from services.balance import Transaction

T = TypeVar("T")

Purpose = Literal["rows", "ahead", "search", "fresh"]
"""What is read: what is to be shown now, what lies next to it, what a filter means, or what came since."""


class Read(Protocol):
    """Runs a call of the services off the interface thread, and hands its answer on unless a newer one was asked for.

    Of the questions of one purpose only the newest is answered.
    """

    def __call__(self, purpose: Purpose, call: Callable[[Desk], T], done: Callable[[T], None], /) -> None:
        """Begin to read."""


class Arrived(Protocol):
    """Is told which entries were read, and how many lines came on top of those that were there."""

    def __call__(self, entries: "Sequence[Transaction]", on_top: int = 0, /) -> None:
        """Take them."""


class LedgerSource(ABC):
    """Entries of one account, newest first. A line has an index from the top and the number (`seq`) of its entry."""

    account_id: int | None
    newest: int
    """The number of the newest entry that was there when it was last looked; 0 where there is none."""

    @property
    @abstractmethod
    def count(self) -> int:
        """How many lines there are, as far as is known."""

    @abstractmethod
    def seq_at(self, index: int) -> int:
        """The number of the entry on a line; there must be such a line."""

    @abstractmethod
    def index(self, seq: int) -> int:
        """The line of an entry, else of the next older one that has a line."""

    @abstractmethod
    def entry(self, seq: int) -> "Transaction | None":
        """The entry with this number; None where it was not read, or is none."""

    @abstractmethod
    def is_read(self, seq: int) -> bool:
        """Whether the place of this number was read, also where no entry was found in it."""

    @abstractmethod
    def look_at(self, first: int, last: int, *, again: bool = False) -> None:
        """Begin to read what is missing of the lines `first` to `last`; where nothing is, what lies next to them.

        What is being read is not asked for twice, nor what could not be read, except `again`.
        """

    @abstractmethod
    def grow(self, newest: int) -> None:
        """Take the entries up to the number `newest` in, on top."""

    @abstractmethod
    def close(self) -> None:
        """Drop every answer that is still under way."""

    def nearest(self, seq: int) -> int:
        """The number of the line that is nearest to `seq`, rather older than newer; 0 where there is no line."""
        return self.seq_at(min(max(0, self.index(seq)), self.count - 1)) if self.count else 0
