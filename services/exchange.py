"""Carrying prices and codes from one desk to another, such as from test to live, with the difference seen before."""

from typing import Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.code_changes import CodeChanges
from services.database import Database
from services.domain.exchange import (
    CodeOffer,
    Comparison,
    Difference,
    Offer,
    compare,
    offer_as_json,
    offer_from_json,
)
from services.domain.pricing import Prices
from services.domain.text import check_text
from services.errors import Conflict
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.stores.audit import AuditStore
from services.stores.discounts import DiscountStore

__all__ = ["CodeOffer", "Comparison", "Difference", "ExchangeService", "Offer"]


class ExchangeService:
    """Writes the prices in force and all codes as a document, and takes one over: all of it or nothing."""

    def __init__(
        self,
        database: Database,
        pricing_service: DynamicPricingService,
        discount_store: DiscountStore,
        changes: CodeChanges,
        clock: Clock,
    ) -> None:
        self.database = database
        self.pricing_service = pricing_service
        self.discount_store = discount_store
        self.changes = changes
        self.clock = clock

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        store = DiscountStore()
        changes = CodeChanges(store, AuditStore(), runtime.clock, runtime.actor)
        return cls(runtime.database, DynamicPricingService.over(runtime), store, changes, runtime.clock)

    def export(self) -> str:
        """The prices in force and all codes, without their uses, as JSON."""
        with self.database.read() as connection:
            return offer_as_json(self._offer(connection))

    def compare(self, document: str) -> Comparison:
        """What taking over a document would change here. Raises `InvalidInput` for what is no such document."""
        there = offer_from_json(document)
        with self.database.read() as connection:
            return compare(self._offer(connection), there)

    def take_over(self, document: str, approved: Comparison, reason: str = "import") -> Comparison:
        """Makes the prices and codes those of the document, in one transaction with an audit row for each change.

        Codes that the document lacks stay. Raises `Conflict` where the difference is no longer the one that was
        `approved`, or a code that was used would take off something else: then nothing was changed.
        """
        there = offer_from_json(document)
        why = check_text(reason, field="reason", longest=200)
        with self.database.write() as connection:
            self.pricing_service.price_store.lock(connection)
            found = compare(self._offer(connection), there)
            if found != approved:
                raise Conflict("The prices or codes were changed since the difference was shown. Nothing was changed.")
            for difference in found.differences:
                self._apply(connection, difference, why)
        return found

    def _offer(self, connection: Connection) -> Offer:
        in_force = self.pricing_service.in_force(connection, self.clock())
        codes = {code.code: CodeOffer.of(code) for code in self.discount_store.all(connection)}
        return Offer(in_force.prices, codes)

    def _apply(self, connection: Connection, difference: Difference, reason: str) -> None:
        match difference.there:
            case Prices() as prices:
                self.pricing_service.put(connection, prices, reason)
            case CodeOffer(terms, active):
                if difference.here is None:
                    self.changes.create(connection, difference.name, terms, reason)
                elif isinstance(difference.here, CodeOffer):
                    expected = difference.here.terms
                    self.changes.edit(connection, difference.name, terms, expected, reason)
                self.changes.set_active(connection, difference.name, active, reason)
