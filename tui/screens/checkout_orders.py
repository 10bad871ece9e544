"""The list of orders: each as a row, its state as a word, and a note on what is next or what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from textual.content import Content

from services.domain.checkout import Order, OrderPurpose, OrderStatus
from tui.present import NOTHING, age, cents, fit, signed_cents, span, status, status_word, untrusted
from tui.screens.checkout_calls import ListedOrder
from tui.widgets.table import Column, Row

COLUMNS = (
    Column("order", align="right"),
    Column("state"),
    Column("account", grows=True),
    Column("for"),
    Column("amount", align="right"),
    Column("code"),
    Column("age", align="right"),
    Column("note"),
)
EMPTY = Content("No orders yet. Press n, choose an account and create a checkout:\nit is listed here and watched.")
EMPTY_WITHOUT_STRIPE = Content("No orders yet. Checkouts are made once there is a Stripe key, and are listed here.")

CODE_WIDTH = 8
NOTE_WIDTH = 12
"""Codes have up to 40 characters and reasons any number; the order's details show them whole."""

PURPOSES = {OrderPurpose.INITIAL_ACCESS: "initial", OrderPurpose.TOP_UP: "top-up"}


@dataclass(frozen=True)
class Watched:
    """The order that is watched: how often Stripe was asked about it, and why the last time told nothing."""

    order_id: int | None = None
    tries: int = 0
    error: str | None = None


def state_word(state: OrderStatus) -> str:
    """A state as the one word by which the list knows it: `PAID`, `UNKNOWN`, `REVIEW`."""
    return "REVIEW" if state is OrderStatus.NEEDS_REVIEW else status_word(state).upper()


def state_content(state: OrderStatus) -> Content:
    """The state's word in its colour."""
    return Content.styled(state_word(state), status(state).spans[0].style)


def order_word(order: Order) -> Content:
    """The state of an order in its colour; one that was refunded whole is `REFUNDED`."""
    if order.status is OrderStatus.PAID and order.paid_cents and not order.refundable_cents:
        return Content.styled("REFUNDED", "$muted")
    return state_content(order.status)


def order_rows(orders: Sequence[ListedOrder], watched: Watched, now: datetime) -> list[Row]:
    """The rows of the list."""
    return [_row(listed, watched if listed.order.id == watched.order_id else None, now) for listed in orders]


def account_content(listed: ListedOrder) -> Content:
    """Whose the order is: the e-mail address, else the account's number."""
    if listed.email is None:
        return Content(f"account {listed.order.draft.account_id}")
    return untrusted(listed.email)


def _row(listed: ListedOrder, watched: Watched | None, now: datetime) -> Row:
    order = listed.order
    draft = order.draft
    code = Content.styled(NOTHING, "$text-muted") if draft.discount_code is None else _short(draft.discount_code)
    return Row(
        str(order.id),
        [
            Content(str(order.id)),
            order_word(order),
            account_content(listed),
            Content(PURPOSES[draft.purpose]),
            Content(cents(draft.total_cents)),
            code,
            Content(age(order.created_at, now)),
            _note(listed, watched, now),
        ],
    )


def _short(text: str, width: int = CODE_WIDTH) -> Content:
    return Content(fit(text, width).rstrip())


def _note(listed: ListedOrder, watched: Watched | None, now: datetime) -> Content:
    order = listed.order
    match order.status:
        case OrderStatus.PAID if listed.unknown_refund is not None:
            return Content.styled("refund unknown", "$text-warning")
        case OrderStatus.PAID if order.refunded_cents:
            return Content(f"{signed_cents(-order.refunded_cents)} back")
        case OrderStatus.PAID:
            return Content(f"entry {listed.entries[0].seq}" if listed.entries else "no credit")
        case OrderStatus.FAILED | OrderStatus.NEEDS_REVIEW:
            return _short(order.status_reason or "", NOTE_WIDTH)
        case OrderStatus.EXPIRED:
            return Content("unpaid")
        case OrderStatus.CREATED:
            return Content("not known" if watched is None else checking(watched))
        case OrderStatus.OPEN:
            if watched is not None and watched.error is not None:
                return Content.styled("no answer", "$text-warning")
            return Content(time_left(order, now))


def checking(watched: Watched) -> str:
    """That Stripe is being asked, and for which time: `checking, try 3`."""
    return f"checking, try {watched.tries + 1}"


def time_left(order: Order, now: datetime) -> str:
    """How long an open order can still be paid: `23 h left`."""
    if order.expires_at is None:
        return ""
    return f"{span(order.expires_at - now)} left" if order.expires_at > now else "time is up"
