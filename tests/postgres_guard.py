"""The guard: a small process between the tests and their PostgreSQL server, run by path.

It ends the server and removes its folder when the tests are gone, even by SIGKILL. It runs on the standard library
alone.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

DEADLINE_SECONDS = 60.0
"""How long initdb, a start or a stop may take before it counts as hung."""

GRACE_SECONDS = 5.0
"""How long the server's processes may take to follow once the tests or the postmaster are gone."""

POLL_SECONDS = 0.01


def remove(folder: Path) -> None:
    """Remove a folder, even while the last children of a killed postmaster still write into it."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


def _guard_main(parent: int, home: Path, user: int | None, group: int | None, command: Sequence[str]) -> int:
    """Run one program; pass on signals that arrive as bytes on stdin; end with it, or with the tests.

    The end of stdin says that the tests are gone. A process that the tests forked may hold stdin open, so
    the parent's id is watched too.
    """
    _adopt_orphans()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler nothing is written to the pipe
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        cwd=home,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
    )
    abandoned = False
    while child.poll() is None:
        ready, _, _ = select.select([sys.stdin, woken], [], [], 0.5)
        if woken in ready:
            os.read(woken, 64)
        word = os.read(sys.stdin.fileno(), 1) if sys.stdin in ready else None
        if word:
            child.send_signal(word[0])
        elif word == b"" or os.getppid() != parent:
            child.send_signal(signal.SIGQUIT)
            try:
                child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            abandoned = True
    _await_orphans()
    _free_shared_memory(home)
    if abandoned:
        remove(home)
    status: int = child.wait()
    return min(abs(status), 255)


def _adopt_orphans() -> None:
    """Become the parent of whatever a killed postmaster leaves behind (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def _await_orphans() -> None:
    """Wait until the children of a killed postmaster have noticed, and kill those that do not."""
    deadline = time.monotonic() + GRACE_SECONDS
    with contextlib.suppress(ChildProcessError):  # there are none: the aim
        while True:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(POLL_SECONDS)
            if time.monotonic() > deadline:
                children = Path("/proc/thread-self/children").read_text().split()
                for pid in children:
                    os.kill(int(pid), signal.SIGKILL)


def _free_shared_memory(home: Path) -> None:
    """Free the System V segment that a killed postmaster leaves; line 7 of postmaster.pid is its key and id.

    The file is gone after an orderly shutdown. IPC_RMID is 0 (shmctl(2)).
    """
    with contextlib.suppress(FileNotFoundError):
        lines = (home / "data" / "postmaster.pid").read_text().splitlines()
        if len(lines) > 6 and len(lines[6].split()) == 2:
            import ctypes

            ctypes.CDLL(None).shmctl(int(lines[6].split()[1]), 0, None)


if __name__ == "__main__":
    _parent, _home, _user, _group, *_command = sys.argv[1:]
    _user_id, _group_id = (int(value) if value else None for value in (_user, _group))
    sys.exit(_guard_main(int(_parent), Path(_home), _user_id, _group_id, _command))
