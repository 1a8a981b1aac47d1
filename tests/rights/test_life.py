"""Whatever is done to requests in whatever order, over the real database: nothing unproven, nothing lost, no way back.

What was shown of whom is counted here apart from the code under test.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from pellucid.consent.record import By
from pellucid.errors import DataRefused, PellucidError
from pellucid.policy.model import Actor
from pellucid.rights import stored
from pellucid.rights.book import Book
from pellucid.rights.fulfilment import carry_out
from pellucid.rights.keeping import forget_closed
from pellucid.rights.request import STRENGTHS, Denial, Request, RequestState, Right, Verification
from tests.records.sqlite import new_control
from tests.rights.conftest import OMAR, PIA, Shop, make_shop

ACTORS = st.sampled_from([PIA, OMAR])
RIGHTS = st.sampled_from([Right.ACCESS, Right.ERASURE, Right.OPT_OUT, Right.RESTRICTION])
APPROVED_FIRST = {Right.ERASURE}
MOVES = (
    *("acknowledge", "acknowledge", "show", "show", "approve", "approve", "carry_out", "carry_out", "carry_out"),
    *("ask_who", "fail", "extend", "pause", "resume", "deny", "revoke", "expire"),
)
"""What happens to requests, the usual more often."""
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where there is no disk to wait for."""


@dataclass
class Known:
    """What this test saw of a request."""

    right: Right
    subject: int | None
    filer: str
    shown: int = 0
    failed: bool = False
    approved_by: set[str] = field(default_factory=set)
    under_way: bool = False
    due: str = ""
    closed: Request | None = None


class Died(BaseException):
    """The process went away in the middle."""


