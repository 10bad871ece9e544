import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from services.database import Database
from services.discounts import CodeStatus, CodeTerms, DiscountCode, DiscountService
from services.domain.audit import AuditEntry
from services.domain.code_pattern import ALPHABET, MAX_BATCH
from services.domain.zone import format_end, parse_end
from services.errors import Conflict, InvalidInput, NotFound, StaleTerms
from services.models.tables import audit_log
from services.runtime import Runtime
from services.stores.audit import AuditStore
from tests.clock import ManualClock
from tests.scale import measured, rounds

DAY = timedelta(days=1)
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def discounts(runtime: Runtime) -> DiscountService:
    return DiscountService.over(runtime)


def audit(database: Database) -> list[AuditEntry]:
    with database.read() as connection:
        return AuditStore().newest(connection, 1000)


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
        {
            "percent_basis_points": 1000,
            "amount_off_cents": None,
            "max_uses": 5,
            "per_account_limit": None,
            "starts_at": None,
            "ends_at": None,
            "min_amount_cents": None,
            "first_purchase_only": False,
            "stacks_on_launch": True,
            "note": "",
        },
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
        ("SAVE10", {"amount_off_cents": 5, "per_account_limit": 0}, "per_account_limit"),
        ("SAVE10", {"amount_off_cents": 5, "note": "half \ud83d"}, "note"),
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


def test_a_code_is_edited_and_the_edit_audited_with_what_was_before(
    discounts: DiscountService, database: Database, clock: ManualClock
) -> None:
    created = discounts.create("SAVE10", percent_basis_points=1000, max_uses=5)
    terms = CodeTerms(None, 500, None, 1, clock(), clock() + DAY, 2000, True, False, "spring")
    edited = discounts.edit("save10", terms, expected=created.terms)
    assert (edited.terms, edited.id, edited.status) == (terms, created.id, CodeStatus.ACTIVE)
    assert discounts.get("SAVE10") == edited
    newest = audit(database)[0]
    assert (newest.action, newest.object_id, newest.changes) == (
        "edit",
        "SAVE10",
        [
            ("amount_off_cents", None, 500),
            ("ends_at", None, "2026-11-24T14:03:07+00:00"),
            ("first_purchase_only", False, True),
            ("max_uses", 5, None),
            ("min_amount_cents", None, 2000),
            ("note", "", "spring"),
            ("per_account_limit", None, 1),
            ("percent_basis_points", 1000, None),
            ("stacks_on_launch", True, False),
            ("starts_at", None, "2026-11-23T14:03:07+00:00"),
        ],
    )


def test_an_edit_that_changes_nothing_or_comes_second_leaves_no_trace(
    discounts: DiscountService, database: Database
) -> None:
    created = discounts.create("SAVE10", percent_basis_points=1000)
    assert discounts.edit("SAVE10", created.terms) == created
    theirs = discounts.edit("SAVE10", replace(created.terms, max_uses=5))
    with pytest.raises(StaleTerms, match="changed in the meantime"):
        discounts.edit("SAVE10", replace(created.terms, max_uses=9), expected=created.terms)
    with pytest.raises(NotFound):
        discounts.edit("NOPE", created.terms)
    assert discounts.get("SAVE10") == theirs
    assert [entry.action for entry in audit(database)] == ["edit", "create"]


def test_a_bare_end_date_is_the_same_instant_however_often_it_is_saved(
    discounts: DiscountService, database: Database
) -> None:
    # clocks go back in the night that ends the day: its end is not 24 hours after its beginning
    code = discounts.create("AUTUMN", percent_basis_points=1000, ends_at=parse_end("2026-10-25", LONDON))
    for _ in range(3):
        assert code.ends_at == datetime(2026, 10, 26, tzinfo=UTC)
        shown = format_end(code.ends_at, LONDON)
        assert shown == "2026-10-25"
        code = discounts.edit("AUTUMN", replace(code.terms, ends_at=parse_end(shown, LONDON)))
    assert len(audit(database)) == 1


def test_a_code_tells_its_status_at_the_moment_it_was_read(discounts: DiscountService, clock: ManualClock) -> None:
    discounts.create("SPRING", percent_basis_points=1000, starts_at=clock() + DAY, ends_at=clock() + 2 * DAY)

    def statuses() -> set[CodeStatus]:
        found = discounts.get("SPRING")
        assert found is not None
        counted = {status for status, count in discounts.counts().items() if count}
        return {found.status, *counted, *(code.status for code in (*discounts.list_codes(), *discounts.search("sp")))}

    for status in (CodeStatus.SCHEDULED, CodeStatus.ACTIVE, CodeStatus.EXPIRED):
        assert statuses() == {status}
        clock.advance(days=1)
    discounts.set_active("SPRING", False)
    assert statuses() == {CodeStatus.DISABLED}


