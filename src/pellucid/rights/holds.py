"""Legal holds: what may neither be erased nor expire for a while, because a claim or a law needs it.

A hold is on a person, on a dataset, or on a person's rows of a dataset. A person's other identities are held with them.
It keeps nobody in any question: who is erased has left, and only the rows wait.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection, insert, or_, select, update

from pellucid.audit.entry import AuditEntry, LogReceipt
from pellucid.audit.log import append
from pellucid.errors import InputInvalid, NameUnknown
from pellucid.policy.model import Actor, LegalBasis
from pellucid.records.rights_tables import legal_holds
from pellucid.rights.people import Ids
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import Identity, certain_identities

CLAIMS = "legal_claims"
"""GDPR Art. 17(3)(e): establishing, exercising or defending legal claims."""
BASES = (CLAIMS, LegalBasis.LEGAL_OBLIGATION.value)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that stands: on whom or what, why, on which basis, until when (UTC µs; None: until it is released)."""

    id: str
    identity: Identity | None
    dataset: str | None
    reason: str
    basis: str
    since: int
    until: int | None

    def concerns(self, dataset: str) -> bool:
        """Return whether it is on rows of this dataset."""
        return self.dataset in (None, dataset)


def place_hold(
    connection: Connection,
    keys: SubjectKeys,
    *,
    identity: Identity | None,
    dataset: str | None,
    reason: str,
    basis: str,
    until: int | None,
    actor: Actor,
    now: int,
) -> Hold:
    """Place a hold, in the caller's write transaction. Raises InputInvalid."""
    if identity is None and dataset is None:
        raise InputInvalid("A hold is on somebody or something.", remedy="Name a person, a dataset, or both.")
    if not reason.strip():
        raise InputInvalid(
            "A hold needs its reason.", remedy="Say which claim or law needs the data.", code="no-reason"
        )
    if basis not in BASES:
        raise InputInvalid(
            f"A hold rests on {' or '.join(BASES)}: got {basis!r}.", remedy="Name one of them.", code="hold-basis"
        )
    if until is not None and until <= now:
        raise InputInvalid("A hold ends later than now.", remedy="Name a later day, or none.", code="hold-over")
    hold = Hold(secrets.token_hex(8), identity, dataset, reason, basis, now, until)
    space, subject = identity if identity is not None else (None, None)
    connection.execute(
        insert(legal_holds).values(
            id=hold.id,
            namespace=space,
            subject=subject,
            dataset=dataset,
            reason=reason,
            basis=basis,
            since=now,
            until=until,
            made_by=actor.name,
        )
    )
    pseudonym = None if identity is None else keys.pseudonym(connection, *identity)
    body = {"hold": hold.id, "dataset": dataset, "basis": basis, "until": until}
    append(connection, AuditEntry("hold.placed", actor, now, subject=pseudonym, body=body, details={"reason": reason}))
    return hold


def release_hold(connection: Connection, hold: str, actor: Actor, now: int) -> LogReceipt:
    """Release a hold, in the caller's write transaction; raises NameUnknown for one that does not stand."""
    standing = (legal_holds.c.id == hold, legal_holds.c.released_at.is_(None))
    done = update(legal_holds).where(*standing).values(released_at=now, released_by=actor.name)
    if not connection.execute(done).rowcount:
        raise NameUnknown("hold", hold, remedy="See `pellucid hold list`.")
    return append(connection, AuditEntry("hold.released", actor, now, body={"hold": hold}))


def holds(connection: Connection, now: int) -> list[Hold]:
    """Return the holds that stand, the oldest first."""
    columns = legal_holds.c
    live = (columns.released_at.is_(None), or_(columns.until.is_(None), columns.until > now))
    return [
        Hold(
            row.id,
            None if row.subject is None else (row.namespace, row.subject),
            row.dataset,
            row.reason,
            row.basis,
            row.since,
            row.until,
        )
        for row in connection.execute(select(legal_holds).where(*live).order_by(columns.since, columns.id))
    ]


def reaching(connection: Connection, now: int) -> list[Hold]:
    """Return the holds that stand, those on a person for each identity that is certainly theirs, the oldest first."""
    return [
        replace(hold, identity=identity)
        for hold in holds(connection, now)
        for identity in ((None,) if hold.identity is None else certain_identities(connection, hold.identity))
    ]


def held_whole(standing: list[Hold], dataset: str) -> Hold | None:
    """Return a hold on a whole dataset."""
    return next((each for each in standing if each.identity is None and each.dataset == dataset), None)


def without_held(standing: list[Hold], dataset: str, people: Mapping[str, Ids]) -> dict[str, Ids]:
    """Return those of these people whose rows of a dataset nothing holds; nobody if the dataset is held."""
    if held_whole(standing, dataset) is not None:
        return {}
    found = {}
    for namespace, ids in people.items():
        held = [each.identity[1] for each in standing if _is_on(each, dataset, namespace) and each.identity is not None]
        left = np.setdiff1d(ids, np.array(held, np.int64))
        if len(left):
            found[namespace] = left
    return found


def held_people(standing: list[Hold], dataset: str) -> dict[str, Ids]:
    """Return whose rows of a dataset are held."""
    found: dict[str, list[int]] = {}
    for each in standing:
        if each.identity is not None and each.concerns(dataset):
            found.setdefault(each.identity[0], []).append(each.identity[1])
    return {namespace: np.array(sorted(set(ids)), np.int64) for namespace, ids in found.items()}


def _is_on(hold: Hold, dataset: str, namespace: str) -> bool:
    return hold.identity is not None and hold.identity[0] == namespace and hold.concerns(dataset)
