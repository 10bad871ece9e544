"""The orders half of the checkout screen: the list, the details of one, its link, and the watch over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from services.domain.checkout import OrderStatus
from tui.app import PaydeskApp
from tui.desk import Environment
from tui.dialogs.qr import QrDialog
from tui.present import count
from tui.reconciling import Comparison, facts_of
from tui.screens.checkout_calls import Check, ListedOrder
from tui.screens.checkout_details import OrderDetails
from tui.screens.checkout_order import OrderDialog
from tui.screens.checkout_orders import COLUMNS, EMPTY, EMPTY_WITHOUT_STRIPE, Watched, order_rows
from tui.screens.checkout_strip import OrderStrip
from tui.screens.checkout_verbs import link_of
from tui.screens.checkout_watch import OrderWatch
from tui.screens.checkout_words import notice, refund_notice
from tui.widgets.table import Table

REDRAW_SECONDS = 15
"""How often ages and the time left are drawn anew."""


class OrderBoard(Vertical):
    """Shows the orders it is given and watches the selected one until it is settled."""

    @dataclass
    class MovedOn(Message):
        """The watch saw an order in another state than before."""

        listed: ListedOrder

    app = getters.app(PaydeskApp)
    environment: reactive[Environment | None] = reactive(None)
    """Which Stripe there is to ask; None while that is not known."""

    def __init__(self, first_seconds: float) -> None:
        super().__init__()
        self._first_seconds = first_seconds
        self._listed: list[ListedOrder] = []
        self._select: int | None = None
        self._asked_at: datetime | None = None
        self._asked_by_hand: int | None = None

    def compose(self) -> ComposeResult:
        """The list and beside it the details; under them the link; the watch, unseen."""
        with Horizontal():
            with Vertical(classes="panel", id="list") as panel:
                panel.border_title = Content("Orders")
                yield Table(COLUMNS, empty=EMPTY, id="orders")
            with Vertical(classes="panel", id="detail") as panel:
                panel.border_title = Content("Order")
                yield OrderDetails(self.app.clock())
        yield OrderStrip()
        yield OrderWatch(self._first_seconds)

    def on_mount(self) -> None:
        """Let ages grow, and say how many findings there are."""
        self.set_interval(REDRAW_SECONDS, self._draw)
        self.watch(self.app, "comparison", self._take_comparison)

    def _take_comparison(self, comparison: Comparison) -> None:
        number = len(comparison.findings)
        note = Content.styled(f" · {count(number, 'finding')}, press F", "bold $text-warning") if number else ""
        self.query_one("#list").border_title = Content.assemble("Orders", note)

    def watch_environment(self, environment: Environment | None) -> None:
        """Watch where there is a Stripe to ask."""
        self.query_one(OrderStrip).environment = environment
        self._draw()

    @property
    def watch_over(self) -> OrderWatch:
        """What asks Stripe about the selected order."""
        return self.query_one(OrderWatch)

    @property
    def _table(self) -> Table:
        return self.query_one("#orders", Table)

    # What is listed

    @property
    def known(self) -> dict[int, ListedOrder]:
        """What is listed, by number."""
        return {listed.order.id: listed for listed in self._listed}

    @property
    def selected(self) -> ListedOrder | None:
        """The order under the cursor."""
        key = self._table.key
        return next((listed for listed in self._listed if str(listed.order.id) == key), None)

    @property
    def copy_text(self) -> str | None:
        """The line of the details that has focus; else the link, or the id by which Stripe finds the order."""
        focused = self.screen.focused
        if isinstance(focused, OrderDetails):
            return focused.selected_text
        if self.selected is None:
            return None
        order = self.selected.order
        return link_of(self.selected) or order.payment_intent_id or order.session_id or order.reference

    def show(self, listed: Sequence[ListedOrder]) -> None:
        """List these orders."""
        self._listed = list(listed)
        self._draw()
        for screen in self.app.screen_stack:
            if isinstance(screen, OrderDialog) and screen.listed.order.id in self.known:
                screen.show(self.known[screen.listed.order.id])

    def take(self, listed: ListedOrder) -> None:
        """List an order as it stands now, before it is read with the others, and select it."""
        self._select = listed.order.id
        known = self.known | {listed.order.id: listed}
        self.show([known[order_id] for order_id in sorted(known, reverse=True)])

    def ask_now(self) -> None:
        """Ask Stripe about the selected order at once, also where it is not watched: it may add up by now."""
        listed = self.selected
        if listed is not None and listed.order.status is OrderStatus.NEEDS_REVIEW and self._has_stripe:
            self._asked_by_hand = listed.order.id
            self.watch_over.ask_once(listed.order.id)
        else:
            self.watch_over.ask_now()

    @property
    def _has_stripe(self) -> bool:
        return self.environment not in (None, "NO STRIPE")

    def open(self, listed: ListedOrder) -> None:
        """Select an order; one that is not among the last is shown by itself."""
        if self._table.go_to(str(listed.order.id)):
            return
        if self._listed:
            self.app.push_screen(OrderDialog(listed))
        else:
            self._select = listed.order.id

    def _draw(self) -> None:
        self._draw_rows()
        if self._select is not None and self._table.go_to(str(self._select)):
            self._select = None
        self._take_selected()

    def _draw_rows(self) -> None:
        watch = self.watch_over
        watched = Watched(watch.order_id, watch.tries, watch.error.sentence if watch.error else None)
        empty = EMPTY_WITHOUT_STRIPE if self.environment == "NO STRIPE" else EMPTY
        self._table.show(order_rows(self._listed, watched, self.app.clock()), empty=empty)
        self.query_one(OrderStrip).watched = watched

    @on(Table.Moved, "#orders")
    def _take_selected(self) -> None:
        listed = self.selected
        watch = self.watch_over
        askable = listed is not None and not listed.settled and self._has_stripe
        before = watch.order_id
        watch.follow(listed.order.id if listed is not None and askable else None)
        if watch.order_id != before:
            self._draw_rows()
        self.query_one(OrderStrip).listed = listed
        self.query_one(OrderDetails).show(listed, self.app.clock())
        asked = f", asked {self._asked_at:%H:%M:%S}" if self._asked_at and watch.tries else ""
        note = f"order {watch.order_id} is watched{asked}" if watch.order_id else ""
        self.query_one("#list").border_subtitle = Content(note)
        self.query_one("#detail").border_title = Content(f"Order {listed.order.id}" if listed else "Order")
        self.screen.refresh_bindings()

    @on(Table.Chosen, "#orders")
    def _chosen(self) -> None:
        if self.query_one("#detail").display:
            self.query_one(OrderDetails).focus()
        elif self.selected is not None:
            self.app.push_screen(OrderDialog(self.selected))

    # What the watch tells

    @on(OrderWatch.Checked)
    def _checked(self, event: OrderWatch.Checked) -> None:
        self._asked_at = self.app.clock()
        if event.check is not None:
            self._take_check(event.check)
        self._draw()

    def _take_check(self, check: Check) -> None:
        after = check.listed
        order = after.order
        before = self.known.get(order.id)
        by_hand, self._asked_by_hand = self._asked_by_hand == order.id, None
        self._listed = [after if listed.order.id == order.id else listed for listed in self._listed]
        if before is None or (before.order.status is order.status and before.refunds == after.refunds):
            if by_hand:
                self.app.say(check.error.sentence if check.error else notice(after), warning=True)
            return
        for fact in facts_of(order):
            self.app.facts.publish(fact)
        if before.order.status is order.status:
            self.app.say(refund_notice(after, next(one for one in after.refunds if one not in before.refunds)))
        else:
            self.app.say(notice(after), warning=order.status in (OrderStatus.FAILED, OrderStatus.NEEDS_REVIEW))
        self.post_message(self.MovedOn(after))
        for screen in self.app.screen_stack:
            if isinstance(screen, OrderDialog) and screen.listed.order.id == order.id:
                screen.show(after)
            elif isinstance(screen, QrDialog) and screen.order_id == order.id and screen.is_current:
                # Nobody shall scan a code that cannot be paid on any more.
                screen.dismiss(None)
