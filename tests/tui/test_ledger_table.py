"""The ledger table: pages, late answers, the cursor, and columns that stay straight."""

import re
from time import perf_counter

import pytest
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion
from textual.events import MouseScrollDown

from services.balance import BalanceService
from services.runtime import Runtime
from tests.tui.desks import app_on, screen_text, settle
from tests.tui.ledgers import gated_app_on, new_account, open_balances, shown_seqs
from tests.tui.snapshot import picture
from tui.messages import BalanceChanged
from tui.widgets.ledger_pages import KEPT, PAGE, LedgerPages, Span
from tui.widgets.ledger_reader import LedgerReader
from tui.widgets.ledger_table import LedgerTable

MANY = 100_000


def pages_of(ledger: LedgerTable) -> LedgerPages:
    """What a table that shows everything keeps in memory."""
    assert isinstance(ledger._reader, LedgerReader)
    return ledger._reader.pages


async def test_the_newest_are_on_top_and_every_key_moves(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        ledger = (await open_balances(pilot, "maria")).ledger
        rows = len(shown_seqs(ledger))
        assert shown_seqs(ledger) == list(range(1_000, 1_000 - rows, -1))
        expected = [
            ("j", 999),
            ("down", 998),
            ("k", 999),
            ("up", 1_000),
            ("up", 1_000),
            ("pagedown", 1_000 - rows),
            ("pageup", 1_000),
            ("G", 1),
            ("j", 1),
            ("g", 1_000),
            ("end", 1),
            ("home", 1_000),
        ]
        for key, cursor in expected:
            await pilot.press(key)
            await settle(pilot)
            assert (key, ledger.cursor) == (key, cursor)
            assert cursor in shown_seqs(ledger)
            assert ledger.entry is not None


async def test_any_place_in_a_long_ledger_is_there_at_once_and_memory_stays_small(runtime: Runtime) -> None:
    new_account(runtime, entries=MANY)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        ledger = (await open_balances(pilot, "maria")).ledger
        for part in (0.5, 0.13, 0.99, 0.0, 1.0, *(step / 40 for step in range(40))):
            ledger.scroll_to(y=round(MANY * part))
            await settle(pilot)
            top = ledger.newest - ledger.scroll_offset.y
            assert shown_seqs(ledger)[0] == top
            assert ledger.cursor in shown_seqs(ledger)
        assert len(pages_of(ledger)) <= KEPT


async def test_the_scroll_bar_is_pulled_to_the_middle_without_an_animation(runtime: Runtime) -> None:
    new_account(runtime, entries=MANY)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        ledger = (await open_balances(pilot, "maria")).ledger
        bar = ledger.vertical_scrollbar
        await pilot.mouse_down(bar, offset=(0, 0))
        await pilot.hover(bar, offset=(0, bar.size.height // 2))
        await pilot.mouse_up(bar, offset=(0, bar.size.height // 2))
        await settle(pilot)
        assert 0.4 * MANY < ledger.cursor < 0.6 * MANY
        assert ledger.cursor in shown_seqs(ledger)


async def test_the_wheel_takes_the_cursor_along(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        ledger = (await open_balances(pilot, "maria")).ledger
        for _ in range(3):
            await pilot._post_mouse_events([MouseScrollDown], widget=ledger, offset=(5, 5))
        await settle(pilot)
        assert ledger.scroll_offset.y > 0
        assert ledger.cursor == shown_seqs(ledger)[0]


async def test_a_click_chooses_a_row_and_a_second_one_explains_it(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        ledger = (await open_balances(pilot, "maria")).ledger
        await pilot.click(ledger, offset=(20, 4))
        assert ledger.cursor == 997
        await pilot.click(ledger, offset=(20, 4), times=2)
        await settle(pilot)
        assert "997 of account 1" in screen_text(app)


async def test_while_the_database_is_slow_keys_work_and_places_are_held(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    app, balance = gated_app_on(runtime)
    gate = balance.close(801)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4", "slash", "m")
        await pilot.press("enter")
        ledger = app.screen.query_one(LedgerTable)
        while ledger.newest == 0:
            await pilot.pause()
        before = perf_counter()
        await pilot.press("j", "j", "j")
        assert perf_counter() - before < 1
        assert ledger.cursor == 997
        assert ledger.entry is None
        assert "997 …" in screen_text(app)
        gate.set()
        await settle(pilot)
        assert ledger.entry is not None
        assert ledger.entry.seq == 997
        assert "…" not in screen_text(app).split("╭─ Ledger")[1].splitlines()[2]


async def test_a_page_that_comes_too_late_is_dropped(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    app, balance = gated_app_on(runtime)
    gate = balance.close(801)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4", "slash", "m", "enter")
        ledger = app.screen.query_one(LedgerTable)
        while ledger.newest == 0:
            await pilot.pause()
        await pilot.press("G")
        while ledger.entry is None:
            await pilot.pause()
        gate.set()
        await settle(pilot)
        assert ledger.cursor == 1
        assert not pages_of(ledger).is_read(1_000)
        await pilot.press("g")
        await settle(pilot)
        assert ledger.entry is not None
        assert ledger.entry.seq == 1_000


async def test_a_page_of_the_account_before_is_dropped(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    new_account(runtime, "zoe@example.com")
    app, balance = gated_app_on(runtime)
    gate = balance.close(801)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4", "slash", "m", "enter")
        ledger = app.screen.query_one(LedgerTable)
        while ledger.newest == 0:
            await pilot.pause()
        await pilot.press("slash", "z", "enter")
        while "No entries yet:" not in screen_text(app):
            await pilot.pause()
        gate.set()
        await settle(pilot)
        assert len(pages_of(ledger)) == 0
        assert "No entries yet: a paid checkout makes one, or press c" in screen_text(app)


async def test_cursor_and_scroll_stay_on_their_entry_when_new_ones_arrive(runtime: Runtime) -> None:
    account = new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        ledger = (await open_balances(pilot, "maria")).ledger
        await pilot.press("pagedown", "pagedown", "j")
        await settle(pilot)
        cursor, seqs = ledger.cursor, shown_seqs(ledger)
        for _ in range(3):
            BalanceService.over(runtime).add_credits(account.id, 100, "while nobody looked")
        app.facts.publish(BalanceChanged(account.id))
        await settle(pilot)
        assert (ledger.newest, ledger.cursor, shown_seqs(ledger)) == (1_003, cursor, seqs)


async def test_the_cursor_on_the_newest_follows_and_one_below_it_stays(runtime: Runtime) -> None:
    account = new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        ledger = (await open_balances(pilot, "maria")).ledger
        BalanceService.over(runtime).add_credits(account.id, 100, "first")
        await pilot.press("r")
        await settle(pilot)
        assert (ledger.cursor, shown_seqs(ledger)[0]) == (1_001, 1_001)
        await pilot.press("j")
        BalanceService.over(runtime).add_credits(account.id, 100, "second")
        await pilot.press("r")
        await settle(pilot)
        assert (ledger.cursor, shown_seqs(ledger)[0]) == (1_000, 1_002)


WIDE = (
    "SMS to 株式会社パナソニック東京本社営業部",
    "👩‍👩‍👧‍👦 family 🇩🇪 👍🏽 ❤️",
    "e\u0301 n\u0303 Z\u0351\u036b\u0343 combining",
    "\u0301starts with a mark",
    "שלום עולם مرحبا \u202eright to left",
    "x" * 300,
    "漢" * 200,
    "short",
)


@pytest.mark.parametrize("columns", [80, 120, 200])
async def test_wide_text_keeps_the_columns_straight(runtime: Runtime, columns: int) -> None:
    account = new_account(runtime)
    for text in WIDE:
        assert BalanceService.over(runtime).add_credits(account.id, 123_456, text).success
    app = app_on(runtime)
    async with app.run_test(size=(columns, 24)) as pilot:
        ledger = (await open_balances(pilot, "maria")).ledger
        lines = [ledger.render_line(y).text for y in range(1, len(WIDE) + 1)]
        width = ledger.scrollable_content_region.width
    ends = {cell_len(re.split(r"(?<=\d\.\d\d)", line)[0]) for line in lines}
    assert len(ends) == 1, lines
    assert {cell_len(line) for line in lines} == {width}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["small", "wide"])
async def test_wide_text_looks_like_this(runtime: Runtime, svg: SnapshotAssertion, size: tuple[int, int]) -> None:
    account = new_account(runtime)
    for text in (*WIDE, "\x1b[2J \t \r\n \x9b control"):
        assert BalanceService.over(runtime).add_credits(account.id, 123_456, text).success
    app = app_on(runtime)
    async with app.run_test(size=size) as pilot:
        await open_balances(pilot, "maria")
        assert picture(app) == svg


def test_pages_ask_for_what_is_missing_in_whole_pages() -> None:
    pages = LedgerPages()
    assert pages.missing(Span(995, 1_000), newest=1_000) == Span(801, 1_000)
    assert pages.missing(Span(799, 803), newest=1_003) == Span(601, 1_000)
    assert pages.missing(Span(-50, 3), newest=1_000) == Span(1, PAGE)
    pages.put(Span(801, 1_000), [])
    assert pages.missing(Span(995, 1_000), newest=1_000) is None
    assert pages.missing(Span(995, 1_003), newest=1_003) == Span(1_001, 1_003)
    pages.put(Span(1_001, 1_003), [])
    assert pages.missing(Span(1_001, 1_003), newest=1_003) is None
    assert pages.missing(Span(1_001, 1_004), newest=1_004) == Span(1_001, 1_004)


def test_the_pages_looked_at_longest_ago_are_forgotten() -> None:
    pages = LedgerPages()
    for number in range(KEPT):
        pages.put(Span(number * PAGE + 1, (number + 1) * PAGE), [])
    pages.touch(Span(1, 1))
    pages.put(Span(KEPT * PAGE + 1, (KEPT + 1) * PAGE), [])
    assert pages.is_read(1)
    assert not pages.is_read(PAGE + 1)
    assert len(pages) == KEPT
