"""The tables of those who come with a browser: their sessions, how they signed in, and the accounts of the staff.

Customers and staff come in by two doors, whose rows are in two tables: neither's session is ever looked for among the
other's. Of every secret only a keyed hash is kept. Statements over these tables stand beside their use cases.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from pellucid.records.columns import Instant
from pellucid.records.tables import metadata

web_sessions = Table(  # customers in the privacy centre
    "web_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("namespace", Text, nullable=False),
    Column("subject", BigInteger, nullable=False),
    Column("how", Text, nullable=False),  # code | link | handover | openid
    Column("strength", Integer, nullable=False),  # how well the person is known by it
    Column("address", LargeBinary),  # keyed hash of person and address: from where they came in before
    Column("made_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),  # whatever is done meanwhile
    Column("ended_at", Instant),
)
Index("web_sessions_subject", web_sessions.c.namespace, web_sessions.c.subject)

staff_sessions = Table(  # staff in the console
    "staff_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("person", Text, nullable=False, index=True),
    Column("how", Text, nullable=False),  # account | openid
    Column("strength", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

sign_ins = Table(  # a customer who asked for a code to come in; whoever is unknown has a row too
    "sign_ins",
    metadata,
    Column("id", Text, primary_key=True),
    Column("namespace", Text, nullable=False),
    Column("subject", BigInteger),  # NULL: nobody we know
    Column("browser", LargeBinary, nullable=False, index=True),  # keyed hash of the cookie of who asked
    Column("address", LargeBinary, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("network", LargeBinary),  # keyed hash of the net they asked from, whoever for; NULL: before schema 0010
)
Index("sign_ins_subject", sign_ins.c.namespace, sign_ins.c.subject)

sign_in_waits = Table(  # wrong answers, by account and address together
    "sign_in_waits",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False, index=True),
    Column("until", Instant, nullable=False),
)

sign_in_marks = Table(  # what may be shown once only: ids of hand-overs
    "sign_in_marks",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("until", Instant, nullable=False, index=True),
)

staff_accounts = Table(  # by which members of the staff sign in without a provider; their roles are the policy's
    "staff_accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password", Text, nullable=False),  # Argon2id, with its parameters
    Column("totp", LargeBinary, nullable=False),  # sealed under the workspace's key
    Column("totp_step", BigInteger, nullable=False),  # the last that was taken: none is taken twice
    Column("recovery", Text, nullable=False),  # JSON: keyed hashes of the codes that are left
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)

staff_invitations = Table(  # by which members of the staff make their accounts themselves; rows stay: who invited whom
    "staff_invitations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),  # keyed hash of what stands in the link
    Column("person", Text, nullable=False, index=True),
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("browser", LargeBinary),  # keyed hash of the cookie of the one browser that took it
    Column("password", Text),  # Argon2id; like the secrets only until the account is made
    Column("secrets", LargeBinary),  # sealed under the workspace's key
    Column("used_at", Instant),  # when the account was made
    Column("ended_at", Instant),
)

delegations = Table(  # who may act for somebody else in the privacy centre: a guardian, or an agent they authorised
    "delegations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # guardian | agent
    Column("namespace", Text, nullable=False),  # for whom
    Column("subject", BigInteger, nullable=False),
    Column("other_namespace", Text, nullable=False),  # who acts
    Column("other", BigInteger, nullable=False),
    Column("evidence", Text, nullable=False),  # where the proof lies
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("until", Instant),
    Column("ended_at", Instant),
    Column("ended_by", Text),
)
Index("delegations_subject", delegations.c.namespace, delegations.c.subject)
Index("delegations_other", delegations.c.other_namespace, delegations.c.other)

acting_sessions = Table(  # for whom somebody acts in a session of the privacy centre
    "acting_sessions",
    metadata,
    Column("session", Text, primary_key=True),
    Column("delegation", Text, nullable=False, index=True),
)

visitors = Table(  # what somebody chose who is not signed in; about nobody, and deleted when it is over
    "visitors",
    metadata,
    Column("id", Text, primary_key=True),  # random; what the log calls it
    Column("digest", LargeBinary, nullable=False, unique=True),  # keyed hash of the secret of their cookie
    Column("second", LargeBinary, unique=True),  # likewise, under another host of the company
    Column("choices", Text, nullable=False),  # JSON: the last one by purpose
    Column("fresh", Integer, nullable=False),  # 1: something was chosen since it was last joined to an account
    Column("session", Text, index=True),  # to which it was joined: it has ended, and is only shown
    Column("made_at", Instant, nullable=False, index=True),
    Column("ends_at", Instant, nullable=False, index=True),
)
