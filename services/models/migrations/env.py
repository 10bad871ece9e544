"""Runs the migrations on the connection, and inside the transaction, that `services.database` hands over."""

from alembic import context

from services.models.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
