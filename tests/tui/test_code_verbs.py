"""Codes, the audit trail and the exchange on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from services.accounts import AccountService
from services.audit import AuditService
from services.discounts import DiscountService
from services.runtime import Runtime
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


def test_a_code_is_made_with_terms_edited_and_shown(run: Run) -> None:
    made = run("code", "add", "xmas", "--percent", "10", "--until", "2026-12-24", "--per-account", "1", "--json")
    (code,) = json.loads(made[1])
    assert (code["code"], code["status"], code["ends_at"]) == ("XMAS", "active", "2026-12-25T00:00:00+00:00")
    edited = run("code", "edit", "XMAS", "--per-account", "none", "--min", "20", "--note", "winter", "--json")
    (code,) = json.loads(edited[1])
    assert (code["per_account_limit"], code["min_amount_cents"], code["percent_basis_points"]) == (None, 2000, 1000)
    assert run("code", "edit", "XMAS", "--until", "2026-12-24")[0] == 0
    assert "winter" in run("code", "search", "xm")[1]
    assert "XMAS" not in run("code", "search", "xm", "--status", "expired")[1]
    assert len(json.loads(run("audit", "--json")[1])) == 2


def test_codes_are_drawn_switched_and_reported(run: Run) -> None:
    codes = json.loads(run("code", "generate", "3", "--prefix", "P-", "--percent", "10", "--json")[1])
    assert len(set(codes)) == 3
    assert run("code", "disable", *codes, "--reason", "leaked")[0] == 0
    assert [code["status"] for code in json.loads(run("code", "list", "--json")[1])] == ["disabled"] * 3
    report = json.loads(run("code", "report", codes[0], "--json")[1])
    assert (report["totals"]["redeemed"], report["days"]) == (0, [])
    assert run("code", "duplicate", codes[0], "NEW1")[0] == 0


def test_every_code_that_begins_alike_is_switched(run: Run, runtime: Runtime) -> None:
    run("code", "generate", "1100", "--prefix", "LEAK-", "--percent", "10")
    run("code", "add", "KEEP", "--percent", "10")
    run("code", "add", "LEAK-OFF", "--percent", "10")
    run("code", "disable", "LEAK-OFF")
    code, out, err = run("code", "disable", "--prefix", "leak-", "--reason", "leaked", "--json")
    assert (code, err) == (0, "Disabled 1,100 codes of 1,101.\n")
    assert {(one["code"][:5], one["status"]) for one in json.loads(out)} == {("LEAK-", "disabled")}
    kept = DiscountService.over(runtime).get("KEEP")
    assert kept is not None
    assert kept.active
    audit = AuditService.over(runtime)
    newest = audit.find(limit=1_000)
    audited = [*newest, *audit.find(limit=1_000, before_id=newest[-1].id)]
    assert sum(entry.reason == "leaked" for entry in audited) == 1_100


def test_a_tried_code_says_step_by_step_why(run: Run, runtime: Runtime) -> None:
    account = AccountService.over(runtime).create("maria@example.com")
    run("code", "add", "LAUNCH10", "--percent", "10")
    code, out, err = run("code", "try", "launch10", "--account", str(account.id))
    assert (code, err) == (0, "")
    assert [line.split(maxsplit=2) for line in out.splitlines()[1:]] == [
        ["base", "$29.99", "base 29.99 launch"],
        ["discount", "−$3.00", "LAUNCH10 −10 % = −3.00"],
        ["total", "$26.99", "total 26.99"],
    ]
    run("code", "disable", "LAUNCH10")
    code, out, err = run("code", "try", "LAUNCH10", "--json")
    tried = json.loads(out)
    assert (code, err) == (1, "The code LAUNCH10 is disabled.\n")
    assert (tried["refusal_code"], tried["final_price_cents"]) == ("disabled", 2999)
    assert [step["reason"] for step in tried["steps"]] == [
        "base 29.99 launch",
        "LAUNCH10 not applied (disabled)",
        "total 29.99",
    ]


def test_drawn_codes_are_written_to_a_new_file_for_its_owner(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    generate = ("code", "generate", "3", "--prefix", "P-", "--percent", "10", "--json", "--file", str(file))
    codes = json.loads(run(*generate)[1])
    assert file.read_text().splitlines() == ["code", *codes]
    assert file.stat().st_mode & 0o777 == 0o600
    code, out, err = run(*generate)
    assert (code, out) == (1, "")
    assert "exists already" in err
    assert run(*generate[:-1], str(tmp_path / "nowhere" / "codes.csv"))[0] == 1
    assert len(json.loads(run("code", "list", "--json")[1])) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("code", "edit", "NOPE", "--note", "x"), "code: There is no code NOPE."),
        (("code", "disable", "NOPE"), "code: There is no code NOPE."),
        (("code", "disable", "--prefix", "NOPE"), "prefix: No code begins with NOPE."),
        (("code", "disable", "--prefix", " "), "prefix: A prefix is not empty."),
        (("code", "report", "NOPE"), "code: There is no code NOPE."),
        (("code", "add", "A1", "--percent", "10", "--limit", "1_0"), "limit: A limit is a whole number"),
        (("code", "add", "A1", "--percent", "10", "--until", "soon"), "until: A time is written like"),
        (("code", "generate", "9", "--prefix", "A", "--pattern", "#", "--percent", "1"), "pattern: A# makes 23"),
        (("exchange", "compare", "/nowhere"), "file: The file cannot be read"),
        (("audit", "--from", "2026-03-29 01:30"), "from: 01:30 does not exist"),
    ],
)
def test_a_refusal_is_one_sentence_and_leaves_no_trace(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert sentence in err
    assert json.loads(run("audit", "--json")[1]) == []


def test_the_audit_trail_is_filtered(run: Run) -> None:
    run("code", "add", "A1", "--percent", "10")
    run("code", "add", "B1", "--off", "5")
    run("code", "disable", "A1")
    shown = run("audit", "--person", "anna", "--object", "A1")[1].splitlines()
    assert "active true → false" in shown[1]
    assert len(shown) == 3
    assert len(run("audit", "--until", "2026-11-22")[1].splitlines()) == 1


def test_a_file_is_taken_over_by_the_mark_of_its_difference(run: Run, tmp_path: Path) -> None:
    run("code", "add", "A1", "--percent", "10")
    document = json.loads(run("exchange", "export", "--json")[1])
    document["codes"][0]["note"] = "from test"
    file = tmp_path / "desk.json"
    file.write_text(json.dumps(document))
    shown = run("exchange", "compare", str(file))[1]
    assert "from test" in shown
    mark = json.loads(run("exchange", "compare", str(file), "--json")[1])["mark"]
    assert run("exchange", "import", str(file), "--approve", "another")[0] == 1
    assert run("exchange", "import", str(file), "--approve", mark)[0] == 0
    assert json.loads(run("exchange", "compare", str(file), "--json")[1])["differences"] == []
