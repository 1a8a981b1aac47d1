"""Codes and links by which people show who they are: made, sent to a contact that is held, and tried. Not: deciding.

What is asked for is put the same way whether the person is known, has a contact, or was sent too many already: one row
and one job. Only the worker looks at the data, so that neither the answer nor its time tells who is known. The secret
of a challenge is derived from its id under a key outside the database and kept nowhere; the row has its keyed hash.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from pellucid.policy.addresses import is_address
from pellucid.records import jobs
from pellucid.records.jobs import SECOND
from pellucid.records.rights_tables import identity_challenges
from pellucid.rights.challenge_limits import DAY, may_be_sent, may_take, sent_for_requests
from pellucid.rights.challenged import SIGN_IN, Challenged, challenged

JOB = "identity-challenge"
CODE, LINK = "code", "link"
KINDS = (CODE, LINK)
DIGITS = 8
LASTS = 600 * SECOND
MOST_TRIES = 5
"""Wrong answers after which a challenge is dead: with 8 digits one in 20 million guesses right."""

PER_REQUEST = 6
"""Challenges of one request in a day; more are refused, whoever it is about."""

KEY_CONTEXT = b"pellucid identity challenge v1\0"
EMAIL = "email"
LONGEST_SECRET = 100
_NO_DIGEST = bytes(32)
_SAME_HOSTS = {"googlemail.com": "gmail.com"}
"""Hosts of mail that have two names, each mailbox under both: that of Google, where another had its name first."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that is held of a person: its channel, the address, and the `dataset.column` that it stands in."""

    channel: str
    address: str = field(repr=False)
    column: str


Contacts = Callable[[str, int], Sequence[Contact]]
"""Reads the contacts that are held of a subject, by namespace and id. Never what a requester gave."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of an answer: whether it was right, and how many distinct contacts have now been shown.

    `counts` says that it was one of the few tries of a challenge: only these are logged, so that nobody floods the log.
    """

    right: bool
    contacts: int
    challenge: str
    counts: bool


def challenge_key(workspace_key: bytes) -> bytes:
    """Return the key for challenges, derived from one of the workspace's that is backed up: a new one would make a
    contact that was shown before look like a second.
    """
    return hmac.digest(workspace_key, KEY_CONTEXT, "sha256")


def too_many(connection: Connection, request: str, per_hour: int, now: int) -> str | None:
    """Return why no further challenge of a request is made: `request`, or `all` in this hour; None if one may be.

    Neither depends on who the request is about. Only what was sent counts for all.
    """
    of_request = identity_challenges.c.request == request
    made = select(func.count()).where(of_request, identity_challenges.c.made_at > now - DAY)
    if (connection.scalar(made) or 0) >= PER_REQUEST:
        return "request"
    return "all" if sent_for_requests(connection, now) >= per_hour else None


def put(connection: Connection, key: bytes, request: str, kind: str, now: int) -> str:
    """Put a challenge and the job that sends it; earlier ones of the request end. Returns its id."""
    earlier = update(identity_challenges).where(
        identity_challenges.c.request == request, identity_challenges.c.expires_at > now
    )
    connection.execute(earlier.values(expires_at=now))
    id = secrets.token_hex(16)
    values = {
        "id": id,
        "request": request,
        "kind": kind,
        "digest": _digest(key, id, request, secret_of(key, id, kind)),
        "strength": 1,
        "attempts": 0,
        "made_at": _after_all(connection, request, now),
        "expires_at": now + LASTS,
    }
    connection.execute(insert(identity_challenges).values(values))
    jobs.put(connection, JOB, id, now)
    return id


def secret_of(key: bytes, id: str, kind: str) -> str:
    """Return what a challenge asks for: 8 digits, or 256 bits for a link."""
    drawn = hmac.digest(key, f"secret\0{kind}\0{id}".encode(), "sha256")
    if kind == LINK:
        return base64.urlsafe_b64encode(drawn).decode().rstrip("=")
    return f"{int.from_bytes(drawn) % 10**DIGITS:0{DIGITS}}"


