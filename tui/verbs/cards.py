"""Money between a customer's card and the desk, on the command line: charging it, and giving back."""

import argparse
from dataclasses import asdict
from typing import Any

from services.domain.money import parse_cents
from services.domain.refund import RefundStatus
from tui.desk import Desk
from tui.present import NOTHING, card_text, cents, signed_cents, status_word
from tui.verbs.verb import DONE, REFUSED, TRY_AGAIN, Answer, Refusal, add_key, again_with, keyed, verb


def add_card_verbs(checkout: Any) -> None:
    """`paydesk checkout charge` and `paydesk checkout refund`."""
    charge = verb(checkout, "charge", _charge, "top a balance up from the account's saved card, now")
    charge.add_argument("account", type=int, metavar="ACCOUNT")
    charge.add_argument("amount", metavar="AMOUNT", help="in dollars, like 10.00")
    add_key(charge)
    refund = verb(checkout, "refund", _refund, "give back what an order was paid, or a part of it")
    refund.add_argument("order", type=int, metavar="ORDER")
    refund.add_argument("amount", metavar="AMOUNT", help="in dollars, like 10.00")
    refund.add_argument("--reason", required=True, help="stands in the ledger")
    add_key(refund)


def _charge(desk: Desk, arguments: argparse.Namespace) -> Answer:
    from services.charges import ChargeOutcome

    amount = parse_cents(arguments.amount)
    with keyed(arguments) as key:
        saved = desk.charges.saved_card(arguments.account)
        if saved is None:
            raise Refusal(f"Account {arguments.account} has no saved card. A paid checkout saves one.")
        result = desk.charges.charge(
            arguments.account, amount, payment_method_id=saved.card.payment_method_id, idempotency_key=key
        )
    order, words, exit_code = result.order, result.error or "", REFUSED
    if order is None:
        raise Refusal(words, field=result.field)
    match result.outcome:
        case ChargeOutcome.CREDITED:
            exit_code = DONE
        case ChargeOutcome.NEEDS_CUSTOMER:
            words += f" `paydesk checkout topup --account {arguments.account} --amount {arguments.amount}` makes one."
        case ChargeOutcome.UNKNOWN:
            words, exit_code = f"{words} {again_with(key)}", TRY_AGAIN
    row = (str(order.id), status_word(order.status), str(arguments.account), cents(amount), card_text(saved.card))
    return Answer(
        {"key": key, "card": saved.card, **asdict(result)},
        [row],
        ("ORDER", "STATUS", "ACCOUNT", "AMOUNT", "CARD"),
        exit_code,
        words,
    )


def _refund(desk: Desk, arguments: argparse.Namespace) -> Answer:
    amount = parse_cents(arguments.amount)
    with keyed(arguments) as key:
        result = desk.refunds.refund(arguments.order, amount, arguments.reason, idempotency_key=key)
    refund, words, exit_code = result.refund, result.error or "", DONE
    if refund is None:
        raise Refusal(words, field=result.field)
    status = refund.status.value
    match refund.status:
        case RefundStatus.FAILED:
            exit_code = REFUSED
        case RefundStatus.CREATED:
            status, words, exit_code = "unknown", f"{words} {again_with(key)}", TRY_AGAIN
    row = (
        str(refund.id),
        status,
        str(refund.order_id),
        cents(refund.amount_cents),
        signed_cents(-refund.credit_cents),
        str(refund.transaction_id or NOTHING),
        refund.stripe_refund_id or NOTHING,
    )
    return Answer(
        {"key": key, **asdict(result)},
        [row],
        ("REFUND", "STATUS", "ORDER", "TO THE CARD", "BALANCE", "ENTRY", "AT STRIPE"),
        exit_code,
        words,
    )
