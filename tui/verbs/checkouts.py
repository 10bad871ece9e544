"""Checkouts on the command line."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from services.domain.checkout import Order
from services.domain.money import parse_cents
from tui.desk import Desk
from tui.present import NOTHING, cents, status_word
from tui.verbs.verb import Answer, Refusal, at, group, verb

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
    verb(checkout, "refresh", _checkout_refresh, "ask Stripe what became of an order").add_argument("order", type=int)


def _checkout_create(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _created(asyncio.run(desk.payments.create_checkout_session(arguments.account, arguments.code)))


def _checkout_topup(desk: Desk, arguments: argparse.Namespace) -> Answer:
    amount = parse_cents(arguments.amount)
    return _created(asyncio.run(desk.payments.create_topup_checkout(arguments.account, amount)))


def _checkout_list(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _orders(desk.payments.list_orders(arguments.limit, arguments.account))


def _checkout_refresh(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _orders([asyncio.run(desk.payments.refresh_order(arguments.order))])


def _created(result: "PaymentResult") -> Answer:
    if not result.success:
        raise Refusal(result.error or "")
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
            order.draft.discount_code or NOTHING,
            at(order.created_at),
            order.status_reason or "",
        )
        for order in orders
    ]
    return Answer(orders, rows, ("ORDER", "STATUS", "ACCOUNT", "FOR", "TOTAL", "CODE", "CREATED (UTC)", "WHY"))
