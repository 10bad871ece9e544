"""The command line: the desk's verbs without a screen.

Data goes to stdout, as a table or with `--json` as JSON, and words to stderr. Exit codes: 0 done, 1 refused, 2 usage,
3 try again (or the outcome is not known yet), 4 integrity.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

from services.errors import GatewayError, GatewayUnreadable, OutcomeUnknown, PaydeskError, TryAgain
from tui import __version__
from tui.desk import Desk
from tui.present import visible
from tui.verbs.verb import REFUSED, TRY_AGAIN, Verb

COMMANDS = ("price", "code", "account", "ledger", "checkout", "exchange", "audit", "db", "doctor", "verify", "demo")
"""What a command line begins with, in the order of the help."""


def main(argv: Sequence[str], desk: Desk | None = None) -> int:
    """Runs one verb and returns its exit code."""
    arguments = parser(argv).parse_args(argv)
    run: Verb = arguments.run
    try:
        answer = run(desk or Desk(), arguments)
    except PaydeskError as error:
        return _failed(error)
    if answer.words:
        sys.stderr.write(visible(answer.words) + "\n")
    if arguments.json:
        sys.stdout.write(json.dumps(_plain(answer.data), indent=2) + "\n")
    else:
        sys.stdout.writelines(_table([answer.head, *answer.rows] if answer.head else answer.rows))
    return answer.exit_code


def _failed(error: PaydeskError) -> int:
    """Says why nothing is known to be done, on one line, with what finds the call in Stripe's logs."""
    field = f"{error.field}: " if error.field else ""
    asked = error.request_id if isinstance(error, TryAgain | OutcomeUnknown | GatewayError) else None
    request = f" (Stripe's request id: {asked})" if asked else ""
    sys.stderr.write(visible(f"{field}{error.sentence}{request}") + "\n")
    # a reply that cannot be believed leaves the outcome as unknown as none does
    return TRY_AGAIN if isinstance(error, TryAgain | OutcomeUnknown | GatewayUnreadable) else REFUSED


def parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The grammar of a command line; `run` in its result is the function to call.

    It has the verbs of the one command that the line begins with, whose modules alone are imported, or all of them
    where it begins otherwise.
    """
    top = argparse.ArgumentParser(
        prog="paydesk",
        description="A terminal desk for payment operations. Without a command it opens the desk.",
        epilog="Exit codes: 0 done, 1 refused, 2 usage, 3 try again, 4 integrity.",
    )
    top.add_argument("--version", "-V", action="version", version=f"paydesk {__version__}")
    groups = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in argv[:1] if argv and argv[0] in COMMANDS else COMMANDS:
        _add_command(groups, command)
    return top


def _add_command(groups: Any, command: str) -> None:
    match command:
        case "price":
            from tui.verbs.prices import add_price_verbs as add
        case "code":
            from tui.verbs.codes import add_code_verbs as add
        case "account":
            from tui.verbs.accounts import add_account_verbs as add
        case "ledger":
            from tui.verbs.ledger import add_ledger_verbs as add
        case "checkout":
            from tui.verbs.checkouts import add_checkout_verbs as add
        case "exchange":
            from tui.verbs.exchange import add_exchange_verbs as add
        case "audit":
            from tui.verbs.audit import add_audit_verb as add
        case "db":
            from tui.verbs.installation import add_database_verbs as add
        case "doctor":
            from tui.verbs.installation import add_doctor_verb as add
        case "verify":
            from tui.verbs.installation import add_verify_verb as add
        case _:
            from tui.verbs.installation import add_demo as add
    add(groups)


def _plain(value: Any) -> Any:
    """A value as JSON's own types: moments as ISO 8601 in UTC, amounts as integer cents."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines in columns as wide as their widest text; text from outside is made visible."""
    from rich.cells import cell_len

    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)] if shown else []
    padded = [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        for row in shown
    ]
    return [f"{line.rstrip()}\n" for line in padded]
