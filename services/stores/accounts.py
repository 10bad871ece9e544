"""Accounts: creating them, and finding them by anything that support has in hand."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from services.domain.account import Account
from services.errors import Conflict
from services.models.tables import accounts, orders

_COLUMNS = [column for column in accounts.c if column.name != "password_hash"]
_LAST_CHARACTER = "\U0010ffff"

# Built once: to build it anew for each letter that is typed takes longer than to find the accounts.
_STARTING_WITH = (
    sa.select(*_COLUMNS)
    .where(accounts.c.email >= sa.bindparam("prefix"), accounts.c.email < sa.bindparam("end"))
    .order_by(accounts.c.email)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


class AccountStore:
    """Reads and creates accounts."""

    def create(self, connection: Connection, email: str, password_hash: str, now: datetime) -> Account:
        """A new account. Raises `Conflict` where the e-mail address has one already."""
        statement = sa.insert(accounts).values(email=email, password_hash=password_hash, created_at=now)
        try:
            row_id = connection.execute(statement.returning(accounts.c.id)).scalar_one()
        except IntegrityError:
            raise Conflict(f"There is already an account with the e-mail {email}.", field="email") from None
        return Account(row_id, email, None, None, now)

    def get(self, connection: Connection, account_id: int) -> Account | None:
        """The account with this id."""
        return self._one(connection, accounts.c.id == account_id)

    def get_by_email(self, connection: Connection, email: str) -> Account | None:
        """The account with this e-mail address in canonical form."""
        return self._one(connection, accounts.c.email == email)

    def starting_with(self, connection: Connection, prefix: str, limit: int) -> list[Account]:
        """Accounts whose e-mail begins with `prefix`, in its order; an index range."""
        values = {"prefix": prefix, "end": prefix + _LAST_CHARACTER, "most": limit}
        return [_account(row) for row in connection.execute(_STARTING_WITH, values)]

    def of_order(self, connection: Connection, order_id: int) -> Account | None:
        """The account that an order belongs to."""
        return self._one(connection, accounts.c.id == _account_of(orders.c.id == order_id))

    def of_stripe_object(self, connection: Connection, stripe_id: str) -> Account | None:
        """The account that a Stripe customer, Checkout Session or payment intent belongs to."""
        by_order = sa.or_(
            orders.c.session_id == stripe_id,
            orders.c.payment_intent_id == stripe_id,
            orders.c.stripe_customer_id == stripe_id,
        )
        found = self._one(connection, accounts.c.stripe_customer_id == stripe_id)
        return found or self._one(connection, accounts.c.id == _account_of(by_order))

    def set_stripe_customer(
        self, connection: Connection, account_id: int, stripe_customer_id: str, *, livemode: bool
    ) -> None:
        """Keeps the first Stripe customer that paid for the account, a live one before a test one.

        Where another account has the customer already nothing is kept.
        """
        taken = sa.select(accounts.c.id).where(accounts.c.stripe_customer_id == stripe_customer_id)
        replaceable: sa.ColumnElement[bool] = accounts.c.stripe_customer_id.is_(None)
        if livemode:
            replaceable = sa.or_(replaceable, ~accounts.c.stripe_livemode)
        connection.execute(
            sa.update(accounts)
            .where(accounts.c.id == account_id, replaceable, ~taken.exists())
            .values(stripe_customer_id=stripe_customer_id, stripe_livemode=livemode)
        )

    def _one(self, connection: Connection, condition: sa.ColumnElement[bool]) -> Account | None:
        row = connection.execute(sa.select(*_COLUMNS).where(condition)).one_or_none()
        return None if row is None else _account(row)


def _account_of(condition: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(orders.c.account_id).where(condition).limit(1).scalar_subquery()


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    return Account(row.id, row.email, row.stripe_customer_id, row.stripe_livemode, row.created_at)
