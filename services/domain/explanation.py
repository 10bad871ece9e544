"""Why an entry is in the ledger: all that is stored about it, and where Stripe shows its side."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.domain.account import Account
from services.domain.audit import AuditEntry
from services.domain.checkout import Order
from services.domain.ledger import Transaction
from services.domain.refund import Refund

_DASHBOARD = "https://dashboard.stripe.com"
_PAGES = {"pi": "payments/{}", "cus": "customers/{}"}
_SEARCH = "search?query={}"
_STRIPE_ID = re.compile(r"(?P<prefix>[a-z]+)_[A-Za-z0-9_]+", re.ASCII)


@dataclass(frozen=True)
class StripeObject:
    """An object of Stripe's that an entry has to do with: its `role`, its id, and its page in Stripe's dashboard.

    `url` is None where there is no such page: for the objects of a sandbox.
    """

    role: str
    id: str
    url: str | None


@dataclass(frozen=True)
class Explanation:
    """An entry with all that is stored about it.

    `reverses` is the entry that it takes back, `reversed_by` the one that takes it back. `order` has the snapshot of
    the price and the code, `order_entries` are all entries of that order, oldest first. `refund` is the one that it
    took the credit back for, or gave it back after. `audit` says who did it and why, oldest first.
    """

    entry: Transaction
    account: Account
    order: Order | None
    order_entries: tuple[Transaction, ...]
    refund: Refund | None
    reverses: Transaction | None
    reversed_by: Transaction | None
    audit: tuple[AuditEntry, ...]
    stripe: tuple[StripeObject, ...]


def stripe_objects(order: Order | None, refund: Refund | None, *, dashboard: bool) -> Iterator[StripeObject]:
    """The objects of Stripe's that an order and a refund name; with their pages where `dashboard` has them."""
    if order is None:
        return
    for role, stripe_id in (
        ("checkout session", order.session_id),
        ("payment", order.payment_intent_id),
        ("customer", order.stripe_customer_id),
        ("refund", refund.stripe_refund_id if refund else None),
    ):
        if stripe_id is not None:
            url = dashboard_url(stripe_id, livemode=order.draft.livemode) if dashboard else None
            yield StripeObject(role, stripe_id, url)


def dashboard_url(stripe_id: str, *, livemode: bool) -> str | None:
    """Where Stripe's dashboard shows an object, in the mode that it lives in; None for what is no id of Stripe's.

    Payments and customers have pages by their ids, which the dashboard's search finds for all others.
    Source: https://docs.stripe.com/dashboard/search
    """
    match = _STRIPE_ID.fullmatch(stripe_id)
    if match is None:
        return None
    page = _PAGES.get(match["prefix"], _SEARCH).format(stripe_id)
    return f"{_DASHBOARD}/{page}" if livemode else f"{_DASHBOARD}/test/{page}"
