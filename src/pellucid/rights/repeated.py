"""Requests asked for again by who is signed in: the same leads to the open one, and of one kind not without end.

Only what the same speaker filed in the privacy centre counts. What somebody else filed in a person's name, or a program
for whoever typed their key, neither takes the place of a request of theirs nor uses up what they may file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from sqlalchemy import Connection, or_, select

from pellucid.errors import NotPermitted
from pellucid.records.rights_tables import rights_requests
from pellucid.rights import stored
from pellucid.rights.asking import Asking, as_bytes
from pellucid.rights.request import FINAL, Request
from pellucid.rights.self_served import CENTRE

DAY = 86_400_000_000
"""Microseconds. What was filed within a day counts although it is closed: else filing and taking back has no end."""
ENOUGH = "The most of this kind that can be open at once, or be asked within a day, is %(most)s. None is open."
ENOUGH_OPEN = (
    "The most of this kind that can be open at once, or be asked within a day, is %(most)s. "
    "The first open one, %(request)s, is answered by %(day)s."
)
LOST_IS_NOTHING = (
    "Nothing of what you asked is lost: see the list of your requests. Take one back, ask again tomorrow, "
    "or write to us, and we add it to the open one."
)


def counted(connection: Connection, asking: Asking, now: int) -> Sequence[Request]:
    """Return what the speaker has open of this right, or filed of it within a day, the next one due first."""
    table = rights_requests.c
    proof = asking.proof.strip() or None
    same = (
        table.namespace == asking.namespace,
        table.subject == asking.subject,
        table.right == asking.right.value,
        table.channel == CENTRE,
        table.by_whom == asking.by.value,
        table.proof.is_(None) if proof is None else table.proof == proof,
    )
    lately = or_(table.state.not_in([state.value for state in FINAL]), table.received_at > now - DAY)
    order = (table.due, table.received_at, table.id)
    found = connection.execute(select(rights_requests).where(*same, lately).order_by(*order))
    return [stored.as_request(row) for row in found]


def open_alike(asking: Asking, filed: Iterable[Request]) -> Request | None:
    """Return the open request among these that asks for exactly the same."""
    wanted = as_bytes(asking.asked)
    return next((each for each in filed if not each.closed and as_bytes(each.asked) == wanted), None)


def demand_room(filed: Sequence[Request], most: int, answered_by: Callable[[Request], str]) -> None:
    """Raise NotPermitted for who asked `most` times already, naming what is open and by when it is answered.

    `answered_by` tells the day that the person is told on the page of a request.
    """
    if len(filed) < most:
        return
    first = next((each for each in filed if not each.closed), None)
    places: dict[str, object] = {"most": most}
    if first is not None:
        places |= {"request": first.id, "day": date.fromisoformat(answered_by(first))}
    sentence = ENOUGH if first is None else ENOUGH_OPEN
    raise NotPermitted(sentence, places=places, remedy=LOST_IS_NOTHING, code="requests-many")
