"""Batches race single postings, and each other for the same keys; sealing races them all."""

from functools import partial
from random import Random
from typing import Any

from services.accounts import AccountService
from services.database import Database
from services.runtime import Runtime
from services.seals import SealService
from tests.crew import Race, race
from tests.ledger import proven_ledger
from tests.proof import assert_verified
from tests.races.workers import post_in_batches, post_many, seal_all
from tests.scale import measured, rounds

KEYS = 20_000
BATCH = 10
SINGLES = 100


def test_batches_and_single_postings_make_one_chain(
    runtime: Runtime, database: Database, database_url: str, account_id: int
) -> None:
    account_ids = [account_id, AccountService.over(runtime).create("ben@example.com").id]
    keys = [str(number) for number in range(rounds(KEYS))]
    amounts = [-7] * SINGLES
    answers: Race[Any] = race(
        [
            *(partial(post_in_batches, database_url, account_ids, f"batch {n}", shuffled(keys, n)) for n in range(4)),
            *(partial(post_many, database_url, account, f"single {account}", amounts) for account in account_ids),
        ]
    )
    assert answers.most_at_once > 1, "The processes did not post at the same time."
    entries = answers.answers[0]
    assert answers.answers[1:4] == [entries] * 3, "A key stands for several entries."
    assert answers.answers[4:] == [SINGLES] * 2
    ledgers = {account: proven_ledger(database, account) for account in account_ids}
    stored = {row.idempotency_key: (account, row.seq) for account, rows in ledgers.items() for row in rows}
    assert {key: stored[key] for key in keys} == entries
    assert sum(map(len, ledgers.values())) == len(keys) + 2 * SINGLES
    actors = {row.actor for rows in ledgers.values() for row in rows if row.idempotency_key is not None}
    assert len(actors) > 1, "One process posted all the keys."
    assert_verified(database)
    measured(f"{database.label}: {len(keys)} keys in batches of {BATCH} by 4 processes beside {2 * SINGLES} singles")


def shuffled(keys: list[str], seed: int) -> list[list[str]]:
    """All keys in batches, in an order of their own."""
    mixed = list(keys)
    Random(seed).shuffle(mixed)  # noqa: S311 - an order, not a secret
    return [mixed[start : start + BATCH] for start in range(0, len(mixed), BATCH)]


def test_sealing_from_many_processes_makes_one_chain(runtime: Runtime, database_url: str, account_id: int) -> None:
    keys = [str(number) for number in range(rounds(KEYS))]
    answers: Race[Any] = race(
        [
            partial(post_in_batches, database_url, [account_id], "batch", shuffled(keys, 0)),
            *(partial(seal_all, database_url) for _ in range(4)),
        ]
    )
    assert answers.most_at_once > 1, "The processes did not seal at the same time."
    seals = SealService.over(runtime)
    assert sum(answers.answers[1:]) + seals.seal() == len(keys)
    verification = seals.verify()
    assert (verification.holds, verification.entries) == (True, len(keys))
