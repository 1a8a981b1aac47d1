"""What customers do beyond choices, for the guard of the log: name, call, entries, and whether it is refused."""

from __future__ import annotations

from sqlalchemy import select

from pellucid.consent.record import ConsentVerb
from pellucid.governance.delegations import Delegation
from pellucid.governance.sessions import NewSession
from pellucid.policy.model import Actor
from pellucid.policy.scopes import PROGRAM
from pellucid.records.web_tables import delegations
from pellucid.rights.request import Request, Right
from pellucid.workspace import Workspace
from pellucid.workspace.doors import Visitor
from tests.audit.door_cases import FILED, Case, sent, visitor

MACHINE = Actor(PROGRAM, "till", ("erasure:preview", "request:fetch"), "token:0")
ASKED, RAISED = ("identity.asked",), ("identity.asked", "sign-in.raised")


def _proved(w: Workspace, household: str = "h5") -> NewSession:
    here = visitor(w, household)
    w.proofs.send_code(here)
    return w.proofs.give_code(here, sent(w))


def _asked(w: Workspace) -> object:
    return w.own_erasures.ask(Visitor(_proved(w, "h6").session))


def _appointed(w: Workspace) -> Delegation:
    return w.people.appoint("guardian", ("", "h4"), ("", "h5"), evidence="file 4", actor=w.actor("pia"))


def _delegation(w: Workspace) -> str:
    with w.room.database.read() as connection:
        found: str | None = connection.scalar(select(delegations.c.id))
    return found or ""


ACT_CASES: list[Case] = [
    ("proofs.stands", lambda w: w.proofs.stands(visitor(w)), (), False),
    ("proofs.send_code", lambda w: w.proofs.send_code(visitor(w)), ASKED, False),
    ("proofs.give_code", _proved, RAISED, False),
    ("proofs.give_code", lambda w: w.proofs.give_code(visitor(w), "0"), ("sign-in.refused",), True),
    ("own_erasures.consequences", lambda w: w.own_erasures.consequences(visitor(w)), (), False),
    ("own_erasures.preview", lambda w: w.own_erasures.preview("h5", actor=MACHINE), (), False),
    ("own_erasures.preview", lambda w: w.own_erasures.preview("h5", actor=w.actor("ana")), ("access.refused",), True),
    ("own_erasures.waiting", lambda w: w.own_erasures.waiting(visitor(w)), (), False),
    ("own_erasures.ask", lambda w: w.own_erasures.ask(visitor(w)), (), True),
    ("own_erasures.ask", _asked, (*RAISED, *FILED), False),
    ("own_erasures.underway", lambda w: w.own_erasures.underway(visitor(w), "r0"), (), True),
    ("own_erasures.shown", lambda w: w.own_erasures.shown("r0.x"), (), True),
    ("own_packages.stands", lambda w: w.own_packages.stands(visitor(w), "r0"), (), True),
    ("own_packages.fetch", lambda w: w.own_packages.fetch(visitor(w), "r0"), (), True),
    ("own_packages.fetch_for_program", lambda w: w.own_packages.fetch_for_program("r0", actor=MACHINE), (), True),
    (
        "own_packages.fetch_for_program",
        lambda w: w.own_packages.fetch_for_program("r0", actor=w.actor("ana")),
        ("access.refused",),
        True,
    ),
    ("own_objections.objectable", lambda w: w.own_objections.objectable(visitor(w)), (), False),
    ("own_objections.object", lambda w: w.own_objections.object(visitor(w), "nothing", ""), (), True),
    (
        "own_objections.limit",
        lambda w: w.own_objections.limit(visitor(w)),
        ("request.filed", "request.acknowledged", "request.begun", "consent.limit", "request.fulfilled"),
        False,
    ),
    (
        "own_objections.review",
        lambda w: w.own_objections.review(visitor(w), "x", "why"),
        FILED,
        False,
    ),
    ("own_objections.review", lambda w: w.own_objections.review(visitor(w), " ", ""), (), True),
    ("pauses.stands", lambda w: w.pauses.stands(visitor(w)), (), False),
    ("pauses.begin", lambda w: w.pauses.begin(visitor(w), language="en"), ("consent.restrict",), False),
    ("pauses.begin", lambda w: w.pauses.begin(visitor(w), language="en"), (), False),
    ("pauses.end", lambda w: w.pauses.end(visitor(w), language="en"), ("consent.lift",), False),
    ("centre.sealing", lambda w: w.centre.sealing(visitor(w)), (), False),
    ("centre.said", lambda w: w.centre.said(visitor(w), ConsentVerb.WITHDRAW, None, "en", 0), (), False),
    (
        "erasures.fulfil_approved",
        lambda w: w.erasures.fulfil_approved(Request("r0", Right.ERASURE, "household", 0, 0, ""), MACHINE, 0),
        (),
        True,
    ),
    ("people.appoint", lambda w: _appointed(w), ("delegation.made",), False),
    ("people.appoint", lambda w: _appointed(w), (), True),
    (
        "people.appoint",
        lambda w: w.people.appoint("agent", ("", "h4"), ("", "h3"), evidence="x", actor=w.actor("ana")),
        ("access.refused",),
        True,
    ),
    ("people.list", lambda w: w.people.list(("", "h4"), actor=w.actor("pia")), ("delegation.shown",), False),
    ("people.list", lambda w: w.people.list(("", "h4"), actor=w.actor("ana")), ("access.refused",), True),
    ("people.shown", lambda w: w.people.shown(visitor(w)), (), False),
    ("people.act", lambda w: w.people.act(visitor(w), _delegation(w)), ("delegation.acting",), False),
    ("people.act", lambda w: w.people.act(visitor(w), None), ("delegation.acting-ended",), False),
    ("people.act", lambda w: w.people.act(visitor(w), "none"), (), True),
    ("people.leave", lambda w: w.people.leave(visitor(w), _delegation(w)), ("delegation.ended",), False),
    ("people.leave", lambda w: w.people.leave(visitor(w), "none"), (), True),
    ("people.revoke_filer", lambda w: w.people.revoke_filer(visitor(w), "none"), (), False),
    ("people.end", lambda w: w.people.end("none", actor=w.actor("pia")), (), True),
    ("people.end", lambda w: w.people.end("none", actor=w.actor("ana")), ("access.refused",), True),
    ("requests.carry_out_for", lambda w: w.requests.carry_out_for("r0", MACHINE, {}), (), True),
    ("program_requests.demand_own", lambda w: w.program_requests.demand_own("r0", MACHINE), (), True),
]
