"""Drafts of orders, as quotes leave them."""

from typing import Any

from services.domain.checkout import OrderDraft, OrderPurpose
from services.domain.pricing import PriceMode


def access_draft(account_id: int, *, discount_code: str | None = None, discount_cents: int = 0) -> OrderDraft:
    """The initial purchase at the launch price, less a discount."""
    return OrderDraft(
        account_id=account_id,
        purpose=OrderPurpose.INITIAL_ACCESS,
        currency="usd",
        livemode=False,
        price_version=0,
        price_mode=PriceMode.LAUNCH,
        base_cents=2999,
        discount_code=discount_code,
        discount_cents=discount_cents,
        total_cents=2999 - discount_cents,
        credit_cents=None,
    )


def no_request(_order_id: int, _reference: str) -> dict[str, Any]:
    """A request for Stripe that is never sent."""
    return {}
