from services.database import Database
from services.domain.audit import AuditEntry
from services.stores.audit import AuditStore
from tests.clock import ManualClock

store = AuditStore()


def test_entries_come_back_letter_for_letter_and_newest_first(database: Database, clock: ManualClock) -> None:
    first = AuditEntry(clock(), "anna", "create", "discount_code", "SAVE10", None, {"max_uses": None, "n": 2**60})
    clock.advance(microseconds=1)
    hostile = "[/] [@click=app.quit]x[/] \x1b[2J Ü \u202e"
    second = AuditEntry(clock(), hostile, "adjust", "balance", "1", {"a": hostile}, {"a": [1, True]}, hostile)
    with database.write() as connection:
        store.append(connection, first)
        store.append(connection, second)
    with database.read() as connection:
        assert store.newest(connection, 10) == [second, first]
        assert store.newest(connection, 1) == [second]
