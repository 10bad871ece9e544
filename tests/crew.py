"""Real processes for races and kills, started by one server process that has imported the services already.

Nothing is shared with the tests but pipes, so a process may be killed at any moment without harm to the others.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Any, Generic, TypeVar

from services.clock import system_clock
from services.database import Database
from services.runtime import Runtime
from services.settings import Settings

T = TypeVar("T")

DEADLINE_SECONDS = 120
"""How long processes may take before they count as hung."""

Start = Callable[[], None]
"""Called by a racer that is ready; returns when all are."""

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["services.payments", "services.gateways.stripe_gateway", "psycopg", __name__])
_READY = "ready"


@dataclass(frozen=True)
class Lap(Generic[T]):
    """What one racer answered, and when it ran, on the machine's monotonic clock."""

    began: float
    ended: float
    answer: T


@dataclass(frozen=True)
class Race(Generic[T]):
    """The laps of racers that were let go at one moment."""

    laps: Sequence[Lap[T]]

    @property
    def answers(self) -> list[T]:
        """What the racers answered, in the order they were given."""
        return [lap.answer for lap in self.laps]

    @property
    def most_at_once(self) -> int:
        """How many racers were at work at the same moment, at most."""
        moments = sorted([(lap.began, 1) for lap in self.laps] + [(lap.ended, -1) for lap in self.laps])
        running = most = 0
        for _, step in moments:
            running += step
            most = max(most, running)
        return most


def race(racers: Iterable["partial[T]"]) -> Race[T]:
    """Run each racer in a process of its own, all from one starting signal, and return what they answered.

    A racer is a function of a module, with its arguments bound; it is called with a `Start`.
    """
    gate, opener = _CONTEXT.Pipe(duplex=False)
    crew = [Member(_run_lap, gate, racer) for racer in racers]
    try:
        for member in crew:
            assert member.hear() == _READY, "A racer ended without waiting for the start."
        opener.close()
        laps: list[Lap[T]] = [member.hear() for member in crew]
        for member in crew:
            member.process.join(DEADLINE_SECONDS)
    finally:
        opener.close()
        gate.close()
        for member in crew:
            member.end()
    return Race(laps)


class Member:
    """A process that runs `work(say, *arguments)`; `say` sends a value to whoever calls `hear`."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self._ear, mouth = _CONTEXT.Pipe(duplex=False)
        self.process: ForkServerProcess = _CONTEXT.Process(target=work, args=(mouth, *arguments), daemon=True)
        self.process.start()
        mouth.close()

    def hear(self) -> Any:
        """The next value that the process says. Fails where it has ended, or is silent for too long."""
        assert self._ear.poll(DEADLINE_SECONDS), f"A process was silent for {DEADLINE_SECONDS} s."
        try:
            return self._ear.recv()
        except EOFError:
            self.process.join(DEADLINE_SECONDS)
            raise AssertionError(f"A process ended with {self.process.exitcode}; its error is above.") from None

    def hear_until(self, moment: float) -> Iterator[Any]:
        """What the process says until a moment of the monotonic clock, or until it ends."""
        while (left := moment - time.monotonic()) > 0 and self._ear.poll(left):
            try:
                yield self._ear.recv()
            except EOFError:
                return

    def hear_rest(self) -> list[Any]:
        """All that a process that has ended said and nobody heard yet."""
        said = []
        try:
            while True:
                said.append(self._ear.recv())
        except EOFError:
            return said

    def kill(self) -> bool:
        """Kill the process by SIGKILL; whether that is what ended it."""
        self.process.kill()
        self.process.join(DEADLINE_SECONDS)
        return self.process.exitcode == -9

    def end(self) -> None:
        """Make sure that the process is gone."""
        self.kill()
        self._ear.close()
        self.process.close()


@contextmanager
def desk(url: str, actor: str, stripe: tuple[str, str] | None = None) -> Iterator[Runtime]:
    """A desk for one process, on the database at `url`; `stripe` is a sandbox's key and address."""
    settings = Settings(_env_file=None)
    gateway = None
    if stripe is not None:
        from services.gateways.stripe_gateway import StripeGateway

        settings = Settings(_env_file=None, stripe_secret_key=stripe[0], stripe_api_base=stripe[1])
        gateway = StripeGateway(settings.stripe_secret_key, api_base=settings.stripe_api_base)
    database = Database(url)
    try:
        yield Runtime(settings, database, gateway, system_clock, actor)
    finally:
        database.close()


def _run_lap(mouth: Connection, gate: Connection, racer: "partial[Any]") -> None:
    began = 0.0

    def start() -> None:
        nonlocal began
        mouth.send(_READY)
        wait([gate], DEADLINE_SECONDS)  # it is readable once its other end is closed
        began = time.monotonic()

    answer = racer(start)
    mouth.send(Lap(began, time.monotonic(), answer))
