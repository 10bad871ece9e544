from dataclasses import replace

import pytest
import sqlalchemy as sa

from services.database import Database
from services.domain.ledger import BalanceSummary, Posting, TransactionKind
from services.errors import NotFound
from services.stores.accounts import AccountStore
from services.stores.balances import AlreadyPosted, BalanceStore
from services.stores.orders import OrderStore
from tests.clock import ManualClock
from tests.stores.drafts import access_draft

store = BalanceStore()
NOW = ManualClock().moment
CREDIT = Posting(1, 500, TransactionKind.ADJUSTMENT, "goodwill", "anna")


@pytest.fixture(autouse=True)
def account_and_order(database: Database) -> None:
    with database.write() as connection:
        AccountStore().create(connection, "maria@example.com", "", NOW)
        draft = access_draft(1)
        OrderStore().create(connection, draft, reference="r1", idempotency_key="k1", actor="anna", now=NOW)


def state(connection: sa.Connection) -> tuple[BalanceSummary, int]:
    return store.summary(connection, 1), len(store.newest(connection, 1, 100))


def test_each_posting_moves_the_balance_and_takes_the_next_number(database: Database) -> None:
    with database.write() as connection:
        assert state(connection) == (BalanceSummary(0, 0), 0)
        entries = [store.post(connection, replace(CREDIT, amount_cents=cents), NOW) for cents in (500, -700, 2**40, 1)]
        assert [(entry.seq, entry.balance_after_cents) for entry in entries] == [
            (1, 500),
            (2, -200),
            (3, 2**40 - 200),
            (4, 2**40 - 199),
        ]
        assert store.entries(connection, 1, 1, 4) == entries[::-1]
        assert store.entries(connection, 1, 2, 3) == entries[2:0:-1]
        assert store.newest(connection, 1, 2) == entries[:1:-1]
        assert store.entries(connection, 2, 1, 4) == []


def test_a_posting_that_is_there_already_leaves_nothing_behind(database: Database) -> None:
    keyed = replace(CREDIT, idempotency_key="k1")
    purchase = replace(CREDIT, kind=TransactionKind.PURCHASE, order_id=1)
    with database.write() as connection:
        first = store.post(connection, keyed, NOW)
        store.post(connection, purchase, NOW)
        store.post(connection, replace(CREDIT, kind=TransactionKind.REFUND, order_id=1, amount_cents=-500), NOW)
        before = state(connection)
        assert store.by_key(connection, "k1") == (first, keyed.request_hash)
        assert store.by_key(connection, "k2") is None
        assert [entry.kind for entry in store.of_order(connection, 1)] == ["purchase", "refund"]
    top_up = replace(purchase, kind=TransactionKind.TOP_UP, idempotency_key="k3")
    for again in (keyed, replace(keyed, amount_cents=1), purchase, top_up):
        with pytest.raises(AlreadyPosted), database.write() as connection:
            store.post(connection, again, NOW)
    with database.read() as connection:
        assert state(connection) == before


def test_an_entry_that_excludes_another_is_named(database: Database) -> None:
    keyed = replace(CREDIT, idempotency_key="k1")
    with database.write() as connection:
        first = store.post(connection, keyed, NOW)
        reversing = replace(CREDIT, kind=TransactionKind.REVERSAL, amount_cents=-500, reverses_id=first.id)
        assert store.excluded(connection, reversing) is None
        assert store.reversal_of(connection, first.id) is None
        reversal = store.post(connection, reversing, NOW)
        assert store.reversal_of(connection, first.id) == store.get(connection, reversal.id) == reversal
        assert store.get(connection, 99) is None
    for posting, sentence, found, repeated in (
        (keyed, f"Entry {first.id} has this idempotency key", first, True),
        (replace(keyed, amount_cents=1), f"Entry {first.id} has this idempotency key", first, False),
        (reversing, f"This entry is reversed already, by entry {reversal.seq}", None, False),
        (replace(reversing, idempotency_key="k2"), "This entry is reversed already", None, False),
    ):
        with pytest.raises(AlreadyPosted, match=sentence) as excluded, database.write() as connection:
            store.post(connection, posting, NOW)
        assert (excluded.value.first, excluded.value.repeated) == (found, repeated)
    with database.read() as connection:
        assert state(connection) == (BalanceSummary(0, 2), 2)


def test_a_posting_for_what_is_not_there_leaves_nothing_behind(database: Database) -> None:
    for posting, field in (
        (replace(CREDIT, account_id=9), "account_id"),
        (replace(CREDIT, order_id=9), "order_id"),
        (replace(CREDIT, kind=TransactionKind.REVERSAL, reverses_id=9), "transaction_id"),
    ):
        with pytest.raises(NotFound) as missing, database.write() as connection:
            store.post(connection, posting, NOW)
        assert missing.value.field == field
    with database.read() as connection:
        assert state(connection) == (BalanceSummary(0, 0), 0)
