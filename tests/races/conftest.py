"""Races run on the machine's own clock, which all their processes share."""

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
