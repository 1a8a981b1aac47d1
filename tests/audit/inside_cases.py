"""What people do who look inside their data, for the guard of the log: name, call, entries, and whether it is refused.

Purchases of the tests' shop may be sensitive to nobody, so one contact is enough; codes are asked for all the same.
"""

from __future__ import annotations

from pellucid.policy.model import Actor
from pellucid.policy.scopes import PROGRAM
from pellucid.rights.correcting import Proposed
from pellucid.rights.inside import Wanted
from pellucid.rights.wanted import Wanted as Asked
from pellucid.workspace import Workspace
from pellucid.workspace.inside import Correction
from tests.audit.door_cases import FILED, Case, sent, visitor

SITE = Actor(PROGRAM, "site", ("holdings:show", "request:file", "request:look"), "token")
LOOKED = ("subject.data-shown",)


def _corrected(w: Workspace, value: str) -> object:
    who = visitor(w)
    generation = w.inside.look(who, Wanted("purchases")).generation
    return w.inside.correct(who, Correction("purchases", generation, 0, Proposed("sales_value", value)))


def _given(w: Workspace, wrong: str = "") -> object:
    who = visitor(w)
    w.inside.send_code(who)
    return w.inside.give_code(who, wrong or sent(w))


def _filed(w: Workspace, *, shown: bool) -> str:
    """File a request for access as a program: two entries, and a third once the staff checked who asks."""
    request = w.program_requests.file(Asked("access", "h6"), actor=SITE).request
    if shown:
        w.requests.verify(request, evidence="file 6", actor=w.actor("pia"))
    return request


HANDED_IN = ("request.filed", "request.acknowledged")
INSIDE_CASES: list[Case] = [
    ("inside.hall", lambda w: w.inside.hall(visitor(w)), (), False),
    ("inside.look", lambda w: w.inside.look(visitor(w), Wanted("purchases")), LOOKED, False),
    ("inside.look", lambda w: w.inside.look(visitor(w), Wanted("nothing")), (), True),
    ("inside.row", lambda w: w.inside.row(visitor(w), "purchases", 10**6, 0), (), True),
    ("inside.counts", lambda w: w.inside.counts(visitor(w)), ("subject.data-counted",), False),
    ("inside.correct", lambda w: _corrected(w, "1.50"), (*LOOKED, *LOOKED, *FILED), False),
    ("inside.correct", lambda w: _corrected(w, "much"), (*LOOKED, *LOOKED), True),
    ("inside.state", lambda w: w.inside.state(visitor(w), "purchases", "It was a gift."), FILED, False),
    ("inside.state", lambda w: w.inside.state(visitor(w), "purchases", ""), (), True),
    ("inside.concluded", lambda w: w.inside.concluded(visitor(w)), (), False),
    ("inside.send_code", lambda w: w.inside.send_code(visitor(w)), ("sign-in.asked",), False),
    ("inside.give_code", _given, ("sign-in.asked", "sign-in.contact-shown"), False),
    ("inside.give_code", lambda w: _given(w, "x"), ("sign-in.asked", "identity.refused"), True),
    ("inside.give_code", lambda w: w.inside.give_code(visitor(w), "00000000"), (), True),
    ("holdings.held", lambda w: w.holdings.held("h6", actor=SITE), ("subject.held-shown",), False),
    ("holdings.held", lambda w: w.holdings.held("nobody", actor=SITE), (), True),
    ("holdings.held", lambda w: w.holdings.held("h6", actor=w.actor("ana")), ("access.refused",), True),
    ("holdings.concluded", lambda w: w.holdings.concluded("h6", actor=SITE), ("subject.held-shown",), False),
    (
        "holdings.rows",
        lambda w: w.holdings.rows(_filed(w, shown=True), Wanted("purchases"), actor=SITE),
        (*HANDED_IN, "request.verified", *LOOKED),
        False,
    ),
    (
        "holdings.counts",
        lambda w: w.holdings.counts(_filed(w, shown=True), actor=SITE),
        ("request.filed", "request.joined", "request.acknowledged", "request.verified", "subject.data-counted"),
        False,
    ),
    (
        "holdings.rows",
        lambda w: w.holdings.rows(_filed(w, shown=False), Wanted("purchases"), actor=SITE),
        ("request.filed", "request.joined", "request.acknowledged"),
        True,
    ),
]
