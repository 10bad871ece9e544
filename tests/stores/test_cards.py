from dataclasses import replace

from services.database import Database
from services.domain.card import Card, SavedCard
from services.stores.accounts import AccountStore
from services.stores.cards import CardStore
from tests.clock import ManualClock

NOW = ManualClock().moment
VISA = Card(payment_method_id="pm_1", brand="visa", last4="0042", exp_month=1, exp_year=2031)

store = CardStore()


def test_an_account_keeps_its_last_card(database: Database) -> None:
    with database.write() as connection:
        maria, ben = (AccountStore().create(connection, f"{name}@example.com", "", NOW).id for name in ("maria", "ben"))
        first = SavedCard(maria, "cus_1", False, VISA)
        last = SavedCard(maria, "cus_2", True, replace(VISA, payment_method_id="pm_2", brand="amex", exp_month=12))
        others = SavedCard(ben, "cus_3", False, VISA)
        assert store.of_account(connection, maria) is None
        for saved in (first, first, others, last):
            store.keep(connection, saved, NOW)
            assert store.of_account(connection, saved.account_id) == saved
        assert store.of_account(connection, ben) == others
