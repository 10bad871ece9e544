from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from services.gateways.stripe_gateway import StripeGateway
from services.sandbox import Sandbox
from tests.gateways.answers import SECRET
from tests.gateways.scripted import ScriptedServer, scripted_server


@dataclass
class Pauses:
    """Takes the place of waiting: remembers how long it would have been."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture(scope="module")
def _server() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


@pytest.fixture
def server(_server: ScriptedServer) -> ScriptedServer:
    _server.requests.clear()
    return _server


@pytest.fixture
def gateway(server: ScriptedServer, pauses: Pauses) -> StripeGateway:
    """A gateway to the scripted server, which the SDK repeats no call of."""
    return StripeGateway(SecretStr(SECRET), api_base=server.api_base, max_network_retries=0, pause=pauses)


@pytest.fixture
def at_sandbox(sandbox: Sandbox, pauses: Pauses) -> StripeGateway:
    """A gateway to the sandbox, which the SDK repeats no call of."""
    key = SecretStr(sandbox.secret_key)
    return StripeGateway(key, api_base=sandbox.api_base, max_network_retries=0, pause=pauses)
