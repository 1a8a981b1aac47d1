"""The asking desk of a workspace: questions and insights that are asked once, however often they are sent.

An answer is kept beside its release for a day, for whoever asked: a browser that sends a form twice, or a program that
repeats a request, is shown it again, at no loss. It is no new answer: it may count people who have withdrawn since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields

from sqlalchemy import Connection

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.errors import NameUnknown, UseRefused
from pellucid.governance.replies import KeyedRequest, Replies, Reply
from pellucid.insights.answer import Beside, Parts, answer, preview
from pellucid.insights.kept import read, written
from pellucid.insights.query import InsightQuery
from pellucid.policy.decide import Use, decide, open_purposes
from pellucid.policy.model import Actor, Purpose, Standing
from pellucid.release.preview import Preview
from pellucid.release.result import Release
from pellucid.workspace.insights import InsightDesk
from pellucid.workspace.room import Room

RUNS = 12
"""Time limits of a question after which a claim whose process ended is void: more runs than any question has."""
DONE = 200


@dataclass(frozen=True, slots=True)
class Once:
    """Under what a question is asked once: `whose` it is, a session or a token, and a `key` that is theirs."""

    whose: str
    key: str


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, and whether it was given before and is shown `again`."""

    release: Release
    again: bool = False


@dataclass(frozen=True)
class AskDesk:
    """`workspace.asking`."""

    room: Room
    parts: Callable[[], Parts]
    replies: Callable[[], Replies]
    insights: Callable[[], InsightDesk]

    def purposes(self, actor: Actor) -> tuple[Purpose, ...]:
        """Return the purposes that the actor's roles may ask for."""
        return tuple(open_purposes(self.room.policy(), actor))

    def preview(self, query: InsightQuery) -> Preview:
        """Return what a question would cost and how exact it would be, without touching data. Raises UseRefused."""
        return preview(self.parts(), query)

    def ask(self, query: InsightQuery, once: Once | None = None) -> Given:
        """Answer a question, or show its answer again. Raises as `Workspace.query`, and InputInvalid under way."""
        if once is None:
            return Given(answer(self.parts(), query))
        return self._once(
            once, _text_of(query), query.actor, "query", lambda beside: answer(self.parts(), query, beside=beside)
        )

    def run(self, name: str, actor: Actor, once: Once | None = None) -> Given:
        """Run an approved insight, or show what it gave again. Raises as `InsightDesk.run`."""
        if once is None:
            return Given(self.insights().run(name, actor=actor))

        def work(beside: Beside) -> Release:
            return self.insights().run(name, actor=actor, beside=beside)

        return self._once(once, f"insight {name}", actor, "insight-run", work)

    def kept(self, once: Once, actor: Actor) -> Release | None:
        """Return an answer that was given before, None while it is being made. Raises NameUnknown, NotPermitted."""
        found = self.replies().find(once.whose, once.key, self._lasts)
        if found is None:
            raise NameUnknown("answer", once.key[:12], remedy="Answers are kept for a day, and shown to who asked.")
        if found.is_claim:
            return None
        release = read(found.body)
        self._demand_still(actor, release.purpose, _action_of(release))
        return release

    def _once(self, once: Once, text: str, actor: Actor, action: str, work: Callable[[Beside], Release]) -> Given:
        keyed, replies = KeyedRequest.of(once.whose, once.key, text.encode()), self.replies()

        def keep(connection: Connection, release: Release) -> None:
            replies.fulfil(connection, keyed, Reply(DONE, written(release)))

        def again(reply: Reply) -> Given:
            release = read(reply.body)
            self._demand_still(actor, release.purpose, action)
            return Given(release, again=True)

        return replies.once_claimed(keyed, self._lasts, lambda: Given(work(keep)), again)

    @property
    def _lasts(self) -> int:
        """How long a claim holds, in µs."""
        return int(RUNS * self.room.settings.query_seconds * 1_000_000)

    def _demand_still(self, actor: Actor, purpose: str, action: str) -> None:
        """Raise UseRefused, and log it, unless the actor may still use what was released to them."""
        decided = decide(self.room.policy(), Use(actor, purpose, action), Standing())
        if decided.permitted:
            return
        body = {"outcome": "refused", "reasons": sorted({each.code for each in decided.reasons}), "asked": action}
        with self.room.database.write() as connection:
            append(connection, AuditEntry("query.refused", actor, self.room.clock(), body=body))
        raise UseRefused(decided.reasons)


def _action_of(release: Release) -> str:
    return "insight-run" if release.rule == "suppressed" else "query"


def _text_of(query: InsightQuery) -> str:
    """Return all that a question asks, but for who asks."""
    asked = {each.name: repr(getattr(query, each.name)) for each in fields(query) if each.name != "actor"}
    return json.dumps(asked, sort_keys=True)


def key_of(query: InsightQuery, form: str) -> str:
    """Return the key of a question that a form asks: the same form with another question asks another."""
    return hashlib.sha256(f"{form}\0{_text_of(query)}".encode()).hexdigest()[:32]
