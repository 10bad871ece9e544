"""Making writers of one subject wait for each other."""

import zlib

from sqlalchemy.engine import Connection


def lock(connection: Connection, subject: str) -> None:
    """Waits until no other transaction holds `subject`, and holds it until this one ends.

    On SQLite a write transaction holds everything from its beginning.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (zlib.crc32(subject.encode()),))
