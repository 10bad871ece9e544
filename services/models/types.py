"""Column types that mean the same on SQLite (STRICT tables) and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from services.models.moments import EPOCH, MICROSECOND, moment_of

Int64 = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits: cents, sequence numbers, ids. SQLite's own INTEGER makes a key its row id."""

PrefixText = Text().with_variant(Text(collation="C"), "postgresql")
"""Text compared by code point, so that an index serves equality and prefix ranges on both databases."""


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite. Refuses naive values."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in the database at hand."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """An aware datetime to what the database stores. Raises `ValueError` for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        return (value - EPOCH) // MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What the database stores to an aware datetime in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return moment_of(value)
        moment: datetime = value
        return moment.astimezone(UTC)


class Flag(TypeDecorator[bool]):
    """True or false: `boolean` on PostgreSQL, 1 or 0 on SQLite, whose STRICT tables have no boolean."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in the database at hand."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Boolean())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> Any:
        """A bool to what the database stores."""
        return int(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        """What the database stores to a bool."""
        return None if value is None else bool(value)
