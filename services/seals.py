"""Sealing the ledger, and verifying that what was sealed is still there, letter for letter."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.database import Database
from services.domain.seal import (
    BLOCK,
    NO_HASH,
    Head,
    SealBreak,
    SealedRow,
    SealVerification,
    first_break,
    parse_head,
    sealed,
)
from services.errors import Conflict
from services.runtime import Runtime, get_runtime
from services.stores.seals import SealedMeanwhile, SealStore, Unsealed

__all__ = ["Head", "Progress", "SealBreak", "SealService", "SealVerification", "get_seal_service", "parse_head"]

SEALS_AT_ONCE = 20
"""How many seals are verified together."""

ENTRIES_AT_ONCE = SEALS_AT_ONCE * BLOCK
"""How many entries are read, and sealed by one transaction."""

ACCOUNTS_AT_ONCE = 1_000

Progress = Callable[[int, int], None]
"""Told how many entries are done, and of how many. What it raises ends the work; what is sealed by then stays so."""


class SealService:
    """Extends the chain of hashes over each account's entries, and holds the entries against it.

    Entries are hashed while others post: no balance is locked. Memory stays the same however long a ledger is.
    """

    def __init__(self, database: Database, seal_store: SealStore, clock: Clock) -> None:
        self.database = database
        self.seal_store = seal_store
        self.clock = clock

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, SealStore(), runtime.clock)

    def seal(self, account_id: int | None = None, progress: Progress | None = None) -> int:
        """Seals every entry of an account, or of all, that no seal covers yet; returns how many there were.

        Raises `Conflict` where an entry is missing between others: a ledger that does not add up is not sealed.
        """
        with self.database.read() as connection:
            total = self.seal_store.unsealed_entries(connection, account_id)
        done = after = 0
        while True:
            with self.database.read() as connection:
                work = _at_once(self.seal_store.unsealed(connection, account_id, after, ACCOUNTS_AT_ONCE))
                seals = [
                    seal
                    for unsealed in work
                    for seal in sealed(
                        unsealed.account_id,
                        unsealed.chain_hash,
                        _unbroken(unsealed, self._rows(connection, unsealed)),
                        self.clock(),
                    )
                ]
            if not work:
                return done
            try:
                with self.database.write() as connection:
                    self.seal_store.append(connection, seals)
            except SealedMeanwhile:
                continue  # what is left is read anew
            done += sum(unsealed.last_seq - unsealed.sealed_seq for unsealed in work)
            after = work[-1].account_id - 1  # its entries may go on
            if progress is not None:
                progress(done, max(done, total))

    def heads(self, account_id: int | None = None) -> Iterator[Head]:
        """The newest seal of an account, or of each in order. Kept elsewhere, they make `verify` sure."""
        after = 0
        while True:
            with self.database.read() as connection:
                seals = self.seal_store.newest(connection, account_id, after, ACCOUNTS_AT_ONCE)
            yield from (Head(seal.account_id, seal.last_seq, seal.chain_hash.hex()) for seal in seals)
            if len(seals) < ACCOUNTS_AT_ONCE:
                return
            after = seals[-1].account_id

    def verify(
        self, account_id: int | None = None, kept: Sequence[Head] = (), progress: Progress | None = None
    ) -> SealVerification:
        """Holds every sealed entry of an account, or of all, against its seal, and the chains against the `kept` heads.

        An account's first break is named. Who owns the database can change history and seal it anew: only a head that
        was kept elsewhere tells then.
        """
        with self.database.read() as connection:
            total = self.seal_store.sealed_entries(connection, account_id)
        wanted: dict[int, dict[int, str]] = defaultdict(dict)
        for head in kept:
            if account_id in (None, head.account_id):
                wanted[head.account_id][head.seq] = head.chain_hash
        accounts, done = 0, 0
        breaks: list[SealBreak] = []
        for account in sorted({head.account_id for head in self.heads(account_id)} | wanted.keys()):
            accounts += 1
            for step in self._steps(account, wanted[account]):
                if isinstance(step, SealBreak):
                    breaks.append(step)
                    break
                done += step
                if progress is not None:
                    progress(done, total)
        return SealVerification(accounts, done, tuple(breaks))

    def _rows(self, connection: Connection, unsealed: Unsealed) -> Sequence[SealedRow]:
        return self.seal_store.rows(connection, unsealed.account_id, unsealed.sealed_seq + 1, unsealed.last_seq)

    def _steps(self, account_id: int, kept: Mapping[int, str]) -> Iterator[int | SealBreak]:
        """Verifies an account: how many entries each step held against their seals, and at last the first break."""
        chain_hash, seq = NO_HASH, 0
        met: dict[int, str] = {}
        while True:
            with self.database.read() as connection:
                seals = self.seal_store.after(connection, account_id, seq, SEALS_AT_ONCE)
                span = (seals[0].first_seq, seals[-1].last_seq) if seals else (1, 0)
                rows = self.seal_store.rows(connection, account_id, *span)
            start = 0
            for seal in seals:
                if seal.first_seq != seq + 1:
                    yield _lost_seal(account_id, seq + 1)
                    return
                end = bisect_right(rows, seal.last_seq, start, key=itemgetter(0))
                found = first_break(seal, chain_hash, rows[start:end])
                if found is not None:
                    yield found
                    return
                chain_hash, seq = seal.chain_hash, seal.last_seq
                met[seq] = chain_hash.hex()
                yield end - start
                start = end
            if len(seals) < SEALS_AT_ONCE:
                break
        for kept_seq in sorted(kept):
            if met.get(kept_seq) != kept[kept_seq]:
                yield _other_chain(account_id, kept_seq)
                return


def _at_once(found: Sequence[Unsealed]) -> list[Unsealed]:
    """As much of what is unsealed as one transaction seals; of a long account only the next entries."""
    chosen: list[Unsealed] = []
    room = ENTRIES_AT_ONCE
    for unsealed in found:
        if room == 0:
            break
        part = replace(unsealed, last_seq=min(unsealed.last_seq, unsealed.sealed_seq + room))
        chosen.append(part)
        room -= part.last_seq - part.sealed_seq
    return chosen


def _unbroken(unsealed: Unsealed, rows: Sequence[SealedRow]) -> Sequence[SealedRow]:
    """The rows, if none is missing between them. Raises `Conflict`."""
    for expected, (seq, _) in enumerate(rows, unsealed.sealed_seq + 1):
        if seq != expected:
            raise _unsealable(unsealed.account_id, min(seq, expected))
    if len(rows) != unsealed.last_seq - unsealed.sealed_seq:
        raise _unsealable(unsealed.account_id, unsealed.sealed_seq + len(rows) + 1)
    return rows


def _unsealable(account_id: int, seq: int) -> Conflict:
    return Conflict(f"Entry {seq} of account {account_id} is not there once. What does not add up is not sealed.")


def _lost_seal(account_id: int, seq: int) -> SealBreak:
    return SealBreak("seal", account_id, seq, f"The seal that begins with entry {seq} of account {account_id} is gone.")


def _other_chain(account_id: int, seq: int) -> SealBreak:
    sentence = f"The chain up to entry {seq} of account {account_id} is not the one that was kept: history was changed."
    return SealBreak("kept", account_id, seq, sentence)


def get_seal_service() -> SealService:
    """The seal service of this process."""
    return SealService.over(get_runtime())
