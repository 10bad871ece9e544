"""The tests' own PostgreSQL: it starts, keeps databases apart and leaves nothing behind."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.postgres import (
    PostgresError,
    PostgresServer,
    binary_folders,
    find_binaries,
    free_ports,
    usable_accounts,
)

ROOT = Path(__file__).parent.parent

# A test process in small: it starts a server, says where, and waits to be killed.
STARTER = """
import os, sys, time
from pathlib import Path
from tests.postgres import PostgresServer
server = PostgresServer.start(Path(sys.argv[1]))
child = os.fork() if sys.argv[2] == "forked" else 0
if child or sys.argv[2] == "alone":
    sys.stdout.write(f"{server.pid} {child} {server.home}\\n")
    sys.stdout.flush()
time.sleep(60)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with PostgresServer.start(tmp_path_factory.mktemp("postgres")) as running:
        yield running


def ask(url: str, question: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(question))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_database_answers_psycopg_and_sqlalchemy(server: PostgresServer) -> None:
    url = server.create_database()
    assert url.startswith(f"postgresql+psycopg://postgres@127.0.0.1:{server.port}/")
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("select version()").fetchone()
    assert row is not None
    assert row[0].startswith("PostgreSQL ")
    assert ask(url, "select version()") == row[0]


def test_the_server_is_durable_and_on_loopback_only(server: PostgresServer) -> None:
    url = server.create_database()
    assert ask(url, "show fsync") == "on"
    assert ask(url, "show synchronous_commit") == "on"
    assert ask(url, "show listen_addresses") == "127.0.0.1"
    assert ask(url, "show server_encoding") == "UTF8"
    assert ask(url, "show timezone") == "UTC"


def test_databases_are_isolated_and_a_template_is_copied(server: PostgresServer) -> None:
    template = server.create_database()
    ask(template, "create table notes (line text)")
    ask(template, "insert into notes values ('from the template')")
    copy = server.create_database(template)
    empty = server.create_database()

    ask(copy, "insert into notes values ('only in the copy')")

    assert ask(copy, "select count(*) from notes") == 2
    assert ask(template, "select count(*) from notes") == 1
    assert ask(empty, "select to_regclass('notes')") is None


def test_a_database_is_dropped_under_its_connections(server: PostgresServer) -> None:
    url = server.create_database()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        server.drop_database(url)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    server.drop_database(url)
    with pytest.raises(OperationalError, match="does not exist"):
        ask(url, "select 1")


def test_stop_leaves_no_process_no_folder_and_no_listener(tmp_path: Path) -> None:
    server = PostgresServer.start(tmp_path)
    url = server.create_database()
    with psycopg.connect(url.replace("+psycopg", "")):
        assert alive(server.pid)
        server.stop()
    assert not alive(server.pid)
    assert not server.home.exists()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OperationalError):
        ask(url, "select 1")
    server.stop()


def test_stop_cleans_up_after_a_postmaster_that_was_killed(tmp_path: Path) -> None:
    server = PostgresServer.start(tmp_path)
    url = server.create_database()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        rows = connection.execute("select pid from pg_stat_activity").fetchall()
        pids = [server.pid, connection.info.backend_pid, *(pid for (pid,) in rows)]
        os.kill(server.pid, signal.SIGKILL)
        server.stop()
    assert not any(alive(pid) for pid in pids)
    assert not server.home.exists()


def test_every_account_of_this_machine_can_run_it(tmp_path: Path) -> None:
    for account in usable_accounts(find_binaries(binary_folders())):
        with PostgresServer.start(tmp_path, account=account) as server:
            assert ask(server.create_database(), "select 1") == 1
        assert not alive(server.pid)
        assert not server.home.exists()


def test_a_taken_port_is_passed_over(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        with PostgresServer.start(tmp_path, ports=itertools.chain([taken], free_ports())) as server:
            assert server.port != taken
            assert ask(server.create_database(), "select 1") == 1


def test_settings_reach_the_server(tmp_path: Path) -> None:
    settings = {"fsync": "off", "application_name": "it's quoted"}
    with PostgresServer.start(tmp_path, settings=settings) as server:
        url = server.create_database()
        assert ask(url, "show fsync") == "off"
        assert ask(url, "select reset_val from pg_settings where name = 'application_name'") == "it's quoted"


def test_a_start_that_fails_shows_the_log_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match="unrecognized configuration parameter"):
        PostgresServer.start(tmp_path, settings={"no_such_setting": "1"})
    assert list(tmp_path.iterdir()) == []


def test_no_binaries_is_a_failure_that_names_the_places(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match=f"looked for.*{tmp_path}"):
        find_binaries([tmp_path])


@pytest.mark.parametrize("company", ["alone", "forked"])
def test_the_server_dies_with_a_killed_test_process(tmp_path: Path, company: str) -> None:
    # A forked child holds every descriptor of its parent open, the guard's stdin among them.
    command = [sys.executable, "-c", STARTER, str(tmp_path), company]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid, child, home = starter.stdout.readline().split(maxsplit=2)
        assert alive(int(pid))
        starter.kill()
        starter.wait()
        try:
            assert eventually(lambda: not alive(int(pid)))
            assert eventually(lambda: not Path(home.strip()).exists())
        finally:
            if int(child):
                os.kill(int(child), signal.SIGKILL)
