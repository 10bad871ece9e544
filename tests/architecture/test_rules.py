"""The rules of the house that no linter knows: threads, transactions, money, errors, tests, sizes."""

import ast
from collections.abc import Callable, Iterator

import pytest

from tests.architecture.source import Source, called_name, imported_modules, sources, within

Rule = Callable[[Source], Iterator[tuple[ast.AST, str]]]
"""Finds where a file breaks a rule, and by what."""

STARTERS = {"threading.Thread", "threading.Timer", "asyncio.to_thread", "_thread.start_new_thread"}
STARTING = {"Thread", "to_thread", "run_in_executor", "start_new_thread"}
THREAD_FILES = {
    "tui/calls.py": "runs every call of a service off the interface thread",
    "services/payments.py": "its async methods wait for Stripe in a thread",
    "services/sandbox/server.py": "a server answers many clients at once",
}
LOCK_FILES = {
    "tui/desk.py": "the services are opened once, whichever thread asks first",
    "services/runtime.py": "the process's runtime is opened once, whichever thread asks first",
    "services/gateways/rate_limit.py": "every thread that calls Stripe shares one limit",
    "services/sandbox/faults.py": "a test waits for the request that a fault has hold of",
    "services/sandbox/listener.py": "its connections are counted by their threads",
    "services/sandbox/state.py": "its requests share one state",
}
TRANSACTIONS = {"commit", "begin", "begin_nested", "rollback", "create_engine"}
BROAD = {"Exception", "BaseException"}
NOT_MONEY = {
    "services/gateways/rate_limit.py: 20.0": "calls in a second",
    "services/gateways/rate_limit.py: /": "seconds between two calls",
    "services/gateways/rate_limit.py: float()": "a moment before every other",
    "services/sandbox/parameters.py: float()": "a parameter that Stripe itself types as a float",
    "services/sandbox/server.py: 0.02": "how often the server looks whether it should stop, in seconds",
}
MONEY_WORDS = ("cents", "amount", "price", "basis_points", "balance")
PATH_WORDS = ("path", "folder", "directory", "home")
SLEEPERS = {
    "tests/postgres.py": "a database server says nowhere that it is ready: it is asked until it is",
    "tests/postgres_guard.py": "the end of a killed server's own children is noticed by asking",
    "tests/test_postgres.py": "the end of another process's child cannot be awaited",
}
LONGEST_FUNCTION = 70
LONGEST_FILE = 400


def test_threads_are_started_in_their_own_places_only() -> None:
    found = {
        f"{source.at(node)}: {name}"
        for source in sources("tui", "services")
        for node, name in _thread_starts(source)
        if source.path not in THREAD_FILES
    }
    assert not found, f"{sorted(found)}: call services by app.calls.read or app.calls.write of tui/calls.py."


