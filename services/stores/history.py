"""Reading one account's ledger: ranges of `seq`, with or without a filter on them.

Every query is bounded by a range of sequence numbers, so that its work is known before it runs.
"""

import string
from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.domain.history import KindTotal, SeqRange
from services.domain.ledger import Transaction, TransactionKind
from services.domain.ledger_export import COLUMNS, ExportRow
from services.domain.ledger_filter import LedgerFilter
from services.domain.text import either_case
from services.models.tables import transactions
from services.models.types import Int64, UTCDateTime
from services.stores.entries import ENTRY_COLUMNS, entry_of
from services.stores.scripts import RowReader, Script

# Each step of the recursion looks at one entry and halves what is left.
_AT = sa.text(
    "WITH RECURSIVE halves (lowest, highest) AS ("
    "SELECT CAST(0 AS BIGINT), CAST(:last_seq AS BIGINT) UNION ALL "
    "SELECT CASE WHEN entry.created_at <= :moment THEN entry.seq ELSE halves.lowest END, "
    "CASE WHEN entry.created_at <= :moment THEN halves.highest ELSE entry.seq - 1 END "
    "FROM halves JOIN transactions entry ON entry.account_id = :account_id "
    "AND entry.seq = (halves.lowest + halves.highest + 1) / 2 WHERE halves.lowest < halves.highest"
    ") SELECT max(lowest) FROM halves"
).bindparams(sa.bindparam("moment", type_=UTCDateTime))

_YEAR_1_SECONDS = -62_135_596_800
"""The beginning of the first year that a moment can be in, from 1970: numbers that count from it have no sign."""

_MICROS = f"(created_at - {_YEAR_1_SECONDS * 1_000_000})"
_WRITTEN_ON_SQLITE = (
    f"strftime('%Y-%m-%dT%H:%M:%S', {_MICROS} / 1000000 + {_YEAR_1_SECONDS}, 'unixepoch')"
    f" || printf('.%06dZ', {_MICROS} % 1000000)"
)
_WRITTEN_ON_POSTGRESQL = """to_char(timezone('UTC', created_at), 'YYYY-MM-DD"T"HH24":"MI":"SS.US"Z"')"""


def _export_of(moment: str) -> str:
    columns = ", ".join(moment if name == "created_at" else name for name in COLUMNS)
    return (
        f"SELECT {columns} FROM transactions "  # noqa: S608 - our own names
        "WHERE account_id = :account_id AND seq BETWEEN :first_seq AND :last_seq ORDER BY seq"
    )


_EXPORT = Script.of(sqlite=(_export_of(_WRITTEN_ON_SQLITE),), postgresql=_export_of(_WRITTEN_ON_POSTGRESQL))


class HistoryStore:
    """Reads ledgers. It changes nothing."""

    def at(self, connection: Connection, account_id: int, moment: datetime, last_seq: int) -> int:
        """The newest entry that was there at `moment`, among those up to `last_seq`; 0 where none was."""
        values = {"account_id": account_id, "moment": moment, "last_seq": last_seq}
        return int(connection.execute(_AT, values).scalar_one())

    def entry(self, connection: Connection, account_id: int, seq: int) -> Transaction | None:
        """The entry with this number."""
        statement = sa.select(*ENTRY_COLUMNS).where(transactions.c.account_id == account_id, transactions.c.seq == seq)
        row = connection.execute(statement).one_or_none()
        return None if row is None else entry_of(row)

    def matching(
        self, connection: Connection, entries: SeqRange, wanted: LedgerFilter, limit: int
    ) -> list[Transaction]:
        """The newest `limit` entries of a range that the filter means, newest first."""
        # SQLite goes through a table forwards twice as fast as backwards: a range is read in its order, and the newest
        # are taken from what is found. Where every entry is, there is nothing to go through.
        by_seq = (transactions.c.seq if wanted.is_period else _unindexed(transactions.c.seq)).desc()
        statement = (
            sa.select(*ENTRY_COLUMNS).where(*_conditions(connection, entries, wanted)).order_by(by_seq).limit(limit)
        )
        return [entry_of(row) for row in connection.execute(statement)]

    def totals(self, connection: Connection, entries: SeqRange) -> list[KindTotal]:
        """What the entries of a range add up to, for each kind that is among them."""
        amount = transactions.c.amount_cents
        statement = (
            sa.select(
                transactions.c.kind,
                sa.func.count(),
                sa.func.coalesce(sa.func.sum(amount).filter(amount > 0), 0),
                sa.func.coalesce(sa.func.sum(amount).filter(amount < 0), 0),
            )
            .where(*_conditions(connection, entries, LedgerFilter()))
            .group_by(transactions.c.kind)
        )
        found = {
            kind: KindTotal(TransactionKind(kind), count, int(credits_cents), int(debits_cents))
            for kind, count, credits_cents, debits_cents in connection.execute(statement)
        }
        return [found[kind] for kind in TransactionKind if kind in found]

    def tally(self, connection: Connection, entries: SeqRange, wanted: LedgerFilter) -> tuple[int, int]:
        """How many entries of a range the filter means, and their sum in cents."""
        statement = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(transactions.c.amount_cents), 0)).where(
            *_conditions(connection, entries, wanted)
        )
        count, amount_cents = connection.execute(statement).one()
        return count, int(amount_cents)

    def exported(self, connection: Connection, entries: SeqRange, wanted: LedgerFilter) -> list[ExportRow]:
        """The entries of a range that the filter means, oldest first, as bare as a million of them need.

        The database writes the moments: it takes less time for that than to make them values here.
        """
        on_sqlite = connection.dialect.name == "sqlite"
        moment = sa.literal_column(_WRITTEN_ON_SQLITE if on_sqlite else _WRITTEN_ON_POSTGRESQL, sa.Text)
        statement = (
            sa.select(*(moment if name == "created_at" else transactions.c[name] for name in COLUMNS))
            .where(*_conditions(connection, entries, wanted))
            .order_by(transactions.c.seq)
        )
        return [tuple(row) for row in connection.execute(statement)]

    def exported_alone(self, reader: RowReader, entries: SeqRange) -> list[ExportRow] | None:
        """All entries of a range, as `exported` has them, by a query of its own.

        None where `exported` would raise an error, which it then tells.
        """
        span = {"account_id": entries.account_id, "first_seq": entries.first, "last_seq": entries.last}
        return reader.rows(_EXPORT, span)


