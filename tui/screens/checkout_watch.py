"""Watching one order: Stripe is asked about it again and again until it is settled."""

from dataclasses import dataclass
from functools import partial

from textual import getters
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from services.errors import Conflict, NotFound, PaydeskError
from tui.app import PaydeskApp
from tui.screens.checkout_calls import Check, check

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 60.0
GROWTH = 1.2
"""Every pause that changes nothing makes the next one longer: after a minute of waiting it is some ten seconds."""


class OrderWatch(Widget):
    """Asks Stripe about the order it follows, and tells every answer. It is not seen.

    One question is under way at a time for an order, and none while nobody looks.
    """

    DEFAULT_CSS = "OrderWatch { display: none; }"

    @dataclass
    class Checked(Message):
        """Stripe was asked about an order; `check` None: not even the order could be read afterwards."""

        order_id: int
        check: Check | None

    app = getters.app(PaydeskApp)

    def __init__(self, first_seconds: float = FIRST_SECONDS) -> None:
        super().__init__()
        self._first_seconds = first_seconds
        self._pause = first_seconds
        self._timer: Timer | None = None
        self._looking = True
        self.order_id: int | None = None
        self.tries = 0
        self.error: PaydeskError | None = None

    def follow(self, order_id: int | None) -> None:
        """Follow this order from now on, or none. The one it follows already is not asked about any sooner."""
        if order_id != self.order_id:
            self.order_id, self.tries, self.error = order_id, 0, None
            self._begin(self._first_seconds)

    def look(self, looking: bool) -> None:
        """Ask soon, now that somebody looks, or no more while nobody does."""
        if looking != self._looking:
            self._looking = looking
            self._begin(self._first_seconds)

    def ask_now(self) -> None:
        """Ask at once, and often again."""
        self._begin(0)

    def ask_once(self, order_id: int) -> None:
        """Ask about an order, followed or not, and tell the answer."""
        # A write, because the answer may credit the account; what that changed is told only if it did.
        self.app.calls.write(
            self,
            f"Check of order {order_id}",
            partial(check, order_id=order_id),
            done=self._answered,
            failed=partial(self._failed, order_id),
        )

    def _begin(self, seconds: float) -> None:
        self._pause = self._first_seconds
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.order_id is None or not self._looking:
            return
        if seconds:
            self._timer = self.set_timer(seconds, self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        if self.order_id is not None:
            self.ask_once(self.order_id)

    def _answered(self, answer: Check) -> None:
        order = answer.listed.order
        if order.id == self.order_id:
            self.tries += 1
            self.error = answer.error
            # Asking again would be refused for the same reason.
            self._again(stop=answer.listed.settled or isinstance(answer.error, Conflict))
        self.post_message(self.Checked(order.id, answer))

    def _failed(self, order_id: int, error: PaydeskError) -> None:
        if order_id == self.order_id:
            self.tries += 1
            self.error = error
            self._again(stop=isinstance(error, NotFound))
        self.post_message(self.Checked(order_id, None))

    def _again(self, *, stop: bool) -> None:
        if stop:
            self._wait_no_more()
        else:
            self._pause = min(self._pause * GROWTH, LONGEST_SECONDS)
            self._wait(self._pause)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
