"""Verifying an account from its screen: that its rows add up, and that what was sealed is still there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message

from services.errors import PaydeskError
from tui.desk import Desk
from tui.dialogs.dialog import Details
from tui.present import count, untrusted

if TYPE_CHECKING:
    from tui.screens.desk_screen import DeskScreen

Progress = Callable[[str], None]
"""Is told in words how far it is; what it raises ends the work."""


class Stopped(PaydeskError):
    """Somebody stopped the verification."""

    code = "stopped"


@dataclass(frozen=True)
class Verified:
    """What a verification of an account came to. `breaks` are sentences; `seq` is the first entry that is wrong, if the
    first break is about one. `sealed` entries are what they were when they were sealed.
    """

    account_id: int
    sealed: int
    breaks: tuple[str, ...] = ()
    seq: int | None = None


def verify_account(account_id: int, progress: Progress, desk: Desk) -> Verified:
    """Hold the rows of the desk against each other, and the account's entries against their seals.

    The desk is verified as a whole, because entries, orders and refunds prove each other: a break that is elsewhere is
    told as well, for it hides whether there is another one of its kind here.
    """
    whole = desk.verification.verify(lambda made, checks: progress(f"check {made} of {checks}"))
    seals = desk.seals.verify(account_id, progress=lambda done, of: progress(f"seals {done:,} of {of:,}"))
    here = [found for found in whole.breaks if found.account_id == account_id]
    elsewhere = [found for found in whole.breaks if found.account_id != account_id]
    seqs = [found.seq for found in seals.breaks]
    for found in here:
        entry = None if found.entry_id is None else desk.balance.entry(found.entry_id)
        if entry is not None:
            seqs.append(entry.seq)
    sentences = [found.sentence for found in here] + [found.sentence for found in seals.breaks]
    sentences += [found.sentence for found in elsewhere]
    return Verified(account_id, seals.entries, tuple(sentences), min(seqs, default=None))


def verified_content(verified: Verified, at: datetime) -> Content:
    """The result in a few words."""
    if not verified.breaks:
        sealed = f", {count(verified.sealed, 'sealed entry', 'sealed entries')}" if verified.sealed else ""
        return Content.styled(f"✓ verified {at:%H:%M}{sealed}", "$text-success")
    if verified.seq is not None:
        return Content.styled(f"✗ entry {verified.seq:,} is wrong", "bold $text-error")
    return Content.styled("✗ does not add up", "bold $text-error")


class AccountVerifier:
    """Runs the verifications of a screen, one at a time; `told` is given the result, and how far it is before that.

    With it comes the number of the first entry that is wrong, if one is.
    """

    def __init__(self, screen: "DeskScreen", told: Callable[[Content, int | None], None]) -> None:
        self._screen = screen
        self._told = told
        self._run: _Run | None = None

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._run is not None

    def stop(self) -> None:
        """End the one that is under way, and take back what was said."""
        if self._run is not None:
            self._run.stopped = True
            self._run = None
        self._told(Content(""), None)

    def run(self, account_id: int) -> None:
        """Verify an account, unless that is under way."""
        if self._run is not None:
            return
        run = self._run = _Run(self._screen)
        self._told(Content.styled("verifying …", "$muted"), None)
        self._screen.app.calls.read(
            self._screen,
            "verification",
            partial(verify_account, account_id, run.tell),
            partial(self._done, run),
            partial(self._failed, run),
        )

    def progressed(self, event: "VerificationProgressed") -> None:
        """Say how far it is."""
        if event.run is self._run:
            self._told(Content.styled(f"verifying, {event.words} …", "$muted"), None)

    def _done(self, run: "_Run", verified: Verified) -> None:
        if run is not self._run:
            return
        self._run = None
        app = self._screen.app
        self._told(verified_content(verified, app.clock()), verified.seq)
        if verified.breaks:
            app.push_screen(Details("Not everything adds up", breaks_content(verified)))

    def _failed(self, run: "_Run", error: PaydeskError) -> None:
        if run is self._run:
            self._run = None
            self._told(Content.styled("not verified", "$text-warning"), None)
            self._screen.app.say(error.sentence, title="Not verified", error=True)


@dataclass(eq=False)
class _Run:
    """One verification, as the thread that it runs in and the screen see it."""

    screen: "DeskScreen"
    stopped: bool = False

    def tell(self, words: str) -> None:
        """Called where the verification runs: posting a message is the one thing that any thread may do."""
        if self.stopped or not self.screen.app.is_running:
            raise Stopped("The verification was stopped.")
        self.screen.post_message(VerificationProgressed(self, words))


@dataclass
class VerificationProgressed(Message):
    """A verification is so far."""

    run: _Run
    words: str


def breaks_content(verified: Verified) -> Content:
    """What does not add up, a line each."""
    return Content("\n").join([Content.assemble("✗ ", untrusted(sentence)) for sentence in verified.breaks])
