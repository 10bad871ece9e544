"""Many processes post to one account: every cent arrives, in one unbroken chain."""

import itertools
from functools import partial

import sqlalchemy as sa

from services.database import Database
from services.models.tables import audit_log
from tests.crew import race
from tests.ledger import proven_ledger
from tests.races.workers import post_many, post_once
from tests.scale import measured

PROCESSES = 8
POSTINGS = 200


def test_every_posting_of_every_process_is_in_the_balance(
    database: Database, database_url: str, account_id: int
) -> None:
    amounts = [number if number % 3 else -number for number in range(1, POSTINGS + 1)]
    postings = race(
        partial(post_many, database_url, account_id, f"desk {number}", amounts) for number in range(PROCESSES)
    )
    assert postings.answers == [POSTINGS] * PROCESSES
    assert postings.most_at_once == PROCESSES, "The processes did not post at the same time."

    rows = proven_ledger(database, account_id)
    assert len(rows) == PROCESSES * POSTINGS
    assert rows[-1].balance_after_cents == PROCESSES * sum(amounts)
    turns = sum(row.actor != before.actor for before, row in itertools.pairwise(rows))
    assert turns > PROCESSES, "The processes posted one after the other."
    for number in range(PROCESSES):
        own = [row.amount_cents for row in rows if row.actor == f"desk {number}"]
        assert own == amounts, "A process's postings are not in the order it made them."
    with database.read() as connection:
        audited = connection.execute(sa.select(sa.func.count()).select_from(audit_log)).scalar_one()
    assert audited == sum(amount > 0 for amount in amounts) * PROCESSES
    seconds = max(lap.ended for lap in postings.laps) - min(lap.began for lap in postings.laps)
    measured(f"{database.label}: {len(rows)} postings by {PROCESSES} processes in {seconds:.1f} s, {turns} turns")


def test_one_key_from_many_processes_is_one_posting(database: Database, database_url: str, account_id: int) -> None:
    keyed = race(partial(post_once, database_url, account_id, 1000, "form-1") for _ in range(16))
    assert keyed.most_at_once > 1, "The processes did not post at the same time."
    (row,) = proven_ledger(database, account_id)
    assert {(answer.success, answer.transaction_id, answer.balance_cents) for answer in keyed.answers} == {
        (True, row.id, 1000)
    }


def test_one_key_for_different_requests_is_one_posting_and_conflicts(
    database: Database, database_url: str, account_id: int
) -> None:
    keyed = race(partial(post_once, database_url, account_id, 1000 + number, "form-1") for number in range(16))
    assert keyed.most_at_once > 1, "The processes did not post at the same time."
    (row,) = proven_ledger(database, account_id)
    accepted = [answer for answer in keyed.answers if answer.success]
    refused = [answer for answer in keyed.answers if not answer.success]
    assert [answer.transaction_id for answer in accepted] == [row.id]
    assert len(refused) == 15
    assert {answer.error for answer in refused} == {
        f"This idempotency key was used for another posting (entry {row.id})."
    }
