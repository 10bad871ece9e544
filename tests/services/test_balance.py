import pytest
from sqlalchemy.exc import DBAPIError

from services.accounts import AccountService
from services.balance import BalanceResult, BalanceService, BalanceSummary, TransactionKind
from services.database import Database
from services.errors import InvalidInput
from services.runtime import Runtime
from services.stores.audit import AuditStore
from tests.clock import ManualClock


@pytest.fixture
def account_id(runtime: Runtime) -> int:
    return AccountService.over(runtime).create("maria@example.com").id


@pytest.fixture
def balance(runtime: Runtime) -> BalanceService:
    return BalanceService.over(runtime)


def test_credit_then_deduct_moves_the_balance_and_shows_it(balance: BalanceService, account_id: int) -> None:
    assert balance.get_balance(account_id) == 0
    assert balance.add_credits(account_id, 2999, "Test purchase") == BalanceResult(True, 2999, 1)
    assert balance.deduct(account_id, 100, "Test SMS") == BalanceResult(True, 2899, 2)
    assert balance.get_balance_display(account_id) == "$28.99"
    assert balance.check_sufficient_balance(account_id, 2899)
    assert not balance.check_sufficient_balance(account_id, 2900)


def test_a_deduction_may_go_below_zero(balance: BalanceService, account_id: int) -> None:
    balance.deduct(account_id, 100, "Test SMS")
    assert balance.get_balance_display(account_id) == "-$1.00"


def test_each_entry_follows_from_the_one_before(balance: BalanceService, account_id: int, clock: ManualClock) -> None:
    balance.add_credits(account_id, 1000, "a")
    clock.advance(seconds=1)
    balance.deduct(account_id, 300, "b")
    newest, oldest = balance.get_transaction_history(account_id)
    assert [oldest.seq, newest.seq] == [1, 2]
    assert newest.balance_after_cents == oldest.balance_after_cents + newest.amount_cents == 700
    assert (newest.kind, newest.description, newest.actor) == (TransactionKind.USAGE, "b", "anna")
    assert newest.created_at == clock.moment
    assert balance.summary(account_id) == BalanceSummary(700, 2)


def test_a_page_is_a_range_of_sequence_numbers(balance: BalanceService, account_id: int) -> None:
    for cents in range(1, 11):
        balance.add_credits(account_id, cents, f"entry {cents}")
    assert [entry.seq for entry in balance.entries(account_id, 4, 6)] == [6, 5, 4]
    assert balance.entries(account_id, 11, 20) == []
    with pytest.raises(InvalidInput, match="at most 1000"):
        balance.entries(account_id, 1, 1001)


@pytest.mark.parametrize("amount", [0, -1, 1.5, True, "5", None, 2**63])
def test_what_is_not_an_amount_is_refused_and_posts_nothing(
    balance: BalanceService, account_id: int, amount: int
) -> None:
    for move in (balance.add_credits, balance.deduct):
        result = move(account_id, amount, "x")
        assert not result.success
        assert "whole number of cents" in (result.error or "")
    assert balance.summary(account_id) == BalanceSummary(0, 0)


@pytest.mark.parametrize("account", [0, -1, True, 2**63, "1", None])
def test_what_is_not_an_account_number_is_refused(balance: BalanceService, account: int) -> None:
    assert balance.add_credits(account, 100, "x").error == "An account is named by its number."


def test_unknown_accounts_and_orders_are_refused(balance: BalanceService, account_id: int) -> None:
    assert balance.deduct(99, 100, "x") == BalanceResult(False, 0, error="There is no account 99.")
    assert balance.add_credits(account_id, 100, "x", order_id=7).error == "There is no order 7."
    assert balance.summary(account_id) == BalanceSummary(0, 0)


@pytest.mark.parametrize("description", ["", "   ", "x" * 501, "nul \0", "half \ud83d", None])
def test_a_description_that_cannot_be_stored_is_refused(
    balance: BalanceService, account_id: int, description: str
) -> None:
    result = balance.add_credits(account_id, 100, description)
    assert not result.success
    assert "description" in (result.error or "")


def test_hostile_text_is_stored_letter_for_letter(balance: BalanceService, account_id: int) -> None:
    text = "[/] [@click=app.quit]x[/] \x1b[2J"
    balance.add_credits(account_id, 100, text)
    assert balance.get_transaction_history(account_id)[0].description == text


def test_one_key_is_one_posting(balance: BalanceService, account_id: int) -> None:
    first = balance.add_credits(account_id, 500, "bonus", idempotency_key="k1")
    again = balance.add_credits(account_id, 500, "bonus", idempotency_key="k1")
    assert again == first
    other = balance.add_credits(account_id, 501, "bonus", idempotency_key="k1")
    assert not other.success
    assert "used for another posting" in (other.error or "")
    assert balance.summary(account_id) == BalanceSummary(500, 1)


def test_an_adjustment_has_its_audit_row_and_usage_has_none(
    balance: BalanceService, account_id: int, database: Database
) -> None:
    balance.add_credits(account_id, 500, "goodwill")
    balance.deduct(account_id, 7, "SMS")
    balance.add_credits(account_id, 0, "refused")
    with database.read() as connection:
        (entry,) = AuditStore().newest(connection, 10)
    assert (entry.actor, entry.action, entry.object_id, entry.reason) == ("anna", "adjust", str(account_id), "goodwill")
    assert (entry.before, entry.after) == ({"balance_cents": 0}, {"balance_cents": 500, "seq": 1})


@pytest.mark.parametrize("statement", ["UPDATE transactions SET amount_cents = 1", "DELETE FROM transactions"])
def test_the_database_itself_refuses_to_change_the_ledger(
    balance: BalanceService, account_id: int, database: Database, statement: str
) -> None:
    balance.add_credits(account_id, 500, "goodwill")
    before = balance.get_transaction_history(account_id)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
        connection.exec_driver_sql(statement)
    assert balance.get_transaction_history(account_id) == before
