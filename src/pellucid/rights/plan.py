"""The plan of an erasure: each thing that holds something of the people, what becomes of it, on which basis and why.

It reads and changes nothing, and is made anew whenever an erasure goes on, so that what came since is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from pellucid.engines.duckdb_erasing import Erase
from pellucid.engines.needles import Needles
from pellucid.holdings.publish import generations_published
from pellucid.policy.model import Dataset, Policy
from pellucid.rights import traces
from pellucid.rights.holds import Hold, held_whole, reaching, without_held
from pellucid.rights.means import Means
from pellucid.rights.people import Ids, Person, ids_by_namespace, within
from pellucid.rights.sweep import DAY, cut_of
from pellucid.subjects.tombstones import DAYS

ERASE, ANONYMISE, KEEP, UNREACHABLE = "erase", "anonymise", "keep", "unreachable"
ASKED = "GDPR Art. 17(1)"
ACCOUNTABLE = "GDPR Art. 5(2)"
CLAIMS = "GDPR Art. 17(3)(e)"
BACKUP_DAYS = 365
"""How long a backup is taken to be kept where nothing else is known."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing: what kind, which, what becomes of it, until when it stays (UTC µs), basis, reason, and counts."""

    kind: str
    target: str
    decision: str
    basis: str
    reason: str
    until: int | None = None
    told: dict[str, object] = field(default_factory=dict)


def plan(means: Means, people: Sequence[Person], needles: Needles, now: int) -> list[Part]:
    """Return the plan for these people as things stand."""
    with means.place.database.read() as connection:
        standing = reaching(connection, now)
        datasets = _datasets(connection, means.policy, people)
        controlled = list(_control(connection, people, needles, now))
    parts = [each for found in datasets for each in _of_dataset(means, found, standing, now)]
    return [*parts, *controlled, *_recipients(means.policy, datasets), *_elsewhere(means, now)]


@dataclass(frozen=True, slots=True)
class _Found:
    dataset: Dataset
    path: Path
    generation: int
    theirs: dict[str, Ids]


def _datasets(connection: Connection, policy: Policy, people: Sequence[Person]) -> list[_Found]:
    ids, found = ids_by_namespace(people), []
    for record in generations_published(connection):
        theirs = within(connection, record.dataset, record.generation, ids)
        if theirs and record.dataset in policy.datasets:
            dataset = policy.datasets[record.dataset]
            found.append(_Found(dataset, Path(record.path), record.generation, theirs))
    return found


def _of_dataset(means: Means, found: _Found, standing: list[Hold], now: int) -> Iterator[Part]:
    name = found.dataset.name
    cut = cut_of(found.dataset, standing, found.theirs, now)
    for hold in _holding(standing, name, found.theirs):
        yield Part("held", f"{name}:{hold.id}", KEEP, f"{CLAIMS}: {hold.basis}", hold.reason, hold.until)
    if not cut.erased:
        return
    with Erase(found.dataset, means.place.folder / found.path, means.place.limits, cut) as engine:
        counted = engine.count()
    people = sum(len(ids) for ids in cut.erased.values())
    told: dict[str, object] = {"rows": counted.erased, "people": people, "generation": found.generation}
    if counted.shared:
        told["rows_about_others_too"] = counted.shared
    why = "Rows about them, with those that are about others too." if counted.shared else "Rows about them."
    yield Part("dataset", name, ERASE, ASKED, why, told=told)
    if counted.held:
        why = "Rows that are about somebody else too, for whom they are held."
        yield Part("held", f"{name}:shared", KEEP, CLAIMS, why, told={"rows": counted.held})
    keep = found.dataset.keep
    if keep is not None and counted.kept:
        basis = f"GDPR Art. 17(3)(b): {keep.basis}"
        yield Part("kept-rows", name, KEEP, basis, keep.reason, now + keep.days * DAY, {"rows": counted.kept})


def _holding(standing: list[Hold], dataset: str, theirs: dict[str, Ids]) -> list[Hold]:
    whole = held_whole(standing, dataset)
    if whole is not None:
        return [whole]
    free = without_held(standing, dataset, theirs)
    held = {(name, int(each)) for name, ids in theirs.items() for each in ids} - {
        (name, int(each)) for name, ids in free.items() for each in ids
    }
    return [hold for hold in standing if hold.identity in held and hold.concerns(dataset)]


