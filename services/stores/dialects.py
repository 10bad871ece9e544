"""What SQLite and PostgreSQL, and their drivers, write differently."""

import json
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect

from services.stores.scripts import for_psycopg

Insert = postgresql.Insert | sqlite.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def for_driver(dialect: Dialect, statement: str) -> str:
    """A statement with parameters like `:name`, which psycopg writes `%(name)s`. Without casts or per cents."""
    return statement if dialect.name == "sqlite" else for_psycopg(statement)


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
