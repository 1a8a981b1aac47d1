"""Erasing people, verified, with proof: the numbered spine of ARCHITECTURE (c). Each step may be done again.

(1) plan, anew at each run         (5) read over a fresh connection, and search the bytes
(2) log the intent                 (6) tell recipients
(3) the person leaves              (7) destroy the key, log, sign the receipt
(4) sweep the datasets

Whatever stops it, `carry_on` goes on from there; nothing is said to be done before it was looked at. Who may ask for it
is decided by the caller.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, func, insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append, append_all
from pellucid.consent import leases, register
from pellucid.consent.facts import chunks
from pellucid.engines.needles import Needles
from pellucid.failpoints import reach
from pellucid.policy.model import Actor
from pellucid.records import leftovers
from pellucid.records.rights_tables import kept_evidence
from pellucid.records.tables import consent_records, subjects
from pellucid.rights import erasures, evidence, search, traces
from pellucid.rights.erasures import Erasure
from pellucid.rights.means import Means
from pellucid.rights.ours import needles_of
from pellucid.rights.people import (
    Person,
    enrol,
    enrolled,
    forget_texts,
    ids_by_namespace,
    note_texts,
    texts_in_data,
    whole,
)
from pellucid.rights.plan import ACCOUNTABLE, UNREACHABLE, Part, evidence_until, plan
from pellucid.rights.proof import digest_of, make_receipt
from pellucid.rights.remove import remove_packages, remove_spilt
from pellucid.rights.sweep import DAY, sweep
from pellucid.rights.waiting import waiting
from pellucid.subjects import tombstones
from pellucid.subjects.links import Identity

NOBODY: dict[str, object] = {
    "natural_key": None,
    "jurisdiction": None,
    "birth_year": None,
    "vulnerable": None,
    "estimated": None,
}
"""What is left of a subject's row: its number."""


def preview(means: Means, wanted: Iterable[Identity], now: int) -> list[Part]:
    """Return what an erasure of these people would do; changes nothing."""
    with means.place.database.read() as connection:
        members = whole(connection, [(each, None) for each in wanted])
        people = [Person(each, None, "", (_natural_key(connection, each),)) for each in sorted(members)]
    texts = texts_in_data(means, ids_by_namespace(people))
    with means.place.database.read() as connection:
        needles = needles_of(connection, people, texts)
    return [*plan(means, people, needles, now), *waiting(means, people, needles)]


def begin(means: Means, wanted: Sequence[tuple[Identity, str | None]], actor: Actor) -> str:
    """Begin an erasure of people, each with its request if there is one; return its id, or that of the one under way.

    Raises NameUnknown for somebody who is unknown or was erased.
    """
    now = means.clock()
    with means.place.database.write() as connection:
        under_way = {erasures.running_of(connection, identity) for identity, _ in wanted}
        if len(under_way) == 1 and None not in under_way:
            return str(under_way.pop())
        erasure = erasures.begin(connection, "erasure", actor, now)
        people = enrol(connection, means, erasure, whole(connection, wanted))
        # (2) log the intent
        body = {"erasure": erasure}
        told = [AuditEntry("erasure.begun", actor, now, subject=each.pseudonym, body=body) for each in people]
        erasures.reached(connection, erasure, 2)
        append_all(connection, told)
        reach("erase.begun")
    reach("erase.begun-committed")
    return erasure


def carry_on(means: Means, erasure: str, actor: Actor) -> Erasure:
    """Do what is left of an erasure and return where it stands; one that is done stays as it is.

    Raises DataRefused if an import is running or a dataset cannot be swept, and VerificationFailed if something of the
    people is left that should not be: run it again then.
    """
    database = means.place.database
    with database.read() as connection:
        found, people = erasures.get(connection, erasure), enrolled(connection, means, erasure)
    if found.state == erasures.DONE:
        return _receipted(means, found)
    # (1) plan
    people = _with_texts(means, erasure, people)
    with database.read() as connection:
        needles = needles_of(connection, people)
    now = means.clock()
    parts = [*plan(means, people, needles, now), *waiting(means, people, needles, erasure)]
    with database.write() as connection:
        erasures.put_parts(connection, erasure, parts, now)
    # (3) leave
    if found.step < 3:
        with database.write() as connection:
            _leave(connection, means, erasure, people, needles, actor)
            reach("erase.left")
        reach("erase.left-committed")
    leases.await_leases(database, None, means.clock, means.sleep)
    # (4) sweep
    sweep(means.place, means.policy, actor=actor, now=means.clock())
    _step(means, erasure, 4, ("dataset",))
    reach("erase.swept")
    # (5) verify
    _verify(means, erasure, people, needles)
    reach("erase.verified")
    # (6) tell
    _tell(means, erasure, people, needles)
    reach("erase.told")
    # (7) finish
    return _finish(means, erasure, people, actor)


