import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.accounts import AccountService
from services.balance import BalanceService
from services.runtime import Runtime
from services.sandbox import Sandbox
from services.stores.verification import CHECKS
from tests.tui.command_line import Run
from tui.cli import COMMANDS, parser

TEST_KEY, LIVE_KEY = (f"sk_{mode}_{'secret' * 3}9876" for mode in ("test", "live"))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What the verbs do is the services' business, which is tested on both databases: one is enough here."""
    return sqlite_url


def test_an_account_is_credited_and_its_ledger_listed(run: Run) -> None:
    assert run("account", "add", "Maria@example.com")[0] == 0
    assert run("ledger", "credit", "--account", "1", "--amount", "29.99", "--reason", "Test purchase")[0] == 0
    assert run("ledger", "deduct", "--account", "1", "--amount", "1", "--reason", "Test SMS")[0] == 0
    code, out, err = run("ledger", "list", "--account", "1")
    assert (code, err) == (0, "")
    head, newest, oldest = out.splitlines()
    assert head.split() == ["SEQ", "ENTRY", "TIME", "(UTC)", "KIND", "DESCRIPTION", "AMOUNT", "BALANCE"]
    assert newest.endswith("−$1.00   $28.99")
    assert oldest.endswith("+$29.99  $29.99")


def test_json_holds_cents_as_integers_and_hostile_text_letter_for_letter(run: Run, paying_runtime: Runtime) -> None:
    account = AccountService.over(paying_runtime).create("maria@example.com")
    text = "[/] [@click=app.quit]x[/] \x1b[2J"
    BalanceService.over(paying_runtime).add_credits(account.id, 1000, text)
    (entry,) = json.loads(run("ledger", "list", "--account", "1", "--json")[1])
    assert (entry["amount_cents"], entry["balance_after_cents"], entry["description"]) == (1000, 1000, text)
    assert entry["created_at"] == "2026-11-23T14:03:07+00:00"
    table = run("ledger", "list", "--account", "1")[1]
    assert "[/] [@click=app.quit]x[/] ␛[2J" in table
    assert "\x1b" not in table