def test_a_code_is_duplicated_with_its_terms(discounts: DiscountService, database: Database) -> None:
    first = discounts.create("SAVE10", percent_basis_points=1000, max_uses=5, note="spring")
    discounts.set_active("SAVE10", False)
    second = discounts.duplicate("save10", "save11")
    assert (second.code, second.terms, second.active, second.uses) == ("SAVE11", first.terms, True, 0)
    newest = audit(database)[0]
    assert (newest.action, newest.object_id, newest.reason) == ("create", "SAVE11", "duplicate of SAVE10")
    for refused, source, copy in ((Conflict, "SAVE10", "SAVE11"), (NotFound, "NOPE", "NEW1")):
        with pytest.raises(refused):
            discounts.duplicate(source, copy)
    assert len(audit(database)) == 3


def test_many_codes_are_switched_together_or_not_at_all(discounts: DiscountService, database: Database) -> None:
    for name in ("A1", "B1", "C1"):
        discounts.create(name, percent_basis_points=1000)
    discounts.set_active("C1", False)
    with pytest.raises(NotFound, match="There is no code NOPE"):
        discounts.set_all_active(["A1", "nope"], False)
    assert len(audit(database)) == 4
    assert discounts.set_all_active(["b1 ", "a1", "C1"], False, "leaked") == ["A1", "B1"]
    assert [(entry.action, entry.object_id, entry.changes, entry.reason) for entry in audit(database)[:2]] == [
        ("disable", "B1", [("active", True, False)], "leaked"),
        ("disable", "A1", [("active", True, False)], "leaked"),
    ]
    assert len(audit(database)) == 6


def test_codes_are_drawn_from_a_pattern_and_each_is_audited(discounts: DiscountService, database: Database) -> None:
    terms = CodeTerms(1000, max_uses=1, note="partners")
    codes = discounts.generate(20, terms, "spring-", "####-####")
    assert sorted(set(codes)) == codes
    assert all(re.fullmatch(f"SPRING-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code) for code in codes)
    stored = discounts.search("SPRING-")
    assert [code.code for code in stored] == codes
    assert {code.terms for code in stored} == {terms}
    entries = audit(database)
    assert sorted(entry.object_id for entry in entries) == codes
    assert {(entry.action, entry.reason) for entry in entries} == {("create", "one of 20 drawn as SPRING-####-####")}


def test_a_pattern_that_makes_too_few_codes_makes_none(discounts: DiscountService, database: Database) -> None:
    terms = CodeTerms(1000)
    with pytest.raises(InvalidInput, match="279,841 different codes, too few for 280") as refused:
        discounts.generate(280, terms, "X", "####")
    assert refused.value.field == "pattern"
    assert len(discounts.generate(200, terms, "X", "####")) == 200
    with pytest.raises(InvalidInput, match="too few for 80"):
        discounts.generate(80, terms, "X", "####")
    for count in (0, -1, 100_001, True):
        with pytest.raises(InvalidInput):
            discounts.generate(count, terms, "Y")
    assert len(discounts.list_codes()) == len(audit(database)) == 200


@pytest.mark.usefixtures("verified")
def test_a_hundred_thousand_codes_are_unique_and_found_at_once(discounts: DiscountService, database: Database) -> None:
    count = rounds(MAX_BATCH)
    began = time.monotonic()
    codes = discounts.generate(count, CodeTerms(1000, max_uses=1), "BULK-")
    generated = time.monotonic() - began
    assert len(set(codes)) == count
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(audit_log)).scalar_one() == count
    figures = []
    searches: list[dict[str, Any]] = [
        {},
        {"prefix": f"bulk-{codes[count // 2][5:8]}"},
        {"prefix": "BULK-", "after": discounts.get(codes[-3])},
        {"status": CodeStatus.EXPIRED},
    ]
    for search in searches:
        began = time.monotonic()
        found = discounts.search(**search)
        figures.append(f"{1000 * (time.monotonic() - began):.1f}")
        assert len(found) <= 100
    began = time.monotonic()
    assert discounts.counts()[CodeStatus.ACTIVE] == count
    figures.append(f"{1000 * (time.monotonic() - began):.1f}")
    measured(f"{count:,} codes in {generated:.1f} s; first page, prefix, last page, no match, counts: {figures} ms")
