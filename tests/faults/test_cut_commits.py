"""A connection is cut at the COMMIT of a posting: asked by its key, the ledger has it once, and the answer says so."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.balance import BalanceService, PostedRow
from services.database import RUNS, Database
from services.domain.ledger import Posting, TransactionKind
from services.errors import OutcomeUnknown
from services.runtime import Runtime
from tests.ledger import proven_ledger
from tests.proxy import CommitProxy, Cut
from tests.scale import measured, rounds

CUTS = 50


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    return postgresql_url


@pytest.fixture
def proxy(database_url: str) -> Iterator[CommitProxy]:
    with CommitProxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that the desk made between two runs, in seconds; none of them is waited for."""
    return []


@pytest.fixture
def cut_off(runtime: Runtime, proxy: CommitProxy, pauses: list[float]) -> Iterator[BalanceService]:
    """The balances of a desk whose database is behind the proxy."""
    database = Database(proxy.url, pause=pauses.append)
    yield BalanceService.over(replace(runtime, database=database))
    database.close()


@pytest.mark.parametrize("moment", Cut)
def test_a_keyed_posting_cut_off_at_its_commit_is_there_once(
    cut_off: BalanceService, proxy: CommitProxy, database: Database, account_id: int, moment: Cut, pauses: list[float]
) -> None:
    answers = []
    for number in range(rounds(CUTS)):
        proxy.cut(moment)
        answers.append(cut_off.add_credits(account_id, 100 + number, "bonus", idempotency_key=f"form-{number}"))
    assert proxy.landed == len(pauses) == rounds(CUTS)

    rows = proven_ledger(database, account_id)
    assert [row.idempotency_key for row in rows] == [f"form-{number}" for number in range(rounds(CUTS))]
    assert [(True, row.id, row.balance_after_cents) for row in rows] == [
        (answer.success, answer.transaction_id, answer.balance_cents) for answer in answers
    ]
    measured(f"{database.label}: {proxy.landed} cuts {moment}, one entry each, every answer right")


def test_a_key_that_went_to_another_request_meanwhile_is_a_conflict(
    runtime: Runtime, proxy: CommitProxy, database: Database, account_id: int
) -> None:
    beside = BalanceService.over(runtime)

    def meanwhile(_seconds: float) -> None:
        assert beside.add_credits(account_id, 501, "bonus", idempotency_key="form-1").success

    cut_off = Database(proxy.url, pause=meanwhile)
    proxy.cut(Cut.BEFORE)
    answer = BalanceService.over(replace(runtime, database=cut_off)).add_credits(
        account_id, 500, "bonus", idempotency_key="form-1"
    )
    cut_off.close()
    assert (answer.success, answer.balance_cents, answer.field) == (False, 501, "idempotency_key")
    assert proxy.landed == 1
    assert [row.amount_cents for row in proven_ledger(database, account_id)] == [501]


@pytest.mark.parametrize("moment", Cut)
def test_a_reversal_cut_off_at_its_commit_is_made_once(
    cut_off: BalanceService, proxy: CommitProxy, database: Database, account_id: int, moment: Cut
) -> None:
    for number in range(rounds(CUTS)):
        entry = cut_off.add_credits(account_id, 500 + number, "bonus", idempotency_key=f"form-{number}")
        assert entry.transaction_id is not None
        proxy.cut(moment)
        assert cut_off.reverse(entry.transaction_id, "wrong account").success
    assert proxy.landed == rounds(CUTS)
    rows = proven_ledger(database, account_id)
    assert [row.reverses_id for row in rows[1::2]] == [row.id for row in rows[::2]]
    assert rows[-1].balance_after_cents == 0


@pytest.mark.parametrize(("moment", "entries"), [(Cut.BEFORE, 0), (Cut.AFTER, 1)])
def test_a_posting_without_a_key_is_made_once_at_most_and_not_known(
    cut_off: BalanceService, proxy: CommitProxy, database: Database, account_id: int, moment: Cut, entries: int
) -> None:
    proxy.cut(moment)
    with pytest.raises(OutcomeUnknown, match="not known whether it was saved"):
        cut_off.add_credits(account_id, 100, "bonus")
    assert proxy.landed == 1
    assert len(proven_ledger(database, account_id)) == entries


