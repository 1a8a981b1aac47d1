"""The tables of people's requests, of erasures, and of the work that they make; the others are in `records.tables`.

Statements over these tables stand beside the use case that gives them meaning.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from pellucid.records.columns import Instant
from pellucid.records.tables import metadata

rights_requests = Table(  # a person's request: what is asked, where it stands, when it is due
    "rights_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("right", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("subject", BigInteger),  # NULL: nobody we know, or erased since
    Column("canonical", Text),  # of a duplicate: the request that it joined
    Column("by_whom", Text, nullable=False),  # self | guardian | agent
    Column("proof", Text),  # where the proof lies that a guardian or agent may ask
    Column("channel", Text, nullable=False),
    Column("strength", Integer, nullable=False),  # how well the person has to be known for it
    Column("state", Text, nullable=False, index=True),
    Column("reason", Text, nullable=False),  # of the state, in the Data Rights Protocol's words; or empty
    Column("verification", Text, nullable=False),  # none | asked | shown | failed
    Column("verified_how", Text),
    Column("verified_strength", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("acknowledged_at", Instant),
    Column("verified_at", Instant),
    Column("approved_at", Instant),
    Column("closed_at", Instant),
    Column("due", Text, nullable=False),  # YYYY-MM-DD, the last day; or empty where no law gives one
    Column("extended", Text),  # why it takes longer
    Column("asked", LargeBinary),  # JSON: what is asked in detail; gone once the request is closed
    Column("agent", Text),  # who asks for the person by machine, and under which id
    Column("agent_request", Text),
    Column("status_callback", Text),  # where the agent is told of each change; gone once the request is closed
    Column("keep_until", Instant),  # of a closed request
)
Index("rights_requests_subject", rights_requests.c.namespace, rights_requests.c.subject, rights_requests.c.right)

rights_events = Table(  # what happened to a request; rows are added and never changed
    "rights_events",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("request", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("told", Text, nullable=False),  # JSON without personal data
)

identity_challenges = Table(  # codes and links sent to a contact already held; only a keyed hash of each is kept
    "identity_challenges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),  # code | link
    Column("digest", LargeBinary, nullable=False),
    Column("contact", LargeBinary),  # keyed hash of the mailbox that it was sent to; NULL: sent to nobody
    Column("strength", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("made_at", Instant, nullable=False, index=True),
    Column("expires_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("used_at", Instant),
)

legal_holds = Table(  # what may not be erased or let expire meanwhile, and why
    "legal_holds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("namespace", Text),  # with a subject: one person; without: a whole dataset
    Column("subject", BigInteger),
    Column("dataset", Text),
    Column("reason", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant),
    Column("made_by", Text, nullable=False),
    Column("released_at", Instant),
    Column("released_by", Text),
)

erasures = Table(  # one run of the spine, for a request or by retention
    "erasures",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # erasure | retention
    Column("state", Text, nullable=False),  # running | done
    Column("step", Integer, nullable=False),  # the last step that was done
    Column("made_by", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("receipt", LargeBinary),  # signed
)

erasure_people = Table(
    "erasure_people",
    metadata,
    Column("erasure", Text, primary_key=True),
    Column("namespace", Text, primary_key=True),
    Column("subject", BigInteger, primary_key=True),
    Column("request", Text, index=True),
    Column("natural_key", Text),  # what is searched for in bytes; NULL once all is done
    Column("pseudonym", Text, nullable=False),
)

erasure_parts = Table(  # each thing that the plan names, and what became of it
    "erasure_parts",
    metadata,
    Column("erasure", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("decision", Text, nullable=False),  # erase | anonymise | keep | unreachable
    Column("until", Instant),
    Column("basis", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),  # open | done
    Column("done_at", Instant),
    Column("told", Text, nullable=False),  # JSON without personal data: counts, generations
)

tombstones = Table(  # identifiers that were erased, as keyed hashes: rows from before may not come in again
    "tombstones",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("erasure", Text, nullable=False),
    Column("erased_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("basis", Text, nullable=False),
    Column("returned_at", Instant),  # the person came back
)

kept_evidence = Table(  # what proves that it was lawful, kept apart after erasure under no name
    "kept_evidence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("erasure", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("basis", Text, nullable=False),
    Column("until", Instant, nullable=False),
)

statements = Table(  # what a person says beside what is held of them (Art. 16): shown and erased with it
    "statements",
    metadata,
    Column("request", Text, primary_key=True),
    Column("part", Integer, primary_key=True),  # of what the request asks
    Column("namespace", Text, nullable=False),
    Column("subject", BigInteger, nullable=False),
    Column("dataset", Text),  # NULL: all that is held
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
Index("statements_subject", statements.c.namespace, statements.c.subject)

packages = Table(  # access packages that wait to be fetched
    "packages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request", Text, nullable=False, index=True),
    Column("path", Text, nullable=False),  # below the workspace
    Column("digest", Text),  # SHA-256 of the manifest; NULL: not finished
    Column("token", LargeBinary),  # keyed hash of the link
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("fetched_at", Instant),
    Column("removed_at", Instant),
)

agents = Table(  # who may file requests by machine (Data Rights Protocol), with their Ed25519 keys
    "agents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("token", LargeBinary),  # keyed hash of what the agent shows after key setup
    Column("callback_host", Text),  # HOST or HOST:PORT, the only one that its status callbacks may go to
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

agent_messages = Table(  # signed messages that were taken, so that none is taken twice
    "agent_messages",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("until", Instant, nullable=False, index=True),
    Column("request", Text),
)

derived_builds = Table(  # tables made by a governed question, and of which state
    "derived_builds",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("question", Text, nullable=False),  # SHA-256 of SQL and purpose
    Column("stamp", Text, nullable=False),  # JSON: register version, policy, laws, generations read
    Column("built_at", Instant, nullable=False),
)

# -- work ------------------------------------------------------------------------------------------------------------

jobs = Table(  # what is due, to be done by whichever worker takes it first
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # due | done | given-up
    Column("attempts", Integer, nullable=False),
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    Column("error", Text),  # the code of the last failure
    Column("settled_at", Instant),
    UniqueConstraint("kind", "about"),
)
Index("jobs_due", jobs.c.state, jobs.c.due_at)

deliveries = Table(  # what goes out: mail to a person, word to a recipient; with what came back
    "deliveries",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # mail | recipient | callback
    Column("recipient", Text, nullable=False),  # a declared recipient's name, an agent's id; empty for mail
    Column("about", Text, nullable=False, index=True),
    Column("content", LargeBinary),  # gone once it is settled
    Column("state", Text, nullable=False),  # due | sent | answered | given-up
    Column("answer", Text),
    Column("made_at", Instant, nullable=False),
    Column("settled_at", Instant),
)
