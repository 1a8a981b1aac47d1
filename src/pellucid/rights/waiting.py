"""What is on its way out and names people: word to recipients, mail to themselves. It is told first, and goes then.

Without their identifier no recipient knows who is meant, so an erasure keeps such word until it was handed over
(`deliveries.content`) and answered (files in the folder `outbox`), and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from pellucid.delivery import outbox
from pellucid.delivery.recipients import OUTBOX
from pellucid.engines.duckdb_absence import in_file
from pellucid.engines.needles import Needles
from pellucid.records.rights_tables import deliveries, rights_requests
from pellucid.rights.means import Means
from pellucid.rights.people import Person, ids_by_namespace
from pellucid.rights.plan import KEEP, Part

TOLD = "GDPR Art. 19"
ANSWERED = "GDPR Art. 12(3)"


def waiting(means: Means, people: Sequence[Person], needles: Needles, erasure: str = "") -> list[Part]:
    """Return what waits to be told and names these people, by its text or by what it is about."""
    with means.place.database.read() as connection:
        theirs = [*_requests(connection, people), *([erasure] if erasure else [])]
        due = list(_due(connection, theirs, needles))
        rows = connection.execute(select(deliveries.c.id, deliveries.c.about))
        about = {row.id: row.about for row in rows}
    return [*_unsent(due), *_files(means, theirs, about, needles)]


def texts_waiting(connection: Connection, needles: Needles) -> set[str]:
    """Return what of these people's identifiers stands in what waits to be handed over."""
    said = select(deliveries.c.content).where(deliveries.c.content.is_not(None))
    return {text for content in connection.scalars(said) for text in needles.found(bytes(content))}


def _requests(connection: Connection, people: Sequence[Person]) -> list[str]:
    columns, found = rights_requests.c, []
    for namespace, ids in ids_by_namespace(people).items():
        for each in ids.tolist():
            mine = (columns.namespace == namespace, columns.subject == each)
            found += list(connection.scalars(select(columns.id).where(*mine)))
    return found


def _due(connection: Connection, theirs: Sequence[str], needles: Needles) -> Iterator[tuple[str, str]]:
    held = select(deliveries).where(deliveries.c.content.is_not(None)).order_by(deliveries.c.made_at, deliveries.c.id)
    for row in connection.execute(held):
        if _is_about(row.about, theirs) or needles.found(bytes(row.content)):
            yield row.kind, row.recipient


def _is_about(what: str, theirs: Sequence[str]) -> bool:
    return any(each in what for each in theirs)


def _unsent(due: Sequence[tuple[str, str]]) -> Iterator[Part]:
    for (kind, recipient), count in sorted(Counter(due).items()):
        told: dict[str, object] = {"deliveries": count}
        if kind == outbox.MAIL:
            why = "Mail to them about a request of theirs; what it says goes when it was sent, or given up."
            yield Part("waiting", "mail", KEEP, ANSWERED, why, told=told)
        elif kind == outbox.CALLBACK:
            why = "Word of the status to the agent that asks for them; it names nobody, and where it goes is forgotten."
            yield Part("waiting", recipient, KEEP, TOLD, why, told=told)
        else:
            why = "Word to the recipient names them, so that it knows who is meant; what it says goes when it was told."
            yield Part("waiting", recipient, KEEP, TOLD, why, told=told)


def _files(means: Means, theirs: Sequence[str], about: dict[str, str], needles: Needles) -> Iterator[Part]:
    folder = means.place.folder
    for file in sorted((folder / OUTBOX).glob("*/*.json")):
        if file.is_symlink() or not file.is_file():
            continue
        if _is_about(about.get(file.stem, ""), theirs) or in_file(file, needles):
            why = "A notice that waits for the recipient to fetch it, and is deleted once it has answered."
            yield Part("waiting", str(file.relative_to(folder)), KEEP, TOLD, why)
