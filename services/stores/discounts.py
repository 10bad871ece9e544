"""Discount codes and their redemptions: a use is taken under the code's own lock, so a code is never oversold."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from services.domain.checkout import OrderPurpose, OrderStatus
from services.domain.discount import AccountFacts, CodeStatus, CodeTerms, DiscountCode, RedemptionStatus
from services.errors import Conflict
from services.models.tables import discount_codes, orders, redemptions
from services.stores.dialects import each_of
from services.stores.locks import lock

_AFTER_ANY_CODE = "~"
"""Sorts behind every character of a code, by code point."""

_TAKEN = (RedemptionStatus.HELD.value, RedemptionStatus.REDEEMED.value)


class DiscountStore:
    """Reads and writes codes, and counts their uses."""

    def create(self, connection: Connection, code: str, terms: CodeTerms, now: datetime) -> DiscountCode:
        """A new active code. Raises `Conflict` where the code exists."""
        statement = sa.insert(discount_codes).values(code=code, **_new(terms, now))
        try:
            return _code(connection.execute(statement.returning(*discount_codes.c)).one())
        except IntegrityError:
            raise Conflict(f"There is already a code {code}.", field="code") from None

    def create_many(self, connection: Connection, codes: Collection[str], terms: CodeTerms, now: datetime) -> None:
        """New active codes with the same terms, by one statement. Raises `Conflict` where one exists."""
        values = _new(terms, now)
        bound = [sa.bindparam(None, value, discount_codes.c[name].type) for name, value in values.items()]
        drawn = sa.select(each_of(connection, codes), *bound)
        try:
            connection.execute(sa.insert(discount_codes).from_select(["code", *values], drawn))
        except IntegrityError:
            raise Conflict(
                "One of these codes was created in the meantime. Nothing was created.", field="code"
            ) from None

    def existing(self, connection: Connection, codes: Collection[str]) -> set[str]:
        """Those of `codes` that are stored already."""
        wanted = sa.select(each_of(connection, codes).label("code")).subquery()
        return set(
            connection.scalars(sa.select(discount_codes.c.code).join(wanted, wanted.c.code == discount_codes.c.code))
        )

    def get(self, connection: Connection, code: str) -> DiscountCode | None:
        """The code in canonical form."""
        row = connection.execute(sa.select(discount_codes).where(discount_codes.c.code == code)).one_or_none()
        return None if row is None else _code(row)

    def locked(self, connection: Connection, code: str) -> DiscountCode | None:
        """The code in canonical form, which nobody else changes or takes until the caller's transaction ends."""
        statement = sa.select(discount_codes).where(discount_codes.c.code == code).with_for_update()
        row = connection.execute(statement).one_or_none()
        return None if row is None else _code(row)

    def all(self, connection: Connection) -> list[DiscountCode]:
        """Every code, newest first."""
        return [
            _code(row) for row in connection.execute(sa.select(discount_codes).order_by(discount_codes.c.id.desc()))
        ]

    def page(
        self,
        connection: Connection,
        limit: int,
        *,
        prefix: str = "",
        status: CodeStatus | None = None,
        after: DiscountCode | None = None,
        now: datetime,
    ) -> list[DiscountCode]:
        """Up to `limit` codes that follow `after`: with a prefix in the order of the code, all of them newest first.

        Each page is an index range, whatever page it is.
        """
        code, code_id = discount_codes.c.code, discount_codes.c.id
        statement = sa.select(discount_codes).limit(limit)
        if prefix:
            statement = statement.where(code >= prefix, code < prefix + _AFTER_ANY_CODE).order_by(code)
            statement = statement if after is None else statement.where(code > after.code)
        else:
            statement = statement.order_by(code_id.desc())
            statement = statement if after is None else statement.where(code_id < after.id)
        if status is not None:
            statement = statement.where(status_at(now) == status.value)
        return [_code(row) for row in connection.execute(statement)]

    def counts(self, connection: Connection, now: datetime) -> dict[CodeStatus, int]:
        """How many codes there are of each status."""
        status = status_at(now).label("status")
        rows = connection.execute(sa.select(status, sa.func.count()).group_by(status))
        found = {CodeStatus(name): count for name, count in rows}
        return {status: found.get(status, 0) for status in CodeStatus}

    def count_with_prefix(self, connection: Connection, prefix: str) -> int:
        """How many codes begin with `prefix`."""
        code = discount_codes.c.code
        counted = sa.select(sa.func.count()).where(code >= prefix, code < prefix + _AFTER_ANY_CODE)
        return connection.execute(counted).scalar_one()

    def set_active(self, connection: Connection, code_id: int, active: bool) -> DiscountCode:
        """The code, enabled or disabled."""
        statement = sa.update(discount_codes).where(discount_codes.c.id == code_id).values(active=active)
        return _code(connection.execute(statement.returning(*discount_codes.c)).one())

    def set_all_active(self, connection: Connection, codes: Collection[str], active: bool) -> list[str]:
        """Those of `codes` that were enabled or disabled by this, by one statement."""
        statement = (
            sa.update(discount_codes)
            .where(discount_codes.c.code.in_(sa.select(each_of(connection, codes))), discount_codes.c.active != active)
            .values(active=active)
        )
        return list(connection.scalars(statement.returning(discount_codes.c.code)))

    def set_terms(self, connection: Connection, code_id: int, terms: CodeTerms) -> DiscountCode:
        """The code with other terms."""
        statement = sa.update(discount_codes).where(discount_codes.c.id == code_id).values(**asdict(terms))
        return _code(connection.execute(statement.returning(*discount_codes.c)).one())

    def was_used(self, connection: Connection, code_id: int) -> bool:
        """Whether an order was ever quoted with the code: its use held, redeemed or released."""
        use = sa.select(redemptions.c.id).where(redemptions.c.code_id == code_id).limit(1)
        return connection.execute(use).first() is not None

    def take(self, connection: Connection, code: str, now: datetime) -> DiscountCode | None:
        """Takes one use, if the code is active at `now` and has one left; None if not.

        The condition and the count are one statement: of any number of takers of the last use exactly one gets it. The
        code is locked until the transaction ends, so what is read of its uses afterwards stays true; a taker whom its
        terms refuse raises, which gives the use back.
        """
        statement = (
            sa.update(discount_codes)
            .where(discount_codes.c.code == code, status_at(now) == CodeStatus.ACTIVE.value)
            .values(held=discount_codes.c.held + 1)
        )
        row = connection.execute(statement.returning(*discount_codes.c)).one_or_none()
        return None if row is None else _code(row)

    def lock_first_purchase(self, connection: Connection, account_id: int) -> None:
        """Lets one checkout of an account take a code for a first purchase at a time, whichever code it is."""
        lock(connection, f"first purchase of account {account_id}")

    def account_facts(self, connection: Connection, code_id: int, account_id: int) -> AccountFacts:
        """What a code needs to know of an account that wants to use it."""
        uses = sa.select(sa.func.count()).where(
            redemptions.c.code_id == code_id,
            redemptions.c.account_id == account_id,
            redemptions.c.status.in_(_TAKEN),
        )
        purchased = sa.exists().where(
            orders.c.account_id == account_id,
            orders.c.purpose == OrderPurpose.INITIAL_ACCESS.value,
            orders.c.status == OrderStatus.PAID.value,
        )
        first_held = sa.exists().where(
            orders.c.account_id == account_id,
            redemptions.c.order_id == orders.c.id,
            redemptions.c.status == RedemptionStatus.HELD.value,
            discount_codes.c.id == redemptions.c.code_id,
            discount_codes.c.first_purchase_only,
        )
        row = connection.execute(
            sa.select(uses.scalar_subquery().label("uses"), sa.or_(purchased, first_held).label("has_purchased"))
        ).one()
        return AccountFacts(row.uses, bool(row.has_purchased))

    def hold(
        self,
        connection: Connection,
        code_id: int,
        order_id: int,
        account_id: int,
        discount_cents: int,
        now: datetime,
    ) -> None:
        """Records that a taken use belongs to an order."""
        connection.execute(
            sa.insert(redemptions).values(
                code_id=code_id,
                order_id=order_id,
                account_id=account_id,
                status=RedemptionStatus.HELD.value,
                discount_cents=discount_cents,
                created_at=now,
            )
        )

    def settle(self, connection: Connection, order_id: int, outcome: RedemptionStatus, now: datetime) -> None:
        """Turns the order's held use, if it has one, into a redeemed or a released one."""
        statement = (
            sa.update(redemptions)
            .where(redemptions.c.order_id == order_id, redemptions.c.status == RedemptionStatus.HELD.value)
            .values(status=outcome.value, settled_at=now)
        )
        code_id = connection.execute(statement.returning(redemptions.c.code_id)).scalar_one_or_none()
        if code_id is None:
            return
        redeemed = 1 if outcome is RedemptionStatus.REDEEMED else 0
        connection.execute(
            sa.update(discount_codes)
            .where(discount_codes.c.id == code_id)
            .values(held=discount_codes.c.held - 1, redeemed=discount_codes.c.redeemed + redeemed)
        )


def status_at(moment: datetime) -> sa.ColumnElement[str]:
    """A code's status at a moment, as `DiscountCode.status_at` tells it. A test holds both against each other."""
    columns = discount_codes.c
    return sa.case(
        (sa.not_(columns.active), CodeStatus.DISABLED.value),
        (columns.ends_at <= moment, CodeStatus.EXPIRED.value),
        (columns.starts_at > moment, CodeStatus.SCHEDULED.value),
        (columns.held + columns.redeemed >= columns.max_uses, CodeStatus.SOLD_OUT.value),
        else_=CodeStatus.ACTIVE.value,
    )


def _new(terms: CodeTerms, now: datetime) -> dict[str, Any]:
    return {**asdict(terms), "active": True, "held": 0, "redeemed": 0, "created_at": now}


def _code(row: Row[*tuple[Any, ...]]) -> DiscountCode:
    return DiscountCode(**row._asdict())