def _thread_starts(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for node, name in imported_modules(source.tree):
        if within(name, "concurrent.futures") or name in STARTERS:
            yield node, name
    for call in ast.walk(source.tree):
        if called_name(call) in STARTING:
            yield call, called_name(call)
        if isinstance(call, ast.keyword) and call.arg == "thread":
            yield call, "thread=True"


def test_locks_are_where_threads_meet_only() -> None:
    found = {
        f"{source.at(node)}: {name}"
        for source in sources("tui", "services")
        if source.path not in LOCK_FILES | THREAD_FILES
        for node, name in imported_modules(source.tree)
        if within(name, "threading")
    }
    assert not found, f"{sorted(found)}: leave shared state to the database, or say here why a lock is needed."


def test_only_the_database_commits() -> None:
    found = {
        f"{source.at(node)}: {what}"
        for source in sources("tui", "services")
        if source.path != "services/database.py" and not source.path.startswith("services/sandbox/")
        for node, what in _transactions(source)
    }
    assert not found, f"{sorted(found)}: use `with database.read()` or `with database.write()` in a service."


def _transactions(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(source.tree):
        match node:
            case ast.Call() if source.path.startswith("services/") and called_name(node) in TRANSACTIONS:
                yield node, called_name(node)
            case ast.Attribute(value=ast.Attribute(attr="database"), attr="read" | "write") if source.path.startswith(
                "tui/"
            ):
                yield node, f"database.{node.attr}"


def test_the_sandbox_knows_no_database() -> None:
    found = {
        source.at(node)
        for source in sources("services/sandbox")
        for node, name in imported_modules(source.tree)
        if within(name, "sqlalchemy") or within(name, "services.database") or within(name, "services.stores")
    }
    assert not found, f"{sorted(found)}: the sandbox keeps its state in memory, like a server far away."


def test_no_float_touches_money() -> None:
    found = {
        f"{source.at(node)}: {what}"
        for source in sources("tui", "services")
        for node, what in _floats(source)
        if f"{source.path}: {what}" not in NOT_MONEY
    }
    assert not found, f"{sorted(found)}: money is whole cents; use integers, // and divmod."


def _floats(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Floats, calls of `float` and true divisions: anywhere in services, beside money in tui. Seconds may be floats."""
    for statement in _smallest_scopes(source.tree):
        words = _words(statement)
        if source.path.startswith("tui/") and not any(word in name for name in words for word in MONEY_WORDS):
            continue
        if any(name.lower().endswith(("_seconds", "_ms")) for name in words):
            continue
        for node in ast.walk(statement):
            match node:
                case ast.Constant(value=float(value)):
                    yield node, str(value)
                case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()) if not _is_path(node):
                    yield node, "/"
                case ast.Call(func=ast.Name(id="float")):
                    yield node, "float()"


def _smallest_scopes(tree: ast.AST) -> Iterator[ast.AST]:
    """The statements that hold no other statement, and the heads of those that do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            yield node
        elif isinstance(node, ast.stmt):
            yield from (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt))


def _words(tree: ast.AST) -> set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def _is_path(division: ast.AST) -> bool:
    """Whether a / joins a path: a text takes part, or a name that says it is one."""
    return any(isinstance(node, ast.Constant) and isinstance(node.value, str) for node in ast.walk(division)) or any(
        word in name.lower() for name in _words(division) for word in PATH_WORDS
    )


def test_broad_excepts_are_in_the_calls_only() -> None:
    found = {
        f"{source.at(node)}: {what}"
        for source in sources("tui", "services")
        if source.path != "tui/calls.py"
        for node, what in _broad_excepts(source)
    }
    assert not found, f"{sorted(found)}: name the errors that are expected; tui/calls.py catches the others."


def _broad_excepts(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _words(node.type) & BROAD):
            yield node, ast.unparse(node.type) if node.type else "except:"


def test_no_test_patches_skips_or_sleeps() -> None:
    found = {f"{source.at(node)}: {what}" for source in sources("tests") for node, what in _shortcuts(source)}
    assert not found, f"{sorted(found)}: hand in a collaborator, mend what is missing, await an event."


def _shortcuts(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for statement, module in imported_modules(source.tree):
        if within(module, "unittest") or within(module, "mock"):
            yield statement, module
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="monkeypatch"), attr="setattr" | "setitem" | "delattr" as name):
                yield node, f"monkeypatch.{name}"
            case ast.Attribute(attr="skip" | "skipif" | "xfail" | "importorskip" as name):
                yield node, name
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep") if source.path not in SLEEPERS:
                yield node, "time.sleep"


@pytest.mark.parametrize("listed", [THREAD_FILES, LOCK_FILES, SLEEPERS])
def test_no_exception_outlives_its_file(listed: dict[str, str]) -> None:
    present = {source.path for source in sources("tui", "services", "tests")}
    assert listed.keys() <= present, f"Take {sorted(listed.keys() - present)} off the list: the file is gone."


def test_functions_and_files_have_one_subject() -> None:
    found = set()
    for source in sources("tui", "services"):
        if source.path.startswith("services/models/migrations/"):
            continue  # a table is as long as its columns
        if (lines := len(source.text.splitlines())) > LONGEST_FILE:
            found.add(f"{source.path}: {lines} lines")
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    found.add(f"{source.at(node)}: {node.name} has {lines} lines")
    assert not found, f"{sorted(found)}: split what has two subjects."


@pytest.mark.parametrize(
    ("rule", "path", "text", "seen"),
    [
        (_thread_starts, "tui/a.py", "from threading import Thread\nThread(target=work)", 2),
        (_thread_starts, "tui/a.py", "self.run_worker(work, thread=True)", 1),
        (_thread_starts, "tui/a.py", "@work(exclusive=True, thread=True)\ndef load(): ...", 1),
        (_thread_starts, "tui/a.py", "await asyncio.to_thread(work)", 1),
        (_thread_starts, "tui/a.py", "from textual.timer import Timer", 0),
        (_transactions, "services/a.py", "connection.commit()", 1),
        (_transactions, "services/a.py", "with engine.begin() as connection: ...", 1),
        (_transactions, "tui/a.py", "with runtime.database.write() as connection: ...", 1),
        (_transactions, "tui/a.py", "self.watch.begin()", 0),
        (_floats, "services/a.py", "price = 19.99", 1),
        (_floats, "services/a.py", "if total_cents / 100 > 5: ...", 1),
        (_floats, "services/a.py", "total_cents /= 2", 1),
        (_floats, "services/a.py", "def discount(base, rate): return float(base) * 0.1", 2),
        (_floats, "services/a.py", "TIMEOUT_SECONDS = 0.5", 0),
        (_floats, "services/a.py", "path = folder / name", 0),
        (_floats, "tui/a.py", "text = f'${amount_cents / 100:.2f}'", 1),
        (_floats, "tui/a.py", "width = columns * 0.5", 0),
        (_broad_excepts, "services/a.py", "try: ...\nexcept (ValueError, Exception): ...", 1),
        (_broad_excepts, "services/a.py", "try: ...\nexcept: ...", 1),
        (_broad_excepts, "services/a.py", "try: ...\nexcept ValueError: ...", 0),
        (_shortcuts, "tests/a.py", "from unittest.mock import patch", 1),
        (_shortcuts, "tests/a.py", "monkeypatch.setattr(service, 'clock', clock)", 1),
        (_shortcuts, "tests/a.py", "monkeypatch.setenv('PRICE_MODE', 'sale')", 0),
        (_shortcuts, "tests/a.py", "@pytest.mark.skipif(True, reason='')\ndef test_a(): ...", 1),
        (_shortcuts, "tests/a.py", "time.sleep(1)", 1),
    ],
)
def test_a_rule_sees_what_breaks_it(rule: Rule, path: str, text: str, seen: int) -> None:
    assert len(list(rule(Source(path, text, ast.parse(text))))) == seen
