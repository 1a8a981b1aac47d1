"""A package of everything held about a person, or of what they may take along (GDPR Art. 15, 20; CCPA 1798.110, .130).

What it says is of one moment: the control database is read in one transaction, and the generations published then are
leased and never change. Files are whole or not there, the manifest comes last, and a run that died is gone on with,
unless what it rests on is gone. Memory does not grow with the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.engines.base import Holding
from pellucid.errors import InputInvalid, NameUnknown, PellucidError, WorkspaceUnusable
from pellucid.failpoints import reach
from pellucid.holdings import leases
from pellucid.holdings.publish import datasets_with, published
from pellucid.policy.model import Actor, Dataset, Policy
from pellucid.records.database import Database
from pellucid.rights.asking import WITHOUT_SENSITIVE
from pellucid.rights.draft import Draft, alone, clear
from pellucid.rights.gather import Gathered, gather
from pellucid.rights.packages import ARCHIVE, DAY, FOLDER, Package, begin, finish, package_of
from pellucid.rights.request import Request, Right, unverified
from pellucid.rights.row_files import write_person_rows
from pellucid.rights.seal import Sealed, seal
from pellucid.rights.sections import strength_of
from pellucid.rights.uses import UsesOf
from pellucid.subjects import ids
from pellucid.subjects.keys import SubjectKeys
from pellucid.subjects.links import Identity, certain_identities

if TYPE_CHECKING:
    from pellucid.audit.keys import SigningKey
    from pellucid.engines.duckdb_person import DuckDBPerson

RIGHTS = frozenset({Right.ACCESS, Right.PORTABILITY})
ATTEMPTS = 3
"""How often a package is begun anew because the person's identities changed while it was made."""


@dataclass(frozen=True, slots=True)
class AccessParts:
    """What making packages needs; `folder` is the workspace, `days` how long a package waits.

    `uses` tells how a person's data were used, `ready` is called before it is asked, outside any transaction.
    """

    database: Database
    folder: Path
    keys: SubjectKeys
    signing_key: Callable[[], SigningKey]
    active_policy: Callable[[Connection], Policy | None]
    open_person: Callable[[Sequence[Holding]], DuckDBPerson]
    days: int
    uses: UsesOf
    ready: Callable[[], object]


def fulfil(parts: AccessParts, request: Request, actor: Actor, now: int) -> Mapping[str, object]:
    """Make the package that a request asks for, or say which was made; safe to repeat, and goes on after a crash.

    Returns its id, the digest of its manifest and when it expires. Raises InputInvalid (`request-unverified`,
    `request-state`) for who may not have it, logged; NameUnknown if the person was erased.
    """
    try:
        _demand_allowed(parts, request)
    except InputInvalid as error:
        body = {"request": request.id, "right": request.right.value, "reasons": [error.code], "outcome": "refused"}
        with parts.database.write() as connection:
            append(connection, AuditEntry("access.package-refused", actor, now, body=body))
        raise
    with parts.database.read() as connection:
        found = package_of(connection, request.id)
    if found is not None and found.waits(now) and (parts.folder / found.path / ARCHIVE).is_file():
        clear(parts.folder / found.path, keep=ARCHIVE)  # a crash may have left the files beside it
        return told(found)
    for _ in range(ATTEMPTS):
        made = _attempt(parts, request, actor, now)
        if made is not None:
            return told(made)
    raise InputInvalid(
        "The person's identities, or what is held about them, changed each time while the package was made.",
        remedy="Try again.",
        code="package-overtaken",
    )


def strength_needed(connection: Connection, policy: Policy, request: Request) -> int:
    """Return how well a person has to be known for a request: better where they have rows that may be sensitive, unless
    these are left out.
    """
    if request.subject is None or request.asked.get(WITHOUT_SENSITIVE):
        return request.strength
    identities = certain_identities(connection, (request.namespace, request.subject))
    return max(request.strength, strength_of(request.right, datasets_about(connection, policy, identities)))


def datasets_about(connection: Connection, policy: Policy, identities: Sequence[Identity]) -> list[Dataset]:
    """Return the datasets in whose published generations the person has rows, by name."""
    found = frozenset[str]().union(*(datasets_with(connection, *each) for each in identities))
    return [policy.datasets[name] for name in sorted(found) if name in policy.datasets]


def demand_policy(parts: AccessParts, connection: Connection) -> Policy:
    """Return the policy in force; raises WorkspaceUnusable where there is none."""
    policy = parts.active_policy(connection)
    if policy is None:
        raise WorkspaceUnusable(
            "No policy is in force in this workspace.",
            code="policy-missing",
            remedy="Run `pellucid policy check`, then `pellucid policy activate`.",
        )
    return policy


def _demand_allowed(parts: AccessParts, request: Request) -> None:
    if request.right not in RIGHTS:
        raise InputInvalid(
            f"The request {request.id} asks for {request.right.value}, not for a package.",
            remedy=f"Packages answer requests for {' and '.join(sorted(RIGHTS))}.",
            code="request-right",
        )
    if not request.known:
        raise unverified(request)
    with parts.database.read() as connection:
        needed = strength_needed(connection, demand_policy(parts, connection), request)
    if request.verified_strength < needed:
        raise InputInvalid(
            f"Who makes the request {request.id} is not known well enough to be given sensitive data: strength "
            f"{request.verified_strength} was shown, {needed} is needed.",
            remedy=f"Let them show it: pellucid requests verify {request.id}.",
            code="request-unverified",
        )
    if not request.ready:
        raise InputInvalid(
            f"The request {request.id} cannot be fulfilled: it is {request.state.value}.",
            remedy=f"Look at it: pellucid requests show {request.id}.",
            code="request-state",
        )


