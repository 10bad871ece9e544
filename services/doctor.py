"""The state of an installation: settings with their sources, the database, Stripe. Shows no secret."""

import platform
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from services.database import Database
from services.errors import PaydeskError
from services.models import HEAD
from services.settings import STRIPE_API_BASE, Settings, load_settings, sources

WAL_RESET_FIXED = (3, 51, 3)
"""The first SQLite in which a reset of the WAL cannot corrupt a database in a rare race.
Source: https://www.sqlite.org/wal.html#walresetbug"""


@dataclass(frozen=True)
class Finding:
    """One line of the report. `problem` says what keeps paydesk from working, `warning` what to know."""

    subject: str
    name: str
    value: str
    source: str = ""
    problem: str = ""
    warning: str = ""


def examine() -> list[Finding]:
    """Everything worth knowing about this installation; what does not work is a finding, not an error."""
    findings = [Finding("program", "python", f"{platform.python_version()} on {sys.platform}")]
    try:
        settings = load_settings()
    except PaydeskError as error:
        return [*findings, Finding("settings", "settings", "cannot be read", problem=error.sentence)]
    origins = sources()
    findings += [
        Finding("settings", name.upper(), masked(name, getattr(settings, name)), origins[name])
        for name in Settings.model_fields
    ]
    return [*findings, *_database(settings), _stripe(settings)]


def masked(name: str, value: object) -> str:
    """A setting as text; of a key only its kind and its last four characters, of an address no password."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else "" if value is None else str(value)
    if name == "database_url":
        return re.sub(r"(password=)[^&]*", r"\1***", re.sub(r"(://[^:/@]*):.*@", r"\1:***@", text))
    if isinstance(value, SecretStr) and text:
        kind = re.match(r"(?:[a-z]+_){1,2}", text)
        return f"{kind[0] if kind else ''}…{text[-4:] if len(text) >= 20 else ''}"
    return text


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        database = Database(settings.database_url.get_secret_value())
        yield Finding("database", "address", database.label)
        database.open()
        version = database.version_text()
        database.close()
    except PaydeskError as error:
        yield Finding("database", "state", "cannot be used", problem=error.sentence)
        return
    warning = ""
    if database.is_sqlite and tuple(int(part) for part in version.split()[1].split(".")) < WAL_RESET_FIXED:
        warning = (
            "SQLite before 3.51.3 can damage a database in a rare race of two processes; "
            "keep backups, or run a Python with a newer SQLite."
        )
    path = Path(database.url.database or "")
    if database.is_sqlite and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("database", "file", str(path), warning=f"Others can read it: chmod 600 {path}")
    yield Finding("database", "software", version, warning=warning)
    yield Finding("database", "schema", HEAD)


def _stripe(settings: Settings) -> Finding:
    try:
        settings.check_stripe_key()
    except PaydeskError as error:
        return Finding("stripe", "mode", "refused", problem=error.sentence)
    if not settings.stripe_configured:
        return Finding("stripe", "mode", "not configured", warning="Checkouts need STRIPE_SECRET_KEY; all else works.")
    mode = "live: real money" if settings.livemode else "test"
    elsewhere = "" if settings.stripe_api_base == STRIPE_API_BASE else f", at {settings.stripe_api_base}"
    return Finding("stripe", "mode", f"{mode}{elsewhere}")
