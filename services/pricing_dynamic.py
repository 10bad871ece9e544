"""Prices: what is in force, what a checkout costs, and changing it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.database import Database
from services.domain.audit import AuditEntry
from services.domain.discount import DiscountCode, Refusal, canonical_code
from services.domain.pricing import PriceCalculation, PriceChange, PriceMode, Prices
from services.domain.text import check_text
from services.errors import Conflict, InvalidInput, StalePrice
from services.runtime import Runtime, get_runtime
from services.stores.audit import AuditStore
from services.stores.discounts import DiscountStore
from services.stores.prices import PriceStore

__all__ = [
    "DiscountValidation",
    "DynamicPricingService",
    "PriceCalculation",
    "PriceChange",
    "PriceMode",
    "Prices",
    "get_pricing_service",
]


@dataclass(frozen=True)
class DiscountValidation:
    """Whether a code can be used now, and if not, why: `error_message` is fit for the customer."""

    valid: bool
    discount_code: DiscountCode | None
    error_message: str | None


class DynamicPricingService:
    """Answers what a checkout costs, and changes prices with a dated, attributed, audited version."""

    def __init__(
        self,
        database: Database,
        price_store: PriceStore,
        discount_store: DiscountStore,
        audit_store: AuditStore,
        starting_prices: Prices,
        clock: Clock,
        actor: str,
    ) -> None:
        self.database = database
        self.price_store = price_store
        self.discount_store = discount_store
        self.audit_store = audit_store
        self.starting_prices = starting_prices
        self.clock = clock
        self.actor = actor

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
            runtime.database, PriceStore(), DiscountStore(), AuditStore(), starting, runtime.clock, runtime.actor
        )

    def get_base_price_cents(self) -> int:
        """The price of the active mode, in cents."""
        return self.current().prices.in_force_cents

    def current(self) -> PriceChange:
        """The prices in force; version 0 where they are the settings' own."""
        with self.database.read() as connection:
            return self._in_force(connection)

    def history(self, limit: int = 50) -> list[PriceChange]:
        """The last `limit` stored changes, newest first."""
        with self.database.read() as connection:
            return self.price_store.newest(connection, limit)

    def validate_discount_code(self, code: str) -> DiscountValidation:
        """Whether `code`, in whatever form it is typed, can be used now."""
        with self.database.read() as connection:
            return self._validate(connection, code)

    def calculate_final_price(self, base_price_cents: int, discount_code: str | None = None) -> PriceCalculation:
        """What a base price comes to with a code; an unusable code takes nothing off, and `refusal` says why.

        Raises `InvalidInput` for a base price that is not an `int` from 0.
        """
        if type(base_price_cents) is not int or base_price_cents < 0:
            raise InvalidInput("A base price is a whole number of cents from 0.", field="base_price_cents")
        with self.database.read() as connection:
            return self._calculate(connection, base_price_cents, discount_code)

    def get_checkout_price(self, discount_code: str | None = None) -> PriceCalculation:
        """What the initial purchase costs now; an unusable code takes nothing off, and `refusal` says why."""
        with self.database.read() as connection:
            in_force = self._in_force(connection)
            return self._calculate(connection, in_force.prices.in_force_cents, discount_code, in_force)

    def change_prices(
        self,
        *,
        mode: str | None = None,
        rrp_cents: int | None = None,
        launch_cents: int | None = None,
        sale_cents: int | None = None,
        reason: str = "",
        expected_version: int | None = None,
    ) -> PriceChange:
        """Stores new prices, in force at once; what is not given stays as it is.

        `expected_version` is the version the edit was made on. Raises `InvalidInput` naming the field, `StalePrice`
        where another change came first, and `Conflict` where nothing would change.
        """
        reason = check_text(reason, field="reason", longest=200, required=False)
        with self.database.write() as connection:
            self.price_store.lock(connection)
            now = self._moment_of_change(connection)
            before = self._in_force(connection, now)
            if expected_version is not None and expected_version != before.version:
                raise StalePrice(
                    f"The prices were changed by {before.actor} in the meantime (version {before.version}, "
                    f"your edit was made on {expected_version}). Nothing was overwritten."
                )
            prices = before.prices.edited(
                mode=mode, rrp_cents=rrp_cents, launch_cents=launch_cents, sale_cents=sale_cents
            )
            if prices == before.prices:
                raise Conflict("These are the prices in force already.")
            version = self.price_store.last_version(connection) + 1
            change = PriceChange(version, prices, reason, self.actor, now, now)
            self.price_store.append(connection, change)
            self.audit_store.append(
                connection,
                AuditEntry(
                    now, self.actor, "change", "prices", str(version), _terms(before.prices), _terms(prices), reason
                ),
            )
        return change

    def _moment_of_change(self, connection: Connection) -> datetime:
        """Now, and never before the last change: a clock that was set back would date a change behind the one that it
        follows, which would stay in force instead."""
        dates = [change.created_at for change in self.price_store.newest(connection, 1)]
        return max([self.clock(), *filter(None, dates)])

    def _in_force(self, connection: Connection, moment: datetime | None = None) -> PriceChange:
        stored = self.price_store.in_force(connection, moment or self.clock())
        return stored or PriceChange(0, self.starting_prices, "", "settings", None, None)

    def _validate(self, connection: Connection, code: str) -> DiscountValidation:
        try:
            canonical = canonical_code(code)
        except InvalidInput as error:
            return DiscountValidation(False, None, error.sentence)
        found = self.discount_store.get(connection, canonical)
        refusal = Refusal.UNKNOWN if found is None else found.refusal_at(self.clock())
        if refusal is not None:
            return DiscountValidation(False, found, refusal.sentence(canonical))
        return DiscountValidation(True, found, None)

    def _calculate(
        self, connection: Connection, base_cents: int, code: str | None, in_force: PriceChange | None = None
    ) -> PriceCalculation:
        validation = self._validate(connection, code) if code is not None else None
        applied = validation.discount_code if validation is not None and validation.valid else None
        discount_cents = 0 if applied is None else applied.discount_on(base_cents)
        return PriceCalculation(
            base_price_cents=base_cents,
            discount_cents=discount_cents,
            final_price_cents=base_cents - discount_cents,
            discount_code_applied=None if applied is None else applied.code,
            refusal=None if validation is None else validation.error_message,
            price_mode=None if in_force is None else in_force.prices.mode,
            price_version=None if in_force is None else in_force.version,
        )


def _terms(prices: Prices) -> dict[str, Any]:
    return {
        "mode": prices.mode.value,
        "rrp_cents": prices.rrp_cents,
        "launch_cents": prices.launch_cents,
        "sale_cents": prices.sale_cents,
    }


def get_pricing_service() -> DynamicPricingService:
    """The pricing service of this process."""
    return DynamicPricingService.over(get_runtime())
