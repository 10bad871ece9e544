"""Scripted faults: what goes wrong with which calls, how often it may, and how often it did."""

import re
from enum import StrEnum
from threading import Condition
from types import TracebackType
from typing import Self, TypedDict, Unpack

from services.sandbox.errors import Refused, SandboxError
from services.sandbox.malformed import MALFORMED, Mutation

_WAIT_SECONDS = 10.0
_SLOW_SECONDS = 5.0


class Fault(StrEnum):
    """What goes wrong. The values are the names by which the control page knows them."""

    TIMEOUT_AFTER_SUCCESS = "timeout_after_success"
    """Executed, then silence until the client has gone or the sandbox stops."""
    TIMEOUT_BEFORE = "timeout_before"
    """Silence, and not executed."""
    RESET_BEFORE = "reset_before"
    """The connection is reset, and nothing executed."""
    RESET_AFTER = "reset_after"
    """Executed, then the connection is reset."""
    RATE_LIMITED = "rate_limited"
    """429, not executed and not kept for the idempotency key. https://docs.stripe.com/rate-limits"""
    SERVER_ERROR = "server_error"
    """500, not executed, and kept for the key: a retry gets the same answer."""
    BAD_GATEWAY = "bad_gateway"
    """Executed, and answered with a proxy's 502 in HTML."""
    TRUNCATED = "truncated"
    """Executed; half of the answer's body arrives, then the connection ends."""
    SLOW = "slow"
    """Executed, and answered late."""
    HUGE = "huge"
    """Executed, and answered in ten megabytes, well-formed and nearly all of them white space."""
    HOLD_BEFORE = "hold_before"
    """Held until it is released, and only then executed and answered, even if its client has gone by then."""
    HOLD_AFTER = "hold_after"
    """Executed, and the answer held until it is released."""
    MALFORMED = "malformed"
    """Executed, and a good answer's body changed into one that Stripe would not send."""


class Calls(TypedDict, total=False):
    """Which calls a fault is for, and how many of them; see `Faults.add`."""

    times: int | None
    skip: int
    method: str | None
    path: str | None


class Unanswered(SandboxError):
    """A fault keeps a call from being executed, and from any answer."""


class _Meeting:
    """Where the threads of tests and of requests wait for each other."""

    def __init__(self) -> None:
        self.condition = Condition()
        self.stops = 0


class ScriptedFault:
    """A fault on its way: made by `Faults`, and asked how often it landed."""

    def __init__(
        self, meeting: _Meeting, kind: Fault, name: str, mutation: Mutation | None, seconds: float, calls: Calls
    ) -> None:
        self.kind = kind
        self.name = name
        self.mutation = mutation
        self.seconds = seconds
        self.times = calls.get("times", 1)
        self.method = calls.get("method")
        self.path = calls.get("path")
        pattern = "" if self.path is None else re.escape(self.path).replace(r"\*", "[^/]+")
        self._path = re.compile(pattern or ".*")
        self._skip = calls.get("skip", 0)
        self._meeting = meeting
        self._taken = 0
        self._landed = 0
        self._released = False
        self._cancelled = False

    @property
    def landed(self) -> int:
        """How often the fault took hold of a call."""
        with self._meeting.condition:
            return self._landed

    @property
    def pending(self) -> bool:
        """Whether the fault waits for more calls."""
        with self._meeting.condition:
            return not self._cancelled and (self.times is None or self._taken < self.times)

    def wait(self, times: int = 1, *, timeout_seconds: float = _WAIT_SECONDS) -> None:
        """Wait until the fault has landed so often; a holding fault lands when it begins to hold a call.

        Raises TimeoutError when it has not by then.
        """
        with self._meeting.condition:
            if not self._meeting.condition.wait_for(lambda: self._landed >= times, timeout_seconds):
                raise TimeoutError(f"{self.name} landed {self._landed} times in {timeout_seconds} s, not {times}.")

    def release(self) -> None:
        """Let the calls that the fault holds go on, and those that it would hold later."""
        with self._meeting.condition:
            self._released = True
            self._meeting.condition.notify_all()

    def cancel(self) -> None:
        """Take the fault back: it meets no more calls. Those it holds stay held."""
        with self._meeting.condition:
            self._cancelled = True

    def meets(self, method: str, path: str) -> bool:
        """Whether the fault takes hold of this call; the calls that it skips are counted here."""
        if not self.pending or self.method not in (None, method) or not self._path.fullmatch(path):
            return False
        if self._skip:
            self._skip -= 1
            return False
        return True

    def take(self) -> "Use":
        """One use of the fault, for one call."""
        self._taken += 1
        return Use(self, self._meeting.stops)

    def use_ended(self, *, landed: bool) -> None:
        """Give back a use that came to nothing: the fault waits for another call."""
        with self._meeting.condition:
            self._taken -= not landed

    def land(self) -> None:
        """Count, and tell whoever waits."""
        with self._meeting.condition:
            self._landed += 1
            self._meeting.condition.notify_all()

    def hold(self, since_stop: int, *, timeout_seconds: float | None = None) -> bool:
        """Wait for `release`, a time-out or the sandbox's stop; returns whether the call goes on."""
        meeting = self._meeting
        with meeting.condition:
            meeting.condition.wait_for(lambda: self._released or meeting.stops != since_stop, timeout_seconds)
            return meeting.stops == since_stop


