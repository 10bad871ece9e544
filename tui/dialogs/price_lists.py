"""Lists about prices: the time line, and the open checkouts that keep an older price."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui.dialogs.dialog import Dialog
from tui.present import count
from tui.widgets.table import Column, Row, Table

LONGEST_LIST = 12


class PriceTimeline(Dialog[None]):
    """Which price was charged when, and as of now will be."""

    HELP = "The time line: which price was in force when, and which one will be, newest first."
    DEFAULT_CSS = "PriceTimeline Table { height: auto; }"
    TITLE = "Time line"
    CANCEL = "Close"
    FIRST: ClassVar[str] = "#timeline"

    def __init__(self, rows: Sequence[Row], note: Content) -> None:
        """`note` names the zone, and what a sale is measured by."""
        super().__init__()
        self._rows = rows
        self._note = note

    def compose_body(self) -> ComposeResult:
        """The periods, newest first."""
        columns = [
            Column("", width=7),
            Column("from"),
            Column("", align="right"),
            Column("mode"),
            Column("charged", align="right"),
            Column("why", grows=True),
        ]
        table = Table(columns, id="timeline")
        table.styles.height = min(len(self._rows), LONGEST_LIST) + 1
        yield table
        yield Static()
        yield Static(self._note)

    def on_mount(self) -> None:
        """List them."""
        self.query_one(Table).show(self._rows)


class CheckoutExpiry(Dialog[bool]):
    """Shows every open checkout with an older price, and what ending it means; answers whether to end them all."""

    HELP = "These checkouts can still be paid at their older price. Ended, they cannot be paid any more."
    TITLE = "Expire open checkouts"
    DANGER = True

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__()
        self._rows = rows
        self.CONFIRM = f"Expire {count(len(rows), 'checkout')}"

    def compose_body(self) -> ComposeResult:
        """The checkouts, and what becomes of them."""
        columns = [
            Column("order", align="right"),
            Column("price", align="right"),
            Column("to pay", align="right"),
            Column("ends by itself", grows=True),
            Column("becomes"),
        ]
        table = Table(columns, id="kept")
        table.styles.height = min(len(self._rows), LONGEST_LIST) + 1
        yield table
        yield Static()
        yield Static(
            Content(
                "Each customer can no longer pay, and has to be sent a new link; a code gets its use back. One who "
                "pays first has bought at the older price."
            )
        )

    def on_mount(self) -> None:
        """List them, and start on Cancel."""
        self.query_one(Table).show(self._rows)

    def confirm(self) -> None:
        """Answer yes."""
        self.dismiss(True)
