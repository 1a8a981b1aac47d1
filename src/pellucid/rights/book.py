"""The book of requests: filing them, and every step of their life, each with its event and its entry in the log.

A step is worked out from the row that was read in the same write transaction; writers follow one another, so nobody's
step is lost. What a step may do is `rights.request`'s; by when things are due is `rights.clock`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.four_eyes import why_not_another
from pellucid.audit.log import append
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.policy.model import Actor, Policy
from pellucid.regulations.deadlines import NOTHING
from pellucid.rights import callbacks, stored
from pellucid.rights.asking import Asking, as_request, demand_fileable
from pellucid.rights.clock import (
    Event,
    Terms,
    as_told,
    circumstances_of,
    dates_of,
    day_of,
    demand_pause,
    extended_due,
    is_paused,
)
from pellucid.rights.covering import Covering, covering_laws, reach
from pellucid.rights.entitlement import entitlement
from pellucid.rights.filing import filer_of, how_filed
from pellucid.rights.keeping import keep_until
from pellucid.rights.request import Denial, Request, RequestState, Right, unverified
from pellucid.rights.self_served import BEGINS, begins_at, demand_over
from pellucid.subjects.keys import NOBODY, SubjectKeys

Told = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Book:
    """The requests of a workspace within one write transaction: who acts, and when (UTC µs)."""

    connection: Connection
    keys: SubjectKeys
    policy: Policy
    terms: Terms
    actor: Actor
    now: int

    def file(self, asking: Asking) -> Request:
        """File a request and say by when it is due; an open one of the same person, right and content is joined.

        Nobody we know is filed too, so that the answer does not tell whether somebody is known. Raises InputInvalid.
        """
        demand_fileable(self.policy, asking, self.now)
        made = as_request(self.policy, asking)
        covered = self._covered(made)
        dates = dates_of(self.policy, covered, made, (), self.terms)
        made = replace(made, due=dates.answer[0].date.isoformat())
        stored.put(self.connection, made)
        told: dict[str, object] = {
            "right": made.right.value,
            "by": made.by_whom,
            "due": [as_told(one) for one in dates.answer],
            "acknowledge": [as_told(one) for one in dates.acknowledge],
            "strength": made.strength,
            **entitlement(self.policy, covered, made, day_of(made.received_at)).as_told(),
            **self._reached(made),
            **how_filed(self.actor),
        }
        begins = begins_at(made, dates.answer[0].date, self.terms.erasure_hours)
        self._note(made, "filed", told | ({} if begins is None else {BEGINS: begins}))
        return self._joined(made)

    def acknowledge(self, request: str) -> Request:
        """Say that a request was received and is worked on."""
        return self._step(request, "acknowledged", lambda one: one.acknowledge(self.now))

    def ask(self, request: str, how: str = "") -> Request:
        """Note that the person was asked to show who they are; `how` names the way, never the address."""
        return self._step(request, "asked", lambda one: one.ask_verification(self.now), {"how": how} if how else {})

    def show(self, request: str, how: str, strength: int, details: Told | None = None) -> Request:
        """Note that the person showed who they are; `details` (evidence) go into the log's erasable part.

        A duplicate that is shown to be the person's stands by itself if the one it joined is not.
        """
        shown = self._step(
            request, "verified", lambda one: one.show(how, strength, self.now), {"strength": strength}, details
        )
        shown = self._put_off(shown)
        if shown.canonical is not None and shown.known and not stored.load(self.connection, shown.canonical).known:
            shown = self._step(shown.id, "parted", lambda one: one.part(self.now))
        return shown

    def fail(self, request: str) -> Request:
        """Note that the person could not show who they are."""
        return self._step(request, "failed", lambda one: one.fail_verification(self.now))

    def doubt(self, request: str) -> Request:
        """Note that what was shown of who asks holds no longer: they have to show it anew, and it is approved anew."""
        return self._step(request, "doubted", lambda one: one.doubt(self.now))

    def take_approval_back(self, request: str) -> Request:
        """Note that it has to be approved anew: it would be done to more than it was approved for."""
        return self._step(request, "approval-over", lambda one: one.take_approval_back(self.now))

    def pause(self, request: str, details: Told) -> Request:
        """Note that something was asked of the person that stops the clock; refused where no law lets it."""
        found = stored.load(self.connection, request)
        if found.closed or is_paused(stored.events_of(self.connection, request)):
            raise _wrong_state(found, "is closed" if found.closed else "is paused already")
        demand_pause(self._covered(found), found)
        return self._step(request, "paused", lambda one: one.put_off(one.due, self.now), {}, details)

    def resume(self, request: str) -> Request:
        """Note that the person answered: the days between do not count under a law that says so."""
        found = stored.load(self.connection, request)
        if not is_paused(stored.events_of(self.connection, request)):
            raise _wrong_state(found, "is not paused")
        return self._put_off(self._step(request, "resumed", lambda one: one.put_off(one.due, self.now)))

    def approve(self, request: str) -> Request:
        """Approve a request; an erasure never by who filed it, or stands behind what filed it."""
        found = stored.load(self.connection, request)
        if found.right is Right.ERASURE:
            why = why_not_another(
                self.connection, filer_of(self.connection, found), self.actor, f"filed the request {request}", self.now
            )
            if why:
                raise NotPermitted(
                    f"{why}, so somebody else approves the erasure.",
                    code="request-own",
                    remedy="Ask another person whose role may do `request-approve`.",
                )
        return self._step(request, "approved", lambda one: one.approve(self.now))

    def extend(self, request: str, why: str) -> Request:
        """Take as much longer as a law allows, for a reason that the person is told; raises InputInvalid."""
        found, events = stored.load(self.connection, request), stored.events_of(self.connection, request)
        if found.closed or found.extended is not None or not why.strip():
            found.extend(why, found.due, self.now)  # which raises
        longer = extended_due(self.policy, self._covered(found), found, events, self.terms, self.now)
        return self._step(
            request,
            "extended",
            lambda one: one.extend(why, longer.date.isoformat(), self.now),
            {"due": as_told(longer), "before": found.due},
            {"why": why},
        )

    def deny(self, request: str, why: Denial, details: Told | None = None) -> Request:
        """Close a request without doing what was asked; those that joined it go on without it."""
        return self._close(request, "denied", lambda one, until: one.deny(why, self.now, until), details)

    def revoke(self, request: str) -> Request:
        """Close a request because the person no longer asks."""
        return self._close(request, "revoked", lambda one, until: one.revoke(self.now, until))

    def expire(self, request: str) -> Request:
        """Close a request because the person, though asked, never showed who they are."""
        return self._close(request, "expired", lambda one, until: one.expire(self.now, until))

    def begin(self, request: str) -> Request:
        """Note that it is being carried out, before anything is done; raises InputInvalid unless it may be.

        From here on nobody else changes it until `stop` or `finish`; to begin again is right where a process died.
        """
        found = stored.load(self.connection, request)
        if found.state is RequestState.IN_PROGRESS and found.canonical is None and not found.known:
            raise unverified(found)
        if not found.ready:
            raise _wrong_state(found, _why_not_ready(found))
        demand_over(self.connection, found, self.now)
        self._note(found, "begun")
        return found

    def stop(self, request: str, code: str) -> None:
        """Note that carrying it out failed, with the error's code; it may be begun again, or denied."""
        self._note(stored.load(self.connection, request), "stopped", {"error": code})

    def finish(self, request: str, told: Told) -> Request:
        """Close a request as fulfilled, with those that joined it and are known to be the person's too.

        Whoever did not show who they are is not told that it was done. What another process finished stays as it is.
        """
        found = stored.load(self.connection, request)
        if found.state is RequestState.FULFILLED:
            return found
        until = self._keep_until(found)
        done = self._step(request, "fulfilled", lambda one: one.fulfil(self.now, until), told, busy=True)
        joined = stored.joined_to(self.connection, done.id)
        for each in (one for one in joined if one.known):
            if each.state is RequestState.OPEN:
                self._step(each.id, "acknowledged", lambda one: one.acknowledge(self.now))
            self._step(each.id, "fulfilled", lambda one: one.fulfil_with(done, self.now, until), {"with": done.id})
        self._part([each for each in joined if not each.known])
        return done

    def _joined(self, made: Request) -> Request:
        known = NOBODY if made.subject is None else made.subject  # a stranger is looked up by the same work
        same = stored.open_of(self.connection, made.namespace, known, made.right)
        first = next((each for each in same if each.id != made.id and each.asked == made.asked), None)
        return made if first is None else self._join(made.id, first)

    def _join(self, request: str, canonical: Request) -> Request:
        return self._step(request, "joined", lambda one: one.join(canonical, self.now), {"to": canonical.id})

    def _reached(self, made: Request) -> Told:
        known = made.subject is not None
        found = reach(self.connection, made.namespace, NOBODY if made.subject is None else made.subject)
        return {"identities": len(found.identities), "left_out": found.left_out} if known else {}

    def _close(
        self,
        request: str,
        kind: str,
        change: Callable[[Request, int], Request],
        details: Told | None = None,
    ) -> Request:
        until = self._keep_until(stored.load(self.connection, request))
        done = self._step(request, kind, lambda one: change(one, until), details=details)
        self._part(stored.joined_to(self.connection, done.id))
        return done

    def _part(self, heirs: Sequence[Request]) -> None:
        """Let requests go on without the one that they joined: the first of them takes its place."""
        for each in heirs[:1]:
            heir = self._step(each.id, "parted", lambda one: one.part(self.now))
            for other in heirs[1:]:
                self._join(other.id, heir)

    def _put_off(self, request: Request) -> Request:
        """Work the last day out anew after something that may move it on."""
        events = stored.events_of(self.connection, request.id)
        if circumstances_of(request, events) == NOTHING:
            return request
        due = dates_of(self.policy, self._covered(request), request, events, self.terms).answer[0]
        if due.date.isoformat() <= request.due:
            return request
        told = {"due": as_told(due), "before": request.due}
        return self._step(request.id, "put-off", lambda one: one.put_off(due.date.isoformat(), self.now), told)

    def _step(
        self,
        request: str,
        kind: str,
        change: Callable[[Request], Request],
        told: Told | None = None,
        details: Told | None = None,
        *,
        busy: bool = False,
    ) -> Request:
        before = stored.load(self.connection, request)
        if not busy and self._under_way(before):
            raise _wrong_state(before, "is being carried out")
        after = change(before)
        stored.put_again(self.connection, after)
        callbacks.put_if_changed(self.connection, self.policy, self.terms, before, after, self.now)
        self._note(after, kind, told, details)
        return after

    def _under_way(self, request: Request) -> bool:
        if request.closed:
            return False
        kinds = [each.kind for each in stored.events_of(self.connection, request.id)]
        return [kind for kind in kinds if kind in ("begun", "stopped")][-1:] == ["begun"]

    def _note(self, request: Request, kind: str, told: Told | None = None, details: Told | None = None) -> None:
        said = dict(told or {}) | ({"reason": request.reason} if request.reason else {})
        at = max(self.now, stored.last_at(self.connection, request.id))  # whatever the clock says
        stored.note(self.connection, request.id, Event(kind, at, self.actor.name, said))
        body = {"request": request.id, "right": request.right.value, "state": request.state.value, **said}
        entry = AuditEntry(
            f"request.{kind}", self.actor, self.now, subject=self.pseudonym(request), body=body, details=details or {}
        )
        append(self.connection, entry)

    def pseudonym(self, request: Request) -> str | None:
        """Return who it is about in the log; None for nobody we know (by the same work), or once their key is gone."""
        if request.subject is None:
            self.keys.for_nobody(self.connection, request.namespace)
            return None
        try:
            return self.keys.pseudonym(self.connection, request.namespace, request.subject)
        except NameUnknown:
            return None

    def _covered(self, request: Request) -> Covering:
        day = day_of(request.received_at)
        return covering_laws(self.connection, self.policy, request.namespace, request.subject, day)

    def _keep_until(self, request: Request) -> int:
        """Return until when it is kept: where nobody showed anything as for nobody known, or its end tells of whom."""
        known = self._covered(request)
        return keep_until(known if request.shown else Covering(tuple(self.policy.laws), None), self.now, self.terms)


def _why_not_ready(request: Request) -> str:
    if request.closed:
        return f"is {request.state.value}"
    if request.state is RequestState.OPEN:
        return "is not acknowledged yet"
    if request.canonical is not None:
        return f"joined {request.canonical} and is done with it"
    return "is not approved yet" if request.subject is not None else "is about nobody we know"


def _wrong_state(request: Request, why: str) -> InputInvalid:
    return InputInvalid(
        f"This cannot be done: the request {request.id} {why}.",
        remedy=f"Look at it: pellucid requests show {request.id}.",
        code="request-state",
    )
