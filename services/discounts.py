"""Discount codes: creating, editing, finding, enabling and disabling them, one by one and in batches."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Self

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.code_changes import CodeChanges
from services.database import Database
from services.domain.code_pattern import CodePattern
from services.domain.discount import CodeStatus, CodeTerms, DiscountCode, Refusal, canonical_code
from services.domain.text import check_text
from services.errors import InvalidInput, NotFound
from services.runtime import Runtime, get_runtime
from services.stores.audit import AuditStore
from services.stores.discounts import DiscountStore

__all__ = ["CodeStatus", "CodeTerms", "DiscountCode", "DiscountService", "get_discount_service"]

MAX_PAGE = 1_000
"""The most codes that one search answers."""


class DiscountService:
    """Creates and changes discount codes. Each change has its audit row in the same transaction.

    Codes are found in whatever form they are typed; each knows its status of the moment at which it was read.
    """

    def __init__(
        self, database: Database, discount_store: DiscountStore, audit_store: AuditStore, clock: Clock, actor: str
    ) -> None:
        self.database = database
        self.discount_store = discount_store
        self.clock = clock
        self.changes = CodeChanges(discount_store, audit_store, clock, actor)

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
        per_account_limit: int | None = None,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        min_amount_cents: int | None = None,
        first_purchase_only: bool = False,
        stacks_on_launch: bool = True,
        note: str = "",
    ) -> DiscountCode:
        """A new active code that takes off a percentage (100 basis points are 1 %) or a fixed amount in cents.

        The other terms are those of `CodeTerms`. Raises `InvalidInput` naming the field and its rule, and `Conflict`
        where the code exists.
        """
        canonical = canonical_code(code)
        terms = CodeTerms(
            percent_basis_points=percent_basis_points,
            amount_off_cents=amount_off_cents,
            max_uses=max_uses,
            per_account_limit=per_account_limit,
            starts_at=starts_at,
            ends_at=ends_at,
            min_amount_cents=min_amount_cents,
            first_purchase_only=first_purchase_only,
            stacks_on_launch=stacks_on_launch,
            note=note,
        )
        return self._changed(lambda connection: self.changes.create(connection, canonical, terms))

    def duplicate(self, code: str, new_code: str) -> DiscountCode:
        """A new active code with the terms of another. Raises as `create`, and `NotFound`."""
        source, canonical = canonical_code(code), canonical_code(new_code)

        def duplicate(connection: Connection) -> DiscountCode:
            found = self.discount_store.get(connection, source)
            if found is None:
                raise NotFound(Refusal.UNKNOWN.sentence(source), field="code")
            return self.changes.create(connection, canonical, found.terms, f"duplicate of {source}")

        return self._changed(duplicate)

    def generate(self, count: int, terms: CodeTerms, prefix: str, pattern: str = "########") -> list[str]:
        """`count` new active codes with the same terms, all or none, in the order of the code.

        Each `#` of the pattern is a character that cannot be misread, drawn by the system's source of secrets. Raises
        `InvalidInput` where the pattern makes no codes, or too few of them for `count` that are hard to guess.
        """
        drawn = CodePattern.of(prefix, pattern)
        with self.database.write() as connection:
            return self.changes.create_drawn(connection, drawn, count, terms)

    def edit(self, code: str, terms: CodeTerms, *, expected: CodeTerms | None = None) -> DiscountCode:
        """The code with other terms. `expected` are the terms that the edit was made on.

        A limit may be below the uses that are taken: none is taken from anybody, and no more are given. Raises
        `NotFound`, `StaleTerms` where somebody else's edit came first, and `Conflict` for another value of a code that
        an order was quoted with: an order keeps what it was quoted.
        """
        canonical = canonical_code(code)
        return self._changed(lambda connection: self.changes.edit(connection, canonical, terms, expected))

    def get(self, code: str) -> DiscountCode | None:
        """The code, in whatever form it is typed; None if there is none."""
        try:
            canonical = canonical_code(code)
        except InvalidInput:
            return None
        with self.database.read() as connection:
            found = self.discount_store.get(connection, canonical)
        return None if found is None else self._seen(found)

    def set_active(self, code: str, active: bool) -> DiscountCode:
        """The code, enabled or disabled. Raises `NotFound`. Setting what is set already changes nothing."""
        canonical = canonical_code(code)
        return self._changed(lambda connection: self.changes.set_active(connection, canonical, active))

    def set_all_active(self, codes: Collection[str], active: bool, reason: str = "") -> list[str]:
        """The codes that were enabled or disabled by this, all in one transaction, each with its audit row.

        Raises `NotFound` where one does not exist: then nothing was changed.
        """
        canonical = {canonical_code(code) for code in codes}
        why = check_text(reason, field="reason", longest=200, required=False)
        with self.database.write() as connection:
            return self.changes.set_all_active(connection, canonical, active, why)

    def was_used(self, code: str) -> bool:
        """Whether an order was ever quoted with the code: then what it takes off cannot be changed any more."""
        found = self.get(code)
        if found is None:
            return False
        with self.database.read() as connection:
            return self.discount_store.was_used(connection, found.id)

    def list_codes(self) -> list[DiscountCode]:
        """Every code, newest first."""
        with self.database.read() as connection:
            return [self._seen(code) for code in self.discount_store.all(connection)]

    def search(
        self,
        prefix: str = "",
        *,
        status: CodeStatus | None = None,
        after: DiscountCode | None = None,
        limit: int = 100,
    ) -> list[DiscountCode]:
        """Up to `limit` codes (1 to 1,000) that follow `after`, the last one of the page before.

        Those that begin with `prefix`, in whatever case, come in the order of the code; without one all come, newest
        first. A hundred thousand codes are searched within a key stroke.
        """
        wanted = prefix.strip()
        if limit < 1 or not wanted.isascii() or "\0" in wanted:
            return []
        now = self.clock()
        with self.database.read() as connection:
            found = self.discount_store.page(
                connection, min(limit, MAX_PAGE), prefix=wanted.upper(), status=status, after=after, now=now
            )
        return [replace(code, as_of=now) for code in found]

    def counts(self) -> dict[CodeStatus, int]:
        """How many codes there are of each status now."""
        with self.database.read() as connection:
            return self.discount_store.counts(connection, self.clock())

    def _changed(self, change: Callable[[Connection], DiscountCode]) -> DiscountCode:
        with self.database.write() as connection:
            changed = change(connection)
        return self._seen(changed)

    def _seen(self, code: DiscountCode) -> DiscountCode:
        return replace(code, as_of=self.clock())


def get_discount_service() -> DiscountService:
    """The discount service of this process."""
    return DiscountService.over(get_runtime())
