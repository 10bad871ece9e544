"""One order whole: its snapshot, its ids and its times, line by line, each to be copied."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from services.domain.checkout import Channel, Order, OrderPurpose, OrderStatus
from services.domain.refund import Refund, RefundStatus
from tui.present import cents, moment, signed_cents, untrusted
from tui.screens.checkout_calls import ListedOrder
from tui.screens.checkout_orders import account_content, order_word

LABEL_WIDTH = 11
REFUND_WORDS = {RefundStatus.CREATED: "unknown", RefundStatus.DONE: "done", RefundStatus.FAILED: "failed"}


@dataclass(frozen=True)
class Detail:
    """A line of an order's details: its label, what is copied, and how it is shown."""

    label: str
    text: str
    shown: Content


def order_details(listed: ListedOrder, now: datetime) -> list[Detail]:
    """Everything that is known of an order; what it does not have is left out."""
    order, draft = listed.order, listed.order.draft
    details = [
        Detail("state", order_word(order).plain, order_word(order)),
        _own("account", str(draft.account_id)),
        Detail("", listed.email or "", account_content(listed)),
        _own("for", "initial access" if draft.purpose is OrderPurpose.INITIAL_ACCESS else "top-up"),
        _own("by", "saved card, while the customer is away" if draft.channel is Channel.SAVED_CARD else None),
        _own("reason", order.status_reason),
        _own("decline", order.decline_code),
        *_amounts(listed),
        *[
            _own("entry", f"{entry.seq}  {signed_cents(entry.amount_cents)}")
            for entry in listed.entries
            if entry.id not in {refund.transaction_id for refund in listed.refunds}
        ],
        *[detail for refund in listed.refunds for detail in _refund(listed, refund, now)],
        _own("link", order.checkout_url if order.status is OrderStatus.OPEN else None),
        _own("session", order.session_id),
        _own("intent", order.payment_intent_id),
        _own("customer", order.stripe_customer_id),
        _own("reference", order.reference),
        _own("request", _request_status(order)),
        _own("key", order.idempotency_key),
        _own("mode", "live" if draft.livemode else "test"),
        _moment("created", order.created_at, now, f" by {order.actor}"),
        _moment("expires", order.expires_at, now) if not listed.settled else _own("", None),
        _moment("settled", order.settled_at, now),
    ]
    return [detail for detail in details if detail.text]


def _amounts(listed: ListedOrder) -> list[Detail]:
    order, draft = listed.order, listed.order.draft
    price = cents(draft.base_cents)
    if draft.price_mode is not None:
        source = f"version {draft.price_version}" if draft.price_version else "from the settings"
        price += f"  {draft.price_mode.value}, {source}"
    credit = order.draft.credit_for(order.draft.total_cents - order.promotion_cents)
    return [
        _own("price", price),
        _own("code", draft.discount_code),
        _own("discount", signed_cents(-draft.discount_cents) if draft.discount_cents else None),
        _own("total", cents(draft.total_cents)),
        _own("promotion", f"{signed_cents(-order.promotion_cents)} at Stripe" if order.promotion_cents else None),
        _own("paid", cents(order.paid_cents) if order.paid_cents is not None else None),
        _own("credits", cents(credit) if order.status is not OrderStatus.PAID else None),
    ]


def _refund(listed: ListedOrder, refund: Refund, now: datetime) -> list[Detail]:
    """One refund: how much and where it stands, who made it when and why, its id at Stripe, its entry."""
    entry = next((entry for entry in listed.entries if entry.id == refund.transaction_id), None)
    return [
        _own("refund", f"{signed_cents(-refund.amount_cents)}  {REFUND_WORDS[refund.status]}"),
        _own("  by", f"{refund.actor}, {moment(refund.created_at, now).strip()} UTC"),
        _own("  why", refund.reason),
        _own("  outcome", refund.status_reason),
        _own("  id", refund.stripe_refund_id),
        _own("  entry", f"{entry.seq}  {signed_cents(entry.amount_cents)}" if entry is not None else None),
    ]


def _own(label: str, text: str | None) -> Detail:
    return Detail(label, text or "", untrusted(text or ""))


def _moment(label: str, at: datetime | None, now: datetime, by: str = "") -> Detail:
    if at is None:
        return _own(label, None)
    return Detail(label, at.isoformat(), untrusted(f"{moment(at, now)} UTC{by}"))


def _request_status(order: Order) -> str:
    """What became of the request that was stored for Stripe."""
    match order.status:
        case OrderStatus.CREATED:
            return "not answered yet"
        case OrderStatus.FAILED:
            return "refused"
        case _:
            answered = order.session_id is not None or order.payment_intent_id is not None
            return "answered" if answered else "never sent, nothing was due"


class OrderDetails(OptionList):
    """The details as a list to move in; what does not fit on a line goes on in the next."""

    HELP = "One order: up and down move, `y` copies the line."
    DEFAULT_CSS = """
    OrderDetails {
        border: none;
        padding: 0;
        background: $background 0%;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        &:focus { border: none; background-tint: $foreground 0%; }
        & > .option-list--option { padding: 0; }
        & > .option-list--option-highlighted { background: $background 0%; color: $foreground; }
        &:focus > .option-list--option-highlighted {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "down", show=False, system=True, tooltip="One line down."),
        Binding("k", "cursor_up", "up", show=False, system=True, tooltip="One line up."),
    ]

    listed: reactive[ListedOrder | None] = reactive(None)

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self._now = now
        self._details: list[Detail] = []

    def show(self, listed: ListedOrder | None, now: datetime) -> None:
        """Show an order, or nothing."""
        self._now = now
        self.listed = listed

    def watch_listed(self) -> None:
        """Draw the lines; the cursor stays where it is."""
        self._draw()

    def on_resize(self, _event: events.Resize) -> None:
        """Break the lines anew."""
        self._draw()

    @property
    def selected_text(self) -> str | None:
        """What the line under the cursor copies."""
        at = self.highlighted
        return self._details[at].text if at is not None and at < len(self._details) else None

    def _draw(self) -> None:
        at = self.highlighted or 0
        self._details = order_details(self.listed, self._now) if self.listed else []
        width = max(8, self.scrollable_content_region.width - LABEL_WIDTH)
        self.clear_options()
        self.add_options([Option(_broken(detail, width)) for detail in self._details])
        self.highlighted = min(at, len(self._details) - 1) if self._details else None


def _broken(detail: Detail, width: int) -> Content:
    lines = detail.shown.wrap(width)
    label = Content.styled(f"{detail.label:<{LABEL_WIDTH}}", "$text-muted")
    indent = Content(" " * LABEL_WIDTH)
    return Content("\n").join([(indent if index else label) + line for index, line in enumerate(lines)])
