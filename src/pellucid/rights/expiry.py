"""Letting requests expire whose makers were asked to show who they are and never did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from pellucid.policy.model import Actor
from pellucid.records.jobs import SECOND, Claim
from pellucid.records.rights_tables import identity_challenges, rights_requests
from pellucid.rights.identity import OpenBook
from pellucid.rights.request import NEED_USER_VERIFICATION, RequestState

JOB = "request-expiry"
DAY = 86_400 * SECOND


def wanted(connection: Connection, days: int, now: int) -> Iterator[tuple[str, int]]:
    """Yield the requests that nobody showed who they are for in so many days, with when they were asked last."""
    asked = func.coalesce(func.max(identity_challenges.c.made_at), rights_requests.c.received_at).label("asked")
    waiting = (
        select(rights_requests.c.id, asked)
        .outerjoin(identity_challenges, identity_challenges.c.request == rights_requests.c.id)
        .where(
            rights_requests.c.state == RequestState.IN_PROGRESS.value,
            rights_requests.c.reason == NEED_USER_VERIFICATION,
        )
        .group_by(rights_requests.c.id, rights_requests.c.received_at)
    )
    for row in connection.execute(waiting):
        if row.asked + days * DAY <= now:
            yield f"{row.id}/{row.asked}", now


@dataclass(frozen=True, slots=True)
class Expiry:
    """Closes the request of a job as expired, unless somebody was asked again or showed who they are meanwhile."""

    book: OpenBook
    days: int
    actor: Actor

    def __call__(self, claim: Claim) -> None:
        """Close it, or leave it as it is."""
        id, _, _ = claim.job.about.rpartition("/")
        now = claim.clock()
        with claim.database.write() as connection:
            claim.done(connection)
            if claim.job.about in {about for about, _ in wanted(connection, self.days, now)}:
                self.book(connection, self.actor, now).expire(id)
