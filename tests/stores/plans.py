"""How a database carries out what a store asks of it."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event


def plan_of(connection: sa.Connection, query: Callable[[], object]) -> str:
    """How the database carries out each statement of a query, in its own words."""
    sent: list[tuple[str, Any]] = []

    def keep(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", keep)
    query()
    event.remove(connection, "before_cursor_execute", keep)
    assert sent, "Nothing was asked."
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    steps = [connection.exec_driver_sql(f"{explain} {statement}", parameters) for statement, parameters in sent]
    return "\n".join(str(row[-1]) for plan in steps for row in plan)


def reads_all_of(plan: str, table: str) -> bool:
    """Whether a plan goes through a table from its beginning to its end."""
    return any(f"{word} {table}" in plan for word in ("SCAN", "Seq Scan on"))
