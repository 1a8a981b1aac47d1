"""Where laws that were signed off ask for more than a policy declares, and what then happens: the law always holds.

Warnings only: a policy permits nothing that a law forbids, whether or not anybody reads this. The decision itself is
`consent.rule`'s; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from pellucid.errors import Finding
from pellucid.policy.bases import SILENCE, STRICTEST_FIRST
from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import Default, Policy, Purpose, Regime, RegimeBasis
from pellucid.policy.nodes import Place
from pellucid.policy.phrases import listed
from pellucid.regulations.duties import TO_AUTHORITY, rights
from pellucid.regulations.model import ConsentDefault, Laws
from pellucid.regulations.ruling import Ground, Ruling, applying, ruling

Location = tuple[str | int, ...]

_MORE = "Declare as much, or correct `kinds`; until then the law holds all the same."
_LESS = "Take it out where it is forbidden, or override the figure, with a reason, if it is not the law."


@dataclass(frozen=True, slots=True)
class _Demand:
    """What a law asks beyond the policy: on which ground, and what then happens to people there."""

    code: str
    ground: Ground
    follows: str


def unplaced(location: Location) -> Place:
    """Return the place of a policy that is in no file: the keys from the top."""
    return Place(".".join(map(str, location)))


def check(policy: Policy, laws: Laws, on: date, where: Callable[[Location], Place] = unplaced) -> list[Finding]:
    """Return a warning for each thing that laws ask on a day beyond what a policy declares; none without laws.

    `where` places a location (the keys from the top), as for `policy.validate`. The policy has no errors.
    """
    findings = Findings(where)
    if laws.packs:
        for regime in policy.regimes.values():
            _check_covered(policy, laws, regime, on, findings)
            _check_authorities(policy, laws, regime, on, findings)
        for purpose in policy.purposes.values():
            for basis in purpose.bases.values():
                _check_basis(policy, laws, purpose, basis, on, findings)
    return findings.found


def _check_covered(policy: Policy, laws: Laws, regime: Regime, on: date, findings: Findings) -> None:
    places = [place for place in regime.jurisdictions if not applying(laws, (place,), None, on)]
    if not places:
        return
    served = _served(policy, regime)
    also = f" Only what holds for the establishment in {served} holds there." if applying(laws, (), served, on) else ""
    message = f"No law that was signed off is that of people in {listed(places)}.{also}"
    location = ("regimes", regime.name, "jurisdictions")
    findings.warn("place-without-law", location, message, "Sign off their law, if pellucid has it, or write its pack.")


def _check_authorities(policy: Policy, laws: Laws, regime: Regime, on: date, findings: Findings) -> None:
    """Note where people can complain to an authority and none is named, which they have to be told (Art. 13(2)(d))."""
    places, grounds = [], dict[str, None]()
    for place in regime.jurisdictions:
        given = [each for each in rights(laws, (place,), on, _served(policy, regime)) if each.id in TO_AUTHORITY]
        if given and not policy.controller.authorities_of(place):
            places.append(place)
            grounds |= dict.fromkeys(f"{each.law} ({each.cite})" for each in given)
    if places:
        message = (
            f"Under `{regime.name}` people in {listed(places)} can complain to an authority, by {listed(grounds)}, "
            "and the controller names none that they can go to."
        )
        remedy = "Add it to `authorities:` of the controller, with its `name:`, `web:` and `jurisdictions:`."
        findings.warn("authority-missing", ("controller",), message, remedy)


def _check_basis(
    policy: Policy, laws: Laws, purpose: Purpose, basis: RegimeBasis, on: date, findings: Findings
) -> None:
    if not purpose.kinds:
        return  # laws can say nothing of it, and `checks.kinds` says so
    regime = policy.regimes[basis.regime]
    found: dict[_Demand, list[str]] = {}
    for place in regime.jurisdictions:
        said = ruling(laws, purpose.kinds, (place,), _served(policy, regime), on)
        for demand in _demands(purpose, basis, said):
            found.setdefault(demand, []).append(place)
    for demand, places in found.items():
        everywhere = len(places) == len(regime.jurisdictions)
        there = f"`{regime.name}`" if everywhere else f"`{regime.name}`, in {listed(places)},"
        ground = demand.ground
        message = (
            f"Under {there} `{purpose.name}` declares {basis.default}; {ground.law} ({ground.cite}) says "
            f"`{ground.field}`: {ground.value}. So {demand.follows}."
        )
        remedy = _LESS if demand.code == "law-prohibits" else _MORE
        findings.warn(demand.code, ("purposes", purpose.name, "basis", regime.name), message, remedy)


def _served(policy: Policy, regime: Regime) -> str:
    return regime.establishment or policy.controller.country


def _demands(purpose: Purpose, basis: RegimeBasis, said: Ruling) -> Iterator[_Demand]:
    if said.default is ConsentDefault.PROHIBITED:
        yield _Demand("law-prohibits", _ground(said, "consent."), "nobody there is permitted, whatever they say")
        return
    asked = _silence(purpose, said.default)
    holds = basis.default if asked is None else min(asked, basis.default, key=STRICTEST_FIRST.index)
    follows = _follows(basis.default, holds, explicit=said.default is ConsentDefault.EXPLICIT_OPT_IN)
    if follows:
        yield _Demand("law-asks-more", _ground(said, "consent."), follows)
    yield from _of_ages(purpose, said, holds)


def _silence(purpose: Purpose, asked: ConsentDefault | None) -> Default | None:
    if asked is ConsentDefault.OPT_IN_OR_SOFT_OPT_IN and purpose.soft_opt_in:
        return Default.OPT_OUT
    return None if asked is None else SILENCE.get(asked)


def _follows(declared: Default, holds: Default, *, explicit: bool) -> str:
    """Return what a law makes of silence, and of a yes, beyond what is declared; nothing if it asks for no more."""
    if explicit and declared is Default.OPT_IN:
        return "only an explicit yes of people there counts"
    if holds is declared:
        return ""
    if holds is Default.OPT_IN:
        return f"people there count as having said no until they agree{' explicitly' if explicit else ''}"
    return "people there are left out once they object or opt out"


def _of_ages(purpose: Purpose, said: Ruling, holds: Default) -> Iterator[_Demand]:
    """Yield what laws ask of minors whom the policy takes: those it leaves out are protected enough."""
    taken_from = 0 if purpose.guardian else purpose.minimum_age
    if said.prohibited_below > taken_from:
        ground = _ground(said, "ages.prohibited_below")
        yield _Demand("law-prohibits", ground, f"nobody there below {said.prohibited_below} years is permitted")
    asked = said.opt_in_below > max(purpose.minimum_age, said.prohibited_below) and holds is not Default.OPT_IN
    if asked:
        ground = _ground(said, "ages.opt_in_below")
        follows = f"people there below {said.opt_in_below} years count as having said no until they agree"
        yield _Demand("law-asks-more", ground, follows)
    if said.guardian_below > max(purpose.minimum_age, said.prohibited_below) and (asked or holds is Default.OPT_IN):
        ground = _ground(said, "ages.guardian_below")
        yield _Demand(
            "law-asks-more", ground, f"of people there below {said.guardian_below} years only a guardian's yes counts"
        )


def _ground(said: Ruling, field: str) -> Ground:
    """Return the strictest ground of a field: grounds begin with those that decide."""
    return next(ground for ground in said.grounds if ground.field.startswith(field))
