import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.ledger_export import COLUMNS, ExportFormat, ExportRow, export_head, export_lines, guarded
from tests.filters import storable_texts

HOSTILE = [
    "=1+1",
    "+44",
    "-5",
    "@SUM(A1)",
    "\t=1",
    "\r",
    "\n",
    "＝1",
    "'",
    "''",
    'a,"b"\r\nc',
    "[/]",
    "短信 👩‍👩‍👧",
    "\x1b[2J",
]

texts = storable_texts | st.sampled_from(HOSTILE)
numbers = st.integers(-(2**63), 2**63 - 1)
rows = st.tuples(
    st.integers(1, 2**63 - 1),
    st.just("2026-11-23T14:03:07.000001Z"),
    st.just("usage"),
    numbers,
    numbers,
    texts,
    st.none() | numbers,
    texts,
    st.none() | texts,
    numbers,
    st.none() | numbers,
)


@given(st.lists(rows, max_size=4))
def test_csv_says_what_the_rows_say_and_guards_texts_alone(written: list[ExportRow]) -> None:
    data = export_head(ExportFormat.CSV) + export_lines(ExportFormat.CSV, written)
    head, *lines = csv.reader(io.StringIO(data.decode(), newline=""))
    assert tuple(head) == COLUMNS
    for line, row in zip(lines, written, strict=True):
        for name, cell, value in zip(COLUMNS, line, row, strict=True):
            if isinstance(value, str) and name in ("description", "actor", "idempotency_key"):
                assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
                assert cell.removeprefix("'") == value
            else:
                assert cell == ("" if value is None else str(value))


@given(st.lists(rows, max_size=4))
def test_json_lines_say_what_the_rows_say(written: list[ExportRow]) -> None:
    data = export_head(ExportFormat.JSON_LINES) + export_lines(ExportFormat.JSON_LINES, written)
    lines = data.decode().split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == [dict(zip(COLUMNS, row, strict=True)) for row in written]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_guarded_text_can_be_read_back(text: str) -> None:
    assert guarded(text).removeprefix("'") == text
    assert guarded(guarded(text)).removeprefix("'") == guarded(text)


def test_an_ordinary_text_is_left_alone() -> None:
    assert guarded("SMS to +44 7700 900123") == "SMS to +44 7700 900123"
    assert guarded("") == ""
