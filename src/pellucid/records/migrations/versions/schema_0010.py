"""Whom tokens ask as, from which net people ask to come in, who may act for whom, what visitors choose, invitations,
and how far people were told of a notice.
"""

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
    op.create_table(
        "acting_sessions",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("delegation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("session"),
    )
    op.create_index(op.f("ix_acting_sessions_delegation"), "acting_sessions", ["delegation"], unique=False)
    op.create_table(
        "delegations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("other_namespace", sa.Text(), nullable=False),
        sa.Column("other", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("delegations_other", "delegations", ["other_namespace", "other"], unique=False)
    op.create_index("delegations_subject", "delegations", ["namespace", "subject"], unique=False)
    op.create_table(
        "notice_rounds",
        sa.Column("publication", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("put_off", sa.BigInteger(), nullable=False),
        sa.Column("again_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("publication", "namespace"),
    )
    op.create_table(
        "staff_invitations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(op.f("ix_staff_invitations_person"), "staff_invitations", ["person"], unique=False)
    op.create_table(
        "visitors",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("second", sa.LargeBinary(), nullable=True),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        sa.UniqueConstraint("second"),
    )
    op.create_index(op.f("ix_visitors_ends_at"), "visitors", ["ends_at"], unique=False)
    op.create_index(op.f("ix_visitors_made_at"), "visitors", ["made_at"], unique=False)
    op.create_index(op.f("ix_visitors_session"), "visitors", ["session"], unique=False)
