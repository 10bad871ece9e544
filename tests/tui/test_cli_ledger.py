"""Importing and sealing by the command line, on a real database."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from services.runtime import Runtime
from tui.cli import main
from tui.desk import Desk

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(runtime: Runtime, capsys: pytest.CaptureFixture[str]) -> Run:
    desk = Desk(lambda: runtime)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments, desk)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    run("account", "add", "maria@example.com")
    return run


@pytest.fixture
def costs(tmp_path: Path) -> Path:
    file = tmp_path / "costs.csv"
    file.write_text("account,amount,description\n1,-0.05,SMS\n1,-0.10,SMS abroad\n")
    return file


def balance_of(run: Run) -> int:
    (account,) = json.loads(run("account", "find", "maria", "--json")[1])
    cents: int = account["balance_cents"]
    return cents


def test_a_file_is_tried_posted_and_known_again(run: Run, costs: Path) -> None:
    assert run("ledger", "import", str(costs), "--dry-run") == (
        0,
        "Rows 2: 2 can be posted (−$0.15), 0 posted before, 0 wrong.\n",
        "",
    )
    assert balance_of(run) == 0
    code, out, err = run("ledger", "import", str(costs))
    assert (code, out, err) == (0, "Rows 2: 2 posted (−$0.15), 0 posted before, 0 wrong.\n", "")
    report = json.loads(run("ledger", "import", str(costs), "--json")[1])
    assert (report["posted"], report["repeated"], report["applied"]) == (0, 2, True)
    assert balance_of(run) == -15


def test_wrong_rows_are_listed_and_nothing_is_posted(run: Run, costs: Path) -> None:
    costs.write_text("account,amount,description\n1,-0.05,SMS\n1,five,SMS\n9,-0.05,SMS\n")
    code, out, err = run("ledger", "import", str(costs))
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "Rows 3: 1 can be posted (−$0.05), 0 posted before, 2 wrong. While a row is wrong, none is posted.",
        "line 3: amount: An amount is written like 12 or 12.34, with at most two decimals.",
        "line 4: account_id: There is no account 9.",
    ]
    assert balance_of(run) == 0
    missing = run("ledger", "import", str(costs.with_name("missing.csv")))
    assert missing[0] == 1
    assert "cannot be read" in missing[2]


def test_a_ledger_is_sealed_verified_and_found_changed(run: Run, costs: Path, runtime: Runtime, tmp_path: Path) -> None:
    run("ledger", "import", str(costs))
    code, out, err = run("ledger", "seal")
    assert (code, err) == (0, "2 entries sealed.\n")
    assert out.startswith("1:2:")
    kept = tmp_path / "heads.txt"
    kept.write_text(out)
    holds = "Every sealed entry is what was sealed. Accounts 1, sealed entries 2.\n"
    assert run("ledger", "verify", "--kept", str(kept)) == (0, holds, "")
    assert json.loads(run("ledger", "verify", "--json")[1])["holds"] is True
    assert run("ledger", "verify", "--account", "1") == (0, "2 entries add up; 2 sealed and unchanged.\n", "")

    with runtime.database.write() as connection:
        drop = (
            "DROP TRIGGER seals_refuse_delete"
            if runtime.database.is_sqlite
            else "ALTER TABLE seals DISABLE TRIGGER USER"
        )
        connection.exec_driver_sql(drop)
        connection.exec_driver_sql("DELETE FROM seals")
    code, out, _ = run("ledger", "verify", "--kept", str(kept))
    assert code == 4
    assert out.splitlines() == [
        "Not every entry is what was sealed. Accounts 1, sealed entries 0.",
        "kept: The chain up to entry 2 of account 1 is not the one that was kept: history was changed.",
    ]
    code, out, _ = run("ledger", "verify", "--account", "1", "--kept", str(kept))
    assert (code, out.startswith("sealed_kept: The chain up to entry 2 of account 1 is not")) == (4, True)
    answer = json.loads(run("ledger", "verify", "--account", "1", "--json")[1])
    assert answer["verification"] == {"account_id": 1, "entries": 2, "sealed_entries": 0, "breaks": []}
    assert run("ledger", "verify", "--account", "99")[::2] == (1, "account_id: There is no account 99.\n")
    kept.write_text("nonsense")
    assert run("ledger", "verify", "--kept", str(kept))[0] == 1
