"""How long a process takes: until it ends, and until it has painted on a pseudo-terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

COLUMNS, ROWS = 120, 36
DEADLINE_SECONDS = 30
QUIET_SECONDS = 0.1
"""How long nothing is painted before a key is pressed whose answer is waited for."""
FRAME = re.compile(rb"\x1b\[\d+;\d+H")
"""A frame begins by placing the cursor; what a terminal is asked before it does not."""
PRICES = re.compile(rb"\$\d+\.\d\d")
"""An amount: the services are open and have answered."""


def environment(home: Path, database_url: str) -> dict[str, str]:
    """A person's environment without any setting of theirs, on a database that is ready."""
    folders = ("HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "PAYDESK_CONFIG_DIR")
    terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        **terminal,
        **{name: str(home) for name in folders},
    }


def milliseconds_to_end(arguments: Sequence[str], settings: Mapping[str, str]) -> float:
    """How long Python takes to run with these arguments, from start to end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=settings, check=True, capture_output=True)
    return (time.perf_counter() - began) * 1000


class Screen:
    """A program on a pseudo-terminal of its own; it is killed in the end."""

    def __init__(self, arguments: Sequence[str], settings: Mapping[str, str], columns: int = COLUMNS) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        self._began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, *arguments], stdin=slave, stdout=slave, stderr=slave, env=settings, start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def milliseconds_to(self, painted: re.Pattern[bytes]) -> float:
        """How long it takes from the start until `painted` is on the terminal."""
        self._read_until(painted)
        return (time.perf_counter() - self._began) * 1000

    def press(self, keys: bytes, painted: re.Pattern[bytes], patience_seconds: float = DEADLINE_SECONDS) -> float:
        """How many milliseconds it takes from these keys until `painted` is written, once all is quiet before.

        Raises `TimeoutError` where it is not written in `patience_seconds`.
        """
        self._read_while_written()
        return self.press_at_once(keys, painted, patience_seconds)

    def press_at_once(
        self, keys: bytes, painted: re.Pattern[bytes], patience_seconds: float = DEADLINE_SECONDS
    ) -> float:
        """The same while the program is at work and goes on writing."""
        began = time.perf_counter()
        os.write(self._master, keys)
        self._read_until(painted, patience_seconds)
        return (time.perf_counter() - began) * 1000

    @property
    def resident_mebibytes(self) -> float:
        """How much memory the program holds."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        kibibytes = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert kibibytes is not None, status
        return int(kibibytes[1]) / 1024

    def _read_until(self, painted: re.Pattern[bytes], patience_seconds: float = DEADLINE_SECONDS) -> None:
        seen = b""
        deadline = time.monotonic() + patience_seconds
        while not painted.search(seen):
            if not self._is_written_within(max(0, deadline - time.monotonic())):
                raise TimeoutError(f"{painted.pattern!r} was not painted in {patience_seconds} s: {seen[-2000:]!r}")
            seen += os.read(self._master, 65536)

    def _read_while_written(self) -> None:
        while self._is_written_within(QUIET_SECONDS):
            os.read(self._master, 65536)

    def _is_written_within(self, seconds: float) -> bool:
        return bool(select.select([self._master], [], [], seconds)[0])


def milliseconds_to_paint(arguments: Sequence[str], settings: Mapping[str, str], painted: re.Pattern[bytes]) -> float:
    """How long Python takes with these arguments until `painted` is on its terminal. The process is killed then."""
    with Screen(arguments, settings) as screen:
        return screen.milliseconds_to(painted)
