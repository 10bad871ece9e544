"""Money at Stripe on the command line: what a script gets on stdout and as an exit code, and a person on stderr."""

import json
import re
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from services.runtime import Runtime
from services.sandbox import Fault, Sandbox
from tests.proof import assert_verified
from tests.tui.command_line import Run
from tests.tui.terminal import Terminal


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What the verbs do is the services' business, which is tested on both databases: one is enough here."""
    return sqlite_url


@pytest.fixture(autouse=True)
def verified(paying_runtime: Runtime) -> Iterator[None]:
    """Whatever the verbs did, all rows add up afterwards."""
    yield
    assert_verified(paying_runtime)


@pytest.fixture
def paid(run: Run, sandbox: Sandbox) -> str:
    """The number of an order of account 1, which topped up by $25.00 and saved its card."""
    run("account", "add", "maria@example.com")
    created = answer_of(run("checkout", "topup", "--account", "1", "--amount", "25", "--json"))
    sandbox.pay(created["transaction_id"])
    assert answer_of(run("checkout", "refresh", str(created["order_id"]), "--json"))[0]["status"] == "paid"
    return str(created["order_id"])


def answer_of(ran: tuple[int, str, str], *, code: int = 0) -> Any:
    """What a verb answered with `--json`."""
    assert ran[0] == code, ran[2]
    return json.loads(ran[1])


def key_in(words: str) -> str:
    """The key that a verb told on stderr."""
    told = re.search(r"--key (\w+) finds out", words)
    assert told is not None, words
    return told[1]


def balance_of(run: Run) -> int:
    (account,) = answer_of(run("account", "find", "1", "--json"))
    return int(account["balance_cents"])


# The ledger


def test_an_entry_is_reversed_once_by_its_number(run: Run) -> None:
    run("account", "add", "maria@example.com")
    run("ledger", "credit", "--account", "1", "--amount", "5", "--reason", "bonus")
    entry = run("ledger", "list", "--account", "1")[1].splitlines()[1].split()[1]
    assert run("ledger", "reverse", entry, "--reason", "wrong account")[:2] == (0, "ENTRY  BALANCE\n2      $0.00\n")
    assert run("ledger", "reverse", entry, "--reason", "again") == (
        1,
        "",
        "This entry is reversed already, by entry 2.\n",
    )
    assert run("ledger", "reverse", "2", "--reason", "back")[0] == 1
    assert "Reversal of entry 1: wrong account" in run("ledger", "list", "--account", "1")[1]


def test_the_same_key_is_the_same_reversal(run: Run) -> None:
    run("account", "add", "maria@example.com")
    run("ledger", "credit", "--account", "1", "--amount", "5", "--reason", "bonus")
    reverse = ("ledger", "reverse", "1", "--reason", "wrong account", "--key", "k1", "--json")
    assert answer_of(run(*reverse)) == answer_of(run(*reverse))
    assert balance_of(run) == 0


# Orders


def test_an_open_checkout_is_ended_and_releases_its_code(run: Run, sandbox: Sandbox) -> None:
    run("account", "add", "maria@example.com")
    run("code", "add", "ten", "--percent", "10", "--limit", "3")
    run("checkout", "create", "--account", "1", "--code", "ten")
    code, out, err = run("checkout", "expire", "1")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].split()[:2] == ["1", "expired"]
    assert sandbox.sessions[0].status == "expired"
    assert answer_of(run("code", "list", "--json"))[0]["held"] == 0
    assert run("checkout", "expire", "1")[0] == 0, "It is ended, whoever asks."


def test_a_customer_who_was_first_has_paid(run: Run, sandbox: Sandbox) -> None:
    run("account", "add", "maria@example.com")
    created = answer_of(run("checkout", "create", "--account", "1", "--json"))
    sandbox.pay(created["transaction_id"])
    code, out, err = run("checkout", "expire", "1", "--json")
    assert (code, err) == (1, "Order 1 is paid: the customer was first.\n")
    assert json.loads(out)[0]["status"] == "paid"
    assert balance_of(run) == 2999


def test_an_unknown_outcome_is_exit_code_3_and_refreshing_finds_out(run: Run, sandbox: Sandbox) -> None:
    run("account", "add", "maria@example.com")
    fault = sandbox.faults.malform("empty_list", path="/v1/checkout/sessions")
    code, out, err = run("checkout", "create", "--account", "1")
    assert (fault.landed, code, out) == (1, 3, "")
    assert "Whether the checkout exists is unknown; refreshing order 1 finds out." in err
    assert "unknown" in run("checkout", "list")[1]
    assert answer_of(run("checkout", "refresh", "1", "--json"))[0]["status"] == "open"
    assert len(sandbox.sessions) == 1


