"""Postings from CSV files: all or none, each once."""

from pathlib import Path

import pytest

from services.accounts import AccountService
from services.balance import BalanceService, BalanceSummary, TransactionKind
from services.database import Database
from services.errors import InvalidInput
from services.ledger_import import BATCH, ImportReport, ImportService, RowError
from services.runtime import Runtime
from tests.ledger import proven_ledger

HEAD = "account,amount,description"


@pytest.fixture
def imports(runtime: Runtime) -> ImportService:
    accounts = AccountService.over(runtime)
    assert [accounts.create(f"{name}@example.com").id for name in ("maria", "ben")] == [1, 2]
    return ImportService.over(runtime)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "costs.csv"


def counted(report: ImportReport) -> tuple[int, int, int, int, int, bool]:
    return report.rows, report.posted, report.posted_cents, report.repeated, report.wrong, report.applied


def test_a_file_is_posted_once_however_often_it_is_imported(
    imports: ImportService, file: Path, database: Database
) -> None:
    rows = ["1,-0.05,SMS to +44,", "", '2,-0.10,"SMS, long",usage', "1,5,bonus,adjustment", "1,-0.05,SMS to +44,"]
    file.write_text("\ufeff" + "".join(f"{line}\r\n" for line in [f"{HEAD},kind", *rows]), newline="")
    assert counted(imports.check(file)) == (4, 4, 480, 0, 0, False)
    assert proven_ledger(database, 1) == []
    assert counted(imports.run(file)) == (4, 4, 480, 0, 0, True)
    assert counted(imports.run(file)) == (4, 0, 0, 4, 0, True)
    first, bonus, again = proven_ledger(database, 1)
    assert (first.amount_cents, first.kind, first.description, first.actor) == (-5, "usage", "SMS to +44", "anna")
    assert (bonus.amount_cents, bonus.kind, again.amount_cents) == (500, "adjustment", -5)
    assert first.idempotency_key == f"import_{imports.check(file).file_hash}_1"
    assert [row.description for row in proven_ledger(database, 2)] == ["SMS, long"]


def test_a_key_column_names_the_rows_over_files(imports: ImportService, file: Path, database: Database) -> None:
    file.write_text(f"{HEAD},key\n1,-0.05,SMS,a\n1,-0.05,SMS,b\n")
    imports.run(file)
    file.write_text(f"key,{HEAD}\nb,1,-0.05,SMS\nc,1,-0.05,SMS\na,1,-0.05,SMS\n")
    assert counted(imports.run(file)) == (3, 1, -5, 2, 0, True)
    assert [row.idempotency_key for row in proven_ledger(database, 1)] == ["a", "b", "c"]
    file.write_text(f"{HEAD},key\n1,-0.06,SMS,a\n1,-0.05,SMS,d\n")
    (error,) = imports.run(file).errors
    assert error == RowError(2, "idempotency_key", "The idempotency key a was used for another posting.")
    assert len(proven_ledger(database, 1)) == 3


WRONG = [
    ("1,-0.05", None, "The row has 2 fields"),
    ("0,-0.05,SMS,usage", "account", "named by its number"),
    ("maria@example.com,-0.05,SMS,usage", "account", "named by its number"),
    ("٣,-0.05,SMS,usage", "account", "named by its number"),
    ("9,-0.05,SMS,usage", "account_id", "There is no account 9."),
    ("1,-0.055,SMS,usage", "amount", "at most two decimals"),
    ("1,'-0.05,SMS,usage", "amount", "at most two decimals"),
    ("1,0.00,SMS,usage", "amount", "moves nothing"),
    ("1,-0.05,SMS,gift", "kind", "A kind is one of purchase, top_up, usage, adjustment, refund."),
    ("1,-0.05,SMS,reversal", "kind", "A kind is one of"),
    ("1,0.05,SMS,usage", "kind", "Usage takes"),
    ("1,-0.05,  ,usage", "description", "must not be empty"),
    (f"1,-0.05,{'x' * 501},usage", "description", "at most 500"),
]


def test_a_wrong_row_is_named_and_keeps_the_file_from_being_posted(
    imports: ImportService, runtime: Runtime, file: Path
) -> None:
    file.write_text(f"{HEAD},kind\n1,-0.05,SMS,\n" + "".join(f"{row}\n" for row, _, _ in WRONG))
    for report in (imports.check(file), imports.run(file)):
        assert counted(report) == (1 + len(WRONG), 1, -5, 0, len(WRONG), False)
        assert [(error.line, error.field) for error in report.errors] == [
            (line, field) for line, (_, field, _) in enumerate(WRONG, 3)
        ]
        for error, (_, _, sentence) in zip(report.errors, WRONG, strict=True):
            assert sentence in error.sentence
    assert BalanceService.over(runtime).summary(1) == BalanceSummary(0, 0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The first line names the columns"),
        (b"account,amount\n1,-0.05\n", "The first line names the columns"),
        (b"account,amount,description,descripton\n", "The first line names the columns"),
        (b"account,amount,description,amount\n", "The first line names the columns"),
        (b"account,amount,description\n1,-0.05,\xff\n", "not a CSV file in UTF-8"),
        (b'account,amount,description\n1,-0.05,"open\n', "not a CSV file in UTF-8"),
        (b'account,amount,description\n1,-0.05,"a"b\n', "not a CSV file in UTF-8"),
    ],
)
def test_what_is_no_such_file_is_refused(imports: ImportService, file: Path, content: bytes, sentence: str) -> None:
    file.write_bytes(content)
    for work in (imports.check, imports.run):
        with pytest.raises(InvalidInput, match=sentence):
            work(file)
    with pytest.raises(InvalidInput, match="cannot be read"):
        imports.run(file.with_name("missing.csv"))
    with pytest.raises(InvalidInput, match=r"cannot be read: Is a directory"):
        imports.run(file.parent)


def test_progress_counts_the_rows_of_both_passes(imports: ImportService, file: Path, database: Database) -> None:
    rows = 2 * BATCH + 1
    file.write_text(f"{HEAD},kind\n" + "1,1.00,bonus,top_up\n" * rows)
    heard: list[tuple[int, int]] = []
    imports.run(file, lambda done, of: heard.append((done, of)))
    steps = [BATCH, 2 * BATCH, rows]
    assert heard == [*((step, 0) for step in steps), *((step, rows) for step in steps)]
    ledger = proven_ledger(database, 1)
    assert (len(ledger), ledger[-1].balance_after_cents) == (rows, rows * 100)
    assert {row.kind for row in ledger} == {TransactionKind.TOP_UP.value}
