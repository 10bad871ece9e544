"""The HTTP below Stripe's SDK: how fast, how much of a reply, and what is sent again that the SDK gives up on."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, RequestException

from services.gateways.rate_limit import RateLimit

MAX_REPEATS = 4
"""How often one request is sent again after a 429, or after a reply whose body broke off."""

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 8.0
LONGEST_RETRY_AFTER_SECONDS = 10
"""The pauses double from the first to the longest; one that Stripe names itself is kept to, up to the last."""

MAX_REPLY_BYTES = 2 * 1024 * 1024
"""Of a reply, once unpacked. The longest that is asked for is a page of 100 objects, of some kilobytes each."""

MAX_REPLY_PARTS = 20_000
"""Objects and lists in a reply: 200 for each object of a page. The SDK needs a kilobyte for each, however short."""

_CHUNK_BYTES = 64 * 1024
LOST_BEFORE = "Paydesk-Lost-Before"
"""A header that is given to a reply which says only that nothing was done this time: an earlier attempt of the same
request has no answer, and may have been carried out."""

_TOO_MANY_REQUESTS = 429
_NOT_LOOKED_AT = (401, 403, _TOO_MANY_REQUESTS)
_UNSETTLED = 409
_STRIPES_OWN_ERROR = 500
_KEY = "Idempotency-Key"
_SHOULD_RETRY = "Stripe-Should-Retry"


class ReplyTooLong(RequestException):
    """A reply is longer, or has more parts, than any that Stripe sends; it was not read to its end."""


class PatientAdapter(HTTPAdapter):
    """Sends what the SDK hands it, each attempt in its turn, and repeats it after a 429 or a body that broke off.

    The repeated request is the same to the byte, its idempotency key included. Connections that fail and answers of 5xx
    are left to the SDK, which repeats those. No redirect is followed: the key is for one address alone.
    Source: https://docs.stripe.com/error-low-level
    """

    def __init__(self, limit: RateLimit | None, pause: Callable[[float], None], random: Callable[[], float]) -> None:
        super().__init__()
        self._limit = limit
        self._pause = pause
        self._random = random
        self._unanswered: set[str | bytes] = set()
        """The idempotency keys of requests whose last attempt that Stripe may have looked at has no answer."""

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """The whole reply. Raises ReplyTooLong, and what else `requests` raises."""
        for attempt in range(MAX_REPEATS):
            try:
                reply = self._send_once(request, *args, **options)
            except ChunkedEncodingError:
                wanted_seconds = 0
            else:
                if reply.status_code != _TOO_MANY_REQUESTS or reply.headers.get(_SHOULD_RETRY) == "false":
                    return reply
                wanted_seconds = _retry_after_seconds(reply)
            delay_seconds = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**attempt) * self._random()
            self._pause(max(wanted_seconds, delay_seconds))
        reply = self._send_once(request, *args, **options)
        if reply.status_code == _TOO_MANY_REQUESTS:
            reply.headers[_SHOULD_RETRY] = "false"  # or the SDK would start all over
        return reply

    def _send_once(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        if self._limit is not None:
            self._limit.take()
        key = request.headers.get(_KEY)
        try:
            reply = _read(super().send(request, *args, **options))
        except RequestException:
            if key is not None:
                self._unanswered.add(key)
            raise
        if key is not None:
            self._note(key, reply)
        return reply

    def _note(self, key: str | bytes, reply: Response) -> None:
        """Remembers whether a reply answers the request under its key, and marks one that cannot where none has yet."""
        if reply.status_code == _UNSETTLED or reply.status_code >= _STRIPES_OWN_ERROR:
            self._unanswered.add(key)
        elif reply.status_code not in _NOT_LOOKED_AT:
            self._unanswered.discard(key)
        elif key in self._unanswered:
            reply.headers[LOST_BEFORE] = "true"


def _read(arriving: Response) -> Response:
    """A reply with its body read, and without the headers that `requests` would follow and the SDK would print."""
    body = BytesIO()
    with arriving:
        for chunk in arriving.iter_content(_CHUNK_BYTES):
            body.write(chunk)
            if body.tell() > MAX_REPLY_BYTES:
                raise ReplyTooLong
    if body.getvalue().count(b"{") + body.getvalue().count(b"[") > MAX_REPLY_PARTS:
        raise ReplyTooLong
    body.seek(0)
    reply = Response()
    reply.status_code, reply.reason, reply.headers = arriving.status_code, arriving.reason, arriving.headers
    reply.request, reply.url, reply.raw = arriving.request, arriving.url, body
    for name in ("Location", "Stripe-Notice"):
        reply.headers.pop(name, None)
    return reply


def _retry_after_seconds(reply: Response) -> int:
    """The pause that a reply asks for in whole seconds, within reason; 0 where it names none."""
    wanted = reply.headers.get("Retry-After", "")
    return min(int(wanted), LONGEST_RETRY_AFTER_SECONDS) if wanted.isascii() and wanted.isdigit() else 0
