"""The sandbox's socket: HTTP in and HTTP out, whole or cut off."""

import logging
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl

from services.sandbox.answers import Answer, answer
from services.sandbox.control import ControlPage
from services.sandbox.errors import Refused
from services.sandbox.faults import Faults
from services.sandbox.hosted import HostedPage
from services.sandbox.interference import answer_through
from services.sandbox.service import ApiRequest, ApiService

_LOG = logging.getLogger(__name__)
_BODY_BYTES = 1_000_000
_IDLE_SECONDS = 60
_SILENT_SECONDS = 600
_RESET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER, on and for 0 s: closing the socket sends a reset. https://man7.org/linux/man-pages/man7/socket.7.html"""
_PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Listener(ThreadingHTTPServer):
    """Accepts connections, and can end them all."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        *,
        service: ApiService,
        faults: Faults,
        hosted: HostedPage,
        control: ControlPage,
    ) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.service = service
        self.hosted = hosted
        self.faults = faults
        self.control = control
        self._connections: set[socket.socket] = set()
        self._to_reset: set[socket.socket] = set()
        self._connections_lock = Lock()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, and remember it."""
        connection, client = super().get_request()
        with self._connections_lock:
            self._connections.add(connection)
        return connection, client

    def reset(self, connection: socket.socket) -> None:
        """Have a connection end in a reset once its handler is done."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        with self._connections_lock:
            self._to_reset.add(connection)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection: politely, unless it is to be reset."""
        with self._connections_lock:
            self._connections.discard(request)
            reset = request in self._to_reset
            self._to_reset.discard(request)
        if reset:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def cut_connections(self) -> None:
        """End every connection; whoever reads from one sees its end."""
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            # A client that has gone by itself is cut already.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what ended a connection; clients that are killed end many."""
        _LOG.warning("A connection ended with an error.", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS
    server: Listener

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
            self.deliver(replace(refusal, headers={"Connection": "close"}))
            return
        path, _, query = self.path.partition("?")
        if path.startswith("/v1/"):
            form = body if self.command == "POST" else query
            headers = {name.title(): value for name, value in self.headers.items()}
            self._call(ApiRequest(self.command, path, form, headers))
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

    def _call(self, request: ApiRequest) -> None:
        use = self.server.faults.take(request.method, request.path)
        if use is None:
            self.deliver(self.server.service.answer(request))
        else:
            answer_through(use, self.server.service, request, self)

    def deliver(self, given: Answer) -> None:
        self._send(given.status, {"Content-Type": "application/json", **given.headers}, given.body)

    def deliver_half(self, given: Answer) -> None:
        self.close_connection = True
        self._head(given.status, {"Content-Type": "application/json", **given.headers}, len(given.body))
        self.wfile.write(given.body[: len(given.body) // 2])

    def stay_silent(self) -> None:
        self.close_connection = True
        self.connection.settimeout(_SILENT_SECONDS)
        with suppress(OSError):  # gone, or patient beyond reason
            while self.connection.recv(4096):
                pass

    def reset(self) -> None:
        self.close_connection = True
        self.server.reset(self.connection)

    def hang_up(self) -> None:
        self.close_connection = True

    def _deliver_page(self, path: str, body: str) -> None:
        entered = dict(parse_qsl(body, keep_blank_values=True))
        if path.startswith("/control/"):
            as_json = "application/json" in self.headers.get("Accept", "")
            reply = self.server.control.reply(self.command, path, entered, as_json=as_json)
        else:
            reply = self.server.hosted.reply(self.command, path, entered)
        headers = {"Content-Type": reply.content_type, **_PAGE_HEADERS}
        if reply.location is not None:
            headers["Location"] = reply.location
        self._send(reply.status, headers, reply.body.encode())

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self._head(status, headers, len(body))
        self.wfile.write(body)

    def _head(self, status: int, headers: Mapping[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *message: Any) -> None:
        _LOG.debug(*message)
