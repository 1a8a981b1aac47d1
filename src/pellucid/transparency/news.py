"""What is new for somebody in the notice that is shown: what differs materially from the one they were told of last.

Whoever was never told of a change knows the notice that was shown before the first change after they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from sqlalchemy import Connection, select

from pellucid.policy.model import Policy, Purpose
from pellucid.records.transparency_tables import messages_sent, notice_publications, notice_rounds
from pellucid.subjects.links import Identity
from pellucid.transparency import rounds
from pellucid.transparency.content import Content
from pellucid.transparency.material import material
from pellucid.transparency.message_words import NOTICE
from pellucid.transparency.published import notice

ABOUT = "published:"
"""How what a message about a publication is for begins; its number follows."""


def about_of(publication: int) -> str:
    """Return what a message about a publication is for."""
    return f"{ABOUT}{publication}"


def publication_of(about: str) -> int | None:
    """Return the publication that a message is about; None if about none."""
    return int(about.removeprefix(ABOUT)) if about.startswith(ABOUT) else None


def told_of(connection: Connection, pseudonyms: Iterable[str]) -> dict[str, int]:
    """Return the newest publication that each of these was told of; nothing of those who were told of none."""
    columns, found = messages_sent.c, dict[str, int]()
    theirs = (columns.person.in_(list(pseudonyms)), columns.kind == NOTICE)
    for row in connection.execute(select(columns.person, columns.about).where(*theirs)):
        found[row.person] = max(found.get(row.person, 0), publication_of(row.about) or 0)
    return {person: publication for person, publication in found.items() if publication}


def count_told(connection: Connection, publication: int) -> int:
    """Return how many were sent a message about a publication."""
    columns = messages_sent.c
    here = (columns.kind == NOTICE, columns.about == about_of(publication))
    return len(connection.execute(select(columns.link).where(*here)).all())


class News:
    """What is told of the newest publication that everybody is told of, as things stood when this was made."""

    def __init__(self, connection: Connection, policy: Policy) -> None:
        self.publication = rounds.newest(connection)
        self.version, self._shown = notice(connection)
        self._policy = policy
        shown = connection.execute(select(notice_publications).order_by(notice_publications.c.sequence)).all()
        self._notices = {row.sequence: row.notice for row in shown}
        self._before = {after.sequence: one.sequence for one, after in pairwise(shown)}
        self._people: dict[int, dict[str, int]] = {}
        for row in connection.execute(select(notice_rounds).order_by(notice_rounds.c.publication)):
            self._people.setdefault(row.publication, {})[row.namespace] = row.people
        self._contents: dict[str, Content] = {self.version: self._shown}
        self._changes: dict[tuple[str, str], tuple[str, ...] | None] = {}

    def stands(self, connection: Connection) -> bool:
        """Return whether it is still what is to be told."""
        return rounds.newest(connection) == self.publication and notice(connection)[0] == self.version

    def changes(self, connection: Connection, identity: Identity, told: int, language: str) -> tuple[str, ...] | None:
        """Return what is new to somebody who was told of a publication last (0: of none); None: nothing material."""
        known = self._notices[self._known(identity, told)]
        if (known, language) not in self._changes:
            if known not in self._contents:
                self._contents[known] = notice(connection, known)[1]
            found = material(self._contents[known], self._shown, self._policy, language)
            self._changes[known, language] = found
        return self._changes[known, language]

    def _known(self, identity: Identity, told: int) -> int:
        """Return the publication whose notice somebody knows."""
        space, subject = identity
        missed = (each for each, people in self._people.items() if each > told and subject < people.get(space, 0))
        return told or self._before[min(missed)]


class Covered:
    """Whose yes to other words need not be told by a message of its own: a publication's tells it, or will.

    `told` are the purposes of which the shown notice tells, with the versions of their words; None before the first.
    """

    def __init__(self, connection: Connection) -> None:
        self._told: Mapping[str, str] | None = None
        self._round: Mapping[str, str] = {}
        self._people: Mapping[str, int] = {}
        shown = list(connection.scalars(select(notice_publications.c.notice).order_by(notice_publications.c.sequence)))
        if not shown:
            return
        self._told = notice(connection, shown[-1])[1].purposes
        standing = rounds.standing(connection)
        if standing:
            here = notice_publications.c.sequence == standing[0].publication
            version = connection.scalar(select(notice_publications.c.notice).where(here))
            self._round = notice(connection, str(version))[1].purposes
            self._people = {each.namespace: each.people for each in standing}

    def covers(self, purpose: Purpose, identity: Identity) -> bool:
        """Return whether somebody is told of other words of a purpose by a publication, made already or awaited."""
        version, (space, subject) = purpose.notice.version, identity
        if self._told is not None and self._told.get(purpose.name) != version:
            return True
        return self._round.get(purpose.name) == version and subject < self._people.get(space, 0)
