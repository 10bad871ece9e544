"""Discount codes: creating, listing, enabling and disabling them."""

from typing import Any, Self

from services.clock import Clock
from services.database import Database
from services.domain.audit import AuditEntry
from services.domain.discount import DiscountCode, Refusal, canonical_code, check_value
from services.errors import InvalidInput, NotFound
from services.runtime import Runtime, get_runtime
from services.stores.audit import AuditStore
from services.stores.discounts import DiscountStore

__all__ = ["DiscountCode", "DiscountService", "get_discount_service"]


class DiscountService:
    """Creates and switches discount codes. Each change has its audit row in the same transaction."""

    def __init__(
        self, database: Database, discount_store: DiscountStore, audit_store: AuditStore, clock: Clock, actor: str
    ) -> None:
        self.database = database
        self.discount_store = discount_store
        self.audit_store = audit_store
        self.clock = clock
        self.actor = actor

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(runtime.database, DiscountStore(), AuditStore(), runtime.clock, runtime.actor)

    def create(
        self,
        code: str,
        *,
        percent_basis_points: int | None = None,
        amount_off_cents: int | None = None,
        max_uses: int | None = None,
    ) -> DiscountCode:
        """A new active code that takes off a percentage (100 basis points are 1 %) or a fixed amount in cents.

        Raises `InvalidInput` naming the field and its rule, and `Conflict` where the code exists.
        """
        canonical = canonical_code(code)
        check_value(percent_basis_points, amount_off_cents, max_uses)
        now = self.clock()
        with self.database.write() as connection:
            created = self.discount_store.create(
                connection, canonical, percent_basis_points, amount_off_cents, max_uses, now
            )
            terms = {
                "percent_basis_points": percent_basis_points,
                "amount_off_cents": amount_off_cents,
                "max_uses": max_uses,
            }
            self.audit_store.append(connection, self._entry("create", canonical, None, terms))
        return created

    def get(self, code: str) -> DiscountCode | None:
        """The code, in whatever form it is typed; None if there is none."""
        try:
            canonical = canonical_code(code)
        except InvalidInput:
            return None
        with self.database.read() as connection:
            return self.discount_store.get(connection, canonical)

    def set_active(self, code: str, active: bool) -> DiscountCode:
        """The code, enabled or disabled. Raises `NotFound`. Setting what is set already changes nothing."""
        with self.database.write() as connection:
            found = self.discount_store.get(connection, canonical_code(code))
            if found is None:
                raise NotFound(Refusal.UNKNOWN.sentence(canonical_code(code)), field="code")
            if found.active == active:
                return found
            action = "enable" if active else "disable"
            self.audit_store.append(
                connection, self._entry(action, found.code, {"active": found.active}, {"active": active})
            )
            return self.discount_store.set_active(connection, found.id, active)

    def list_codes(self) -> list[DiscountCode]:
        """Every code, newest first."""
        with self.database.read() as connection:
            return self.discount_store.all(connection)

    def _entry(self, action: str, code: str, before: dict[str, Any] | None, after: dict[str, Any]) -> AuditEntry:
        return AuditEntry(self.clock(), self.actor, action, "discount_code", code, before, after)


def get_discount_service() -> DiscountService:
    """The discount service of this process."""
    return DiscountService.over(get_runtime())
