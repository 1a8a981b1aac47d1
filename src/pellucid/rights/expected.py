"""What each law lets people expect who ask something: by when they hear from us, and to whom they can complain. Pure.

Only what the laws signed off say. What nobody read in its source counts where it protects, as it does for deadlines: a
limit does, a longer time does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from pellucid.policy.model import Policy
from pellucid.regulations.duties import TO_AUTHORITY, rights_under
from pellucid.regulations.model import Figure, Law
from pellucid.regulations.territory import applying

UNITS = {"hours": 1, "calendar_days": 24, "business_days": 34, "calendar_month": 730}
"""Units of time that laws count in, each with about how many hours it has."""
TO_CONTROLLER = frozenset({"challenge_compliance", "complain_to_controller", "grievance"})
APPEAL = "appeal"


@dataclass(frozen=True, slots=True)
class Span:
    """So many of a unit (of `UNITS`), and where a law says so."""

    amount: int
    unit: str
    cite: str


@dataclass(frozen=True, slots=True)
class Way:
    """A way to complain: where a law gives it, and what is particular about it, in our English words."""

    cite: str
    text: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What one law says. Spans are None where it names none; `longer` is how much more an answer may take at most."""

    law: str
    name: str
    acknowledged: Span | None
    answered: Span | None
    longer: Span | None
    appeal: Way | None
    appeal_answered: Span | None
    authority: Way | None
    controller: Way | None


def reaching(policy: Policy, on: date) -> tuple[Law, ...]:
    """Return the laws signed off that cover people of any regime of the policy on a day."""
    found: dict[str, Law] = {}
    for regime in policy.regimes.values():
        served = regime.establishment or policy.controller.country
        found |= {law.id: law for law in applying(policy.laws, regime.jurisdictions, served, on)}
    return tuple(law for law in policy.laws if law.id in found)


def expected(laws: Iterable[Law], on: date) -> tuple[Expected, ...]:
    """Return what each law says on a day."""
    return tuple(_expected(law, on) for law in laws)


def _expected(law: Law, on: date) -> Expected:
    return Expected(
        law=law.id,
        name=law.name,
        acknowledged=_shortest(law, "deadlines.acknowledge", on),
        answered=_shortest(law, "deadlines.respond", on),
        longer=_shortest(law, "deadlines.extension", on, verified=True),
        appeal=_way(law, on, frozenset({APPEAL})),
        appeal_answered=_shortest(law, "deadlines.appeal", on),
        authority=_way(law, on, TO_AUTHORITY),
        controller=_way(law, on, TO_CONTROLLER),
    )


def _shortest(law: Law, name: str, on: date, *, verified: bool = False) -> Span | None:
    spans = _spans(figure for figure in law.current(name, on) if figure.verified or not verified)
    return min(spans, key=lambda each: each.amount * UNITS[each.unit], default=None)


def _spans(figures: Iterable[Figure]) -> Iterator[Span]:
    for figure in figures:
        unit = str(figure.detail("unit"))
        if unit in UNITS and isinstance(figure.value, int) and not isinstance(figure.value, bool):
            yield Span(figure.value, unit, figure.cite)


def _way(law: Law, on: date, names: frozenset[str]) -> Way | None:
    found = (Way(right.cite, right.text) for right in rights_under([law], on) if right.id in names)
    return next(found, None)
