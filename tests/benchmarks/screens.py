"""Milliseconds from a key to what it puts on the terminal, on the real desk over ledgers of any length."""

import re
from collections.abc import Mapping
from datetime import timedelta

from tests.benchmarks.ledgers import FIRST_AT, SMALL_ENTRIES, SPACING
from tests.benchmarks.processes import DEADLINE_SECONDS, FRAME, ROWS, Screen

DESK, BARE = ["-m", "tui"], ["-m", "tests.benchmarks.bare_app"]

COLUMNS = 118
BAR = COLUMNS - 1
"""As many columns as leave no room for a panel beside the ledger: its scroll bar stands before the last one then."""

ENTRY = re.compile(rb"SMS to")
"""An entry is painted; lines that are still being read have no description."""

POINTER, GRABBED = re.compile(rb"\x1b\]22;"), re.compile(rb"\x1b\]22;grabbing")
"""The pointer changes its shape, as when it holds the scroll bar. Source: https://sw.kovidgoyal.net/kitty/pointer-shapes/"""

ESCAPE = b"\x1b"
SEARCHING, STOPPED = re.compile(rb"searching back to"), re.compile(rb"stopped")

ANYTHING = re.compile(rb"")

PER_DAY = timedelta(days=1) // SPACING


def described(seq: int) -> re.Pattern[bytes]:
    """The description of an entry that is no top-up: no other one near it has the same."""
    return re.compile(rb"SMS to \+44 7700 900%03d" % (seq * 7919 % 1000))


class LedgerScreen:
    """The Balances screen over a ledger of `entries`, of which account 1 has nine of ten."""

    def __init__(self, settings: Mapping[str, str], entries: int) -> None:
        self.newest = entries * 9 // 10
        self._screen = Screen(DESK, settings, COLUMNS)
        self._grip_row: int | None = None

    def __enter__(self) -> "LedgerScreen":
        self._screen.milliseconds_to(FRAME)
        self._screen.press(b"4", re.compile(rb"No account is chosen"))
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.__exit__()

    def open_account(self) -> float:
        """From enter in the finder to the newest entries, after another account was shown."""
        self._find(2, SMALL_ENTRIES)
        return self._find(1, self.newest)

    def page_down(self) -> float:
        """From the key to the next entries."""
        return self._screen.press(b"\x1b[6~", ENTRY)

    def jump_to_day(self) -> float:
        """From enter, after a day in the middle of the ledger was typed, to the entries of that day."""
        self.open_account()  # which forgets the pages that were read before
        day = self.newest // 2 // PER_DAY
        near = day * PER_DAY + 2  # the second of the day: the first may be a top-up
        written = f"{FIRST_AT + timedelta(days=day):%Y-%m-%d}".encode()
        self._screen.press(b":", re.compile(rb"Go to"))
        self._screen.press(written, re.compile(written))
        return self._screen.press(b"\r", described(near))

    def drag_to_the_middle(self) -> float:
        """From letting the scroll bar go halfway to the entries there."""
        self.open_account()  # which forgets the pages that were read before
        if self._grip_row is None:
            self._grip_row = next(filter(self._is_grip, range(5, ROWS // 2)))
            self.open_account()
        middle = ROWS * 3 // 5
        digits = len(str(self.newest)) - 1
        entries = re.compile(rb"(?<!\d)[3-6]\d{%d}(?!\d)[^\n]{0,200}?SMS to" % digits)
        self._grab(self._grip_row)
        return self._screen.press(b"\x1b[<32;%d;%dM\x1b[<0;%d;%dm" % (BAR, middle, BAR, middle), entries)

    def key_in_a_search(self) -> float:
        """From a key to the dialog that it opens, while every entry is looked at for a text that is in none."""
        self._search_in_vain()
        milliseconds = self._screen.press_at_once(b":", re.compile(rb"Go to"))
        self._screen.press_at_once(ESCAPE, SEARCHING)
        self._screen.press_at_once(ESCAPE, STOPPED)
        return milliseconds

    def stop_a_search(self) -> float:
        """From escape to the word that says that such a search is stopped."""
        self._search_in_vain()
        return self._screen.press_at_once(ESCAPE, STOPPED)

    def _search_in_vain(self) -> None:
        self.open_account()
        self._screen.press(b"f", ANYTHING)
        self._screen.press(b"\x1b[H\x0b", ANYTHING)
        self._screen.press(b'"no such text"', re.compile(rb"no such text"))
        self._screen.press_at_once(b"\r", SEARCHING)

    def _is_grip(self, row: int) -> bool:
        """Whether the scroll bar can be taken there."""
        try:
            self._grab(row, patience_seconds=1)
        except TimeoutError:
            return False
        self._screen.press(b"\x1b[<0;%d;%dm" % (BAR, row), POINTER)
        return True

    def _grab(self, row: int, patience_seconds: float = DEADLINE_SECONDS) -> None:
        # the pointer changes its shape when it is moved the first time
        press_and_move = b"\x1b[<0;%d;%dM\x1b[<32;%d;%dM" % (BAR, row, BAR, row)
        self._screen.press(press_and_move, GRABBED, patience_seconds)

    def memory(self) -> float:
        """How many MiB the whole desk holds."""
        return self._screen.resident_mebibytes

    def _find(self, account_id: int, newest: int) -> float:
        email = f"account{account_id}@example.com".encode()
        self._screen.press(b"/", ANYTHING)
        self._screen.press(email, re.compile(re.escape(email)))
        return self._screen.press(b"\r", described(newest))


class BareScreen:
    """The bare app, which answers each key by another line."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._screen = Screen(BARE, settings)
        self._keys = 0

    def __enter__(self) -> "BareScreen":
        self._screen.milliseconds_to(FRAME)
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.__exit__()

    def press(self) -> float:
        """From a key to the line that answers it."""
        self._keys += 1
        return self._screen.press(b"x", re.compile(rb"%d" % self._keys))

    def memory(self) -> float:
        """How many MiB the bare app holds."""
        return self._screen.resident_mebibytes
