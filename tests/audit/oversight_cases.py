"""What an officer looks at, for the guard of the log: name, call, entries, and whether it is refused."""

from __future__ import annotations

from pellucid.audit.browse import Wanted
from pellucid.workspace import Workspace
from tests.audit.door_cases import Case

REFUSED = ("access.refused",)
EXACT = "consent.coverage-exact"


def _filed(w: Workspace, right: str = "erasure") -> str:
    return w.requests.file(right, "h5", actor=w.actor("pia")).request.id


OVERSIGHT_CASES: list[Case] = [
    ("audit.page", lambda w: w.audit.page(Wanted(), actor=w.actor("pia")), (), False),
    ("audit.page", lambda w: w.audit.page(Wanted(), actor=w.actor("ana")), REFUSED, True),
    ("audit.entry", lambda w: w.audit.entry(0, actor=w.actor("pia")), (), False),
    ("audit.entry", lambda w: w.audit.entry(0, actor=w.actor("ana")), REFUSED, True),
    ("audit.head", lambda w: w.audit.head(actor=w.actor("pia")), (), False),
    ("audit.head", lambda w: w.audit.head(actor=w.actor("ana")), REFUSED, True),
    ("audit.last_verification", lambda w: w.audit.last_verification(actor=w.actor("pia")), (), False),
    ("audit.verify", lambda w: w.audit.verify(actor=w.actor("pia")), ("audit.verified",), False),
    ("audit.verify", lambda w: w.audit.verify(actor=w.actor("ana")), REFUSED, True),
    (
        "audit.verification",
        lambda w: w.audit.verification(w.audit.verify(actor=w.actor("pia")), actor=w.actor("pia")),
        ("audit.verified",),
        False,
    ),
    ("audit.verification", lambda w: w.audit.verification(0, actor=w.actor("pia")), (), True),
    ("oversight.datasets", lambda w: w.oversight.datasets(), (), False),
    (
        "oversight.coverage",
        lambda w: w.oversight.coverage("purchases", actor=w.actor("pia")),
        (EXACT, EXACT),
        False,
    ),
    ("oversight.coverage", lambda w: w.oversight.coverage("purchases", actor=w.actor("ana")), REFUSED, True),
    ("oversight.consents", lambda w: w.oversight.consents(0, actor=w.actor("pia")), ("consent.totals-shown",), False),
    ("oversight.consents", lambda w: w.oversight.consents(0, actor=w.actor("ana")), REFUSED, True),
    ("oversight.refused", lambda w: w.oversight.refused(actor=w.actor("pia")), (), False),
    ("oversight.refused", lambda w: w.oversight.refused(actor=w.actor("ana")), REFUSED, True),
    ("oversight.due", lambda w: w.oversight.due(actor=w.actor("pia")), (), False),
    ("oversight.due", lambda w: w.oversight.due(actor=w.actor("ana")), REFUSED, True),
    (
        "requests.look",
        lambda w: w.requests.look(_filed(w, "portability"), actor=w.actor("pia")),
        ("request.filed", "request.joined"),
        False,
    ),
    ("requests.look", lambda w: w.requests.look("r0", actor=w.actor("ana")), REFUSED, True),
    (
        "erasures.plan_of",
        lambda w: w.erasures.plan_of(_filed(w), actor=w.actor("pia")),
        ("request.filed", "request.joined", "erasure.planned"),
        False,
    ),
    ("erasures.plan_of", lambda w: w.erasures.plan_of("r0", actor=w.actor("ana")), REFUSED, True),
]
