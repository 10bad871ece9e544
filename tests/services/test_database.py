import sqlite3
import stat
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from services.database import RUNS, Database
from services.errors import ConfigurationError, Conflict, DatabaseVersionMismatch, OutcomeUnknown, TryAgain
from services.models import APPLICATION_ID, HEAD
from services.models.tables import accounts, metadata
from services.models.types import UTCDateTime
from tests.clock import ManualClock
from tests.postgres import PostgresServer
from tests.proxy import CommitProxy, Cut

NEWER = "9999"
OLDER = "0000"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tables_of(database: Database) -> set[str]:
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names())


def put_version(database: Database, version: str) -> None:
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def count(database: Database) -> int:
    with database.read() as connection:
        found: int = connection.execute(sa.select(sa.func.count()).select_from(accounts)).scalar_one()
        return found


@pytest.mark.parametrize("first", ["open", "upgrade"])
def test_a_new_sqlite_file_is_created_for_its_owner_alone(tmp_path: Path, first: str) -> None:
    path = tmp_path / "new" / "folder" / "desk.db"
    database = Database(f"sqlite:///{path}")
    getattr(database, first)()
    assert tables_of(database) == {*metadata.tables, "alembic_version"}
    assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)
    assert [mode_of(beside) for beside in path.parent.iterdir()] == [0o600] * len(list(path.parent.iterdir()))
    database.close()


def test_an_sqlite_file_says_whose_it_is_and_keeps_a_log(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    database.open()
    with database.read() as connection:
        pragmas = ("application_id", "user_version", "journal_mode", "synchronous", "foreign_keys")
        values = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() for pragma in pragmas]
    assert values == [APPLICATION_ID, int(HEAD), "wal", 2, 1]
    database.close()


def test_opening_and_upgrading_again_changes_nothing(database: Database, clock: ManualClock) -> None:
    with database.write() as connection:
        connection.execute(sa.insert(accounts).values(email="a@b", password_hash="", created_at=clock()))
    for _ in range(2):
        database.open()
        database.upgrade()
    assert count(database) == 1


def test_the_database_of_another_program_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE notes (text)")
    before = path.read_bytes()
    database = Database(f"sqlite:///{path}")
    for make_ready in (database.open, database.upgrade):
        with pytest.raises(DatabaseVersionMismatch, match="another program"):
            make_ready()
    database.close()
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Maria,\n" * 100)
    database = Database(f"sqlite:///{path}")
    for make_ready in (database.open, database.upgrade):
        with pytest.raises(ConfigurationError, match="not an SQLite database"):
            make_ready()
    assert path.read_text() == "Dear Maria,\n" * 100


def test_a_place_that_holds_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened") as refused:
        Database(f"sqlite:///{tmp_path}").open()
    assert refused.value.field == "database_url"


def test_a_database_of_another_version_is_refused_with_what_to_do(database: Database) -> None:
    put_version(database, OLDER)
    with pytest.raises(DatabaseVersionMismatch, match=f"at version {OLDER} .* needs {HEAD}.*paydesk db upgrade"):
        database.open()
    put_version(database, NEWER)
    for make_ready in (database.open, database.upgrade):
        with pytest.raises(DatabaseVersionMismatch, match=f"{NEWER}, written by a newer paydesk.*Update paydesk"):
            make_ready()


def test_an_empty_postgresql_database_is_refused_until_it_is_upgraded(postgres: PostgresServer) -> None:
    url = postgres.create_database()
    database = Database(url)
    with pytest.raises(DatabaseVersionMismatch, match="paydesk db upgrade"):
        database.open()
    assert tables_of(database) == set()
    database.upgrade()
    database.open()
    assert tables_of(database) == {*metadata.tables, "alembic_version"}
    database.close()
    postgres.drop_database(url)


