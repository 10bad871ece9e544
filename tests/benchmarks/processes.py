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


def milliseconds_to_paint(arguments: Sequence[str], settings: Mapping[str, str], painted: re.Pattern[bytes]) -> float:
    """How long Python takes with these arguments until `painted` is on its terminal. The process is killed then."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=slave, stdout=slave, stderr=slave, env=settings, start_new_session=True
    )
    os.close(slave)
    seen = b""
    try:
        while not painted.search(seen):
            ready, _, _ = select.select([master], [], [], DEADLINE_SECONDS)
            if not ready:
                raise TimeoutError(f"{arguments} painted nothing in {DEADLINE_SECONDS} s: {seen!r}")
            seen += os.read(master, 65536)
        return (time.perf_counter() - began) * 1000
    finally:
        process.kill()
        process.wait()
        os.close(master)
