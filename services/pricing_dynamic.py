"""Prices: what is in force, what a checkout costs, and changing it, now or at a set time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.database import Database
from services.domain.discount import CodeStatus, DiscountCode, canonical_code
from services.domain.preview import Preview, effects, kept_at
from services.domain.pricing import PriceChange, PriceMode, Prices, doubts
from services.domain.quote import BasePrice, PriceCalculation, Quote, UnknownCode, quote
from services.domain.text import is_id
from services.errors import InvalidInput
from services.price_changes import PriceChanges, PricePlan, check_window
from services.runtime import Runtime, get_runtime
from services.stores.audit import AuditStore
from services.stores.discounts import DiscountStore
from services.stores.orders import OrderStore
from services.stores.prices import PriceStore

__all__ = [
    "DiscountValidation",
    "DynamicPricingService",
    "PriceCalculation",
    "PriceChange",
    "PriceMode",
    "PricePlan",
    "Prices",
    "get_pricing_service",
]


@dataclass(frozen=True)
class DiscountValidation:
    """Whether a code can be used now, and if not, why: `error_message` is fit for the customer."""

    valid: bool
    discount_code: DiscountCode | None
    error_message: str | None


class DynamicPricingService(PriceChanges):
    """Answers what a checkout costs, and changes prices with a dated, attributed, audited version."""

    def __init__(
        self,
        database: Database,
        price_store: PriceStore,
        discount_store: DiscountStore,
        audit_store: AuditStore,
        order_store: OrderStore,
        starting_prices: Prices,
        clock: Clock,
        actor: str,
    ) -> None:
        super().__init__(database, price_store, audit_store, starting_prices, clock, actor)
        self.discount_store = discount_store
        self.order_store = order_store

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators; the settings give the starting prices."""
        settings = runtime.settings
        starting = Prices(
            PriceMode(settings.price_mode),
            settings.price_rrp_cents,
            settings.price_launch_cents,
            settings.price_sale_cents,
        )
        return cls(
            runtime.database,
            PriceStore(),
            DiscountStore(),
            AuditStore(),
            OrderStore(),
            starting,
            runtime.clock,
            runtime.actor,
        )

    def get_base_price_cents(self) -> int:
        """The price of the active mode, in cents."""
        return self.current().prices.in_force_cents

    def validate_discount_code(self, code: str) -> DiscountValidation:
        """Whether `code`, in whatever form it is typed, can be used now."""
        now = self.clock()
        with self.database.read() as connection:
            found = self._find(connection, code)
        if not isinstance(found, DiscountCode):
            return DiscountValidation(False, None, UnknownCode.named(code).sentence)
        refusal = found.refusal_at(now)
        if refusal is not None:
            return DiscountValidation(False, found, refusal.sentence(found.code))
        return DiscountValidation(True, found, None)

    def calculate_final_price(self, base_price_cents: int, discount_code: str | None = None) -> PriceCalculation:
        """What a base price comes to with a code; an unusable code takes nothing off, and `refusal` says why.

        Whether Stripe would charge the result is not asked: that is a checkout's question. Raises `InvalidInput` for a
        base price that is not an `int` from 0.
        """
        if type(base_price_cents) is not int or base_price_cents < 0:
            raise InvalidInput("A base price is a whole number of cents from 0.", field="base_price_cents")
        now = self.clock()
        with self.database.read() as connection:
            found = self._find(connection, discount_code)
        return PriceCalculation.of(quote(BasePrice(base_price_cents), code=found, moment=now), any_total=True)

    def get_checkout_price(self, discount_code: str | None = None) -> PriceCalculation:
        """What the initial purchase costs now; an unusable code takes nothing off, and `refusal` says why."""
        return PriceCalculation.of(self.quote(discount_code))

    def quote(self, discount_code: str | None = None, account_id: int | None = None) -> Quote:
        """What the initial purchase costs now, step by step; with an account, as its own history makes it.

        Taking the use of a code judges the account's history again, for good.
        """
        now = self.clock()
        with self.database.read() as connection:
            base = BasePrice.of(self.in_force(connection, now))
            code = self._find(connection, discount_code)
            account = None
            if isinstance(code, DiscountCode) and is_id(account_id):
                account = self.discount_store.account_facts(connection, code.id, account_id)
        return quote(base, code=code, account=account, moment=now)

    def preview(
        self,
        *,
        mode: str | None = None,
        rrp_cents: int | None = None,
        launch_cents: int | None = None,
        sale_cents: int | None = None,
        effective_at: datetime | None = None,
        ends_at: datetime | None = None,
        limit: int = 200,
    ) -> Preview:
        """What `change_prices` with the same values would do, for each mode and the newest `limit` active codes.

        Raises `InvalidInput` as that does. Nothing is stored.
        """
        now = self.clock()
        check_window(now, effective_at, ends_at)
        moment = effective_at or now
        with self.database.read() as connection:
            current, base = self.in_force(connection, now), self.in_force(connection, moment)
            after = base.prices.edited(mode=mode, rrp_cents=rrp_cents, launch_cents=launch_cents, sale_cents=sale_cents)
            codes = self.discount_store.page(connection, limit, status=CodeStatus.ACTIVE, now=moment)
            waiting = self.order_store.open_purchases(connection)
            returns = None if ends_at is None else self.in_force(connection, ends_at)
            pending = self.price_store.pending(connection, moment)
        return Preview(
            base=base,
            after=after,
            doubts=tuple(doubts(base.prices, after)),
            effects=effects(current, after, codes, now, moment),
            kept=kept_at(moment, waiting, after),
            replaces_end_at=base.ends_at,
            returns=returns,
            then=tuple(pending),
        )

    def _find(self, connection: Connection, code: str | None) -> DiscountCode | UnknownCode | None:
        """The code that a text names."""
        if code is None:
            return None
        try:
            found = self.discount_store.get(connection, canonical_code(code))
        except InvalidInput:
            found = None
        return found or UnknownCode.named(code)


def get_pricing_service() -> DynamicPricingService:
    """The pricing service of this process."""
    return DynamicPricingService.over(get_runtime())