@pytest.mark.parametrize(("moment", "entries"), [(Cut.BEFORE, 0), (Cut.AFTER, 1)])
def test_a_posting_whose_every_commit_is_cut_off_is_not_known(
    cut_off: BalanceService,
    proxy: CommitProxy,
    database: Database,
    account_id: int,
    moment: Cut,
    entries: int,
    pauses: list[float],
) -> None:
    """Once a COMMIT arrived, the next run finds its entry and has nothing to commit: then it is known after all."""
    proxy.cut(moment, times=RUNS)
    posting = Posting(account_id, 100, TransactionKind.ADJUSTMENT, "bonus", "anna", None, "form-1")
    if moment is Cut.AFTER:
        assert cut_off.post(posting).seq == 1
        assert (proxy.landed, len(pauses)) == (1, 1)
    else:
        with pytest.raises(OutcomeUnknown):
            cut_off.post(posting)
        assert (proxy.landed, len(pauses)) == (RUNS, RUNS - 1)
    assert len(proven_ledger(database, account_id)) == entries


@pytest.mark.parametrize(("moment", "entries"), [(Cut.BEFORE, 0), (Cut.AFTER, 1)])
def test_a_database_that_is_gone_after_a_cut_leaves_the_posting_unknown(
    runtime: Runtime, proxy: CommitProxy, database: Database, account_id: int, moment: Cut, entries: int
) -> None:
    gone = Database(proxy.url, pause=lambda _seconds: proxy.close())
    balance = BalanceService.over(replace(runtime, database=gone))
    proxy.cut(moment)
    with pytest.raises(OutcomeUnknown):
        balance.add_credits(account_id, 100, "bonus", idempotency_key="form-1")
    gone.close()
    assert proxy.landed == 1
    assert len(proven_ledger(database, account_id)) == entries


@pytest.mark.parametrize("moment", Cut)
def test_a_keyed_posting_by_itself_cut_off_on_its_way_is_there_once(
    cut_off: BalanceService, proxy: CommitProxy, database: Database, account_id: int, moment: Cut
) -> None:
    answers = []
    for number in range(rounds(CUTS)):
        proxy.cut(moment)
        answers.append(cut_off.deduct(account_id, 100 + number, "SMS", idempotency_key=f"sms-{number}"))
    assert proxy.landed == rounds(CUTS)
    rows = proven_ledger(database, account_id)
    assert [(True, row.id, row.balance_after_cents) for row in rows] == [
        (answer.success, answer.transaction_id, answer.balance_cents) for answer in answers
    ]
    measured(f"{database.label}: {proxy.landed} cuts of postings by themselves {moment}, one entry each")


@pytest.mark.parametrize(("moment", "entries"), [(Cut.BEFORE, 0), (Cut.AFTER, 1)])
def test_a_posting_by_itself_without_a_key_is_made_once_at_most_and_not_known(
    cut_off: BalanceService, proxy: CommitProxy, database: Database, account_id: int, moment: Cut, entries: int
) -> None:
    proxy.cut(moment)
    with pytest.raises(OutcomeUnknown, match="not known whether it was saved"):
        cut_off.deduct(account_id, 100, "SMS")
    assert proxy.landed == 1
    assert len(proven_ledger(database, account_id)) == entries


def test_a_posting_by_itself_whose_every_repetition_is_cut_off_too_is_not_known(
    cut_off: BalanceService, proxy: CommitProxy, database: Database, account_id: int
) -> None:
    proxy.cut(Cut.BEFORE, times=1 + RUNS)
    with pytest.raises(OutcomeUnknown):
        cut_off.deduct(account_id, 100, "SMS", idempotency_key="sms-1")
    assert proxy.landed == 1 + RUNS
    assert proven_ledger(database, account_id) == []


@pytest.mark.parametrize("moment", Cut)
def test_a_batch_cut_off_at_its_commit_is_made_once(
    cut_off: BalanceService, proxy: CommitProxy, database: Database, account_id: int, moment: Cut
) -> None:
    for number in range(rounds(CUTS)):
        proxy.cut(moment)
        batch = [
            Posting(account_id, -1, TransactionKind.USAGE, "SMS", "anna", None, f"{number}-{row}") for row in range(20)
        ]
        made = cut_off.post_many(batch)
        assert [row.seq for row in made if isinstance(row, PostedRow)] == [20 * number + row for row in range(1, 21)]
    assert proxy.landed == rounds(CUTS)
    assert len(proven_ledger(database, account_id)) == 20 * rounds(CUTS)
