"""The chart of a code's uses by day."""

from datetime import date, timedelta

from services.domain.code_report import DayOfUses
from tui.dialogs.code_chart import DAYS, LABEL, chart_of

LAST = date(2026, 11, 23)


def day(back: int, *, held: int = 0, redeemed: int = 0, released: int = 0) -> DayOfUses:
    return DayOfUses(LAST - timedelta(days=back), held, redeemed, released)


def lines(*days: DayOfUses) -> list[str]:
    return chart_of(days, LAST, "Europe/London").plain.split("\n")


def test_all_bars_are_on_one_scale_and_none_is_lost() -> None:
    redeemed, held, released, *_ = lines(day(2, redeemed=1), day(1, redeemed=400, released=200), day(0, held=100))
    assert redeemed[-3:] == "▁█ "
    assert held[-3:] == "  ▂"
    assert released[-3:] == " ▄ "


def test_the_days_reach_from_eight_weeks_ago_to_the_last_use() -> None:
    redeemed, held, _released, axis, scale = lines(day(DAYS, redeemed=9), day(DAYS - 1, held=3))
    assert redeemed == "redeemed".ljust(LABEL + DAYS)
    assert held == "held".ljust(LABEL) + "█".ljust(DAYS)
    assert axis.split() == ["29", "Sep", "23", "Nov"]
    assert len(axis) == LABEL + DAYS
    assert "a full bar is 3 on a day" in scale