def test_an_order_that_needs_a_person_is_closed_with_a_reason(run: Run, sandbox: Sandbox) -> None:
    run("account", "add", "maria@example.com")
    run("checkout", "create", "--account", "1")
    assert run("checkout", "close", "1", "--reason", "x") == (
        1,
        "",
        "Order 1 is open, and needs nobody's decision.\n",
    )
    fault = sandbox.faults.malform("amount_of_another", path="/v1/checkout/sessions/*")
    assert answer_of(run("checkout", "refresh", "1", "--json"))[0]["status"] == "needs_review"
    assert fault.landed == 1
    (closed,) = answer_of(run("checkout", "close", "1", "--reason", "not ours", "--json"))
    assert (closed["status"], closed["status_reason"]) == ("failed", "Closed by anna: not ours")


# The card


def test_a_part_is_refunded_and_no_more_than_is_left(run: Run, paid: str, sandbox: Sandbox) -> None:
    code, out, err = run("checkout", "refund", paid, "5", "--reason", "goodwill")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].split()[:6] == ["1", "done", paid, "$5.00", "−$5.00", "2"]
    assert balance_of(run) == 2000
    code, out, err = run("checkout", "refund", paid, "20.01", "--reason", "more")
    assert (code, out) == (1, "")
    assert "$20.00 of it can still be refunded." in err
    assert "$5.00" in run("checkout", "list")[1]
    assert sandbox.sessions[0].refunded_cents == 500


def test_a_refund_that_is_not_known_of_tells_its_key_and_is_made_once(run: Run, paid: str, sandbox: Sandbox) -> None:
    fault = sandbox.faults.malform("half_json", path="/v1/refunds", method="POST")
    code, out, err = run("checkout", "refund", paid, "5", "--reason", "goodwill", "--json")
    assert (fault.landed, code) == (1, 3)
    assert json.loads(out)["refund"]["status"] == "created"
    assert "Whether the refund was made is unknown; reconciling finds out." in err
    again = answer_of(run("checkout", "refund", paid, "5", "--reason", "goodwill", "--key", key_in(err), "--json"))
    assert (again["success"], again["refund"]["id"]) == (True, json.loads(out)["refund"]["id"])
    assert (sandbox.sessions[0].refunded_cents, balance_of(run)) == (500, 2000)


def test_a_key_refunds_once(run: Run, paid: str, sandbox: Sandbox) -> None:
    refund = ("checkout", "refund", paid, "5", "--reason", "goodwill", "--key", "k1", "--json")
    assert answer_of(run(*refund)) == answer_of(run(*refund))
    assert (sandbox.sessions[0].refunded_cents, balance_of(run)) == (500, 2000)


@pytest.mark.usefixtures("paid")
def test_the_saved_card_is_charged_and_named(run: Run) -> None:
    code, out, err = run("checkout", "charge", "1", "10")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].split(maxsplit=4) == ["2", "paid", "1", "$10.00", "visa •••• 4242 exp 12/34"]
    charge = ("checkout", "charge", "1", "5.50", "--key", "k1", "--json")
    first, second = answer_of(run(*charge)), answer_of(run(*charge))
    assert first == second
    assert (first["outcome"], first["key"], first["card"]["last4"]) == ("credited", "k1", "4242")
    assert balance_of(run) == 2500 + 1000 + 550


@pytest.mark.usefixtures("paid")
@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("insufficient_funds", "insufficient funds"),
        ("authentication_required", "`paydesk checkout topup --account 1 --amount 10` makes one."),
    ],
)
def test_a_card_that_is_not_charged_says_why(run: Run, sandbox: Sandbox, reason: str, words: str) -> None:
    card = sandbox.payments[0].payment_method_id
    assert card is not None
    sandbox.decline_card(card, reason)
    code, out, err = run("checkout", "charge", "1", "10")
    assert code == 1
    assert out.splitlines()[1].split()[:2] == ["2", "failed"]
    assert words in err
    assert balance_of(run) == 2500


@pytest.mark.usefixtures("paid")
def test_a_charge_that_is_not_known_of_tells_its_key_and_is_made_once(run: Run, sandbox: Sandbox) -> None:
    fault = sandbox.faults.malform("html", path="/v1/payment_intents", method="POST")
    code, out, err = run("checkout", "charge", "1", "10")
    assert (fault.landed, code) == (1, 3)
    assert "unknown" in out
    assert "Whether the card was charged is not known yet; checking order 2 finds out." in err
    assert run("checkout", "charge", "1", "10", "--key", key_in(err))[0] == 0
    assert ([payment.amount_cents for payment in sandbox.payments], balance_of(run)) == ([2500, 1000], 3500)


@pytest.fixture
def settings(sandbox: Sandbox, sqlite_url: str) -> dict[str, str]:
    """The desk's settings, for a process of its own."""
    return {
        "DATABASE_URL": sqlite_url,
        "STRIPE_SECRET_KEY": sandbox.secret_key,
        "STRIPE_API_BASE": sandbox.api_base,
    }