def test_a_write_commits_all_of_it_or_nothing(database: Database, clock: ManualClock) -> None:
    statement = sa.insert(accounts).values(password_hash="", created_at=clock())

    def fail_halfway() -> None:
        with database.write() as connection:
            connection.execute(statement.values(email="a@b"))
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail_halfway()
    assert count(database) == 0
    with database.write() as connection:
        connection.execute(statement.values(email="a@b"))
    assert count(database) == 1


def test_what_is_written_while_reading_is_not_kept(database: Database, clock: ManualClock) -> None:
    with database.read() as connection:
        connection.execute(sa.insert(accounts).values(email="a@b", password_hash="", created_at=clock()))
    assert count(database) == 0


def test_a_busy_sqlite_file_asks_to_try_again(sqlite_url: str) -> None:
    holder, waiting = Database(sqlite_url), Database(sqlite_url, busy_timeout_ms=20)
    with holder.write():
        with pytest.raises(TryAgain, match="busy with other work"), waiting.write():
            pass
        assert count(waiting) == 0
    with waiting.write():
        pass
    holder.close()
    waiting.close()


def test_a_postgresql_writer_whose_view_is_overtaken_is_asked_to_try_again(
    postgresql_url: str, clock: ManualClock
) -> None:
    database = Database(postgresql_url)
    with database.write() as connection:
        connection.execute(sa.insert(accounts).values(email="a@b", password_hash="", created_at=clock()))
    change = sa.update(accounts).values(password_hash="x")
    with pytest.raises(TryAgain, match="busy with other work"), database.write() as late:  # noqa: PT012
        late.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        late.execute(sa.select(accounts.c.id)).all()
        with database.write() as other:
            other.execute(change)
        late.execute(change)
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="in memory would be lost"):
        Database(url)


@pytest.mark.parametrize("url", ["", "desk.db", "mysql://localhost/desk", "postgresql://host:port/desk", "https://x"])
def test_what_is_no_address_of_a_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Database(url)
    assert refused.value.field == "database_url"
    assert "DATABASE_URL" in refused.value.sentence


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("sqlite:////var/lib/desk.db", "sqlite desk.db"),
        ("postgresql://anna:s3cret@db.example/desk", "postgresql desk@db.example"),
        ("postgres://anna:s3cret@db.example/desk", "postgresql desk@db.example"),
        ("postgresql+psycopg://db.example/desk?password=s3cret", "postgresql desk@db.example"),
        ("postgresql://anna:s3cret@one,two:6432/desk?target_session_attrs=read-write", "postgresql desk@one"),
    ],
)
def test_a_label_names_the_database_and_no_password(url: str, label: str) -> None:
    assert Database(url).label == label


@pytest.mark.parametrize(
    "parts",
    [
        "anna:s3cret@127.0.0.1:1/desk",  # nobody listens
        "127.0.0.1:1/desk?password=s3cret",
        "anna:s3cret%zz@127.0.0.1:1/desk",  # libpq cannot read it, and repeats what it cannot read
        "127.0.0.1:1/desk?password=s3cret&sslmode=s3cret",
    ],
)
def test_no_error_tells_the_password(parts: str) -> None:
    database = Database(f"postgresql://{parts}")
    with pytest.raises((TryAgain, ConfigurationError)) as failed:
        database.open()
    assert "s3cret" not in "".join(traceback.format_exception(failed.value))


def test_no_error_tells_what_was_to_be_stored(database: Database) -> None:
    with pytest.raises(DBAPIError) as failed, database.write() as connection:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:email)"), {"email": "maria@example.com"})
    assert "maria@example.com" not in str(failed.value)


def test_a_server_that_is_gone_asks_to_try_again(postgres: PostgresServer, postgresql_url: str) -> None:
    database = Database(postgresql_url)
    assert count(database) == 0
    with pytest.raises(TryAgain, match="cannot be reached"), database.read() as connection:  # noqa: PT012
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        connection.exec_driver_sql("SELECT 1")
    assert count(database) == 0
    database.close()


