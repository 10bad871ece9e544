"""Ending the open checkouts that keep an older price, one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from textual.content import Content

from services.domain.checkout import Order, OrderStatus
from services.domain.preview import OpenCheckout
from services.errors import Conflict, PaydeskError
from tui.app import PaydeskApp
from tui.messages import BalanceChanged, DiscountChanged, OrderChanged
from tui.present import NOTHING, cents, count, untrusted
from tui.screens.desk_screen import DeskScreen
from tui.screens.pricing_clock import LocalClock
from tui.widgets.table import Row


def expiry_rows(kept: Sequence[OpenCheckout], clock: LocalClock) -> list[Row]:
    """The checkouts, each with what becomes of it."""
    return [
        Row(
            str(checkout.order_id),
            [
                Content(str(checkout.order_id)),
                Content(cents(checkout.base_cents)),
                Content(cents(checkout.total_cents)),
                Content(NOTHING if checkout.expires_at is None else clock.at(checkout.expires_at)),
                Content.assemble("OPEN → ", ("EXPIRED", "bold")),
            ],
        )
        for checkout in kept
    ]


@dataclass(eq=False)
class Expiry:
    """Ends checkouts at Stripe in turn and says how far it is; each ended one is stored at once.

    It goes on whatever is shown, and stops at the first error that the next checkout would meet as well.
    """

    screen: DeskScreen
    app: PaydeskApp
    say: Callable[[Content], object]
    waiting: list[OpenCheckout] = field(default_factory=list)
    total: int = 0
    ended: int = 0
    others: list[str] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        """Whether checkouts are being ended."""
        return bool(self.waiting)

    def begin(self, kept: Sequence[OpenCheckout]) -> None:
        """End these."""
        self.waiting, self.total, self.ended, self.others = list(kept), len(kept), 0, []
        self._next()

    def _next(self) -> None:
        if not self.waiting:
            self._finish()
            return
        checkout = self.waiting[0]
        self.say(Content.styled(f"… Expiring checkouts: {self.total - len(self.waiting)} of {self.total}", "$muted"))
        self.app.calls.write(
            self.screen,
            f"Expiry of order {checkout.order_id}",
            lambda desk: desk.payments.expire_order(checkout.order_id),
            # A customer who was first has bought: then a balance moved as well.
            facts=[OrderChanged(checkout.order_id), DiscountChanged()],
            done=self._answered,
            failed=partial(self._refused, checkout),
        )

    def _answered(self, order: Order) -> None:
        if order.status is OrderStatus.EXPIRED:
            self.ended += 1
        else:
            self.others.append(f"order {order.id} is {order.status.value}")
            self.app.facts.publish(BalanceChanged(order.draft.account_id))
        self._go_on()

    def _refused(self, checkout: OpenCheckout, error: PaydeskError) -> None:
        self.others.append(f"order {checkout.order_id}: {error.sentence}")
        if not isinstance(error, Conflict):
            del self.waiting[1:]
        self._go_on()

    def _go_on(self) -> None:
        del self.waiting[0]
        self._next()

    def _finish(self) -> None:
        sign = ("! ", "bold $text-warning") if self.others else ("✓ ", "$text-success")
        lines = [Content.assemble(sign, f"{self.ended} of {count(self.total, 'checkout')} expired.")]
        self.say(Content("\n").join([*lines, *(untrusted(other) for other in self.others)]))
