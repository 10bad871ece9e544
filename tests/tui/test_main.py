"""The console command: what it imports, and what is left behind by an error nobody foresaw."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

import tui
from services.accounts import AccountService
from services.balance import BalanceService
from services.runtime import open_runtime
from services.settings import Settings

HEAVY = "{'textual', 'rich', 'sqlalchemy', 'stripe', 'alembic', 'pydantic_settings', 'argparse'}"
BEHIND_THE_PAINT = "{'sqlalchemy', 'stripe', 'alembic', 'pydantic', 'pydantic_settings', 'psycopg', 'requests'}"


def run(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run a program as its own process."""
    program = folder / "program.py"
    program.write_text(source)
    environment = {**os.environ, "PYTHONPATH": str(Path(tui.__file__).parents[1])}
    return subprocess.run([sys.executable, program], capture_output=True, text=True, env=environment, timeout=60)


def test_the_version_is_printed_without_importing_anything_heavy(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "import sys; from tui.__main__ import main; code = main(['--version']);"
        f"print(sorted({HEAVY} & set(sys.modules))); sys.exit(code)",
    )
    assert result.stdout.splitlines() == [f"paydesk {tui.__version__}", "[]"]
    assert result.returncode == 0


def test_the_first_screen_is_painted_before_the_services_are_imported(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        f"""
import asyncio, sys, threading
from tui.app import PaydeskApp
from tui.desk import Desk
from services.errors import ConfigurationError

painted = threading.Event()

def open_runtime():
    painted.wait(20)
    raise ConfigurationError("closed")

async def main():
    app = PaydeskApp(Desk(open_runtime))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        print("In force" in app.export_screenshot().replace("&#160;", " "))
        print(sorted({BEHIND_THE_PAINT} & set(sys.modules)))
        painted.set()

asyncio.run(main())
""",
    )
    assert result.stdout.splitlines() == ["True", "[]"], result.stderr


def test_an_error_nobody_foresaw_ends_with_1_and_tells_no_secret(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        """
import os, sys
from tui.app import PaydeskApp
from tui.desk import Desk

class Broken(PaydeskApp):
    def on_mount(self):
        secret = "sk_live_" + "topsecret"
        raise RuntimeError("about " + secret)

app = Broken(Desk())
app.run(headless=True)
sys.exit(app.return_code or 0)
""",
    )
    assert result.returncode == 1
    assert "paydesk ended on an error it did not expect" in result.stderr
    assert "topsecret" not in result.stdout + result.stderr.replace("RuntimeError: about", "")


@pytest.mark.parametrize("verb", [["audit"], ["ledger", "list", "--account", "1", "--json"]])
def test_a_reader_that_has_enough_gets_no_complaint(sqlite_url: str, verb: list[str]) -> None:
    runtime = open_runtime(Settings(_env_file=None, database_url=SecretStr(sqlite_url)))
    account = AccountService.over(runtime).create("maria@example.com")
    BalanceService.over(runtime).add_credits(account.id, 1000, "welcome")
    runtime.database.close()
    outside, inside = os.pipe()
    os.close(outside)
    environment = {**os.environ, "DATABASE_URL": sqlite_url, "PYTHONPATH": str(Path(tui.__file__).parents[1])}
    command = [sys.executable, "-m", "tui", *verb]
    result = subprocess.run(
        command, stdout=inside, stderr=subprocess.PIPE, text=True, env=environment, timeout=60, check=False
    )
    os.close(inside)
    assert (result.returncode, result.stderr) == (128 + signal.SIGPIPE, "")
