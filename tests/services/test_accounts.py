import pytest
import sqlalchemy as sa

from services.accounts import Account, AccountService
from services.database import Database
from services.domain.checkout import OrderStatus, StripeSession
from services.errors import Conflict, InvalidInput
from services.models.tables import accounts as accounts_table
from services.orders import OrderService
from services.runtime import Runtime
from services.stores.accounts import AccountStore
from tests.clock import ManualClock
from tests.fakes import FakeGateway
from tests.stores.drafts import access_draft, no_request


@pytest.fixture
def accounts(runtime: Runtime) -> AccountService:
    return AccountService.over(runtime)


def names(found: list[Account]) -> list[str]:
    return [account.email.partition("@")[0] for account in found]


def test_an_account_is_created_under_its_canonical_address(accounts: AccountService, clock: ManualClock) -> None:
    maria = accounts.create("  Maria@Example.COM ")
    assert maria == Account(1, "maria@example.com", None, None, clock.moment)
    assert accounts.get(maria.id) == maria
    for form in ("maria@example.com", " MARIA@example.com "):
        assert accounts.get_by_email(form) == maria
    assert accounts.get_by_email("nobody@example.com") is None


def test_an_address_has_one_account(accounts: AccountService) -> None:
    maria = accounts.create("maria@example.com", "hash")
    with pytest.raises(Conflict, match=r"already an account with the e-mail maria@example\.com") as refused:
        accounts.create("MARIA@example.com")
    assert refused.value.field == "email"
    assert accounts.search("") == [maria]


def test_what_cannot_be_an_account_is_refused_by_field(accounts: AccountService) -> None:
    for email in ("", "maria", "a b@c", "a\0@b", "\ud83d@b", "x" * 321, None):
        with pytest.raises(InvalidInput) as refused:
            accounts.create(email)  # type: ignore[arg-type]
        assert refused.value.field == "email"
    with pytest.raises(InvalidInput) as refused:
        accounts.create("maria@example.com", "half \ud83d")
    assert refused.value.field == "password_hash"
    assert accounts.search("") == []


def test_the_password_hash_is_stored_and_told_to_nobody(accounts: AccountService, database: Database) -> None:
    account = accounts.create("maria@example.com", "$argon2$do_not_tell")
    assert "do_not_tell" not in repr(account)
    with database.read() as connection:
        assert connection.execute(sa.select(accounts_table.c.password_hash)).scalar_one() == "$argon2$do_not_tell"


def test_an_account_is_found_by_the_beginning_of_its_address_in_any_case(accounts: AccountService) -> None:
    for name in ("maria", "mark", "ben", "m_x", "m%x", "mzx"):
        accounts.create(f"{name}@example.com")
    assert names(accounts.search("ma")) == names(accounts.search(" MA ")) == ["maria", "mark"]
    assert names(accounts.search("maria@example.com")) == ["maria"]
    assert names(accounts.search("m_")) == ["m_x"]
    assert names(accounts.search("m%")) == ["m%x"]
    assert accounts.search("aria") == accounts.search("%") == accounts.search("maria@example.comx") == []
    assert names(accounts.search("")) == ["ben", "m%x", "m_x", "maria", "mark", "mzx"]
    assert names(accounts.search("", limit=2)) == ["ben", "m%x"]
    assert names(accounts.search("m", limit=3)) == ["m%x", "m_x", "maria"]


def test_what_names_nothing_finds_nothing(accounts: AccountService) -> None:
    accounts.create("maria@example.com")
    for text in (
        "99",
        "#99",
        "#",
        "#x",
        "0",
        "-1",
        str(2**63),
        "#" + str(2**70),
        "9" * 5000,
        "¹",
        "١",
        "cus_unknown",
        "cs_unknown",
        "pi_unknown",
        "cus_",
        "nul \0",
        "\0",
        "half \ud83d",
        "\U0010ffff",
        "' OR 1=1 --",
    ):
        assert accounts.search(text) == [], text
        assert accounts.get_by_email(text) is None
    for account_id in (0, -1, 99, 2**63, True, "1", None):
        assert accounts.get(account_id) is None  # type: ignore[arg-type]


def test_an_account_is_found_by_its_number_its_orders_and_their_stripe_ids(
    accounts: AccountService, runtime: Runtime, database: Database
) -> None:
    orders, gateway = OrderService.over(runtime), FakeGateway()
    maria, ben = accounts.create("maria@example.com"), accounts.create("ben@example.com")
    digits = accounts.create("1000@example.com")
    first = orders.create(access_draft(ben.id), no_request)
    session = session_of(gateway, first.reference)
    orders.opened(first, session)
    with database.write() as connection:
        AccountStore().set_stripe_customer(connection, maria.id, "cus_maria", livemode=False)

    assert accounts.search("#1") == [ben]
    assert names(accounts.search("1")) == ["maria", "ben", "1000"]
    assert accounts.search(str(ben.id)) == [ben]
    assert accounts.search(str(digits.id)) == [digits]
    assert names(accounts.search("1", limit=2)) == ["maria", "ben"]
    for stripe_id in (session.id, "pi_ben", "cus_ben"):
        assert accounts.search(f" {stripe_id} ") == [ben]
    assert names(accounts.search("cus_maria")) == ["maria"]
    assert orders.get(first.id).status is OrderStatus.OPEN


def session_of(gateway: FakeGateway, reference: str) -> StripeSession:
    line_item = {"price_data": {"unit_amount": 2999, "currency": "usd"}}
    gateway.create_checkout_session({"line_items": [line_item], "client_reference_id": reference}, "key")
    (made,) = gateway.sessions.values()
    gateway.change(made.id, customer_id="cus_ben", payment_intent_id="pi_ben")
    return gateway.sessions["key"]
