"""Ledgers on the command line: moving a balance, and what else is done with one."""

import argparse
from typing import TYPE_CHECKING, Any

from services.domain.ledger import TransactionKind
from services.domain.money import parse_cents
from tui.desk import Desk
from tui.present import cents
from tui.verbs.ledger_history import add_history_verbs
from tui.verbs.ledger_import import add_import_verb
from tui.verbs.ledger_seal import add_seal_verbs
from tui.verbs.verb import Answer, Refusal, add_key, group, keyed, verb

if TYPE_CHECKING:
    from services.balance import BalanceResult


def add_ledger_verbs(groups: Any) -> None:
    """`paydesk ledger ...`: reading and moving a balance."""
    ledger = group(groups, "ledger", "an account's ledger")
    add_history_verbs(ledger)
    for name, run in (("credit", _ledger_credit), ("deduct", _ledger_deduct)):
        posting = verb(ledger, name, run, f"{name} an account")
        posting.add_argument("--account", type=int, required=True, metavar="ID")
        posting.add_argument("--amount", required=True, metavar="AMOUNT", help="in dollars, like 10.00")
        posting.add_argument("--reason", required=True, help="the entry's description")
        add_key(posting)
    reverse = verb(ledger, "reverse", _ledger_reverse, "take an entry back by one of the opposite amount, once")
    reverse.add_argument("entry", type=int, metavar="ENTRY", help="as `ledger list` has it")
    reverse.add_argument("--reason", required=True, help="stands in the ledger")
    add_key(reverse)
    add_import_verb(ledger)
    add_seal_verbs(ledger)


def _ledger_credit(desk: Desk, arguments: argparse.Namespace) -> Answer:
    amount = parse_cents(arguments.amount)
    with keyed(arguments) as key:
        return _posted(desk.balance.add_credits(arguments.account, amount, arguments.reason, idempotency_key=key))


def _ledger_deduct(desk: Desk, arguments: argparse.Namespace) -> Answer:
    amount = parse_cents(arguments.amount)
    adjustment = TransactionKind.ADJUSTMENT
    with keyed(arguments) as key:
        return _posted(
            desk.balance.deduct(arguments.account, amount, arguments.reason, kind=adjustment, idempotency_key=key)
        )


def _ledger_reverse(desk: Desk, arguments: argparse.Namespace) -> Answer:
    with keyed(arguments) as key:
        return _posted(desk.balance.reverse(arguments.entry, arguments.reason, idempotency_key=key))


def _posted(result: "BalanceResult") -> Answer:
    if not result.success:
        raise Refusal(result.error or "")
    return Answer(result, [(str(result.transaction_id), cents(result.balance_cents))], ("ENTRY", "BALANCE"))
