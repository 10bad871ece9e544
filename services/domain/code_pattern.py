"""Codes that nobody guesses and nobody misreads, made from a prefix and a pattern."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from services.domain.discount import canonical_code
from services.errors import InvalidInput

ALPHABET = "ACDEFGHJKMNPRTVWXY34679"
"""What the drawn characters are: none is taken for another one (0 O Q, 1 I L, 2 Z, 5 S, 8 B, U V), read or written."""

MAX_BATCH = 100_000
"""The most codes that are made at once."""

ROOM = 1_000
"""How many texts a pattern has at least for each code: so many guesses it takes to find one."""

_PATTERN = re.compile(r"[A-Z0-9_#-]*", re.ASCII)


@dataclass(frozen=True)
class CodePattern:
    """How codes of a batch look: each `#` of the text is one drawn character, all others stand for themselves.

    Raises `InvalidInput` for what makes no codes: see `services.domain.discount.canonical_code`.
    """

    text: str

    @classmethod
    def of(cls, prefix: str, pattern: str = "########") -> "CodePattern":
        """The pattern after a prefix, in whatever case they are typed."""
        if "#" in prefix:
            raise InvalidInput("A prefix stands for itself: the # belong into the pattern.", field="prefix")
        text = f"{prefix.strip()}{pattern.strip()}"
        # upper() turns letters of other scripts into ASCII ones, so it comes after the check for ASCII
        return cls(text.upper() if text.isascii() else text)

    def __post_init__(self) -> None:
        if _PATTERN.fullmatch(self.text) is None or "#" not in self.text:
            raise InvalidInput("A pattern is made of # for a drawn character, A-Z, digits, - and _.", field="pattern")
        canonical_code(self.text.replace("#", ALPHABET[0]))

    @property
    def space(self) -> int:
        """How many different codes there are."""
        return int(len(ALPHABET) ** self.text.count("#"))

    @property
    def prefix(self) -> str:
        """What all codes begin with."""
        return self.text.partition("#")[0]

    def check_room(self, count: int, existing: int) -> None:
        """Raises `InvalidInput` unless `count` more codes beside `existing` ones leave each hard to guess."""
        if type(count) is not int or not 1 <= count <= MAX_BATCH:
            raise InvalidInput(f"A batch has 1 to {MAX_BATCH:,} codes.", field="count")
        if (count + existing) * ROOM > self.space:
            raise InvalidInput(
                f"{self.text} makes {self.space:,} different codes, too few for {count:,} that are hard to guess: "
                "use more #.",
                field="pattern",
            )

    def draw(self, below: Callable[[int], int] = secrets.randbelow) -> str:
        """One code, drawn by the system's source of secrets; `below` answers a number from 0 and below another."""
        number = below(self.space)
        drawn = []
        for character in self.text:
            if character == "#":
                number, place = divmod(number, len(ALPHABET))
                drawn.append(ALPHABET[place])
            else:
                drawn.append(character)
        return "".join(drawn)