def test_a_session_that_the_server_ends_by_itself_asks_to_try_again(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with pytest.raises(TryAgain, match="cannot be reached"), database.read() as connection:  # noqa: PT012
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '1ms'")
        with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as other:
            while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
                pass
        connection.exec_driver_sql("SELECT 1")
    database.close()


_ADD = sa.text(
    "INSERT INTO accounts (email, password_hash, created_at) VALUES (:email, '', :created_at) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("created_at", type_=UTCDateTime))


class Repeatable:
    """Work that adds one account, and finds it when it is run again; `before` happens first, in each run."""

    def __init__(self, clock: ManualClock, before: Callable[[Connection, int], None]) -> None:
        self.clock = clock
        self.before = before
        self.runs = 0

    def __call__(self, connection: Connection) -> int:
        self.runs += 1
        self.before(connection, self.runs)
        added = {"email": "a@b", "created_at": self.clock()}
        connection.execute(_ADD, added)
        found: int = connection.execute(sa.select(accounts.c.id).where(accounts.c.email == "a@b")).scalar_one()
        return found


def nothing(_connection: Connection, _run: int) -> None:
    """What happens before most runs."""


def test_work_is_run_once_where_nothing_is_lost(database: Database, clock: ManualClock) -> None:
    work = Repeatable(clock, nothing)
    assert database.once(work) == 1
    assert (work.runs, count(database)) == (1, 1)


def test_what_work_decides_is_not_asked_again(database: Database, clock: ManualClock) -> None:
    def refuse(_connection: Connection, _run: int) -> None:
        raise Conflict("Sold out.")

    work = Repeatable(clock, refuse)
    with pytest.raises(Conflict, match="Sold out"):
        database.once(work)
    assert (work.runs, count(database)) == (1, 0)


def test_a_busy_sqlite_file_is_waited_for_once(sqlite_url: str, clock: ManualClock) -> None:
    pauses: list[float] = []
    holder, waiting = Database(sqlite_url), Database(sqlite_url, busy_timeout_ms=20, pause=pauses.append)
    work = Repeatable(clock, nothing)
    with holder.write(), pytest.raises(TryAgain, match="busy with other work"):
        waiting.once(work)
    assert (work.runs, pauses) == (0, [])
    holder.close()
    waiting.close()


def overtaken(connection: Connection, beside: Database) -> None:
    """Has another writer overtake what this transaction sees, which the server then refuses (40001)."""
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    connection.execute(sa.select(accounts.c.id)).all()
    with beside.write() as other:
        other.execute(sa.update(accounts).values(password_hash="x"))
    connection.execute(sa.update(accounts).values(password_hash="y"))


def disconnected(connection: Connection, beside: Database) -> None:
    """Ends this transaction's session at the server."""
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with beside.read() as other:
        assert other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid}).scalar_one()
    connection.exec_driver_sql("SELECT 1")


@pytest.mark.parametrize("undo", [overtaken, disconnected])
@pytest.mark.parametrize("times", [1, RUNS - 1, RUNS])
def test_work_that_was_undone_is_run_again_within_a_bound(
    postgresql_url: str, clock: ManualClock, undo: Callable[[Connection, Database], None], times: int
) -> None:
    pauses: list[float] = []
    database, beside = Database(postgresql_url, pause=pauses.append), Database(postgresql_url)
    with beside.write() as connection:
        connection.execute(sa.insert(accounts).values(email="a@b", password_hash="", created_at=clock()))

    def undone(connection: Connection, run: int) -> None:
        if run <= times:
            undo(connection, beside)

    work = Repeatable(clock, undone)
    if times < RUNS:
        assert database.once(work) == 1
    else:
        with pytest.raises(TryAgain, match="Nothing was changed"):
            database.once(work)
    assert work.runs == min(times + 1, RUNS)
    assert len(pauses) == work.runs - 1
    assert pauses == sorted(pauses), "The pauses do not grow."
    database.close()
    beside.close()


