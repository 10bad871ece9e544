"""What an import brings along, seen at run time in fresh interpreters. The contracts of lint-imports see the rest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.database import Database
from tests.architecture.source import ROOT, imported_modules, sources, within
from tests.histories import put_history

STRIPE_FILES = {
    "services/gateways/stripe_gateway.py": "the one place that calls the SDK",
    "services/sandbox/parameters.py": "reads the SDK's parameter types, which it checks requests against",
}
REPORT = "import sys; print(*sys.modules)"


def module_names(*packages: str) -> list[str]:
    """The modules of packages, but not a program's `__main__` nor what alembic alone may run."""
    names = [
        source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for source in sources(*packages)
    ]
    return [name for name in names if not name.endswith("__main__") and ".migrations" not in name]


def loaded_by(*modules: str, home: Path) -> set[str]:
    """The packages that a fresh interpreter has loaded once it imported the modules."""
    return loaded_after("\n".join(f"import {module}" for module in modules), home=home)


def loaded_after(program: str, *, home: Path, **settings: str) -> set[str]:
    """The packages that a fresh interpreter has loaded once it ran a program that says nothing on stdout."""
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    folders = {name: str(home) for name in ("HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    run = subprocess.run(
        [sys.executable, "-c", f"{program}\n{REPORT}"],
        cwd=home,
        env={**surroundings, **folders, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return {name.partition(".")[0] for name in run.stdout.split()}


HEAVY = {"sqlalchemy", "stripe", "alembic", "pydantic", "pydantic_settings", "psycopg", "requests"}


@pytest.mark.parametrize(
    ("modules", "unwanted", "advice"),
    [
        (["tui.__main__"], {"textual", "rich", *HEAVY}, "import it where it is used: `--version` answers at once"),
        (["tui.app"], HEAVY, "import it in tui/desk.py, inside the property that needs it: the first paint waits"),
        (["services.payments", "services.sandbox"], {"stripe", "alembic", "psycopg"}, "import it where it is used"),
        (module_names("services/domain"), HEAVY, "the domain is pure: move what needs it to a store or a service"),
        (module_names("services"), {"textual", "rich", "tui"}, "services know no screen: hand the value to tui"),
    ],
    ids=["the command", "the app", "the services in use", "the domain", "all services"],
)
def test_an_import_leaves_out_what_it_does_not_need(
    modules: list[str], unwanted: set[str], advice: str, tmp_path: Path
) -> None:
    brought = loaded_by(*modules, home=tmp_path) & unwanted
    assert not brought, f"Importing {modules} loads {sorted(brought)}: {advice}."


def test_a_page_of_a_ledger_is_listed_without_what_a_desk_stands_on(tmp_path: Path, sqlite_url: str) -> None:
    database = Database(sqlite_url)
    put_history(database, 60)
    database.close()
    for arguments in ("--json", "--before 7", "--limit 50 --json"):
        loaded = loaded_after(
            "import io, sys; stdout, sys.stdout = sys.stdout, io.StringIO()\n"
            "from tui.__main__ import main\n"
            f"assert main('ledger list --account 1 {arguments}'.split()) == 0\n"
            "assert 'kind' in sys.stdout.getvalue().lower(); sys.stdout = stdout",
            home=tmp_path,
            DATABASE_URL=sqlite_url,
            PAYDESK_CONFIG_DIR=str(tmp_path),
        )
        brought = loaded & {"asyncio", *HEAVY}
        assert not brought, f"Listing loads {sorted(brought)}: services/ledger_page.py reads without."


def test_nothing_happens_at_import(tmp_path: Path) -> None:
    loaded_by(*module_names("services", "tui"), home=tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert not left, f"Importing the packages made {left}: do it in a function that somebody calls."


def test_stripe_is_imported_in_its_own_places_only() -> None:
    found = {
        source.at(node)
        for source in sources("services", "tui")
        for node, name in imported_modules(source.tree)
        if within(name, "stripe") and source.path not in STRIPE_FILES
    }
    assert not found, f"{sorted(found)}: ask Stripe through services/gateways/ports.py."
