"""Whom a token asks questions as."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to schema 0010."""
    op.add_column("api_tokens", sa.Column("person", sa.Text(), nullable=True))
    op.add_column("sign_ins", sa.Column("network", sa.LargeBinary(), nullable=True))