@pytest.mark.parametrize("moment", Cut)
def test_work_whose_commit_was_cut_off_is_run_again(postgresql_url: str, clock: ManualClock, moment: Cut) -> None:
    with CommitProxy(postgresql_url) as proxy:
        database = Database(proxy.url, pause=lambda _seconds: None)
        proxy.cut(moment, times=RUNS - 1)
        work = Repeatable(clock, nothing)
        assert database.once(work) >= 1
        assert (proxy.landed, work.runs, count(database)) == (RUNS - 1, RUNS, 1)
        database.close()


@pytest.mark.parametrize("undo", [overtaken, disconnected])
def test_work_that_is_not_repeatable_is_run_again_where_it_was_undone(
    postgresql_url: str, clock: ManualClock, undo: Callable[[Connection, Database], None]
) -> None:
    database, beside = Database(postgresql_url, pause=lambda _seconds: None), Database(postgresql_url)
    with beside.write() as connection:
        connection.execute(sa.insert(accounts).values(email="a@b", password_hash="", created_at=clock()))

    def undone_first(connection: Connection, run: int) -> None:
        if run == 1:
            undo(connection, beside)

    work = Repeatable(clock, undone_first)
    assert database.once(work, is_repeatable=False) == 1
    assert work.runs == 2
    database.close()
    beside.close()


@pytest.mark.parametrize("moment", Cut)
def test_work_that_is_not_repeatable_is_not_run_again_where_it_may_have_happened(
    postgresql_url: str, clock: ManualClock, moment: Cut
) -> None:
    with CommitProxy(postgresql_url) as proxy:
        database = Database(proxy.url, pause=lambda _seconds: None)
        proxy.cut(moment)
        work = Repeatable(clock, nothing)
        with pytest.raises(OutcomeUnknown):
            database.once(work, is_repeatable=False)
        assert (proxy.landed, work.runs) == (1, 1)
        database.close()


@pytest.mark.parametrize("moment", Cut)
@pytest.mark.parametrize("undo", [overtaken, disconnected])
def test_what_is_unknown_stays_so_where_no_later_run_comes_to_an_end(
    postgresql_url: str, clock: ManualClock, moment: Cut, undo: Callable[[Connection, Database], None]
) -> None:
    beside = Database(postgresql_url)
    with beside.write() as connection:
        connection.execute(sa.insert(accounts).values(email="c@d", password_hash="", created_at=clock()))

    def undone_later(connection: Connection, run: int) -> None:
        if run > 1:
            undo(connection, beside)

    with CommitProxy(postgresql_url) as proxy:
        database = Database(proxy.url, pause=lambda _seconds: None)
        proxy.cut(moment)
        work = Repeatable(clock, undone_later)
        with pytest.raises(OutcomeUnknown, match="not known whether it was saved"):
            database.once(work)
        assert (proxy.landed, work.runs) == (1, RUNS)
        database.close()
    beside.close()


@pytest.mark.parametrize(("error", "expected"), [(Conflict("Sold out."), Conflict), (None, OutcomeUnknown)])
def test_a_verdict_of_a_later_run_stands_and_an_accident_is_none(
    postgresql_url: str, clock: ManualClock, error: Conflict | None, expected: type[Exception]
) -> None:
    def decide_later(connection: Connection, run: int) -> None:
        if run > 1 and error is not None:
            raise error
        if run > 1:
            connection.exec_driver_sql("SELECT 1 / 0")

    with CommitProxy(postgresql_url) as proxy:
        database = Database(proxy.url, pause=lambda _seconds: None)
        proxy.cut(Cut.BEFORE)
        work = Repeatable(clock, decide_later)
        with pytest.raises(expected):
            database.once(work)
        assert (proxy.landed, work.runs, count(database)) == (1, 2, 0)
        database.close()


def test_the_version_of_the_software_is_named(database: Database) -> None:
    name, _, number = database.version_text().partition(" ")
    assert name == ("SQLite" if database.is_sqlite else "PostgreSQL")
    assert number[0].isdigit()
