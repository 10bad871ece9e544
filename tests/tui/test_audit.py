"""The audit screen: its filter, its words, and its picture."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from services.accounts import AccountService
from services.balance import BalanceService
from services.discounts import DiscountService
from services.domain.audit import AuditEntry, AuditFilter
from services.errors import InvalidInput
from services.pricing_dynamic import DynamicPricingService
from services.runtime import Runtime
from services.stores.audit import AuditStore
from tests.clock import ManualClock
from tests.tui.desks import app_on, screen_text, settle, type_text
from tests.tui.snapshot import picture
from tui.app import PaydeskApp
from tui.screens.audit import PAGE, AuditScreen
from tui.screens.audit_filter import AuditSuggester, parse_audit_filter
from tui.screens.audit_words import audit_detail, audit_text, change_texts

SMALL, WIDE = (80, 24), (120, 40)
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


# The filter


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", AuditFilter()),
        ("  ", AuditFilter()),
        ("by:anna", AuditFilter(actor="anna")),
        ('by:"anna b" type:code', AuditFilter(actor="anna b", object_type="discount_code")),
        ("code:summer", AuditFilter(object_type="discount_code", object_id="SUMMER")),
        ("account:42", AuditFilter(object_type="balance", object_id="42")),
        ("order:#0012", AuditFilter(object_type="order", object_id="12")),
        ("prices:v14", AuditFilter(object_type="prices", object_id="14")),
        ("type:finding 2026-10", AuditFilter(object_type="finding", since=OCTOBER, until=NOVEMBER)),
        ("2026-11.. by:ben", AuditFilter(actor="ben", since=NOVEMBER)),
        ("..2026-10-31", AuditFilter(until=NOVEMBER)),
    ],
)
def test_a_line_of_words_is_a_filter(line: str, wanted: AuditFilter) -> None:
    assert parse_audit_filter(line) == wanted


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("anna", "anna: a word is like by:anna"),
        ("by:", "by: a value follows the colon."),
        ('by:""', 'by:"": a value follows the colon.'),
        ("who:anna", "who:anna: there is no who: in this filter"),
        ("type:card", "type:card: a type is one of prices, code, account, order, finding."),
        ("account:maria", "account:maria: a number follows the colon."),
        ("account:٤٢", "account:٤٢: a number follows the colon."),
        ("by:anna by:ben", "by:ben: a filter says this once only."),
        ("type:code account:42", "account:42: a filter says this once only."),
        ("2026-13", "2026-13: The calendar has no such day or hour."),
        ("2026-11..2026-10", "2026-11..2026-10: A period ends after it begins."),
    ],
)
def test_what_is_no_filter_is_said_with_its_word(line: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_audit_filter(line)
    assert refused.value.sentence.startswith(sentence)
    assert refused.value.field == "filter"


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("", None),
        ("by:a", "by:anna"),
        ("by:anna", None),
        ('by:"b', 'by:"ben c"'),
        ("2026-10 ty", "2026-10 type:prices"),
        ("2026-10 type:c", "2026-10 type:code"),
        ("acc", "account:"),
        ("nothing", None),
    ],
)
async def test_the_last_word_is_completed(line: str, completed: str | None) -> None:
    suggester = AuditSuggester(lambda: ["anna", "ben c"])
    assert await suggester.get_suggestion(line) == completed


# The words


def entry_of(before: dict[str, Any] | None, after: dict[str, Any] | None) -> AuditEntry:
    return AuditEntry(NOVEMBER, "anna", "edit", "discount_code", "SUMMER", before, after, "why not", id=7)


@pytest.mark.parametrize(
    ("before", "after", "texts"),
    [
        ({"launch_cents": 2499}, {"launch_cents": 2999}, ["launch $24.99 → $29.99"]),
        ({"active": True}, {"active": False}, ["active yes → no"]),
        ({"note": "", "max_uses": None}, {"note": "new", "max_uses": 1000}, ["note – → new", "max uses – → 1,000"]),
        (None, {"percent_basis_points": 1250, "note": "", "first_purchase_only": False}, ["percent 12.5 %"]),
        ({"mode": "sale"}, None, ["mode sale → –"]),
        ({"mode": "sale"}, {"mode": "sale"}, []),
        ({"balance_cents": 0}, {"balance_cents": 500, "seq": 1}, ["balance $0.00 → $5.00", "seq 1"]),
        (
            {"ends_at": None, "starts_at": "at once"},
            {"ends_at": "2026-12-25T00:00:00+00:00", "starts_at": "2026-12-01T09:00:07.250000+00:00"},
            ["ends at – → 2026-12-25 00:00 UTC", "starts at at once → 2026-12-01 09:00:07 UTC"],
        ),
        ({"steps": []}, {"steps": [1]}, ["steps [] → [1]"]),
    ],
)
def test_a_change_is_told_in_the_units_of_its_values(
    before: dict[str, Any] | None, after: dict[str, Any] | None, texts: list[str]
) -> None:
    assert change_texts(entry_of(before, after)) == texts


def test_an_entry_is_told_whole_and_on_one_line() -> None:
    entry = entry_of({"note": "old"}, {"note": "\x1b[2J"})
    assert audit_detail(entry, NOVEMBER).plain.splitlines() == [
        "when  1 Nov 00:00:00 UTC",
        "who   anna",
        "did   edit code SUMMER",
        "why   why not",
        "entry 7 of the trail",
        "",
        "note",
        "  old → ␛[2J",
    ]
    assert audit_text(entry).startswith("2026-11-01T00:00:00+00:00 anna edit code SUMMER: note old → ")
    assert "No value is recorded as different." in audit_detail(entry_of(None, None), NOVEMBER).plain


# The screen


@pytest.fixture
def desk(runtime: Runtime, clock: ManualClock) -> PaydeskApp:
    """A desk on which two people changed this and that, one of them with text that means harm."""
    ben = Runtime(runtime.settings, runtime.database, None, clock, actor="ben [@click=app.quit]x[/]")
    account = AccountService.over(runtime).create("maria@example.com")
    changes: list[Callable[[], object]] = [
        lambda: DiscountService.over(runtime).create("LAUNCH10", percent_basis_points=1000, max_uses=100),
        lambda: DiscountService.over(ben).set_active("LAUNCH10", False),
        lambda: BalanceService.over(runtime).add_credits(account.id, 1000, "Goodwill [/] for \x1b[31mthe outage"),
        lambda: DynamicPricingService.over(ben).change_prices(mode="sale", reason="autumn sale"),
        lambda: DynamicPricingService.over(runtime).change_prices(
            mode="launch", launch_cents=2799, reason="the sale has ended a week early"
        ),
    ]
    for change in changes:
        change()
        clock.advance(hours=3, minutes=7)
    return app_on(runtime)


async def open_audit(pilot: Pilot[None]) -> AuditScreen:
    await settle(pilot)
    await pilot.press("6")
    await settle(pilot)
    assert isinstance(pilot.app.screen, AuditScreen)
    return pilot.app.screen


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "wide"])
@pytest.mark.parametrize("keys", [(), ("j", "enter"), ("slash", *"by:")], ids=["trail", "entry", "filter"])
async def test_the_screen_looks_as_it_did(
    desk: PaydeskApp, svg: SnapshotAssertion, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    async with desk.run_test(size=size) as pilot:
        await open_audit(pilot)
        await pilot.press(*keys)
        await settle(pilot)
        assert picture(desk) == svg


async def test_an_empty_trail_says_what_will_fill_it(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=SMALL) as pilot:
        await open_audit(pilot)
        assert "Nothing was changed yet." in screen_text(app)
        assert "0 entries" in screen_text(app)
        await pilot.press("slash")
        await type_text(pilot, "by:nobody")
        await settle(pilot)
        assert "No entry fits the filter." in screen_text(app)


async def test_a_long_trail_is_read_page_by_page_and_keeps_its_place(runtime: Runtime, clock: ManualClock) -> None:
    pages = 3
    fill(runtime, clock(), pages * PAGE + 1)
    app = app_on(runtime)
    async with app.run_test(size=SMALL) as pilot:
        screen = await open_audit(pilot)
        assert (screen.trail.row_count, "≥ 200 entries" in screen_text(app)) == (PAGE, True)
        for read in range(2, pages + 1):
            await pilot.press("G")
            await settle(pilot)
            assert screen.trail.row_count == read * PAGE
        await pilot.press("G")
        await settle(pilot)
        assert screen.trail.row_count == pages * PAGE + 1
        assert "601 entries" in screen_text(app)
        await pilot.press("G")
        assert screen.trail.key == "1"
        fill(runtime, clock(), 2)
        await pilot.press("r")
        await settle(pilot)
        assert (screen.trail.row_count, screen.trail.key) == (pages * PAGE + 3, "1")
        assert "603 entries" in screen_text(app)


async def test_what_was_asked_before_the_filter_changed_is_not_shown(runtime: Runtime, clock: ManualClock) -> None:
    fill(runtime, clock(), 2 * PAGE)
    DiscountService.over(runtime).create("SUMMER", percent_basis_points=1000)
    app = app_on(runtime)
    async with app.run_test(size=SMALL) as pilot:
        screen = await open_audit(pilot)
        await pilot.press("G", "slash", *"code:SUMMER")
        await settle(pilot)
        assert screen.trail.row_count == 1
        assert "1 entry" in screen_text(app)


def fill(runtime: Runtime, now: datetime, entries: int) -> None:
    """So many entries, the last of them now."""
    made = [
        AuditEntry(now - timedelta(seconds=back), "ben", "adjust", "balance", "1", None, {"seq": back})
        for back in reversed(range(entries))
    ]
    with runtime.database.write() as connection:
        AuditStore().append_all(connection, made)
