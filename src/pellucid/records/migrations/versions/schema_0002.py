"""Cut the bitmaps of the permitted sets into chunks, so that one person's change writes little."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHUNK_BYTES = 1_024


def upgrade() -> None:
    """Bring the tables to schema 0002."""
    chunks = op.create_table(
        "permitted_chunks",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("plain", sa.LargeBinary(), nullable=False),
        sa.Column("sensitive", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "namespace", "chunk"),
    )
    connection = op.get_bind()
    whole = sa.table("permitted_sets", *map(sa.column, ("purpose", "namespace", "plain", "sensitive")))
    for row in connection.execute(sa.select(whole)).all():
        plain, sensitive = bytes(row.plain), bytes(row.sensitive)
        for first in range(0, max(len(plain), len(sensitive)), CHUNK_BYTES):
            values = {
                "purpose": row.purpose,
                "namespace": row.namespace,
                "chunk": first // CHUNK_BYTES,
                "plain": plain[first : first + CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0"),
                "sensitive": sensitive[first : first + CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0"),
            }
            connection.execute(sa.insert(chunks).values(values))
    op.drop_column("permitted_sets", "plain")
    op.drop_column("permitted_sets", "sensitive")
