"""Where settings come from: the environment, `settings.local.env` and `settings.env`, of which the first one wins.

Without pydantic: a command that needs one setting does not wait for what checks them all.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.errors import ConfigurationError

ENVIRONMENT, LOCAL_FILE, FILE = "environment", "settings.local.env", "settings.env"


@dataclass(frozen=True)
class Given:
    """What a setting is given, and by which source. Where the text is empty the setting has its default."""

    text: str
    source: str


def config_directory() -> Path:
    """Where the two files are looked for: `PAYDESK_CONFIG_DIR`, else the folder that holds the packages."""
    return Path(os.environ.get("PAYDESK_CONFIG_DIR") or Path(__file__).parents[1]).expanduser()


def default_database_url() -> str:
    """An SQLite file in the user's data directory."""
    import platformdirs

    return f"sqlite:///{platformdirs.user_data_path('paydesk') / 'paydesk.db'}"


def given() -> dict[str, Given]:
    """Every name that a source gives, in lower case, with what the first of them says; other programs' names too.

    Raises `ConfigurationError` for a file that cannot be read, and for a `settings.local.env`, which may hold a key,
    that can be read by anyone but its owner.
    """
    folder = config_directory()
    local = folder / LOCAL_FILE
    if local.exists() and stat.S_IMODE(local.stat().st_mode) & 0o077:
        raise ConfigurationError(f"{LOCAL_FILE} may hold secrets and must be readable by you alone: chmod 600 it.")
    sources = ((FILE, _read(folder / FILE)), (LOCAL_FILE, _read(local)), (ENVIRONMENT, os.environ))
    return {name.lower(): Given(text or "", source) for source, values in sources for name, text in values.items()}


def text_of(name: str, values: Mapping[str, Given]) -> str:
    """What a setting is given, by its name in lower case; empty where it has its default."""
    return values[name].text if name in values else ""


def database_url(values: Mapping[str, Given]) -> str:
    """The address of the database, as `load_settings` has it."""
    return text_of("database_url", values) or default_database_url()


def _read(file: Path) -> dict[str, str | None]:
    from dotenv import dotenv_values

    try:
        return dotenv_values(file, encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{file.name} cannot be read.") from None
