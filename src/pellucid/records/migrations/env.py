"""How Alembic runs the steps: on the connection of the caller's open transaction, never on one of its own."""

from __future__ import annotations

from alembic import context

from pellucid.records.schema import VERSION_TABLE
from pellucid.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
with context.begin_transaction():
    context.run_migrations()
