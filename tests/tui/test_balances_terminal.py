"""The Balances screen in a real terminal: what strangers wrote never speaks to it."""

import os
import sys

from services.balance import BalanceService
from services.runtime import Runtime
from tests.tui.ledgers import new_account
from tests.tui.terminal import Terminal

HOSTILE = "\x1b]52;c;aGFjaw==\x07 \x1b[31337m \x9b31338m \u202e \x1b[2J \x1bc"


class Typewriter(Terminal):
    """A terminal with keys."""

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._outside, keys)


def test_no_sequence_of_an_entry_reaches_the_terminal(runtime: Runtime, sqlite_url: str) -> None:
    account = new_account(runtime)
    assert BalanceService.over(runtime).add_credits(account.id, 100, HOSTILE).success
    terminal = Typewriter([sys.executable, "-m", "tui"], {"DATABASE_URL": sqlite_url})
    with terminal:
        started = terminal.read_until(b"Pricing")
        terminal.press(b"4")
        written = started + terminal.read_until(b"No account is chosen")
        terminal.press(b"/maria\r")
        written += terminal.read_until("␛]52;c;aGFjaw==".encode())
        terminal.press(b"\r")
        written += terminal.read_until(b"Close")
        terminal.press(b"y")
        written += terminal.read_until(b"\x1b]52;c;")
    assert b"\x1b]52;c;" in written, "The desk does copy,"
    assert b"\x1b]52;c;aGFjaw==" not in written, "but not what the entry says is to be copied."
    assert b"\x1b[31337m" not in written
    assert b"\x1bc" not in written
    assert "\x9b".encode() not in written
    assert "\u202e".encode() not in written
    assert b"\x1b[2J" not in written[len(started) :], "The screen is cleared at the start, if at all."
