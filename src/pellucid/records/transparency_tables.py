"""The tables of what people are told: published notices. The others are in `records.tables`.

Statements over these tables stand beside the use case that gives them meaning.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from pellucid.records.columns import Instant
from pellucid.records.tables import metadata

notices = Table(  # what was ever published, in every language and layer; rows are added and never changed
    "notices",
    metadata,
    Column("version", Text, primary_key=True),  # SHA-256 of the content
    Column("content", LargeBinary, nullable=False),  # canonical JSON
)

notice_publications = Table(  # which notice was shown from when on; the last one is shown now
    "notice_publications",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("notice", Text, nullable=False),
    Column("policy", Text, nullable=False),  # the policy and the laws that it was made from
    Column("laws", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
