"""Support fills the filter in as a form; the line above the ledger stays what is true."""

import pytest
from hypothesis import given, settings
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from services.domain.ledger_filter import LedgerFilter, filter_line, parse_filter
from services.runtime import Runtime
from tests.filters import filters
from tests.tui.desks import app_on, screen_text, settle, type_text
from tests.tui.ledgers import new_account, open_balances, shown_seqs
from tests.tui.snapshot import picture
from tui.dialogs.filter_form import FilterDialog, PartField
from tui.screens.balances import BalancesScreen
from tui.widgets.line_input import LineInput
from tui.widgets.marks import Marks

FULL = 'kind:purchase,usage is:debit is:reversed amt>=-5.00 amt<=-0.05 2026-11 order:12 by:anna SMS "to +44"'


async def open_form(pilot: Pilot[None], line: str) -> FilterDialog:
    """Type a line, and open it as a form."""
    screen = pilot.app.screen
    assert isinstance(screen, BalancesScreen)
    await pilot.press("f")
    screen.filter_line.field.value = line
    await pilot.press("f2")
    await settle(pilot)
    form = pilot.app.screen
    assert isinstance(form, FilterDialog)
    return form


async def test_a_form_is_filled_in_by_keys_and_becomes_the_line(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await pilot.press("F")
        await settle(pilot)
        assert isinstance(app.screen, FilterDialog)
        assert isinstance(app.focused, Marks)
        await pilot.press("right", "space")
        assert "[x] top-up" in screen_text(app)
        await pilot.press("tab", "right", "tab")
        await type_text(pilot, "10")
        await pilot.press("enter", "enter")
        await type_text(pilot, "2026-11")
        await pilot.press("enter")
        await type_text(pilot, "top-up")
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert screen.filter_line.field.value == 'kind:top_up is:credit amt>=10.00 2026-11 "top-up"'
        assert shown_seqs(screen.ledger) == list(range(901, 0, -100))
        assert screen.ledger.has_focus
        await pilot.press("F")
        await settle(pilot)
        await pilot.press("right", "space", "escape")
        await settle(pilot)
        assert screen.filter_line.field.value.startswith("kind:top_up is:credit"), "Escape changes nothing."


async def test_what_is_typed_opens_as_the_form_that_it_is_and_stays_itself(runtime: Runtime) -> None:
    new_account(runtime, entries=10)
    app = app_on(runtime)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await open_balances(pilot, "maria")
        await open_form(pilot, FULL)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert screen.filter_line.wanted == parse_filter(FULL)
        await pilot.press("f")
        screen.filter_line.field.value = "kind:nonsense"
        await pilot.press("f2")
        await settle(pilot)
        assert app.screen is screen
        assert "✗ kind:nonsense: a kind is one of" in screen_text(app)
        assert screen.filter_line.field.has_focus, "What is no filter is mended where it stands."


async def test_errors_stand_at_their_fields_and_what_was_typed_stays(runtime: Runtime) -> None:
    new_account(runtime, entries=10)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        form = await open_form(pilot, "")
        lowest, highest, period, text, order, _actor = parts = [
            part.query_one(LineInput) for part in form.query(PartField)
        ]
        for field, typed in zip(parts, ("ten", "-1", "2026-13", "SMS", "eight"), strict=False):
            field.value = typed
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert app.screen is form
        shown = [line.strip(" │") for line in screen_text(app).splitlines()]
        for wrong in ("ten", "2026-13", "eight"):
            at = next(index for index, line in enumerate(shown) if wrong in line)
            assert "✗" in shown[at + 1], f"The error stands beside {wrong}."
        assert lowest.has_focus
        lowest.value, highest.value, period.value, order.value = "5", "1", "", ""
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert "✗ No amount is within these bounds." in screen_text(app)
        assert highest.has_focus
        highest.value, text.value = "5", ""
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert screen.filter_line.field.value == "amt=5.00"


async def test_the_palette_reaches_the_form(runtime: Runtime) -> None:
    new_account(runtime, entries=10)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot, "maria")
        await pilot.press("ctrl+p")
        await type_text(pilot, "filter form")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, FilterDialog)
        await pilot.click(Marks, offset=(20, 1))
        assert app.screen.query_one(Marks).value == {"refund"}


async def test_every_filter_goes_through_the_form_and_comes_back_as_it_was(runtime: Runtime) -> None:
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_balances(pilot)
        wanted_filters: list[LedgerFilter] = []

        @settings(max_examples=30)
        @given(filters())
        def draw(wanted: LedgerFilter) -> None:
            wanted_filters.append(wanted)

        draw()
        for wanted in wanted_filters:
            answers: list[LedgerFilter | None] = []
            await app.push_screen(FilterDialog(wanted), answers.append)
            await pilot.press("ctrl+s")
            await pilot.pause()
            assert answers == [wanted], filter_line(wanted)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)], ids=["slim", "small", "wide"])
async def test_the_form_looks_like_this(runtime: Runtime, size: tuple[int, int], svg: SnapshotAssertion) -> None:
    new_account(runtime, entries=10)
    app = app_on(runtime)
    async with app.run_test(size=size) as pilot:
        await open_balances(pilot, "maria")
        await open_form(pilot, FULL)
        await pilot.press("right")
        await settle(pilot)
        assert picture(app) == svg