def _control(connection: Connection, people: Sequence[Person], needles: Needles, now: int) -> Iterator[Part]:
    yield Part("control", "subjects", ANONYMISE, ASKED, "Identifier and facts go; the number stays, tied to nobody.")
    for trace, rows in traces.about(connection, people):
        decision = ERASE if trace.blanked is None else ANONYMISE
        if rows:
            yield Part("control", trace.table.name, decision, ASKED, f"{trace.why[:1].upper()}{trace.why[1:]}.")
    for table, rows in traces.asked_of(connection, people).items():
        whole = table.name == "identity_challenges"
        why = "Codes by which they showed who they are." if whole else "What they asked in detail in other requests."
        yield Part("control", table.name, ERASE if whole else ANONYMISE, ASKED, why, told={"rows": rows})
    details = len(traces.details_about(connection, people))
    if details:
        yield Part("control", "log_details", ERASE, ASKED, "Details of log entries about them.", told={"rows": details})
    for words, keys in traces.naming(connection, needles):
        if keys:
            decision = ERASE if words.blanked is None else ANONYMISE
            why = f"{words.why[:1].upper()}{words.why[1:]}."
            yield Part("words", words.name, decision, ASKED, why, told={"rows": len(keys)})
    for _name, path in traces.packages_of(connection, people):
        yield Part("package", path, ERASE, ASKED, "An access package that was not fetched.")
    why = "What they said about uses of their data proves that these were lawful: under a number, tied to nobody."
    yield Part("evidence", "consent_records", KEEP, ACCOUNTABLE, why, evidence_until(now))
    why = "A keyed hash of the identifier keeps old rows from coming in again; it bars nobody who comes back."
    yield Part("tombstone", "tombstones", KEEP, ACCOUNTABLE, why, now + DAYS * DAY)
    yield Part("log", "log_entries", KEEP, ACCOUNTABLE, "Entries hold a pseudonym whose key is destroyed.")
    yield Part("key", "subject_keys", ERASE, ASKED, "The key under which the log's pseudonym was made.")


def evidence_until(now: int) -> int:
    """Return until when it is kept what people said: three years, after which most claims lapse, and one to spare."""
    return now + 4 * 366 * DAY


def _recipients(policy: Policy, datasets: Sequence[_Found]) -> Iterator[Part]:
    """Yield the recipients of purposes that may read something of the datasets in which the people were."""
    named: dict[str, list[str]] = {}
    categories = {column.category for found in datasets for column in found.dataset.columns.values()}
    for purpose in policy.purposes.values():
        if any(_reaches(category, purpose.categories) for category in categories):
            for recipient in purpose.recipients:
                named.setdefault(recipient, []).append(purpose.name)
    for recipient, purposes in sorted(named.items()):
        why = "Whoever received their data is told to erase them too."
        yield Part("recipient", recipient, ERASE, "GDPR Art. 19", why, told={"purposes": sorted(purposes)})


def _reaches(category: str, allowed: Sequence[str]) -> bool:
    return any(category == each or category.startswith(f"{each}.") for each in allowed)


def _elsewhere(means: Means, now: int) -> Iterator[Part]:
    until = now + BACKUP_DAYS * DAY
    why = "A copy that was taken away cannot be reached; it is swept of them before it serves again."
    yield Part("backup", "backups", UNREACHABLE, ASKED, why, until)
    if means.journal is not None:
        why = "The journal tells what happened before the erasure; it ends with the next backup that begins another."
        yield Part("journal", "journal", UNREACHABLE, ASKED, why, until)
    why = "What was exported, the log's details or everybody's choices for one, lies where it was taken."
    yield Part("export", "exports", UNREACHABLE, ASKED, why)
    if not means.place.database.is_sqlite:
        why = "The database server's write-ahead log, replicas and archives end as its administrators have set."
        yield Part("server", "postgresql", UNREACHABLE, ASKED, why, until)
