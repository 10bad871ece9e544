"""Checkouts on the command line."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.domain.checkout import Order, OrderStatus
from services.domain.money import parse_cents
from tui.desk import Desk
from tui.present import NOTHING, cents, status_word
from tui.verbs.cards import add_card_verbs
from tui.verbs.findings import add_finding_verbs
from tui.verbs.verb import REFUSED, TRY_AGAIN, Answer, Refusal, at, group, verb

if TYPE_CHECKING:
    from services.payments import PaymentResult


def add_checkout_verbs(groups: Any) -> None:
    """`paydesk checkout ...`: Stripe checkouts and their orders."""
    checkout = group(groups, "checkout", "Stripe checkouts and their orders")
    create = verb(checkout, "create", _checkout_create, "create a checkout for the initial purchase")
    create.add_argument("--account", type=int, required=True, metavar="ID")
    create.add_argument("--code", help="a discount code")
    topup = verb(checkout, "topup", _checkout_topup, "create a checkout that tops up a balance")
    topup.add_argument("--account", type=int, required=True, metavar="ID")
    topup.add_argument("--amount", default="10.00", metavar="AMOUNT", help="in dollars (default: %(default)s)")
    listing = verb(checkout, "list", _checkout_list, "list orders, newest first")
    listing.add_argument("--account", type=int, metavar="ID", help="of this account only")
    listing.add_argument("--limit", type=int, default=50, metavar="N")
    for name, run, text in (
        ("refresh", _checkout_refresh, "ask Stripe what became of an order"),
        ("expire", _checkout_expire, "end an open checkout, so that it can no longer be paid"),
    ):
        verb(checkout, name, run, text).add_argument("order", type=int, metavar="ORDER")
    close = verb(checkout, "close", _checkout_close, "fail an order that needs a person, and release its code")
    close.add_argument("order", type=int, metavar="ORDER")
    close.add_argument("--reason", required=True, help="for the audit log")
    add_card_verbs(checkout)
    add_finding_verbs(checkout)


def _checkout_create(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _created(desk, asyncio.run(desk.payments.create_checkout_session(arguments.account, arguments.code)))


def _checkout_topup(desk: Desk, arguments: argparse.Namespace) -> Answer:
    amount = parse_cents(arguments.amount)
    return _created(desk, asyncio.run(desk.payments.create_topup_checkout(arguments.account, amount)))


def _checkout_list(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _orders(desk.payments.list_orders(arguments.limit, arguments.account))


def _checkout_refresh(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _orders([asyncio.run(desk.payments.refresh_order(arguments.order))])


def _checkout_expire(desk: Desk, arguments: argparse.Namespace) -> Answer:
    order = asyncio.run(desk.payments.expire_order(arguments.order))
    if order.status is OrderStatus.EXPIRED:
        return _orders([order])
    first = ": the customer was first" if order.status is OrderStatus.PAID else ""
    return replace(
        _orders([order]), exit_code=REFUSED, words=f"Order {order.id} is {status_word(order.status)}{first}."
    )


def _checkout_close(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _orders([desk.payments.close_order(arguments.order, arguments.reason)])


def _created(desk: Desk, result: "PaymentResult") -> Answer:
    if not result.success:
        sentence = result.error or ""
        if result.order_id is None or desk.payments.get_order(result.order_id).status is not OrderStatus.CREATED:
            raise Refusal(sentence)
        return Answer(result, exit_code=TRY_AGAIN, words=sentence)
    return Answer(
        result, [(str(result.order_id), result.checkout_url or "completed: nothing to pay")], ("ORDER", "LINK")
    )


def _orders(orders: Sequence[Order]) -> Answer:
    rows = [
        (
            str(order.id),
            status_word(order.status),
            str(order.draft.account_id),
            order.draft.purpose,
            cents(order.draft.total_cents),
            cents(order.refunded_cents) if order.refunded_cents else NOTHING,
            order.draft.discount_code or NOTHING,
            at(order.created_at),
            order.status_reason or "",
        )
        for order in orders
    ]
    return Answer(
        orders, rows, ("ORDER", "STATUS", "ACCOUNT", "FOR", "TOTAL", "REFUNDED", "CODE", "CREATED (UTC)", "WHY")
    )
