"""What a verification of the stored rows counts and finds."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from services.domain.money import format_cents


@dataclass(frozen=True)
class Break:
    """The first place where one kind of check fails: `code` names the check, `sentence` says what is there and what is
    expected. The ids are those of the rows concerned, where there are any.
    """

    code: str
    sentence: str
    account_id: int | None = None
    order_id: int | None = None
    entry_id: int | None = None


@dataclass(frozen=True)
class Counted:
    """How many rows a verification went through; `sealed_entries` are those that are what was sealed."""

    accounts: int
    entries: int
    orders: int
    refunds: int
    discount_codes: int
    redemptions: int
    price_changes: int
    audit_rows: int
    sealed_entries: int = 0


@dataclass(frozen=True)
class Verification:
    """What was verified: the rows, by how many checks, and the first break of each kind, in the order of the checks."""

    counted: Counted
    checks: int
    breaks: tuple[Break, ...]

    @property
    def holds(self) -> bool:
        """Whether everything adds up."""
        return not self.breaks

    @property
    def sentence(self) -> str:
        """The result with what was counted, for a person."""
        result = "Everything adds up" if self.holds else "Not everything adds up"
        rows = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in asdict(self.counted).items())
        return f"{result}. Checks {self.checks}, breaks {len(self.breaks)}, {rows}."


@dataclass(frozen=True)
class EntryBreak:
    """The first entry of an account, by its number, that does not add up or is not what was sealed."""

    code: str
    seq: int
    sentence: str


@dataclass(frozen=True)
class AccountVerification:
    """What was verified of one account: how many entries it counts, how many of them are what was sealed, and the
    breaks, the one with the smallest number first.
    """

    account_id: int
    entries: int
    sealed_entries: int
    breaks: tuple[EntryBreak, ...]

    @property
    def holds(self) -> bool:
        """Whether the account adds up, and is what was sealed of it."""
        return not self.breaks

    @property
    def sentence(self) -> str:
        """The result for a person."""
        if self.breaks:
            return self.breaks[0].sentence
        adds_up = "1 entry adds up" if self.entries == 1 else f"{self.entries:,} entries add up"
        return f"{adds_up}; {self.sealed_entries:,} sealed and unchanged." if self.sealed_entries else f"{adds_up}."


@dataclass(frozen=True)
class Link:
    """Where a chain of entries has come to: the number of its last entry, and the balance that this one leaves."""

    seq: int = 0
    balance_cents: int = 0


ChainedRow = tuple[int, int, int]
"""An entry's number, its amount and the balance it leaves, in cents."""


def follow(link: Link, rows: Iterable[ChainedRow], last_seq: int) -> Link | EntryBreak:
    """Goes on from `link` over the entries up to number `last_seq`: the link that they lead to, or the first break.

    Numbers follow each other without a gap, and each entry leaves what the one before it left and its own amount.
    """
    seq, balance_cents = link.seq, link.balance_cents
    for row_seq, amount_cents, left_cents in rows:
        if row_seq == seq:
            return EntryBreak("seq_twice", seq, f"Entry {seq:,} is there twice.")
        if row_seq != seq + 1:
            return _missing(seq + 1)
        seq, balance_cents = row_seq, balance_cents + amount_cents
        if left_cents != balance_cents:
            return EntryBreak(
                "running_balance",
                seq,
                f"Entry {seq:,} does not add up: it leaves {format_cents(left_cents)}; "
                f"the entry before it and its amount make {format_cents(balance_cents)}.",
            )
    return Link(seq, balance_cents) if seq == last_seq else _missing(seq + 1)


def _missing(seq: int) -> EntryBreak:
    return EntryBreak("seq_gap", seq, f"Entry {seq:,} is not there.")


@dataclass(frozen=True)
class Ends:
    """What an account's balance says, 0 and 0 where there is none, and its lowest and highest entry, if any."""

    balance_cents: int
    last_seq: int
    lowest_seq: int | None
    highest_seq: int | None

    def first_break(self) -> EntryBreak | None:
        """An entry outside of those that the balance counts, if there is one."""
        for seq in (self.lowest_seq, self.highest_seq):
            if seq is not None and not 1 <= seq <= self.last_seq:
                return EntryBreak(
                    "last_seq", seq, f"Entry {seq:,} is there; the balance counts {self.last_seq:,} entries, from 1 on."
                )
        return None

    def balance_break(self, link: Link) -> EntryBreak | None:
        """The balance, if it is not what the last entry leaves."""
        if self.balance_cents == link.balance_cents:
            return None
        sentence = (
            f"The balance is {format_cents(self.balance_cents)}; "
            f"entry {link.seq:,}, the newest, leaves {format_cents(link.balance_cents)}."
        )
        return EntryBreak("balance_sum", link.seq, sentence)