@pytest.mark.usefixtures("paid")
def test_ctrl_c_in_a_charge_tells_its_key_and_it_is_made_once(
    run: Run, sandbox: Sandbox, settings: dict[str, str]
) -> None:
    fault = sandbox.faults.add(Fault.HOLD_AFTER, path="/v1/payment_intents", method="POST")
    with Terminal([sys.executable, "-m", "tui", "checkout", "charge", "1", "10"], settings) as terminal:
        fault.wait()
        terminal.send(signal.SIGINT)
        said = terminal.read_until(b"does nothing twice.").decode()
        assert terminal.end() == 3
    fault.release()
    assert said.startswith("Interrupted: it may be done or not. The same command with --key ")
    assert run("checkout", "charge", "1", "10", "--key", key_in(said))[0] == 0
    assert ([payment.amount_cents for payment in sandbox.payments], balance_of(run)) == ([2500, 1000], 3500)


@pytest.mark.usefixtures("paid")
def test_ctrl_c_in_a_comparison_says_so_on_one_line(sandbox: Sandbox, settings: dict[str, str]) -> None:
    fault = sandbox.faults.add(Fault.HOLD_BEFORE, path="/v1/events")
    with Terminal([sys.executable, "-m", "tui", "checkout", "reconcile"], settings) as terminal:
        fault.wait()
        terminal.send(signal.SIGINT)
        said = terminal.read_until(b"What was done by then is done.").decode()
        assert terminal.end() == 130
    fault.release()
    assert "Traceback" not in said


def test_an_account_without_a_card_is_not_charged(run: Run, sandbox: Sandbox) -> None:
    run("account", "add", "maria@example.com")
    assert run("checkout", "charge", "1", "10") == (
        1,
        "",
        "Account 1 has no saved card. A paid checkout saves one.\n",
    )
    assert sandbox.requests == ()


# Findings


def test_a_refund_in_the_dashboard_is_found_and_recorded(run: Run, paid: str, sandbox: Sandbox) -> None:
    code, out, err = run("checkout", "reconcile")
    assert (code, out, err) == (0, "", "1 order looked at; nothing to settle.\n")
    sandbox.refund(sandbox.sessions[0].id, 700)
    code, out, err = run("checkout", "reconcile")
    assert (code, err) == (4, "1 order looked at; nothing to settle; 1 finding.\n")
    assert "refunded at Stripe" in out
    assert "Record the refund" in out
    (finding,) = answer_of(run("checkout", "findings", "--json"))
    assert (finding["kind"], finding["order_id"], finding["amount_cents"]) == ("refunded_at_stripe", int(paid), 700)
    code, out, err = run("checkout", "finding", str(finding["id"]), "--act")
    assert (code, err) == (0, "")
    assert "anna" in out
    assert balance_of(run) == 1800
    assert run("checkout", "finding", str(finding["id"]), "--act")[0] == 1
    assert answer_of(run("checkout", "findings", "--json")) == []


@pytest.mark.usefixtures("paid")
def test_a_finding_is_resolved_by_a_note(run: Run, sandbox: Sandbox) -> None:
    sandbox.refund(sandbox.sessions[0].id, 700)
    (finding,) = answer_of(run("checkout", "reconcile", "--json"), code=4)["findings"]
    resolved = answer_of(run("checkout", "finding", str(finding["id"]), "--note", "taken back by hand", "--json"))
    assert (resolved["resolved_by"], resolved["resolution"]) == ("anna", "taken back by hand")


def test_orders_that_stripe_does_not_tell_of_are_exit_code_3(run: Run, sandbox: Sandbox) -> None:
    run("account", "add", "maria@example.com")
    run("checkout", "create", "--account", "1")
    fault = sandbox.faults.malform("html", path="/v1/checkout/sessions/*", times=None)
    code, _, err = run("checkout", "reconcile")
    assert fault.landed > 0
    assert (code, err) == (3, "1 order looked at; nothing to settle; 1 could not be asked.\n")
    fault.cancel()
    sandbox.pay(sandbox.sessions[0].id)
    code, _, err = run("checkout", "reconcile")
    assert (code, err) == (0, "1 order looked at; 1 order settled: 1 paid.\n")


def test_a_hostile_reason_reaches_no_terminal_as_it_is(run: Run, paid: str) -> None:
    run("checkout", "refund", paid, "1", "--reason", "\x1b]0;title\x07 [/]")
    out = run("ledger", "list", "--account", "1")[1]
    assert "␛]0;title␇ [/]" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "arguments",
    [("checkout", "finding", "1"), ("checkout", "finding", "1", "--act", "--note", "x"), ("checkout", "refund", "1")],
)
def test_a_mistyped_command_is_exit_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as left:
        run(*arguments)
    assert left.value.code == 2