def attempt(connection: Connection, key: bytes, request: str, given: str, now: int) -> Tried:
    """Try an answer to the newest challenge of a request, in the caller's write transaction: a wrong one is counted.

    All is worked out whatever is wrong, so that the time it takes tells nothing. Right is an answer only once, within
    its time, before too many wrong ones, and for what is under way about somebody known.
    """
    row = _newest(connection, request)
    id = "" if row is None else row.id
    digest = _digest(key, id, request, "".join(given[:LONGEST_SECRET].split()))
    same = hmac.compare_digest(digest, _NO_DIGEST if row is None else bytes(row.digest))
    if request.startswith(SIGN_IN):  # whose mail holds a link too
        same |= hmac.compare_digest(digest, _digest(key, id, request, secret_of(key, id, LINK)))
    asked = challenged(connection, request, now)
    right = same & _is_live(row, now) & (asked is not None and asked.waits and asked.subject is not None)
    if row is not None:
        changed = {"used_at": now} if right else {"attempts": row.attempts + 1}
        connection.execute(update(identity_challenges).where(identity_challenges.c.id == id).values(changed))
    return Tried(right, len(shown_contacts(connection, request)), id, row is not None and row.attempts < MOST_TRIES)


def shown_contacts(connection: Connection, request: str, since: int = 0) -> set[bytes]:
    """Return the distinct mailboxes, as keyed hashes, through which the person has shown who they are since then."""
    used = select(identity_challenges.c.contact).where(
        identity_challenges.c.request == request,
        identity_challenges.c.used_at >= since,
        identity_challenges.c.contact.is_not(None),
    )
    return {bytes(contact) for contact in connection.scalars(used)}


def forget_shown(connection: Connection, request: str, now: int) -> None:
    """Let no code of a request hold any longer, and what was shown for it by codes before count no more."""
    same = identity_challenges.c.request == request
    connection.execute(update(identity_challenges).where(same).values(contact=None))
    live = identity_challenges.c.expires_at > now
    connection.execute(update(identity_challenges).where(same, live).values(expires_at=now))


def choose(
    connection: Connection,
    key: bytes,
    challenge: Row[Any],
    asked: Challenged,
    held: Sequence[Contact],
    per_hour: int,
    now: int,
) -> tuple[Contact, bytes] | None:
    """Return the contact that a challenge goes to, with its keyed hash; None: to none.

    That is the one it was sent to already, if it is sent again; else one not shown yet, those first that the fewest
    challenges of this request went to; and only if one more may be sent (`rights.challenge_limits`).
    """
    usable = {mailbox(key, each.address): each for each in held if each.channel == EMAIL and is_address(each.address)}
    if challenge.contact is not None:
        kept = bytes(challenge.contact)
        return (usable[kept], kept) if kept in usable else None
    if not may_be_sent(connection, asked, per_hour, now):
        return None
    tried = Counter(
        bytes(contact)
        for contact in connection.scalars(
            select(identity_challenges.c.contact).where(
                identity_challenges.c.request == challenge.request, identity_challenges.c.contact.is_not(None)
            )
        )
    )
    shown = shown_contacts(connection, challenge.request)
    waiting = [each for each in usable if each not in shown and may_take(connection, asked, each, now)]
    chosen = min(waiting, key=lambda each: tried[each], default=None)
    return None if chosen is None else (usable[chosen], chosen)


def mailbox(key: bytes, address: str) -> bytes:
    """Return a keyed hash that is the same for all spellings of an address that may be one mailbox.

    Case, dots and what follows a plus often make no difference, nor does which of two names a host is written by; two
    that are one person's must not count as two.
    """
    local, _, domain = address.casefold().rpartition("@")
    plain = local.partition("+")[0].replace(".", "")
    return hmac.digest(key, f"mailbox\0{plain}@{_SAME_HOSTS.get(domain, domain)}".encode(), "sha256")


def _is_live(row: Row[Any] | None, now: int) -> bool:
    return (
        row is not None
        and row.used_at is None
        and row.sent_at is not None
        and row.made_at - SECOND <= now < row.expires_at  # a clock set back by more ends it
        and row.attempts < MOST_TRIES
    )


def _newest(connection: Connection, request: str) -> Row[Any] | None:
    made = select(identity_challenges).where(identity_challenges.c.request == request)
    return connection.execute(made.order_by(identity_challenges.c.made_at.desc()).limit(1)).one_or_none()


def _after_all(connection: Connection, request: str, now: int) -> int:
    """Return an instant after every challenge of the request, whatever the clock says: the newest is the one tried."""
    row = _newest(connection, request)
    return now if row is None else max(now, row.made_at + 1)


def _digest(key: bytes, id: str, request: str, secret: str) -> bytes:
    said = "\0".join(("digest", id, request, secret))
    return hmac.digest(key, said.encode("utf-8", "surrogatepass"), "sha256")
