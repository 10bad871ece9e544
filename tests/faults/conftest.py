"""Faults run on the machine's own clock, which all their processes share; their chance has a seed, which is shown."""

import os
import secrets
import sys
from random import Random

import pytest

from services.accounts import AccountService
from services.clock import Clock, system_clock
from services.runtime import Runtime


@pytest.fixture
def clock() -> Clock:
    return system_clock


@pytest.fixture
def account_id(runtime: Runtime) -> int:
    return AccountService.over(runtime).create("maria@example.com").id


@pytest.fixture
def random() -> Random:
    """Chance for one test. A failing test shows the seed; `PAYDESK_SEED` repeats it."""
    seed = int(os.environ.get("PAYDESK_SEED") or secrets.randbelow(10**9))
    sys.stdout.write(f"repeat with PAYDESK_SEED={seed}\n")
    return Random(seed)  # noqa: S311 - moments of kills, not secrets
