"""The sandbox on a socket: HTTP in, HTTP out, and the face that tests and the demo use."""

import ipaddress
import logging
import secrets
import socket
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from services.clock import Clock, system_clock
from services.sandbox.answers import Answer, answer
from services.sandbox.checkout import Payment, expire_session, pay_session
from services.sandbox.errors import AuthenticationNeeded, Refused, SandboxError
from services.sandbox.hosted import HostedPage
from services.sandbox.objects import CheckoutSession
from services.sandbox.service import ApiRequest, ApiService, RecordedRequest
from services.sandbox.state import State

_LOG = logging.getLogger(__name__)
_BODY_BYTES = 1_000_000
_IDLE_SECONDS = 60
_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
}


class Sandbox:
    """A local, stateful stand-in for Stripe: its API and its hosted payment page, in test mode only.

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
        self._address = (host, port)
        self._state = State(clock)
        self._service = ApiService(self._state, self.secret_key)
        self._server: _Server | None = None

    @property
    def api_base(self) -> str:
        """Where the API is, such as `http://127.0.0.1:12111`. Raises SandboxError before the first start."""
        if not self._state.page_base:
            raise SandboxError("The sandbox was never started.")
        return self._state.page_base

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """Every API call received, in order."""
        return self._service.recorded

    def start(self) -> None:
        """Begin to listen. Raises SandboxError when it does already, and OSError when the port is taken."""
        if self._server is not None:
            raise SandboxError("The sandbox is running.")
        server = _Server(self._address, self._service, HostedPage(self._state))
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

    def pay(
        self,
        session_id: str,
        card: str = "4242424242424242",
        *,
        email: str = "customer@example.com",
        promotion_code: str = "",
    ) -> None:
        """Pay a session as its customer would, who authenticates when the bank asks.

        Raises SandboxError: `CardRefused` when the card is declined, `Refused` when there is no such session, it
        is over, or the promotion code does not apply.
        """
        with self._state.lock:
            session = self._session(session_id)
            try:
                pay_session(self._state, session, Payment(card, email, promotion_code))
            except AuthenticationNeeded:
                pay_session(self._state, session, Payment(card, email, promotion_code, authenticated=True))

    def expire(self, session_id: str) -> None:
        """End an open session now. Raises SandboxError when there is no such session or it is over."""
        with self._state.lock:
            expire_session(self._state, self._session(session_id))

    def _session(self, session_id: str) -> CheckoutSession:
        self._state.expire_overdue()
        return self._state.get(CheckoutSession, session_id)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], service: ApiService, hosted: HostedPage) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.service = service
        self.hosted = hosted
        self._connections: set[socket.socket] = set()
        self._connections_lock = Lock()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, client = super().get_request()
        with self._connections_lock:
            self._connections.add(connection)
        return connection, client

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            # A client that has gone by itself is cut already.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        _LOG.warning("A connection ended with an error.", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    server: _Server

    def do_GET(self) -> None:
        self._dispatch()

    def do_POST(self) -> None:
        self._dispatch()

    def do_DELETE(self) -> None:
        self._dispatch()

    def _dispatch(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
            return
        if isinstance(body, HTTPStatus):
            # What was not read would be taken for the next request.
            self.close_connection = True
            refusal = answer(body, Refused(body.description).body())
            self._deliver(replace(refusal, headers={"Connection": "close"}))
            return
        path, _, query = self.path.partition("?")
        if path.startswith("/v1/"):
            form = body if self.command == "POST" else query
            headers = {name.title(): value for name, value in self.headers.items()}
            self._deliver(self.server.service.answer(ApiRequest(self.command, path, form, headers)))
        else:
            self._deliver_page(path, body)

    def _body(self) -> str | HTTPStatus | None:
        """The request's body; the status to refuse it with, unread; None where its sender died in the middle."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            return HTTPStatus.LENGTH_REQUIRED
        if int(length) > _BODY_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        body = self.rfile.read(int(length))
        return body.decode("utf-8", "replace") if len(body) == int(length) else None

    def _deliver(self, given: Answer) -> None:
        """Send an API answer: the one way out, and so the place where a scripted fault takes hold."""
        self._send(given.status, {"Content-Type": "application/json", **given.headers}, given.body)

    def _deliver_page(self, path: str, body: str) -> None:
        entered = dict(parse_qsl(body, keep_blank_values=True))
        reply = self.server.hosted.reply(self.command, path, entered)
        headers = dict(_PAGE_HEADERS)
        if reply.location is not None:
            headers["Location"] = reply.location
        self._send(reply.status, headers, reply.html.encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *message: Any) -> None:
        _LOG.debug(*message)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
