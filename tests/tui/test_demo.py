"""The demo as a person runs it: in a terminal, on a database of its own that is gone afterwards."""

import signal
import sys
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_demo_is_marked_as_one_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tui", "demo", "--entries", "1000"]
    with Terminal(command, {"TMPDIR": str(tmp_path)}) as terminal:
        terminal.read_until(b"DEMO")
        assert [path.name for path in tmp_path.glob("paydesk-demo-*/demo.db")] == ["demo.db"]
        assert terminal.end(number) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_desk_whose_terminal_is_gone_leaves_by_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui", "demo", "--entries", "1000"]
    with Terminal(command, {"TMPDIR": str(tmp_path)}) as terminal:
        terminal.read_until(b"DEMO")
        assert terminal.vanish() == 128 + signal.SIGHUP
    assert list(tmp_path.iterdir()) == []
