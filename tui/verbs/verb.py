"""What every verb of the command line is made of."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.errors import PaydeskError
from tui.desk import Desk
from tui.present import NOTHING, moment

DONE, REFUSED, TRY_AGAIN, INTEGRITY = 0, 1, 3, 4
"""Exit codes. 2 is argparse's own for a mistyped command, 4 says that stored rows do not add up."""


class Refusal(PaydeskError):
    """A service answered no; its sentence goes to stderr."""


@dataclass(frozen=True)
class Answer:
    """What a verb found or did: `data` for `--json`, `rows` under `head` for reading."""

    data: Any
    rows: Sequence[Sequence[str]] = ()
    head: Sequence[str] = ()
    exit_code: int = DONE


Verb = Callable[[Desk, argparse.Namespace], Answer]


def group(groups: Any, name: str, text: str) -> Any:
    """A command that only has verbs, such as `price`."""
    command = groups.add_parser(name, help=text, description=text.capitalize())
    return command.add_subparsers(metavar="VERB", required=True)


def verb(group: Any, name: str, run: Verb, text: str) -> argparse.ArgumentParser:
    """A verb, answered by `run`."""
    command: argparse.ArgumentParser = group.add_parser(name, help=text, description=text.capitalize())
    command.add_argument("--json", action="store_true", help="answer as JSON")
    command.set_defaults(run=run)
    return command


def at(moment_or_none: datetime | None) -> str:
    """A moment in UTC for a table."""
    return NOTHING if moment_or_none is None else moment(moment_or_none, datetime.now(UTC))
