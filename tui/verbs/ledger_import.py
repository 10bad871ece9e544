"""Importing postings on the command line."""

import argparse
import sys
from pathlib import Path
from typing import Any

from tui.desk import Desk
from tui.present import signed_cents
from tui.verbs.verb import DONE, REFUSED, Answer, verb


def add_import_verb(ledger: Any) -> None:
    """`paydesk ledger import FILE`."""
    importing = verb(ledger, "import", _ledger_import, "post the rows of a CSV file: all of them, or none")
    importing.add_argument("file", type=Path, help="columns: account, amount, description, and perhaps kind and key")
    importing.add_argument("--dry-run", action="store_true", help="say what would be posted, and post nothing")
    importing.epilog = (
        "Each row is posted once, however often the same file is imported: after a kill, run it again. A row without "
        "a key of its own is known by the content of the whole file, so do not edit a file that was posted in part."
    )


def _ledger_import(desk: Desk, arguments: argparse.Namespace) -> Answer:
    work = desk.imports.check if arguments.dry_run else desk.imports.run
    report = work(arguments.file, _say if sys.stderr.isatty() else None)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    done = "posted" if report.applied else "can be posted"
    summary = (
        f"Rows {report.rows:,}: {report.posted:,} {done} ({signed_cents(report.posted_cents)}), "
        f"{report.repeated:,} posted before, {report.wrong:,} wrong."
    )
    if report.wrong and not report.applied:
        summary += " While a row is wrong, none is posted."
    wrong = [
        (f"line {error.line}: {f'{error.field}: ' if error.field else ''}{error.sentence}",) for error in report.errors
    ]
    return Answer(report, [(summary,), *wrong], exit_code=REFUSED if report.wrong else DONE)


def _say(rows: int, of: int) -> None:
    """Progress on a terminal, over the line before it."""
    sys.stderr.write(f"\r{rows:,} of {of:,} rows posted" if of else f"\r{rows:,} rows checked")
