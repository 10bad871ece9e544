"""Changing prices, at once or at a set time: dated, attributed, audited, and never over somebody else's change."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.engine import Connection

from services.clock import Clock
from services.database import Database
from services.domain.audit import AuditEntry
from services.domain.money import format_cents
from services.domain.pricing import OvertakenPrice, PriceChange, Prices, Withdrawal, doubts
from services.domain.text import check_text, is_id
from services.domain.timeline import Period, SaleReference, sale_reference, timeline
from services.errors import Conflict, InvalidInput, NeedsConfirmation, NotFound
from services.stores.audit import AuditStore
from services.stores.prices import PriceStore


@dataclass(frozen=True)
class PricePlan:
    """The prices in force and what is to come: at `next_at` the prices of `next` take over (None: no end is known).

    `pending` are the changes that can be withdrawn, the next one first; `history` are the last changes, newest first.
    `starting` are the settings' prices, as version 0.
    """

    current: PriceChange
    next_at: datetime | None
    next: PriceChange | None
    pending: tuple[PriceChange, ...]
    history: tuple[PriceChange, ...]
    starting: PriceChange


class PriceChanges:
    """The prices in force, those that were and those to come, and the changes that make them.

    Each change is one transaction with one audit row; one that is refused leaves no trace.
    """

    def __init__(
        self,
        database: Database,
        price_store: PriceStore,
        audit_store: AuditStore,
        starting_prices: Prices,
        clock: Clock,
        actor: str,
    ) -> None:
        self.database = database
        self.price_store = price_store
        self.audit_store = audit_store
        self.starting_prices = starting_prices
        self.clock = clock
        self.actor = actor

    def current(self) -> PriceChange:
        """The prices in force; version 0 where they are the settings' own."""
        with self.database.read() as connection:
            return self.in_force(connection, self.clock())

    def plan(self, limit: int | None = 50) -> PricePlan:
        """The prices in force, what is to come, and the last `limit` stored changes or all, read at one go."""
        now = self.clock()
        with self.database.read() as connection:
            current = self.in_force(connection, now)
            pending = self.price_store.pending(connection, now)
            moments = [moment for moment in (current.ends_at, *(change.effective_at for change in pending)) if moment]
            next_at = min(moments, default=None)
            return PricePlan(
                current=current,
                next_at=next_at,
                next=None if next_at is None else self.in_force(connection, next_at),
                pending=tuple(pending),
                history=tuple(self.price_store.newest(connection, limit)),
                starting=self._starting,
            )

    def history(self, limit: int = 50) -> list[PriceChange]:
        """The last `limit` stored changes, newest first; also those that are pending or were withdrawn."""
        with self.database.read() as connection:
            return self.price_store.newest(connection, limit)

    def timeline(self) -> list[Period]:
        """Which prices were, are and as of now will be in force when, oldest first and without a gap."""
        with self.database.read() as connection:
            return timeline(self._starting, self.price_store.newest(connection))

    def sale_reference(self) -> SaleReference | None:
        """The sale that is on and the lowest price of the 30 days before it began; None without one."""
        return sale_reference(self.timeline(), self.clock())

    def change_prices(
        self,
        *,
        mode: str | None = None,
        rrp_cents: int | None = None,
        launch_cents: int | None = None,
        sale_cents: int | None = None,
        reason: str = "",
        expected_version: int | None = None,
        effective_at: datetime | None = None,
        ends_at: datetime | None = None,
        confirmed: bool = True,
    ) -> PriceChange:
        """Stores new prices; what is not given stays as it is.

        They are in force at once, or from `effective_at` on, until `ends_at` where it is given: then the prices from
        before return. `expected_version` is the version that the edit was made on: the one in force now, or as of now
        at `effective_at`. Raises `InvalidInput` naming the field, `OvertakenPrice` where another change came first,
        `Conflict` where nothing would change, and, where nobody `confirmed` it, `NeedsConfirmation` for a price that is
        seldom meant (0, above the RRP, moved by more than 50 %).
        """
        reason = check_text(reason, field="reason", longest=200, required=False)
        with self.database.write() as connection:
            now = self._begin_change(connection)
            check_window(now, effective_at, ends_at)
            before = self.in_force(connection, effective_at or now)
            prices = before.prices.edited(
                mode=mode, rrp_cents=rrp_cents, launch_cents=launch_cents, sale_cents=sale_cents
            )
            self._check_version(connection, expected_version, before, prices)
            given = any(value is not None for value in (mode, rrp_cents, launch_cents, sale_cents))
            if prices == before.prices and not (given and _lasts_longer(ends_at, before.ends_at)):
                raise Conflict("These are the prices in force already.")
            if not confirmed:
                _check_doubts(before.prices, prices)
            return self._append(connection, before, prices, reason, now, effective_at, ends_at)

    def revert(
        self, version: int, *, reason: str = "", expected_version: int | None = None, confirmed: bool = True
    ) -> PriceChange:
        """Puts the prices of an earlier version in force again, as a new change; version 0 are the settings' prices.

        Raises `NotFound`, and what `change_prices` raises.
        """
        with self.database.read() as connection:
            prices = self._prices_of(connection, version)
        if prices is None:
            raise NotFound(f"There is no version {version} of the prices.", field="version")
        return self.change_prices(
            mode=prices.mode,
            rrp_cents=prices.rrp_cents,
            launch_cents=prices.launch_cents,
            sale_cents=prices.sale_cents,
            reason=reason or f"back to v{version}",
            expected_version=expected_version,
            confirmed=confirmed,
        )

    def end(self, *, reason: str = "", expected_version: int | None = None) -> PriceChange:
        """Ends the prices in force before their `ends_at`: those from before return now, as a new change.

        Raises `Conflict` where the prices in force have no end, or those from before have one that comes first, and
        `OvertakenPrice`.
        """
        reason = check_text(reason, field="reason", longest=200, required=False)
        with self.database.write() as connection:
            now = self._begin_change(connection)
            before = self.in_force(connection, now)
            if before.ends_at is None:
                raise Conflict("The prices in force have no end: change them instead.")
            returning = self.price_store.in_force(connection, now, without=before.version) or self._starting
            self._check_version(connection, expected_version, before, returning.prices)
            if returning.ends_at is not None and returning.ends_at < before.ends_at:
                raise Conflict("The prices from before end first, so they cannot return: change the prices instead.")
            why = reason or f"v{before.version} ended early"
            return self._append(connection, before, returning.prices, why, now, ends_at=returning.ends_at)

    def withdraw(self, version: int, reason: str = "") -> PriceChange:
        """Takes back a change whose moment has not come: it never counts.

        Raises `NotFound`, and `Conflict` where it is in force, is past, or was withdrawn before.
        """
        reason = check_text(reason, field="reason", longest=200, required=False)
        with self.database.write() as connection:
            now = self._begin_change(connection)
            change = self.price_store.get(connection, version) if is_id(version) else None
            if change is None:
                raise NotFound(f"There is no version {version} of the prices.", field="version")
            if change.withdrawn is not None:
                raise Conflict(f"Version {version} was withdrawn by {change.withdrawn.actor} already.", field="version")
            if not change.is_pending(now):
                raise Conflict(f"Version {version} took effect already: change the prices instead.", field="version")
            withdrawal = Withdrawal(self.actor, reason, now)
            self.price_store.withdraw(connection, version, withdrawal)
            before = _terms(change.prices, change.effective_at, change.ends_at)
            self.audit_store.append(
                connection, AuditEntry(now, self.actor, "withdraw", "prices", str(version), before, None, reason)
            )
        return replace(change, withdrawn=withdrawal)

    def put(self, connection: Connection, prices: Prices, reason: str) -> PriceChange:
        """Puts prices in force at once, in the caller's transaction and without asking whether they are meant."""
        now = self._begin_change(connection)
        return self._append(connection, self.in_force(connection, now), prices, reason, now)

    @property
    def _starting(self) -> PriceChange:
        return PriceChange(0, self.starting_prices, "", "settings", None, None)

    def _begin_change(self, connection: Connection) -> datetime:
        """Lets nobody else change prices, and gives the moment of the change: now, and never before the last one.

        A clock that was set back would date a change behind the one that it follows, which would stay in force instead.
        """
        self.price_store.lock(connection)
        dates = [change.created_at for change in self.price_store.newest(connection, 1)]
        return max([self.clock(), *filter(None, dates)])

    def in_force(self, connection: Connection, moment: datetime) -> PriceChange:
        """The change that, as of now, is in force at a moment."""
        return self.price_store.in_force(connection, moment) or self._starting

    def _prices_of(self, connection: Connection, version: int) -> Prices | None:
        if version == 0:
            return self.starting_prices
        change = self.price_store.get(connection, version) if is_id(version) else None
        return None if change is None else change.prices

    def _check_version(
        self, connection: Connection, expected_version: int | None, before: PriceChange, asked: Prices
    ) -> None:
        if expected_version is not None and expected_version != before.version:
            base = self._prices_of(connection, expected_version)
            raise OvertakenPrice(expected_version, base, before, asked)

    def _append(
        self,
        connection: Connection,
        before: PriceChange,
        prices: Prices,
        reason: str,
        now: datetime,
        effective_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> PriceChange:
        """Stores a change with its audit row."""
        version = self.price_store.last_version(connection) + 1
        change = PriceChange(version, prices, reason, self.actor, effective_at or now, now, ends_at)
        self.price_store.append(connection, change)
        terms = _terms(prices, effective_at, ends_at)
        self.audit_store.append(
            connection,
            AuditEntry(now, self.actor, "change", "prices", str(version), _terms(before.prices), terms, reason),
        )
        return change


def check_window(now: datetime, effective_at: datetime | None, ends_at: datetime | None) -> None:
    """Raises `InvalidInput` for a window that is not to come, or ends before it begins."""
    for field, moment in (("effective_at", effective_at), ("ends_at", ends_at)):
        if moment is not None and (not isinstance(moment, datetime) or moment.tzinfo is None):
            raise InvalidInput("A moment has a time zone.", field=field)
    if effective_at is not None and effective_at <= now:
        raise InvalidInput("A change is scheduled for a moment to come.", field="effective_at")
    if ends_at is not None and ends_at <= (effective_at or now):
        raise InvalidInput("A change ends after it begins.", field="ends_at")


def _lasts_longer(ends_at: datetime | None, before_ends_at: datetime | None) -> bool:
    """Whether the same prices would be in force for longer than they are to be."""
    return before_ends_at is not None and (ends_at is None or ends_at > before_ends_at)


def _check_doubts(before: Prices, after: Prices) -> None:
    for doubt in doubts(before, after):
        raise NeedsConfirmation(
            f"{doubt.sentence} Confirm it by typing {format_cents(doubt.price_cents)} again.",
            field=doubt.field,
            price_cents=doubt.price_cents,
        )


def _terms(prices: Prices, effective_at: datetime | None = None, ends_at: datetime | None = None) -> dict[str, Any]:
    """What a change sets, for the audit trail; its moments where they are not at once and until further notice."""
    moments = {"effective_at": effective_at, "ends_at": ends_at}
    return {
        "mode": prices.mode.value,
        "rrp_cents": prices.rrp_cents,
        "launch_cents": prices.launch_cents,
        "sale_cents": prices.sale_cents,
        **{name: moment.astimezone(UTC).isoformat() for name, moment in moments.items() if moment is not None},
    }
