"""The columns of a ledger: how wide each is, and what stands in it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from tui.present import ELLIPSIS, cents, fit, moment, signed_cents

if TYPE_CHECKING:
    from services.balance import Transaction, TransactionKind

Tone = Literal["plain", "muted", "credit", "negative"]
Cell = tuple[str, Tone]

ROOMY = 92
"""From how many cells on the columns stand two apart."""

READABLE = 16
"""A description narrower than this gets the seconds of the time as well."""


def kind_word(kind: "TransactionKind") -> str:
    """A kind of entry as the desk writes it: `top-up`."""
    return kind.value.replace("_", "-")


@dataclass
class LedgerColumns:
    """Widths that hold every entry seen so far: they only grow, so that columns keep still while one scrolls."""

    room: int = 0
    seq: int = 3
    time: int = 15
    kind: int = 8
    amount: int = 8
    balance: int = 8
    description: int = field(default=0, init=False)
    seconds: bool = field(default=True, init=False)
    gap: int = field(default=1, init=False)

    def take(self, entries: "Iterable[Transaction]", newest: int, now: datetime) -> None:
        """Grow to hold these entries, and all numbers up to `newest`."""
        self.seq = max(self.seq, len(str(newest)))
        for entry in entries:
            self.time = max(self.time, len(moment(entry.created_at, now)))
            self.kind = max(self.kind, len(kind_word(entry.kind)))
            self.amount = max(self.amount, len(signed_cents(entry.amount_cents)))
            self.balance = max(self.balance, len(cents(entry.balance_after_cents)))
        self.share(self.room)

    def share(self, room: int) -> None:
        """Give the description what the other columns leave of `room` cells."""
        self.room = room
        self.gap = 2 if room >= ROOMY else 1
        # One cell at either edge keeps the figures off the border and the scroll bar.
        fixed = 2 + self.seq + self.time + self.kind + self.amount + self.balance + 5 * self.gap
        self.seconds = room - fixed >= READABLE
        self.description = max(4, room - fixed + (0 if self.seconds else len(":00")))

    def heading(self) -> str:
        """The names of the columns."""
        return self._line("seq", "time", "kind", fit("description", self.description), "amount", "balance")

    def waiting(self, seq: int) -> str:
        """A line whose entry is still being read."""
        return self._line(str(seq), ELLIPSIS, ELLIPSIS, fit(ELLIPSIS, self.description), ELLIPSIS, ELLIPSIS)

    def absent(self, seq: int) -> str:
        """A line whose entry is not in the database, which must not be."""
        return self._line(str(seq), "missing", "", fit("there is no entry here", self.description), "", "")

    def cells(self, entry: "Transaction", now: datetime) -> list[Cell]:
        """A line in pieces, each with its tone; put together they are as wide as the heading."""
        gap = " " * self.gap
        at = moment(entry.created_at, now, seconds=self.seconds)
        return [
            (f" {entry.seq:>{self.seq}}{gap}{at:<{self._time}}{gap}", "muted"),
            (f"{kind_word(entry.kind):<{self.kind}}{gap}{fit(entry.description, self.description)}{gap}", "plain"),
            (
                f"{signed_cents(entry.amount_cents):>{self.amount}}{gap}",
                "credit" if entry.amount_cents > 0 else "plain",
            ),
            (
                f"{cents(entry.balance_after_cents):>{self.balance}} ",
                "negative" if entry.balance_after_cents < 0 else "plain",
            ),
        ]

    @property
    def _time(self) -> int:
        return self.time if self.seconds else self.time - len(":00")

    def _line(self, seq: str, at: str, kind: str, description: str, amount: str, balance: str) -> str:
        gap = " " * self.gap
        words = (
            f" {seq:>{self.seq}}",
            f"{at:<{self._time}}",
            f"{kind:<{self.kind}}",
            description,
            f"{amount:>{self.amount}}",
            f"{balance:>{self.balance}} ",
        )
        return gap.join(words)