def _conditions(connection: Connection, entries: SeqRange, wanted: LedgerFilter) -> Iterator[sa.ColumnElement[bool]]:
    """The range, which stands for the filter's period, and what else the filter asks of a row."""
    columns = transactions.c
    if wanted.order_id is None:
        yield columns.account_id == entries.account_id
        yield columns.seq.between(entries.first, entries.last)
    else:
        # The index of the orders has the few entries that there are, wherever in the range they may be.
        yield columns.order_id == wanted.order_id
        yield _unindexed(columns.account_id) == entries.account_id
        yield _unindexed(columns.seq).between(entries.first, entries.last)
    if wanted.kinds:
        yield columns.kind.in_(sorted(kind.value for kind in wanted.kinds))
    if wanted.sign is not None:
        yield columns.amount_cents > 0 if wanted.sign == "credit" else columns.amount_cents < 0
    if wanted.min_cents is not None:
        yield columns.amount_cents >= wanted.min_cents
    if wanted.max_cents is not None:
        yield columns.amount_cents <= wanted.max_cents
    if wanted.actor is not None:
        yield columns.actor == wanted.actor
    if wanted.reversed:
        reversal = transactions.alias("reversal")
        yield sa.exists().where(reversal.c.reverses_id == columns.id)
    for text in wanted.texts:
        yield _contains(connection, text)


def _unindexed(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """The column as a value that no index is used for. Source: https://www.sqlite.org/optoverview.html#uplus"""
    return sa.type_coerce(sa.literal_column(f"+{column}"), Int64)


def _contains(connection: Connection, text: str) -> sa.ColumnElement[bool]:
    """That the description holds `text`, each letter in either case: the same on both databases, in any locale."""
    description = transactions.c.description
    if connection.dialect.name != "sqlite":
        return sa.collate(description, "C").op("~")("".join(map(_in_regex, text)))
    # LIKE knows the two cases of ASCII and of nothing else. Source: https://www.sqlite.org/lang_expr.html#like
    # GLOB can be told of all others, and is slow: it is asked only where LIKE finds the longest part without any.
    marked = "".join(character if _like_knows(character) else "\0" for character in text)
    longest = max(marked.split("\0"), key=len)
    like = description.like(f"%{''.join(map(_in_like, longest))}%", escape="\\")
    return like if longest == text else like & description.op("GLOB")(f"*{''.join(map(_in_glob, text))}*")


def _like_knows(character: str) -> bool:
    return character.isascii() or len(either_case(character)) == 1


def _in_regex(character: str) -> str:
    cases = either_case(character)
    return f"[{cases}]" if len(cases) > 1 else f"\\{character}" if character in string.punctuation else character


def _in_like(character: str) -> str:
    return f"\\{character}" if character in "%_\\" else character


def _in_glob(character: str) -> str:
    cases = either_case(character)
    return f"[{cases}]" if len(cases) > 1 or character in "*?[" else character
