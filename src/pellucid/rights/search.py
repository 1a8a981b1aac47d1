"""Searching a workspace for what is left of people: by fresh connections, in every text, in the bytes of files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pellucid.delivery.recipients import OUTBOX
from pellucid.engines.duckdb_absence import in_file, left_of, named_in
from pellucid.engines.duckdb_erasing import Erase
from pellucid.engines.needles import Needles
from pellucid.errors import VerificationFailed
from pellucid.holdings.publish import DATA_FOLDER, generations_published
from pellucid.policy.model import Dataset
from pellucid.records import leftovers
from pellucid.rights import traces
from pellucid.rights.holds import Hold, reaching, without_held
from pellucid.rights.means import Means
from pellucid.rights.people import Ids, Person, ids_by_namespace
from pellucid.rights.plan import ASKED, UNREACHABLE, Part
from pellucid.rights.sweep import DAY, cut_of, take_back
from pellucid.rights.waiting import texts_waiting

KEYS = "keys"
OVERLAP = 4_096
"""Bytes that parts of a file have in common: the longest spelling that is found across two of them."""


def search_data(means: Means, people: Sequence[Person], needles: Needles, now: int) -> Iterator[Part]:
    """Yield what of others' rows names these people; raises VerificationFailed if a row of theirs is left."""
    with means.place.database.read() as connection:
        records = generations_published(connection)
        standing = reaching(connection, now)
    ids = ids_by_namespace(people)
    for record in records:
        dataset, path = means.policy.datasets.get(record.dataset), means.place.folder / record.path
        about = {each.namespace for each in dataset.subjects} if dataset is not None else set()
        theirs = {name: found for name, found in ids.items() if name in about}
        if dataset is not None and theirs:
            yield from _search_own(means, dataset, path, theirs, needles, standing, now)
        else:
            left = in_file(path, needles) if dataset is None else named_in(path, dataset, needles, means.place.limits)
            yield from _mention(record.dataset, len(left))


def _search_own(
    means: Means,
    dataset: Dataset,
    path: Path,
    theirs: Mapping[str, Ids],
    needles: Needles,
    standing: list[Hold],
    now: int,
) -> Iterator[Part]:
    """Yield what names them in a dataset about people of their namespaces, of whom it may have had rows."""
    gone = without_held(standing, dataset.name, theirs)
    taken = take_back(means.place, dataset.name, now)
    if taken:
        why = "Processes that had an older file open let go of it at their next question; no name leads to it."
        yield Part("process", dataset.name, UNREACHABLE, ASKED, why, now + DAY, {"processes": taken})
    found = left_of(path, dataset, gone, needles, means.place.limits)
    cut = cut_of(dataset, standing, theirs, now)
    if cut.kept_from is not None or cut.held:
        with Erase(dataset, path, means.place.limits, cut) as engine:
            rows = engine.count().erased
    else:
        rows = found.rows
    if rows:
        raise VerificationFailed(
            f"{rows} rows of people who were erased are still in {dataset.name!r}.",
            remedy="Run it again: pellucid erase run.",
            code="erasure-incomplete",
        )
    kept = bool(cut.kept_from or cut.held) or gone.keys() != theirs.keys() or _held_some(gone, theirs)
    if not kept:
        yield from _mention(dataset.name, len(found.texts | found.in_bytes))


def _mention(dataset: str, identifiers: int) -> Iterator[Part]:
    if identifiers:
        why = "Other rows hold an identifier of theirs; whose rows these are is not told."
        yield Part("mention", dataset, UNREACHABLE, ASKED, why, told={"identifiers": identifiers})


def _held_some(gone: Mapping[str, Ids], theirs: Mapping[str, Ids]) -> bool:
    return sum(len(ids) for ids in gone.values()) != sum(len(ids) for ids in theirs.values())


def search_control(means: Means, people: Sequence[Person], needles: Needles) -> Iterator[Part]:
    """Yield what the control database's own files still hold; raises VerificationFailed if a row is left."""
    database = means.place.database
    with database.read() as connection:
        left = traces.left_by_id(connection, people)
        left += [words.table.name for words, keys in traces.naming(connection, needles) if keys]
    if left:
        raise VerificationFailed(
            f"The control database still names somebody who was erased, in {', '.join(left)}.",
            remedy="Run it again: pellucid erase run.",
            code="erasure-incomplete",
        )
    touched = {trace.table.name for trace in traces.BY_ID} | {words.table.name for words in traces.WORDS}
    if not database.is_sqlite:
        old = leftovers.write_anew(database, touched | {"subjects", "identity_challenges", "rights_requests"})
        if old:
            why = "Tables may hold deleted rows: an earlier transaction reads them, or they may not be written anew."
            yield Part("server", "postgresql tables", UNREACHABLE, ASKED, why, told={"tables": old})
        return
    whole = leftovers.cut(database)
    found = _in_control(means, needles)
    if found or not whole:
        leftovers.write_anew(database, touched)
        found = _in_control(means, needles)
    if found:
        with database.read() as connection:
            known = found <= texts_waiting(connection, needles)
        why = "The control database's file holds an identifier of theirs in a place that is not known to."
        if known:
            why = "The control database's file holds an identifier of theirs in word that waits to be told."
        yield Part("file", "control.sqlite", UNREACHABLE, ASKED, why, told={"identifiers": len(found)})


def search_files(means: Means, needles: Needles) -> Iterator[Part]:
    """Yield every other file of the workspace whose bytes hold something of these people."""
    folder = means.place.folder
    control = set(leftovers.files(means.place.database))
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if file.is_symlink() or not file.is_file() or file in control or inside.parts[0] == KEYS:
            continue
        if file.name.startswith("control.sqlite") or _is_generation(inside) or _is_notice(inside):
            continue
        found = in_file(file, needles)
        if found:
            why = (
                "A file that was put into the workspace holds an identifier of theirs; it is nobody's but its owner's."
            )
            yield Part("file", str(inside), UNREACHABLE, ASKED, why, told={"identifiers": len(found)})


def _is_generation(inside: Path) -> bool:
    return inside.parts[0] == DATA_FOLDER and len(inside.parts) == 2 and inside.suffix == ".duckdb"


def _is_notice(inside: Path) -> bool:
    """Return whether it is a notice to a recipient: what waits there is told of by `waiting`."""
    return inside.parts[0] == OUTBOX and len(inside.parts) == 3 and inside.suffix == ".json"


def _in_control(means: Means, needles: Needles) -> set[str]:
    found: set[str] = set()
    if needles.texts:
        for file in leftovers.files(means.place.database):
            for part in leftovers.raw(file, OVERLAP):
                found |= needles.found(part)
    return found