def carry_on_all(means: Means, actor: Actor) -> list[Erasure]:
    """Do what is left of every erasure that was begun."""
    with means.place.database.read() as connection:
        left = erasures.listed(connection, erasures.RUNNING)
    return [carry_on(means, each.id, actor) for each in left]


def _natural_key(connection: Connection, identity: Identity) -> str:
    same = (subjects.c.namespace == identity[0], subjects.c.id == identity[1])
    return connection.scalar(select(subjects.c.natural_key).where(*same)) or ""


def _with_texts(means: Means, erasure: str, people: list[Person]) -> list[Person]:
    """Find out what else identifies the people, and keep it until all is done: once rows are gone, nobody can tell."""
    texts = texts_in_data(means, ids_by_namespace(people))
    known = {text for each in people for text in each.texts}
    if texts <= known:
        return people
    with means.place.database.write() as connection:
        if erasures.get(connection, erasure).state != erasures.DONE:  # else another process forgot them meanwhile
            note_texts(connection, means, erasure, people, texts)
        return enrolled(connection, means, erasure)


def _leave(
    connection: Connection, means: Means, erasure: str, people: list[Person], needles: Needles, actor: Actor
) -> None:
    if erasures.get(connection, erasure).step >= 3:  # another process let them leave meanwhile
        return
    now = means.clock()
    keys = [(each.identity[0], each.texts[0]) for each in people]
    tombstones.put(connection, means.tombstone_key(), keys, erasure, now, now + tombstones.DAYS * DAY)
    _keep_evidence(connection, erasure, people, now)
    wanted: dict[str, dict[int, set[str]]] = {}
    for namespace, ids in ids_by_namespace(people).items():
        wanted[namespace] = {int(each): set(means.policy.purposes) for each in ids}
        for part in chunks(ids.tolist()):
            theirs = (subjects.c.namespace == namespace, subjects.c.id.in_(part))
            connection.execute(update(subjects).where(*theirs).values(NOBODY))
    traces.take_out(connection, people, needles)
    version = register.decide_anew(connection, means.policy, wanted, now)
    erasures.reached(connection, erasure, 3)
    body = {"erasure": erasure, "register_version": version}
    append(connection, AuditEntry("erasure.left", actor, now, body=body))


def _keep_evidence(connection: Connection, erasure: str, people: list[Person], now: int) -> None:
    """Keep apart, dated and under no name, that there are records of what people said."""
    for each in people:
        theirs = (consent_records.c.namespace == each.identity[0], consent_records.c.subject == each.identity[1])
        count = connection.scalar(select(func.count()).select_from(consent_records).where(*theirs))
        content = {"namespace": each.identity[0], "subject": each.identity[1], "records": count}
        connection.execute(
            insert(kept_evidence).values(
                id=f"{erasure}:{each.identity[0]}:{each.identity[1]}",
                erasure=erasure,
                kind=evidence.RECORDS,
                content=json.dumps(content, sort_keys=True).encode(),
                basis=ACCOUNTABLE,
                until=evidence_until(now),
            )
        )


def _step(means: Means, erasure: str, step: int, kinds: Sequence[str]) -> None:
    with means.place.database.write() as connection:
        erasures.settle(connection, erasure, kinds, means.clock())
        erasures.reached(connection, erasure, step)


