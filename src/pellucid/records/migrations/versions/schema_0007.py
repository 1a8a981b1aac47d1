"""Laws that were signed off, who spoke and how, identities, signals, and programs that are let in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to schema 0007."""
    op.create_table(
        "api_replies",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", "key"),
    )
    op.create_index(op.f("ix_api_replies_at"), "api_replies", ["at"], unique=False)
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "consent_screens",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("screen", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index(op.f("ix_consent_screens_screen"), "consent_screens", ["screen"], unique=False)
    op.create_table(
        "law_marks",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("cite", sa.Text(), nullable=True),
        sa.Column("since", sa.Text(), nullable=True),
        sa.Column("until", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "law_packs",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("law", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "signal_questions",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("namespace", "subject", "purpose"),
    )
    op.create_table(
        "signals_seen",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("namespace", "subject", "signal"),
    )
    op.create_table(
        "subject_links",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("other_namespace", sa.Text(), nullable=False),
        sa.Column("other", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("subject_links_one", "subject_links", ["namespace", "subject"], unique=False)
    op.create_index("subject_links_other", "subject_links", ["other_namespace", "other"], unique=False)
    op.add_column("consent_records", sa.Column("by_whom", sa.Text(), nullable=True))
    op.add_column("consent_records", sa.Column("proof", sa.Text(), nullable=True))
    op.add_column("consent_records", sa.Column("member", sa.Text(), nullable=True))
    op.add_column("consent_records", sa.Column("screen", sa.Text(), nullable=True))
    op.add_column("consent_records", sa.Column("language", sa.Text(), nullable=True))
    op.add_column("consent_records", sa.Column("method", sa.Text(), nullable=True))
    op.add_column("consent_records", sa.Column("while_restricted", sa.Boolean(), nullable=True))
    op.add_column("consent_records", sa.Column("recorded_at", sa.BigInteger(), nullable=True))
    op.add_column("subjects", sa.Column("vulnerable", sa.Boolean(), nullable=True))
    op.add_column("subjects", sa.Column("estimated", sa.Integer(), nullable=True))
