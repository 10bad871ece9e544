"""The check of foreign keys, which SQLite keeps only for who asks it to: a shell that was opened on the file does not.

Source: https://www.sqlite.org/foreignkeys.html (2)
"""

import sqlalchemy as sa

from services.models.tables import metadata
from services.stores.verification.check import Check


def _dangling(key: sa.ForeignKey) -> str:
    """The rows whose key names a row that is not there."""
    table, column, named = key.parent.table, key.parent.name, key.column
    row = next(iter(table.primary_key.columns))
    ids = {
        "account_id": "account_id",
        "order_id": "id" if table.name == "orders" else "order_id",
        "entry_id": "id" if table.name == "transactions" else "",
    }
    columns = [
        f"{f't.{source}' if source in table.columns else 'CAST(NULL AS BIGINT)'} AS {name}"
        for name, source in ids.items()
    ]
    return f"""SELECT '{table.name}' AS stored, '{column}' AS pointer, t.{row.name} AS row_id, t.{column} AS found,
        {", ".join(columns)}
    FROM {table.name} t LEFT JOIN {named.table.name} n ON n.{named.name} = t.{column}
    WHERE t.{column} IS NOT NULL AND n.{named.name} IS NULL"""


_KEYS = [key for table in metadata.sorted_tables for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)]

CHECKS = (
    Check(
        "reference",
        "Row {row_id} of {stored} names {found} as its {pointer}, which is not stored.",
        f"{' UNION ALL '.join(map(_dangling, _KEYS))} ORDER BY stored, row_id, pointer",
    ),
)
"""The one check of all foreign keys."""
