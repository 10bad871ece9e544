"""History: reading one account's ledger, whatever its length: searching, counting, as of a moment, and exporting.

Long work is cut into calls that answer within a few hundredths of a second and say where to go on. Entries never
change and their numbers have no gaps, so what several calls read one after another fits together without a lock.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy.engine import Connection

from services.database import Database
from services.domain.history import Found, KindTotal, SeqRange, Statement, Tally
from services.domain.ledger import MAX_PAGE, Transaction
from services.domain.ledger_export import ExportFormat, ExportPiece, export_head, export_lines
from services.domain.ledger_filter import LedgerFilter, Suggestion, filter_line, parse_filter, suggestions
from services.domain.period import Period, parse_moment, parse_period
from services.domain.text import is_id
from services.errors import InvalidInput, NotFound
from services.runtime import Runtime, get_runtime
from services.stores.accounts import AccountStore
from services.stores.balances import BalanceStore
from services.stores.history import HistoryStore

__all__ = [
    "ExportFormat",
    "ExportPiece",
    "Found",
    "HistoryService",
    "KindTotal",
    "LedgerFilter",
    "Period",
    "Statement",
    "Suggestion",
    "Tally",
    "filter_line",
    "get_history_service",
    "parse_filter",
    "parse_moment",
    "parse_period",
    "suggestions",
]

BUDGET_MS = 50
"""How long one call of a search or a count looks, unless it is told otherwise."""

FIRST_READ = 1_000
"""How many entries a call looks at before it knows how fast the database is."""

EXPORT_READ = 10_000
"""How many entries an export reads at a time: as many are in memory."""

_NS_PER_MS = 1_000_000
_INSTANT = timedelta(microseconds=1)


class HistoryService:
    """Reads ledgers. It changes nothing, and every method may be called from any thread.

    `first_read` is how many entries a call looks at before it knows how fast the database is, `export_read` how many an
    export reads at a time; `timer` tells nanoseconds.
    """

    def __init__(
        self,
        database: Database,
        history_store: HistoryStore,
        *,
        first_read: int = FIRST_READ,
        export_read: int = EXPORT_READ,
        timer: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self.database = database
        self.history_store = history_store
        self.account_store = AccountStore()
        self.balance_store = BalanceStore()
        self.first_read = first_read
        self.export_read = export_read
        self.timer = timer

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, HistoryStore())

    def search(
        self,
        account_id: int,
        wanted: LedgerFilter,
        *,
        before_seq: int | None = None,
        limit: int = 100,
        budget_ms: int = BUDGET_MS,
    ) -> Found:
        """The newest `limit` entries (at most 1,000) before `before_seq` that the filter means.

        It answers with fewer, or none, when its time is used up: go on with `before_seq=found.searched_to_seq` until it
        is `done` or there are enough. Raises `NotFound` for an unknown account and `InvalidInput` for the limit.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput(f"A search answers with 1 to {MAX_PAGE} entries.", field="limit")
        with self.database.read() as connection:
            whole = self._range(connection, account_id, wanted, None if before_seq is None else before_seq - 1)
            entries: list[Transaction] = []
            searched_to = max(whole.first, whole.last + 1)
            for piece in self._pieces(whole, wanted, budget_ms, limit):
                entries += self.history_store.matching(connection, piece, wanted, limit - len(entries))
                if len(entries) == limit:
                    searched_to = entries[-1].seq
                    break
                searched_to = piece.first
            reached = self.history_store.entry(connection, account_id, searched_to)
        return Found(tuple(entries), searched_to, reached.created_at if reached else None, whole.first)

    def tally(
        self,
        account_id: int,
        wanted: LedgerFilter,
        so_far: Tally | None = None,
        *,
        as_of_seq: int | None = None,
        budget_ms: int = BUDGET_MS,
    ) -> Tally:
        """How many entries up to `as_of_seq` the filter means, and their sum; hand in the answer until it is `done`.

        Without a filter, or with a period alone, one call has it all. Raises `NotFound` for an unknown account.
        """
        with self.database.read() as connection:
            if so_far is None:
                whole = self._range(connection, account_id, wanted, as_of_seq)
                if wanted.is_period:
                    opening_cents = self._balance(connection, account_id, whole.first - 1)
                    amount_cents = self._balance(connection, account_id, whole.last) - opening_cents
                    return Tally(whole.size, amount_cents, whole.last, whole.first, whole.first)
                so_far = Tally(0, 0, whole.last, max(whole.first, whole.last + 1), whole.first)
            entries, amount_cents, searched_to = so_far.entries, so_far.amount_cents, so_far.searched_to_seq
            rest = SeqRange(account_id, so_far.first_seq, searched_to - 1)
            for piece in self._pieces(rest, wanted, budget_ms):
                more, more_cents = self.history_store.tally(connection, piece, wanted)
                entries, amount_cents, searched_to = entries + more, amount_cents + more_cents, piece.first
        return Tally(entries, amount_cents, so_far.last_seq, searched_to, so_far.first_seq)

    def at(self, account_id: int, moment: datetime) -> int:
        """The number of the newest entry that was there at `moment`, which is found in some 20 steps; 0 where none was.

        Raises `NotFound` for an unknown account, `InvalidInput` for a moment without a time zone.
        """
        with self.database.read() as connection:
            return self._at(connection, account_id, moment)

    def balance_at(self, account_id: int, moment: datetime) -> int:
        """The balance in cents at `moment`; 0 before the first entry. Raises as `at` does."""
        with self.database.read() as connection:
            return self._balance(connection, account_id, self._at(connection, account_id, moment))

    def statement(self, account_id: int, period: Period) -> Statement:
        """An account over a period: opening, totals by kind, closing. A million entries take a second.

        Its entries are those that `search` and `export` have for `LedgerFilter(first=period.first, last=period.last)`.
        Raises `NotFound` for an unknown account.
        """
        wanted = LedgerFilter(first=period.first, last=period.last)
        with self.database.read() as connection:
            whole = self._range(connection, account_id, wanted)
            return Statement(
                account_id=account_id,
                period=period,
                opening_cents=self._balance(connection, account_id, whole.first - 1),
                totals=tuple(self.history_store.totals(connection, whole)),
                closing_cents=self._balance(connection, account_id, whole.last),
                first_seq=whole.first,
                last_seq=whole.last,
            )

    def export(
        self, account_id: int, wanted: LedgerFilter, form: ExportFormat, *, as_of_seq: int | None = None
    ) -> Iterator[ExportPiece]:
        """Exactly the entries up to `as_of_seq` that the filter means, oldest first, in pieces to be written in turn.

        A few thousand entries are in memory, and no transaction lasts longer than a piece. The same filter as of the
        same number gives the same bytes, today and in a year. Raises `NotFound` for an unknown account, at once.
        """
        with self.database.read() as connection:
            whole = self._range(connection, account_id, wanted, as_of_seq)
        return self._exported(whole, wanted, form)

    def _exported(self, whole: SeqRange, wanted: LedgerFilter, form: ExportFormat) -> Iterator[ExportPiece]:
        written = 0
        yield ExportPiece(export_head(form), written, whole.first, whole.first - 1, whole.last)
        for piece in whole.pieces(self.export_read if wanted.order_id is None else max(1, whole.size)):
            rows = self.history_store.exported_alone(self.database, piece) if wanted.is_period else None
            if rows is None:
                with self.database.read() as connection:
                    rows = self.history_store.exported(connection, piece, wanted)
            written += len(rows)
            yield ExportPiece(export_lines(form, rows), written, whole.first, piece.last, whole.last)

    def _range(
        self, connection: Connection, account_id: int, wanted: LedgerFilter, last_seq: int | None = None
    ) -> SeqRange:
        """The numbers that the filter's period leaves, up to `last_seq`. Raises `NotFound` for an unknown account."""
        newest = self._newest(connection, account_id)
        first, last = 1, newest if last_seq is None else max(0, min(newest, last_seq))
        if wanted.first is not None:
            first = self.history_store.at(connection, account_id, wanted.first - _INSTANT, newest) + 1
        if wanted.last is not None:
            last = min(last, self.history_store.at(connection, account_id, wanted.last - _INSTANT, newest))
        return SeqRange(account_id, first, max(last, first - 1))

    def _pieces(self, whole: SeqRange, wanted: LedgerFilter, budget_ms: int, limit: int = 0) -> Iterator[SeqRange]:
        """The parts of a range that one call reads, newest first; `limit` entries are enough."""
        if wanted.order_id is not None and whole.size > 0:
            return iter([whole])  # an index has the few entries of an order, wherever they are
        first_read = limit if wanted.is_period else self.first_read
        return whole.pieces_within(budget_ms * _NS_PER_MS, first_read, self.timer)

    def _at(self, connection: Connection, account_id: int, moment: datetime) -> int:
        if moment.tzinfo is None:
            raise InvalidInput("A moment is in a time zone.", field="moment")
        return self.history_store.at(connection, account_id, moment, self._newest(connection, account_id))

    def _newest(self, connection: Connection, account_id: int) -> int:
        """The number of the account's newest entry; 0 without one. Raises `NotFound` for an unknown account."""
        if is_id(account_id):
            newest = self.balance_store.summary(connection, account_id).last_seq
            if newest > 0 or self.account_store.get(connection, account_id) is not None:
                return newest
        raise NotFound(f"There is no account {account_id}.", field="account_id")

    def _balance(self, connection: Connection, account_id: int, seq: int) -> int:
        """The balance after entry `seq`, in cents; 0 before the first."""
        entry = self.history_store.entry(connection, account_id, seq)
        return 0 if entry is None else entry.balance_after_cents


def get_history_service() -> HistoryService:
    """The history service of this process."""
    return HistoryService.over(get_runtime())
