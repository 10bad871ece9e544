"""Many admins edit the prices at once: an edit is made on what its admin saw, or refused."""

from functools import partial

from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.stores.audit import AuditStore
from tests.crew import race
from tests.races.workers import edit_prices, take_over_price
from tests.scale import measured, rounds

PROCESSES = 8
EDITS = rounds(100)


def test_no_accepted_edit_is_lost(runtime: Runtime, database_url: str) -> None:
    edited = race(partial(edit_prices, database_url, f"admin {number}", EDITS) for number in range(PROCESSES))
    assert edited.most_at_once == PROCESSES, "The processes did not edit at the same time."
    versions = [version for versions, _ in edited.answers for version in versions]
    conflicts = sum(conflicts for _, conflicts in edited.answers)
    assert conflicts > 0, "No edit met another one."
    assert sorted(versions) == list(range(1, PROCESSES * EDITS + 1))

    history = DynamicPricingService.over(runtime).history(limit=1000)
    assert [change.version for change in history] == sorted(versions, reverse=True)
    assert [change.prices.launch_cents for change in reversed(history)] == [
        2999 + version for version in sorted(versions)
    ]
    with runtime.database.read() as connection:
        audited = AuditStore().newest(connection, 1000)
    assert [entry.object_id for entry in audited] == [str(change.version) for change in history]
    measured(f"{runtime.database.label}: {len(versions)} edits accepted, {conflicts} refused as stale")


def test_of_edits_on_one_version_one_is_accepted(runtime: Runtime, database_url: str) -> None:
    taken = race(partial(take_over_price, database_url, 3000 + number, 0) for number in range(12))
    assert taken.most_at_once > 1, "The processes did not edit at the same time."
    assert sorted(taken.answers, key=str) == [1, *[None] * 11]
    current = DynamicPricingService.over(runtime).current()
    assert current.version == 1
    assert current.prices.launch_cents == 3000 + taken.answers.index(1)