def _attempt(parts: AccessParts, request: Request, actor: Actor, now: int) -> Package | None:
    """Make the package once; None if the person changed meanwhile, and all has to be made anew."""
    # 1. Note that it is being made.
    with parts.database.write() as connection:
        person = _person(connection, request)
        package = package_of(connection, request.id)
        if package is None or package.digest is not None or package.expires_at <= now:
            package = begin(connection, request.id, parts.days, now)
        pseudonyms = {each: parts.keys.pseudonym(connection, *each) for each in person}
        policy = demand_policy(parts, connection)
    reach("package.begun")
    with alone(parts.folder, FOLDER, package.id) as place:
        # 2. Say what is held at one moment; or go on with what was said before a crash.
        draft = Draft(place)
        gathered = draft.kept(policy, person, since=now - DAY)
        taken = None if gathered is None else _leased(parts, gathered, now)
        if gathered is None or taken is None:
            clear(place)
            gathered = _gathered(parts, request, draft, package, pseudonyms, now)
            reach("package.gathered")
            # 3. Hold the generations that were published at that moment.
            taken = None if gathered is None else _leased(parts, gathered, now)
        if gathered is None or taken is None:
            clear(place)
            return None
        reach("package.leased")
        try:
            # 4. Write the rows of each dataset that is not there yet.
            _write_rows(parts, gathered, draft)
            # 5. Describe, sign and pack the files.
            sealed = seal(draft, gathered, parts.signing_key())
            # 6. The person is still who they were, and nobody removed it: it counts, and is logged, together.
            done = _finished(parts, request, package, gathered, sealed, actor, now)
        finally:
            with parts.database.write() as connection:
                leases.release(connection, taken)
        if done is None:
            clear(place)
            return None
        reach("package.after-commit")
        clear(place, keep=ARCHIVE)
        return done


def _person(connection: Connection, request: Request) -> tuple[Identity, ...]:
    """Return the identities that are certainly this person's and are held; raises NameUnknown once erased."""
    if request.subject is None or ids.natural_key(connection, request.namespace, request.subject) is None:
        raise NameUnknown("person of the request", request.id, remedy="Nobody is known by it, or they were erased.")
    found = certain_identities(connection, (request.namespace, request.subject))
    return tuple(each for each in found if ids.natural_key(connection, *each) is not None)


def _gathered(
    parts: AccessParts,
    request: Request,
    draft: Draft,
    package: Package,
    pseudonyms: Mapping[Identity, str],
    now: int,
) -> Gathered | None:
    parts.ready()
    with parts.database.read() as connection:
        if _person(connection, request) != tuple(pseudonyms):
            return None
        policy = demand_policy(parts, connection)
        holdings = published(connection, parts.folder)
        found = gather(connection, policy, request, holdings, pseudonyms, draft.files, package.id, now, parts.uses)
    draft.keep(found)
    return found


def _leased(parts: AccessParts, gathered: Gathered, now: int) -> tuple[str, ...] | None:
    """Hold what the package rests on for a day; None where some of it is gone."""
    try:
        with parts.database.write() as connection:
            return leases.lease(connection, gathered.holdings(parts.folder), until=now + DAY)
    except WorkspaceUnusable as error:
        if error.code != "generation-gone":
            raise
        return None


def _write_rows(parts: AccessParts, gathered: Gathered, draft: Draft) -> None:
    holdings = {each.dataset: each for each in gathered.holdings(parts.folder)}
    missing = [each for each in gathered.sections if not draft.rows_of(each).complete]
    if not missing:
        return
    with parts.open_person([holdings[each.dataset.name] for each in missing]) as engine:
        for section in missing:
            write_person_rows(draft.rows_of(section), engine.rows(section.wanted(holdings[section.dataset.name])))


def _finished(
    parts: AccessParts,
    request: Request,
    package: Package,
    gathered: Gathered,
    sealed: Sealed,
    actor: Actor,
    now: int,
) -> Package | None:
    with parts.database.write() as connection:
        try:
            same = _person(connection, request) == gathered.identities
        except PellucidError:  # erased meanwhile: nothing is handed over
            same = False
        expires_at = now + parts.days * DAY
        if not same or not finish(connection, package, sealed.digest, expires_at):
            return None
        pseudonym = parts.keys.pseudonym(connection, request.namespace, gathered.subject_of(request))
        body = {
            "package": package.id,
            "request": request.id,
            "right": request.right.value,
            "manifest": sealed.digest,
            "rows": dict(sealed.rows),
            "expires_at": expires_at,
        }
        stamp = gathered.stamp()
        append(connection, AuditEntry("access.package-made", actor, now, subject=pseudonym, stamp=stamp, body=body))
        reach("package.before-commit")
        return package_of(connection, request.id)


def told(package: Package) -> dict[str, object]:
    """Return what is told of a package to whoever asked for it to be made: nothing personal, and no secret."""
    return {"package": package.id, "manifest": package.digest, "expires_at": package.expires_at}
