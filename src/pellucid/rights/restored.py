"""What a restored backup still holds of people who were erased since it was made, taken out before it serves."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from pellucid.records.rights_tables import erasure_people
from pellucid.rights import traces
from pellucid.rights.ours import needles_of
from pellucid.rights.people import Person
from pellucid.subjects.links import Identity


def forget(connection: Connection, named: Mapping[Identity, str]) -> None:
    """Take out of a control database what it holds of people who were erased; `named` are the names it had for them."""
    people = []
    for identity, key in sorted(named.items()):
        mine = (erasure_people.c.namespace == identity[0], erasure_people.c.subject == identity[1])
        row = connection.execute(select(erasure_people.c.request, erasure_people.c.pseudonym).where(*mine)).first()
        request, pseudonym = (None, "") if row is None else row
        people.append(Person(identity, request, pseudonym, (key,) if key else ()))
    if people:
        traces.take_out(connection, people, needles_of(connection, people))
