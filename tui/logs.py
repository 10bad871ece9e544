"""The log: a rotating file in the user's state directory, which no secret reaches."""

import logging
import logging.handlers
import os
import re
import time
from pathlib import Path

import platformdirs

BYTES_PER_FILE = 1_000_000
FILES = 5

_SECRETS = re.compile(r"\b((?:sk|rk|pk)_(?:test|live)_|whsec_)[A-Za-z0-9_]+|(://[^\s:/@]*):[^\s@]*@|(password=)[^\s&]+")


def log_file() -> Path:
    """Where the log is."""
    return platformdirs.user_state_path("paydesk") / "paydesk.log"


def redacted(text: str) -> str:
    """`text` with Stripe keys, and passwords in addresses, replaced by `***`."""
    return _SECRETS.sub(lambda match: f"{match[1] or match[3] or ''}***" if not match[2] else f"{match[2]}:***@", text)


class RedactingFormatter(logging.Formatter):
    """Formats a record in UTC, traceback included, and then redacts the whole text."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """The record as text without secrets."""
        return redacted(super().format(record))


def keep_log() -> None:
    """Sends what paydesk logs to the file, which only its owner can read. Without a place for it there is no log."""
    path = log_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=BYTES_PER_FILE, backupCount=FILES, delay=True)
    except OSError:
        logging.getLogger().addHandler(logging.NullHandler())
        return
    handler.setFormatter(RedactingFormatter("%(asctime)sZ %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
