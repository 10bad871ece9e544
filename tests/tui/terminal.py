"""A program in a pseudo terminal, as a person's terminal would run it."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest


def _hear_ctrl_c() -> None:
    """What a shell runs behind itself ignores SIGINT, and so does all that is started by that; not so at a terminal."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A program in a pseudo terminal of 140 × 40."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._outside, inside = pty.openpty()
        termios.tcsetwinsize(inside, (40, 140))
        self._process = subprocess.Popen(
            command,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(Path.cwd()), **environment},
            start_new_session=True,
            preexec_fn=_hear_ctrl_c,
        )
        os.close(inside)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._outside)

    def send(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self._process.send_signal(number)

    def end(self, number: signal.Signals | None = None) -> int:
        """Send a signal, if one is named, and return the status that the program exits with.

        What it still writes is read away.
        """
        if number is not None:
            self.send(number)
        while self._process.poll() is None:
            with contextlib.suppress(OSError):  # the program has closed its side
                if select.select([self._outside], [], [], 0.05)[0]:
                    os.read(self._outside, 65536)
        return self._process.returncode

    def vanish(self, seconds: float = 20) -> int:
        """Be gone without a signal, as a terminal that does not control the program is; the status it exits with."""
        self._outside = os.dup2(os.open(os.devnull, os.O_RDONLY), self._outside)
        return self._process.wait(seconds)

    def read_until(self, marker: bytes, seconds: float = 20) -> bytes:
        """Everything that was written up to the marker."""
        written = b""
        deadline = time.monotonic() + seconds
        while marker not in written:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._outside], [], [], left)[0]:
                pytest.fail(f"{marker!r} was never written; the end of what was: {written[-2000:]!r}")
            written += os.read(self._outside, 65536)
        return written
