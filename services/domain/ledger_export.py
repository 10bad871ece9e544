"""A ledger as a file: CSV for spreadsheets, JSON Lines for programs. Rows go in, bytes come out.

Amounts are whole cents in both, moments are ISO 8601 in UTC, and the same rows give the same bytes on any machine.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from json.encoder import encode_basestring_ascii as quoted

ExportRow = tuple[int, str, str, int, int, str, int | None, str, str | None, int, int | None]
"""The values of `COLUMNS`. A plain tuple, because a million of them are made in seconds."""

COLUMNS = (
    "seq",
    "created_at",
    "kind",
    "amount_cents",
    "balance_after_cents",
    "description",
    "order_id",
    "actor",
    "idempotency_key",
    "id",
    "reverses_id",
)
"""The columns of an export, by the names that the entry itself has for them."""

_FORMULA = frozenset("=+-@\t\r\n＝＋－＠'")


class ExportFormat(StrEnum):
    """How an export is written; the value is the ending of the file's name."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True)
class ExportPiece:
    """A part of an export, to be appended to those before it, and how far that comes.

    `entries` are written in all with it. It was made from the entries numbered `first_seq` to `last_seq`, and has
    looked at those up to `searched_seq`.
    """

    data: bytes
    entries: int
    first_seq: int
    searched_seq: int
    last_seq: int


def export_head(form: ExportFormat) -> bytes:
    """What stands before the first row: the names of the columns in CSV (RFC 4180), nothing in JSON Lines."""
    return (",".join(COLUMNS) + "\r\n").encode() if form is ExportFormat.CSV else b""


def export_lines(form: ExportFormat, rows: Iterable[ExportRow]) -> bytes:
    """A line for each row, in UTF-8.

    A text in CSV that a spreadsheet would take for a formula, or that begins with an apostrophe itself, gets one in
    front; numbers never do. Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    return _csv_lines(rows) if form is ExportFormat.CSV else _json_lines(rows)


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in _FORMULA else text


def _csv_lines(rows: Iterable[ExportRow]) -> bytes:
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(
        (seq, at, kind, amount, after, guarded(text), order, guarded(actor), key and guarded(key), entry_id, reverses)
        for seq, at, kind, amount, after, text, order, actor, key, entry_id, reverses in rows
    )
    return lines.getvalue().encode()


def _json_lines(rows: Iterable[ExportRow]) -> bytes:
    return "".join(
        f'{{"seq":{seq},"created_at":"{at}","kind":"{kind}","amount_cents":{amount},"balance_after_cents":{after},'
        f'"description":{quoted(text)},"order_id":{_number(order)},"actor":{quoted(actor)},'
        f'"idempotency_key":{"null" if key is None else quoted(key)},"id":{entry_id},'
        f'"reverses_id":{_number(reverses)}}}\n'
        for seq, at, kind, amount, after, text, order, actor, key, entry_id, reverses in rows
    ).encode()


def _number(value: int | None) -> int | str:
    return "null" if value is None else value
