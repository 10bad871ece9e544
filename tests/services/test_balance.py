from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from services.accounts import AccountService
from services.balance import BalanceResult, BalanceService, BalanceSummary, TransactionKind
from services.database import Database
from services.errors import InvalidInput, NotFound
from services.models.tables import orders
from services.runtime import Runtime
from services.stores.audit import AuditStore
from services.stores.orders import OrderStore
from tests.clock import ManualClock
from tests.ledger import proven_ledger
from tests.stores.drafts import access_draft


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


def test_a_reversal_takes_an_entry_back_and_leaves_it_as_it_is(
    balance: BalanceService, account_id: int, database: Database
) -> None:
    balance.add_credits(account_id, 1000, "top-up")
    wrong = balance.deduct(account_id, 300, "SMS", kind=TransactionKind.USAGE)
    assert wrong.transaction_id is not None
    assert balance.reversal_of(wrong.transaction_id) is None
    assert balance.reverse(wrong.transaction_id, "  sent twice ") == BalanceResult(True, 1000, 3)
    reversal, entry, _ = balance.get_transaction_history(account_id)
    assert (reversal.kind, reversal.amount_cents, reversal.reverses_id) == (TransactionKind.REVERSAL, 300, entry.id)
    assert reversal.description == f"Reversal of entry {entry.seq}: sent twice"
    assert (entry.amount_cents, entry.reverses_id) == (-300, None)
    assert (balance.entry(entry.id), balance.reversal_of(entry.id)) == (entry, reversal)
    proven_ledger(database, account_id)


def test_a_reversal_has_its_audit_row(balance: BalanceService, account_id: int, database: Database) -> None:
    usage = balance.deduct(account_id, 300, "SMS")
    assert usage.transaction_id is not None
    balance.reverse(usage.transaction_id, "sent twice")
    with database.read() as connection:
        (row,) = AuditStore().newest(connection, 10)
    assert (row.actor, row.action, row.object_type, row.object_id) == ("anna", "reverse", "balance", str(account_id))
    assert (row.before, row.after) == ({"balance_cents": -300}, {"balance_cents": 0, "seq": 2})
    assert row.reason == f"Reversal of entry {usage.transaction_id}: sent twice"


def test_an_entry_is_reversed_once_and_a_reversal_never(balance: BalanceService, account_id: int) -> None:
    assert balance.add_credits(account_id, 500, "goodwill").transaction_id == 1
    assert balance.reverse(1, "wrong account").transaction_id == 2
    again = balance.reverse(1, "wrong account")
    assert again == BalanceResult(False, 0, error="This entry is reversed already, by entry 2.")
    back = balance.reverse(2, "it was right")
    assert back == BalanceResult(False, 0, error="Entry 2 is a reversal, which cannot be reversed.")
    assert (again.field, back.field) == ("transaction_id", "transaction_id")
    assert balance.summary(account_id) == BalanceSummary(0, 2)


def test_one_key_is_one_reversal(balance: BalanceService, account_id: int) -> None:
    balance.add_credits(account_id, 500, "goodwill")
    balance.add_credits(account_id, 70, "goodwill")
    first = balance.reverse(1, "wrong account", idempotency_key="form-1")
    assert balance.reverse(1, "wrong account", idempotency_key="form-1") == first == BalanceResult(True, 70, 3)
    for entry, reason in ((1, "another reason"), (2, "wrong account")):
        other = balance.reverse(entry, reason, idempotency_key="form-1")
        assert (other.success, other.balance_cents, other.field) == (False, 70, "idempotency_key")
        assert other.error == "This idempotency key was used for another posting (entry 3)."
    assert balance.summary(account_id) == BalanceSummary(70, 3)


@pytest.mark.parametrize(("entry", "error"), [(99, "no entry 99"), (0, "named by its number"), (True, "its number")])
def test_what_is_no_entry_is_not_reversed(balance: BalanceService, entry: int, error: str) -> None:
    result = balance.reverse(entry, "x")
    assert (result.success, result.balance_cents, result.field) == (False, 0, "transaction_id")
    assert error in (result.error or "")
    with pytest.raises(NotFound, match="There is no entry"):
        balance.entry(entry)


