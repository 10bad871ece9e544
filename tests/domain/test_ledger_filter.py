from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.ledger import TransactionKind
from services.domain.ledger_filter import WORDS, LedgerFilter, filter_line, keyed_filter, parse_filter, suggestions
from services.errors import InvalidInput
from tests.filters import filters

USAGE, TOP_UP = TransactionKind.USAGE, TransactionKind.TOP_UP


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


@given(filters())
def test_a_filter_becomes_a_line_and_the_same_filter_again(wanted: LedgerFilter) -> None:
    line = filter_line(wanted)
    assert parse_filter(line) == wanted
    assert "\n" not in line


@given(st.text(alphabet=st.sampled_from(list('kindamtorderby:<>=.,-0123456789"\\ \n%_TZé'))) | st.text())
def test_any_line_is_a_filter_or_refused_with_a_sentence(line: str) -> None:
    wanted, refused = parsed(line)
    if refused is None:
        assert parse_filter(filter_line(wanted)) == wanted
    else:
        assert refused.field == "filter"
        assert refused.sentence.endswith(".")


def parsed(line: str) -> tuple[LedgerFilter, InvalidInput | None]:
    try:
        return parse_filter(line), None
    except InvalidInput as refused:
        return LedgerFilter(), refused


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", LedgerFilter()),
        ("  \t ", LedgerFilter()),
        ("kind:usage,top-up", LedgerFilter(kinds=frozenset({USAGE, TOP_UP}))),
        ("is:debit is:reversed", LedgerFilter(sign="debit", reversed=True)),
        ("amt<-5.00", LedgerFilter(max_cents=-501)),
        ("amt<=-5", LedgerFilter(max_cents=-500)),
        ("amt>10", LedgerFilter(min_cents=1001)),
        ("amt>=10 amt<20 amt>=5 amt<=30", LedgerFilter(min_cents=1000, max_cents=1999)),
        ("amt=29.99", LedgerFilter(min_cents=2999, max_cents=2999)),
        ("2026-10", LedgerFilter(first=day(10, 1), last=day(11, 1))),
        ("2026-10-05", LedgerFilter(first=day(10, 5), last=day(10, 6))),
        ("2026-10..2026-11-05", LedgerFilter(first=day(10, 1), last=day(11, 6))),
        ("2026-10..", LedgerFilter(first=day(10, 1))),
        ("..2026-09", LedgerFilter(last=day(10, 1))),
        ("order:12", LedgerFilter(order_id=12)),
        ("order:#12", LedgerFilter(order_id=12)),
        ("by:anna", LedgerFilter(actor="anna")),
        ('by:"anna b"', LedgerFilter(actor="anna b")),
        ('sms "to +44"', LedgerFilter(texts=("sms", "to +44"))),
        (r'"say \"hi\" \\ 100 %\n"', LedgerFilter(texts=('say "hi" \\ 100 %\n',))),
        ('"kind:usage" "2026-10"', LedgerFilter(texts=("kind:usage", "2026-10"))),
        ("amt 12:30 +44 0123-4567 _%", LedgerFilter(texts=("amt", "12:30", "+44", "0123-4567", "_%"))),
        (
            'kind:usage amt<-5.00 2026-10.. "text"',
            LedgerFilter(kinds=frozenset({USAGE}), max_cents=-501, first=day(10, 1), texts=("text",)),
        ),
    ],
)
def test_what_a_line_means(line: str, wanted: LedgerFilter) -> None:
    assert parse_filter(line) == wanted


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("kind:sms", "kind:sms: a kind is one of purchase, top_up, usage,"),
        ("kind:", "kind:: a value follows the colon"),
        ("kimd:usage", "kimd:usage: there is no kimd: in a filter"),
        ("is:big", "is:big: an entry is:credit, is:debit or is:reversed"),
        ("is:credit is:debit", "is:debit: a filter says this once only"),
        ("amt<x", "amt<x: An amount is written like"),
        ("amt<1_000", "amt<1_000: An amount is written like"),
        ("amt>=10 amt<=5", "amt<=5: No amount is within these bounds"),
        ("amt>999999999.99", "amt>999999999.99: An amount is at most"),
        ("2026-13", "2026-13: The calendar has no such day"),
        ("2026-02-30", "2026-02-30: The calendar has no such day"),
        ("2026-1", "2026-1: A period is written like"),
        ("1969-12", "1969-12: A period is within the years"),
        ("..", "..: A period is written like"),
        ("2026-10..2026-09", "2026-10..2026-09: A period ends after it begins"),
        ("2026-10 2026-11", "2026-11: a filter says this once only"),
        ("order:twelve", "order:twelve: An order is named by its number"),
        ("order:9999999999999999999", "order:9999999999999999999: An order is named"),
        ('sms "to +44', '"to: a text in quotes ends with a quote'),
        ('""', '"": A text must not be empty'),
        ('"\0"', "A text holds a character that cannot be stored"),
        ("x" * 501, "A text has at most 500 characters"),
    ],
)
def test_a_word_that_breaks_a_rule_is_named_with_the_rule(line: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_filter(line)
    assert sentence in refused.value.sentence
    assert refused.value.field == "filter"


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("", []),
        ("kind:usage ", []),
        ("is:", ["is:credit", "is:debit", "is:reversed"]),
        ("sms is:d", ["sms is:debit"]),
        ("amt<", ["amt<="]),
        ("kind:usage,t", ["kind:usage,top_up"]),
        ("kind:usage,re", ["kind:usage,refund", "kind:usage,reversal"]),
        ("o", ["order:"]),
        ("zebra", []),
    ],
)
def test_how_a_line_may_go_on(line: str, lines: list[str]) -> None:
    assert [suggestion.line for suggestion in suggestions(line)] == lines


def test_every_suggested_word_can_stand_in_a_filter() -> None:
    for word, meaning in WORDS:
        example = meaning.rpartition("like ")[2] if "like " in meaning else word
        assert example.startswith(word)
        assert parse_filter(example) != LedgerFilter()


def test_a_value_that_is_typed_by_itself_means_what_it_means_in_the_line() -> None:
    assert keyed_filter("order", "#12") == parse_filter("order:12")
    assert keyed_filter("by", "anna b") == parse_filter('by:"anna b"')
    with pytest.raises(InvalidInput, match="An order is named by its number"):
        keyed_filter("order", "twelve")
