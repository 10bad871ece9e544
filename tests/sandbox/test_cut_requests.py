import socket
from urllib.parse import urlsplit

from services.sandbox import Sandbox


def test_a_request_that_was_cut_off_is_not_executed(sandbox: Sandbox) -> None:
    """A client that dies in the middle of its request has asked for nothing, and its key is unused."""
    address = urlsplit(sandbox.api_base)
    with socket.create_connection((str(address.hostname), address.port or 0)) as client:
        head = (
            "POST /v1/customers HTTP/1.1\r\nHost: sandbox\r\n"
            f"Authorization: Bearer {sandbox.secret_key}\r\nIdempotency-Key: k1\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n"
        )
        client.sendall(head.encode() + b"email=maria")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1024) == b""
    assert list(sandbox.requests) == []
