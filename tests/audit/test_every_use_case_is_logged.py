"""The guard for the log: each use case that changes or refuses something appends exactly its entries."""

from __future__ import annotations

import inspect
import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select, update

from pellucid.consent.signals import GPC_KINDS, SignalReading
from pellucid.delivery.recipients import Notice, tell
from pellucid.errors import InputInvalid, PellucidError
from pellucid.governance import refusals
from pellucid.governance.tokens import NewToken
from pellucid.policy.model import Actor, Recipient
from pellucid.policy.scopes import PROGRAM
from pellucid.records.columns import from_instant
from pellucid.records.jobs import MOST_ATTEMPTS, Claim, claim, put
from pellucid.records.rights_tables import jobs, packages, rights_requests
from pellucid.records.tables import log_entries
from pellucid.regulations.model import Override
from pellucid.rights.request import Request, Right
from pellucid.rights.schedule import JOB as RETENTION
from pellucid.rights.stored import load
from pellucid.rights.wanted import Wanted
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace, create
from pellucid.workspace.audit import create_witness
from pellucid.workspace.tasks import WORKER
from tests.audit.act_cases import ACT_CASES
from tests.audit.ask_cases import ASK_CASES
from tests.audit.door_cases import DOOR_CASES
from tests.audit.inside_cases import INSIDE_CASES
from tests.audit.openid_cases import OPENID_CASES
from tests.audit.oversight_cases import OVERSIGHT_CASES
from tests.audit.pass_cases import PASS_CASES
from tests.insights.conftest import POLICY, TOTAL

Step = Callable[[Workspace], object]


@dataclass(frozen=True)
class UseCase:
    """A call of the facade and the actions it must append; `refused` says that it raises."""

    name: str
    call: Step
    appends: tuple[str, ...]
    refused: bool = False


def _purchases(w: Workspace) -> Path:
    path = w.folder / "purchases.csv"
    rows = "".join(f"h{n},p0,1,2.00,c,2026-05-20T10:00:00Z\n" for n in range(9))
    path.write_text("household_id,product_id,week,sales_value,card_number,bought\n" + rows)
    return path


def _consents(w: Workspace) -> Path:
    path = w.folder / "consents.csv"
    columns = "subject,purpose,verb,covers,explicit,notice_version,channel,at\n"
    path.write_text(columns + "h0,offers,give,held_data,false,1,web,\nh1,offers,refuse,,false,1,web,\n")
    return path


def _broken(w: Workspace) -> object:
    folder = w.folder / "broken"
    folder.mkdir()
    (folder / "policy.yaml").write_text("controller: {}")
    return w.policy.activate(actor=w.actor("pia"), folder=folder)


def _proposed(w: Workspace) -> object:
    """What is logged of insights that are permitted is walked by `tests/insights/test_insights.py`."""
    return w.insights.propose("x", TOTAL, purpose="planning", actor=w.actor("ana"))


def _override(w: Workspace) -> object:
    said = Override("eu-gdpr", "consent.own_analytics", "opt_in", "our reading", None, None, "counsel", "pia")
    return w.laws.override(said, actor=w.actor("pia"))


def _receipt(w: Workspace) -> object:
    w.audit.checkpoint(actor=w.actor("pia"))
    leaf = actions(w).index("consent.give")
    return w.consent.receipt("h0", leaf, actor=w.actor("pia"))


def _token(w: Workspace, name: str) -> NewToken:
    """Make a token, which is an entry of its own."""
    return w.tokens.create(name, ["consent:write"], actor=w.actor("pia"))


def _up_to_deciding(w: Workspace, right: str, who: str, **asked: Any) -> str:
    """File a request, and carry it out as far as it goes: somebody has to decide it."""
    request = w.requests.file(right, who, actor=w.actor("pia"), **asked).request.id
    w.requests.verify(request, evidence="file 7", actor=w.actor("pia"))
    if right == "human-review":
        w.requests.approve(request, actor=w.actor("pia"))
    with suppress(InputInvalid):
        w.requests.carry_out(request, actor=w.actor("pia"))
    return request


def _decided(w: Workspace, who: str) -> str:
    request = _up_to_deciding(w, "objection", who, purposes=["planning"])
    w.remedies.decide_objection(request, "overruled", reasons="We must.", actor=w.actor("pia"))
    return request


def _reviewed(w: Workspace, who: str, name: str) -> None:
    request = _up_to_deciding(w, "human-review", who, decision="No credit.")
    w.remedies.review(request, "upheld", reasons="As before.", actor=w.actor(name))


