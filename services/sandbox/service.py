"""One API call from its text to its answer: key, endpoint, parameters, idempotency, execution, record."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.sandbox.answers import Answer, Replays, answer
from services.sandbox.api import Call, Route, execute, find_route
from services.sandbox.errors import Refused
from services.sandbox.faults import Use
from services.sandbox.parameters import ParameterError, check_parameters, decode_form, typed_parameters
from services.sandbox.responses import API_VERSION
from services.sandbox.state import State, new_id


@dataclass(frozen=True)
class ApiRequest:
    """A call as it came in: `form` is the query of a GET and the body of a POST."""

    method: str
    path: str
    form: str
    headers: Mapping[str, str]

    @property
    def idempotency_key(self) -> str | None:
        """The key of a POST; on other methods Stripe ignores it."""
        return self.headers.get("Idempotency-Key") if self.method == "POST" else None


@dataclass(frozen=True)
class RecordedRequest:
    """An API call that the sandbox received: its parameters as nested values of the types the SDK names.

    `replayed` tells that it was answered from memory, by its idempotency key, and changed nothing. `status` is that of
    the answer that its execution came to, whatever of it the client got to see, and 0 as long as there is none.
    """

    method: str
    path: str
    parameters: dict[str, Any]
    idempotency_key: str | None
    replayed: bool = False
    status: int = 0

    @property
    def executed(self) -> bool:
        """Whether the call did what it asks for, now and not before."""
        return self.status == 200 and not self.replayed


class ApiService:
    """Answers API calls over one state, and remembers each."""

    def __init__(self, state: State, secret_key: str) -> None:
        self._state = state
        self._secret_key = secret_key
        self._replays = Replays()
        self._recorded: list[RecordedRequest] = []

    @property
    def recorded(self) -> tuple[RecordedRequest, ...]:
        """The calls received so far, in order."""
        with self._state.lock:
            return tuple(self._recorded)

    def answer(self, request: ApiRequest, use: Use | None = None) -> Answer:
        """Carry out one call. Every refusal is an answer too, in the shape of Stripe's errors.

        `use` is the fault that has hold of the call. Raises Unanswered where it keeps the call from being executed.
        """
        place = self._record(request)
        try:
            self._authenticate(request)
            route, identifier = find_route(request.method, request.path)
            parameters = typed_parameters(route.operation, decode_form(request.form))
            self._amend(place, parameters=parameters)
            if use is not None:
                use.on_arrival()
            check_parameters(route.operation, parameters)
            given = self._once(request, route, Call(self._state, request.path, identifier, parameters), use)
        except ParameterError as error:
            given = _refusal(Refused(error.message, code=error.code, param=error.param))
        except Refused as refused:
            given = _refusal(refused)
        self._amend(place, replayed="Idempotent-Replayed" in given.headers, status=given.status)
        version = request.headers.get("Stripe-Version", API_VERSION)
        own = {"Request-Id": new_id("req_"), "Stripe-Version": version}
        if request.idempotency_key is not None:
            own["Idempotency-Key"] = request.idempotency_key
        return replace(given, headers={**own, **given.headers})

    def _record(self, request: ApiRequest) -> int:
        """Note a call in the order of arrival; what is learned of it is filled in once it is answered."""
        record = RecordedRequest(request.method, request.path, {}, request.idempotency_key)
        with self._state.lock:
            self._recorded.append(record)
            return len(self._recorded) - 1

    def _amend(self, place: int, **learned: Any) -> None:
        with self._state.lock:
            self._recorded[place] = replace(self._recorded[place], **learned)

    def _authenticate(self, request: ApiRequest) -> None:
        """Refuse a key that is not this sandbox's. Source: https://docs.stripe.com/api/authentication"""
        given = _key_in(request.headers.get("Authorization", ""))
        if not given:
            sentence = (
                "You did not provide an API key. You need to provide your API key in the Authorization header, "
                "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            )
            raise Refused(sentence, status=401)
        if not hmac.compare_digest(given.encode(), self._secret_key.encode()):
            raise Refused(f"Invalid API Key provided: {given[:8]}****{given[-4:]}", status=401)

    def _once(self, request: ApiRequest, route: Route, call: Call, use: Use | None) -> Answer:
        """Execute a call, or repeat the answer that its idempotency key already has.

        The lock is free between the steps: a key is in flight for as long as its call takes, as at Stripe.
        """
        key = request.idempotency_key
        if key is None:
            return self._execute(route, call, use)
        with self._state.lock:
            now = self._state.now()
            kept = self._replays.begin(key, request.method, request.path, call.parameters, now)
        if kept is not None:
            return kept
        given: Answer | None = None
        try:
            given = self._execute(route, call, use)
        finally:
            with self._state.lock:
                if given is None:
                    self._replays.abandon(key)
                else:
                    self._replays.finish(key, given)
        return given

    def _execute(self, route: Route, call: Call, use: Use | None) -> Answer:
        with self._state.lock:
            try:
                if use is not None:
                    use.on_execution()
                return answer(200, execute(route, call))
            except Refused as refused:
                return _refusal(refused)


def _refusal(refused: Refused) -> Answer:
    return answer(refused.status, refused.body())


def _key_in(authorization: str) -> str:
    """The key in an Authorization header: a bearer token, or the user name of basic authentication."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
