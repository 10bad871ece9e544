"""What tests of every layer stand on: fresh databases of both kinds, a clock, the sandbox, and a runtime over them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.database import Database
from services.gateways.stripe_gateway import StripeGateway
from services.runtime import Runtime
from services.sandbox import Sandbox
from services.settings import Settings
from tests.clock import ManualClock
from tests.postgres import PostgresServer
from tests.proof import assert_verified

SETTINGS = frozenset(Settings.model_fields)


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting, key or database of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.lower() in SETTINGS:
            del os.environ[name]
    home = tmp_path_factory.mktemp("home")
    for name in ("PAYDESK_CONFIG_DIR", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        os.environ[name] = str(home)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server of the test session's own."""
    with PostgresServer.start(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgres: PostgresServer) -> str:
    """The URL of a migrated, empty database that others are copied from."""
    url = postgres.create_database()
    database = Database(url)
    database.upgrade()
    database.close()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file that others are copied from."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    database.open()
    database.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite database."""
    path = tmp_path / "desk.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres: PostgresServer, postgresql_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated PostgreSQL database."""
    url = postgres.create_database(template=postgresql_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database: each test that asks for it runs on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database of both kinds in turn."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def verified(database: Database) -> Iterator[None]:
    """Proves at the end of a test that all stored rows add up."""
    yield
    assert_verified(database)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still at 2026-11-23 14:03:07 UTC."""
    return ManualClock()


@pytest.fixture
def sandbox(clock: ManualClock) -> Iterator[Sandbox]:
    """A Stripe sandbox on a socket, on the test's clock."""
    with Sandbox(clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def runtime(database: Database, clock: ManualClock) -> Runtime:
    """A desk without a Stripe key, at which "anna" sits."""
    return Runtime(Settings(_env_file=None), database, None, clock, actor="anna")


@pytest.fixture
def paying_runtime(database: Database, clock: ManualClock, sandbox: Sandbox) -> Runtime:
    """A desk whose Stripe is the sandbox."""
    settings = Settings(_env_file=None, stripe_secret_key=sandbox.secret_key, stripe_api_base=sandbox.api_base)
    gateway = StripeGateway(settings.stripe_secret_key, api_base=sandbox.api_base)
    return Runtime(settings, database, gateway, clock, actor="anna")
