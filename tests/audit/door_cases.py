"""What people do who come with a browser, for the guard of the log: name, call, entries, and whether it is refused."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select, update

from pellucid.consent.signals import gpc_reading
from pellucid.consent.visitors import Wish
from pellucid.governance import sessions
from pellucid.governance.sessions import APP, CENTRE, NewSession
from pellucid.policy.model import Actor
from pellucid.records.rights_tables import identity_challenges
from pellucid.rights import challenges
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace
from pellucid.workspace.doors import Visitor
from pellucid.workspace.staff import Member
from pellucid.workspace.tasks import challenge_key
from pellucid.workspace.visitors import QUIET
from tests.web.enrolling import PASSWORD, code_of, enrolled_by

Case = tuple[str, Callable[[Workspace], object], tuple[str, ...], bool]
COOKIE = "c" * 43
MALLORY = Actor("staff", "mallory", (), "os-user:test")
FILED = ("request.filed", "request.acknowledged", "request.verified")
SIGNED_IN, REFUSED = ("sign-in.done",), ("sign-in.refused",)
INVITED = ("staff.invited",)
TAKEN = (*INVITED, "staff.invitation-taken")
ENROLLED = (*TAKEN, "staff.account-made", *SIGNED_IN, "sign-in.ended")


def visitor(w: Workspace, household: str = "h5") -> Visitor:
    """Return a visitor, without signing in."""
    with w.room.database.write() as connection:
        who = {"namespace": "household", "subject": find(connection, "household", household)}
        made = sessions.begin(connection, CENTRE, w.doors.key, who | {"address": b""}, "code", 1, w.room.clock())
    return Visitor(made.session)


def sent(w: Workspace) -> str:
    """Return the code of the newest challenge, as if it had been sent."""
    with w.room.database.write() as connection:
        newest = select(identity_challenges).order_by(identity_challenges.c.made_at.desc()).limit(1)
        row = connection.execute(newest).one()
        noted = update(identity_challenges).where(identity_challenges.c.id == row.id)
        connection.execute(noted.values(sent_at=w.room.clock(), contact=b"mailbox"))
    return challenges.secret_of(challenge_key(w.room), row.id, row.kind)


def _answered(w: Workspace) -> NewSession:
    return w.doors.answer(sent(w), cookie=COOKIE)


def _answered_by_app(w: Workspace) -> NewSession:
    w.doors.asked.flush_all()
    w.doors.ask("h5", cookie=COOKIE, address="here", door=APP)
    w.doors.asked.flush_all()
    return w.doors.answer(sent(w), cookie=COOKIE, door=APP)


def _request(w: Workspace) -> str:
    """File an erasure, which asks for more than a session shows; its entries are FILED."""
    return w.own_requests.file(visitor(w), "erasure").status.request


def _receipt(w: Workspace) -> bytes:
    w.audit.checkpoint(actor=w.actor("pia"))
    here = visitor(w)
    return w.centre.receipt(here, w.centre.history(here)[0].sequence)


def _given(w: Workspace) -> object:
    request = _request(w)
    w.own_requests.send_code(visitor(w), request)
    return w.own_requests.give_code(visitor(w), request, sent(w))


def _invited(w: Workspace) -> str:
    return w.staff.invite("pia", actor=w.actor("pia")).secret


def _taken(w: Workspace) -> str:
    secret = _invited(w)
    w.staff.accept(secret, PASSWORD, cookie=COOKIE)
    return secret


def _confirmed(w: Workspace, code: str | None = None) -> NewSession:
    secret = _taken(w)
    enrolled = w.staff.invited(secret, cookie=COOKIE).enrolled
    assert enrolled is not None
    return w.staff.confirm(secret, code or code_of(enrolled.authenticator, w), cookie=COOKIE)


def _signed_in(w: Workspace) -> NewSession:
    code = code_of(enrolled_by(w, "pia", anew=True).authenticator, w)
    return w.staff.sign_in("pia", PASSWORD, code, address="here")


def _member(w: Workspace) -> Member:
    found = w.staff.member(_signed_in(w).secret)
    assert found is not None
    return found


def _chosen(w: Workspace) -> str:
    """Let a visitor come and say no to nothing that is offered; its entry is "visitor.chose"."""
    return w.visitors.choose("", {}, screen="x").secret


VISITOR_CASES: list[Case] = [
    ("visitors.see", lambda w: w.visitors.see("x" * 43), (), False),
    ("visitors.show", lambda w: w.visitors.show("", QUIET, actor=w.actor("pia")), (), False),
    ("visitors.show", lambda w: w.visitors.show("", QUIET, actor=MALLORY), ("access.refused",), True),
    ("visitors.choose", _chosen, ("visitor.chose",), False),
    ("visitors.choose", lambda w: w.visitors.choose("", {"nothing": Wish(False)}, screen="x"), (), True),
    (
        "visitors.record",
        lambda w: w.visitors.record("", {}, QUIET, screen="x", language="", actor=w.actor("pia")),
        ("visitor.chose",),
        False,
    ),
    (
        "visitors.record",
        lambda w: w.visitors.record("", {}, QUIET, screen="x", language="", actor=MALLORY),
        ("access.refused",),
        True,
    ),
    ("visitors.refuse_all", lambda w: w.visitors.refuse_all("", screen="x"), ("visitor.chose",), False),
    ("visitors.forget", lambda w: w.visitors.forget("x" * 43), (), False),
    ("visitors.forget", lambda w: w.visitors.forget(_chosen(w)), ("visitor.chose", "visitor.forgotten"), False),
    ("visitors.remove", lambda w: w.visitors.remove("x" * 43, actor=w.actor("pia")), (), False),
    ("visitors.remove", lambda w: w.visitors.remove("x" * 43, actor=MALLORY), ("access.refused",), True),
    (
        "visitors.remove",
        lambda w: w.visitors.remove(_chosen(w), actor=w.actor("pia")),
        ("visitor.chose", "visitor.forgotten"),
        False,
    ),
    ("arrivals.arrive", lambda w: w.arrivals.arrive(visitor(w), "x" * 43), (), False),
    (
        "arrivals.arrive",
        lambda w: w.arrivals.arrive(visitor(w), _chosen(w)),
        ("visitor.chose", "visitor.joined"),
        False,
    ),
    ("arrivals.arrive", lambda w: w.arrivals.arrive(visitor(w), "", gpc_reading("1")), ("signal.honoured",), False),
    ("arrivals.joined", lambda w: w.arrivals.joined(visitor(w)), (), False),
    ("arrivals.dismiss", lambda w: w.arrivals.dismiss(visitor(w)), (), False),
    ("arrivals.begin", lambda w: w.arrivals.begin("b" * 43), (), False),
    ("arrivals.ticket", lambda w: w.arrivals.ticket("x" * 43, w.arrivals.begin("b" * 43)), (), True),
    ("arrivals.demand_own", lambda w: w.arrivals.demand_own("x.1.y", "b" * 43), (), True),
    (
        "arrivals.take_along",
        lambda w: w.arrivals.take_along(w.arrivals.ticket(_chosen(w), w.arrivals.begin("b" * 43)), "b" * 43),
        ("visitor.chose", "visitor.known-also"),
        False,
    ),
    ("arrivals.take_along", lambda w: w.arrivals.take_along("x", "b" * 43), (), True),
]

DOOR_CASES: list[Case] = [
    ("doors.namespaces", lambda w: w.doors.namespaces(), (), False),
    ("doors.ask", lambda w: w.doors.ask("h5", cookie=COOKIE, address="here"), ("sign-in.asked",), False),
    ("doors.ask", lambda w: w.doors.ask("h5", cookie=COOKIE, address="here", namespace="x"), (), True),
    ("doors.waits", lambda w: w.doors.waits(cookie=COOKIE), (), False),
    ("doors.answer", lambda w: w.doors.answer("0", cookie=COOKIE), REFUSED, True),
    ("doors.answer", _answered, SIGNED_IN, False),
    ("doors.answer", lambda w: w.doors.answer("0", cookie=COOKIE, how="link"), REFUSED, True),
    ("doors.answer", _answered_by_app, ("sign-in.asked", *SIGNED_IN), False),
    ("doors.hand_over", lambda w: w.doors.hand_over("x", address="here"), REFUSED, True),
    ("doors.visitor", lambda w: w.doors.visitor("x" * 43), (), False),
    ("doors.leave", lambda w: w.doors.leave(visitor(w)), ("sign-in.ended",), False),
    ("doors.leave_everywhere", lambda w: w.doors.leave_everywhere(visitor(w)), ("sign-in.ended",), False),
    ("doors.tidy", lambda w: w.doors.tidy(), (), False),
    ("centre.policy", lambda w: w.centre.policy(), (), False),
    ("centre.overview", lambda w: w.centre.overview(visitor(w)), (), False),
    ("centre.home", lambda w: w.centre.home(visitor(w)), (), False),
    ("centre.standings", lambda w: w.centre.standings(visitor(w)), (), False),
    (
        "centre.choose",
        lambda w: w.centre.choose(visitor(w), "planning", yes=False, notice_version="", language="en"),
        ("consent.object",),
        False,
    ),
    (
        "centre.choose",
        lambda w: w.centre.choose(visitor(w), "nothing", yes=True, notice_version="", language="en"),
        (),
        True,
    ),
    ("centre.refuse_all", lambda w: w.centre.refuse_all(visitor(w), language="en"), ("consent.withdraw",), False),
    ("centre.history", lambda w: w.centre.history(visitor(w)), (), False),
    ("centre.messages", lambda w: w.centre.messages(visitor(w)), (), False),
    ("centre.receipt", _receipt, ("consent.receipt-issued",), False),
    ("centre.receipt", lambda w: w.centre.receipt(visitor(w), 2**40), (), True),
    ("help.authorities", lambda w: w.help.authorities(visitor(w).identity), (), False),
    ("own_requests.all", lambda w: w.own_requests.all(visitor(w)), (), False),
    ("own_requests.file", lambda w: w.own_requests.file(visitor(w), "portability"), FILED, False),
    ("own_requests.one", lambda w: w.own_requests.one(visitor(w), "r0"), (), True),
    (
        "own_requests.revoke",
        lambda w: w.own_requests.revoke(visitor(w), _request(w)),
        (*FILED, "request.revoked"),
        False,
    ),
    ("own_requests.send_code", lambda w: w.own_requests.send_code(visitor(w), "r0"), (), True),
    ("own_requests.give_code", _given, (*FILED, "request.asked", "request.verified"), False),
    ("own_requests.answer_link", lambda w: w.own_requests.answer_link("r0", "x"), (), True),
    *VISITOR_CASES,
    ("staff.invite", _invited, INVITED, False),
    ("staff.invite", lambda w: w.staff.invite("pia", actor=w.actor("ana")), ("access.refused",), True),
    ("staff.invited", lambda w: w.staff.invited(_invited(w), cookie=COOKIE), INVITED, False),
    ("staff.invited", lambda w: w.staff.invited("x" * 43, cookie=COOKIE), REFUSED, True),
    ("staff.invitations", lambda w: w.staff.invitations(actor=w.actor("pia")), (), False),
    ("staff.invitations", lambda w: w.staff.invitations(actor=w.actor("ana")), ("access.refused",), True),
    ("staff.accept", _taken, TAKEN, False),
    ("staff.accept", lambda w: w.staff.accept(_invited(w), "weak", cookie=COOKIE), INVITED, True),
    ("staff.confirm", lambda w: _confirmed(w, "none"), (*TAKEN, *REFUSED), True),
    ("staff.confirm", _confirmed, (*TAKEN, "staff.account-made", *SIGNED_IN), False),
    ("staff.invite", _invited, (), True),
    ("staff.list", lambda w: w.staff.list(actor=w.actor("pia")), (), False),
    ("staff.list", lambda w: w.staff.list(actor=w.actor("ana")), ("access.refused",), True),
    ("staff.sign_in", _signed_in, (*ENROLLED, *SIGNED_IN), False),
    ("staff.sign_in", lambda w: w.staff.sign_in("pia", "x", "0", address="here"), REFUSED, True),
    ("staff.member", lambda w: w.staff.member("x" * 43), (), False),
    ("staff.leave", lambda w: w.staff.leave(_member(w)), (*ENROLLED, *SIGNED_IN, "sign-in.ended"), False),
    ("staff.remove", lambda w: w.staff.remove("pia", actor=w.actor("pia")), ("staff.account-removed",), False),
    ("staff.remove", lambda w: w.staff.remove("pia", actor=w.actor("ana")), ("access.refused",), True),
]
