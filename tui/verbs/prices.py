"""Prices on the command line."""

import argparse
from collections.abc import Sequence
from typing import Any

from services.domain.money import parse_cents
from services.domain.pricing import PriceChange
from tui.desk import Desk
from tui.present import cents
from tui.verbs.verb import Answer, at, group, verb


def add_price_verbs(groups: Any) -> None:
    """`paydesk price ...`: prices and the mode in force."""
    price = group(groups, "price", "prices and the mode in force")
    verb(price, "show", _price_show, "show the prices in force")
    change = verb(price, "set", _price_set, "change prices or the mode")
    change.add_argument("--mode", choices=("rrp", "launch", "sale"))
    for name in ("rrp", "launch", "sale"):
        change.add_argument(f"--{name}", metavar="AMOUNT", help="in dollars, like 29.99")
    change.add_argument("--reason", default="", help="why, for the history")
    verb(price, "history", _price_history, "show the stored changes, newest first")


def _price_show(desk: Desk, _: argparse.Namespace) -> Answer:
    return _prices([desk.pricing.current()])


def _price_set(desk: Desk, arguments: argparse.Namespace) -> Answer:
    given = {f"{name}_cents": getattr(arguments, name) for name in ("rrp", "launch", "sale")}
    amounts = {name: parse_cents(text, field=name) for name, text in given.items() if text is not None}
    return _prices([desk.pricing.change_prices(mode=arguments.mode, reason=arguments.reason, **amounts)])


def _price_history(desk: Desk, _: argparse.Namespace) -> Answer:
    return _prices(desk.pricing.history())


def _prices(changes: Sequence[PriceChange]) -> Answer:
    rows = [
        (
            f"v{change.version}",
            at(change.effective_at),
            change.actor,
            change.prices.mode,
            cents(change.prices.in_force_cents),
            cents(change.prices.rrp_cents),
            cents(change.prices.launch_cents),
            cents(change.prices.sale_cents),
            change.reason,
        )
        for change in changes
    ]
    head = ("VERSION", "SINCE", "WHO", "MODE", "CHARGED", "RRP", "LAUNCH", "SALE", "WHY")
    return Answer(changes[0] if len(changes) == 1 else changes, rows, head)
