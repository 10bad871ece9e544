"""Codes that are made in a batch, as a file for a mailing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from services.errors import Conflict, PaydeskError

if TYPE_CHECKING:
    from services.domain.discount import CodeTerms
    from tui.desk import Desk


@dataclass(frozen=True)
class CodeBatch:
    """How many codes are made, and how they look: see `DiscountService.generate`."""

    count: int
    prefix: str
    pattern: str


@dataclass(frozen=True)
class _Codes:
    codes: Sequence[str]

    @property
    def data(self) -> bytes:
        """One column; a code has no character that CSV or a spreadsheet gives a meaning to."""
        return "".join(f"{line}\n" for line in ("code", *self.codes)).encode("ascii")


def generate_to_file(desk: "Desk", batch: CodeBatch, terms: "CodeTerms", path: Path) -> list[str]:
    """Makes the codes of a batch and writes them to a new CSV file that only its owner can read.

    The file is begun before the codes are made: where it cannot be, no code is. Raises what `DiscountService.generate`
    and `write_export` raise, and `Conflict` where the codes were made and their file could not be finished.
    """
    from services.ledger_file import write_export

    made: list[str] = []

    def pieces() -> Iterator[_Codes]:
        made.extend(desk.discounts.generate(batch.count, terms, batch.prefix, batch.pattern))
        yield _Codes(made)

    try:
        write_export(pieces(), path)
    except PaydeskError as error:
        if not made:
            raise
        raise Conflict(
            f"{len(made):,} codes were made and can be used, but their file was not: {error.sentence} "
            f"The first of them is {made[0]}.",
            field="path",
        ) from None
    return made
