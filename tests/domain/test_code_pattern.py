from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.code_pattern import ALPHABET, MAX_BATCH, CodePattern
from services.domain.discount import canonical_code
from services.errors import InvalidInput


def test_no_drawn_character_is_taken_for_another() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET)
    for alike in ("0OQD"[:3], "1IL", "2Z", "5S", "8B", "UV"):
        assert sum(character in ALPHABET for character in alike) <= 1


@given(st.integers(0, len(ALPHABET) ** 3 - 1))
def test_each_number_below_the_space_is_a_code(number: int) -> None:
    pattern = CodePattern.of("x-", "##-#")
    code = pattern.draw(lambda _: number)
    assert canonical_code(code) == code
    places = [ALPHABET.index(code[at]) for at in (2, 3, 5)]
    assert sum(place * len(ALPHABET) ** digit for digit, place in enumerate(places)) == number


def test_every_code_of_a_pattern_can_be_drawn_once() -> None:
    pattern = CodePattern.of("", "A##")
    numbers: Iterator[int] = iter(range(pattern.space))
    assert len({pattern.draw(lambda _: next(numbers)) for _ in range(pattern.space)}) == pattern.space == 529


def test_a_pattern_knows_what_its_codes_begin_with() -> None:
    assert (CodePattern.of(" spring-", "##-##").text, CodePattern.of("spring-", "##-##").prefix) == (
        "SPRING-##-##",
        "SPRING-",
    )


@pytest.mark.parametrize(
    ("prefix", "pattern", "field"),
    [
        ("A#", "##", "prefix"),
        ("A", "", "pattern"),
        ("A", "BC", "pattern"),
        ("A", "# #", "pattern"),
        ("\u017f", "##", "pattern"),
        ("\0", "##", "pattern"),
        ("A", "#" * 40, "code"),
        ("-", "##", "code"),
        ("", "#", "code"),
    ],
)
def test_what_makes_no_codes_names_its_field(prefix: str, pattern: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        CodePattern.of(prefix, pattern)
    assert refused.value.field == field


def test_a_batch_leaves_a_thousand_texts_for_each_code() -> None:
    pattern = CodePattern.of("A", "####")
    most = pattern.space // 1000
    pattern.check_room(most, 0)
    pattern.check_room(most - 1, 1)
    for count, existing in ((most + 1, 0), (most, 1)):
        with pytest.raises(InvalidInput, match="use more #") as refused:
            pattern.check_room(count, existing)
        assert refused.value.field == "pattern"
    CodePattern.of("A").check_room(MAX_BATCH, 0)
