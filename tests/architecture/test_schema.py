"""The migrations make exactly the tables that the queries know, on both databases."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from services.database import Database
from services.models import HEAD
from services.models.tables import metadata
from tests.architecture.source import ROOT


@pytest.fixture
def created(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the same kind, made from the tables' definitions and not by migrations."""
    if database.is_sqlite:
        url = f"sqlite:///{tmp_path / 'created.db'}"
    else:
        url = request.getfixturevalue("postgres").create_database()
    other = Database(url)
    with other.write() as connection:
        metadata.create_all(connection)
    yield other
    other.close()


def test_the_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / "models" / "migrations"))
    heads = ScriptDirectory.from_config(config).get_heads()
    assert heads == [HEAD], "Set HEAD in services/models/__init__.py to the one newest revision."


def test_the_migrated_tables_are_the_defined_ones(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    assert differences == [], "Write a migration for what changed in services/models/tables.py."


def test_the_migrated_constraints_are_the_defined_ones(database: Database, created: Database) -> None:
    assert constraints(database) == constraints(created), "Write a migration for the constraints that changed."


def constraints(database: Database) -> dict[str, Any]:
    """What alembic does not compare: checks, keys, and the conditions of indexes."""
    with database.read() as connection:
        inspector = sa.inspect(connection)
        return {
            table: {
                "checks": sorted((check["name"], check["sqltext"]) for check in inspector.get_check_constraints(table)),
                "foreign keys": sorted(_foreign_key(key) for key in inspector.get_foreign_keys(table)),
                "primary key": inspector.get_pk_constraint(table)["constrained_columns"],
                "unique": sorted(str(unique) for unique in inspector.get_unique_constraints(table)),
                "indexes": sorted(_index(index) for index in inspector.get_indexes(table)),
            }
            for table in sorted(metadata.tables)
        }


def _foreign_key(key: Mapping[str, Any]) -> str:
    # SQLAlchemy reads no name of a key that an added column brought to SQLite.
    return f"{key['constrained_columns']} of {key['referred_table']} {key['referred_columns']} {key['options']}"


def _index(index: Mapping[str, Any]) -> str:
    condition = [str(value) for name, value in index.get("dialect_options", {}).items() if name.endswith("_where")]
    return f"{index['name']} {index['column_names']} {'unique' if index['unique'] else ''} {condition}"


def test_every_sqlite_table_is_strict(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.read() as connection:
        tables = connection.exec_driver_sql("PRAGMA table_list").mappings().all()
    database.close()
    lax = [row["name"] for row in tables if row["name"] in metadata.tables and not row["strict"]]
    assert {row["name"] for row in tables} >= metadata.tables.keys()
    assert not lax, f"{lax}: pass sqlite_strict=True in the migration, or SQLite stores text in a column of cents."
