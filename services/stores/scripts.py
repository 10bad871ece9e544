"""Scripts: SQL that a driver runs by itself, as a transaction of its own. Without SQLAlchemy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


def for_psycopg(statement: str) -> str:
    """A statement with parameters like `:name` as psycopg takes them. Without casts or per cents."""
    return re.sub(r":(\w+)", r"%(\1)s", statement)


@dataclass(frozen=True)
class Script:
    """What is one transaction by itself: statements for SQLite, one for PostgreSQL.

    All take the same parameters, and the last one returns one row.
    """

    sqlite: tuple[str, ...]
    postgresql: str

    @classmethod
    def of(cls, sqlite: tuple[str, ...], postgresql: str) -> "Script":
        """A script whose parameters are written `:name`."""
        return cls(sqlite, for_psycopg(postgresql))


class ScriptRunner(Protocol):
    """Runs scripts, each in a transaction of its own."""

    @property
    def dialect(self) -> "Dialect":
        """The database's dialect."""

    def run(self, script: Script, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The row that a script returns, committed; None where it was refused and nothing was changed."""


class RowReader(Protocol):
    """Runs queries, each as a script of its own."""

    @property
    def dialect(self) -> "Dialect":
        """The database's dialect."""

    def rows(self, query: Script, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]] | None:
        """The rows of a query, as the driver gives them; None where they cannot be had."""
