"""From values to safe text."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from services.domain.checkout import OrderStatus
from services.domain.discount import CodeStatus
from tui import present

NOW = datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "$0.00"), (7, "$0.07"), (-7, "−$0.07"), (123456, "$1,234.56"), (-100000000, "−$1,000,000.00")],
)
def test_amounts_have_their_sign_before_the_currency(amount: int, text: str) -> None:
    assert present.cents(amount) == text


def test_movements_have_a_sign() -> None:
    assert [present.signed_cents(amount) for amount in (1000, -7, 0)] == ["+$10.00", "−$0.07", "$0.00"]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [(2999, 2799, "−6.7 %"), (2000, 2400, "+20.0 %"), (100, 100, "0.0 %"), (0, 100, "new"), (3, 1, "−66.7 %")],
)
def test_how_far_an_amount_moves(before: int, after: int, text: str) -> None:
    assert present.change_percent(before, after) == text


@pytest.mark.parametrize(("basis_points", "text"), [(1000, "10 %"), (1250, "12.5 %"), (1, "0.01 %"), (-50, "−0.5 %")])
def test_percentages(basis_points: int, text: str) -> None:
    assert present.percent(basis_points) == text


def test_moments_name_the_year_only_where_it_is_not_this_one() -> None:
    assert present.moment(datetime(2026, 11, 3, 4, 5, 6, tzinfo=UTC), NOW) == " 3 Nov 04:05:06"
    assert present.moment(datetime(2025, 11, 23, 14, 1, tzinfo=UTC), NOW, seconds=False) == "23 Nov 2025 14:01"


@pytest.mark.parametrize(
    ("length", "text"),
    [({"seconds": 40}, "40 s"), ({"minutes": 2}, "2 min"), ({"hours": 3}, "3 h"), ({"days": 5}, "5 d")],
)
def test_ages(length: dict[str, float], text: str) -> None:
    assert present.age(NOW - timedelta(**length), NOW) == text


def test_every_state_has_a_word_and_a_style() -> None:
    for state in [*OrderStatus, *CodeStatus]:
        content = present.status(state)
        assert content.plain
        assert content.spans


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Grüße, 山田 👋", "Grüße, 山田 👋"),
        ("\x1b[2J", "␛[2J"),
        ("a\nb\tc\r", "a⏎b⇥c␍"),
        ("\x9b31m", "⟨009B⟩31m"),
        ("\u202egnp.exe", "⟨202E⟩gnp.exe"),
        ("pay\u200bpal", "pay⟨200B⟩pal"),
        ("\u3164", "⟨3164⟩"),
        ("\u0301a", "◌\u0301a"),
        ("[/] [@click=app.quit]x[/]", "[/] [@click=app.quit]x[/]"),
        ("", ""),
    ],
)
def test_what_hides_is_made_visible(text: str, shown: str) -> None:
    assert present.visible(text) == shown


@given(st.text())
def test_nothing_that_controls_or_hides_is_left(text: str) -> None:
    shown = present.visible(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert present.untrusted(text).plain == shown
    assert not present.untrusted(text).spans


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_a_text_fits_exactly(text: str, width: int) -> None:
    assert cell_len(present.fit(text, width)) == width


def test_a_cut_is_marked_and_never_splits_a_wide_character() -> None:
    assert present.fit("abcdef", 4) == "abc…"
    assert present.fit("山田太郎", 4) == "山 …"
