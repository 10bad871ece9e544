"""One account is verified by itself: its numbers, what each entry leaves, its balance, and its seals."""

from collections.abc import Iterator

import pytest

from services.accounts import AccountService
from services.balance import BalanceService, Posting, TransactionKind
from services.database import Database
from services.errors import NotFound
from services.runtime import Runtime
from services.seals import SealService
from services.stores.verification import VerificationStore
from services.verification import AccountVerification, VerificationService
from tests.postgres import PostgresServer

AT_ONCE = 1_000
ENTRIES = AT_ONCE + 40
LAST = AT_ONCE + 20
OF_MARIA = "account_id = 1 AND seq"


class Enough(Exception):
    """Raised by a progress that has seen enough."""


@pytest.fixture
def postgresql_url(postgres: PostgresServer, postgresql_template: str) -> Iterator[str]:
    """A database of its own, for these tests drop triggers and indexes."""
    url = postgres.create_database(template=postgresql_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def service(runtime: Runtime, database: Database) -> VerificationService:
    """Over two accounts with ledgers, whose guards were taken down."""
    balance = BalanceService.over(runtime)
    for email, entries in (("maria@example.com", ENTRIES), ("ben@example.com", 20)):
        account = AccountService.over(runtime).create(email)
        kind = TransactionKind.USAGE
        balance.post_many([Posting(account.id, -number, kind, "SMS", "anna") for number in range(1, entries + 1)])
    with database.write() as connection:
        if database.is_sqlite:
            for name in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER transactions_refuse_{name}")
        else:
            connection.exec_driver_sql("ALTER TABLE transactions DISABLE TRIGGER USER")
        connection.exec_driver_sql("DROP INDEX uq_transactions_account_id_seq")
    return VerificationService(database, VerificationStore(), SealService.over(runtime), AT_ONCE)


def run(database: Database, statement: str) -> None:
    with database.write() as connection:
        assert connection.exec_driver_sql(statement).rowcount >= 1, "Nothing was tampered with."


def broken(service: VerificationService) -> list[tuple[str, int]]:
    return [(found.code, found.seq) for found in service.verify_account(1).breaks]


def test_an_account_that_adds_up_says_so_with_its_progress(service: VerificationService) -> None:
    told: list[tuple[int, int]] = []
    verification = service.verify_account(1, progress=lambda done, of: told.append((done, of)))
    assert verification == AccountVerification(1, ENTRIES, 0, ())
    assert verification.sentence == f"{ENTRIES:,} entries add up."
    assert told == [(AT_ONCE, ENTRIES), (ENTRIES, ENTRIES)]


@pytest.mark.parametrize("seq", [1, 812, AT_ONCE, AT_ONCE + 1, ENTRIES])
def test_the_first_entry_that_does_not_add_up_is_named(
    service: VerificationService, database: Database, seq: int
) -> None:
    run(database, f"UPDATE transactions SET amount_cents = amount_cents - 1 WHERE {OF_MARIA} = {seq}")
    (found,) = service.verify_account(1).breaks
    assert (found.code, found.seq) == ("running_balance", seq)
    assert found.sentence.startswith(f"Entry {seq:,} does not add up: it leaves -$")
    assert service.verify_account(2).holds, "Another account is verified by itself."


@pytest.mark.parametrize("seq", [1, 812, AT_ONCE, AT_ONCE + 1, ENTRIES])
def test_an_entry_that_is_gone_is_named(service: VerificationService, database: Database, seq: int) -> None:
    run(database, f"DELETE FROM transactions WHERE {OF_MARIA} = {seq}")
    (found,) = service.verify_account(1).breaks
    assert (found.code, found.seq, found.sentence) == ("seq_gap", seq, f"Entry {seq:,} is not there.")


def test_an_entry_that_is_there_twice_is_named(service: VerificationService, database: Database) -> None:
    run(database, f"UPDATE transactions SET seq = 500 WHERE {OF_MARIA} = 501")
    assert broken(service) == [("seq_twice", 500)]


def test_a_balance_that_is_not_what_the_newest_entry_leaves_is_told(
    service: VerificationService, database: Database
) -> None:
    run(database, "UPDATE balances SET balance_cents = balance_cents + 100 WHERE account_id = 1")
    (found,) = service.verify_account(1).breaks
    assert (found.code, found.seq) == ("balance_sum", ENTRIES)
    assert found.sentence.startswith("The balance is -$")


def test_an_entry_that_the_balance_does_not_count_is_named(service: VerificationService, database: Database) -> None:
    run(database, f"UPDATE balances SET last_seq = {LAST} WHERE account_id = 1")
    assert broken(service) == [("last_seq", ENTRIES)]
    run(database, "DELETE FROM balances WHERE account_id = 1")
    assert broken(service) == [("last_seq", 1)]


def test_sealed_entries_are_held_against_their_seals_as_well(
    service: VerificationService, database: Database, runtime: Runtime
) -> None:
    heads = SealService.over(runtime)
    heads.seal(1)
    assert BalanceService.over(runtime).deduct(1, 7, "not sealed").success
    told: list[tuple[int, int]] = []
    verification = service.verify_account(1, progress=lambda done, of: told.append((done, of)))
    assert verification == AccountVerification(1, ENTRIES + 1, ENTRIES, ())
    assert verification.sentence == f"{ENTRIES + 1:,} entries add up; {ENTRIES:,} sealed and unchanged."
    assert told[-1] == (2 * ENTRIES + 1, 2 * ENTRIES + 1)
    assert told == sorted(told)
    run(database, f"UPDATE transactions SET description = 'Roaming' WHERE {OF_MARIA} = 900")
    run(database, f"UPDATE transactions SET amount_cents = amount_cents - 1 WHERE {OF_MARIA} = 1020")
    assert broken(service) == [("sealed_changed", 900), ("running_balance", 1020)]


def test_it_goes_on_while_others_post(service: VerificationService, runtime: Runtime) -> None:
    balance = BalanceService.over(runtime)
    posted: list[bool] = []
    verification = service.verify_account(
        1, progress=lambda _done, _of: posted.append(balance.deduct(1, 7, "SMS").success)
    )
    assert posted == [True, True]
    assert verification == AccountVerification(1, ENTRIES, 0, ())
    assert service.verify_account(1).entries == ENTRIES + 2


def test_what_a_progress_raises_ends_the_work(service: VerificationService) -> None:
    told: list[int] = []

    def stop(done: int, _of: int) -> None:
        told.append(done)
        raise Enough

    with pytest.raises(Enough):
        service.verify_account(1, progress=stop)
    assert told == [AT_ONCE]


def test_an_account_without_entries_adds_up_and_one_that_is_not_there_is_not_found(runtime: Runtime) -> None:
    account = AccountService.over(runtime).create("olu@example.com")
    service = VerificationService.over(runtime)
    assert service.verify_account(account.id).sentence == "0 entries add up."
    with pytest.raises(NotFound, match="There is no account 99"):
        service.verify_account(99)
