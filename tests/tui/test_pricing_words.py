"""Edits of prices, and how the pricing screen writes moments and changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.domain.pricing import PriceChange, PriceMode, Prices, Withdrawal
from tui.price_draft import Draft, in_force_at, latest_first
from tui.screens.pricing_clock import LocalClock

NOW = datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC)
LONDON = LocalClock(NOW, ZoneInfo("Europe/London"))
STARTING = Prices(PriceMode.LAUNCH, 4999, 2999, 2499)


def change(version: int, begins: int, ends: int | None = None, *, withdrawn: bool = False) -> PriceChange:
    """A change that takes effect so many days from now."""
    return PriceChange(
        version,
        STARTING,
        "",
        "anna",
        NOW + timedelta(days=begins),
        NOW,
        None if ends is None else NOW + timedelta(days=ends),
        Withdrawal("anna", "", NOW) if withdrawn else None,
    )


def test_a_time_that_comes_twice_is_written_with_its_zone() -> None:
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert [LONDON.at(first), LONDON.at(second)] == ["25 Oct 01:30 BST", "25 Oct 01:30 GMT"]
    assert LONDON.at(datetime(2027, 7, 1, 8, tzinfo=UTC)) == "1 Jul 2027 09:00"


def test_the_end_of_a_day_is_named_by_the_day() -> None:
    assert LONDON.until(datetime(2026, 12, 8, tzinfo=UTC)) == "7 Dec 24:00"
    assert LONDON.until(datetime(2027, 6, 30, 23, tzinfo=UTC)) == "30 Jun 2027 24:00"
    assert LONDON.until(datetime(2026, 12, 8, 9, tzinfo=UTC)) == "8 Dec 09:00"


def test_an_edit_sends_only_what_it_changes() -> None:
    base = change(4, 0)
    dearer = Draft(base, base.prices.edited(launch_cents=3099))
    assert dearer.values == {"launch_cents": 3099, "effective_at": None, "ends_at": None}
    sale = Draft(base, base.prices.edited(mode="sale"), NOW)
    assert sale.values == {"mode": PriceMode.SALE, "effective_at": NOW, "ends_at": None}
    assert Draft(base, base.prices).values["mode"] is PriceMode.LAUNCH, "the service asks for at least one value"


def test_the_same_prices_do_something_only_where_they_last_longer() -> None:
    for_good, ending = change(4, 0), change(5, 0, ends=3)
    later, sooner = NOW + timedelta(days=4), NOW + timedelta(days=2)
    assert not Draft(for_good, STARTING).does_something
    assert not Draft(for_good, STARTING, ends_at=later).does_something
    assert Draft(ending, STARTING).does_something
    assert Draft(ending, STARTING, ends_at=later).does_something
    assert not Draft(ending, STARTING, ends_at=sooner).does_something
    assert Draft(for_good, STARTING.edited(sale_cents=1)).does_something


def test_what_was_withdrawn_or_has_ended_is_not_in_force() -> None:
    settings = PriceChange(0, STARTING, "", "settings", None, None)
    changes = latest_first(
        [change(1, -5), change(2, -3, ends=-1), change(3, -2, withdrawn=True), change(4, 2), change(5, -5)]
    )
    assert in_force_at(NOW, changes, settings).version == 5
    assert in_force_at(NOW - timedelta(days=2), changes, settings).version == 2
    assert in_force_at(NOW + timedelta(days=2), changes, settings).version == 4
    assert in_force_at(NOW - timedelta(days=6), changes, settings) is settings
