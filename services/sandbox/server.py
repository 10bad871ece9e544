"""The sandbox as a whole: the face that tests and the demo use."""

import ipaddress
import secrets
from threading import Thread
from types import TracebackType
from typing import Self

from services.clock import Clock, system_clock
from services.sandbox.control import ControlPage
from services.sandbox.dashboard import Dashboard
from services.sandbox.errors import SandboxError
from services.sandbox.faults import Faults
from services.sandbox.hosted import HostedPage
from services.sandbox.listener import Listener
from services.sandbox.service import ApiService, RecordedRequest
from services.sandbox.state import State


class Sandbox(Dashboard):
    """A local, stateful stand-in for Stripe: its API, hosted payment page and dashboard, in test mode only.

    Listens between `start` and `stop`, or inside `with`. What it knows outlives a stop, and so does its address,
    so that an outage can be played. Raises ValueError for a host that is not this machine.
    """

    def __init__(
        self,
        *,
        clock: Clock = system_clock,
        host: str = "127.0.0.1",
        port: int = 0,
        secret_key: str | None = None,
    ) -> None:
        if host != "localhost" and not _is_loopback(host):
            raise ValueError(f"The sandbox listens on this machine only, not on {host}.")
        self.secret_key = secret_key or f"sk_test_sandbox{secrets.token_hex(16)}"
        if not self.secret_key.startswith("sk_test_"):
            raise ValueError("The sandbox's key begins with sk_test_.")
        self.faults = Faults()
        """What goes wrong with the API's answers, and how often it did."""
        self._address = (host, port)
        super().__init__(State(clock))
        self._service = ApiService(self._state, self.secret_key)
        self._control = ControlPage(self, self.faults)
        self._server: Listener | None = None

    @property
    def api_base(self) -> str:
        """Where the API is, such as `http://127.0.0.1:12111`. Raises SandboxError before the first start."""
        if not self._state.page_base:
            raise SandboxError("The sandbox was never started.")
        return self._state.page_base

    @property
    def control_url(self) -> str:
        """Where faults, the dashboard and the clock are at hand for a browser or curl. It holds a secret.

        Raises SandboxError before the first start.
        """
        return self.api_base + self._control.path

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """Every API call received, in order."""
        return self._service.recorded

    def start(self) -> None:
        """Begin to listen. Raises SandboxError when it does already, and OSError when the port is taken."""
        if self._server is not None:
            raise SandboxError("The sandbox is running.")
        server = Listener(
            self._address,
            service=self._service,
            faults=self.faults,
            hosted=HostedPage(self._state),
            control=self._control,
        )
        host, port = server.server_address[:2]
        self._address = (str(host), port)
        self._state.page_base = f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"
        self._server = server
        Thread(target=server.serve_forever, args=(0.02,), name="sandbox", daemon=True).start()

    def stop(self) -> None:
        """Stop listening and cut every connection. Harmless when it is not running."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            self.faults.interrupt()
            server.cut_connections()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
