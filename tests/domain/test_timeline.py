"""Which price was in force when, and the lowest one before a sale."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.domain.pricing import PriceChange, PriceMode, Prices, Withdrawal
from services.domain.timeline import Period, SaleReference, lowest_cents, sale_reference, timeline
from tests.clock import ManualClock

NOW = ManualClock().moment
STARTING = PriceChange(0, Prices(PriceMode.LAUNCH, 4999, 2999, 2499), "", "settings", None, None)


def day(number: int) -> datetime:
    return NOW + timedelta(days=number)


def change(
    version: int,
    begins: int,
    ends: int | None = None,
    *,
    mode: str = "sale",
    cents: int = 1000,
    withdrawn: bool = False,
) -> PriceChange:
    return PriceChange(
        version=version,
        prices=Prices(PriceMode(mode), 4999, 2999, cents),
        reason="",
        actor="anna",
        effective_at=day(begins),
        created_at=NOW,
        ends_at=None if ends is None else day(ends),
        withdrawn=Withdrawal("anna", "", NOW) if withdrawn else None,
    )


def in_force(changes: list[PriceChange], moment: datetime) -> PriceChange:
    """What the rule says, without any cleverness: the newest change that counts."""
    counting = [
        (change.effective_at, change.version, change)
        for change in changes
        if change.effective_at is not None
        and change.effective_at <= moment
        and (change.ends_at is None or moment < change.ends_at)
        and change.withdrawn is None
    ]
    return max(counting, key=lambda one: one[:2])[2] if counting else STARTING


@st.composite
def histories(draw: st.DrawFn) -> list[PriceChange]:
    changes = []
    for version in range(1, draw(st.integers(0, 8)) + 1):
        begins = draw(st.integers(0, 12))
        ends = draw(st.none() | st.integers(begins + 1, begins + 8))
        changes.append(change(version, begins, ends, withdrawn=draw(st.booleans()) and draw(st.booleans())))
    return changes


@given(histories())
def test_the_timeline_has_no_gap_and_is_what_the_rule_says(changes: list[PriceChange]) -> None:
    periods = timeline(STARTING, changes)
    assert (periods[0].starts_at, periods[-1].ends_at) == (None, None)
    assert [period.ends_at for period in periods[:-1]] == [period.starts_at for period in periods[1:]]
    for number in range(-1, 25):
        for moment in (day(number), day(number) - timedelta(microseconds=1)):
            (found,) = (
                period.change
                for period in periods
                if (period.starts_at is None or period.starts_at <= moment)
                and (period.ends_at is None or moment < period.ends_at)
            )
            assert found == in_force(changes, moment)


def test_a_sale_within_other_prices_gives_them_back() -> None:
    rrp, sale = change(1, 0, mode="rrp"), change(2, 5, 8)
    assert timeline(STARTING, [sale, rrp]) == [
        Period(None, day(0), STARTING),
        Period(day(0), day(5), rrp),
        Period(day(5), day(8), sale),
        Period(day(8), None, rrp),
    ]


def test_the_reference_of_a_sale_is_the_lowest_price_of_the_30_days_before_it() -> None:
    changes = [
        change(1, 0, mode="rrp"),
        change(2, 10, 12, cents=1500),
        change(3, 20, mode="launch"),
        change(4, 42),
        change(5, 43, cents=900),
    ]
    periods = timeline(STARTING, changes)
    assert sale_reference(periods, day(11)) == SaleReference(day(10), 1500, 2999)
    assert sale_reference(periods, day(30)) is None
    # the sale that ended on day 12 was less than 30 days before this one to the last moment
    assert sale_reference(periods, day(41)) is None
    assert sale_reference(periods, day(42)) == SaleReference(day(42), 1000, 2999)
    assert sale_reference(periods, day(50)) == SaleReference(day(42), 900, 2999)
    assert lowest_cents(periods, day(12) - timedelta(microseconds=1), day(42)) == 1500
    assert lowest_cents(periods, day(12), day(20)) == 4999


def test_a_sale_that_was_always_on_has_no_reference() -> None:
    starting = PriceChange(0, Prices(PriceMode.SALE, 4999, 2999, 2499), "", "settings", None, None)
    assert sale_reference(timeline(starting, []), NOW) is None
