"""What every verb of the command line is made of."""

import argparse
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from services.errors import OutcomeUnknown, PaydeskError
from tui.desk import Desk
from tui.present import NOTHING, moment

DONE, REFUSED, TRY_AGAIN, INTEGRITY = 0, 1, 3, 4
"""Exit codes. 2 is argparse's own for a mistyped command, 4 says that stored rows do not add up."""


class Refusal(PaydeskError):
    """A service answered no; its sentence goes to stderr."""


@dataclass(frozen=True)
class Answer:
    """What a verb found or did: `data` for `--json`, `rows` under `head` for reading, `words` beside them on stderr."""

    data: Any
    rows: Sequence[Sequence[str]] = ()
    head: Sequence[str] = ()
    exit_code: int = DONE
    words: str = ""


Verb = Callable[[Desk, argparse.Namespace], Answer]


def group(groups: Any, name: str, text: str) -> Any:
    """A command that only has verbs, such as `price`."""
    command = groups.add_parser(name, help=text, description=_sentence(text))
    return command.add_subparsers(metavar="VERB", required=True)


def verb(group: Any, name: str, run: Verb, text: str) -> argparse.ArgumentParser:
    """A verb, answered by `run`."""
    command: argparse.ArgumentParser = group.add_parser(name, help=text, description=_sentence(text))
    command.add_argument("--json", action="store_true", help="answer as JSON")
    command.set_defaults(run=run)
    return command


def _sentence(text: str) -> str:
    """With a capital letter at its beginning, and those that it has."""
    return text[:1].upper() + text[1:]


def add_key(command: argparse.ArgumentParser) -> None:
    """`--key` of a verb that moves money."""
    command.add_argument("--key", metavar="KEY", help="idempotency key: with the same key it is done once")


@contextmanager
def keyed(arguments: argparse.Namespace) -> Iterator[str]:
    """The key that was given, or a new one.

    Where the outcome is lost, by ctrl+c too, the error tells the key to find it out with.
    """
    key: str = arguments.key if arguments.key is not None else uuid4().hex
    try:
        yield key
    except OutcomeUnknown as error:
        raise OutcomeUnknown(f"{error.sentence} {again_with(key)}", request_id=error.request_id) from error
    except KeyboardInterrupt:
        raise OutcomeUnknown(f"Interrupted: it may be done or not. {again_with(key)}") from None


def again_with(key: str) -> str:
    """How a verb whose outcome is not known is run again."""
    return f"The same command with --key {shlex.quote(key)} finds out, and does nothing twice."


def at(moment_or_none: datetime | None) -> str:
    """A moment in UTC for a table."""
    return NOTHING if moment_or_none is None else moment(moment_or_none, datetime.now(UTC))
