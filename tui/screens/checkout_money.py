"""What the dialogs over one order ask of the services: each function is one call, made off the interface thread."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.domain.account import Account
from services.domain.card import Card
from services.domain.checkout import Order, OrderPurpose
from services.domain.refund import Refund
from services.errors import Conflict, GatewayError, NotFound, OutcomeUnknown, TryAgain
from tui.screens.checkout_calls import ListedOrder, Quote, Wanted, one_order, quote

if TYPE_CHECKING:
    from tui.desk import Desk


@dataclass(frozen=True)
class RefundTerms:
    """What a refund of `amount_cents` would do now, in cents; `credit_cents` None: it cannot be that much."""

    order: Order
    balance_cents: int
    amount_cents: int
    credit_cents: int | None


@dataclass(frozen=True)
class Refunded:
    """An order after a refund of it was asked for."""

    listed: ListedOrder
    refund: Refund


@dataclass(frozen=True)
class CardOnFile:
    """An account's saved card as Stripe has it, None without one, and the balance in cents.

    `problem` says why Stripe could not be asked; `card` is then the one that this desk knows of.
    """

    card: Card | None
    balance_cents: int
    problem: str | None = None


@dataclass(frozen=True)
class Charged:
    """The order of a charge, and why it was not paid, where it was not."""

    listed: ListedOrder
    error: str | None


async def expire(desk: "Desk", order_id: int) -> ListedOrder:
    """End an order's checkout at Stripe; the order is paid instead where its customer was faster."""
    await desk.payments.expire_order(order_id)
    return one_order(desk, order_id)


def close(desk: "Desk", order_id: int, reason: str) -> ListedOrder:
    """End an order that needs a person."""
    desk.payments.close_order(order_id, reason)
    return one_order(desk, order_id)


def quote_again(desk: "Desk", order: Order) -> Quote:
    """What an order comes to if it is made again today. Raises `NotFound` where its account is gone."""
    draft, account = order.draft, account_of(desk, order.draft.account_id)
    if draft.purpose is OrderPurpose.TOP_UP:
        return quote(desk, Wanted(account, draft.purpose, amount_cents=draft.total_cents))
    return quote(desk, Wanted(account, draft.purpose, code=draft.discount_code or ""))


def refund_terms(desk: "Desk", order_id: int, amount_cents: int) -> RefundTerms:
    """What a refund would do now."""
    order = desk.payments.get_order(order_id)
    balance = desk.balance.get_balance(order.draft.account_id)
    possible = 0 < amount_cents <= order.refundable_cents
    credit = desk.refunds.credit_for(order_id, amount_cents) if possible else None
    return RefundTerms(order, balance, amount_cents, credit)


def refund(desk: "Desk", order_id: int, amount_cents: int, reason: str, key: str) -> Refunded:
    """Refund an order, once for each key. Raises `Conflict` where nothing was attempted, with the field it is about."""
    result = desk.refunds.refund(order_id, amount_cents, reason, idempotency_key=key)
    if result.refund is None:
        raise Conflict(result.error or "The refund was refused.", field=result.field)
    return Refunded(one_order(desk, order_id), result.refund)


def account_of(desk: "Desk", account_id: int) -> Account:
    """The account. Raises `NotFound`."""
    account = desk.accounts.get(account_id)
    if account is None:
        raise NotFound(f"There is no account {account_id}.")
    return account


def card_on_file(desk: "Desk", account_id: int) -> CardOnFile:
    """The account's saved card, as Stripe has it now, and its balance."""
    balance = desk.balance.get_balance(account_id)
    try:
        saved = desk.charges.saved_card(account_id)
    except (GatewayError, TryAgain, OutcomeUnknown) as error:
        last = desk.charges.last_card(account_id)
        return CardOnFile(last.card if last else None, balance, error.sentence)
    return CardOnFile(saved.card if saved else None, balance)


def charge(desk: "Desk", account_id: int, amount_cents: int, payment_method_id: str, key: str) -> Charged:
    """Charge a saved card, once for each key. Raises `Conflict` where nothing was attempted."""
    result = desk.charges.charge(account_id, amount_cents, payment_method_id=payment_method_id, idempotency_key=key)
    if result.order is None:
        raise Conflict(result.error or "The charge was refused.", field=result.field)
    return Charged(one_order(desk, result.order.id), result.error)
