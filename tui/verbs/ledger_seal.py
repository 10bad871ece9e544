"""Seals over the ledger on the command line."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import InvalidInput
from tui.desk import Desk
from tui.verbs.verb import DONE, INTEGRITY, Answer, verb

if TYPE_CHECKING:
    from services.seals import Head, Progress


def add_seal_verbs(ledger: Any) -> None:
    """`paydesk ledger seal` and `paydesk ledger verify`."""
    sealing = verb(ledger, "seal", _ledger_seal, "seal the entries that are not sealed yet, and show the heads")
    sealing.epilog = "Keep the heads elsewhere: they show a history that was changed and sealed anew."
    verifying = verb(ledger, "verify", _ledger_verify, "verify that every sealed entry is what was sealed")
    verifying.epilog = "Of one account, that its entries add up to its balance as well. paydesk verify proves all rows."
    verifying.add_argument("--kept", type=Path, metavar="FILE", help="heads that an earlier `ledger seal` showed")
    for command in (sealing, verifying):
        command.add_argument("--account", type=int, metavar="ID", help="of this account only")


def _ledger_seal(desk: Desk, arguments: argparse.Namespace) -> Answer:
    entries = desk.seals.seal(arguments.account, _progress("sealed"))
    heads = list(desk.seals.heads(arguments.account))
    _say(f"{entries:,} entries sealed.")
    return Answer({"sealed": entries, "heads": heads}, [(head.text,) for head in heads])


def _ledger_verify(desk: Desk, arguments: argparse.Namespace) -> Answer:
    kept = [] if arguments.kept is None else _heads(arguments.kept)
    if arguments.account is not None:
        return _account_verified(desk, arguments.account, kept)
    verification = desk.seals.verify(arguments.account, kept, _progress("verified"))
    result = "Every sealed entry is what was sealed" if verification.holds else "Not every entry is what was sealed"
    summary = f"{result}. Accounts {verification.accounts:,}, sealed entries {verification.entries:,}."
    return Answer(
        {"holds": verification.holds, "kept": len(kept), "verification": verification},
        [(summary,), *((f"{found.code}: {found.sentence}",) for found in verification.breaks)],
        exit_code=DONE if verification.holds else INTEGRITY,
    )


def _account_verified(desk: Desk, account_id: int, kept: "list[Head]") -> Answer:
    verification = desk.verification.verify_account(account_id, kept, _progress("verified"))
    lines = [f"{found.code}: {found.sentence}" for found in verification.breaks]
    if verification.holds:
        lines.append(verification.sentence)
    return Answer(
        {"holds": verification.holds, "kept": len(kept), "verification": verification},
        [(line,) for line in lines],
        exit_code=DONE if verification.holds else INTEGRITY,
    )


def _heads(path: Path) -> "list[Head]":
    from services.seals import parse_head

    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(f"The file {path} cannot be read.", field="kept") from None
    return [parse_head(line) for line in lines]


def _progress(done_word: str) -> "Progress | None":
    """Progress over one line of a terminal; None where words go elsewhere."""
    if not sys.stderr.isatty():
        return None
    return lambda done, of: _say(f"\r\x1b[K{done:,} of {of:,} entries {done_word}", end="")


def _say(words: str, end: str = "\n") -> None:
    sys.stderr.write(("\r\x1b[K" if sys.stderr.isatty() and end else "") + words + end)
