"""Reading ledgers on the command line: what the services answer, in columns, as JSON and as files."""

import json
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from services.balance import BalanceService
from services.history import HistoryService
from services.runtime import Runtime
from tests.clock import ManualClock
from tui.cli import main
from tui.desk import Desk

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What the verbs do is the services' business, which is tested on both databases: one is enough here."""
    return sqlite_url


@pytest.fixture
def run(runtime: Runtime, capsys: pytest.CaptureFixture[str]) -> Run:
    desk = Desk(lambda: runtime)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments, desk)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def ledger(run: Run, runtime: Runtime, clock: ManualClock) -> None:
    """An account with a credit in October and 30 messages in November, one a day; the 5th is taken back at the end."""
    balance = BalanceService.over(runtime)
    run("account", "add", "maria@example.com")
    clock.moment = clock.moment.replace(month=10, day=31)
    balance.add_credits(1, 1_000, "=welcome")
    for number in range(1, 31):
        clock.moment = clock.moment.replace(month=11, day=number)
        balance.deduct(1, number, f"SMS {number} [/] \x1b[2J")
    assert balance.reverse(6, "sent twice").success


def listed(run: Run, *arguments: str) -> list[int]:
    code, out, err = run("ledger", "list", "--account", "1", "--json", *arguments)
    assert (code, err) == (0, "")
    return [entry["seq"] for entry in json.loads(out)]


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("arguments", "seqs"),
    [
        ((), list(range(32, 12, -1))),
        (("--limit", "2"), [32, 31]),
        (("--limit", "2", "--before", "10"), [9, 8]),
        (("--filter", "is:credit"), [32, 1]),
        (("--filter", 'sms "[/]" amt>-0.04'), [4, 3, 2]),
        (("--filter", "is:reversed"), [6]),
        (("--filter", "nothing like it"), []),
        (("--as-of", "2026-11-02"), [3, 2, 1]),
        (("--as-of", "2026-11-02T14:03:06Z"), [2, 1]),
        (("--as-of", "2026-11-20", "--before", "3"), [2, 1]),
        (("--as-of", "2026-11-02", "--before", "30", "--limit", "1"), [3]),
        (("--as-of", "2026-10-30"), []),
    ],
)
def test_the_entries_that_are_asked_for_are_listed(arguments: tuple[str, ...], seqs: list[int], run: Run) -> None:
    assert listed(run, *arguments) == seqs


@pytest.mark.usefixtures("ledger")
def test_a_list_goes_on_until_it_has_enough(runtime: Runtime, capsys: pytest.CaptureFixture[str]) -> None:
    calls = list[int | None]()

    class Slow(HistoryService):
        """Has time for no more than two entries in a call."""

        def search(self, *arguments: object, before_seq: int | None = None, **options: object) -> object:  # type: ignore[override]
            calls.append(before_seq)
            return super().search(*arguments, before_seq=before_seq, **options, budget_ms=0)  # type: ignore[arg-type]

    class SlowDesk(Desk):
        history = Slow(runtime.database, HistoryService.over(runtime).history_store, first_read=2)

    assert main(["ledger", "list", "--account", "1", "--filter", "sms amt>-0.04", "--json"], SlowDesk()) == 0
    assert [entry["seq"] for entry in json.loads(capsys.readouterr().out)] == [4, 3, 2]
    assert calls == [None, *range(31, 1, -2)]


