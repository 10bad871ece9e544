from typing import Any

import pytest

from services.database import Database
from services.discounts import DiscountCode, DiscountService
from services.domain.audit import AuditEntry
from services.errors import Conflict, InvalidInput, NotFound
from services.runtime import Runtime
from services.stores.audit import AuditStore
from tests.clock import ManualClock


@pytest.fixture
def discounts(runtime: Runtime) -> DiscountService:
    return DiscountService.over(runtime)


def audit(database: Database) -> list[AuditEntry]:
    with database.read() as connection:
        return AuditStore().newest(connection, 100)


def test_a_code_is_created_in_its_canonical_form_and_audited(
    discounts: DiscountService, database: Database, clock: ManualClock
) -> None:
    created = discounts.create(" save10 ", percent_basis_points=1000, max_uses=5)
    assert created == DiscountCode(created.id, "SAVE10", 1000, None, 5, True, 0, 0, clock.moment)
    for form in ("SAVE10", "save10", "\tSave10 "):
        assert discounts.get(form) == created
    (entry,) = audit(database)
    assert (entry.actor, entry.action, entry.object_type, entry.object_id) == (
        "anna",
        "create",
        "discount_code",
        "SAVE10",
    )
    assert (entry.before, entry.after) == (
        None,
        {"percent_basis_points": 1000, "amount_off_cents": None, "max_uses": 5},
    )


def test_a_code_exists_once_in_whatever_form_it_is_typed(discounts: DiscountService, database: Database) -> None:
    first = discounts.create("SAVE10", percent_basis_points=1000)
    for form in ("SAVE10", "save10", "SAVE10 "):
        with pytest.raises(Conflict, match="already a code SAVE10") as refused:
            discounts.create(form, amount_off_cents=500)
        assert refused.value.field == "code"
    assert discounts.list_codes() == [first]
    assert len(audit(database)) == 1


def test_what_is_no_code_is_refused_by_field_and_leaves_no_trace(
    discounts: DiscountService, database: Database
) -> None:
    bad: list[tuple[str, dict[str, Any], str]] = [
        ("\u017fave10", {"percent_basis_points": 1000}, "code"),
        ("", {"percent_basis_points": 1000}, "code"),
        ("SAVE10", {}, "value"),
        ("SAVE10", {"percent_basis_points": 1000, "amount_off_cents": 5}, "value"),
        ("SAVE10", {"percent_basis_points": 0}, "percent_basis_points"),
        ("SAVE10", {"percent_basis_points": 10_001}, "percent_basis_points"),
        ("SAVE10", {"amount_off_cents": 0}, "amount_off_cents"),
        ("SAVE10", {"amount_off_cents": 5, "max_uses": 0}, "max_uses"),
    ]
    for code, arguments, field in bad:
        with pytest.raises(InvalidInput) as refused:
            discounts.create(code, **arguments)
        assert refused.value.field == field
    assert discounts.list_codes() == []
    assert audit(database) == []


def test_what_cannot_be_a_code_is_not_found(discounts: DiscountService) -> None:
    for code in ("NOPE", "", "not a code", "nul \0", "\u0131NVITE", "half \ud83d"):
        assert discounts.get(code) is None


def test_a_code_is_switched_and_each_switch_is_audited(discounts: DiscountService, database: Database) -> None:
    created = discounts.create("SAVE10", percent_basis_points=1000)
    disabled = discounts.set_active("save10", False)
    assert (disabled.active, disabled.id) == (False, created.id)
    assert discounts.set_active("SAVE10", False) == disabled
    assert discounts.set_active("SAVE10", True) == created
    assert [(entry.action, entry.before, entry.after) for entry in audit(database)][:2] == [
        ("enable", {"active": False}, {"active": True}),
        ("disable", {"active": True}, {"active": False}),
    ]
    assert len(audit(database)) == 3


def test_an_unknown_code_cannot_be_switched(discounts: DiscountService, database: Database) -> None:
    with pytest.raises(NotFound, match="There is no code NOPE") as missing:
        discounts.set_active("nope", True)
    assert missing.value.field == "code"
    with pytest.raises(InvalidInput):
        discounts.set_active("not a code", True)
    assert audit(database) == []


def test_codes_are_listed_newest_first(discounts: DiscountService) -> None:
    made = [discounts.create(f"CODE{number}", amount_off_cents=number) for number in (1, 2, 3)]
    assert discounts.list_codes() == made[::-1]
