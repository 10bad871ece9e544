"""What SQLite and PostgreSQL, and their drivers, write differently."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect

Insert = postgresql.Insert | sqlite.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def for_driver(dialect: Dialect, statement: str) -> str:
    """A statement with parameters like `:name`, which psycopg writes `%(name)s`. Without casts or per cents."""
    return statement if dialect.name == "sqlite" else _for_psycopg(statement)


def _for_psycopg(statement: str) -> str:
    return re.sub(r":(\w+)", r"%(\1)s", statement)


@dataclass(frozen=True)
class Script:
    """What is one transaction by itself: statements for SQLite, one for PostgreSQL.

    All take the same parameters, and the last one returns one row.
    """

    sqlite: tuple[str, ...]
    postgresql: str

    @classmethod
    def of(cls, sqlite: tuple[str, ...], postgresql: str) -> "Script":
        """A script whose parameters are written `:name`."""
        return cls(sqlite, _for_psycopg(postgresql))


class ScriptRunner(Protocol):
    """Runs scripts, each in a transaction of its own."""

    @property
    def dialect(self) -> Dialect:
        """The database's dialect."""

    def run(self, script: Script, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The row that a script returns, committed; None where it was refused and nothing was changed."""


class RowReader(Protocol):
    """Runs queries, each as a script of its own."""

    @property
    def dialect(self) -> Dialect:
        """The database's dialect."""

    def rows(self, query: Script, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]] | None:
        """The rows of a query, as the driver gives them; None where they cannot be had."""


def each_of(connection: Connection, texts: Collection[str]) -> sa.ColumnElement[str]:
    """A column with a row for each of `texts`, however many: they travel as one parameter.

    Sources: https://www.sqlite.org/json1.html#jeach and
    https://www.postgresql.org/docs/current/functions-json.html
    """
    value = sa.column("value", sa.Text)
    if connection.dialect.name == "sqlite":
        return sa.func.json_each(json.dumps(list(texts))).table_valued(value).c.value
    listed = sa.cast(list(texts), postgresql.JSON)
    return sa.func.json_array_elements_text(listed).table_valued(value).render_derived().c.value