@pytest.mark.usefixtures("ledger")
def test_an_export_is_a_new_file_with_what_the_filter_means(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "october.csv"
    export = ("ledger", "export", str(path), "--account", "1", "--filter", "2026-10")
    code, out, err = run(*export)
    assert (code, out, err) == (0, f"Wrote 1 entry as of number 1 to {path}.\n", "")
    head, row = path.read_text().splitlines()
    assert head.startswith("seq,created_at,kind,amount_cents,")
    assert row == "1,2026-10-31T14:03:07.000000Z,adjustment,1000,1000,'=welcome,,anna,,1,"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    code, out, err = run(*export)
    assert (code, out, err) == (1, "", f"path: {path} exists already, and an export never replaces a file.\n")


@pytest.mark.usefixtures("ledger")
def test_an_export_as_of_an_entry_or_a_moment_is_the_same_later(run: Run, tmp_path: Path, runtime: Runtime) -> None:
    def exported(name: str, *arguments: str) -> tuple[bytes, int]:
        path = tmp_path / name
        code, out, _ = run("ledger", "export", str(path), "--account", "1", "--json", *arguments)
        assert code == 0
        return path.read_bytes(), json.loads(out)["as_of_seq"]

    first, newest = exported("1.jsonl")
    assert (len(first.splitlines()), newest) == (32, 32)
    BalanceService.over(runtime).deduct(1, 1, "later")
    assert exported("2.jsonl", "--as-of-seq", "32") == (first, 32)
    assert exported("3.jsonl")[1] == 33
    as_of = exported("4.jsonl", "--as-of", "2026-11-02")
    assert as_of == exported("5.jsonl", "--as-of-seq", "3")
    assert as_of == exported("6.jsonl", "--as-of-seq", "3", "--as-of", "2026-11-29")
    assert [json.loads(line)["seq"] for line in as_of[0].splitlines()] == [1, 2, 3]


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("times", "before_piece", "answer"),
    [
        (1, 0, "Stopped; nothing was written.\n"),
        (1, 1, "Stopped; nothing was written.\n"),
        (2, 1, "Stopped; nothing was written.\n"),
        (1, 2, "Wrote 32 entries"),
    ],
)
def test_an_export_that_is_interrupted_leaves_nothing_unless_it_is_whole_by_then(
    times: int,
    before_piece: int,
    answer: str,
    tmp_path: Path,
    runtime: Runtime,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Interrupted(HistoryService):
        """Somebody presses ctrl+c before a piece, or when the last one is written."""

        def export(self, *arguments: object, **options: object) -> object:  # type: ignore[override]
            for written, piece in enumerate((*super().export(*arguments, **options), None)):  # type: ignore[arg-type]
                if written == before_piece:
                    for _ in range(times):
                        signal.raise_signal(signal.SIGINT)
                if piece is not None:
                    yield piece

    class InterruptedDesk(Desk):
        history = Interrupted.over(runtime)

    folder = tmp_path / "out"
    folder.mkdir()
    usual = signal.getsignal(signal.SIGINT)
    code = main(["ledger", "export", str(folder / "l.csv"), "--account", "1"], InterruptedDesk())
    written = capsys.readouterr()
    assert (written.out + written.err).startswith(answer)
    assert (code, len(list(folder.iterdir()))) == ((0, 1) if answer.startswith("Wrote") else (1, 0))
    assert signal.getsignal(signal.SIGINT) is usual


@pytest.mark.usefixtures("ledger")
def test_a_statement_has_what_was_there_what_moved_and_what_is_left(run: Run) -> None:
    code, out, err = run("ledger", "statement", "--account", "1", "--period", "2026-11")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["ENTRIES", "IN", "OUT", "BALANCE"],
        ["opening", "$10.00"],
        ["usage", "30", "$0.00", "−$4.65"],
        ["reversal", "1", "+$0.05", "$0.00"],
        ["closing", "31", "$5.40"],
    ]
    answer = json.loads(run("ledger", "statement", "--account", "1", "--period", "2026-11", "--json")[1])
    assert (answer["opening_cents"], answer["closing_cents"], answer["first_seq"], answer["last_seq"]) == (
        1_000,
        540,
        2,
        32,
    )


@pytest.mark.usefixtures("ledger")
def test_a_statement_that_does_not_add_up_ends_with_exit_code_4(run: Run, runtime: Runtime) -> None:
    with runtime.database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER transactions_refuse_update")
        connection.exec_driver_sql("UPDATE transactions SET amount_cents = -1000 WHERE seq = 7")
    code, out, _ = run("ledger", "statement", "--account", "1", "--period", "2026-11")
    assert code == 4
    assert "The parts do not make the whole" in out


@pytest.mark.usefixtures("ledger")
def test_an_entry_is_explained(run: Run) -> None:
    code, out, err = run("ledger", "explain", "6")
    assert (code, err) == (0, "")
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "entry 6, number 6 of account 1, maria@example.com",
        "amount −$0.05, balance after $9.85",
        "why usage: SMS 5 [/] ␛[2J",
        "by anna, 5 Nov 14:03:07 UTC",
        "key –",
        "taken back by entry 32: Reversal of entry 6: sent twice",
    ]
    answer = json.loads(run("ledger", "explain", "32", "--json")[1])
    assert (answer["reverses"]["id"], answer["audit"][0]["action"]) == (6, "reverse")


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("list", "--account", "1", "--filter", "kind:sms"), "filter: kind:sms: a kind is one of"),
        (("list", "--account", "1", "--as-of", "yesterday"), "period: A period is written like"),
        (("list", "--account", "1", "--limit", "1001"), "limit: A search answers with 1 to 1000"),
        (("list", "--account", "9"), "There is no account 9."),
        (("export", "x.csv", "--account", "9"), "There is no account 9."),
        (("statement", "--account", "1", "--period", "2026-13"), "period: The calendar has no such day"),
        (("explain", "99"), "There is no entry 99."),
    ],
)
def test_a_refusal_is_one_sentence(arguments: tuple[str, ...], sentence: str, run: Run) -> None:
    code, out, err = run("ledger", *arguments)
    assert (code, out) == (1, "")
    assert sentence in err
    assert len(err.splitlines()) == 1
