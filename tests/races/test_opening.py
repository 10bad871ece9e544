"""Many processes open a database that does not exist yet: it is created once, and all of them can use it."""

from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.database import Database
from services.models import HEAD
from services.models.tables import metadata
from tests.crew import race
from tests.races.workers import connect_on_ticks, open_database

PROCESSES = 8
TICKS = 150


@pytest.mark.parametrize("attempt", range(5))
def test_a_new_file_is_created_once(tmp_path: Path, attempt: int) -> None:
    path = tmp_path / f"new {attempt}" / "desk.db"
    opened = race(partial(open_database, f"sqlite:///{path}") for _ in range(PROCESSES))
    assert opened.most_at_once > 1, "The processes did not open it at the same time."
    assert len(set(opened.answers)) == 1
    assert path.stat().st_mode & 0o777 == 0o600

    database = Database(f"sqlite:///{path}")
    try:
        with database.read() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            versions = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    finally:
        database.close()
    assert tables == {*metadata.tables, "alembic_version"}
    assert versions == [HEAD]


def test_a_new_file_can_be_connected_to_by_all_at_once(tmp_path: Path) -> None:
    connected = race(partial(connect_on_ticks, str(tmp_path), TICKS) for _ in range(3))
    met = set.intersection(*map(set, connected.answers))
    assert len(met) > TICKS // 2, "The processes did not connect at the same time."
