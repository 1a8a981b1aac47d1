"""Which datasets a privacy loss is of; of earlier losses it is not known, so they count against every dataset."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to schema 0005."""
    op.add_column("charges", sa.Column("datasets", sa.Text(), nullable=True))
