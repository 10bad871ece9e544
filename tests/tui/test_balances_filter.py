"""The filter of the ledger: typed, completed, refused, searched a step at a time, stopped and cleared."""

from functools import cached_property, partial
from itertools import count
from threading import Semaphore

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from services.balance import BalanceService
from services.domain.history import Found
from services.history import HistoryService, LedgerFilter, parse_filter
from services.runtime import Runtime
from services.stores.history import HistoryStore
from tests.tui.desks import StillApp, app_on, screen_text, settle
from tests.tui.ledgers import PATIENCE, new_account, open_balances, shown_seqs
from tests.tui.snapshot import picture
from tui.app import PaydeskApp
from tui.desk import Desk
from tui.messages import BalanceChanged
from tui.screens.balances import BalancesScreen


async def type_filter(pilot: Pilot[None], line: str) -> BalancesScreen:
    """Go to the filter, type a line and press enter."""
    screen = pilot.app.screen
    assert isinstance(screen, BalancesScreen)
    await pilot.press("f")
    screen.filter_line.field.value = line
    await pilot.press("enter")
    return screen


class SlowHistory(HistoryService):
    """Histories of which each call looks at ten entries, and which a test can hold back."""

    permits: Semaphore
    calls: int

    def search(self, *args: object, **kwargs: object) -> Found:
        self.calls += 1
        self.permits.acquire(timeout=PATIENCE)
        return super().search(*args, **kwargs)  # type: ignore[arg-type]


class SlowDesk(Desk):
    """The desk over such histories."""

    @cached_property
    def history(self) -> SlowHistory:
        second = 1_000_000_000
        history = SlowHistory(
            self.runtime.database, HistoryStore(), first_read=10, timer=partial(next, count(0, second))
        )
        history.calls, history.permits = 0, Semaphore(0)
        return history


@pytest.fixture
def slow(runtime: Runtime) -> tuple[PaydeskApp, SlowHistory]:
    desk = SlowDesk(lambda: runtime)
    app = StillApp(desk, clock=runtime.clock, reconcile_seconds=None)
    app.animation_level = "none"
    return app, desk.history


async def test_only_what_the_filter_means_is_shown_with_its_subtotal_and_stored_balances(runtime: Runtime) -> None:
    account = new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await type_filter(pilot, "kind:top_up")
        await settle(pilot)
        assert shown_seqs(screen.ledger) == list(range(901, 0, -100))
        assert "subtotal $100.00 of the 10 shown" in screen_text(app)
        stored = BalanceService.over(runtime).entries(account.id, 501, 501)[0].balance_after_cents
        line = next(line for line in screen_text(app).splitlines() if "│  501 " in line)
        assert line.split()[-2] == f"${stored / 100:.2f}"
        assert screen.ledger.has_focus
        await pilot.press("j", "j")
        assert (screen.ledger.cursor, screen.ledger.entry and screen.ledger.entry.seq) == (701, 701)


