"""The tables of the control database; those of requests and their work are in `records.rights_tables`.

Money, rho and instants are integers (see `records.columns`). Statements over these tables stand beside the use case
that gives them meaning.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from pellucid.records.columns import Instant, Rho

metadata = MetaData()

ADDED = {"added": True}
"""Marks a column that came after the first release: rows carried over from before have none, and get NULL."""

# -- workspace -----------------------------------------------------------------------------------------------------

settings_kept = Table(
    "settings_kept",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# -- policy --------------------------------------------------------------------------------------------------------

policy_snapshots = Table(
    "policy_snapshots",
    metadata,
    Column("version", Text, primary_key=True),  # SHA-256 of the canonical content
    Column("content", LargeBinary, nullable=False),  # canonical JSON
)

policy_activations = Table(
    "policy_activations",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("version", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# -- laws ------------------------------------------------------------------------------------------------------------

law_packs = Table(  # laws as data, as they were when somebody signed them off
    "law_packs",
    metadata,
    Column("version", Text, primary_key=True),  # SHA-256 of the canonical content
    Column("law", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),  # canonical JSON
)

law_marks = Table(  # what the controller decided about laws; the last of a law, and of a law's field, counts
    "law_marks",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("law", Text, nullable=False),
    Column("state", Text, nullable=False),  # signed-off | withdrawn | overridden | restored
    Column("version", Text),  # of the pack that was signed off
    Column("field", Text),  # of an override, as are those below
    Column("value", Text),
    Column("cite", Text),
    Column("since", Text),  # dates, as YYYY-MM-DD
    Column("until", Text),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
)

# -- subjects ------------------------------------------------------------------------------------------------------

subjects = Table(
    "subjects",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True),  # dense from 0 in each namespace, never reused
    Column("natural_key", Text),  # NULL once erased
    Column("jurisdiction", Text),
    Column("birth_year", Integer),
    Column("vulnerable", Boolean, info=ADDED),  # NULL: unknown
    Column("estimated", Integer, info=ADDED),  # which facts are estimates: 1 place, 2 year of birth, 4 vulnerable
    UniqueConstraint("namespace", "natural_key"),
)

subject_links = Table(  # two identifiers of one person: what was found, and undone; nothing is changed
    "subject_links",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("namespace", Text, nullable=False),
    Column("subject", BigInteger, nullable=False),
    Column("other_namespace", Text, nullable=False),
    Column("other", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # linked | split
    Column("confidence", Text, nullable=False),  # certain | likely
    Column("evidence", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
)
Index("subject_links_one", subject_links.c.namespace, subject_links.c.subject)
Index("subject_links_other", subject_links.c.other_namespace, subject_links.c.other)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

# -- holdings ------------------------------------------------------------------------------------------------------

generations = Table(
    "generations",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("schema_hash", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("retired_at", Instant),  # NULL for the published one
)

generation_subjects = Table(  # who has rows in a generation, as a bitmap a namespace
    "generation_subjects",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("bits", LargeBinary, nullable=False),
)

generation_leases = Table(  # an old generation is unlinked when no lease holds it
    "generation_leases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

# -- consent -------------------------------------------------------------------------------------------------------

register = Table(  # one row
    "register",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("next_due", Instant),
)

consent_records = Table(
    "consent_records",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("version", BigInteger, nullable=False),  # the register version this record made
    Column("namespace", Text, nullable=False),
    Column("subject", BigInteger, nullable=False),
    Column("purpose", Text),  # NULL: all purposes
    Column("verb", Text, nullable=False),
    Column("explicit", Boolean, nullable=False),
    Column("covers", Text, nullable=False),
    Column("notice_version", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column(
        "without_choice", Text, nullable=False
    ),  # purposes (space-separated) that offered no choice when it was said
    Column("by_whom", Text, info=ADDED),  # self | guardian | agent; NULL: self
    Column("proof", Text, info=ADDED),  # where the proof lies that a guardian or agent may speak
    Column("member", Text, info=ADDED),  # of a household; NULL: the whole of it
    Column("screen", Text, info=ADDED),  # version of the screen it was chosen on
    Column("language", Text, info=ADDED),
    Column("method", Text, info=ADDED),  # how it was said
    Column("while_restricted", Boolean, info=ADDED),  # a yes although all use is restricted (GDPR Art. 18(2))
    Column("recorded_at", Instant, info=ADDED),
)
Index("consent_records_subject", consent_records.c.namespace, consent_records.c.subject, consent_records.c.purpose)

consent_screens = Table(  # what was found out about screens on which people chose; the last of a screen counts
    "consent_screens",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("screen", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),  # doubtful | cleared | to-be-invalidated | invalidated
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
)

signals_seen = Table(  # opt-out signals of browsers and devices, each noted when it first came
    "signals_seen",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("subject", BigInteger, primary_key=True),
    Column("signal", Text, primary_key=True),
    Column("first_at", Instant, nullable=False),
)

signal_questions = Table(  # signals against a loyalty programme: asked, not overridden (11 CCR 7025(c)(4))
    "signal_questions",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("subject", BigInteger, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("signal", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("answer", Text),  # leave | stay; NULL: not answered yet
    Column("answered_at", Instant),
)

permitted_sets = Table(
    "permitted_sets",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
)

CHUNK_PEOPLE = 8_192
"""People in a row of `permitted_chunks`; part of the schema. Two bitmaps of 1 kB fit a page of either database."""

permitted_chunks = Table(  # the bits of a set, in stretches of people
    "permitted_chunks",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("chunk", Integer, primary_key=True),  # of the people from chunk * CHUNK_PEOPLE on
    Column("plain", LargeBinary, nullable=False),
    Column("sensitive", LargeBinary, nullable=False),
)

permitted_partial = Table(
    "permitted_partial",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("subject", BigInteger, primary_key=True),
    Column("not_before", Instant),
    Column("sensitive_not_before", Instant),
)

permitted_changes = Table(  # what a replica at an older version has to apply
    "permitted_changes",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("version", BigInteger, nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("subject", BigInteger, nullable=False),  # -1: the whole set was rebuilt
    Column("plain", Boolean, nullable=False),
    Column("sensitive", Boolean, nullable=False),
    Column("not_before", Instant),
    Column("sensitive_not_before", Instant),
    Column("narrowing", Boolean, nullable=False),
)

due_changes = Table(  # instants at which somebody's permission changes by time alone
    "due_changes",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("subject", BigInteger, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("due", Instant, nullable=False, index=True),
)

due_ages = Table(  # instants at which everybody born in a year comes of age for a purpose
    "due_ages",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("birth_year", Integer, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("due", Instant, nullable=False, index=True),
)

purpose_leases = Table(  # ARCHITECTURE, path (a) step 6
    "purpose_leases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("purpose", Text, nullable=False, index=True),
    Column("taken_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

coverage_bands = Table(
    "coverage_bands",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("computed_at", Instant, nullable=False),
    Column("band", Text, nullable=False),
    Column("people", Text, info=ADDED),  # band of how many there are
)

# -- release -------------------------------------------------------------------------------------------------------

charges = Table(  # one row a reservation and namespace; a reservation's rows share their id
    "charges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("rho", Rho, nullable=False),
    Column("delta", BigInteger, nullable=False),  # units of 1e-15
    Column("state", Text, nullable=False),  # reserved | charged | cancelled
    Column("reserved_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("datasets", Text, info=ADDED),  # with people, each between blanks; NULL: unknown, so any
)
Index("charges_period", charges.c.namespace, charges.c.reserved_at)

# -- insights ------------------------------------------------------------------------------------------------------

insight_proposals = Table(  # exact figures that may leave once somebody else approved them; none is stored
    "insight_proposals",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("sql", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),  # SHA-256 of SQL, purpose and policy version: what is approved
    Column("policy", Text, nullable=False),
    Column("plan", Text, nullable=False),  # JSON: what it reads and releases, in plain words
    Column("attempts", Text, nullable=False),  # JSON: attacks that were tried, and whether each held
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # proposed | approved | rejected | replaced
    Column("decided_by", Text),
    Column("decided_at", Instant),
    Column("reason", Text, nullable=False),
    Column("leaf", BigInteger, nullable=False),  # of the log entry that wrote it last
)

insight_cells = Table(  # what releases showed or withheld, to be compared with: no figure, no key, nobody's id
    "insight_cells",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("identity", Text, nullable=False, index=True),  # SHA-256 of SQL and purpose
    Column("cell", Text, nullable=False),  # keyed hash of the cell's keys
    Column("shown", Boolean, nullable=False),  # else withheld to hide another
    Column("sketch", LargeBinary, nullable=False),  # 128 buckets: keyed hashes of who brought what, combined
    Column("leaf", BigInteger, nullable=False),  # of the log entry of the release
)

releases_kept = Table(  # answers by noise that may be shown again to the same question, until they are too old
    "releases_kept",
    metadata,
    Column(
        "question", Text, primary_key=True
    ),  # SHA-256 of policy version, purpose, SQL, parameters and what was asked
    Column("as_of", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("leaf", BigInteger, nullable=False),  # of the log entry of the release
    Column("told", Text, nullable=False),  # JSON: accuracy, clipping, loss, stamp, coverage, notes
    Column("rows", LargeBinary, nullable=False),  # the released values as an Arrow stream
)

caps_kept = Table(  # norms that were drawn for a question, until they are too old
    "caps_kept",
    metadata,
    Column("question", Text, primary_key=True),  # SHA-256 of policy version, purpose, SQL and parameters
    Column("until", Instant, nullable=False),
    Column("leaf", BigInteger, nullable=False),  # of the log entry of the draw
    Column("caps", Text, nullable=False),  # JSON: block to measure to the norm, in units of the measure's scale
)

# -- web -------------------------------------------------------------------------------------------------------------

api_tokens = Table(  # what programs show to be let in; only a keyed hash of each is kept
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # space-separated
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("person", Text),  # whose roles it asks with, where it may ask questions
)

api_replies = Table(  # answers to requests with an idempotency key, to be given again to the same request
    "api_replies",
    metadata,
    Column("token", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request", LargeBinary, nullable=False),  # SHA-256 of method, path and body
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

# -- audit ---------------------------------------------------------------------------------------------------------

log_head = Table(  # one row, locked last in a writing transaction, so leaf indexes have no gaps
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),  # hashes of the perfect subtrees, largest first
)

log_entries = Table(
    "log_entries",
    metadata,
    Column("leaf", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),  # the bytes that were hashed, verbatim
    Column("leaf_hash", LargeBinary, nullable=False),
)

log_details = Table(  # erasable: the entry keeps only H(nonce || details)
    "log_details",
    metadata,
    Column("leaf", BigInteger, primary_key=True, autoincrement=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("details", LargeBinary, nullable=False),
)

log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
)
