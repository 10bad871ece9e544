"""A page read straight from an SQLite file is the page that the services read, or none."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.database import Database
from services.domain.ledger_filter import LedgerFilter
from services.errors import ConfigurationError, PaydeskError
from services.history import HistoryService
from services.ledger_page import file_of, read_page
from services.runtime import Runtime
from tests.histories import put_history

ENTRIES = 60


@pytest.fixture
def database_url(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The settings name an SQLite file."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    return sqlite_url


@pytest.fixture
def file(database_url: str, database: Database) -> Path:
    """That file, with ledgers in it."""
    put_history(database, ENTRIES)
    database.close()
    return Path(database_url.removeprefix("sqlite:///"))


@pytest.mark.usefixtures("file")
def test_a_page_is_what_a_search_without_a_filter_finds(runtime: Runtime) -> None:
    history = HistoryService.over(runtime)
    for account_id in (1, 2, 3):
        for before_seq in (None, -1, 0, 1, 2, 30, ENTRIES, ENTRIES + 1, ENTRIES + 2, 10**30):
            for limit in (1, 20, ENTRIES, 1_000):
                found = history.search(account_id, LedgerFilter(), before_seq=before_seq, limit=limit)
                assert read_page(account_id, before_seq, limit) == list(found.entries)


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("account_id", "limit"), [(4, 20), (0, 20), (-1, 20), (10**30, 20), (1, 0), (1, -1), (1, 1_001)]
)
def test_what_the_services_refuse_is_left_to_them(runtime: Runtime, account_id: int, limit: int) -> None:
    assert read_page(account_id, None, limit) is None
    with pytest.raises(PaydeskError):
        HistoryService.over(runtime).search(account_id, LedgerFilter(), limit=limit)


def test_a_read_leaves_the_folder_and_the_file_as_they_are(file: Path) -> None:
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    assert read_page(1, None, 20)
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before


def test_what_another_connection_has_committed_and_not_yet_moved_into_the_file_is_read(file: Path) -> None:
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("DROP TRIGGER transactions_refuse_update")
        writer.execute("UPDATE transactions SET description = 'in the log'")
        writer.commit()
        assert file.with_name(f"{file.name}-wal").stat().st_size > 0
        page = read_page(1, None, 1)
        writer.execute("UPDATE transactions SET description = 'not committed'")
        assert read_page(1, None, 1) == page
    assert page is not None
    assert page[0].description == "in the log"


def changed(statement: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(statement)

    return change


def damaged(file: Path) -> None:
    contents = bytearray(file.read_bytes())
    contents[4096:] = b"\xa5" * (len(contents) - 4096)
    file.write_bytes(contents)


@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink,
        lambda file: file.write_bytes(b""),
        lambda file: file.write_text("not a database, and longer than the head of one" * 10),
        damaged,
        changed("PRAGMA application_id = 1"),
        changed("UPDATE alembic_version SET version_num = '0003'"),
        changed("UPDATE alembic_version SET version_num = '9999'"),
        changed("DELETE FROM alembic_version"),
        changed("DROP TABLE alembic_version"),
        changed("DROP TRIGGER transactions_refuse_delete; DELETE FROM transactions WHERE seq = 55"),
    ],
    ids=["none", "empty", "text", "damaged", "foreign", "older", "newer", "no version", "no table", "a gap"],
)
def test_a_file_that_is_not_as_it_should_be_is_left_to_the_services(file: Path, spoil: Callable[[Path], None]) -> None:
    assert read_page(1, None, 20)
    spoil(file)
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    assert read_page(1, None, 20) is None
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before


def test_a_file_that_another_program_holds_is_left_to_the_services(file: Path) -> None:
    with closing(sqlite3.connect(file)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        assert read_page(1, None, 20) is None
    assert read_page(1, None, 20)


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("key", "base", "allow_live", "is_read"),
    [
        ("", "http://elsewhere.example", "", True),
        ("sk_test_x", "", "", True),
        ("rk_test_x", "https://api.stripe.com", "false", True),
        ("rk_live_x", "https://api.stripe.com", "true", True),
        ("sk_test_x", "http://elsewhere.example", "", False),
        ("sk_live_x", "http://elsewhere.example", "true", False),
        ("sk_live_x", "", "", False),
        ("sk_live_x", "", "nonsense", False),
        ("pk_test_x", "", "true", False),
        ("nonsense", "", "true", False),
    ],
)
def test_a_key_that_may_be_refused_is_left_to_the_services(
    key: str, base: str, allow_live: str, is_read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    monkeypatch.setenv("STRIPE_API_BASE", base)
    monkeypatch.setenv("ALLOW_LIVE", allow_live)
    assert (read_page(1, None, 20) is not None) == is_read


@pytest.mark.usefixtures("file")
def test_a_local_file_that_others_can_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYDESK_CONFIG_DIR", str(tmp_path))
    (tmp_path / "settings.local.env").touch(mode=0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_page(1, None, 20)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file:desk.db",
        "sqlite:///nowhere.db",
        "sqlite:///.",
        "sqlite+pysqlite:///desk.db",
        "sqlite:///desk.db?mode=ro",
        "sqlite://host/desk.db",
        "postgresql:///desk.db",
        "postgresql://anna@host/desk",
        "mysql:///desk.db",
        "nonsense",
    ],
)
def test_an_address_that_names_no_file_alone_is_left_to_the_services(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk.db").touch()
    assert file_of("sqlite:///desk.db") == Path("desk.db")
    assert file_of(url) is None


@given(st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=20))
@example("a,b@c:d#e f&g=h+i.db")
@example("a%20b")
@example("a\nb.db")
def test_an_address_names_the_same_file_to_sqlalchemy(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    path = tmp_path_factory.mktemp("place") / f"{name}.db"
    url = f"sqlite:///{path}"
    if len(path.name.encode()) > 255:
        return
    path.touch()
    named = file_of(url)
    assert named is None or str(named) == Database(url).url.database
    assert (named is None) == bool({"?", "%"} & set(name))
