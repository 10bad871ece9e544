import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.errors import ConfigurationError, GatewayRefused
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
