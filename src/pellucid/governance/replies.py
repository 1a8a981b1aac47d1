"""Answers to programs that are given again to the same request: a request with an idempotency key has one effect.

An answer is written in the very transaction that does what was asked, so neither is there without the other, whatever
happens in between; that a key has one answer is the table's to say. For a day. Not for refusals: nothing was done.
What is too dear to be begun twice claims its key before it begins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from pellucid.consent.receipt import ConsentReceipt
from pellucid.consent.submission import Beside
from pellucid.errors import InputInvalid, PellucidError
from pellucid.records.database import Database
from pellucid.records.tables import api_replies

KEPT_FOR = 86_400_000_000
"""Microseconds for which an answer is kept."""

CLAIMED = 0
"""Status of a key under which work is under way, and no answer is kept yet."""

_KEY = and_(api_replies.c.token == bindparam("of_token"), api_replies.c.key == bindparam("of_key"))
_KEPT = select(api_replies.c.request, api_replies.c.status, api_replies.c.body, api_replies.c.at).where(_KEY)
_CLAIM_OF = and_(_KEY, api_replies.c.status == CLAIMED)
_UNCLAIM = delete(api_replies).where(_CLAIM_OF)
_FULFIL = update(api_replies).where(_CLAIM_OF)
_OLD = delete(api_replies).where(api_replies.c.at < bindparam("until"))
_KEEP = insert(api_replies)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered."""

    status: int
    body: bytes

    @property
    def is_claim(self) -> bool:
        """Whether it is none yet: what was asked is under way."""
        return self.status == CLAIMED


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """What was asked under a key: a token's id, and the hashes of the key and of the request.

    Nobody knows what programs write into a key, so nothing else is kept of it.
    """

    token: str
    key: str
    request: bytes

    @classmethod
    def of(cls, token: str, key: str, request: bytes) -> KeyedRequest:
        """Return a request by its token's id, its key and all that was sent."""
        return cls(token, sha256(key.encode()).hexdigest(), sha256(request).digest())


class Replies:
    """Does what is asked once a key. Threads of one process are told apart here, processes by the control database."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._guard = threading.Lock()
        self._under_way: set[tuple[str, str]] = set()

    def once(self, asked: KeyedRequest, work: Callable[[], T], again: Callable[[Reply], T]) -> T:
        """Return what `work` returns, or what `again` makes of the answer that this request was given before.

        `work` hands `beside` on to what records. A refusal is raised and not kept: the same request may be judged anew.
        Raises InputInvalid with the code `idempotency-other-request` or `idempotency-in-progress`.
        """
        with self._alone(asked):
            found = self._found(asked)
            if found is None:
                try:
                    return work()
                except _KeyTakenError:  # by another process, which has the answer
                    found = self._found(asked)
            if found is None:
                raise _in_progress()
            return again(found)

    def once_claimed(self, asked: KeyedRequest, lasts: int, work: Callable[[], T], again: Callable[[Reply], T]) -> T:
        """Do as `once`, for work that costs something: no other process begins it before this one is done.

        A claim whose process ended without a word is void after `lasts` µs. `work` calls `fulfil` where it commits.
        """
        with self._alone(asked):
            found = self._claim(asked, lasts)
            if found is not None:
                return again(found)
            try:
                return work()
            except BaseException:  # refused, failed or stopped: there is no answer, and the same may be asked anew
                with suppress(PellucidError), self._database.write() as connection:
                    connection.execute(_UNCLAIM, _place(asked))
                raise

    def fulfil(self, connection: Connection, asked: KeyedRequest, reply: Reply) -> None:
        """Keep the answer to a claimed request, in the transaction that makes it; raises InputInvalid if unclaimed."""
        values = {"status": reply.status, "body": reply.body, "at": self._clock()}
        if connection.execute(_FULFIL.values(values), _place(asked)).rowcount != 1:
            raise _in_progress()

    def find(self, token: str, key: str, lasts: int) -> Reply | None:
        """Return the answer that is kept under somebody's key, or the claim of one that is under way."""
        with self._database.read() as connection:
            row = connection.execute(_KEPT, _place(KeyedRequest.of(token, key, b""))).one_or_none()
        if row is None or (row.status == CLAIMED and row.at <= self._clock() - lasts):
            return None
        return Reply(row.status, bytes(row.body))

    def beside(self, asked: KeyedRequest, answer: Callable[[Sequence[ConsentReceipt]], Reply]) -> Beside:
        """Return what keeps the answer to a request beside the records that it makes."""

        def keep(connection: Connection, receipts: tuple[ConsentReceipt, ...]) -> None:
            self.keep(connection, asked, answer(receipts))

        return keep

    def keep(self, connection: Connection, asked: KeyedRequest, reply: Reply) -> None:
        """Keep an answer in the transaction that does what was asked, which must not come about if this raises."""
        row = {"token": asked.token, "key": asked.key, "request": asked.request, "at": self._clock()}
        try:
            connection.execute(_KEEP, {**row, "status": reply.status, "body": reply.body})
        except IntegrityError:
            raise _KeyTakenError from None

    def forget(self) -> None:
        """Delete the answers that were kept for long enough; until then a key is not taken for a new one."""
        with self._database.write() as connection:
            connection.execute(_OLD, {"until": self._clock() - KEPT_FOR})

    @contextmanager
    def _alone(self, asked: KeyedRequest) -> Iterator[None]:
        place = (asked.token, asked.key)
        with self._guard:
            if place in self._under_way:
                raise _in_progress()
            self._under_way.add(place)
        try:
            yield
        finally:
            with self._guard:
                self._under_way.discard(place)

    def _claim(self, asked: KeyedRequest, lasts: int) -> Reply | None:
        """Return the answer that is kept; None if there is none, and the key is claimed now."""
        now = self._clock()
        with self._database.write() as connection:
            row = connection.execute(_KEPT, _place(asked)).one_or_none()
            if row is not None and bytes(row.request) != asked.request:
                raise _other_request()
            if row is not None and row.status != CLAIMED:
                return Reply(row.status, bytes(row.body))
            if row is not None and row.at > now - lasts:
                raise _in_progress()
            connection.execute(_UNCLAIM, _place(asked))
            claim = {"token": asked.token, "key": asked.key, "request": asked.request, "at": now}
            connection.execute(_KEEP, {**claim, "status": CLAIMED, "body": b""})
        return None

    def _found(self, asked: KeyedRequest) -> Reply | None:
        with self._database.read() as connection:
            row = connection.execute(_KEPT, _place(asked)).one_or_none()
        if row is None:
            return None
        if bytes(row.request) != asked.request:
            raise _other_request()
        return Reply(row.status, bytes(row.body))


class _KeyTakenError(Exception):
    """Another process kept an answer under the key, so what is in this transaction must not come about."""


def _place(asked: KeyedRequest) -> dict[str, str]:
    return {"of_token": asked.token, "of_key": asked.key}


def _in_progress() -> InputInvalid:
    return InputInvalid(
        "A request with this idempotency key is being answered.",
        code="idempotency-in-progress",
        remedy="Wait, then send the same request with the same key again.",
    )


def _other_request() -> InputInvalid:
    return InputInvalid(
        "This idempotency key was used for another request.",
        code="idempotency-other-request",
        remedy="Make a new random key for each request that is not a repetition.",
    )
