"""Verifying that all stored rows add up: the ledger and its seals, orders, codes, refunds, and who changed what."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self

from services.database import Database
from services.domain.verification import (
    AccountVerification,
    Break,
    Counted,
    Ends,
    EntryBreak,
    Link,
    Verification,
    follow,
)
from services.errors import NotFound
from services.runtime import Runtime
from services.seals import Head, SealService
from services.stores.verification import CHECKS, Progress, VerificationStore

__all__ = [
    "AccountVerification",
    "Break",
    "Counted",
    "EntryBreak",
    "Progress",
    "Verification",
    "VerificationService",
]

ENTRIES_AT_ONCE = 10_000
"""How many entries of an account are read together, and after how many it is told how far it is."""


class VerificationService:
    """Proves the stored rows against each other. It changes nothing and does not ask Stripe."""

    def __init__(
        self,
        database: Database,
        verification_store: VerificationStore,
        seal_service: SealService,
        entries_at_once: int = ENTRIES_AT_ONCE,
    ) -> None:
        self.database = database
        self.verification_store = verification_store
        self.seal_service = seal_service
        self.entries_at_once = entries_at_once

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, VerificationStore(), SealService.over(runtime))

    def verify(self, progress: Progress | None = None) -> Verification:
        """Makes every check on the rows of one moment, while others go on writing. A million entries take seconds.

        Then every sealed entry is held against its seal: the first that is not what was sealed is named by its account
        and its number. `progress` is told how many checks are made, and of how many: after each, and while seals are
        read. What it raises ends the work. Raises `TryAgain` where the database cannot be reached.
        """
        sums = len(CHECKS)
        with self.database.read() as connection:
            self.verification_store.hold_still(connection)
            verification = self.verification_store.verify(
                connection, None if progress is None else lambda made, _: progress(made, sums + 1)
            )
        # What is sealed never changes: it is read in short transactions of its own, for that may take minutes.
        sealed = self.seal_service.verify(progress=None if progress is None else lambda *_: progress(sums, sums + 1))
        if progress is not None:
            progress(sums + 1, sums + 1)
        breaks = tuple(Break("sealed", found.sentence, account_id=found.account_id) for found in sealed.breaks[:1])
        return Verification(
            counted=replace(verification.counted, sealed_entries=sealed.entries),
            checks=sums + 1,
            breaks=verification.breaks + breaks,
        )

    def verify_account(
        self, account_id: int, kept: Sequence[Head] = (), progress: Progress | None = None
    ) -> AccountVerification:
        """Goes through one account's entries: no number is missing, each leaves what it must, the balance is what the
        newest one leaves, and what was sealed is what it was. A million entries take seconds.

        It reads in short transactions, while others go on posting. `progress` is told how many entries are read, and
        of how many; sealed ones are read twice. What it raises ends the work. Raises `NotFound`.
        """
        with self.database.read() as connection:
            ends = self.verification_store.ends(connection, account_id)
        if ends is None:
            raise NotFound(f"There is no account {account_id}.", field="account_id")
        tell, entries = progress or _tell_nobody, ends.last_seq
        sealed = self.seal_service.verify(account_id, kept, lambda done, of: tell(done, of + entries))
        read = sealed.entries
        chain_break = self._chain_break(account_id, ends, lambda done: tell(read + done, read + entries))
        breaks = [EntryBreak(f"sealed_{found.code}", found.seq, found.sentence) for found in sealed.breaks]
        if chain_break is not None:
            breaks.append(chain_break)
        breaks.sort(key=lambda found: found.seq)
        return AccountVerification(account_id, entries, sealed.entries, tuple(breaks))

    def _chain_break(self, account_id: int, ends: Ends, tell: Callable[[int], None]) -> EntryBreak | None:
        """The first break of an account's chain, up to the entry that was its newest one."""
        link = Link()
        while link.seq < ends.last_seq:
            last_seq = min(link.seq + self.entries_at_once, ends.last_seq)
            with self.database.read() as connection:
                rows = self.verification_store.chain(connection, account_id, link.seq + 1, last_seq)
            step = follow(link, rows, last_seq)
            if isinstance(step, EntryBreak):
                return step
            link = step
            tell(link.seq)
        return ends.first_break() or ends.balance_break(link)


def _tell_nobody(_done: int, _of: int) -> None:
    """Progress that nobody asked for."""
