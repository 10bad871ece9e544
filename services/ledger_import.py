"""Importing postings from a CSV file: all rows or none, and each row once however often the import is run."""

import csv
import hashlib
import io
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from os import fstat
from pathlib import Path
from typing import Self

from services.balance import BalanceService, Outcome, PostedRow, Posting
from services.domain.ledger_import import SHOWN_ERRORS, ImportReport, RowError, check_header, posting_of
from services.errors import InvalidInput, PaydeskError
from services.runtime import Runtime

__all__ = ["ImportReport", "ImportService", "Progress", "RowError"]

BATCH = 1_000
"""How many rows are posted in one transaction."""

Progress = Callable[[int, int], None]
"""Told after each batch how many rows are done, and of how many: 0 while they are still being counted and checked."""


@dataclass
class _Tally:
    """What a pass over the file has counted."""

    rows: int = 0
    posted: int = 0
    posted_cents: int = 0
    repeated: int = 0
    wrong: int = 0
    errors: list[RowError] = field(default_factory=list)

    def refuse(self, line: int, error: PaydeskError) -> None:
        self.wrong += 1
        if len(self.errors) < SHOWN_ERRORS:
            self.errors.append(RowError(line, error.field, error.sentence))

    def add(self, line: int, posting: Posting, outcome: Outcome | None) -> None:
        if isinstance(outcome, PaydeskError):
            self.refuse(line, outcome)
        elif isinstance(outcome, PostedRow) and outcome.repeated:
            self.repeated += 1
        else:
            self.posted += 1
            self.posted_cents += posting.amount_cents

    def report(self, file_hash: str, *, applied: bool) -> ImportReport:
        counted = (self.rows, self.posted, self.posted_cents, self.repeated, self.wrong)
        return ImportReport(file_hash, *counted, tuple(self.errors), applied)


_Row = tuple[int, Posting | InvalidInput]
"""The line that a row ends on, and what it asks for or why that cannot be told."""


class ImportService:
    """Posts what a CSV file asks for. Memory stays the same however long the file is."""

    def __init__(self, balance: BalanceService, actor: str) -> None:
        self.balance = balance
        self.actor = actor

    @classmethod
    def over(cls, runtime: Runtime) -> Self:
        """The service on a runtime's collaborators."""
        return cls(BalanceService.over(runtime), runtime.actor)

    def check(self, path: Path, progress: Progress | None = None) -> ImportReport:
        """What `run` would do now; posts nothing. Raises `InvalidInput` for what is no such file.

        A key of the file's own that stands twice in it, for different requests, is only found within `BATCH` rows.
        """
        with _opened(path) as file:
            file_hash = hashlib.file_digest(file, "sha256").hexdigest()
            return self._check(file, file_hash, progress).report(file_hash, applied=False)

    def run(self, path: Path, progress: Progress | None = None) -> ImportReport:
        """Posts every row of the file, or none where `check` finds a wrong one.

        A row without a key of its own has one made of the file's content and the row's number. So a file that was
        posted in part, by a process that was killed, is completed by another run of the same file; a file that was
        changed in between is another file. Raises what `check` and `BalanceService.post_many` raise.
        """
        with _opened(path) as file:
            file_hash = hashlib.file_digest(file, "sha256").hexdigest()
            checked = self._check(file, file_hash, progress)
            if checked.wrong:
                return checked.report(file_hash, applied=False)
            tally = _Tally()
            for batch in self._batches(file, file_hash):
                self._count(tally, batch, self.balance.post_many)
                if progress is not None:
                    progress(tally.rows, checked.rows)
            return tally.report(file_hash, applied=True)

    def _check(self, file: io.BufferedReader, file_hash: str, progress: Progress | None) -> _Tally:
        tally = _Tally()
        for batch in self._batches(file, file_hash):
            self._count(tally, batch, self.balance.check_many)
            if progress is not None:
                progress(tally.rows, 0)
        return tally

    def _count(
        self, tally: _Tally, batch: Sequence[_Row], ask: Callable[[Sequence[Posting]], Sequence[Outcome | None]]
    ) -> None:
        """Asks about the readable rows of a batch, and counts what became of each row."""
        outcomes = iter(ask([posting for _, posting in batch if isinstance(posting, Posting)]))
        for line, posting in batch:
            tally.rows += 1
            if isinstance(posting, Posting):
                tally.add(line, posting, next(outcomes))
            else:
                tally.refuse(line, posting)

    def _batches(self, file: io.BufferedReader, file_hash: str) -> Iterator[list[_Row]]:
        file.seek(0)
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            rows = self._rows(text, file_hash)
            while batch := list(islice(rows, BATCH)):
                yield batch
        except (UnicodeDecodeError, csv.Error):
            raise InvalidInput("The file is not a CSV file in UTF-8.", field="file") from None
        finally:
            text.detach()  # which would close the file

    def _rows(self, text: io.TextIOWrapper, file_hash: str) -> Iterator[_Row]:
        reader = csv.reader(text, strict=True)
        columns = next(reader, [])
        check_header(columns)
        for number, values in enumerate((values for values in reader if values), 1):
            try:
                if len(values) != len(columns):
                    raise InvalidInput(f"The row has {len(values)} fields; the first line names {len(columns)}.")
                row = dict(zip(columns, values, strict=True))
                yield reader.line_num, posting_of(row, f"import_{file_hash}_{number}", self.actor)
            except InvalidInput as error:
                yield reader.line_num, error


def _opened(path: Path) -> io.BufferedReader:
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"The file {path} cannot be read: {error.strerror}.", field="file") from None
    if not stat.S_ISREG(fstat(file.fileno()).st_mode):  # it is read twice
        file.close()
        raise InvalidInput(f"{path} is not a file.", field="file")
    return file