def test_a_reversal_has_a_reason_that_fits(balance: BalanceService, account_id: int) -> None:
    balance.add_credits(account_id, 500, "goodwill")
    for reason in ("", "  ", "nul \0", "x" * 401):
        refused = balance.reverse(1, reason)
        assert (refused.success, refused.balance_cents, refused.field) == (False, 500, "reason")
    assert balance.reverse(1, "x" * 400).success
    assert balance.get_transaction_history(account_id)[0].description == f"Reversal of entry 1: {'x' * 400}"


def test_a_reversal_is_made_by_reversing_alone(balance: BalanceService, account_id: int) -> None:
    result = balance.add_credits(account_id, 500, "x", kind=TransactionKind.REVERSAL)
    assert (result.success, result.field) == (False, "kind")
    assert balance.summary(account_id) == BalanceSummary(0, 0)


@pytest.fixture
def credited(balance: BalanceService, account_id: int, database: Database, clock: ManualClock) -> int:
    """An order that was paid, and credited by entry 1."""
    with database.write() as connection:
        order_id = OrderStore().create(
            connection, access_draft(account_id), reference="r1", idempotency_key="k1", actor="anna", now=clock()
        )
        assert order_id is not None
        paid = {"status": "paid", "paid_cents": 2999, "session_id": "cs_test_1", "settled_at": clock()}
        connection.execute(sa.update(orders).values(**paid))
    assert balance.add_credits(account_id, 2999, "Purchase", order_id).transaction_id == 1
    return order_id


def test_the_reversal_of_a_credit_stays_with_its_order(balance: BalanceService, credited: int) -> None:
    assert balance.reverse(1, "charged back").success
    assert [(entry.kind, entry.amount_cents) for entry in balance.entries_of_order(credited)] == [
        (TransactionKind.PURCHASE, 2999),
        (TransactionKind.REVERSAL, -2999),
    ]


@pytest.mark.parametrize(("refunded_cents", "extent"), [(500, "in part"), (2999, "in full")])
def test_the_credit_of_a_refunded_order_is_not_reversed(
    balance: BalanceService, credited: int, database: Database, refunded_cents: int, extent: str
) -> None:
    balance.deduct(balance.entry(1).account_id, refunded_cents, "Refund", kind=TransactionKind.REFUND)
    with database.write() as connection:
        connection.execute(sa.update(orders).values(refunded_cents=refunded_cents))
    refused = balance.reverse(1, "charged back")
    assert (refused.success, refused.balance_cents, refused.field) == (False, 2999 - refunded_cents, "transaction_id")
    assert f"Order {credited} was refunded {extent};" in (refused.error or "")
    assert balance.reverse(2, "the refund failed").success


def test_the_first_reversal_is_answered_also_when_its_order_was_refunded_since(
    balance: BalanceService, credited: int, database: Database
) -> None:
    first = balance.reverse(1, "charged back", idempotency_key="form-1")
    with database.write() as connection:
        connection.execute(sa.update(orders).where(orders.c.id == credited).values(refunded_cents=1))
    assert balance.reverse(1, "charged back", idempotency_key="form-1") == first
    assert "reversed already" in (balance.reverse(1, "charged back").error or "")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_reversal_waits_for_a_refund_of_its_order(database_url: str, runtime: Runtime, credited: int) -> None:
    """On SQLite every writer waits for every other one."""
    impatient = Database(f"{database_url}?options=-c%20lock_timeout%3D50")
    with runtime.database.write() as refunding:
        refunding.execute(sa.update(orders).where(orders.c.id == credited).values(refunded_cents=500))
        with pytest.raises(DBAPIError, match="lock timeout"):
            BalanceService.over(replace(runtime, database=impatient)).reverse(1, "charged back")
    impatient.close()
    assert "refunded in part" in (BalanceService.over(runtime).reverse(1, "charged back").error or "")


def test_no_entry_is_older_than_the_one_before_it(balance: BalanceService, account_id: int, clock: ManualClock) -> None:
    later = clock.moment + timedelta(hours=1)
    balance.deduct(account_id, 1, "a")
    clock.advance(hours=1)
    balance.deduct(account_id, 1, "b")
    clock.advance(hours=-1)  # a clock that is set back
    balance.deduct(account_id, 1, "c")
    balance.add_credits(account_id, 1, "an audited one")
    clock.advance(hours=2)
    balance.deduct(account_id, 1, "d")
    assert [entry.created_at for entry in reversed(balance.get_transaction_history(account_id))] == [
        later - timedelta(hours=1),
        *[later] * 3,
        later + timedelta(hours=1),
    ]
