"""A page of a ledger straight from an SQLite file, for a command that shows one and ends.

To import SQLAlchemy, pydantic and the rest of a desk takes a hundred times as long as to read a page. So it is read
without them where all is as it should be; anything else is left to `HistoryService`, which says what is wrong.
"""

import os
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from services.domain.ledger import MAX_PAGE, Transaction
from services.domain.text import is_id
from services.environment import Given, database_url, given, text_of
from services.models import APPLICATION_ID, HEAD
from services.stores.pages import PAGE, entries_of

_FILE_URL = re.compile(r"sqlite:///([^?%]+)")
"""What follows ? or % is not a name as it stands."""
_KEY = re.compile(r"(?:sk|rk)_(test|live)_[!-~]+")
_STATE = """
    SELECT application_id, version_num, EXISTS (SELECT 1 FROM accounts WHERE id = :account_id),
        coalesce((SELECT last_seq FROM balances WHERE account_id = :account_id), 0)
    FROM pragma_application_id, alembic_version
"""


def read_page(account_id: int, before_seq: int | None, limit: int) -> list[Transaction] | None:
    """The newest `limit` entries before `before_seq`, newest first, from the database that the settings name.

    None, and nothing done, where it is not an SQLite file of this version, where it is busy, where the account or the
    limit is none, and where the settings have a key that may have to be refused: `HistoryService.search` on the
    process's runtime then answers, or tells why not. Settings that have no part in it are not looked at.

    Raises `ConfigurationError` where the settings cannot be read.
    """
    values = given()
    path = file_of(database_url(values))
    if path is None or not is_id(account_id) or not 1 <= limit <= MAX_PAGE or _key_may_be_refused(values):
        return None
    try:
        with closing(_opened(path)) as connection:
            return _page(connection, account_id, before_seq, limit)
    except sqlite3.Error:
        return None


def file_of(url: str) -> Path | None:
    """The SQLite file that a database's address names, if it may be read and written; None for any other address."""
    match = _FILE_URL.fullmatch(url)
    if match is None or match[1].startswith((":memory:", "file:")):
        return None
    path = Path(match[1])
    return path if path.is_file() and os.access(path, os.R_OK | os.W_OK) else None


def _key_may_be_refused(values: Mapping[str, Given]) -> bool:
    key, base, allow_live = (text_of(name, values) for name in ("stripe_secret_key", "stripe_api_base", "allow_live"))
    match = _KEY.fullmatch(key)
    is_sound = match is not None and (match[1] == "test" or allow_live == "true") and base[:8] in ("", "https://")
    return key != "" and not is_sound


def _opened(path: Path) -> sqlite3.Connection:
    """A connection that neither creates a file nor changes what is in one.

    It could read without the right to write, but would then leave the files of the WAL behind it.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", timeout=0, isolation_level=None, uri=True)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _page(
    connection: sqlite3.Connection, account_id: int, before_seq: int | None, limit: int
) -> list[Transaction] | None:
    connection.execute("BEGIN")  # so that all is read as it was at one moment
    state = connection.execute(_STATE, {"account_id": account_id}).fetchone()
    if state is None or state[:3] != (APPLICATION_ID, HEAD, 1):
        return None
    newest: int = state[3]
    last_seq = newest if before_seq is None else max(0, min(newest, before_seq - 1))
    first_seq = max(1, last_seq - limit + 1)
    span = {"account_id": account_id, "first_seq": first_seq, "last_seq": last_seq}
    (query,) = PAGE.sqlite
    rows = connection.execute(query, span).fetchall()
    return entries_of(rows, "sqlite") if len(rows) == last_seq - first_seq + 1 else None
