"""Changes of discount codes inside a transaction, each with its audit row."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.domain.audit import AuditEntry
from services.domain.code_pattern import CodePattern
from services.domain.discount import CodeTerms, DiscountCode, Refusal
from services.errors import Conflict, NotFound, StaleTerms
from services.stores.audit import AuditStore
from services.stores.discounts import DiscountStore

OBJECT_TYPE = "discount_code"


class CodeChanges:
    """Changes codes in the caller's transaction. Codes are in canonical form here."""

    def __init__(self, discount_store: DiscountStore, audit_store: AuditStore, clock: Clock, actor: str) -> None:
        self.discount_store = discount_store
        self.audit_store = audit_store
        self.clock = clock
        self.actor = actor

    def create(self, connection: Connection, code: str, terms: CodeTerms, reason: str = "") -> DiscountCode:
        """A new active code. Raises `Conflict` where it exists."""
        created = self.discount_store.create(connection, code, terms, self.clock())
        self.audit_store.append(connection, self._entry("create", code, None, terms_as_json(terms), reason))
        return created

    def create_drawn(self, connection: Connection, pattern: CodePattern, count: int, terms: CodeTerms) -> list[str]:
        """`count` new codes of a pattern, in the order of the code. Raises `InvalidInput` where it has too few."""
        pattern.check_room(count, self.discount_store.count_with_prefix(connection, pattern.prefix))
        drawn: set[str] = set()
        while len(drawn) < count:
            missing = {pattern.draw() for _ in range(count - len(drawn))} - drawn
            drawn |= missing - self.discount_store.existing(connection, missing)
        codes = sorted(drawn)
        self.discount_store.create_many(connection, codes, terms, self.clock())
        entry = self._entry("create", "", None, terms_as_json(terms), f"one of {count:,} drawn as {pattern.text}")
        self.audit_store.append_each(connection, entry, codes)
        return codes

    def edit(
        self,
        connection: Connection,
        code: str,
        terms: CodeTerms,
        expected: CodeTerms | None = None,
        reason: str = "",
    ) -> DiscountCode:
        """The code with other terms; what is stored already is no change.

        Raises `NotFound`, `StaleTerms` where the terms are no longer `expected`, and `Conflict` for another value of a
        code that an order was quoted with.
        """
        found = self._locked(connection, code)
        if expected is not None and found.terms != expected:
            raise StaleTerms(f"The code {code} was changed in the meantime. Nothing was overwritten.")
        if terms == found.terms:
            return found
        if _value(terms) != _value(found.terms) and self.discount_store.was_used(connection, found.id):
            raise Conflict(
                f"The code {code} was used already, so it keeps taking off {found.value_text}. "
                "Duplicate it as a new code instead.",
                field="value",
            )
        # The uses tell later how far a lower limit was exceeded already when it was set.
        before, after = ({**terms_as_json(one), "uses": found.uses} for one in (found.terms, terms))
        self.audit_store.append(connection, self._entry("edit", code, before, after, reason))
        return self.discount_store.set_terms(connection, found.id, terms)

    def set_active(self, connection: Connection, code: str, active: bool, reason: str = "") -> DiscountCode:
        """The code, enabled or disabled; what is set already is no change. Raises `NotFound`."""
        found = self._locked(connection, code)
        if found.active == active:
            return found
        self.audit_store.append(connection, self._switch(code, active, reason))
        return self.discount_store.set_active(connection, found.id, active)

    def set_all_active(self, connection: Connection, codes: Collection[str], active: bool, reason: str) -> list[str]:
        """The codes that were enabled or disabled by this; those that are so already are no change.

        Raises `NotFound` naming the first one that does not exist.
        """
        unknown = set(codes) - self.discount_store.existing(connection, codes)
        if unknown:
            raise NotFound(Refusal.UNKNOWN.sentence(min(unknown)), field="code")
        switched = sorted(self.discount_store.set_all_active(connection, codes, active))
        self.audit_store.append_each(connection, self._switch("", active, reason), switched)
        return switched

    def _locked(self, connection: Connection, code: str) -> DiscountCode:
        found = self.discount_store.locked(connection, code)
        if found is None:
            raise NotFound(Refusal.UNKNOWN.sentence(code), field="code")
        return found

    def _switch(self, code: str, active: bool, reason: str) -> AuditEntry:
        action = "enable" if active else "disable"
        return self._entry(action, code, {"active": not active}, {"active": active}, reason)

    def _entry(
        self, action: str, code: str, before: dict[str, Any] | None, after: dict[str, Any], reason: str
    ) -> AuditEntry:
        return AuditEntry(self.clock(), self.actor, action, OBJECT_TYPE, code, before, after, reason)


def terms_as_json(terms: CodeTerms) -> dict[str, Any]:
    """The terms as JSON's own types: moments as ISO 8601 in UTC."""
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(terms).items()
    }


def _value(terms: CodeTerms) -> tuple[int | None, int | None]:
    return terms.percent_basis_points, terms.amount_off_cents
