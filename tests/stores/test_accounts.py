import pytest

from services.database import Database
from services.errors import Conflict
from services.stores.accounts import AccountStore
from tests.clock import ManualClock

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
