"""Engines, pragmas and transactions: work commits by `with database.write()` only, and a script by `run`."""

import errno
import os
import random
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Dialect, Engine, RootTransaction, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError

from services.direct import (
    BUSY,
    LOST,
    TRUSTED_SECONDS,
    Rows,
    ask_after_idling,
    rows_of_postgresql,
    rows_of_sqlite,
    run_on_postgresql,
    run_on_sqlite,
)
from services.errors import ConfigurationError, DatabaseVersionMismatch, OutcomeUnknown, TryAgain
from services.models import HEAD
from services.stores.dialects import Script

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

APPLICATION_ID = 0x70617964
"""Marks an SQLite file as paydesk's ("payd"). Source: https://www.sqlite.org/pragma.html#pragma_application_id"""

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for another one on SQLite."""

SCRIPTING_CONNECTIONS = 16
"""How many PostgreSQL connections are kept for scripts, at most; they are opened when threads need them."""

RUNS = 4
"""How often `Database.once` runs its work at most."""

_SQLITE_PRAGMAS = (
    "synchronous = FULL",
    "foreign_keys = ON",
    "recursive_triggers = ON",
)
_WAL_PAUSE_SECONDS = 0.005
_FIRST_PAUSE_SECONDS = 0.1
_SQLITE_MARKS = ("application_id", "schema_version")
_SERIALIZATION_FAILURES = ("40001", "40P01")
_UNREACHABLE = "The database cannot be reached, or does not know this user. Nothing was changed."


class Database:
    """One database, SQLite or PostgreSQL by its URL. Connects when it is first used; safe from any thread.

    `busy_timeout_ms` is how long a writer waits for another one on SQLite; `pause` waits some seconds between two
    runs of `once`; a PostgreSQL connection that lay idle for more than `trusted_seconds` is asked whether it still
    stands before a script is run on it.
    """

    def __init__(
        self,
        url: str,
        *,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
        pause: Callable[[float], None] = time.sleep,
        trusted_seconds: float = TRUSTED_SECONDS,
    ) -> None:
        self._pause = pause
        self.url = _parsed(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(self.url, busy_timeout_ms) if self.is_sqlite else _postgresql_engine(url)
        self._scripting = self._engine if self.is_sqlite else _scripting_engine(url, trusted_seconds)

    @property
    def dialect(self) -> Dialect:
        """How this database writes what the two write differently."""
        return self._engine.dialect

    @property
    def label(self) -> str:
        """The database in a few words for a header, without a password: `"sqlite desk.db"`."""
        if self.is_sqlite:
            return f"sqlite {Path(self.url.database or '').name}"
        return f"postgresql {self.url.database or ''}@{self.url.host or 'localhost'}"

    def version_text(self) -> str:
        """The name and version of the database software."""
        with self.read() as connection:
            statement = "SELECT sqlite_version()" if self.is_sqlite else "SHOW server_version"
            return (
                f"{'SQLite' if self.is_sqlite else 'PostgreSQL'} {connection.exec_driver_sql(statement).scalar_one()}"
            )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection whose queries see the database at one moment on SQLite, per statement on PostgreSQL.

        Raises `TryAgain` where the database cannot be reached or stays busy.
        """
        with self._sentences(), self._transaction("BEGIN") as (connection, transaction):
            yield connection
            transaction.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits when the block ends, and leaves nothing behind when it raises.

        On SQLite it takes the write lock at once, so what it reads stays true until it commits. Raises `TryAgain`
        where nothing was done, and `OutcomeUnknown` where the connection was lost during the COMMIT.
        """
        with self._sentences(), self._transaction("BEGIN IMMEDIATE") as (connection, transaction):
            yield connection
            try:
                transaction.commit()
            except DBAPIError as error:
                if self.is_sqlite or not error.connection_invalidated:
                    raise
                raise OutcomeUnknown(LOST) from None

    def run(self, script: Script, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The row that a script returns, in a transaction of its own that is committed then, at the driver's speed.

        None where it was refused, for whatever reason, and nothing was changed: the same work by `write` or `once`
        then tells why. Raises `TryAgain` where an SQLite file stays busy, and `OutcomeUnknown` where the connection was
        lost on the way.
        """
        run = run_on_sqlite if self.is_sqlite else run_on_postgresql
        return run(self._scripting, script, parameters)

    def rows(self, query: Script, parameters: Mapping[str, Any]) -> Rows | None:
        """The rows of a script that is one query, at the driver's speed and as the driver gives them.

        None where they cannot be had, for whatever reason: the same query by `read` then tells why.
        """
        ask = rows_of_sqlite if self.is_sqlite else rows_of_postgresql
        return ask(self._scripting, query, parameters)

    def once(
        self, work: Callable[[Connection], T], unknown: OutcomeUnknown | None = None, *, is_repeatable: bool = True
    ) -> T:
        """What `work` answers, in a write transaction that is run again where its COMMIT may be lost; `RUNS` at most.

        It is run again where a conflict or a lost connection undid it, and where it is not known whether its COMMIT
        arrived. So `work` must be repeatable: a unique key or a guarded UPDATE tells a run after one that did commit
        that it is done, and it answers the same. A plain SELECT is no such guard, for it does not wait for a COMMIT
        that is still under way.

        Raises what `work` raises, and `TryAgain` where no run did anything. Once the outcome of a run is unknown, only
        a run that comes to an end tells what is true: without one it raises `OutcomeUnknown`. `unknown` is such an
        outcome of the same work, from before. Work that is not repeatable is run again only where it was undone.
        """
        run = 1
        while True:
            try:
                with self.write() as connection:
                    return work(connection)
            except (OutcomeUnknown, TryAgain) as error:
                if isinstance(error, OutcomeUnknown):
                    if not is_repeatable:
                        raise
                    unknown = error
                # An SQLite writer has waited for its turn already, and is told the outcome of its COMMIT.
                if run == RUNS or self.is_sqlite:
                    raise unknown or error from None
            except DBAPIError as error:
                if unknown is None:
                    raise
                raise unknown from error
            longest_seconds = _FIRST_PAUSE_SECONDS * 2 ** (run - 1)
            self._pause(random.uniform(longest_seconds / 2, longest_seconds))  # noqa: S311 - no secret
            run += 1

    def open(self) -> None:
        """Makes the database ready: a new SQLite file is created and migrated, any other must be at `HEAD`.

        Raises `DatabaseVersionMismatch` with a sentence that says what to do.
        """
        if self.is_sqlite:
            self._create_file()
        with self.read() as connection:
            stored = self._stored_version(connection)
        if stored is None and self.is_sqlite:
            self.upgrade()
        elif stored is None:
            raise DatabaseVersionMismatch(
                "The database has no paydesk tables yet. Create them with: paydesk db upgrade"
            )
        elif stored < HEAD:
            raise DatabaseVersionMismatch(
                f"The database is at version {stored} and this paydesk needs {HEAD}. "
                "Bring it up with: paydesk db upgrade"
            )
        elif stored > HEAD:
            raise _newer(stored)

    def upgrade(self) -> None:
        """Runs the migrations that are missing, all in one transaction. Processes that do so at once wait in line.

        Raises `DatabaseVersionMismatch` for the database of another program or of a newer paydesk.
        """
        if self.is_sqlite:
            self._create_file()
        with self.write() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")
            stored = self._stored_version(connection)
            if stored == HEAD:
                return
            if stored is not None and stored > HEAD:
                raise _newer(stored)
            _migrate(connection)
            if self.is_sqlite:
                connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version = {int(HEAD)}")

    def close(self) -> None:
        """Closes the connections that are not in use."""
        self._engine.dispose()
        self._scripting.dispose()

    @contextmanager
    def _transaction(self, sqlite_begin: str) -> Iterator[tuple[Connection, RootTransaction]]:
        """A connection in a transaction, which ends with the block; on SQLite the driver leaves beginning it to us."""
        with self._engine.connect() as connection, connection.begin() as transaction:
            if self.is_sqlite:
                connection.exec_driver_sql(sqlite_begin)
            yield connection, transaction

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turns the database's refusals that pass, and connections that cannot be had, into `TryAgain`."""
        try:
            yield
        except OperationalError as error:
            state = getattr(error.orig, "sqlstate", None)
            busy = "locked" in str(error.orig) if self.is_sqlite else state in _SERIALIZATION_FAILURES
            if busy:
                raise TryAgain(BUSY) from None
            if not self.is_sqlite and (error.connection_invalidated or state is None or state.startswith("08")):
                raise TryAgain(_UNREACHABLE) from None
            raise
        except DatabaseError as error:
            if error.connection_invalidated:  # a server may also end a session by an error of another class (25P03)
                raise TryAgain(_UNREACHABLE) from None
            if self.is_sqlite and getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                raise ConfigurationError(
                    "The file named by DATABASE_URL is not an SQLite database.", field="database_url"
                ) from None
            raise

    def _create_file(self) -> None:
        path = Path(self.url.database or "")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # An existing file is not opened here: closing it again would drop the locks that SQLite holds on it in this
            # process. Source: https://www.sqlite.org/howtocorrupt.html (2.2)
            if not path.is_file():
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            elif not os.access(path, os.R_OK | os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise ConfigurationError(
                f"The database file {path} cannot be opened: {error.strerror}.", field="database_url"
            ) from None

    def _stored_version(self, connection: Connection) -> str | None:
        """The revision the database is at; None for an empty one."""
        if self.is_sqlite:
            application_id = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
            if application_id == 0 and tables == 0:
                return None
            if application_id != APPLICATION_ID:
                raise DatabaseVersionMismatch(
                    "The file named by DATABASE_URL is an SQLite database of another program."
                )
        elif connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar_one() is None:
            return None
        version: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
        return version


def _newer(stored: str) -> DatabaseVersionMismatch:
    return DatabaseVersionMismatch(
        f"The database is at version {stored}, written by a newer paydesk than this one ({HEAD}). Update paydesk."
    )


def _migrate(connection: Connection) -> None:
    # alembic costs 0.4 s to import, and only a database that is new or older needs it
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("models") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", _without_host_list(url)))
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        raise ConfigurationError("DATABASE_URL is not a database address.", field="database_url") from None
    if backend not in ("sqlite", "postgresql"):
        raise ConfigurationError("DATABASE_URL starts with sqlite:/// or postgresql://.", field="database_url")
    if backend == "sqlite" and (parsed.database or ":memory:").startswith((":memory:", "file:")):
        raise ConfigurationError(
            "DATABASE_URL names no file; an SQLite database in memory would be lost. Write sqlite:///PATH.",
            field="database_url",
        )
    return parsed


def _without_host_list(url: str) -> str:
    """The URL with the first host of several, for its parts; libpq itself is given the whole list."""
    return re.sub(r"(://(?:[^@/]*@)?[^,/]*),[^/?]*", r"\1", url)


def _sqlite_engine(url: URL, busy_timeout_ms: int) -> Engine:
    engine = sa.create_engine(url.set(drivername="sqlite"), hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself: `_transaction` does
        for pragma in (f"busy_timeout = {busy_timeout_ms}", *_SQLITE_PRAGMAS):
            connection.execute(f"PRAGMA {pragma}").close()
        owner, schema = (connection.execute(f"PRAGMA {mark}").fetchone()[0] for mark in _SQLITE_MARKS)
        if owner == APPLICATION_ID or schema == 0:  # the mode is written into the file: never into a foreign one
            _turn_on_wal(connection)

    return engine


def _turn_on_wal(connection: sqlite3.Connection) -> None:
    """Switches a new file to WAL. SQLite's own timeout does not cover several connections that do so at once."""
    give_up = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(_WAL_PAUSE_SECONDS)


def _postgresql_engine(url: str) -> Engine:
    connect = partial(_connect, url)
    return sa.create_engine("postgresql+psycopg://", creator=connect, pool_pre_ping=True, hide_parameters=True)


def _scripting_engine(url: str, trusted_seconds: float) -> Engine:
    """Connections on which each statement is a transaction of its own, so that nothing is ever left to be rolled back.

    Many are kept, for a new one costs a hundred times what a posting does.
    """
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=partial(_connect, url, autocommit=True),
        pool_size=SCRIPTING_CONNECTIONS,
        pool_reset_on_return=None,
        use_native_hstore=False,  # else a transaction of SQLAlchemy's own comes first
        hide_parameters=True,
    )
    ask_after_idling(engine, trusted_seconds)
    return engine


def _connect(url: str, *, autocommit: bool = False) -> "psycopg.Connection[Any]":
    # libpq reads the address itself, so several hosts and target_session_attrs work as it documents
    import psycopg

    conninfo = re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql://", url)
    try:
        return psycopg.connect(conninfo, autocommit=autocommit)
    except psycopg.ProgrammingError:
        # libpq repeats the part that it cannot read, which may be the password
        raise ConfigurationError(
            "DATABASE_URL is not an address that PostgreSQL can read.", field="database_url"
        ) from None
