import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.money import MAX_AMOUNT_CENTS, format_cents, is_amount, parse_cents
from services.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("19.99", 1999),  # int(19.99 * 100) is 1998
        ("0", 0),
        ("0.07", 7),
        ("10", 1000),
        ("10.5", 1050),
        ("10.05", 1005),
        ("-0.07", -7),
        ("-0", 0),
        (" 12.34 ", 1234),
        ("\t7\n", 700),
        ("999999999.99", MAX_AMOUNT_CENTS),
    ],
)
def test_an_amount_is_read_as_whole_cents(text: str, cents: int) -> None:
    assert parse_cents(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "--1",
        "+1",
        ".5",
        "5.",
        "1.234",
        "01",
        "1_000",
        "1,000",
        "1 000",
        "- 1",
        "$5",
        "1e2",
        "1E+2",
        "NaN",
        "Infinity",
        "0x10",
        "１２",
        "٣",
        "1.٣",
        "1٫5",
        "1.2.3",
        "1000000000",
        "1\n2",
        "1\0",
    ],
)
def test_what_is_not_an_amount_is_refused_by_field(text: str) -> None:
    with pytest.raises(InvalidInput, match="An amount is written like 12") as refused:
        parse_cents(text, field="rrp_cents")
    assert refused.value.field == "rrp_cents"


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "$0.00"),
        (5, "$0.05"),
        (2899, "$28.99"),
        (-5, "-$0.05"),
        (-100, "-$1.00"),
        (-123456, "-$1234.56"),
        (99_999_999, "$999999.99"),
    ],
)
def test_the_sign_comes_before_the_currency(cents: int, text: str) -> None:
    assert format_cents(cents) == text


@given(st.integers(-MAX_AMOUNT_CENTS, MAX_AMOUNT_CENTS))
def test_what_is_shown_reads_back_as_the_same_cents(cents: int) -> None:
    assert parse_cents(format_cents(cents).replace("$", "")) == cents


@given(st.text())
def test_any_text_is_an_amount_in_plain_ascii_or_is_refused(text: str) -> None:
    try:
        cents = parse_cents(text)
    except InvalidInput:
        return
    assert set(text.strip()) <= set("-.0123456789")
    assert abs(cents) <= MAX_AMOUNT_CENTS


@pytest.mark.parametrize("value", [1, 50, MAX_AMOUNT_CENTS])
def test_an_amount_is_a_positive_whole_number_of_cents(value: int) -> None:
    assert is_amount(value)


@pytest.mark.parametrize("value", [0, -1, MAX_AMOUNT_CENTS + 1, True, 1.0, "1", None])
def test_what_is_no_amount_is_told_apart(value: object) -> None:
    assert not is_amount(value)
