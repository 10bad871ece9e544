"""An import is killed, over and over: after the last run every row of the file is posted, once."""

import time
from pathlib import Path
from random import Random

from services.ledger_import import BATCH, ImportService
from services.runtime import Runtime
from tests.crew import Member
from tests.faults.workers import BEGUN, import_file
from tests.ledger import proven_ledger
from tests.proof import assert_verified
from tests.scale import measured, rounds

KILLS = 20
ROWS = 100_000
LONGEST_SECONDS = 0.02
"""How long after a batch was posted the import is killed at the latest: a batch takes about as long."""


def killed_import(url: str, file: Path, rows: int, random: Random) -> int:
    """Import a file and kill that at a random moment in its middle; how many rows were done by then."""
    member = Member(import_file, url, file)
    try:
        assert member.hear() == BEGUN
        middle = random.randrange(rows - 3 * BATCH)
        done: int = member.hear()
        while done <= middle:
            done = member.hear()
        said: list[int] = list(member.hear_until(time.monotonic() + random.uniform(0, LONGEST_SECONDS)))
        assert member.kill(), "The import had ended before it was killed."
        said += member.hear_rest()
        return max([done, *said])
    finally:
        member.end()


def test_a_killed_import_is_completed_by_the_next_run(
    runtime: Runtime, database_url: str, account_id: int, random: Random, tmp_path: Path
) -> None:
    rows, kills = max(rounds(ROWS), 10 * BATCH), rounds(KILLS)
    amounts = [random.randint(1, 99) for _ in range(rows)]
    file = tmp_path / "costs.csv"
    lines = (f"{account_id},-0.{cents:02},SMS {number}\n" for number, cents in enumerate(amounts))
    file.write_text("account,amount,description\n" + "".join(lines))

    done = [killed_import(database_url, file, rows, random) for _ in range(kills)]
    assert all(BATCH <= count < rows for count in done), "A kill did not land in the middle of the posting."
    began = time.monotonic()
    report = ImportService.over(runtime).run(file)
    seconds = time.monotonic() - began
    assert (report.rows, report.posted + report.repeated, report.wrong) == (rows, rows, 0)
    assert report.repeated >= max(done), "What was posted before a kill is gone."
    ledger = proven_ledger(runtime.database, account_id)
    assert [row.amount_cents for row in ledger] == [-cents for cents in amounts]
    assert [row.idempotency_key for row in ledger] == [f"import_{report.file_hash}_{row.seq}" for row in ledger]
    assert_verified(runtime)
    measured(
        f"{runtime.database.label}: {kills} kills landed in an import of {rows} rows, the furthest after {max(done)}; "
        f"each row is there once; the last run took {seconds:.1f} s"
    )
