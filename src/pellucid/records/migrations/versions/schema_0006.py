"""Norms that were drawn for a question, to be used again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to schema 0006."""
    op.create_table(
        "caps_kept",
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=False),
        sa.Column("caps", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("question"),
    )
