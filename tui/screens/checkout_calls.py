"""What the checkout screen asks of the services: each function is one call, made off the interface thread."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from services.domain.account import Account
from services.domain.checkout import WAITING, Order, OrderPurpose, OrderStatus, charge_refusal
from services.domain.discount import DiscountCode
from services.domain.ledger import Transaction
from services.domain.pricing import PriceMode
from services.domain.refund import Refund, RefundStatus
from services.errors import PaydeskError

if TYPE_CHECKING:
    from tui.desk import Desk

LISTED = 200
"""How many orders the screen lists."""

FieldName = Literal["account_id", "discount_code", "amount"]


@dataclass(frozen=True)
class Wanted:
    """A checkout as the form has it. `amount_cents` None: no amount that can be read."""

    account: Account | None
    purpose: OrderPurpose
    code: str = ""
    amount_cents: int | None = None


@dataclass(frozen=True)
class Quote:
    """What a wanted checkout comes to, in cents, and why it would be refused.

    `mode` is None for a top-up, which has no list price. `balance_cents` is the account's before it is paid.
    """

    wanted: Wanted
    mode: PriceMode | None
    base_cents: int
    discount_cents: int
    total_cents: int
    credit_cents: int
    code: DiscountCode | None
    balance_cents: int | None
    refusal: str | None = None
    refused_field: FieldName | None = None


@dataclass(frozen=True)
class ListedOrder:
    """An order with what is told beside it: whose it is, what it credited, and what was refunded of it.

    `email` None: the account is gone.
    """

    order: Order
    email: str | None
    entries: tuple[Transaction, ...]
    refunds: tuple[Refund, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether asking Stripe moves it no further."""
        return self.order.status not in WAITING and self.unknown_refund is None

    @property
    def unknown_refund(self) -> Refund | None:
        """A refund of which nobody knows yet whether it was made."""
        return next((refund for refund in self.refunds if refund.status is RefundStatus.CREATED), None)


@dataclass(frozen=True)
class Created:
    """What came of creating a checkout: the order, where one is stored, else why not and at which field."""

    listed: ListedOrder | None
    error: str | None = None
    field: FieldName | None = None


@dataclass(frozen=True)
class Check:
    """An order after Stripe was asked about it, and the error that this ended in."""

    listed: ListedOrder
    error: PaydeskError | None


def quote(desk: "Desk", wanted: Wanted) -> Quote:
    """What the wanted checkout comes to now. A top-up is quoted at 0 while its amount cannot be read."""
    balance = None if wanted.account is None else desk.balance.get_balance(wanted.account.id)
    if wanted.purpose is OrderPurpose.TOP_UP:
        amount = wanted.amount_cents or 0
        refusal = charge_refusal(amount)
        return Quote(wanted, None, amount, 0, amount, amount, None, balance, refusal, "amount" if refusal else None)
    price = desk.pricing.get_checkout_price(wanted.code or None)
    code = desk.discounts.get(price.discount_code_applied) if price.discount_code_applied else None
    fixed_credit = desk.runtime.settings.initial_credit_cents
    refusal = price.refusal or charge_refusal(price.final_price_cents)
    return Quote(
        wanted,
        price.price_mode,
        price.base_price_cents,
        price.discount_cents,
        price.final_price_cents,
        price.final_price_cents if fixed_credit is None else fixed_credit,
        code,
        balance,
        refusal,
        "discount_code" if refusal else None,
    )


def list_orders(desk: "Desk", known: Mapping[int, ListedOrder]) -> list[ListedOrder]:
    """The last orders, newest first. What is `known` of settled ones is not read again where they did not change."""
    emails: dict[int, str | None] = {}
    listed = []
    for order in desk.payments.list_orders(LISTED):
        account_id = order.draft.account_id
        if account_id not in emails:
            emails[account_id] = _email(desk, account_id)
        before = known.get(order.id)
        if before is not None and before.settled and before.order == order and before.email == emails[account_id]:
            listed.append(before)
        else:
            listed.append(_listed(desk, order, emails[account_id]))
    return listed


def one_order(desk: "Desk", order_id: int) -> ListedOrder:
    """An order by its number. Raises `NotFound`."""
    order = desk.payments.get_order(order_id)
    return _listed(desk, order, _email(desk, order.draft.account_id))


async def create(desk: "Desk", wanted: Wanted, quoted_cents: int | None) -> Created:
    """Create the wanted checkout, unless it comes to another total than the one that was quoted."""
    if wanted.account is None:
        return Created(None, "Choose the account that the checkout is for.", "account_id")
    if wanted.purpose is OrderPurpose.TOP_UP:
        result = await desk.payments.create_topup_checkout(wanted.account.id, wanted.amount_cents or 0)
    else:
        result = await desk.payments.create_checkout_session(
            wanted.account.id, wanted.code or None, expected_total_cents=quoted_cents
        )
    if result.order_id is not None:
        return Created(one_order(desk, result.order_id), result.error)
    return Created(None, result.error or "The checkout was not created.", _refused_field(wanted, result.field))


async def check(desk: "Desk", order_id: int) -> Check:
    """Ask Stripe about an order and its refunds, and settle what is settled there; an error is an answer too."""
    error = None
    try:
        await desk.payments.refresh_order(order_id)
        for refund in desk.refunds.of_order(order_id):
            desk.refunds.resume(refund)
    except PaydeskError as failure:
        # What failed may have moved the order all the same, so it is read again either way.
        error = failure
    return Check(one_order(desk, order_id), error)


def _refused_field(wanted: Wanted, name: str | None) -> FieldName | None:
    """The form's field for the argument that was refused; a price that cannot be charged comes from the code."""
    match name, wanted.purpose:
        case "amount", OrderPurpose.INITIAL_ACCESS:
            return "discount_code"
        case ("account_id" | "discount_code" | "amount") as field, _:
            return field
    return None


def _email(desk: "Desk", account_id: int) -> str | None:
    account = desk.accounts.get(account_id)
    return None if account is None else account.email


def _listed(desk: "Desk", order: Order, email: str | None) -> ListedOrder:
    if order.status is not OrderStatus.PAID:
        return ListedOrder(order, email, ())
    entries, refunds = desk.balance.entries_of_order(order.id), desk.refunds.of_order(order.id)
    return ListedOrder(order, email, tuple(entries), tuple(refunds))
