from collections.abc import Callable

import pytest

from services.database import Database
from services.errors import Conflict
from services.stores.accounts import AccountStore
from services.stores.orders import OrderStore
from tests.clock import ManualClock
from tests.stores.drafts import access_draft
from tests.stores.plans import plan_of, reads_all_of

store = AccountStore()
NOW = ManualClock().moment


def test_the_first_stripe_customer_of_an_account_stays(database: Database) -> None:
    with database.write() as connection:
        maria = store.create(connection, "maria@example.com", "", NOW)
        ben = store.create(connection, "ben@example.com", "", NOW)
        store.set_stripe_customer(connection, maria.id, "cus_1", livemode=False)
        store.set_stripe_customer(connection, maria.id, "cus_2", livemode=False)
        store.set_stripe_customer(connection, ben.id, "cus_1", livemode=False)
        kept = [store.get(connection, account.id) for account in (maria, ben)]
        assert [account and account.stripe_customer_id for account in kept] == ["cus_1", None]
        assert store.of_stripe_object(connection, "cus_1") == kept[0]
        assert store.of_stripe_object(connection, "cus_2") is None


def test_a_live_customer_replaces_a_test_one_and_never_the_other_way_round(database: Database) -> None:
    with database.write() as connection:
        maria = store.create(connection, "maria@example.com", "", NOW)
        for stripe_id, livemode in (("cus_test", False), ("cus_live", True), ("cus_again", False)):
            store.set_stripe_customer(connection, maria.id, stripe_id, livemode=livemode)
        kept = store.get(connection, maria.id)
    assert kept is not None
    assert kept.stripe_customer_in(livemode=True) == "cus_live"
    assert kept.stripe_customer_in(livemode=False) is None


def test_an_address_that_is_taken_is_a_conflict(database: Database) -> None:
    with database.write() as connection:
        store.create(connection, "maria@example.com", "", NOW)
    with pytest.raises(Conflict), database.write() as connection:
        store.create(connection, "maria@example.com", "", NOW)


def test_a_prefix_is_a_range_of_code_points(database: Database) -> None:
    emails = ["a-b@x", "a@x", "a_b@x", "ab@x", "b@x", "ä@x", "äz@x"]
    with database.write() as connection:
        for email in emails:
            store.create(connection, email, "", NOW)
        assert [account.email for account in store.starting_with(connection, "", 10)] == sorted(emails)
        assert [account.email for account in store.starting_with(connection, "a", 10)] == emails[:4]
        assert [account.email for account in store.starting_with(connection, "ä", 10)] == emails[5:]
        assert [account.email for account in store.starting_with(connection, "a_", 10)] == ["a_b@x"]
        assert [account.email for account in store.starting_with(connection, "a", 2)] == emails[:2]


def test_each_way_to_find_an_account_goes_by_an_index(database: Database) -> None:
    with database.write() as connection:
        for number in range(1, 4):
            store.create(connection, f"account{number}@example.com", "", NOW)
            key = {"reference": f"r{number}", "idempotency_key": f"k{number}"}
            OrderStore().create(connection, access_draft(number), **key, actor="anna", now=NOW)
    with database.read() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        ways: dict[str, Callable[[], object]] = {
            "id": lambda: store.get(connection, 2),
            "address": lambda: store.get_by_email(connection, "account2@example.com"),
            "beginning of an address": lambda: store.starting_with(connection, "account2", 50),
            "order": lambda: store.of_order(connection, 2),
            "Stripe id": lambda: store.of_stripe_object(connection, "cs_2"),
        }
        for way, query in ways.items():
            plan = plan_of(connection, query)
            assert "ndex" in plan or "INDEX" in plan or "PRIMARY KEY" in plan, f"{way}: {plan}"
            assert not reads_all_of(plan, "accounts"), f"{way}: {plan}"
            assert not reads_all_of(plan, "orders"), f"{way}: {plan}"
