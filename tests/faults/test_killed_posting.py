"""A desk is killed while it posts, over and over: what was acknowledged is there, once, and the ledger adds up."""

import time
from contextlib import closing
from dataclasses import dataclass, field
from random import Random

import sqlalchemy as sa

from services.balance import BalanceService
from services.database import Database
from services.models.tables import audit_log
from services.runtime import Runtime
from tests.crew import Member
from tests.faults.workers import BEGUN, post_forever
from tests.ledger import proven_ledger
from tests.scale import measured, rounds

KILLS = 100
LONGEST_SECONDS = 0.08
"""How long after its beginning a desk is killed at the latest: a posting takes about a millisecond."""

Acknowledged = tuple[str, int, int, int]
"""What a desk said of a posting: its key, its amount, its entry, and the balance after it."""


@dataclass
class Toll:
    """What the kills did."""

    landed: int = 0
    unacknowledged: int = 0
    acknowledged: list[Acknowledged] = field(default_factory=list)


def killed_desk(url: str, account_id: int, name: str, random: Random) -> tuple[bool, list[Acknowledged]]:
    """Let a desk post and kill it at a random moment; whether the kill ended it, and what it acknowledged."""
    desk = Member(post_forever, url, account_id, name, random.randrange(10**9))
    try:
        assert desk.hear() == BEGUN
        moment = time.monotonic() + random.uniform(0, LONGEST_SECONDS)
        acknowledged = list(desk.hear_until(moment))
        landed = desk.kill()
        return landed, acknowledged + desk.hear_rest()
    finally:
        desk.end()


def test_a_killed_desk_loses_nothing_it_acknowledged(
    runtime: Runtime, database_url: str, account_id: int, random: Random
) -> None:
    toll = Toll()
    for number in range(rounds(KILLS)):
        landed, acknowledged = killed_desk(database_url, account_id, f"desk{number}", random)
        toll.landed += landed
        toll.acknowledged += acknowledged
    assert toll.landed == rounds(KILLS), "A desk had ended before it was killed."
    assert toll.acknowledged, "No desk had begun to post before it was killed."

    # A server may still be committing for a client that is gone; whoever posts next waits for it.
    last = BalanceService.over(runtime).add_credits(account_id, 1, "after the last kill")
    assert last.success
    rows = proven_ledger(runtime.database, account_id)
    stored = {row.idempotency_key: (row.amount_cents, row.id, row.balance_after_cents) for row in rows[:-1]}
    for key, *rest in toll.acknowledged:
        assert stored.get(key) == tuple(rest), f"The acknowledged posting {key} is not stored as it was acknowledged."
    # Beyond those only the posting that each kill interrupted may be there: saved, and not acknowledged any more.
    extra = set(stored) - {key for key, *_ in toll.acknowledged}
    for number in range(rounds(KILLS)):
        own = [key for key, *_ in toll.acknowledged if key.startswith(f"desk{number}-")]
        assert {key for key in extra if key.startswith(f"desk{number}-")} <= {f"desk{number}-{len(own)}"}
    with runtime.database.read() as connection:
        audited = connection.execute(sa.select(sa.func.count()).select_from(audit_log)).scalar_one()
    assert audited == len(rows), "A posting and its audit row were not saved together."
    assert last.balance_cents == sum(row.amount_cents for row in rows)
    assert sound(runtime.database)
    measured(
        f"{runtime.database.label}: {toll.landed} kills landed, {len(toll.acknowledged)} postings acknowledged, all "
        f"there; {len(extra)} saved without having been acknowledged; balance {last.balance_cents} cents"
    )


def test_a_desk_beside_a_killed_one_goes_on(
    runtime: Runtime, database_url: str, account_id: int, random: Random
) -> None:
    beside = Member(post_forever, database_url, account_id, "beside", random.randrange(10**9))
    try:
        assert beside.hear() == BEGUN
        landed, mixed = 0, 0
        acknowledged: list[Acknowledged] = []
        for number in range(rounds(KILLS)):
            began = time.monotonic()
            killed, said = killed_desk(database_url, account_id, f"desk{number}", random)
            landed += killed
            acknowledged += said
            heard = [beside.hear(), *beside.hear_until(max(began, time.monotonic()))]
            mixed += bool(said and heard)
            acknowledged += heard
        assert beside.process.is_alive(), "A kill took the desk beside it down."
        landed += beside.kill()
        acknowledged += beside.hear_rest()
    finally:
        beside.end()
    assert landed == rounds(KILLS) + 1, "A desk had ended before it was killed."
    assert mixed > 0, "The desks did not post at the same time."

    BalanceService.over(runtime).add_credits(account_id, 1, "after the last kill")
    stored = {row.idempotency_key: row.id for row in proven_ledger(runtime.database, account_id)}
    assert [key for key, _, entry, _ in acknowledged if stored.get(key) != entry] == []
    measured(
        f"{runtime.database.label}: {landed} kills landed beside a working desk, {len(acknowledged)} postings "
        f"acknowledged, all there"
    )


def sound(database: Database) -> bool:
    """Whether SQLite finds its file in order; PostgreSQL has no such question."""
    if not database.is_sqlite:
        return True
    with database.read() as connection, closing(connection.exec_driver_sql("PRAGMA integrity_check")) as answer:
        return answer.scalars().all() == ["ok"]