def _verify(means: Means, erasure: str, people: list[Person], needles: Needles) -> None:
    remove_packages(means, people)
    remove_spilt(means)
    with means.place.database.write() as connection:  # what came since they left
        traces.take_out(connection, people, needles)
    now = means.clock()
    left = [*search.search_data(means, people, needles, now), *search.search_control(means, people, needles)]
    left += search.search_files(means, needles)
    with means.place.database.write() as connection:
        erasures.put_parts(connection, erasure, [*left, *_searched(needles)], now)
        erasures.settle(connection, erasure, ("control", "words", "package"), now)
        erasures.reached(connection, erasure, 5)


def _searched(needles: Needles) -> Iterator[Part]:
    """Yield what is to be said of the search itself."""
    if needles.short:
        why = "Identifiers that are too short to be told from chance in bytes were looked for by their number only."
        yield _not_searched("short identifiers", why, len(needles.short))
    if needles.common:
        why = "Identifiers that are words of the policy, of laws or of SQL were looked for by their number only."
        yield _not_searched("common identifiers", why, len(needles.common))


def _not_searched(what: str, why: str, count: int) -> Part:
    return Part("search", what, UNREACHABLE, ACCOUNTABLE, why, told={"count": count})


def _tell(means: Means, erasure: str, people: list[Person], needles: Needles) -> None:
    what: dict[str, object] = {
        "erase": [{"namespace": each.identity[0], "key": each.texts[0]} for each in people if each.texts]
    }
    with means.place.database.write() as connection:
        for each in erasures.parts_of(connection, erasure):
            if each.part.kind != "recipient" or each.state == erasures.DONE:
                continue
            answer = means.tell(connection, each.part.target, f"{erasure}:{each.part.target}", what)
            told = Part(
                each.part.kind,
                each.part.target,
                each.part.decision,
                each.part.basis,
                each.part.reason,
                each.part.until,
                each.part.told | {"told": answer},
            )
            state = erasures.DONE if answer == "answered" else erasures.OPEN
            erasures.put_parts(connection, erasure, [told], means.clock(), state=state)
        erasures.reached(connection, erasure, 6)
    left = waiting(means, people, needles, erasure)  # what was just put on its way among it
    with means.place.database.write() as connection:
        erasures.put_parts(connection, erasure, left, means.clock())


def _finish(means: Means, erasure: str, people: list[Person], actor: Actor) -> Erasure:
    now = means.clock()
    with means.place.database.write() as connection:
        if erasures.get(connection, erasure).state != erasures.DONE:  # else another process finished it meanwhile
            _conclude(connection, means, erasure, people, actor, now)
        reach("erase.finished")
    reach("erase.finished-committed")
    with means.place.database.read() as connection:
        found = erasures.get(connection, erasure)
    return _receipted(means, found)


def _conclude(connection: Connection, means: Means, erasure: str, people: list[Person], actor: Actor, now: int) -> None:
    for each in people:
        means.keys.destroy(connection, *each.identity)
    erasures.settle(connection, erasure, ("key",), now)
    forget_texts(connection, erasure)
    parts = erasures.parts_of(connection, erasure)
    erasures.reached(connection, erasure, 7)
    erasures.finish(connection, erasure, now)
    body = {
        "erasure": erasure,
        "people": len(people),
        "kept": sorted({told.part.kind for told in parts if told.part.decision == "keep"}),
        "unreachable": sorted({told.part.kind for told in parts if told.part.decision == "unreachable"}),
        "digest": digest_of(parts),
    }
    append(connection, AuditEntry("erasure.finished", actor, now, body=body))


def _receipted(means: Means, found: Erasure) -> Erasure:
    """See to it that an erasure that is done has its receipt, and that its keys are in no file's dead rows."""
    database = means.place.database
    with database.read() as connection:
        if erasures.receipt_of(connection, found.id) is not None:
            return found
    leftovers.let_go(database, {"subject_keys", "erasure_people"})
    with database.write() as connection:
        if erasures.receipt_of(connection, found.id) is None:
            erasures.keep_receipt(connection, found.id, make_receipt(connection, means, found))
            reach("erase.receipted")
    reach("erase.receipted-committed")
    return found
