"""Fixtures for journeys. They go over SQLite, and in a soak over PostgreSQL as well: the services under the screens are
tested on both everywhere.
"""

from collections.abc import Iterator

import pytest

from services.sandbox import Sandbox
from tests.clock import ManualClock
from tests.scale import SOAK
from tests.tui.checkout_scene import Scene, scene_on_sandbox


@pytest.fixture(params=["sqlite", "postgresql"] if SOAK else ["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def scene(sqlite_url: str, clock: ManualClock, sandbox: Sandbox) -> Iterator[Scene]:
    """A desk on a real SQLite file, whose Stripe is the sandbox on a socket."""
    scene = scene_on_sandbox(sqlite_url, clock, sandbox)
    yield scene
    scene.runtime.database.close()