FILED = ("request.filed", "request.acknowledged", "request.verified")
WEIGHED = (*FILED, "request.begun", "consent.restrict", "request.stopped")
WAITING = (*FILED, "request.approved", "request.begun", "request.stopped")
REMEDY_CASES = [
    UseCase("remedies.decide_objection", lambda w: _decided(w, "h1"), (*WEIGHED, "request.decided")),
    UseCase(
        "remedies.decide_objection",
        lambda w: w.remedies.decide_objection("x", "upheld", reasons="r", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase(
        "remedies.told",
        lambda w: w.remedies.told(_decided(w, "h2"), "objection-overruled", how="letter", actor=w.actor("pia")),
        (*WEIGHED, "request.decided", "request.told"),
    ),
    UseCase(
        "remedies.told",
        lambda w: w.remedies.told("x", "objection-upheld", how="letter", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase("remedies.reviews", lambda w: w.remedies.reviews(actor=w.actor("pia")), ()),  # none waits
    UseCase("remedies.review", lambda w: _reviewed(w, "h1", "omar"), (*WAITING, "request.decided")),
    UseCase("remedies.review", lambda w: _reviewed(w, "h2", "pia"), (*WAITING, "access.refused"), refused=True),
    UseCase("remedies.reviews", lambda w: w.remedies.reviews(actor=w.actor("pia")), ("request.reviews-shown",)),
    UseCase("remedies.reviews", lambda w: w.remedies.reviews(actor=w.actor("ana")), ("access.refused",), refused=True),
]

GPC = SignalReading("gpc", GPC_KINDS)
ONE, OTHER = ("", "h0"), ("", "h1")


def _asked() -> Request:
    """Return a request that nobody verified."""
    return Request("r", Right.ERASURE, "household", 0, 0, "", strength=2)


def _erasure(w: Workspace) -> str:
    return w.erasures.list(actor=w.actor("pia"))[0].id


def _hold(w: Workspace) -> str:
    return w.erasures.holds(actor=w.actor("pia"))[0].id


LAW_CASES = [
    UseCase("laws.shipped", lambda w: w.laws.shipped(), ()),
    UseCase("laws.pack", lambda w: w.laws.pack("eu-gdpr"), ()),
    UseCase("laws.pack", lambda w: w.laws.pack("none"), (), refused=True),
    UseCase(
        "laws.sign_off",
        lambda w: w.laws.sign_off(w.laws.pack("eu-gdpr"), "read", actor=w.actor("pia")),
        ("law.signed-off",),
    ),
    UseCase(
        "laws.sign_off",
        lambda w: w.laws.sign_off(w.laws.pack("eu-gdpr"), "read", actor=w.actor("pia")),
        ("law.refused",),
        refused=True,
    ),
    UseCase(
        "laws.sign_off",
        lambda w: w.laws.sign_off(w.laws.pack("uk-gdpr"), "read", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase("laws.override", _override, ("law.overridden",)),
    UseCase(
        "laws.restore",
        lambda w: w.laws.restore("eu-gdpr", "consent.own_analytics", "x", actor=w.actor("pia")),
        ("law.restored",),
    ),
    UseCase("laws.marks", lambda w: w.laws.marks(), ()),
    UseCase("laws.in_force", lambda w: w.laws.in_force(), ()),
    UseCase("laws.today", lambda w: w.laws.today(), ()),
    UseCase("laws.withdraw", lambda w: w.laws.withdraw("eu-gdpr", "x", actor=w.actor("pia")), ("law.withdrawn",)),
    UseCase("screens.doubt", lambda w: w.screens.doubt("s", "r", actor=w.actor("pia")), ("consent.screen-doubtful",)),
    UseCase("screens.doubt", lambda w: w.screens.doubt("s", "r", actor=w.actor("ana")), ("access.refused",), True),
    UseCase("screens.clear", lambda w: w.screens.clear("s", "r", actor=w.actor("pia")), ("consent.screen-cleared",)),
    UseCase(
        "screens.propose",
        lambda w: w.screens.propose("s", "r", actor=w.actor("pia")),
        ("consent.screen-to-be-invalidated",),
    ),
    UseCase(
        "screens.invalidate",
        lambda w: w.screens.invalidate("s", "r", actor=w.actor("pia")),
        ("access.refused",),
        refused=True,
    ),
    UseCase(
        "screens.invalidate",
        lambda w: w.screens.invalidate("s", "r", actor=w.actor("omar")),
        ("consent.screen-invalidated",),
    ),
    UseCase("screens.all", lambda w: w.screens.all(actor=w.actor("pia")), ()),
    UseCase(
        "identities.link",
        lambda w: w.identities.link(ONE, OTHER, evidence="signed in", actor=w.actor("pia")),
        ("subject.linked",),
    ),
    UseCase(
        "identities.link",
        lambda w: w.identities.link(ONE, OTHER, evidence="signed in", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase("identities.links", lambda w: w.identities.links(ONE, actor=w.actor("pia")), ("subject.links-shown",)),
    UseCase(
        "identities.split",
        lambda w: w.identities.split(ONE, OTHER, evidence="two people", actor=w.actor("pia")),
        ("consent.refuse", "consent.refuse", "subject.split"),  # what one of them had closed stays so for both
    ),
    UseCase("signals.apply", lambda w: w.signals.apply("h0", GPC, actor=w.actor("pia")), ("signal.honoured",)),
    UseCase("signals.apply", lambda w: w.signals.apply("h0", GPC, actor=w.actor("pia")), ()),
    UseCase("signals.apply", lambda w: w.signals.apply("h0", GPC, actor=w.actor("ana")), ("access.refused",), True),
    UseCase("signals.answer", lambda w: w.signals.answer("h0", "offers", "stay", actor=w.actor("pia")), (), True),
    UseCase(
        "signals.answer",
        lambda w: w.signals.answer("h0", "offers", "leave", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase("signals.shown", lambda w: w.signals.shown("h0", actor=w.actor("pia")), ("consent.shown",)),
    UseCase("consent.receipt", _receipt, ("consent.receipt-issued",)),
]


NOTICE_CASES = [
    UseCase("notices.draft", lambda w: w.notices.draft(), ()),
    UseCase("notices.publish", lambda w: w.notices.publish(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("notices.publish", lambda w: w.notices.publish(actor=w.actor("pia")), ("notice.published",)),
    UseCase("notices.publish", lambda w: w.notices.publish(actor=w.actor("pia")), ()),  # it is shown already
    UseCase("notices.named", lambda w: w.notices.named(), ()),
    UseCase("notices.shown_in", lambda w: w.notices.shown_in("en"), ()),
    UseCase("help.shown", lambda w: w.help.shown(), ()),
    UseCase("notices.list", lambda w: w.notices.list(), ()),
    UseCase("notices.compare", lambda w: w.notices.compare("current", "draft"), ()),
    UseCase("notices.check", lambda w: w.notices.check(), ()),
]


def _package(w: Workspace, id: str, actor: str = "pia", strength: int = 1) -> object:
    """File a request that was verified so far, and hand its package over."""
    with w.room.database.write() as connection:
        values = REQUEST | {"id": id, "subject": find(connection, "household", "h0"), "verified_strength": strength}
        connection.execute(insert(rights_requests).values(values))
    return w.access.package(id, w.folder / f"package-{id}", actor=w.actor(actor))


REQUEST: dict[str, object] = {
    "right": "access",
    "namespace": "household",
    "by_whom": "self",
    "channel": "web",
    "state": "in_progress",
    "reason": "",
    "verification": "shown",
    "strength": 1,
    "received_at": 1,
    "acknowledged_at": 1,
    "verified_at": 1,
    "due": "2026-01-31",
}


def _made(w: Workspace) -> str:
    with w.room.database.read() as connection:
        return next(iter(connection.scalars(select(packages.c.id))))


TILL = Actor(PROGRAM, "till", ("request:file", "request:read", "request:verify"), "token:0")
STRANGER = replace(TILL, name="stranger")


def _handed_in(w: Workspace, right: str, subject: str) -> str:
    """Hand a request in as a program: two entries."""
    return w.program_requests.file(Wanted(right, subject), actor=TILL).request


def _answered_wrong(w: Workspace, request: str) -> object:
    w.program_requests.challenge(request, actor=TILL)
    return w.program_requests.answer(request, "x", actor=TILL)


HANDED_IN = ("request.filed", "request.acknowledged")
PROGRAM_REQUEST_CASES = [
    UseCase("program_requests.file", lambda w: _handed_in(w, "access", "nobody"), HANDED_IN),
    UseCase("program_requests.file", lambda w: _handed_in(w, "rectification", "h9"), (), True),
    UseCase(
        "program_requests.file",
        lambda w: w.program_requests.file(Wanted("access", "h9"), actor=w.actor("ana")),
        ("access.refused",),
        True,
    ),
    UseCase(
        "program_requests.status",
        lambda w: w.program_requests.status(_handed_in(w, "access", "h9"), actor=TILL),
        HANDED_IN,
    ),
    UseCase(
        "program_requests.status",
        lambda w: w.program_requests.status(_handed_in(w, "limit", "h9"), actor=STRANGER),
        HANDED_IN,
        True,
    ),
    UseCase(
        "program_requests.challenge",
        lambda w: w.program_requests.challenge(_handed_in(w, "portability", "h9"), actor=TILL),
        (*HANDED_IN, "request.asked"),
    ),
    UseCase(
        "program_requests.answer",
        lambda w: _answered_wrong(w, _handed_in(w, "erasure", "h9")),
        (*HANDED_IN, "request.asked", "identity.refused"),
        True,
    ),
    UseCase(
        "program_requests.revoke",
        lambda w: w.program_requests.revoke(_handed_in(w, "opt-out", "h9"), actor=TILL),
        (*HANDED_IN, "request.revoked"),
    ),
]


AGENT_KEY = Ed25519PrivateKey.from_private_bytes(b"a" * 32)


def _message(w: Workspace, **more: object) -> bytes:
    """Return what an agent signed for this workspace, which holds for a minute."""
    now = from_instant(w.room.clock())
    said = {"agent-id": "AGENT", "business-id": "test/log", "issued-at": now.isoformat(), "drp.version": "1.0"}
    text = json.dumps(said | {"expires-at": (now + timedelta(minutes=1)).isoformat()} | more).encode()
    return b64encode(AGENT_KEY.sign(text) + text)


def _agent_token(w: Workspace) -> str:
    """Have an agent given a token, which is an entry."""
    return w.agents.set_up("AGENT", _message(w))


def _exercised(w: Workspace, token: str) -> str:
    return w.agents.exercise(token, _message(w, exercise="access", identifier="h9")).request


def _taken_back(w: Workspace) -> object:
    text, token = b"{}", _agent_token(w)
    return w.agents.take_back(token, _exercised(w, token), b64encode(AGENT_KEY.sign(text) + text))


GIVEN = ("agent.token-given",)
AGENT_CASES = [
    UseCase(
        "agents.add",
        lambda w: w.agents.add("AGENT", "An agent", AGENT_KEY.public_key().public_bytes_raw(), actor=w.actor("pia")),
        ("agent.added",),
    ),
    UseCase("agents.add", lambda w: w.agents.add("X", "X", b"", actor=w.actor("ana")), ("access.refused",), True),
    UseCase(
        "agents.set_callback_host",
        lambda w: w.agents.set_callback_host("AGENT", "agent.example", actor=w.actor("pia")),
        ("agent.callback-set",),
    ),
    UseCase(
        "agents.set_callback_host",
        lambda w: w.agents.set_callback_host("AGENT", "127.0.0.1", actor=w.actor("pia")),
        (),
        True,
    ),
    UseCase(
        "agents.set_callback_host",
        lambda w: w.agents.set_callback_host("AGENT", None, actor=w.actor("ana")),
        ("access.refused",),
        True,
    ),
    UseCase("agents.list", lambda w: w.agents.list(actor=w.actor("pia")), ()),
    UseCase("agents.set_up", _agent_token, GIVEN),
    UseCase("agents.set_up", lambda w: w.agents.set_up("NOBODY", b""), ("token.refused",), True),
    UseCase("agents.let_in", lambda w: w.agents.let_in("AGENT", "wrong"), (), True),  # counted by the minute and reason
    UseCase("agents.exercise", lambda w: _exercised(w, _agent_token(w)), (*GIVEN, *HANDED_IN)),
    UseCase(
        "agents.status",
        lambda w: w.agents.status(_agent_token(w), _handed_in(w, "access", "h9")),
        (*GIVEN, *HANDED_IN, "token.refused"),
        True,
    ),
    UseCase("agents.take_back", _taken_back, (*GIVEN, *HANDED_IN, "request.revoked")),
    UseCase("agents.revoke", lambda w: w.agents.revoke("AGENT", actor=w.actor("pia")), ("agent.revoked",)),
]


ACCESS_CASES = [
    UseCase(
        "access.package", lambda w: _package(w, "r000000000000"), ("access.package-made", "access.package-fetched")
    ),
    UseCase(
        "access.package", lambda w: _package(w, "r000000000001", strength=0), ("access.package-refused",), refused=True
    ),
    UseCase("access.package", lambda w: _package(w, "r000000000002", actor="ana"), ("access.refused",), refused=True),
    UseCase(
        "access.fulfil", lambda w: w.access.fulfil(request_of(w, "r000000000000"), w.actor("pia"), w.room.clock()), ()
    ),
    UseCase("access.link", lambda w: w.access.link(_made(w)), ("access.link-made",)),
    UseCase(
        "access.fetch",
        lambda w: w.access.fetch(_made(w), w.access.link(_made(w)).secret),
        ("access.link-made", "access.package-fetched"),
    ),
    UseCase("access.fetch", lambda w: w.access.fetch(_made(w), "wrong"), ("token.refused",), refused=True),
    UseCase("access.held", lambda w: w.access.held("h0", actor=w.actor("pia")), ("subject.held-shown",)),
    UseCase("access.held", lambda w: w.access.held("h0", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("access.contacts", lambda w: w.access.contacts("household", 0), ()),
    UseCase("access.addresses", lambda w: w.access.addresses("household", 0), ()),
    UseCase("access.mail_address", lambda w: w.access.mail_address("household", 0), ()),
    UseCase("access.mail_addresses", lambda w: w.access.mail_addresses("household", [0]), ()),
    UseCase("access.remove_expired", lambda w: w.access.remove_expired(), ()),
]


def request_of(w: Workspace, id: str) -> Request:
    with w.room.database.read() as connection:
        return load(connection, id)


def _turn_on(w: Workspace, name: str) -> None:
    w.retention.turn_on(w.retention.preview(actor=w.actor("pia")).rules, actor=w.actor(name))


def _by_schedule(w: Workspace) -> None:
    """Do one job of the schedule, and leave none."""
    now = w.room.clock()
    with w.room.database.write() as connection:
        put(connection, RETENTION, f"test {now}", now)
        job = claim(connection, [RETENTION], "w", now, 60)
    assert job is not None
    held = Claim(w.room.database, job, w.room.clock, 60)
    w.retention.work(held, WORKER)
    if not held.settled:
        with w.room.database.write() as connection:
            held.done(connection)


H0, CUSTOMER = ("household", 0), Actor("customer", "self", (), "session")
USE_CASES = [
    UseCase("uses.of", lambda w: w.uses.of("h0", actor=w.actor("pia")), ("subject.uses-shown",)),
    UseCase("uses.of", lambda w: w.uses.of("h0", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("uses.own", lambda w: w.uses.own(H0, actor=CUSTOMER), ("subject.uses-shown",)),
    UseCase("uses.own", lambda w: w.uses.own(H0, actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase(
        "uses.receivers_of", lambda w: w.uses.receivers_of("h0", actor=w.actor("pia")), ("subject.recipients-shown",)
    ),
    UseCase("uses.receivers_of", lambda w: w.uses.receivers_of("h0", actor=w.actor("ana")), ("access.refused",), True),
    UseCase("uses.own_receivers", lambda w: w.uses.own_receivers(H0, actor=CUSTOMER), ("subject.recipients-shown",)),
    UseCase("uses.own_receivers", lambda w: w.uses.own_receivers(H0, actor=w.actor("ana")), ("access.refused",), True),
]

MESSAGE_CASES = [
    UseCase("messages.due", lambda w: w.messages.due(actor=w.actor("pia")), ()),
    UseCase("messages.due", lambda w: w.messages.due(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("messages.told", lambda w: w.messages.told(actor=w.actor("pia")), ()),
    UseCase("messages.told", lambda w: w.messages.told(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("messages.send", lambda w: w.messages.send(["yearly"], actor=w.actor("pia")), ()),  # no address is held
    UseCase("messages.send", lambda w: w.messages.send(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("messages.preferences", lambda w: w.messages.preferences("x.1.y"), ("token.refused",), refused=True),
    UseCase("messages.prefer", lambda w: w.messages.prefer("x", "yearly", wanted=False), (), True),
]

RIGHTS_CASES = [
    UseCase("erasures.with_tell", lambda w: w.erasures.with_tell(lambda *_: "sent"), ()),
    UseCase("erasures.plan", lambda w: w.erasures.plan([ONE], actor=w.actor("pia")), ("erasure.planned",)),
    UseCase("erasures.plan", lambda w: w.erasures.plan([ONE], actor=w.actor("ana")), ("access.refused",), True),
    UseCase(
        "erasures.hold",
        lambda w: w.erasures.hold(person=OTHER, dataset=None, reason="claim", actor=w.actor("pia")),
        ("hold.placed",),
    ),
    UseCase("erasures.holds", lambda w: w.erasures.holds(actor=w.actor("pia")), ()),
    UseCase(
        "erasures.run",
        lambda w: w.erasures.run([ONE], actor=w.actor("pia")),
        ("erasure.begun", "erasure.left", "data.erased", "erasure.finished"),
    ),
    UseCase("erasures.run", lambda w: w.erasures.run([ONE], actor=w.actor("ana")), ("access.refused",), True),
    UseCase("erasures.carry_on", lambda w: w.erasures.carry_on(actor=w.actor("pia")), ()),
    UseCase("erasures.resume", lambda w: w.erasures.resume(w.actor("pia")), ()),
    UseCase("erasures.carry_out", lambda w: w.erasures.carry_out([_asked()], actor=w.actor("pia")), (), True),
    UseCase("erasures.fulfil", lambda w: w.erasures.fulfil(_asked(), w.actor("pia"), 0), (), True),
    UseCase("erasures.list", lambda w: w.erasures.list(actor=w.actor("pia")), ()),
    UseCase("erasures.show", lambda w: w.erasures.show(_erasure(w), actor=w.actor("pia")), ()),
    UseCase("erasures.receipt", lambda w: w.erasures.receipt(_erasure(w), actor=w.actor("pia")), ()),
    UseCase("erasures.receipt", lambda w: w.erasures.receipt("none", actor=w.actor("pia")), (), True),
    UseCase("erasures.release", lambda w: w.erasures.release(_hold(w), actor=w.actor("pia")), ("hold.released",)),
    UseCase("erasures.release", lambda w: w.erasures.release("none", actor=w.actor("pia")), (), True),
    UseCase("erasures.let_return", lambda w: w.erasures.let_return(ONE, actor=w.actor("pia")), ("subject.returned",)),
    UseCase("retention.preview", lambda w: w.retention.preview(actor=w.actor("pia")), ()),
    UseCase("retention.run", lambda w: w.retention.run(actor=w.actor("pia")), ("retention.run",)),
    UseCase("retention.run", lambda w: w.retention.run(actor=w.actor("ana")), ("access.refused",), True),
    UseCase("retention.turn_on", lambda w: _turn_on(w, "pia"), ("retention.scheduled",)),
    UseCase("retention.turn_on", lambda w: _turn_on(w, "ana"), ("access.refused",), True),
    UseCase("retention.turn_on", lambda w: w.retention.turn_on("others", actor=w.actor("pia")), (), True),
    UseCase("retention.scheduled", lambda w: w.retention.scheduled(actor=w.actor("pia")), ()),
    UseCase("retention.work", _by_schedule, ("retention.run",)),
    UseCase("retention.turn_off", lambda w: w.retention.turn_off(actor=w.actor("pia")), ("retention.unscheduled",)),
    UseCase("retention.turn_off", lambda w: w.retention.turn_off(actor=w.actor("ana")), ("access.refused",), True),
    UseCase("retention.work", _by_schedule, ()),  # it was turned off
]

PROGRAM_CASES = [
    UseCase("tokens.create", lambda w: _token(w, "till"), ("token.created",)),
    UseCase("tokens.create", lambda w: _token(w, "till"), (), refused=True),  # there is one of this name
    UseCase(
        "tokens.create",
        lambda w: w.tokens.create("x", ["consent:write"], actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase("tokens.list", lambda w: w.tokens.list(actor=w.actor("pia")), ()),
    UseCase("tokens.list", lambda w: w.tokens.list(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("tokens.let_in", lambda w: w.tokens.let_in(_token(w, "let-in").secret), ("token.created",)),
    UseCase("tokens.let_in", lambda w: w.tokens.let_in("wrong"), ("token.refused",), refused=True),
    UseCase("tokens.let_in", lambda w: w.tokens.let_in("wrong"), (), refused=True),  # counted, for the next minute
    UseCase("tokens.nobody", lambda w: w.tokens.nobody(), ("token.refused",)),
    UseCase(
        "tokens.demand_scope",
        lambda w: w.tokens.demand_scope(_token(w, "held").token, "consent:write"),
        ("token.created",),
    ),
    UseCase(
        "tokens.demand_scope",
        lambda w: w.tokens.demand_scope(_token(w, "not-held").token, "consent:lift"),
        ("token.created", "token.refused"),
        refused=True,
    ),
    UseCase(
        "tokens.revoke",
        lambda w: w.tokens.revoke(_token(w, "lost").token.id, actor=w.actor("pia")),
        ("token.created", "token.revoked"),
    ),
    UseCase("tokens.revoke", lambda w: w.tokens.revoke("none", actor=w.actor("pia")), (), refused=True),
    UseCase("tokens.revoke", lambda w: w.tokens.revoke("x", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("programs.show", lambda w: w.programs.show("h0", actor=w.actor("pia")), ("consent.shown",)),
    UseCase("programs.show", lambda w: w.programs.show("none", actor=w.actor("pia")), (), refused=True),
    UseCase("programs.show", lambda w: w.programs.show("h0", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("programs.policy_since", lambda w: w.programs.policy_since(), ()),
    UseCase("consent.changes", lambda w: w.consent.changes(0, 10, actor=w.actor("pia")), ("consent.changes-shown",)),
    UseCase("consent.changes", lambda w: w.consent.changes(10**9, 10, actor=w.actor("pia")), ()),  # none to show
    UseCase(
        "consent.changes",
        lambda w: w.consent.changes(0, 10, actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
]


def _filed(w: Workspace, right: str, subject: str = "h0") -> str:
    """File a request, which is an entry of its own."""
    return w.requests.file(right, subject, actor=w.actor("omar")).request.id


def _known(w: Workspace, right: str) -> str:
    """File a request of somebody whom the staff know: three entries."""
    request = _filed(w, right, "h2")
    w.requests.verify(request, evidence="file 1", actor=w.actor("pia"))
    return request


def _limited(w: Workspace) -> object:
    w.requests.fulfillers[Right.LIMIT] = lambda request, actor, now: {}
    return w.requests.carry_out(_filed(w, "limit", "h2"), actor=w.actor("pia"))


def _acknowledged(w: Workspace, subject: str) -> str:
    request = _filed(w, "portability", subject)
    w.requests.acknowledge(request, actor=w.actor("pia"))
    return request


def _challenged(w: Workspace, subject: str) -> str:
    request = _acknowledged(w, subject)
    w.requests.challenge(request, actor=w.actor("pia"))
    return request


REQUEST_CASES = [
    UseCase(
        "requests.challenge",
        lambda w: w.requests.challenge(_acknowledged(w, "h3"), actor=w.actor("pia")),
        ("request.filed", "request.acknowledged", "request.asked"),
    ),
    UseCase(
        "requests.answer",
        lambda w: w.requests.answer(_challenged(w, "h4"), "x", actor=w.actor("pia")),
        ("request.filed", "request.acknowledged", "request.asked", "identity.refused"),
        refused=True,
    ),
    UseCase(
        "requests.answer",
        lambda w: w.requests.answer("r000000000000", "12345678", actor=w.actor("pia")),
        (),
        refused=True,
    ),
    UseCase("requests.file", lambda w: _filed(w, "access"), ("request.filed",)),
    UseCase("requests.file", lambda w: _filed(w, "access"), ("request.filed", "request.joined")),
    UseCase("requests.file", lambda w: _filed(w, "access", "nobody"), ("request.filed",)),
    UseCase("requests.file", lambda w: _filed(w, "rectification"), (), refused=True),
    UseCase(
        "requests.file", lambda w: w.requests.file("access", "h0", actor=w.actor("ana")), ("access.refused",), True
    ),
    UseCase("requests.list", lambda w: w.requests.list(actor=w.actor("pia")), ()),
    UseCase("requests.list", lambda w: w.requests.list(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("requests.page", lambda w: w.requests.page(actor=w.actor("pia")), ()),
    UseCase("requests.page", lambda w: w.requests.page(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase(
        "requests.show",
        lambda w: w.requests.show(_filed(w, "limit"), actor=w.actor("pia")),
        ("request.filed", "request.shown"),
    ),
    UseCase("requests.show", lambda w: w.requests.show("r0", actor=w.actor("pia")), (), refused=True),
    UseCase(
        "requests.acknowledge",
        lambda w: w.requests.acknowledge(_filed(w, "opt-out"), actor=w.actor("pia")),
        ("request.filed", "request.acknowledged"),
    ),
    UseCase(
        "requests.verify",
        lambda w: _known(w, "portability"),
        ("request.filed", "request.acknowledged", "request.verified"),
    ),
    UseCase("requests.verify", lambda w: w.requests.verify("x", evidence="", actor=w.actor("pia")), (), refused=True),
    UseCase(
        "requests.approve",
        lambda w: w.requests.approve(_known(w, "erasure"), actor=w.actor("pia")),
        ("request.filed", "request.acknowledged", "request.verified", "request.approved"),
    ),
    UseCase(
        "requests.approve",
        lambda w: w.requests.approve(_filed(w, "erasure", "h3"), actor=w.actor("omar")),
        ("request.filed", "access.refused"),
        refused=True,
    ),
    UseCase(
        "requests.extend",
        lambda w: w.requests.extend(_filed(w, "restriction", "h4"), reason="many", actor=w.actor("pia")),
        ("request.filed",),  # no law is signed off that would let it
        refused=True,
    ),
    UseCase(
        "requests.pause",
        lambda w: w.requests.pause(_filed(w, "restriction", "h5"), reason="which?", actor=w.actor("pia")),
        ("request.filed",),
        refused=True,
    ),
    UseCase("requests.resume", lambda w: w.requests.resume("r0", actor=w.actor("pia")), (), refused=True),
    UseCase(
        "requests.deny",
        lambda w: w.requests.deny(_filed(w, "access", "h6"), why="no_match", actor=w.actor("pia")),
        ("request.filed", "request.denied"),
    ),
    UseCase(
        "requests.revoke",
        lambda w: w.requests.revoke(_filed(w, "access", "h7"), actor=w.actor("pia")),
        ("request.filed", "request.revoked"),
    ),
    UseCase(
        "requests.expire",
        lambda w: w.requests.expire(_filed(w, "access", "h8"), actor=w.actor("pia")),
        ("request.filed",),  # nobody asked who it is
        refused=True,
    ),
    UseCase(
        "requests.carry_out",
        _limited,
        ("request.filed", "request.acknowledged", "request.begun", "request.fulfilled"),
    ),
    UseCase("requests.forget_closed", lambda w: w.requests.forget_closed(actor=w.actor("pia")), ()),  # too early
    UseCase(
        "requests.forget_closed", lambda w: w.requests.forget_closed(actor=w.actor("ana")), ("access.refused",), True
    ),
]


def _told(w: Workspace) -> str:
    """Put what two recipients are to be told; having it handed over is another entry."""
    hosting = Recipient("hosting", "our hosting company", "DE", "processor")
    mailed = replace(hosting, name="mailed", address="privacy@mailed.example")
    notice, controller = Notice("erasure", "r1", "household", ("h0",)), w.policy.active().controller
    with w.room.database.write() as connection:
        return tell(connection, controller, [hosting, mailed], notice, w.room.clock())[0]


def _handed_over(w: Workspace) -> None:
    _told(w)
    while w.work.do_next("w") is not None:
        pass


def _given_up(w: Workspace) -> None:
    """Give up what could not be mailed, for no server is set: its job has failed often enough."""
    with w.room.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.state == "due").values(attempts=MOST_ATTEMPTS, due_at=0))
    w.work.do_next("w")


def _job_given_up(w: Workspace) -> str:
    return next(job.id for job in w.work.list(actor=w.actor("pia")) if job.state == "given-up")


def _delivery_sent(w: Workspace) -> str:
    return next(each.id for each in w.recipients.list(actor=w.actor("pia")) if each.state == "sent")


WORK_CASES = [
    UseCase("work.plan", lambda w: w.work.plan(), ()),
    UseCase("work.do_next", lambda w: w.work.do_next("w"), ("identity.challenge",)),  # asked for above
    UseCase("work.do_next", lambda w: w.work.do_next("w"), ("identity.challenge",)),  # and by who answers wrongly
    UseCase("work.do_next", lambda w: w.work.do_next("w"), ()),
    UseCase("work.do_next", _handed_over, ("delivery.sent",)),
    UseCase("work.do_next", _given_up, ("work.given-up",)),
    UseCase("work.list", lambda w: w.work.list(actor=w.actor("pia")), ()),
    UseCase("work.list", lambda w: w.work.list(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("work.retry", lambda w: w.work.retry(_job_given_up(w), actor=w.actor("pia")), ("work.retried",)),
    UseCase("work.retry", lambda w: w.work.retry("x", actor=w.actor("pia")), (), refused=True),
    UseCase("work.retry", lambda w: w.work.retry("x", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("recipients.list", lambda w: w.recipients.list(actor=w.actor("pia")), ()),
    UseCase("recipients.list", lambda w: w.recipients.list(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase(
        "recipients.record_answer",
        lambda w: w.recipients.record_answer(_delivery_sent(w), "erased", actor=w.actor("pia")),
        ("recipient.answered",),
    ),
    UseCase(
        "recipients.record_answer",
        lambda w: w.recipients.record_answer("none", "erased", actor=w.actor("pia")),
        (),
        refused=True,
    ),
    UseCase(
        "recipients.record_answer",
        lambda w: w.recipients.record_answer("none", "erased", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
]

CASES = [
    UseCase("policy.activate", lambda w: w.policy.activate(actor=w.actor("pia")), ("policy.activated",)),
    UseCase("policy.activate", _broken, ("policy.refused",), refused=True),
    UseCase("policy.activate", lambda w: w.policy.activate(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("policy.check", lambda w: w.policy.check(), ()),
    UseCase("policy.explain", lambda w: w.policy.explain("planning"), ()),
    UseCase("policy.compare", lambda w: w.policy.compare("active", w.policy.folder), ()),
    UseCase(
        "policy.compare_exact",
        lambda w: w.policy.compare_exact("active", w.policy.folder, actor=w.actor("pia")),
        ("policy.compared-exact",),
    ),
    UseCase(
        "policy.compare_exact",
        lambda w: w.policy.compare_exact("active", "active", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase("policy.active", lambda w: w.policy.active(), ()),
    UseCase(
        "data.add", lambda w: w.data.add("purchases", _purchases(w), actor=w.actor("ana")), ("access.refused",), True
    ),
    UseCase("data.add", lambda w: w.data.add("purchases", _purchases(w), actor=w.actor("pia")), ("data.published",)),
    UseCase("data.sort", lambda w: w.data.sort("purchases", actor=w.actor("pia")), ("data.sorted",)),
    UseCase("data.sort", lambda w: w.data.sort("products", actor=w.actor("pia")), ("data.refused",), refused=True),
    UseCase("data.sort", lambda w: w.data.sort("purchases", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("data.sort", lambda w: w.data.sort(actor=w.actor("pia")), ()),  # none would profit
    UseCase("data.sort_touched", lambda w: w.data.sort_touched(namespace=None, actor=w.actor("pia")), ()),
    UseCase("data.sort_touched", lambda w: w.data.sort_touched(namespace=None, actor=w.actor("ana")), ()),
    UseCase("data.list", lambda w: w.data.list(actor=w.actor("pia")), ()),
    # What is logged of a table that is built, or refused by the gate, is walked by `tests/insights/test_derive.py`.
    UseCase("derived.build", lambda w: w.derived.build("purchases", actor=w.actor("ana")), ("access.refused",), True),
    UseCase("derived.all", lambda w: w.derived.all(actor=w.actor("pia")), ()),
    UseCase("data.list", lambda w: w.data.list(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase(
        "consent.record",
        lambda w: w.consent.record("give", "h0", purpose="offers", actor=w.actor("pia"), covers="held_data"),
        ("consent.give",),
    ),
    UseCase(
        "consent.record",
        lambda w: w.consent.record("withdraw", "h0", purpose="offers", actor=w.actor("pia")),
        ("consent.withdraw",),
    ),
    UseCase(
        "consent.record",
        lambda w: w.consent.record("give", "h0", purpose="offers", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase(
        "consent.import_records",
        lambda w: w.consent.import_records(_consents(w), actor=w.actor("pia")),
        ("consent.give", "consent.refuse"),
    ),
    UseCase("consent.why", lambda w: w.consent.why("h0", purpose="offers", actor=w.actor("pia")), ("consent.shown",)),
    UseCase("consent.history", lambda w: w.consent.history("h0", actor=w.actor("pia")), ("consent.shown",)),
    UseCase(
        "consent.coverage", lambda w: w.consent.coverage("purchases", purpose="planning", actor=w.actor("pia")), ()
    ),
    UseCase(
        "consent.coverage_exact",
        lambda w: w.consent.coverage_exact("purchases", purpose="planning", actor=w.actor("pia")),
        ("consent.coverage-exact",),
    ),
    UseCase(
        "consent.export",
        lambda w: w.consent.export(w.folder / "said.csv", actor=w.actor("pia")),
        ("consent.exported",),
    ),
    UseCase(
        "consent.export",
        lambda w: w.consent.export(w.folder / "said.csv", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase("consent.acknowledge", lambda w: w.consent.acknowledge("withdraw", purpose="offers"), ()),
    *LAW_CASES,
    *NOTICE_CASES,
    *PROGRAM_CASES,
    *REMEDY_CASES,
    *REQUEST_CASES,
    *ACCESS_CASES,
    *USE_CASES,
    *MESSAGE_CASES,
    UseCase("query", lambda w: w.query(TOTAL, purpose="planning", actor="ana"), ("query.released",)),
    UseCase(
        "query", lambda w: w.query("SELECT 1; SELECT 2", purpose="planning", actor="ana"), ("query.refused",), True
    ),
    UseCase(
        "query",
        lambda w: w.query(TOTAL, purpose="planning", actor="ana", accuracy="0.001%"),
        ("query.released", "query.refused"),
        refused=True,
    ),
    UseCase("query", lambda w: w.query(TOTAL, purpose="planning", actor="mallory"), ("query.refused",), refused=True),
    UseCase("preview", lambda w: w.preview(TOTAL, purpose="planning", actor="ana"), ()),
    UseCase("budget_plan", lambda w: w.budget_plan([TOTAL], purpose="planning", actor="ana"), ()),
    UseCase("preview", lambda w: w.preview("x", purpose="planning", actor="ana"), ("query.refused",), refused=True),
    # It reads declarations and public tables, which are about nobody, so a sample that is given is no entry.
    UseCase("sample", lambda w: w.sample("purchases", purpose="planning", actor="ana"), ()),
    UseCase("sample", lambda w: w.sample("purchases", actor="mallory"), ("access.refused",), refused=True),
    UseCase("insights.propose", _proposed, ("access.refused",), refused=True),
    UseCase(
        "insights.approve", lambda w: w.insights.approve("x", seen="", actor=w.actor("ana")), ("access.refused",), True
    ),
    UseCase(
        "insights.reject", lambda w: w.insights.reject("x", reason="r", actor=w.actor("ana")), ("access.refused",), True
    ),
    UseCase("insights.run", lambda w: w.insights.run("x", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("insights.show", lambda w: w.insights.show("x", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("insights.list", lambda w: w.insights.list(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase(
        "insights.attack",
        lambda w: w.insights.attack(actor=w.actor("pia"), trials=50),
        ("attack.begun", "attack.made"),
    ),
    UseCase("insights.attack", lambda w: w.insights.attack(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("budget", lambda w: w.budget(actor="ana"), ()),
    UseCase("budget", lambda w: w.budget(actor="mallory"), ("access.refused",), refused=True),
    UseCase("backup", lambda w: w.backup(w.folder.parent / "backup", actor="pia"), ("workspace.backup",)),
    UseCase("backup", lambda w: w.backup(w.folder.parent / "b", actor="ana"), ("access.refused",), refused=True),
    UseCase("backup", lambda w: w.backup(w.folder / "inside", actor="pia"), (), refused=True),
    UseCase("journal", lambda w: w.journal, ()),
    UseCase("audit.entries", lambda w: w.audit.entries(actor=w.actor("pia")), ()),
    UseCase("audit.entries", lambda w: w.audit.entries(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("audit.checkpoint", lambda w: w.audit.checkpoint(actor=w.actor("pia")), ()),
    UseCase("audit.export", lambda w: w.audit.export(w.folder / "out", actor=w.actor("pia")), ("audit.exported",)),
    UseCase("audit.proof", lambda w: w.audit.proof(0, actor=w.actor("pia")), ()),
    UseCase("audit.witness", lambda w: w.audit.witness(_witness(w), actor=w.actor("pia")), ()),
    UseCase("audit.verifier", lambda w: w.audit.verifier, ()),
    UseCase("audit.latest_checkpoint", lambda w: w.audit.latest_checkpoint(), ()),
    *WORK_CASES,
    *(UseCase(*each) for each in DOOR_CASES),
    *(UseCase(*each) for each in ASK_CASES),
    *(UseCase(*each) for each in OVERSIGHT_CASES),
    *(UseCase(*each) for each in OPENID_CASES),
    *(UseCase(*each) for each in PASS_CASES),
    *(UseCase(*each) for each in INSIDE_CASES),
    *(UseCase(*each) for each in ACT_CASES),
    *PROGRAM_REQUEST_CASES,
    *AGENT_CASES,
    *RIGHTS_CASES,  # last: they erase somebody
]


def _witness(w: Workspace) -> Path:
    folder = w.folder / "witness"
    create_witness(folder, "witness.example/w", log_key=str(w.audit.verifier))
    return folder


@pytest.fixture(scope="module")
def appended(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[tuple[str, ...], bool]]:
    """Run every use case in turn in one workspace; return what each appended, and whether it raised."""
    folder = tmp_path_factory.mktemp("logged") / "workspace"
    found: dict[int, tuple[tuple[str, ...], bool]] = {}
    with pytest.MonkeyPatch.context() as patched, create(folder, name="test/log", actor_name="pia") as workspace:
        patched.setattr(refusals, "APART", 86_400_000_000)  # refusals are logged once, however long it takes
        (folder / "policy" / "policy.yaml").write_text(POLICY)
        seen = len(actions(workspace))
        for place, case in enumerate(CASES):
            raised = False
            try:
                case.call(workspace)
            except PellucidError:
                raised = True
            found[place] = tuple(actions(workspace, seen)), raised
            seen += len(found[place][0])
    return found


def actions(workspace: Workspace, since: int = 0) -> list[str]:
    """Return what the log's entries tell of, but for so many of the oldest."""
    with workspace.room.database.read() as connection:
        newer = select(log_entries.c.body).where(log_entries.c.leaf >= since)
        bodies = connection.scalars(newer.order_by(log_entries.c.leaf))
        return [json.loads(body)["action"] for body in bodies]


@pytest.mark.parametrize("place", range(len(CASES)), ids=lambda place: f"{CASES[place].name}-{place}")
@pytest.mark.promise("log", "every use case, done and refused, for its entries")
def test_a_use_case_appends_exactly_its_entries(appended: dict[int, tuple[tuple[str, ...], bool]], place: int) -> None:
    assert appended[place] == (CASES[place].appends, CASES[place].refused)


def test_creating_a_workspace_is_the_first_entry(tmp_path: Path) -> None:
    with create(tmp_path / "w", name="test/log", actor_name="pia") as workspace:
        assert actions(workspace) == ["workspace.created"]


ROOMLESS = {
    *("tokens", "work", "access", "agents", "uses", "messages", "doors", "centre", "staff"),
    *("passes", "asking", "openid", "inside", "holdings"),
    *("proofs", "own_requests", "own_erasures", "own_packages", "own_objections", "pauses", "people"),
    *("visitors", "arrivals"),
}
DESKS = (
    *("policy", "data", "consent", "insights", "audit"),
    *("derived", "laws", "screens", "identities", "signals", "tokens", "programs", "remedies", "requests"),
    *("agents", "program_requests", "work", "recipients", "access", "erasures", "retention", "uses", "messages"),
    *("notices", "help"),
    *("doors", "centre", "staff", "passes", "asking", "oversight", "openid", "inside", "holdings"),
    *("proofs", "own_requests", "own_erasures", "own_packages", "own_objections", "pauses", "people"),
    *("visitors", "arrivals"),
)


def test_every_public_use_case_of_the_facade_is_walked(tmp_path: Path) -> None:
    with create(tmp_path / "w", name="test/log", actor_name="pia") as workspace:
        desks = {name: getattr(workspace, name) for name in DESKS}
        found = {f"{desk}.{name}" for desk, each in desks.items() for name in _public_names(type(each))}
        found |= set(_public_names(type(workspace))) - desks.keys()  # a desk is walked by its own use cases
    parts = {
        "policy.folder",
        "insights.parts",
        "derived.parts",
        "tokens.refusals",
        "tokens.replies",
        "remedies.fulfillers",
        "remedies.mail_address",
        "requests.fulfillers",
        "requests.mail_address",
        "access.refusals",
        "access.parts",
        "doors.key",
        "doors.refusals",
        "doors.asked",
        "access.fulfillers",
        "erasures.tell",
        "erasures.means",
        "retention.means",
        "messages.plan",
        "messages.refusals",
        "messages.task",
        "visitors.plan",
        "visitors.task",
        "visitors.remove_over",
    }
    without_effect = {
        "actor",
        "close",
        *parts,
        *(f"{desk}.room" for desk in desks.keys() - ROOMLESS),
    }
    assert found - {case.name for case in CASES} == without_effect


def _public_names(kind: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind) if not name.startswith("_")]