def test_a_key_posts_once(run: Run) -> None:
    run("account", "add", "maria@example.com")
    credit = ("ledger", "credit", "--account", "1", "--amount", "5", "--reason", "bonus", "--key", "k1", "--json")
    assert json.loads(run(*credit)[1]) == json.loads(run(*credit)[1])
    assert json.loads(run("account", "find", "1", "--json")[1])[0]["balance_cents"] == 500


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("ledger", "credit", "--account", "1", "--amount", "1.234", "--reason", "x"), "amount: An amount is written"),
        (("ledger", "credit", "--account", "9", "--amount", "1", "--reason", "x"), "There is no account 9."),
        (("ledger", "list", "--account", "9"), "There is no account 9."),
        (("account", "add", "nobody"), "email: An e-mail address looks like"),
        (("code", "add", "TEN", "--percent", "100.01"), "percent_basis_points: A percentage is from"),
        (("price", "set", "--mode", "launch"), "These are the prices in force already."),
        (("price", "set", "--launch", "1e3"), "launch_cents: An amount is written"),
        (("price", "set", "--mode", "rrp", "--from", "2027-03-28 01:30"), "from: 01:30 does not exist on 28 Mar 2027"),
        (("price", "set", "--mode", "rrp", "--until", "2027-10-31 01:30"), "until: 01:30 comes twice on 31 Oct 2027"),
        (("price", "withdraw", "1"), "version: There is no version 1 of the prices."),
        (("price", "end"), "The prices in force have no end"),
        (("checkout", "refresh", "7"), "There is no order 7."),
    ],
)
def test_a_refusal_is_one_sentence_on_stderr_and_exit_code_1(
    run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_prices_are_changed_and_their_history_shown(run: Run) -> None:
    assert json.loads(run("price", "show", "--json")[1])["version"] == 0
    assert run("price", "set", "--mode", "sale", "--sale", "19.99", "--reason", "weekend")[0] == 0
    assert "$19.99" in run("price", "show")[1]
    assert json.loads(run("price", "history", "--json")[1])["reason"] == "weekend"


def test_a_sale_is_previewed_scheduled_withdrawn_and_ended(run: Run) -> None:
    window = ("--mode", "sale", "--sale", "19.99", "--from", "2026-12-01 09:00", "--until", "2026-12-07")
    preview = json.loads(run("price", "preview", *window, "--json")[1])
    assert (preview["after"]["sale_cents"], len(preview["effects"])) == (1999, 3)
    assert json.loads(run("price", "history", "--json")[1]) == []
    change = json.loads(run("price", "set", *window, "--reason", "advent", "--json")[1])
    assert change["effective_at"] == "2026-12-01T09:00:00+00:00"
    assert change["ends_at"] == "2026-12-08T00:00:00+00:00"
    plan = json.loads(run("price", "plan", "--json")[1])
    assert (plan["current"]["version"], plan["pending"][0]["version"]) == (0, 1)
    assert "advent" in run("price", "plan")[1]
    assert [period["change"]["version"] for period in json.loads(run("price", "timeline", "--json")[1])] == [0, 1, 0]
    assert run("price", "timeline")[1].count("$29.99") == 2
    assert run("price", "withdraw", "1", "--reason", "too early")[0] == 0
    assert "withdrawn" in run("price", "history")[1]
    assert run("price", "set", "--mode", "sale", "--until", "2026-12-07")[0] == 0
    assert "v2 ended early" in run("price", "end")[1]
    assert json.loads(run("price", "revert", "2", "--json")[1])["reason"] == "back to v2"


def test_a_price_that_is_seldom_meant_is_typed_once_more(run: Run) -> None:
    assert run("price", "set", "--launch", "9.99") == (
        1,
        "",
        "launch_cents: launch moves by more than 50 %. Confirm it by typing $9.99 again.\n",
    )
    assert run("price", "set", "--launch", "9.99", "--confirm", "9.98")[0] == 1
    assert run("price", "set", "--launch", "9.99", "--confirm", "9.99")[0] == 0
    assert run("price", "set", "--launch", "9.49", "--expect", "0")[0] == 1
    assert run("price", "set", "--launch", "9.49", "--expect", "1")[0] == 0
    assert run("price", "revert", "0")[0] == 1
    assert run("price", "revert", "0", "--confirm")[0] == 0


def test_a_code_is_made_tried_and_disabled(run: Run) -> None:
    assert run("code", "add", "ten", "--percent", "10", "--limit", "3")[0] == 0
    assert json.loads(run("code", "try", "TEN", "--json")[1])["final_price_cents"] == 2699
    assert run("code", "disable", "ten")[0] == 0
    assert run("code", "try", "TEN")[::2] == (1, "The code TEN is disabled.\n")
    assert run("code", "try", "NOPE")[::2] == (1, "There is no code NOPE.\n")
    assert "disabled" in run("code", "list")[1]


def test_a_checkout_is_created_paid_and_credited(run: Run, sandbox: Sandbox) -> None:
    run("account", "add", "maria@example.com")
    created = json.loads(run("checkout", "create", "--account", "1", "--json")[1])
    sandbox.pay(created["transaction_id"])
    assert json.loads(run("checkout", "refresh", "1", "--json")[1])[0]["status"] == "paid"
    assert json.loads(run("account", "find", "--json")[1])[0]["balance_cents"] == 2999
    assert "paid" in run("checkout", "list")[1]


def test_a_desk_that_adds_up_is_sealed(run: Run) -> None:
    run("account", "add", "maria@example.com")
    run("ledger", "credit", "--account", "1", "--amount", "5", "--reason", "bonus", "--key", "k1")
    code, out, err = run("verify")
    assert (code, err) == (0, "")
    assert out.startswith(f"Everything adds up. Checks {len(CHECKS) + 1}, breaks 0, accounts 1, entries 1, ")
    answer = json.loads(run("verify", "--json")[1])
    assert (answer["holds"], answer["counted"]["entries"], answer["breaks"]) == (True, 1, [])


def test_rows_that_do_not_add_up_are_named_with_exit_code_4(run: Run, paying_runtime: Runtime) -> None:
    run("account", "add", "maria@example.com")
    run("ledger", "credit", "--account", "1", "--amount", "5", "--reason", "bonus")
    with paying_runtime.database.write() as connection:
        connection.exec_driver_sql("UPDATE balances SET balance_cents = 700, last_seq = 2")
    sentence = "Account 1 has a balance of $7.00; its entries add up to $5.00."
    code, out, err = run("verify")
    assert (code, err) == (4, "")
    assert out.splitlines()[0].startswith(f"Not everything adds up. Checks {len(CHECKS) + 1}, breaks 2, ")
    assert out.splitlines()[1:] == [
        f"balance_sum: {sentence}",
        "last_seq: Account 1 counts 2 entries; its newest one is number 1.",
    ]
    code, out, err = run("verify", "--json")
    answer = json.loads(out)
    assert (code, err, answer["holds"]) == (4, "", False)
    broken = {"code": "balance_sum", "sentence": sentence, "account_id": 1, "order_id": None, "entry_id": None}
    assert answer["breaks"][0] == broken


def paydesk(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a person runs it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tui", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_version_and_help_answer() -> None:
    assert paydesk("--version").stdout.startswith("paydesk 0.")
    words = {line.split()[0] for line in paydesk("--help").stdout.splitlines() if line.startswith("    ")}
    assert words >= set(COMMANDS)
    nonsense = paydesk("nonsense")
    assert nonsense.returncode == 2
    assert all(f"'{command}'" in nonsense.stderr for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_the_same_whether_or_not_the_others_are_known(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    helps = set()
    for known in ([command], []):
        with pytest.raises(SystemExit) as ended:
            parser(known).parse_args([command, "--help"])
        assert ended.value.code == 0
        helps.add(capsys.readouterr().out)
    (text,) = helps
    assert text.startswith(f"usage: paydesk {command} ")


def test_doctor_names_sources_and_masks_secrets(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("PRICE_MODE=sale\n")
    key = TEST_KEY
    result = paydesk(
        "doctor",
        PAYDESK_CONFIG_DIR=str(tmp_path),
        STRIPE_SECRET_KEY=key,
        DATABASE_URL=f"sqlite:///{tmp_path / 'desk.db'}",
    )
    lines = {line.split()[1]: line for line in result.stdout.splitlines()}
    assert result.returncode == 0
    assert lines["PRICE_MODE"].split()[2:] == ["sale", "settings.env"]
    assert lines["STRIPE_SECRET_KEY"].split()[2:] == ["sk_test_…9876", "environment"]
    assert lines["PRICE_RRP_CENTS"].split()[2:] == ["4999", "default"]
    assert lines["software"].split()[2] == "SQLite"
    assert lines["mode"].split()[2:] == ["test"]
    assert "secretsecret" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"STRIPE_SECRET_KEY": LIVE_KEY}, "Use a test key, or set ALLOW_LIVE=true."),
        ({"PRICE_MODE": "cheap"}, "PRICE_MODE: Input should be 'rrp', 'launch' or 'sale'"),
        (
            {"DATABASE_URL": "postgresql://anna:hunter2@127.0.0.1:1/desk"},
            "The database cannot be reached, or does not know this user.",
        ),
        ({"DATABASE_URL": "mysql://anna:hunter2@127.0.0.1/desk"}, "DATABASE_URL starts with sqlite"),
    ],
)
def test_doctor_reports_what_does_not_work(tmp_path: Path, environment: dict[str, str], sentence: str) -> None:
    given = {"DATABASE_URL": f"sqlite:///{tmp_path / 'desk.db'}"} | environment
    result = paydesk("doctor", **given)
    assert result.returncode == 1
    assert sentence in result.stdout
    assert "hunter2" not in result.stdout + result.stderr
    assert "secretsecret" not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_any_verb_refuses_a_live_key_in_one_sentence(tmp_path: Path) -> None:
    result = paydesk(
        "price",
        "show",
        STRIPE_SECRET_KEY=LIVE_KEY,
        DATABASE_URL=f"sqlite:///{tmp_path / 'desk.db'}",
    )
    assert result.returncode == 1
    assert result.stderr.startswith("stripe_secret_key: STRIPE_SECRET_KEY is a live key")
    assert "secretsecret" not in result.stderr


def test_a_postgresql_schema_is_created_by_db_upgrade(request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue("postgres").create_database()
    before = paydesk("price", "show", DATABASE_URL=url)
    assert before.returncode == 1
    assert "paydesk db upgrade" in before.stderr
    assert paydesk("db", "upgrade", DATABASE_URL=url).returncode == 0
    assert "$29.99" in paydesk("price", "show", DATABASE_URL=url).stdout
