"""The tables of what people are told: published notices, messages, and an index of the log, so that one person's answer
needs no reading of all of it.

The index is made from the log alone and can be thrown away: it is then made anew. It names nobody. Statements over
these tables stand beside the use case that gives them meaning.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from pellucid.records.columns import Instant
from pellucid.records.tables import metadata

use_index = Table(  # one row: how far the log is read in, and by which rules
    "use_index",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("size", BigInteger, nullable=False),  # entries read
    Column("form", Integer, nullable=False),  # of the index: another one is made anew
)

use_kinds = Table(  # what entries say of a use but for when and over which data, each once
    "use_kinds",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("told", Text, nullable=False),  # JSON: action, purpose, roles, datasets, columns, bands of people
)

use_grounds = Table(  # generations of datasets, policy and laws that entries rest on, each once
    "use_grounds",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("told", Text, nullable=False),  # JSON
)

use_pairs = Table(  # which kinds of use there were on which ground
    "use_pairs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", Integer, nullable=False),
    Column("ground", Integer, nullable=False),
)

use_entries = Table(
    "use_entries",
    metadata,
    Column("leaf", BigInteger, primary_key=True, autoincrement=False),
    Column("pair", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("as_of", Instant),
    Column("register", BigInteger),  # version of the register that was used
    Column("after", BigInteger),  # of choices that were handed out: those after this place
    Column("until", BigInteger),  # and up to this one
)
Index("use_entries_pair", use_entries.c.pair, use_entries.c.leaf)

use_about = Table(  # where entries about one person are: by 16 bits of the pseudonym, which the log holds whole
    "use_about",
    metadata,
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("leaf", BigInteger, primary_key=True, autoincrement=False),
)

messages_sent = Table(  # what people were sent, by pseudonym as in the log: counts, and what a link in it opens
    "messages_sent",
    metadata,
    Column("person", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("link", Text, nullable=False, unique=True),  # random; no link opens without the key
    Column("who", LargeBinary, nullable=False),  # sealed: namespace and id
)

message_choices = Table(  # kinds of messages that people do not want
    "message_choices",
    metadata,
    Column("person", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

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

notice_rounds = Table(  # of a publication that everybody is told of: how far the people of a namespace were looked at
    "notice_rounds",
    metadata,
    Column("publication", BigInteger, primary_key=True, autoincrement=False),
    Column("namespace", Text, primary_key=True),
    Column("people", BigInteger, nullable=False),  # ids below this were given by then; who came later saw the new one
    Column("place", BigInteger, nullable=False),  # ids below this were looked at in this pass
    Column("passes", Integer, nullable=False),  # how often all were looked at
    Column("put_off", BigInteger, nullable=False),  # people of this pass who may be told later
    Column("again_at", Instant),  # when the pass may go on; NULL: nobody is looked at any more
)
