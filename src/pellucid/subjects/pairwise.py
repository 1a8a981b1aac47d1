"""Ids by which a subject is known to one use only: made under their own key, tied to no other id of theirs.

An id for receipts says nothing to somebody who knows the natural key or the pseudonym in the log, and is another at
every controller, for each workspace gives a subject another key. Reads only: an id is not worth making a key for.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from sqlalchemy import Connection

from pellucid.errors import NameUnknown
from pellucid.subjects.keys import SubjectKeys

RECEIPTS_CONTEXT = b"pellucid subject in receipts v1\0"


def pairwise_id(
    connection: Connection, keys: SubjectKeys, namespace: str, subject: int, context: bytes = RECEIPTS_CONTEXT
) -> str:
    """Return the id (64 hex digits) of a subject for one use; raises NameUnknown where there is no key (any more)."""
    key = keys._held(connection, namespace, [subject]).get(subject)
    if key is None:
        raise NameUnknown(
            f"key of a subject in {namespace!r} with the id",
            str(subject),
            remedy="Of somebody who was erased, or about whom nothing was ever recorded, there is nothing to give.",
        )
    return hmac.new(key, context + namespace.encode() + b"\0" + str(subject).encode(), sha256).hexdigest()
