"""Many postings in one transaction: as if they were made one by one."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from services.accounts import AccountService
from services.balance import MAX_BATCH, BalanceService, BalanceSummary, PostedRow, Posting, TransactionKind
from services.database import Database
from services.errors import IdempotencyConflict, InvalidInput, NotFound
from services.models.tables import audit_log
from services.runtime import Runtime
from services.stores.audit import AuditStore
from tests.clock import ManualClock
from tests.ledger import proven_ledger
from tests.proof import assert_verified

SMS = Posting(1, -10, TransactionKind.USAGE, "SMS", "anna")


@pytest.fixture
def balance(runtime: Runtime) -> BalanceService:
    accounts = AccountService.over(runtime)
    assert [accounts.create(f"{name}@example.com").id for name in ("maria", "ben")] == [1, 2]
    return BalanceService.over(runtime)


def keyed(posting: Posting, key: str, **changes: object) -> Posting:
    return replace(posting, idempotency_key=key, **changes)  # type: ignore[arg-type]


def test_a_batch_leaves_what_single_postings_leave(
    balance: BalanceService, database: Database, clock: ManualClock
) -> None:
    balance.deduct(1, 5, "before")
    clock.advance(seconds=1)
    batch = [
        replace(SMS, amount_cents=-10 - number, account_id=1 + number % 2, description=f"SMS {number}")
        for number in range(6)
    ]
    moment = clock.moment
    assert balance.post_many(batch) == [
        PostedRow(1, 2, -15, moment),
        PostedRow(2, 1, -11, moment),
        PostedRow(1, 3, -27, moment),
        PostedRow(2, 2, -24, moment),
        PostedRow(1, 4, -41, moment),
        PostedRow(2, 3, -39, moment),
    ]
    assert balance.post_many([]) == []
    assert [row.description for row in proven_ledger(database, 2)] == ["SMS 1", "SMS 3", "SMS 5"]
    assert len(proven_ledger(database, 1)) == 4
    assert balance.deduct(1, 1, "after").balance_cents == -42
    assert_verified(database)


def test_a_key_is_posted_once_in_a_batch_and_over_batches(balance: BalanceService, database: Database) -> None:
    first = balance.post(keyed(SMS, "k1"))
    again, made, twice, other, late = balance.post_many(
        [
            keyed(SMS, "k1"),
            keyed(SMS, "k2"),
            keyed(SMS, "k2"),
            keyed(SMS, "k2", amount_cents=-11),
            keyed(SMS, "k1", amount_cents=-11),
        ]
    )
    assert again == PostedRow(1, 1, -10, first.created_at, repeated=True)
    assert made == PostedRow(1, 2, -20, first.created_at)
    assert twice == PostedRow(1, 2, -20, first.created_at, repeated=True)
    assert isinstance(other, IdempotencyConflict)
    assert isinstance(late, IdempotencyConflict)
    assert late.sentence == "The idempotency key k1 was used for another posting."
    batch = [keyed(SMS, "k1"), keyed(SMS, "k2")]
    assert balance.check_many(batch) == balance.post_many(batch) == [again, twice]
    assert len(proven_ledger(database, 1)) == 2


def test_a_posting_that_cannot_be_made_leaves_the_others(balance: BalanceService, database: Database) -> None:
    batch = [
        replace(SMS, account_id=9),
        SMS,
        replace(SMS, order_id=1, kind=TransactionKind.PURCHASE, amount_cents=10),
        replace(SMS, reverses_id=1, kind=TransactionKind.REVERSAL, amount_cents=10),
        SMS,
    ]
    checked = balance.check_many(batch)
    assert balance.summary(1) == BalanceSummary(0, 0)
    missing, made, order, reversal, last = balance.post_many(batch)
    assert isinstance(missing, NotFound)
    assert missing.sentence == "There is no account 9."
    assert isinstance(order, InvalidInput)
    assert isinstance(reversal, InvalidInput)
    assert [type(outcome) for outcome in checked] == [NotFound, type(None), InvalidInput, InvalidInput, type(None)]
    assert [row.seq for row in (made, last) if isinstance(row, PostedRow)] == [1, 2]
    assert len(proven_ledger(database, 1)) == 2


def test_corrections_of_a_batch_have_their_audit_rows(balance: BalanceService, database: Database) -> None:
    bonus = keyed(SMS, "k1", kind=TransactionKind.ADJUSTMENT, amount_cents=500, description="bonus")
    for _ in range(2):
        balance.post_many([SMS, bonus, bonus])
    with database.read() as connection:
        (row,) = AuditStore().newest(connection, 10)
        assert connection.execute(sa.select(sa.func.count()).select_from(audit_log)).scalar_one() == 1
    assert (row.actor, row.action, row.object_id, row.reason) == ("anna", "adjust", "1", "bonus")
    assert (row.before, row.after) == ({"balance_cents": -10}, {"balance_cents": 490, "seq": 2})


def test_a_batch_has_a_largest_size(balance: BalanceService, database: Database) -> None:
    with pytest.raises(InvalidInput, match="at most 10000"):
        balance.post_many([SMS] * (MAX_BATCH + 1))
    rows = balance.post_many([keyed(SMS, f"k{number}") for number in range(MAX_BATCH)])
    assert [row.seq for row in rows if isinstance(row, PostedRow)] == list(range(1, MAX_BATCH + 1))
    assert len(proven_ledger(database, 1)) == MAX_BATCH
