"""Verifying an account, or everything, from the Balances screen; what holds is remembered for the session."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message

from services.errors import PaydeskError
from tui.desk import Desk
from tui.dialogs.dialog import Details
from tui.present import count, untrusted

if TYPE_CHECKING:
    from services.verification import AccountVerification, Verification
    from tui.screens.desk_screen import DeskScreen

Progress = Callable[[int, int], None]
"""Is told how much is done, and of how much; what it raises ends the work."""


class Stopped(PaydeskError):
    """Somebody stopped the verification."""

    code = "stopped"


def verify_account(account_id: int, progress: Progress, desk: Desk) -> "AccountVerification":
    """Hold the account's entries against each other, its balance and its seals."""
    return desk.verification.verify_account(account_id, progress=progress)


def verify_everything(progress: Progress, desk: Desk) -> "Verification":
    """Hold all rows of the desk against each other, and every sealed entry against its seal."""
    return desk.verification.verify(progress)


class Verifier:
    """Runs the verifications of a screen, one at a time. `changed` is called when there is something else to say, and
    `led` with the number of an entry that does not add up.
    """

    def __init__(self, screen: "DeskScreen", changed: Callable[[], None], led: Callable[[int], None]) -> None:
        self._screen = screen
        self._changed = changed
        self._led = led
        self._run: _Run | None = None
        self._progress = Content("")
        self._proofs: dict[int, Content] = {}

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._run is not None

    def proof(self, account_id: int | None) -> Content:
        """How far the one under way is, else what the last one of the account came to; in a few words."""
        return self._progress if self._run else self._proofs.get(account_id or 0, Content(""))

    def opened(self, account_id: int) -> None:
        """Another account is looked at: what is verified of the one before is wanted no more."""
        if self._run is not None and self._run.account_id not in (None, account_id):
            self.stop()

    def stop(self) -> None:
        """End the one that is under way."""
        if self._run is not None:
            self._run.stopped = True
            self._say(None)

    def verify_account(self, account_id: int) -> None:
        """Verify an account, unless something is being verified."""
        if self._run is None:
            run = self._begin(account_id, "verifying")
            self._read(run, partial(verify_account, account_id, run.tell), partial(self._account_done, run))

    def verify_everything(self) -> None:
        """Verify all that is stored, unless something is being verified."""
        if self._run is None:
            run = self._begin(None, "verifying everything")
            self._read(run, partial(verify_everything, run.tell), partial(self._everything_done, run))

    def progressed(self, event: "VerificationProgressed") -> None:
        """Say how far it is."""
        if event.run is self._run:
            self._say(event.run, event.done, event.of)

    def _begin(self, account_id: int | None, what: str) -> "_Run":
        run = _Run(self._screen, account_id, what)
        self._say(run)
        return run

    def _say(self, run: "_Run | None", done: int = 0, of: int = 1) -> None:
        self._run = run
        self._progress = Content.styled(f"{run.what}, {100 * done // of} %, escape stops" if run else "", "$muted")
        self._changed()

    def _read(self, run: "_Run", call: Callable[[Desk], object], done: Callable[..., None]) -> None:
        self._screen.app.calls.read(self._screen, "verification", call, done, partial(self._failed, run))

    def _account_done(self, run: "_Run", verification: "AccountVerification") -> None:
        if run is not self._run:
            return
        account_id, app = verification.account_id, self._screen.app
        if verification.holds:
            self._proofs[account_id] = Content.styled(f"✓ verified {app.clock():%H:%M}", "$text-success")
        else:
            words = f"✗ entry {verification.breaks[0].seq:,} is wrong"
            self._proofs[account_id] = Content.styled(words, "bold $text-error")
        self._say(None)
        if verification.holds:
            app.say(verification.sentence, title=f"Account {account_id} is verified")
        else:
            self._led(verification.breaks[0].seq)
            self._show_breaks([found.sentence for found in verification.breaks])

    def _everything_done(self, run: "_Run", verification: "Verification") -> None:
        if run is not self._run:
            return
        self._say(None)
        if verification.holds:
            counted = verification.counted
            rows = [
                count(verification.checks, "check", "checks"),
                count(counted.accounts, "account", "accounts"),
                count(counted.entries, "entry", "entries"),
                count(counted.orders, "order", "orders"),
            ]
            self._screen.app.say(f"It adds up: {', '.join(rows)}.", title="Everything is verified")
        else:
            self._show_breaks([found.sentence for found in verification.breaks])

    def _show_breaks(self, sentences: Sequence[str]) -> None:
        lines = [Content.assemble("✗ ", untrusted(sentence)) for sentence in sentences]
        self._screen.app.push_screen(Details("Not everything adds up", Content("\n").join(lines)))

    def _failed(self, run: "_Run", error: PaydeskError) -> None:
        if run is self._run:
            self._say(None)
            self._screen.app.say(error.sentence, title="Not verified", error=True)


@dataclass(eq=False)
class _Run:
    """One verification, of an account or (None) of everything, as the thread that it runs in and the screen see it."""

    screen: "DeskScreen"
    account_id: int | None
    what: str
    stopped: bool = False

    def tell(self, done: int, of: int) -> None:
        """Called where the verification runs: posting a message is the one thing that any thread may do."""
        if self.stopped or not self.screen.app.is_running:
            raise Stopped("The verification was stopped.")
        self.screen.post_message(VerificationProgressed(self, done, of))


@dataclass
class VerificationProgressed(Message):
    """A verification is so far."""

    run: _Run
    done: int
    of: int
