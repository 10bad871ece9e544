"""What is committed holds no secret, and nothing of the machine it was written on."""

import re

from tests.architecture.source import ROOT, kept_files

UNWANTED = {
    "a Stripe key": r"[sr]k_(?:live|test)_(?!\w*secretsecret)[0-9A-Za-z]{20,}",  # an invented one says that it is
    "a webhook secret": r"whsec_[0-9A-Za-z+/]{16,}",
    "a private key": r"BEGIN [A-Z ]*PRIVATE KEY",
    "a cloud key": r"\bAKIA[0-9A-Z]{16}\b",
    "a home folder": r"(?<![\w.])/(?:root|home/\w+|Users/\w+)/",
    "a package index": r"(?i)(?:index[-_]url|find-links|trusted-host)\b",
    "an address inside a private network": r"\b(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\.\d+\b",
    "a host of a private network": r"(?i)https?://[\w.-]+\.(?:internal|corp|lan|intranet)\b",
}
ALLOWED_FILES = {"tests/architecture/test_kept_files.py"}
SECRET_FILES = {"settings.local.env", "uv.lock"}


def test_no_file_holds_a_secret_or_a_trace_of_a_machine() -> None:
    found = set()
    for path in kept_files():
        name = path.relative_to(ROOT).as_posix()
        if name in ALLOWED_FILES:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for what, pattern in UNWANTED.items():
            for match in re.finditer(pattern, text):
                found.add(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what}")
    assert not found, f"{sorted(found)}: take it out, and replace a secret that was committed."


def test_files_that_stay_on_the_machine_are_not_committed() -> None:
    found = {path.name for path in kept_files()} & SECRET_FILES
    assert not found, f"{sorted(found)} must be git-ignored."
