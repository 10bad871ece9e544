"""Many codes at once: making them with a file, disabling and enabling them."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from services.audit import AuditFilter, AuditService
from services.discounts import CodeStatus, CodeTerms, DiscountService
from services.runtime import Runtime
from tests.journeys.test_discounts import open_discounts
from tests.tui.desks import app_on, screen_text, settle, type_text
from tui.dialogs.code_generate import GenerateCodesDialog
from tui.screens.discounts import DiscountsScreen
from tui.widgets.table import Table


@pytest.fixture
def discounts(runtime: Runtime) -> DiscountService:
    return DiscountService.over(runtime)


async def fill(pilot: Pilot[None], number: str, prefix: str, pattern: str, file: Path, value: str) -> None:
    """By keys: the form of a batch."""
    await pilot.press("b")
    await settle(pilot)
    for text in (number, prefix):
        await type_text(pilot, text)
        await pilot.press("enter")
    for text in (pattern, str(file)):
        await pilot.press("home", "ctrl+k")
        await type_text(pilot, text)
        await pilot.press("enter")
    await type_text(pilot, value)
    await settle(pilot)


async def test_codes_are_made_in_bulk_and_written_to_a_file(
    runtime: Runtime, discounts: DiscountService, tmp_path: Path
) -> None:
    file = tmp_path / "codes.csv"
    app = app_on(runtime)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await open_discounts(pilot)
        await fill(pilot, "250", "xmas-", "######", file, "15")
        assert "250 codes like XMAS-######; 1 guess in 592,143 hits one" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, DiscountsScreen)
        shown = screen_text(app)
        assert "250 codes were made." in shown
        assert "100+ of 250 codes" in shown
        codes = discounts.search("XMAS-", limit=1000)
        assert app.screen.query_one("#codes", Table).key == codes[0].code
    assert file.read_text().splitlines() == ["code", *(code.code for code in codes)]
    assert file.stat().st_mode & 0o777 == 0o600
    assert {code.terms for code in codes} == {CodeTerms(percent_basis_points=1500)}


@pytest.mark.parametrize(
    ("number", "pattern", "said"),
    [
        ("0", "########", "A batch has 1 to 100,000 codes."),
        ("100", "##", "makes 529 different codes, too few for 100"),
        ("100", "ABC", "A pattern is made of # for a drawn character"),
    ],
)
async def test_a_batch_that_cannot_be_made_leaves_no_code_and_no_file(
    runtime: Runtime, discounts: DiscountService, tmp_path: Path, number: str, pattern: str, said: str
) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await fill(pilot, number, "", pattern, tmp_path / "codes.csv", "15")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, GenerateCodesDialog)
        assert said in screen_text(app)
    assert discounts.list_codes() == []
    assert list(tmp_path.glob("*.csv")) == []


async def test_no_file_is_replaced_and_then_no_code_is_made(
    runtime: Runtime, discounts: DiscountService, tmp_path: Path
) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("kept")
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await fill(pilot, "10", "", "########", file, "15")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "exists already" in " ".join(screen_text(app).split())
    assert discounts.list_codes() == []
    assert file.read_text() == "kept"


async def test_all_shown_are_disabled_with_a_line_each_in_the_audit_trail(
    runtime: Runtime, discounts: DiscountService
) -> None:
    codes = discounts.generate(120, CodeTerms(percent_basis_points=1000), "LEAK-")
    discounts.create("KEPT", percent_basis_points=1000)
    discounts.set_active(codes[0], False)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press("slash")
        await type_text(pilot, "leak")
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("D")
        await settle(pilot)
        shown = screen_text(app)
        assert "120 codes that begin with LEAK" in shown
        assert "119 codes → disabled; 1 already is" in shown
        await pilot.press("enter")
        assert isinstance(app.screen, DiscountsScreen)
        assert discounts.counts()[CodeStatus.DISABLED] == 1
        await pilot.press("D")
        await settle(pilot)
        await pilot.press("shift+tab")
        await type_text(pilot, "leaked")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, DiscountsScreen)
    assert discounts.counts()[CodeStatus.DISABLED] == 120
    entries = AuditService.over(runtime).find(AuditFilter(object_type="discount_code"), limit=500)
    switched = [entry for entry in entries if entry.reason == "leaked"]
    assert sorted(str(entry.object_id) for entry in switched) == codes[1:]


async def test_disabled_codes_are_offered_to_be_enabled_and_nothing_else_is(
    runtime: Runtime, discounts: DiscountService
) -> None:
    for code in ("AA", "BB"):
        discounts.create(code, percent_basis_points=1000)
        discounts.set_active(code, False)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_discounts(pilot)
        await pilot.press(*"sssss")
        await settle(pilot)
        await pilot.press("D")
        await settle(pilot)
        assert "2 codes that are disabled" in screen_text(app)
        assert "2 codes → enabled; 0 already are" in screen_text(app)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert isinstance(app.screen, DiscountsScreen)
    assert discounts.counts()[CodeStatus.ACTIVE] == 2
