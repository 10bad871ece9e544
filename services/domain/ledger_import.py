"""Postings in a CSV file: its columns, and what a row asks for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.domain.ledger import Posting, TransactionKind
from services.domain.money import parse_cents
from services.domain.text import check_text, is_id
from services.errors import InvalidInput

REQUIRED_COLUMNS = ("account", "amount", "description")
OPTIONAL_COLUMNS = ("kind", "key")

MAX_DESCRIPTION = 500
MAX_KEY = 255

SHOWN_ERRORS = 100
"""How many wrong rows a report names; it counts them all."""

_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_KINDS = {kind.value: kind for kind in TransactionKind if kind is not TransactionKind.REVERSAL}


@dataclass(frozen=True)
class RowError:
    """Why a row cannot be posted. `line` counts the file's lines from 1, the header among them."""

    line: int
    field: str | None
    sentence: str


@dataclass(frozen=True)
class ImportReport:
    """What became of a file: of its `rows`, those `posted` (or, in a check, to be posted) with their sum in cents,
    those `repeated`, which an earlier run had posted, and those that are `wrong`, the first of them in `errors`.

    `applied` is False after a check, and where a wrong row kept the whole file from being posted. `file_hash` is the
    SHA-256 of the file's bytes, in hex.
    """

    file_hash: str
    rows: int
    posted: int
    posted_cents: int
    repeated: int
    wrong: int
    errors: tuple[RowError, ...]
    applied: bool


def check_header(columns: Sequence[str]) -> None:
    """Raises `InvalidInput` unless the columns are the required ones and perhaps optional ones, each once.

    An unknown column is refused, for it may be a known one that was misspelt.
    """
    missing = [name for name in REQUIRED_COLUMNS if name not in columns]
    unknown = [name for name in columns if name not in REQUIRED_COLUMNS + OPTIONAL_COLUMNS]
    if missing or unknown or len(set(columns)) < len(columns):
        raise InvalidInput(
            "The first line names the columns, each once: account, amount, description, and perhaps kind and key.",
            field="file",
        )


def posting_of(row: Mapping[str, str], derived_key: str, actor: str) -> Posting:
    """What a row asks for. Without a key of its own it has `derived_key`.

    Amounts are dollars: `-0.05` takes five cents. The kind is `usage` unless it is given, and usage only takes. Raises
    `InvalidInput`.
    """
    account_id = int(row["account"]) if _DIGITS.fullmatch(row["account"]) else 0
    if not is_id(account_id):
        raise InvalidInput("An account is named by its number.", field="account")
    amount_cents = parse_cents(row["amount"])
    if amount_cents == 0:
        raise InvalidInput("An amount of 0 moves nothing.", field="amount")
    kind = _KINDS.get(row.get("kind") or TransactionKind.USAGE)
    if kind is None:
        raise InvalidInput(f"A kind is one of {', '.join(_KINDS)}.", field="kind")
    if kind is TransactionKind.USAGE and amount_cents > 0:
        raise InvalidInput("Usage takes from a balance: its amount is negative. Name another kind.", field="kind")
    key = derived_key
    if "key" in row:
        key = check_text(row["key"], field="key", longest=MAX_KEY)
    description = check_text(row["description"], field="description", longest=MAX_DESCRIPTION)
    return Posting(account_id, amount_cents, kind, description, actor, None, key)
