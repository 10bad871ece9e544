"""Accounts on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from services.domain.account import Account
from tui.desk import Desk
from tui.present import NOTHING, cents
from tui.verbs.verb import Answer, group, verb


def add_account_verbs(groups: Any) -> None:
    """`paydesk account ...`: finding and creating accounts."""
    account = group(groups, "account", "accounts")
    find = verb(account, "find", _account_find, "find accounts by id, e-mail, #order or Stripe id")
    find.add_argument("text", nargs="?", default="")
    verb(account, "add", _account_add, "create an account").add_argument("email")


def _account_find(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _accounts(desk, desk.accounts.search(arguments.text))


def _account_add(desk: Desk, arguments: argparse.Namespace) -> Answer:
    return _accounts(desk, [desk.accounts.create(arguments.email)])


def _accounts(desk: Desk, accounts: Sequence[Account]) -> Answer:
    data = [{**asdict(account), "balance_cents": desk.balance.get_balance(account.id)} for account in accounts]
    rows = [
        (
            str(account["id"]),
            account["email"],
            cents(account["balance_cents"]),
            account["stripe_customer_id"] or NOTHING,
        )
        for account in data
    ]
    return Answer(data, rows, ("ID", "E-MAIL", "BALANCE", "STRIPE CUSTOMER"))
