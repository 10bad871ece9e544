"""Fixtures for tests of the interface."""

from collections.abc import Iterator

import pytest

from services.database import Database
from services.runtime import Runtime
from services.settings import Settings
from tests.clock import ManualClock
from tests.tui.command_line import run
from tests.tui.snapshot import svg

__all__ = ["run", "svg"]


@pytest.fixture
def runtime(sqlite_url: str, clock: ManualClock) -> Iterator[Runtime]:
    """A desk on a fresh SQLite file, without a Stripe key, at which "anna" sits."""
    database = Database(sqlite_url)
    yield Runtime(Settings(_env_file=None), database, None, clock, actor="anna")
    database.close()
