"""Discount codes and their redemptions: a use is taken by one guarded statement, so a code is never oversold."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from services.domain.discount import DiscountCode, RedemptionStatus
from services.errors import Conflict
from services.models.tables import discount_codes, redemptions


class DiscountStore:
    """Reads and writes codes, and counts their uses."""

    def create(
        self,
        connection: Connection,
        code: str,
        percent_basis_points: int | None,
        amount_off_cents: int | None,
        max_uses: int | None,
        now: datetime,
    ) -> DiscountCode:
        """A new active code. Raises `Conflict` where the code exists."""
        statement = sa.insert(discount_codes).values(
            code=code,
            percent_basis_points=percent_basis_points,
            amount_off_cents=amount_off_cents,
            max_uses=max_uses,
            active=True,
            held=0,
            redeemed=0,
            created_at=now,
        )
        try:
            return _code(connection.execute(statement.returning(*discount_codes.c)).one())
        except IntegrityError:
            raise Conflict(f"There is already a code {code}.", field="code") from None

    def get(self, connection: Connection, code: str) -> DiscountCode | None:
        """The code in canonical form."""
        row = connection.execute(sa.select(discount_codes).where(discount_codes.c.code == code)).one_or_none()
        return None if row is None else _code(row)

    def all(self, connection: Connection) -> list[DiscountCode]:
        """Every code, newest first."""
        return [
            _code(row) for row in connection.execute(sa.select(discount_codes).order_by(discount_codes.c.id.desc()))
        ]

    def set_active(self, connection: Connection, code_id: int, active: bool) -> DiscountCode:
        """The code, enabled or disabled."""
        statement = sa.update(discount_codes).where(discount_codes.c.id == code_id).values(active=active)
        return _code(connection.execute(statement.returning(*discount_codes.c)).one())

    def take(self, connection: Connection, code: str) -> DiscountCode | None:
        """Takes one use, if the code is active and has one left; None if not.

        The condition and the count are one statement: of any number of takers of the last use exactly one gets it.
        """
        uses = discount_codes.c.held + discount_codes.c.redeemed
        statement = (
            sa.update(discount_codes)
            .where(
                discount_codes.c.code == code,
                discount_codes.c.active,
                sa.or_(discount_codes.c.max_uses.is_(None), uses < discount_codes.c.max_uses),
            )
            .values(held=discount_codes.c.held + 1)
        )
        row = connection.execute(statement.returning(*discount_codes.c)).one_or_none()
        return None if row is None else _code(row)

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


def _code(row: Row[*tuple[Any, ...]]) -> DiscountCode:
    return DiscountCode(
        id=row.id,
        code=row.code,
        percent_basis_points=row.percent_basis_points,
        amount_off_cents=row.amount_off_cents,
        max_uses=row.max_uses,
        active=row.active,
        held=row.held,
        redeemed=row.redeemed,
        created_at=row.created_at,
    )