class Use:
    """One fault's hold on one call. Entered as a context; a use that did not land by its end is given back."""

    def __init__(self, fault: ScriptedFault, since_stop: int) -> None:
        self.fault = fault
        self._since_stop = since_stop
        self._landed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.fault.use_ended(landed=self._landed)

    def land(self) -> None:
        """The fault takes hold; counted before its client can notice, and once."""
        if not self._landed:
            self._landed = True
            self.fault.land()

    def hold(self) -> bool:
        """Hold the call; returns whether it goes on, which it does not once the sandbox stops."""
        return self.fault.hold(self._since_stop)

    def pause(self) -> bool:
        """Hold the call for the fault's seconds, or until it is released; returns whether it goes on."""
        return self.fault.hold(self._since_stop, timeout_seconds=self.fault.seconds)

    def on_arrival(self) -> None:
        """What the fault does to a call that is understood, and not executed yet.

        Raises Refused for an answer that no idempotency key keeps, and Unanswered for none at all.
        """
        match self.fault.kind:
            case Fault.TIMEOUT_BEFORE | Fault.RESET_BEFORE:
                self.land()
                raise Unanswered
            case Fault.HOLD_BEFORE:
                self.land()
                if not self.hold():
                    raise Unanswered
            case Fault.RATE_LIMITED:
                self.land()
                raise Refused("Request rate limit exceeded.", status=429, code="rate_limit")

    def on_execution(self) -> None:
        """What the fault does to a call in place of executing it. Raises Refused, which its key keeps."""
        if self.fault.kind is Fault.SERVER_ERROR:
            self.land()
            raise Refused("An unknown error occurred.", status=500, kind="api_error")


class Faults:
    """The faults of one sandbox. The oldest that meets a call takes hold of it; no call meets two."""

    def __init__(self) -> None:
        self._meeting = _Meeting()
        self._scripted: list[ScriptedFault] = []

    @property
    def scripted(self) -> tuple[ScriptedFault, ...]:
        """Every fault that was added and not cleared, in order."""
        with self._meeting.condition:
            return tuple(self._scripted)

    def add(self, kind: Fault, *, seconds: float = _SLOW_SECONDS, **calls: Unpack[Calls]) -> ScriptedFault:
        """Script a fault for the next call, or for the next `times` calls; None is for all that come.

        `skip` lets so many calls pass first. `method` and `path` say which calls count, such as "POST" and
        "/v1/checkout/sessions/*/expire", where `*` is one part of a path. `seconds` is how late `SLOW` answers.
        Raises ValueError for `MALFORMED`, which `malform` and `mutate` script.
        """
        if kind is Fault.MALFORMED:
            raise ValueError("A malformed answer is scripted by malform() or mutate().")
        return self._add(kind, kind.value, None, seconds, calls)

    def malform(self, name: str, **calls: Unpack[Calls]) -> ScriptedFault:
        """Script a malformed answer by its name in `MALFORMED`. Raises KeyError for another name.

        It lands on the next good answer that it changes: one without the field in question passes.
        """
        return self._add(Fault.MALFORMED, name, MALFORMED[name], 0, calls)

    def mutate(self, mutation: Mutation, **calls: Unpack[Calls]) -> ScriptedFault:
        """Script a change of a good answer: from its JSON to other JSON, or to bytes as they are sent."""
        return self._add(Fault.MALFORMED, "mutated", mutation, 0, calls)

    def _add(self, kind: Fault, name: str, mutation: Mutation | None, seconds: float, calls: Calls) -> ScriptedFault:
        fault = ScriptedFault(self._meeting, kind, name, mutation, seconds, calls)
        with self._meeting.condition:
            self._scripted.append(fault)
        return fault

    def clear(self) -> None:
        """Take every fault back, and release what they hold."""
        for fault in self.scripted:
            fault.cancel()
            fault.release()
        with self._meeting.condition:
            self._scripted.clear()

    def take(self, method: str, path: str) -> Use | None:
        """The fault for a call that came in, if any."""
        with self._meeting.condition:
            for fault in self._scripted:
                if fault.meets(method, path):
                    return fault.take()
        return None

    def interrupt(self) -> None:
        """End every wait of a held or slow call: the sandbox stops."""
        with self._meeting.condition:
            self._meeting.stops += 1
            self._meeting.condition.notify_all()
