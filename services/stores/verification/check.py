"""What a check is: one query, and one sentence for the first row that it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from services.domain.money import format_cents
from services.domain.verification import Break

_PAGE = 1_000


def last_audit(*actions: str) -> str:
    """The last audit row of each discount code with one of these actions: `object_id`, `action`, `after`.

    Grouped, because for a query per code SQLite would read the log from its end.
    """
    listed = ", ".join(f"'{action}'" for action in actions)
    return f"""(SELECT a.object_id, a.action, a.after FROM audit_log a JOIN (
        SELECT max(id) AS id FROM audit_log WHERE object_type = 'discount_code' AND action IN ({listed})
        GROUP BY object_id
    ) AS newest ON newest.id = a.id)"""


def _always(_: Row[*tuple[Any, ...]]) -> bool:
    return True


@dataclass(frozen=True)
class Check:
    """A rule that stored rows keep. `query` gives the rows that break it, the first one first.

    `sentence` is filled from such a row: what is named `..._cents` reads as dollars, and NULL as "nothing". The columns
    `account_id`, `order_id` and `entry_id` become the ids of the break. `breaks` is for what SQL cannot tell: then the
    query gives candidates, and it says which of them break the rule.
    """

    code: str
    sentence: str
    query: str
    breaks: Callable[[Row[*tuple[Any, ...]]], bool] = _always

    def first_break(self, connection: Connection) -> Break | None:
        """The first row that breaks the rule; None where all keep it. Rows are read as they come, never all at once."""
        with connection.execute(sa.text(self.query), execution_options={"yield_per": _PAGE}) as rows:
            row = next(filter(self.breaks, rows), None)
        if row is None:
            return None
        values = row._asdict()
        return Break(
            self.code,
            self.sentence.format_map({name: _worded(name, value) for name, value in values.items()}),
            account_id=values.get("account_id"),
            order_id=values.get("order_id"),
            entry_id=values.get("entry_id"),
        )


def _worded(name: str, value: object) -> str:
    if value is None:
        return "nothing"
    return format_cents(value) if name.endswith("_cents") and isinstance(value, int) else str(value)
