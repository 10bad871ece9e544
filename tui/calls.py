"""Calls of services from the interface: the only file with threads, and the only broad `except`.

A read belongs to the widget that asks: its answer is dropped when the widget is gone or has asked again since. A
write belongs to the app: it runs to completion whatever screen closes, and is then told to every live screen.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutine
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast, overload
from weakref import WeakKeyDictionary

from textual.message import Message

from services.errors import OutcomeUnknown, PaydeskError
from tui.desk import Desk
from tui.messages import Fact

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.app import PaydeskApp

    Asker: TypeAlias = Widget | PaydeskApp

T = TypeVar("T")
Failed = Callable[[PaydeskError], object]

log = logging.getLogger(__name__)

READS_AT_ONCE = 4
WRITES_AT_ONCE = 4


class Unexpected(PaydeskError):
    """An error nobody foresaw. It is in the log under a short reference; the screen never shows its text."""

    code = "unexpected"


@dataclass
class ReadEnded(Message):
    """A read that its asker handles no errors of was answered, or failed with `error`. Sent by the asker."""

    name: str
    error: PaydeskError | None


@dataclass(eq=False)
class Write:
    """A write that runs: who asked for it and what it is called."""

    asker: "Asker"
    title: str


@dataclass
class Calls:
    """Runs calls of services in threads and brings their answers back to the widgets."""

    app: "PaydeskApp"
    desk: Desk
    writing: list[Write] = field(default_factory=list)
    _tickets: "WeakKeyDictionary[Asker, dict[str, int]]" = field(default_factory=WeakKeyDictionary)
    _reads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READS_AT_ONCE))
    _writes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(WRITES_AT_ONCE))

    @overload
    def read(
        self,
        asker: "Asker",
        name: str,
        call: Callable[[Desk], Coroutine[Any, Any, T]],
        done: Callable[[T], object],
        failed: Failed | None = None,
    ) -> None: ...
    @overload
    def read(
        self,
        asker: "Asker",
        name: str,
        call: Callable[[Desk], T],
        done: Callable[[T], object],
        failed: Failed | None = None,
    ) -> None: ...
    def read(
        self,
        asker: "Asker",
        name: str,
        call: Callable[[Desk], Any],
        done: Callable[[Any], object],
        failed: Failed | None = None,
    ) -> None:
        """Run `call` in a thread and hand its answer to `done` on the interface thread.

        Of several reads with one `name` from one asker only the newest is answered. Without `failed` an error is
        said on the asker's screen.
        """
        tickets = self._tickets.setdefault(asker, {})
        ticket = tickets[name] = tickets.get(name, 0) + 1

        def is_newest() -> bool:
            return self._listens(asker) and tickets[name] == ticket

        async def run() -> None:
            answer, error = await self._in_thread(self._reads, call, daemon=True, wanted=is_newest)
            if is_newest():
                asker.call_next(partial(deliver, answer, error))

        def deliver(answer: Any, error: PaydeskError | None) -> None:
            if not is_newest():
                return
            asker.post_message(ReadEnded(name, None if failed else error))
            if error is None:
                done(answer)
            elif failed:
                failed(error)

        self.app.run_worker(run(), name=name, group="reads")

    @overload
    def write(
        self,
        asker: "Asker",
        title: str,
        call: Callable[[Desk], Coroutine[Any, Any, T]],
        *,
        facts: Sequence[Fact] = (),
        done: Callable[[T], object] | None = None,
        failed: Failed | None = None,
        told: Callable[[T], str] | None = None,
    ) -> bool: ...
    @overload
    def write(
        self,
        asker: "Asker",
        title: str,
        call: Callable[[Desk], T],
        *,
        facts: Sequence[Fact] = (),
        done: Callable[[T], object] | None = None,
        failed: Failed | None = None,
        told: Callable[[T], str] | None = None,
    ) -> bool: ...
    def write(
        self,
        asker: "Asker",
        title: str,
        call: Callable[[Desk], Any],
        *,
        facts: Sequence[Fact] = (),
        done: Callable[[Any], object] | None = None,
        failed: Failed | None = None,
        told: Callable[[Any], str] | None = None,
    ) -> bool:
        """Run `call` to completion; False where the asker's write of that title runs already.

        The facts are told wherever the write may have happened, also when its outcome is unknown. Then the asker
        gets the answer or the error; where it is gone, the app says how the write called `title` ended, with what
        `told` says of the answer.
        """
        if any(write.asker is asker and write.title == title for write in self.writing):
            return False
        write = Write(asker, title)
        self.writing.append(write)

        async def run() -> None:
            answer, error = await self._in_thread(self._writes, call, daemon=False)
            self.writing.remove(write)
            if error is None or isinstance(error, OutcomeUnknown | Unexpected):
                for fact in facts:
                    self.app.facts.publish(fact)
            self.app.write_ended()
            answered = failed if error else done
            if answered is not None and self._listens(asker):
                asker.call_next(partial(_tell, answered, error or answer))
            elif error is not None or not self._listens(asker):
                self.app.say_outcome(title, error, told(answer) if told and error is None else "Done.")

        self.app.run_worker(run(), name=title, group="writes")
        return True

    def _listens(self, asker: "Asker") -> bool:
        """Whether the asker still has its children to show an answer in. While the app closes they go first."""
        return self.app.is_running and (asker is self.app or (asker.is_running and asker.is_attached))

    async def _in_thread(
        self,
        slots: asyncio.Semaphore,
        call: Callable[[Desk], Any],
        *,
        daemon: bool,
        wanted: Callable[[], bool] = lambda: True,
    ) -> tuple[Any, PaydeskError | None]:
        """The answer of `call`, or its error. A daemon thread does not hold up the end of the process."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[tuple[Any, PaydeskError | None]] = loop.create_future()

        def finish(outcome: tuple[Any, PaydeskError | None]) -> None:
            slots.release()
            if not ended.done():
                ended.set_result(outcome)

        def work() -> None:
            outcome = self._outcome(call)
            try:
                loop.call_soon_threadsafe(finish, outcome)
            except RuntimeError:  # The app has ended; the work is done all the same.
                log.info("a call ended after the app")

        await slots.acquire()
        if not wanted():
            slots.release()
            return None, None
        Thread(target=work, daemon=daemon).start()
        return await ended

    def _outcome(self, call: Callable[[Desk], Any]) -> tuple[Any, PaydeskError | None]:
        try:
            answer = call(self.desk)
            if iscoroutine(answer):
                answer = asyncio.run(cast("Coroutine[Any, Any, Any]", answer))
        except PaydeskError as error:
            return None, error
        except Exception:
            reference = secrets.token_hex(3).upper()
            log.exception("unexpected error %s", reference)
            return None, Unexpected(f"Something unexpected went wrong. It is in the log as {reference}.")
        return answer, None


def _tell(answered: Callable[[Any], object], outcome: Any) -> None:
    # What the callback returns is dropped: Textual would await it, and `Screen.dismiss` must not be awaited here.
    answered(outcome)