async def test_a_period_is_a_range_and_is_counted_at_once(runtime: Runtime) -> None:
    new_account(runtime, entries=3_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await type_filter(pilot, "2026-11-22")
        await settle(pilot)
        wanted = parse_filter("2026-11-22")
        tally = HistoryService.over(runtime).tally(1, wanted)
        assert shown_seqs(screen.ledger)[0] == tally.last_seq
        assert "of the 1,440 shown" in screen_text(app)
        await pilot.press("G")
        await settle(pilot)
        assert screen.ledger.cursor == tally.first_seq == shown_seqs(screen.ledger)[-1]


async def test_a_word_is_completed_and_escape_leaves_the_filter_as_it_was(runtime: Runtime) -> None:
    new_account(runtime, entries=100)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await pilot.press("f", *"is", "colon", "d")
        await settle(pilot)
        assert "money that went out" in screen_text(app)
        await pilot.press("tab")
        assert screen.filter_line.field.value == "is:debit"
        assert "money that went out" not in screen_text(app)
        await pilot.press("escape")
        assert screen.ledger.has_focus
        assert screen.filter_line.field.value == ""
        assert screen.asked is not None
        assert screen.asked.wanted == LedgerFilter()


async def test_the_arrow_keys_choose_among_the_words_and_enter_takes_one(runtime: Runtime) -> None:
    new_account(runtime, entries=100)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await pilot.press("f", *"is", "colon", "down", "down", "enter")
        assert screen.filter_line.field.value == "is:debit"
        await pilot.press("enter")
        await settle(pilot)
        assert "subtotal −$9.90 of the 99 shown" in screen_text(app)


async def test_what_is_no_filter_is_said_beside_it_and_changes_nothing(runtime: Runtime) -> None:
    new_account(runtime, entries=100)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await type_filter(pilot, "amt<cheap")
        await settle(pilot)
        assert "✗ amt<cheap: An amount is written like" in screen_text(app)
        assert screen.filter_line.field.has_focus
        assert screen.filter_line.field.value == "amt<cheap"
        assert shown_seqs(screen.ledger)[0] == 100
        await pilot.press("0")
        await settle(pilot)
        assert "✗" not in screen_text(app), "Typing takes the sentence back."


async def test_rows_appear_as_they_are_found_and_escape_stops_at_once(
    runtime: Runtime, slow: tuple[PaydeskApp, SlowHistory]
) -> None:
    new_account(runtime, entries=1_000)
    app, history = slow
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await type_filter(pilot, "kind:top_up")
        while history.calls < 1:
            await pilot.pause()
        assert "No entry matches yet: searching back to" in screen_text(app)
        history.permits.release(15)
        while history.calls < 16:
            await pilot.pause()
        await pilot.pause()
        found = shown_seqs(screen.ledger)
        assert 1 <= len(found) < 10
        assert found[0] == 901
        assert "searching back to 23 Nov 2026 … escape stops" in screen_text(app)
        assert "of ≥ " in screen_text(app)
        await pilot.press("j", "question_mark")
        assert app.screen is not screen, "Keys are answered while it searches."
        await pilot.press("escape", "escape")
        assert "stopped at 23 Nov 2026" in screen_text(app)
        history.permits.release(1_000)
        await settle(pilot)
        assert history.calls == 16, "Nothing was asked after it was stopped."
        assert shown_seqs(screen.ledger) == found
        await pilot.press("r")
        await settle(pilot)
        assert shown_seqs(screen.ledger) == list(range(901, 0, -100)), "Reading again goes on."


async def test_a_hopeless_filter_says_so_and_escape_clears_it_and_keeps_the_place(runtime: Runtime) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await type_filter(pilot, "kind:top_up")
        await settle(pilot)
        await pilot.press("G")
        await settle(pilot)
        assert screen.ledger.cursor == 1
        await pilot.press("k", "escape")
        await settle(pilot)
        assert (screen.ledger.cursor, screen.ledger.newest) == (101, 1_000)
        assert {102, 101} <= set(shown_seqs(screen.ledger)), "With what was between."
        await type_filter(pilot, '"100 %_"')
        await settle(pilot)
        shown = screen_text(app)
        assert "No entry matches the filter." in shown
        assert "subtotal $0.00 of the 0 shown" in shown
        assert screen.ledger.entry is None
        assert screen.details.facts.reader.entry is None, "Nor is one explained beside it."


async def test_what_comes_while_it_is_filtered_comes_on_top_and_the_cursor_stays(runtime: Runtime) -> None:
    account = new_account(runtime, entries=3_000)
    balance = BalanceService.over(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await type_filter(pilot, "is:credit")
        await settle(pilot)
        await pilot.press("pagedown", "j")
        await settle(pilot)
        cursor, shown = screen.ledger.cursor, shown_seqs(screen.ledger)
        balance.add_credits(account.id, 500, "one that is meant")
        balance.deduct(account.id, 500, "one that is not")
        app.facts.publish(BalanceChanged(account.id))
        await settle(pilot)
        assert (screen.ledger.cursor, shown_seqs(screen.ledger)) == (cursor, shown)
        assert "subtotal $305.00 of the 31 shown" in screen_text(app)
        await pilot.press("g")
        await settle(pilot)
        assert shown_seqs(screen.ledger)[:2] == [3_001, 2_901]


async def test_a_long_list_of_matches_is_read_where_it_is_looked_at(runtime: Runtime) -> None:
    new_account(runtime, entries=20_000)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await type_filter(pilot, "is:debit")
        await settle(pilot)
        before = screen.ledger.found
        assert before is not None
        assert before.count < 1_000, "No more is found than is looked at;"
        assert before.tally.entries == 19_800, "the rest is counted."
        await pilot.press("G")
        await settle(pilot)
        assert screen.ledger.cursor == 2
        await pilot.press("g")
        await settle(pilot)
        assert shown_seqs(screen.ledger)[0] == 20_000
        assert len(before._entries) <= 4_000


async def test_an_entry_that_is_taken_back_comes_to_be_a_reversed_one(runtime: Runtime) -> None:
    account = new_account(runtime, entries=10)
    balance = BalanceService.over(runtime)
    app = app_on(runtime)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_balances(pilot, "maria")
        await type_filter(pilot, "is:reversed")
        await settle(pilot)
        assert "No entry matches the filter." in screen_text(app)
        balance.reverse(balance.entries(account.id, 5, 5)[0].id, "a mistake")
        app.facts.publish(BalanceChanged(account.id))
        await settle(pilot)
        assert shown_seqs(screen.ledger) == [5]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["small", "wide"])
async def test_the_filter_looks_like_this(runtime: Runtime, svg: SnapshotAssertion, size: tuple[int, int]) -> None:
    new_account(runtime, entries=1_000)
    app = app_on(runtime)
    async with app.run_test(size=size) as pilot:
        await open_balances(pilot, "maria")
        await type_filter(pilot, "kind:top_up amt>=10 2026-11..")
        await settle(pilot)
        assert picture(app) == svg
        await pilot.press("f", "end", "space", *"kind")
        await settle(pilot)
        assert picture(app) == svg
