from datetime import timedelta

from services.database import Database
from services.domain.finding import Finding, FindingKind, Observation
from services.stores.accounts import AccountStore
from services.stores.findings import FindingStore
from services.stores.orders import OrderStore
from tests.clock import ManualClock
from tests.stores.drafts import access_draft

NOW = ManualClock().moment
LATER = NOW + timedelta(minutes=5)

store = FindingStore()


def an_order(database: Database) -> int:
    with database.write() as connection:
        account_id = AccountStore().create(connection, "maria@example.com", "", NOW).id
        draft = access_draft(account_id)
        order_id = OrderStore().create(connection, draft, reference="r", idempotency_key="k", actor="anna", now=NOW)
    assert order_id is not None
    return order_id


def test_what_is_seen_again_is_one_finding_while_it_is_open(database: Database) -> None:
    order_id = an_order(database)
    refunded = Observation(FindingKind.REFUNDED_AT_STRIPE, order_id, "re_1", "$1.00 went back.", 100)
    others = [
        Observation(FindingKind.REFUND_FAILED, order_id, "re_1", "It came back."),
        Observation(FindingKind.REFUNDED_AT_STRIPE, order_id, "re_2", "$2.00 went back.", 200),
    ]
    with database.write() as connection:
        for seen in (refunded, refunded, *others):
            store.note(connection, seen, NOW)
        first, *rest = store.open(connection)
        assert first == Finding(
            first.id, FindingKind.REFUNDED_AT_STRIPE, order_id, "re_1", 100, "$1.00 went back.", NOW, None, None, None
        )
        assert [(finding.kind, finding.subject, finding.amount_cents) for finding in rest] == [
            (seen.kind, seen.subject, seen.amount_cents) for seen in others
        ]
        assert store.resolve(connection, first.id, "recorded", resolved_by="anna", now=LATER)
        assert not store.resolve(connection, first.id, "noted", resolved_by="ben", now=LATER)
        resolved = store.get(connection, first.id)
        assert resolved is not None
        assert (resolved.resolved_at, resolved.resolved_by, resolved.resolution) == (LATER, "anna", "recorded")
        assert store.open(connection) == rest
        store.note(connection, refunded, LATER)
        assert [finding.found_at for finding in store.open(connection)] == [NOW, NOW, LATER]
        assert store.get(connection, 99) is None


def test_a_cursor_moves_on_for_each_key_and_never_back(database: Database) -> None:
    with database.write() as connection:
        assert store.cursor(connection, "one") is None
        store.set_cursor(connection, "one", LATER, frozenset({"evt_2", "evt_1"}))
        store.set_cursor(connection, "one", NOW, frozenset({"evt_0"}))
        store.set_cursor(connection, "other", NOW, frozenset())
        assert store.cursor(connection, "one") == (LATER, frozenset({"evt_1", "evt_2"}))
        assert store.cursor(connection, "other") == (NOW, frozenset())
        store.set_cursor(connection, "one", LATER, frozenset({"evt_3"}))
        assert store.cursor(connection, "one") == (LATER, frozenset({"evt_3"}))
