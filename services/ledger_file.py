"""An export as a file: whole or not at all, for its owner's eyes, and never in the place of another file."""

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from services.errors import Conflict, PaydeskError


class Piece(Protocol):
    """A part of an export, to be appended to those before it."""

    @property
    def data(self) -> bytes:
        """What is written."""


AnyPiece = TypeVar("AnyPiece", bound=Piece)


class NotWritten(PaydeskError):
    """The file could not be written; nothing is left of it."""

    code: ClassVar[str] = "not_written"


def write_export(
    pieces: Iterable[AnyPiece], path: Path, go_on: Callable[[AnyPiece], bool] = lambda _: True
) -> AnyPiece | None:
    """Writes the pieces of an export to a new file that only its owner can read, and returns the last one.

    They go to a file beside it, which takes the name `path` once everything is on the disk: there is no moment at which
    half an export has that name. `go_on` is told each piece after it is written; where it answers False, and where
    anything raises, the file beside it is removed. None says that it was told to stop.

    Raises `Conflict` where there is something at `path`, also if it came during the export, `NotWritten` where the
    system does not let it write (on a file system without hard links, too), and what `pieces` and `go_on` raise.
    """
    if os.path.lexists(path):
        raise _taken(path)
    last = None
    try:
        with _beside(path) as (part, file):
            for last in pieces:
                _write_all(file, last.data)
                if not go_on(last):
                    return None
            os.fsync(file)
            # A link, unlike a renaming, does not put itself in the place of another file.
            os.link(part, path)
        _sync_folder(path.parent)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise NotWritten(f"{path} cannot be written: {error.strerror}.", field="path") from None
    return last


@contextmanager
def _beside(path: Path) -> Iterator[tuple[Path, int]]:
    """A new file in the folder of `path`, opened for writing, and gone at the end."""
    part = path.with_name(f".paydesk-{secrets.token_hex(8)}.part")
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        yield part, file
    finally:
        os.close(file)
        part.unlink()


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync_folder(folder: Path) -> None:
    """Makes the new name last, where the system lets a folder be synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _taken(path: Path) -> Conflict:
    return Conflict(f"{path} exists already, and an export never replaces a file.", field="path")
