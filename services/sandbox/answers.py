"""Answers to API calls, and the memory that replays them for a repeated idempotency key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.sandbox.errors import Refused

_KEPT_SECONDS = 24 * 60 * 60
_KEY_LENGTH = 255


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its status, its JSON as bytes and the headers that belong to it."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(status: int, body: Mapping[str, Any]) -> Answer:
    """An answer from JSON, indented as Stripe's is."""
    return Answer(status, json.dumps(body, indent=2).encode() + b"\n")


@dataclass(frozen=True)
class _Entry:
    """A key's first request and the answer to it, which is None while that request is in flight."""

    started_at: int
    method: str
    path: str
    parameters: str
    answer: Answer | None = None


class Replays:
    """The answers by idempotency key, for 24 hours; used under the sandbox's lock.

    Source: https://docs.stripe.com/api/idempotent_requests
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def begin(self, key: str, method: str, path: str, parameters: Mapping[str, Any], now: int) -> Answer | None:
        """The answer to repeat for a key, or None: then the request runs, and `finish` or `abandon` follows.

        Raises Refused for a key that is in flight, or that came with another request before.
        """
        if len(key) > _KEY_LENGTH:
            sentence = f"Idempotency keys can have up to {_KEY_LENGTH} characters."
            raise Refused(sentence, kind="idempotency_error")
        self._entries = {name: entry for name, entry in self._entries.items() if now - entry.started_at < _KEPT_SECONDS}
        request = _Entry(now, method, path, json.dumps(parameters, sort_keys=True))
        entry = self._entries.setdefault(key, request)
        if entry is request:
            return None
        _compare(key, entry, request)
        if entry.answer is None:
            sentence = (
                "There is currently another in-progress request using this Idempotent Key (that probably means "
                f"you submitted twice, and the other request is still going through): {key}. "
                "Please try again later."
            )
            raise Refused(sentence, status=409, kind="idempotency_error", code="idempotency_key_in_use")
        return replace(entry.answer, headers={**entry.answer.headers, "Idempotent-Replayed": "true"})

    def finish(self, key: str, given: Answer) -> None:
        """Keep the answer of a key's request, whether it succeeded or not."""
        self._entries[key] = replace(self._entries[key], answer=given)

    def abandon(self, key: str) -> None:
        """Forget a key whose request never ran to its answer."""
        del self._entries[key]


def _compare(key: str, entry: _Entry, request: _Entry) -> None:
    advice = f"Try using a key other than '{key}' if you meant to execute a different request."
    if (entry.method, entry.path) != (request.method, request.path):
        sentence = (
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{request.path}' vs '{entry.path}'). {advice}"
        )
        raise Refused(sentence, kind="idempotency_error")
    if entry.parameters != request.parameters:
        sentence = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"{advice}"
        )
        raise Refused(sentence, kind="idempotency_error")
