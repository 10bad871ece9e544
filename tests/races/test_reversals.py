"""Many processes reverse one entry: it is taken back once, and whoever came late is told by which entry."""

from functools import partial

from services.balance import BalanceService
from services.database import Database
from services.runtime import Runtime
from tests.crew import race
from tests.ledger import proven_ledger
from tests.races.workers import reverse_once

PROCESSES = 8


def entry_of(runtime: Runtime, account_id: int) -> int:
    posted = BalanceService.over(runtime).add_credits(account_id, 1000, "goodwill")
    assert posted.transaction_id is not None
    return posted.transaction_id


def test_an_entry_is_reversed_by_one_process(
    runtime: Runtime, database: Database, database_url: str, account_id: int
) -> None:
    entry = entry_of(runtime, account_id)
    reversals = race(partial(reverse_once, database_url, entry, f"desk {number}", None) for number in range(PROCESSES))
    assert reversals.most_at_once > 1, "The processes did not reverse at the same time."
    _, row = proven_ledger(database, account_id)
    assert (row.reverses_id, row.amount_cents, row.balance_after_cents) == (entry, -1000, 0)
    assert [answer.transaction_id for answer in reversals.answers if answer.success] == [row.id]
    assert [answer.error for answer in reversals.answers if not answer.success] == [
        f"This entry is reversed already, by entry {row.seq}."
    ] * (PROCESSES - 1)


def test_one_key_from_many_processes_is_one_reversal(
    runtime: Runtime, database: Database, database_url: str, account_id: int
) -> None:
    entry = entry_of(runtime, account_id)
    reversals = race(
        partial(reverse_once, database_url, entry, f"desk {number}", "form-1") for number in range(PROCESSES)
    )
    assert reversals.most_at_once > 1, "The processes did not reverse at the same time."
    _, row = proven_ledger(database, account_id)
    assert {(answer.success, answer.transaction_id, answer.balance_cents) for answer in reversals.answers} == {
        (True, row.id, 0)
    }
