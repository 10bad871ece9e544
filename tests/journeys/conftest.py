"""Fixtures for journeys through the checkout."""

from collections.abc import Iterator

import pytest

from services.sandbox import Sandbox
from tests.clock import ManualClock
from tests.tui.checkout_scene import Scene, scene_on_sandbox


@pytest.fixture
def scene(sqlite_url: str, clock: ManualClock, sandbox: Sandbox) -> Iterator[Scene]:
    """A desk on a real SQLite file, whose Stripe is the sandbox on a socket."""
    scene = scene_on_sandbox(sqlite_url, clock, sandbox)
    yield scene
    scene.runtime.database.close()
