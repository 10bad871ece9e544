"""The log: a file in the person's state directory, without secrets."""

import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

MEGABYTE = 1_000_000

_SECRETS = (
    (re.compile(r"\b((?:sk|rk|pk)_(?:test|live)|whsec)_\w+"), r"\1_…"),
    (re.compile(r"(://[^\s:/@]*:)[^\s@]+@"), r"\1…@"),
    (re.compile(r"(?i)(password=)[^\s&'\"]+"), r"\1…"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "…@…"),
)


def redacted(text: str) -> str:
    """`text` without keys, passwords and e-mail addresses."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats a record with its traceback and takes the secrets out of the whole."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        return redacted(super().format(record))


def log_path() -> Path:
    """Where the log is."""
    from platformdirs import user_state_path

    return user_state_path("paydesk") / "paydesk.log"


def log_to_file() -> None:
    """Send warnings and errors of paydesk to the log file, which only its owner can read.

    Where the file cannot be written the desk works all the same, without a log.
    """
    path = log_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        handler = RotatingFileHandler(path, maxBytes=MEGABYTE, backupCount=3, encoding="utf-8")
    except OSError:
        return
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
