"""Scripts and queries run by the driver itself, each a transaction of its own.

For one posting, or one page of a ledger, SQLAlchemy's own time is several times that of its statements. So those go to
the driver; what a driver refuses is then done by SQLAlchemy, and there is told from other refusals.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError

from services.errors import OutcomeUnknown, TryAgain
from services.stores.scripts import Script

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")
Rows = list[tuple[Any, ...]]

BUSY = "The database is busy with other work. Nothing was changed; try again."
LOST = "The connection was lost while saving: it is not known whether it was saved."

TRUSTED_SECONDS = 1.0
"""How long a PostgreSQL connection may lie idle before it is asked whether it still stands."""


def run_on_sqlite(engine: Engine, script: Script, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The row of a script, committed; None where SQLite refused it. Raises `TryAgain` where it stays busy."""
    pooled = engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        driver.execute("BEGIN IMMEDIATE")
        for statement in script.sqlite:
            row: tuple[Any, ...] | None = driver.execute(statement, parameters).fetchone()
        driver.execute("COMMIT")
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise TryAgain(BUSY) from None
        return None
    else:
        return row
    finally:
        pooled.close()  # which rolls back what an error left open


def run_on_postgresql(engine: Engine, script: Script, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The row of a script, committed; None where PostgreSQL refused it or could not be reached.

    Raises `OutcomeUnknown` where the connection was lost on the way.
    """
    return _on_postgresql(engine, script.postgresql, parameters, _first_row)


def rows_of_sqlite(engine: Engine, query: Script, parameters: Mapping[str, Any]) -> Rows | None:
    """The rows of a query, as they were at one moment; None where SQLite refused it."""
    (statement,) = query.sqlite
    try:
        pooled = engine.raw_connection()
    except (DBAPIError, sqlite3.Error):  # the latter from what a first connection is prepared by
        return None
    driver: Any = pooled.driver_connection
    try:
        rows: Rows = driver.execute(statement, parameters).fetchall()
    except sqlite3.Error:
        return None
    else:
        return rows
    finally:
        pooled.close()


def rows_of_postgresql(engine: Engine, query: Script, parameters: Mapping[str, Any]) -> Rows | None:
    """The rows of a query, as they were at one moment; None where PostgreSQL refused it or could not be reached."""
    try:
        return _on_postgresql(engine, query.postgresql, parameters, _all_rows)
    except OutcomeUnknown:  # of a query, nothing came of it
        return None


def _on_postgresql(
    engine: Engine, statement: str, parameters: Mapping[str, Any], answer: "Callable[[psycopg.Cursor[Any]], T]"
) -> T | None:
    import psycopg

    try:
        pooled = engine.raw_connection()
    except (OperationalError, psycopg.Error):  # the latter from what SQLAlchemy asks of a first connection
        return None
    driver: Any = pooled.driver_connection
    answered = False
    try:
        found = answer(driver.execute(statement, parameters))
        answered = True
    except psycopg.Error:
        if driver.closed:
            raise OutcomeUnknown(LOST) from None
        answered = True
        return None
    else:
        return found
    finally:
        if not answered:
            pooled.invalidate()  # it is gone, or an answer is still on its way
        pooled.close()


def _first_row(cursor: "psycopg.Cursor[Any]") -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def _all_rows(cursor: "psycopg.Cursor[Any]") -> Rows:
    return cursor.fetchall()


def ask_after_idling(engine: Engine, trusted_seconds: float) -> None:
    """Has a connection asked whether it still stands, after it lay idle for more than `trusted_seconds`."""

    @event.listens_for(engine, "checkin")
    def _note(_driver: object, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(driver: "psycopg.Connection[Any]", record: Any, _pooled: object) -> None:
        import psycopg

        if time.monotonic() - record.info.get("idle_since", time.monotonic()) > trusted_seconds:
            try:
                driver.execute("SELECT 1")
            except psycopg.Error:
                raise DisconnectionError from None
