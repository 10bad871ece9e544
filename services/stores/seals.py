"""Seals: what is not sealed yet, the entries as they are hashed, and the chain."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from services.domain.seal import NO_HASH, SEALED_COLUMNS, Seal, SealedRow
from services.errors import Conflict
from services.models.tables import balances, seals
from services.stores.dialects import for_driver

_ROWS = (
    "SELECT seq, {} FROM transactions "
    "WHERE account_id = :account_id AND seq BETWEEN :first_seq AND :last_seq ORDER BY seq, id"
)
_BYTES = [f"COALESCE(length(CAST({name} AS BLOB)) || ':' || {name}, '-')" for name in SEALED_COLUMNS]
ROWS_ON_SQLITE = _ROWS.format(f"CAST({' || '.join(_BYTES)} AS BLOB)")
"""Entries as they are hashed."""

_TEXTS = [
    "CAST(CAST(extract(epoch FROM created_at) * 1000000 AS BIGINT) AS TEXT)"
    if name == "created_at"
    else f"CAST({name} AS TEXT)"
    for name in SEALED_COLUMNS
]
_OCTETS = [f"COALESCE(octet_length({text}) || ':' || {text}, '-')" for text in _TEXTS]
_ROWS_ON_POSTGRESQL = _ROWS.format(f"convert_to({' || '.join(_OCTETS)}, 'UTF8')")


@dataclass(frozen=True)
class Unsealed:
    """An account's entries after `sealed_seq`, up to `last_seq`; `chain_hash` is that of its newest seal."""

    account_id: int
    sealed_seq: int
    chain_hash: bytes
    last_seq: int


class SealedMeanwhile(Conflict):
    """Another one extended the same chain. The transaction must be rolled back."""

    code = "sealed_meanwhile"


class SealStore:
    """Reads what is to be sealed, and keeps the seals, on a connection that the caller commits."""

    def unsealed(self, connection: Connection, account_id: int | None, after: int, limit: int) -> list[Unsealed]:
        """The first accounts, in order, from the one after `after`, that have entries no seal covers."""
        newest = (
            sa.select(sa.func.max(seals.c.first_seq))
            .where(seals.c.account_id == balances.c.account_id)
            .correlate(balances)
            .scalar_subquery()
        )
        statement = (
            sa.select(balances.c.account_id, seals.c.last_seq, seals.c.chain_hash, balances.c.last_seq)
            .select_from(
                balances.outerjoin(seals, (seals.c.account_id == balances.c.account_id) & (seals.c.first_seq == newest))
            )
            .where(balances.c.account_id > after, balances.c.last_seq > sa.func.coalesce(seals.c.last_seq, 0))
            .order_by(balances.c.account_id)
            .limit(limit)
        )
        if account_id is not None:
            statement = statement.where(balances.c.account_id == account_id)
        return [
            Unsealed(account, sealed_seq or 0, chain_hash or NO_HASH, last_seq)
            for account, sealed_seq, chain_hash, last_seq in connection.execute(statement)
        ]

    def unsealed_entries(self, connection: Connection, account_id: int | None) -> int:
        """How many entries no seal covers."""
        entries = sa.select(sa.func.coalesce(sa.func.sum(balances.c.last_seq), 0))
        if account_id is not None:
            entries = entries.where(balances.c.account_id == account_id)
        return int(connection.execute(entries).scalar_one()) - self.sealed_entries(connection, account_id)

    def sealed_entries(self, connection: Connection, account_id: int | None) -> int:
        """How many entries seals cover."""
        covered = sa.select(sa.func.coalesce(sa.func.sum(seals.c.last_seq - seals.c.first_seq + 1), 0))
        if account_id is not None:
            covered = covered.where(seals.c.account_id == account_id)
        return int(connection.execute(covered).scalar_one())

    def rows(self, connection: Connection, account_id: int, first_seq: int, last_seq: int) -> list[SealedRow]:
        """The entries `first_seq` to `last_seq` as they are hashed, in order."""
        dialect = connection.dialect
        statement = ROWS_ON_SQLITE if dialect.name == "sqlite" else for_driver(dialect, _ROWS_ON_POSTGRESQL)
        parameters = {"account_id": account_id, "first_seq": first_seq, "last_seq": last_seq}
        found = connection.exec_driver_sql(statement, parameters)
        return [(seq, columns) for seq, columns in found]

    def append(self, connection: Connection, new: Sequence[Seal]) -> None:
        """Extends chains. Raises `SealedMeanwhile`."""
        try:
            connection.execute(sa.insert(seals), [vars(seal) for seal in new])
        except IntegrityError:
            raise SealedMeanwhile("Another desk has sealed some of these entries meanwhile.") from None

    def after(self, connection: Connection, account_id: int, seq: int, limit: int) -> list[Seal]:
        """The first seals of an account that begin after entry `seq`, in order."""
        statement = (
            sa.select(seals)
            .where(seals.c.account_id == account_id, seals.c.first_seq > seq)
            .order_by(seals.c.first_seq)
            .limit(limit)
        )
        return [Seal(*row) for row in connection.execute(statement)]

    def newest(self, connection: Connection, account_id: int | None, after: int, limit: int) -> list[Seal]:
        """The newest seals of the first accounts from the one after `after`, in order."""
        last = sa.select(seals.c.account_id, sa.func.max(seals.c.first_seq).label("first_seq")).group_by(
            seals.c.account_id
        )
        last = last.where(seals.c.account_id > after).order_by(seals.c.account_id).limit(limit)
        if account_id is not None:
            last = last.where(seals.c.account_id == account_id)
        chosen = last.subquery()
        joined = (chosen.c.account_id == seals.c.account_id) & (chosen.c.first_seq == seals.c.first_seq)
        statement = sa.select(seals).join(chosen, joined).order_by(seals.c.account_id)
        return [Seal(*row) for row in connection.execute(statement)]
