"""One PostgreSQL database for all tests of a folder, emptied after each: a new one would take most of a test's time.

Its tables and rules are those of the migrations; a test that changes them makes a database of its own.
"""

from collections.abc import Iterator

import psycopg
import pytest

from services.models import HEAD
from services.models.tables import metadata
from tests.postgres import PostgresServer

_KEYED = [table for table in metadata.tables.values() if "id" in table.columns]

EMPTY = [
    # neither triggers nor foreign keys hold for a replica: https://www.postgresql.org/docs/current/runtime-config-client.html
    "SET session_replication_role = replica",
    "SET lock_timeout = '10s'",
    *(f"DELETE FROM {name}" for name in metadata.tables),
    *(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), 1, false)" for table in _KEYED),
    f"UPDATE alembic_version SET version_num = '{HEAD}'",
]


@pytest.fixture(scope="session")
def recycled_url(postgres: PostgresServer, postgresql_template: str) -> Iterator[str]:
    """The URL of the database that the tests of a folder use in turn."""
    url = postgres.create_database(template=postgresql_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def postgresql_url(recycled_url: str) -> Iterator[str]:
    """The URL of a migrated, empty PostgreSQL database."""
    yield recycled_url
    with psycopg.connect(recycled_url.replace("+psycopg", "")) as connection:
        for statement in EMPTY:
            connection.execute(statement)
