"""What tests of the services share. Their PostgreSQL database is emptied after each of them instead of made anew."""

from dataclasses import replace

import pytest

from services.database import Database
from services.gateways.stripe_gateway import StripeGateway
from services.runtime import Runtime
from services.sandbox import Sandbox
from services.settings import Settings
from tests.clock import ManualClock
from tests.fakes import VISA, FakeGateway
from tests.services.scene import Scene
from tests.stores.recycled import postgresql_url, recycled_url

__all__ = ["at_sandbox", "in_memory", "memory", "postgresql_url", "recycled_url"]


@pytest.fixture
def at_sandbox(paying_runtime: Runtime, sandbox: Sandbox) -> Scene:
    """A customer at a desk whose Stripe is the sandbox, and which repeats no call by itself: each fault is final."""
    gateway = StripeGateway(
        paying_runtime.settings.stripe_secret_key,
        api_base=sandbox.api_base,
        max_network_retries=0,
        pause=lambda _seconds: None,
    )
    return Scene(replace(paying_runtime, gateway=gateway), sandbox.pay)


@pytest.fixture
def memory(clock: ManualClock) -> FakeGateway:
    """A Stripe in memory, on the test's clock."""
    return FakeGateway(now=clock.moment)


@pytest.fixture
def in_memory(database: Database, clock: ManualClock, memory: FakeGateway) -> Scene:
    """A customer at a desk whose Stripe is in memory, for what a sandbox cannot play."""
    runtime = Runtime(Settings(_env_file=None), database, memory, clock, actor="anna")
    return Scene(runtime, lambda session_id: memory.pay(session_id, card=VISA))
