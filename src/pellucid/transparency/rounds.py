"""How everybody is told of a publication: by pages of subject ids, with a place from which whoever comes next goes on.

A round is begun in the transaction that publishes. Its place moves on once a page was looked at, so whoever died is
gone on with, and several at once look at the same page twice at worst: what each person gets is counted elsewhere. Who
could not be told in a pass is looked at again AGAIN later, for LASTS. Only the newest round goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from pellucid.records.tables import subjects
from pellucid.records.transparency_tables import notice_publications, notice_rounds

DAY = 86_400_000_000
AGAIN = 7 * DAY
"""How long after a pass those are looked at again whom it could not tell."""
LASTS = 90 * DAY
"""How long after a publication."""


@dataclass(frozen=True, slots=True)
class Page:
    """People to look at: those held with ids below `upto`, from where the round stood; and how many of them are not."""

    publication: int
    namespace: str
    passes: int
    ids: tuple[int, ...]
    erased: int
    upto: int


@dataclass(frozen=True, slots=True)
class Round:
    """Where a round stands in a namespace. `again_at`: when it goes on (UTC µs); None: it is over."""

    publication: int
    published_at: int
    namespace: str
    people: int
    place: int
    put_off: int
    again_at: int | None


def begin(connection: Connection, publication: int, now: int) -> None:
    """Begin the round of a publication, in its own transaction, for all who have an id by now."""
    given = select(subjects.c.namespace, func.max(subjects.c.id)).group_by(subjects.c.namespace)
    started = {"publication": publication, "place": 0, "passes": 0, "put_off": 0, "again_at": now}
    rows = [{**started, "namespace": space, "people": last + 1} for space, last in connection.execute(given)]
    if rows:
        connection.execute(insert(notice_rounds), rows)


def newest(connection: Connection) -> int | None:
    """Return the newest publication that everybody is told of."""
    found: int | None = connection.scalar(select(func.max(notice_rounds.c.publication)))
    return found


def standing(connection: Connection) -> tuple[Round, ...]:
    """Return where the newest round stands, namespace by namespace."""
    columns, newest_one = notice_rounds.c, select(func.max(notice_rounds.c.publication)).scalar_subquery()
    wanted = select(notice_rounds, notice_publications.c.at)
    joined = wanted.join(notice_publications, notice_publications.c.sequence == columns.publication)
    rows = connection.execute(joined.where(columns.publication == newest_one).order_by(columns.namespace)).all()
    return tuple(_round(row) for row in rows)


def is_open(connection: Connection, now: int) -> bool:
    """Return whether there is anybody to look at by now."""
    return _row(connection, now) is not None


def next_page(connection: Connection, now: int, most: int) -> Page | None:
    """Return whom to look at next, at most so many; None if nobody is by now."""
    row = _row(connection, now)
    if row is None:
        return None
    columns = subjects.c
    # "natural_key IS NOT NULL" in the WHERE would make SQLite walk the whole namespace by the other index.
    wanted = select(columns.id, columns.natural_key.is_(None)).where(
        columns.namespace == row.namespace, columns.id >= row.place, columns.id < row.people
    )
    found = connection.execute(wanted.order_by(columns.id).limit(most)).all()
    ids = tuple(subject for subject, erased in found if not erased)
    upto = found[-1][0] + 1 if len(found) == most else row.people
    return Page(row.publication, row.namespace, row.passes, ids, len(found) - len(ids), upto)


def looked_at(connection: Connection, page: Page, put_off: int, now: int) -> None:
    """Note that the people of a page were looked at, of whom so many may be told later; ends the pass after the last.

    Nothing changes where another was quicker.
    """
    columns = notice_rounds.c
    here = (columns.publication == page.publication, columns.namespace == page.namespace)
    row = connection.execute(select(notice_rounds).where(*here)).one_or_none()
    if row is None or row.passes != page.passes or row.place >= page.upto:
        return
    changed: dict[str, Any] = {"place": page.upto, "put_off": row.put_off + put_off}
    if page.upto >= row.people:
        at = connection.scalar(
            select(notice_publications.c.at).where(notice_publications.c.sequence == page.publication)
        )
        again = bool(changed["put_off"]) and now + AGAIN <= (at or 0) + LASTS
        changed = {"again_at": now + AGAIN if again else None, "put_off": changed["put_off"]}
        changed |= {"place": 0, "passes": row.passes + 1, "put_off": 0} if again else {"place": page.upto}
    connection.execute(update(notice_rounds).where(*here).values(changed))


def look_again(connection: Connection, now: int) -> None:
    """Let the newest round be gone through once more: a message that it put was taken back before it went out."""
    columns = notice_rounds.c
    for each in standing(connection):
        here = (columns.publication == each.publication, columns.namespace == each.namespace)
        changed: dict[str, Any] = {"put_off": each.put_off + 1}
        if each.again_at is None and now + AGAIN <= each.published_at + LASTS:
            changed = {"place": 0, "passes": columns.passes + 1, "put_off": 0, "again_at": now + AGAIN}
        connection.execute(update(notice_rounds).where(*here).values(changed))


def _row(connection: Connection, now: int) -> Row[Any] | None:
    columns, newest_one = notice_rounds.c, select(func.max(notice_rounds.c.publication)).scalar_subquery()
    wanted = select(notice_rounds).where(columns.publication == newest_one, columns.again_at <= now)
    return connection.execute(wanted.order_by(columns.namespace).limit(1)).one_or_none()


def _round(row: Row[Any]) -> Round:
    return Round(row.publication, row.at, row.namespace, row.people, row.place, row.put_off, row.again_at)
