"""Saved cards: one for each account, by its id at Stripe."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from services.domain.card import Card, SavedCard
from services.models.tables import cards
from services.stores.dialects import insert


class CardStore:
    """Reads and keeps saved cards."""

    def keep(self, connection: Connection, saved: SavedCard, now: datetime) -> None:
        """Keeps an account's card in place of the one before."""
        values: dict[str, Any] = {
            "stripe_customer_id": saved.stripe_customer_id,
            "livemode": saved.livemode,
            "payment_method_id": saved.card.payment_method_id,
            "brand": saved.card.brand,
            "last4": saved.card.last4,
            "exp_month": saved.card.exp_month,
            "exp_year": saved.card.exp_year,
            "updated_at": now,
        }
        statement = insert(connection, cards).values(account_id=saved.account_id, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))

    def of_account(self, connection: Connection, account_id: int) -> SavedCard | None:
        """The account's card; None where none was saved."""
        row = connection.execute(sa.select(cards).where(cards.c.account_id == account_id)).one_or_none()
        if row is None:
            return None
        card = Card(row.payment_method_id, row.brand, row.last4, row.exp_month, row.exp_year)
        return SavedCard(row.account_id, row.stripe_customer_id, row.livemode, card)
