"""The tables of paydesk and their migrations. One definition serves SQLite and PostgreSQL."""

HEAD = "0004"
"""The revision of the schema that this program reads and writes. A test holds it against the migrations, so
that opening a database needs no import of alembic."""

APPLICATION_ID = 0x70617964
"""Marks an SQLite file as paydesk's ("payd"). Source: https://www.sqlite.org/pragma.html#pragma_application_id"""
