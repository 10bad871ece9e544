"""A page of a ledger is listed without opening a desk, and nobody can tell by what is written."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from services.database import Database
from tests.histories import put_history

BOTH_WAYS = """
import contextlib, io, json, sys
from services.settings import load_settings
from tui.cli import main
from tui.desk import Desk

def written(desk):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(sys.argv[1:], desk)
    return code, out.getvalue(), err.getvalue()

def open_desk():
    from services.runtime import open_runtime
    return open_runtime(load_settings())

direct = written(Desk())
opened = "services.runtime" in sys.modules
print(json.dumps([opened, direct, written(Desk(open_desk))]))
"""
Answer = tuple[int, str, str]


@pytest.fixture
def file(sqlite_url: str) -> Path:
    """A desk's file with hostile texts in the ledger of account 1, and without any entry of account 3."""
    database = Database(sqlite_url)
    put_history(database, 60)
    database.close()
    return Path(sqlite_url.removeprefix("sqlite:///"))


def listed(file: Path, *arguments: str, **settings: str) -> tuple[bool, Answer]:
    """Whether the services were opened for it, and the exit code, stdout and stderr, which are those of a desk."""
    run = subprocess.run(
        [sys.executable, "-c", BOTH_WAYS, "ledger", "list", *arguments],
        env={**os.environ, "DATABASE_URL": f"sqlite:///{file}", **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    opened, direct, by_a_desk = json.loads(run.stdout)
    assert direct == by_a_desk
    return opened, tuple(direct)


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])
@pytest.mark.parametrize(
    ("arguments", "entries"),
    [
        ("--account 1", 20),
        ("--account 1 --limit 1000", 60),
        ("--account 2 --before 7", 6),
        ("--account 1 --before 1", 0),
        ("--account 1 --before -5 --limit 3", 0),
        ("--account 1 --before 99999999999999999999 --limit 3", 3),
        ("--account 3", 0),
    ],
)
def test_a_page_is_written_as_by_a_desk(arguments: str, entries: int, form: list[str], file: Path) -> None:
    opened, (code, out, err) = listed(file, *arguments.split(), *form)
    assert (opened, code, err) == (False, 0, "")
    assert len(json.loads(out) if form else out.splitlines()[1:]) == entries


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ("--account 4", 1, "account_id: There is no account 4.\n"),
        ("--account 0", 1, "account_id: There is no account 0.\n"),
        ("--account 1 --limit 0", 1, "limit: A search answers with 1 to 1000 entries.\n"),
        ("--account 1 --limit 1001", 1, "limit: A search answers with 1 to 1000 entries.\n"),
    ],
)
def test_what_cannot_be_listed_is_refused_as_by_a_desk(arguments: str, code: int, sentence: str, file: Path) -> None:
    assert listed(file, *arguments.split(), "--json") == (True, (code, "", sentence))


def changed(statement: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(statement)

    return change


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (Path.unlink, "account_id: There is no account 1.\n"),
        (
            lambda file: file.write_text("no database" * 99),
            "database_url: The file named by DATABASE_URL is not",
        ),
        (changed("PRAGMA application_id = 1"), "The file named by DATABASE_URL is an SQLite database of another prog"),
        (
            changed("UPDATE alembic_version SET version_num = '0001'"),
            "The database is at version 0001 and",
        ),
        (changed("UPDATE alembic_version SET version_num = '9999'"), "The database is at version 9999, written by a n"),
    ],
    ids=["none", "text", "foreign", "older", "newer"],
)
def test_a_file_that_cannot_be_read_is_refused_as_by_a_desk(
    spoil: Callable[[Path], None], sentence: str, file: Path
) -> None:
    spoil(file)
    opened, (code, out, err) = listed(file, "--account", "1")
    assert (opened, code, out) == (True, 1, "")
    assert err.startswith(sentence)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"DATABASE_URL": "mysql://host/desk"},
            "database_url: DATABASE_URL starts with sqlite:/// or postgresql",
        ),
        ({"STRIPE_SECRET_KEY": "sk_live_x"}, "stripe_secret_key: STRIPE_SECRET_KEY is a live key"),
        ({"STRIPE_SECRET_KEY": "pk_test_x"}, "stripe_secret_key: STRIPE_SECRET_KEY does not look like"),
    ],
)
def test_settings_that_are_refused_are_refused_as_by_a_desk(
    settings: dict[str, str], sentence: str, file: Path
) -> None:
    opened, (code, out, err) = listed(file, "--account", "1", **settings)
    assert (opened, code, out) == (True, 1, "")
    assert err.startswith(sentence)


def test_a_local_file_that_others_can_read_is_refused_as_by_a_desk(file: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.local.env").touch(mode=0o644)
    _, (code, out, err) = listed(file, "--account", "1", PAYDESK_CONFIG_DIR=str(tmp_path))
    assert (code, out) == (1, "")
    assert "chmod 600" in err
