"""Discount codes on the command line."""

import argparse
from collections.abc import Sequence
from typing import Any

from services.domain.discount import DiscountCode
from services.domain.money import parse_cents
from tui.desk import Desk
from tui.present import NOTHING, cents, signed_cents, status_word
from tui.verbs.verb import Answer, Refusal, group, verb


def add_code_verbs(groups: Any) -> None:
    """`paydesk code ...`: discount codes."""
    code = group(groups, "code", "discount codes")
    verb(code, "list", _code_list, "list the codes, newest first")
    add = verb(code, "add", _code_add, "create a code")
    add.add_argument("code")
    value = add.add_mutually_exclusive_group(required=True)
    value.add_argument("--percent", metavar="PERCENT", help="like 10 or 12.5")
    value.add_argument("--off", metavar="AMOUNT", help="in dollars, like 20.00")
    add.add_argument("--limit", type=int, metavar="N", help="the most uses (default: no limit)")
    for name, active in (("enable", True), ("disable", False)):
        switch = verb(code, name, _code_switch, f"{name} a code")
        switch.add_argument("code")
        switch.set_defaults(active=active)
    verb(code, "try", _code_try, "what a customer pays with a code now").add_argument("code")


def _code_list(desk: Desk, _: argparse.Namespace) -> Answer:
    return _codes(desk.discounts.list_codes())


def _code_add(desk: Desk, arguments: argparse.Namespace) -> Answer:
    # two decimals of a percentage are basis points, as two decimals of a dollar are cents
    percent = None if arguments.percent is None else parse_cents(arguments.percent, field="percent")
    off = None if arguments.off is None else parse_cents(arguments.off, field="off")
    created = desk.discounts.create(
        arguments.code, percent_basis_points=percent, amount_off_cents=off, max_uses=arguments.limit
    )
    return _codes([created])


def _code_switch(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _codes([desk.discounts.set_active(arguments.code, arguments.active)])


def _code_try(desk: Desk, arguments: argparse.Namespace) -> Answer:
    price = desk.pricing.get_checkout_price(arguments.code)
    if price.refusal is not None:
        raise Refusal(price.refusal)
    row = (cents(price.base_price_cents), signed_cents(-price.discount_cents), cents(price.final_price_cents))
    return Answer(price, [row], ("PRICE", "DISCOUNT", "CUSTOMER PAYS"))


def _codes(codes: Sequence[DiscountCode]) -> Answer:
    rows = [
        (
            code.code,
            status_word(code.status),
            code.value_text,
            str(code.held),
            str(code.redeemed),
            NOTHING if code.max_uses is None else str(code.max_uses),
        )
        for code in codes
    ]
    return Answer(codes, rows, ("CODE", "STATUS", "TAKES OFF", "HELD", "REDEEMED", "LIMIT"))
