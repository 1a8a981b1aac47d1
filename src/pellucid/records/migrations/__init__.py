"""The steps from each schema of the control database to the next, as Alembic scripts; run by `records.upgrade`."""
