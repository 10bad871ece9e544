"""What a change of prices would do, before it is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from services.domain.checkout import Order, charge_refusal
from services.domain.discount import DiscountCode
from services.domain.pricing import Doubt, PriceChange, PriceMode, Prices
from services.domain.quote import BasePrice, Quote, quote


@dataclass(frozen=True)
class Effect:
    """What a customer pays in one mode with one code (None: without), now and after the change.

    Each side is a whole quote: a code may be refused on one of them, and then takes nothing off there.
    """

    mode: PriceMode
    code: DiscountCode | None
    now: Quote
    new: Quote

    @property
    def saves_cents(self) -> int:
        """What the code takes off the new price."""
        return self.new.base.cents - self.new.total_cents

    @property
    def warning(self) -> str | None:
        """Why no checkout could be made at the new total, as a sentence: Stripe charges nothing from 1 to 49 cents."""
        return charge_refusal(self.new.total_cents)


@dataclass(frozen=True)
class OpenCheckout:
    """A checkout that waits for its customer at an older price; expiring its order ends it."""

    order_id: int
    base_cents: int
    total_cents: int
    expires_at: datetime | None

    @classmethod
    def of(cls, order: Order) -> Self:
        """What an order's customer can still pay."""
        return cls(order.id, order.draft.base_cents, order.draft.total_cents, order.expires_at)


@dataclass(frozen=True)
class Preview:
    """What a change of prices would do.

    It would follow `base`, whose version is what the edit is made on, and set `after`. `doubts` ask for a price to be
    typed again. `kept` are the open checkouts that keep their older price and can still be paid then.
    `replaces_end_at` is the end that the prices of `base` have now, and would lose. `returns` is in force again after
    the change's own end, where it has one. `then` are the changes that are planned for later, and set all prices in
    their turn.
    """

    base: PriceChange
    after: Prices
    doubts: tuple[Doubt, ...]
    effects: tuple[Effect, ...]
    kept: tuple[OpenCheckout, ...]
    replaces_end_at: datetime | None
    returns: PriceChange | None
    then: tuple[PriceChange, ...]


def kept_at(moment: datetime, open_orders: Iterable[Order], after: Prices) -> tuple[OpenCheckout, ...]:
    """Those that can still be paid at `moment`, at another price than the one that is charged then."""
    return tuple(
        OpenCheckout.of(order)
        for order in open_orders
        if order.draft.base_cents != after.in_force_cents and (order.expires_at is None or order.expires_at > moment)
    )


def effects(
    current: PriceChange, after: Prices, codes: Sequence[DiscountCode], now: datetime, moment: datetime
) -> tuple[Effect, ...]:
    """What each code comes to in each mode: at the prices in force at `now`, and at those that hold from `moment`."""
    choices: list[DiscountCode | None] = [None, *codes]
    return tuple(
        Effect(
            mode,
            code,
            quote(BasePrice(current.prices.of(mode), mode), code=code, moment=now),
            quote(BasePrice(after.of(mode), mode), code=code, moment=moment),
        )
        for mode in PriceMode
        for code in choices
    )
