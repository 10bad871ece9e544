"""The filter of the audit trail: the one line that it is typed as, and how its last word may go on."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from textual.suggester import Suggester

from services.domain.audit import AuditFilter
from services.domain.period import parse_period
from services.errors import InvalidInput

OBJECTS = {"prices": "prices", "code": "discount_code", "account": "balance", "order": "order", "finding": "finding"}
"""What people call the objects that are changed, and what the audit log calls them."""

EVERYTHING = AuditFilter()
"""The filter that every entry fits."""

_WORD = re.compile(r'(?P<key>[a-z]+):(?:"(?P<quoted>[^"]*)"|(?P<bare>\S*))|(?P<period>\S+)')
_PERIOD = re.compile(r"\.\.|[0-9]{4}-")


def parse_audit_filter(line: str) -> AuditFilter:
    """The filter that a line of words means, all of which must apply.

    `by:anna` (with blanks in the name: `by:"anna b"`), `type:code`, `code:SUMMER`, `account:42`, `order:12`,
    `prices:14`, `finding:3`, and a period in UTC: `2026-10`, `2026-10-05`, `2026-10-01..2026-11-05`, of which either
    end may be left out. Raises `InvalidInput` that names the word and the rule it breaks.
    """
    wanted, seen = EVERYTHING, set[str]()
    for match in _WORD.finditer(line):
        try:
            subject, wanted = _with_word(wanted, match)
            if subject in seen:
                raise InvalidInput("a filter says this once only.")
        except InvalidInput as error:
            raise InvalidInput(f"{match.group().removesuffix(':')}: {error.sentence}", field="filter") from None
        seen.add(subject)
    return wanted


def _with_word(wanted: AuditFilter, match: re.Match[str]) -> tuple[str, AuditFilter]:
    """What a word is about, and the filter with it."""
    key = match["key"]
    if key is None:
        if not _PERIOD.match(match["period"]):
            raise InvalidInput("a word is like by:anna, type:code, account:42, or a period like 2026-10.")
        period = parse_period(match["period"])
        return "period", replace(wanted, since=period.first, until=period.last)
    value = match["bare"] if match["quoted"] is None else match["quoted"]
    if key not in ("by", "type", *OBJECTS):
        raise InvalidInput(f"there is no {key}: in this filter; there are by, type, {', '.join(OBJECTS)}.")
    if not value:
        raise InvalidInput("a value follows the colon.")
    if key == "by":
        return "by", replace(wanted, actor=value)
    if key == "type":
        if value not in OBJECTS:
            raise InvalidInput(f"a type is one of {', '.join(OBJECTS)}.")
        return "object", replace(wanted, object_type=OBJECTS[value])
    return "object", replace(wanted, object_type=OBJECTS[key], object_id=_object_id(key, value))


def _object_id(key: str, value: str) -> str:
    if key == "code":
        return value.upper()
    number = value.removeprefix("v" if key == "prices" else "#")
    if not (number.isascii() and number.isdecimal()):
        raise InvalidInput("a number follows the colon.")
    return str(int(number))


class AuditSuggester(Suggester):
    """Completes the last word of the line, also with the people whom `actors` names when it is asked."""

    def __init__(self, actors: Callable[[], Sequence[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._actors = actors

    async def get_suggestion(self, value: str) -> str | None:
        """The line with its last word complete; None where nothing fits, or several words do not tell."""
        begun = value.rpartition(" ")[2]
        words = [
            *(f"by:{actor}" if actor.split() == [actor] else f'by:"{actor}"' for actor in self._actors()),
            *(f"type:{name}" for name in OBJECTS),
            *(f"{name}:" for name in OBJECTS),
        ]
        fitting = [word for word in words if begun and word.startswith(begun) and word != begun]
        return value.removesuffix(begun) + fitting[0] if fitting else None
