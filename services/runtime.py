"""The composition root: what every service is built from, opened once per process."""

import os
import pwd
import threading
from dataclasses import dataclass
from functools import lru_cache

from services.clock import Clock, system_clock
from services.database import Database
from services.gateways.ports import PaymentGateway
from services.settings import Settings, load_settings


@dataclass(frozen=True)
class Runtime:
    """The collaborators of the services. `gateway` is None without a Stripe key.

    `actor` is who sits at the desk: the database's own user on PostgreSQL, the system's on SQLite.
    """

    settings: Settings
    database: Database
    gateway: PaymentGateway | None
    clock: Clock = system_clock
    actor: str = "paydesk"


def open_runtime(settings: Settings) -> Runtime:
    """Opens the database and, where there is a key, the gateway, as `settings` say.

    Raises `ConfigurationError` (a live key that is not allowed, a database of another version, ...).
    """
    settings.check_stripe_key()
    database = Database(settings.database_url.get_secret_value())
    database.open()
    return Runtime(settings, database, _gateway(settings), actor=_actor(database))


def upgrade_database() -> str:
    """Brings the database of the settings to this program's version and returns its label."""
    database = Database(load_settings().database_url.get_secret_value())
    database.upgrade()
    database.close()
    return database.label


def get_runtime() -> Runtime:
    """The process's runtime, from `load_settings()`; opened by the first caller, whichever thread that is."""
    with _opening:
        return _process_runtime()


_opening = threading.Lock()


@lru_cache(maxsize=1)
def _process_runtime() -> Runtime:
    return open_runtime(load_settings())


def _gateway(settings: Settings) -> PaymentGateway | None:
    if not settings.stripe_configured:
        return None
    # stripe costs 0.4 s to import: only a desk with a key pays for it
    from services.gateways.stripe_gateway import StripeGateway

    return StripeGateway(settings.stripe_secret_key, api_base=settings.stripe_api_base)


def _actor(database: Database) -> str:
    """Who logged in to PostgreSQL, as that says itself; SQLite knows no users, so there it is who runs this process.

    Source: https://www.postgresql.org/docs/current/functions-info.html (session_user)
    """
    if database.is_sqlite:
        return _system_user()
    with database.read() as connection:
        name: str = connection.exec_driver_sql("SELECT session_user").scalar_one()
        return name


def _system_user() -> str:
    """Whoever runs this process, by its user id: what LOGNAME and USER say, anybody may have written."""
    user_id = os.getuid()
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return f"user {user_id}"
