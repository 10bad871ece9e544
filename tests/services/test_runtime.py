import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from services.audit import AuditService
from services.errors import ConfigurationError, GatewayRefused
from services.pricing_dynamic import DynamicPricingService
from services.runtime import open_runtime
from services.sandbox import Sandbox
from services.settings import Settings

SCRIPT = """
import threading

from services.accounts import get_account_service
from services.balance import get_balance_service
from services.discounts import get_discount_service
from services.payments import get_payment_service
from services.pricing_dynamic import get_pricing_service
from services.runtime import get_runtime

found = []
threads = [threading.Thread(target=lambda: found.append(get_runtime())) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(set(map(id, found))) == 1
account = get_account_service().create("maria@example.com")
get_balance_service().add_credits(account.id, 2999, "Test purchase")
get_discount_service().create("SAVE10", percent_basis_points=1000)
price = get_pricing_service().get_checkout_price("SAVE10")
print(get_balance_service().get_balance_display(account.id), price.final_price_cents)
print(get_payment_service().get_stored_payment_method("cus_1"))
"""

IMPORTS = """
import sys

import services.payments

print([name for name in ("stripe", "alembic", "psycopg", "textual") if name in sys.modules])
"""


def run(script: str, home: Path) -> list[str]:
    """The lines that a script prints in a process of its own, whose data directory is `home`."""
    environment = {**os.environ, "XDG_DATA_HOME": str(home), "PAYDESK_CONFIG_DIR": str(home)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_script_needs_nothing_but_the_services(tmp_path: Path) -> None:
    assert run(SCRIPT, tmp_path) == ["$29.99 2699", "None"]
    path = tmp_path / "paydesk" / "paydesk.db"
    assert path.stat().st_mode & 0o777 == 0o600


def test_importing_the_services_opens_nothing_and_brings_no_heavy_package(tmp_path: Path) -> None:
    assert run(IMPORTS, tmp_path) == ["[]"]
    assert list(tmp_path.iterdir()) == []


def test_a_runtime_has_a_gateway_only_with_a_key(tmp_path: Path, sandbox: Sandbox) -> None:
    url = SecretStr(f"sqlite:///{tmp_path / 'desk.db'}")
    without = open_runtime(Settings(_env_file=None, database_url=url))
    assert without.gateway is None
    assert without.actor
    key = SecretStr(sandbox.secret_key)
    with_key = open_runtime(
        Settings(_env_file=None, database_url=url, stripe_secret_key=key, stripe_api_base=sandbox.api_base)
    )
    assert with_key.gateway is not None
    assert not with_key.gateway.livemode
    with pytest.raises(GatewayRefused, match="No such customer"):
        with_key.gateway.saved_card("cus_1")
    for runtime in (without, with_key):
        runtime.database.close()


def test_a_key_that_is_not_allowed_opens_nothing(tmp_path: Path) -> None:
    url = SecretStr(f"sqlite:///{tmp_path / 'desk.db'}")
    with pytest.raises(ConfigurationError, match="live key"):
        open_runtime(Settings(_env_file=None, database_url=url, stripe_secret_key=SecretStr("sk_live_x")))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def logins(postgresql_url: str) -> Iterator[dict[str, str]]:
    """Two people with a login of their own at one PostgreSQL database, and their addresses of it."""
    names = ("desk_anna", "desk_ben")
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE ROLE {name} LOGIN")
            for kind in ("TABLES", "SEQUENCES"):
                connection.execute(f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {name}")
        yield {name: postgresql_url.replace("postgres@", f"{name}@") for name in names}
        for name in names:
            connection.execute(f"DROP OWNED BY {name}")
            connection.execute(f"DROP ROLE {name}")


def test_on_postgresql_the_actor_is_the_user_of_the_database(logins: dict[str, str]) -> None:
    for cents, (name, url) in enumerate(logins.items(), 2800):
        runtime = open_runtime(Settings(_env_file=None, database_url=SecretStr(url)))
        assert runtime.actor == name
        DynamicPricingService.over(runtime).change_prices(launch_cents=cents)
        audited = AuditService.over(runtime).find()
        runtime.database.close()
    assert [entry.actor for entry in audited] == ["desk_ben", "desk_anna"]


def test_on_sqlite_the_actor_is_the_user_of_the_system_whatever_the_environment_says(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "ben")
    runtime = open_runtime(Settings(_env_file=None, database_url=SecretStr(sqlite_url)))
    runtime.database.close()
    assert runtime.actor in {f"user {os.getuid()}", *(user.pw_name for user in pwd.getpwall())} - {"ben"}
