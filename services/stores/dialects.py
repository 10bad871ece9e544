"""What SQLite and PostgreSQL both can and SQLAlchemy keeps in two dialects: upserts, and a list as rows."""

import json
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

Insert = postgresql.Insert | sqlite.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


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
