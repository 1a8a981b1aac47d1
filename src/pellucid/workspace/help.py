"""The help desk of a workspace: how people ask, by when the law lets them expect an answer, and how to complain."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.policy.model import Authority
from pellucid.records.columns import from_instant
from pellucid.rights.covering import authorities_of, covering_laws
from pellucid.rights.expected import Expected, expected, reaching
from pellucid.subjects.links import Identity
from pellucid.workspace.duties import terms_of
from pellucid.workspace.room import Room


@dataclass(frozen=True, slots=True)
class Help:
    """What people are told who need help.

    `own` are the laws that cover whoever asked, where it is known for certain where they live; `others` are all others
    that were signed off and reach people here. `days` is our own limit, where no law has one. `authorities` are those
    that the policy names where whoever asked lives, else all; `elsewhere` are all others.
    """

    own: tuple[Expected, ...]
    others: tuple[Expected, ...]
    days: int
    authorities: tuple[Authority, ...] = ()
    elsewhere: tuple[Authority, ...] = ()


@dataclass(frozen=True, slots=True)
class HelpDesk:
    """`workspace.help`."""

    room: Room

    def shown(self, person: Identity | None = None) -> Help:
        """Return what anybody is told, or somebody who is signed in as `person`; it is public, so nothing is logged."""
        policy, on = self.room.policy(), from_instant(self.room.clock()).date()
        laws, days = reaching(policy, on), terms_of(self.room).days
        if person is None:
            return Help((), expected(laws, on), days, policy.controller.authorities)
        with self.room.database.read() as connection:
            covering = covering_laws(connection, policy, *person, on)
        own = covering.laws if covering.place is not None else ()
        declared, near = policy.controller.authorities, policy.controller.authorities_of(covering.place)
        elsewhere = tuple(each for each in declared if each not in near)
        others = expected((each for each in laws if each not in own), on)
        return Help(expected(own, on), others, days, near or declared, elsewhere if near else ())

    def authorities(self, person: Identity) -> tuple[Authority, ...]:
        """Return whom somebody can complain to: the authorities of where they live, else all that the policy names."""
        policy, on = self.room.policy(), from_instant(self.room.clock()).date()
        with self.room.database.read() as connection:
            return authorities_of(connection, policy, *person, on)
