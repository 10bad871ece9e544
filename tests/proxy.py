"""A proxy before PostgreSQL that cuts connections at their COMMIT, at an exact moment, and counts how often it did.

A posting that is a transaction by itself is committed without that word, at the end of its message: it counts as one.
"""

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import BinaryIO, Self

from sqlalchemy.engine import make_url

COMMIT = b"Q\0\0\0\x0bCOMMIT\0"
"""How psycopg commits: a simple query. Source: https://www.postgresql.org/docs/current/protocol-message-formats.html"""

COMMITTED = b"C\0\0\0\x0bCOMMIT\0"
"""How the server says that it has committed."""

IDLE = b"Z\0\0\0\x05I"
"""How the server says that it is ready, and in no transaction."""

DEADLINE_SECONDS = 60
"""How long the server may take to answer before its connection is given up."""


class Cut(StrEnum):
    """When a connection is cut: the client is never told what became of its COMMIT."""

    BEFORE = "before the COMMIT reached the server"
    DURING = "while the server was at the COMMIT"
    AFTER = "after the server had committed"


class CommitProxy:
    """Stands between clients, of this process and others, and the PostgreSQL database at `url`.

    As a context manager it listens on 127.0.0.1, and its own `url` leads through it. `cut` says what befalls the
    COMMITs that come next, one each, whichever connection sends them; `landed` counts those. All others pass.

        with CommitProxy(postgresql_url) as proxy:
            database = Database(proxy.url)
            proxy.cut(Cut.AFTER)
            ...
            assert proxy.landed == 1
    """

    def __init__(self, url: str) -> None:
        target = make_url(url)
        self._target = (target.host or "127.0.0.1", target.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        here = target.set(host="127.0.0.1", port=self._listener.getsockname()[1])
        # libpq would ask for encryption first, and the messages could not be read
        plain = here.update_query_dict({"sslmode": "disable", "gssencmode": "disable"})
        self.url = plain.render_as_string(hide_password=False)
        self.landed = 0
        self._cuts: deque[Cut] = deque()
        self._sockets: set[socket.socket] = set()
        self._closed = False
        self._lock = threading.Lock()
        self._listening = threading.Thread(target=self._listen)
        self._serving: list[threading.Thread] = []

    def cut(self, moment: Cut, times: int = 1) -> None:
        """Cuts the next `times` COMMITs at this moment, after those that are to be cut already."""
        self._cuts.extend([moment] * times)

    def close(self) -> None:
        """Cuts every connection and accepts no more: the database cannot be reached any longer. Twice is once."""
        _end(self._listener)
        self._listening.join()
        with self._lock:
            self._closed = True
            for end in self._sockets:
                _end(end)
        for thread in self._serving:
            thread.join()

    def __enter__(self) -> Self:
        self._listening.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listen(self) -> None:
        with self._listener, contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,))
                self._serving.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(self._target, DEADLINE_SECONDS) as server:
            with self._lock:
                if self._closed:
                    return
                self._sockets |= {client, server}
            try:
                with client.makefile("rb") as asked, server.makefile("rb") as answered:
                    self._relay(client, server, asked, answered)
            finally:
                with self._lock:
                    self._sockets -= {client, server}

    def _relay(self, client: socket.socket, server: socket.socket, asked: BinaryIO, answered: BinaryIO) -> None:
        """Passes on what each side says in its turn, until one of them is gone or the connection is to be cut.

        Source: https://www.postgresql.org/docs/current/protocol-flow.html
        """
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.sendall(_message(asked, type_bytes=0))  # the message that starts a session has no type
        scripts: set[bytes] = set()
        while True:
            client.sendall(ready := _pass_on(answered, client, until=b"Z"))
            executed: set[bytes] = set()
            message = _pass_on(asked, server, until=b"QS", note=partial(_note, scripts, executed))
            alone = ready == IDLE and not scripts.isdisjoint(executed)
            moment = self._next_cut() if message == COMMIT or alone else None
            if moment is not Cut.BEFORE:
                server.sendall(message)
            if moment is Cut.AFTER:
                while _message(answered) not in (COMMITTED, IDLE):
                    pass
            if moment is not None:
                with self._lock:
                    self.landed += 1
                return

    def _next_cut(self) -> Cut | None:
        with self._lock:
            return self._cuts.popleft() if self._cuts else None


def _pass_on(
    source: BinaryIO, to: socket.socket, *, until: bytes, note: Callable[[bytes], None] = lambda _: None
) -> bytes:
    """Passes messages on up to the first one whose type is in `until`, which is returned unsent."""
    while (message := _message(source))[:1] not in until:
        note(message)
        to.sendall(message)
    return message


def _note(scripts: set[bytes], executed: set[bytes], message: bytes) -> None:
    """Remembers which prepared statements are postings by themselves, and which statements are executed."""
    if message[:1] == b"P" and b"INSERT INTO transactions" in message:
        scripts.add(message[5:].split(b"\0")[0])
    elif message[:1] == b"B":
        executed.add(message[5:].split(b"\0")[1])


def _message(source: BinaryIO, type_bytes: int = 1) -> bytes:
    """The next message: its type, its length in four bytes (which count themselves), and its body."""
    head = _exactly(source, type_bytes + 4)
    return head + _exactly(source, int.from_bytes(head[type_bytes:], "big") - 4)


def _exactly(source: BinaryIO, count: int) -> bytes:
    data = source.read(count)
    if len(data) < count:
        raise ConnectionResetError("The connection ended.")
    return data


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has ended already
        end.shutdown(socket.SHUT_RDWR)