class Life(RuleBasedStateMachine):
    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY)
        database = new_control(Path(self.folder.name) / "control.sqlite")
        self.shop: Shop = make_shop(database)
        self.known: dict[str, Known] = {}
        self.calls = 0

    def teardown(self) -> None:
        self.shop.database.close()
        self.folder.cleanup()

    @rule(target=requests, right=RIGHTS, subject=st.sampled_from([0, 0, 1, None]), actor=ACTORS, agent=st.booleans())
    def file(self, right: Right, subject: int | None, actor: Actor, agent: bool) -> str:
        more = {"by": By.AGENT, "proof": "file 7"} if agent else {}
        made = self.shop.ask(right, subject, actor, **more)
        self.known[made.id] = Known(right, subject, actor.name)
        return made.id

    @rule(days=st.floats(-40, 60))
    def time_passes_or_is_set_back(self, days: float) -> None:
        self.shop.wait(days)

    @rule(request=requests)
    def acknowledge(self, request: str) -> None:
        self.attempt(lambda book: book.acknowledge(request))

    @rule(request=requests)
    def ask_who(self, request: str) -> None:
        self.attempt(lambda book: book.ask(request))

    @rule(request=requests, strength=st.integers(0, 2))
    def show(self, request: str, strength: int) -> None:
        if self.attempt(lambda book: book.show(request, "code", strength)):
            known = self.known[request]
            known.shown, known.failed = max(known.shown, strength), False

    @rule(
        subject=st.sampled_from([0, 0, 0, 1, None]),
        rights=st.lists(RIGHTS, min_size=1, max_size=3),
        moves=st.lists(
            st.tuples(st.sampled_from(MOVES), st.integers(0, 2), st.integers(0, 2)), min_size=15, max_size=40
        ),
    )
    def much_happens(self, subject: int | None, rights: list[Right], moves: list[tuple[str, int, int]]) -> None:
        """File some requests, and let much of what staff and people do happen to them in turn."""
        filed = [self.file(right, subject, PIA, False) for right in rights]
        self.acknowledge(filed[0])
        for move, which, strength in moves:
            request = filed[which % len(filed)]
            if move == "show":
                self.show(request, strength)
            elif move == "approve":
                self.approve(request, (PIA, OMAR, OMAR)[strength])
            elif move == "carry_out":
                self.carry_out(request, ("done", "refused", "died")[strength])
            elif move == "deny":
                self.deny(request, list(Denial)[strength])
            elif move == "extend":
                self.extend(request, "Many records")
            else:
                getattr(self, move)(request)
            self.none_is_lost_and_none_comes_back()

    @rule(filer=ACTORS, approver=ACTORS, strength=st.sampled_from([1, 2, 2]))
    def erase(self, filer: Actor, approver: Actor, strength: int) -> None:
        """Go all the way of an erasure, which no other rule goes often."""
        request = self.file(Right.ERASURE, 1, filer, False)
        self.acknowledge(request)
        self.show(request, strength)
        self.approve(request, approver)
        self.carry_out(request, "done")

    @rule(request=requests)
    def fail(self, request: str) -> None:
        if self.attempt(lambda book: book.fail(request)):
            self.known[request].shown, self.known[request].failed = 0, True

    @rule(request=requests, actor=ACTORS)
    def approve(self, request: str, actor: Actor) -> None:
        if self.attempt(lambda book: book.approve(request), actor):
            self.known[request].approved_by.add(actor.name)

    @rule(request=requests, why=st.sampled_from(["", "Many records"]))
    def extend(self, request: str, why: str) -> None:
        self.attempt(lambda book: book.extend(request, why))

    @rule(request=requests)
    def pause(self, request: str) -> None:
        self.attempt(lambda book: book.pause(request, {"why": "which shop?"}))

    @rule(request=requests)
    def resume(self, request: str) -> None:
        self.attempt(lambda book: book.resume(request))

    @rule(request=requests, why=st.sampled_from(Denial))
    def deny(self, request: str, why: Denial) -> None:
        self.attempt(lambda book: book.deny(request, why))

    @rule(request=requests)
    def revoke(self, request: str) -> None:
        self.attempt(lambda book: book.revoke(request))

    @rule(request=requests)
    def expire(self, request: str) -> None:
        self.attempt(lambda book: book.expire(request))

    @rule(request=requests, ends=st.sampled_from(["done", "done", "refused", "died"]))
    def carry_out(self, request: str, ends: str) -> None:
        def fulfil(found: Request, actor: Actor, now: int) -> dict[str, object]:
            known = self.known[found.id]
            self.calls += 1
            self.demand_proven(found, known)
            known.under_way = ends == "died"
            if ends == "refused":
                raise DataRefused("It did not go.")
            if ends == "died":
                raise Died
            return {"parts": 1}

        database, before = self.shop.database, self.calls
        try:
            done = carry_out(database, self.opened, dict.fromkeys(Right, fulfil), request)
            assert (done.state, self.calls, ends) == (RequestState.FULFILLED, before + 1, "done")
        except (PellucidError, Died):
            closed = {name for name, known in self.known.items() if known.closed is not None}
            assert {name for name in self.known if self.load(name).closed} == closed

    @rule(years=st.integers(0, 3))
    def forget(self, years: int) -> None:
        """What is over is forgotten and nothing else; so are its events."""
        now = self.shop.time[0] + years * 366 * 86_400_000_000
        over = {
            each
            for each in self.known
            if (found := self.load(each)).closed and found.keep_until is not None and found.keep_until <= now
        }
        with self.shop.database.write() as connection:
            assert forget_closed(connection, PIA, now) == len(over)
        for each in over:
            del self.known[each]

    @invariant()
    def none_is_lost_and_none_comes_back(self) -> None:
        with self.shop.database.read() as connection:
            found = {each.id: each for each in stored.all_requests(connection, closed=True)}
        assert found.keys() == self.known.keys()
        for name, known in self.known.items():
            request = found[name]
            if known.closed is not None:
                assert request == known.closed
            elif known.under_way and request.closed:
                assert request.state is RequestState.FULFILLED
            assert request.due >= known.due
            known.due, known.closed = request.due, request if request.closed else None
            steps = [request.received_at, request.acknowledged_at, request.verified_at, request.closed_at]
            told = [each for each in steps if each is not None]
            assert told == sorted(told)
            assert not request.closed or (request.asked == {} and request.keep_until is not None)

    @invariant()
    def every_open_duplicate_waits_for_an_open_request(self) -> None:
        with self.shop.database.read() as connection:
            found = {each.id: each for each in stored.all_requests(connection)}
        for request in found.values():
            if request.canonical is not None:
                first = found[request.canonical]
                same = (first.subject, first.right, first.canonical)
                assert same == (request.subject, request.right, None)

    @invariant()
    def what_happened_is_what_the_log_tells(self) -> None:
        bodies = [json.loads(body) for body in self.shop.log()]
        logged: dict[str, list[str]] = {}
        for body in bodies:
            if "request" in body["body"]:
                logged.setdefault(body["body"]["request"], []).append(body["action"].removeprefix("request."))
        with self.shop.database.read() as connection:
            for name in self.known:
                events = stored.events_of(connection, name)
                assert [each.kind for each in events] == logged[name]
                assert [each.at for each in events] == sorted(each.at for each in events)

    def attempt(self, change: Callable[[Book], Request], actor: Actor = PIA) -> bool:
        """Take a step; one that is refused leaves everything as it was."""
        before = self.shop.log()
        try:
            with self.shop.book(actor) as book:
                change(book)
        except PellucidError as error:
            assert error.remedy
            assert self.shop.log() == before
            return False
        return True

    def demand_proven(self, request: Request, known: Known) -> None:
        needed = STRENGTHS[request.right]
        assert known.subject is not None
        assert request.verification is not Verification.FAILED
        assert not known.failed
        assert known.shown >= needed
        if request.right in APPROVED_FIRST:
            assert known.approved_by - {known.filer}

    def opened(self, connection: object) -> Book:
        shop = self.shop
        return Book(connection, shop.keys, shop.policy, shop.terms, PIA, shop.time[0])  # type: ignore[arg-type]

    def load(self, request: str) -> Request:
        with self.shop.database.read() as connection:
            return stored.load(connection, request)


Life.TestCase.settings = settings(max_examples=40, stateful_step_count=10, deadline=None)
TestLife = Life.TestCase
