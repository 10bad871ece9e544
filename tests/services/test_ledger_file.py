"""An export as a file: whole or not at all, and never in the place of another."""

import resource
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.domain.ledger_export import ExportPiece
from services.errors import Conflict, TryAgain
from services.ledger_file import NotWritten, write_export

PIECES = [
    ExportPiece(data, number, 1, number, 3) for number, data in enumerate([b"head\r\n", b"1\r\n", b"2\r\n", b"3\r\n"])
]
WHOLE = b"head\r\n1\r\n2\r\n3\r\n"


def test_a_file_is_whole_for_its_owner_alone_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path, told = tmp_path / "ledger.csv", list[int]()

    def go_on(piece: ExportPiece) -> bool:
        assert not path.exists(), "Half an export has the name of the whole."
        (part,) = tmp_path.iterdir()
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
        assert part.read_bytes().endswith(piece.data)
        told.append(piece.entries)
        return True

    assert write_export(PIECES, path, go_on) == PIECES[-1]
    assert (path.read_bytes(), told) == (WHOLE, [0, 1, 2, 3])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stop_at", range(4))
def test_what_is_told_to_stop_leaves_nothing(stop_at: int, tmp_path: Path) -> None:
    told = list[int]()

    def go_on(piece: ExportPiece) -> bool:
        told.append(piece.entries)
        return piece.entries < stop_at

    assert write_export(PIECES, tmp_path / "ledger.csv", go_on) is None
    assert told == list(range(stop_at + 1))
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def pieces() -> Iterator[ExportPiece]:
        yield from PIECES[:2]
        raise TryAgain("The database cannot be reached.")

    with pytest.raises(TryAgain):
        write_export(pieces(), tmp_path / "ledger.csv")
    assert list(tmp_path.iterdir()) == []


def put_file(path: Path) -> None:
    path.write_bytes(b"precious")


def put_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("put", [put_file, Path.mkdir, put_dangling_link])
def test_what_is_there_stays_there(put: Callable[[Path], None], tmp_path: Path) -> None:
    path, read = tmp_path / "ledger.csv", list[int]()
    put(path)
    before = path.lstat()

    def pieces() -> Iterator[ExportPiece]:
        read.append(1)
        yield from PIECES

    with pytest.raises(Conflict, match="exists already, and an export never replaces a file"):
        write_export(pieces(), path)
    assert path.lstat() == before
    assert (list(tmp_path.iterdir()), read) == ([path], [])


def test_a_file_that_came_during_the_export_stays_there(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"

    def go_on(piece: ExportPiece) -> bool:
        if piece is PIECES[-1]:
            path.write_bytes(b"precious")
        return True

    with pytest.raises(Conflict):
        write_export(PIECES, path, go_on)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"precious", [path])


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match=r"ledger\.csv cannot be written: No such file or directory\.") as refused:
        write_export(PIECES, tmp_path / "nowhere" / "ledger.csv")
    assert refused.value.field == "path"
    (tmp_path / "file").touch()
    with pytest.raises(NotWritten, match="Not a directory"):
        write_export(PIECES, tmp_path / "file" / "ledger.csv")


def test_a_disk_that_takes_no_more_leaves_nothing(tmp_path: Path) -> None:
    # the system's limit on the size of a file refuses a write as a full disk does
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, hard))
    try:
        with pytest.raises(NotWritten, match="File too large"):
            write_export(PIECES, tmp_path / "ledger.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(tmp_path.iterdir()) == []
