from datetime import timedelta

import pytest

from services.accounts import AccountService
from services.audit import AuditFilter, AuditService
from services.balance import BalanceService
from services.discounts import CodeTerms, DiscountService
from services.runtime import Runtime
from tests.clock import ManualClock

SECOND = timedelta(seconds=1)


@pytest.fixture
def audit(runtime: Runtime) -> AuditService:
    return AuditService.over(runtime)


@pytest.fixture
def scene(runtime: Runtime, clock: ManualClock) -> None:
    """Six changes, a second apart: three of codes by anna, two of codes by ben, one of a balance by anna."""
    account = AccountService.over(runtime).create("maria@example.com")
    anna = DiscountService.over(runtime)
    ben = DiscountService.over(Runtime(runtime.settings, runtime.database, None, clock, actor="ben"))
    for change in (
        lambda: anna.create("A1", percent_basis_points=1000),
        lambda: ben.create("B1", percent_basis_points=1000),
        lambda: anna.edit("A1", CodeTerms(2000)),
        lambda: ben.set_active("A1", False),
        lambda: BalanceService.over(runtime).add_credits(account.id, 100, "goodwill"),
        lambda: anna.set_active("B1", False),
    ):
        change()
        clock.advance(seconds=1)


@pytest.mark.usefixtures("scene")
def test_changes_are_found_by_person_object_and_period(audit: AuditService, clock: ManualClock) -> None:
    began = clock() - 6 * SECOND

    def found(wanted: AuditFilter) -> list[str]:
        return [f"{entry.actor} {entry.action} {entry.object_id}" for entry in audit.find(wanted)]

    everything = [
        "anna disable B1",
        "anna adjust 1",
        "ben disable A1",
        "anna edit A1",
        "ben create B1",
        "anna create A1",
    ]
    assert found(AuditFilter()) == everything
    assert found(AuditFilter(actor="ben")) == ["ben disable A1", "ben create B1"]
    assert found(AuditFilter(object_type="balance")) == ["anna adjust 1"]
    code = AuditFilter(object_type="discount_code", object_id="A1")
    assert found(code) == ["ben disable A1", "anna edit A1", "anna create A1"]
    assert found(AuditFilter(since=began + 5 * SECOND)) == everything[:1]
    assert found(AuditFilter(until=began + SECOND)) == everything[-1:]
    assert found(AuditFilter(actor="anna", since=began + SECOND, until=began + 5 * SECOND)) == everything[1:4:2]
    for nobody in ("nobody", "nul \0", "half \ud83d", "ann"):
        assert found(AuditFilter(actor=nobody)) == []
    names = audit.names()
    assert (names.actors, names.object_types) == (["anna", "ben"], ["balance", "discount_code"])


@pytest.mark.usefixtures("scene")
def test_pages_follow_each_other_while_others_write(audit: AuditService, runtime: Runtime) -> None:
    everything = audit.find()
    read = audit.find(limit=2)
    DiscountService.over(runtime).create("C1", percent_basis_points=1000)
    while page := audit.find(limit=2, before_id=read[-1].id):
        read += page
    assert read == everything
    assert [entry.id for entry in read] == [6, 5, 4, 3, 2, 1]
    for limit, before_id in ((0, None), (5, 0), (5, 2**63), (-1, None)):
        assert audit.find(limit=limit, before_id=before_id) == []


@pytest.mark.usefixtures("scene")
def test_an_entry_says_what_differs_before_and_after(audit: AuditService) -> None:
    by_action = {(entry.action, entry.object_id): entry.changes for entry in audit.find()}
    assert by_action["edit", "A1"] == [("percent_basis_points", 1000, 2000)]
    assert by_action["disable", "B1"] == [("active", True, False)]
    assert ("percent_basis_points", None, 1000) in by_action["create", "B1"]
