import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.text import check_text, either_case, is_id
from services.errors import InvalidInput


def test_text_is_trimmed_and_kept_letter_for_letter() -> None:
    assert check_text("  [/] \x1b[2J ü \n", field="reason", longest=20) == "[/] \x1b[2J ü"


def test_only_what_is_not_required_may_be_empty() -> None:
    assert check_text("  ", field="reason", longest=5, required=False) == ""
    with pytest.raises(InvalidInput, match="The stated reason must not be empty"):
        check_text("  ", field="stated_reason", longest=5)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (None, "is a text"),
        (b"abc", "is a text"),
        (5, "is a text"),
        ("x" * 6, "at most 5 characters"),
        ("a\0b", "cannot be stored"),
        ("\ud83d", "cannot be stored"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_field(text: object, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule) as refused:
        check_text(text, field="reason", longest=5)
    assert refused.value.field == "reason"


@given(st.text(max_size=30))
def test_what_passes_can_be_written_to_a_database(text: str) -> None:
    try:
        kept = check_text(text, field="reason", longest=20, required=False)
    except InvalidInput:
        return
    assert len(kept.encode()) <= 80
    assert "\0" not in kept


@pytest.mark.parametrize("value", [1, 2**63 - 1])
def test_an_id_is_a_positive_number_of_64_bits(value: int) -> None:
    assert is_id(value)


@pytest.mark.parametrize("value", [0, -1, 2**63, True, 1.0, "1", None])
def test_what_cannot_be_an_id_is_told_apart(value: object) -> None:
    assert not is_id(value)


@pytest.mark.parametrize(
    ("character", "cases"), [("a", "aA"), ("Ö", "Öö"), ("ß", "ß"), ("7", "7"), ("短", "短"), ("ǅ", "ǅǆǄ"), ("İ", "İ")]
)
def test_a_character_has_its_cases_where_each_is_one_character(character: str, cases: str) -> None:
    assert either_case(character) == cases
