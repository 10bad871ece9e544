"""Reports of discount codes, derived from the stored uses and not from counters."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from services.clock import Clock
from services.database import Database
from services.domain.code_report import CodeReport, CodeTotals, DayOfUses, Redemption, days_of
from services.domain.discount import DiscountCode, Refusal, canonical_code
from services.domain.text import is_id
from services.errors import NotFound
from services.runtime import Runtime
from services.stores.discounts import DiscountStore
from services.stores.redemptions import RedemptionStore

__all__ = ["CodeReport", "CodeReportService", "CodeTotals", "DayOfUses", "Redemption"]

MAX_PAGE = 1_000
"""The most uses that one call reads."""


class CodeReportService:
    """Tells what became of the uses of codes. Days are those of the business's time zone."""

    def __init__(
        self,
        database: Database,
        discount_store: DiscountStore,
        redemption_store: RedemptionStore,
        zone: ZoneInfo,
        clock: Clock,
    ) -> None:
        self.database = database
        self.discount_store = discount_store
        self.redemption_store = redemption_store
        self.zone = zone
        self.clock = clock

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(
            runtime.database,
            DiscountStore(),
            RedemptionStore(),
            ZoneInfo(runtime.settings.business_zone),
            runtime.clock,
        )

    def totals(self, codes: Sequence[DiscountCode]) -> dict[str, CodeTotals]:
        """The uses of each code, by the code: for a page of a list, in one query."""
        with self.database.read() as connection:
            found = self.redemption_store.totals(connection, [code.id for code in codes])
        return {code.code: found.get(code.id, CodeTotals()) for code in codes}

    def report(self, code: str, *, since: datetime | None = None) -> CodeReport:
        """A code with the totals of all its uses, and the days of those taken from `since` on. Raises `NotFound`."""
        with self.database.read() as connection:
            found = self.discount_store.get(connection, canonical_code(code))
            if found is None:
                raise NotFound(Refusal.UNKNOWN.sentence(canonical_code(code)), field="code")
            totals = self.redemption_store.totals(connection, [found.id]).get(found.id, CodeTotals())
            uses = self.redemption_store.moments(connection, found.id, since)
        return CodeReport(replace(found, as_of=self.clock()), totals, days_of(uses, self.zone))

    def redemptions(self, code: str, *, limit: int = 50, before_order_id: int | None = None) -> list[Redemption]:
        """The last `limit` uses of a code (1 to 1,000), newest order first; the next page is before the last order.

        Raises `NotFound`.
        """
        if limit < 1 or not (before_order_id is None or is_id(before_order_id)):
            return []
        with self.database.read() as connection:
            found = self.discount_store.get(connection, canonical_code(code))
            if found is None:
                raise NotFound(Refusal.UNKNOWN.sentence(canonical_code(code)), field="code")
            return self.redemption_store.newest(connection, found.id, min(limit, MAX_PAGE), before_order_id)
