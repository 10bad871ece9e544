"""The command line of a desk whose Stripe is the sandbox, in this process."""

from collections.abc import Callable

import pytest

from services.runtime import Runtime
from tui.cli import main
from tui.desk import Desk

Run = Callable[..., tuple[int, str, str]]
"""Runs a verb: its exit code, what it wrote to stdout, and to stderr."""


@pytest.fixture
def run(paying_runtime: Runtime, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a verb at that desk."""
    desk = Desk(lambda: paying_runtime)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments, desk)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
