"""The tables of paydesk and their migrations. One definition serves SQLite and PostgreSQL."""

HEAD = "0004"
"""The revision of the schema that this program reads and writes. A test holds it against the migrations, so
that opening a database needs no import of alembic."""
