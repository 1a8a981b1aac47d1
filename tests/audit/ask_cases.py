"""What is asked in a browser or by a program, for the guard of the log: name, call, entries, and if it is refused."""

from __future__ import annotations

from dataclasses import replace

from pellucid.governance.sessions import Session
from pellucid.governance.tokens import Token
from pellucid.insights.query import InsightQuery
from pellucid.workspace import Workspace
from pellucid.workspace.asking import Once
from pellucid.workspace.staff import Member
from tests.audit.door_cases import Case
from tests.insights.conftest import TOTAL

REFUSED = ("access.refused",)
MINE = Once("session:s", "0" * 32)


def _query(w: Workspace, who: str = "ana") -> InsightQuery:
    return InsightQuery(TOTAL, "planning", w.actor(who), 0.01)


def _member(w: Workspace, who: str) -> Member:
    able = frozenset({"query", "preview"}) if who == "ana" else frozenset[str]()
    return Member(Session("s", {"person": who}, "account", 2, 0), w.actor(who), who, able)


def _token(person: str | None) -> Token:
    return replace(Token("t", "bi", ("insights:ask",), "pia", 0, None, None), person=person)


ASK_CASES: list[Case] = [
    ("asking.purposes", lambda w: w.asking.purposes(w.actor("mallory")), (), False),
    ("asking.preview", lambda w: w.asking.preview(_query(w)), (), False),
    ("asking.preview", lambda w: w.asking.preview(_query(w, "mallory")), ("query.refused",), True),
    ("asking.ask", lambda w: w.asking.ask(_query(w)), ("query.released",), False),
    ("asking.ask", lambda w: w.asking.ask(_query(w), MINE), ("query.released",), False),
    ("asking.ask", lambda w: w.asking.ask(_query(w), MINE), (), False),
    ("asking.ask", lambda w: w.asking.ask(_query(w, "mallory"), MINE), ("query.refused",), True),
    ("asking.ask", lambda w: w.asking.ask(_query(w, "mallory")), ("query.refused",), True),
    ("asking.kept", lambda w: w.asking.kept(MINE, w.actor("ana")), (), False),
    ("asking.kept", lambda w: w.asking.kept(MINE, w.actor("mallory")), ("query.refused",), True),
    ("asking.kept", lambda w: w.asking.kept(Once("session:s", "none"), w.actor("ana")), (), True),
    ("asking.run", lambda w: w.asking.run("x", w.actor("ana")), REFUSED, True),
    ("asking.run", lambda w: w.asking.run("x", w.actor("ana"), Once("session:s", "x")), REFUSED, True),
    ("insights.changed", lambda w: w.insights.changed("x", actor=w.actor("ana")), REFUSED, True),
    ("staff.demand", lambda w: w.staff.demand(_member(w, "ana"), "preview", "query"), (), False),
    ("staff.demand", lambda w: w.staff.demand(_member(w, "mallory"), "preview", "query"), REFUSED, True),
    ("tokens.person_of", lambda w: w.tokens.person_of(_token("ana")), (), False),
    ("tokens.person_of", lambda w: w.tokens.person_of(_token(None)), ("token.refused",), True),
]
