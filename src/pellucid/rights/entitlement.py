"""Which rights a person has, by law and legal basis. Pure, and a proposal only: whether to deny is for the staff.

Without a law that decides, the controller offers what it can: all rights but those that need a basis nobody relies on.
Opt-outs and limits are always honoured, and so is lifting a restriction that the person asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pellucid.policy.bases import basis_for
from pellucid.policy.model import LegalBasis, Policy, Purpose
from pellucid.regulations.duties import Right as Granted
from pellucid.regulations.duties import rights_under
from pellucid.regulations.model import Law, as_words
from pellucid.rights.asking import purposes_of
from pellucid.rights.covering import Covering
from pellucid.rights.request import Denial, Request, Right
from pellucid.rights.words import BASIS_WORDS, GIVEN_AS, MARKETING_KINDS, MARKETING_ONLY, ON_BASES

ALWAYS = frozenset({Right.OPT_OUT, Right.LIMIT, Right.LIFT_RESTRICTION})
"""Rights that are honoured whether or not a law gives them."""

NEEDED: dict[Right, frozenset[LegalBasis]] = {
    Right.PORTABILITY: frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT}),
    Right.OBJECTION: frozenset({LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.PUBLIC_INTEREST}),
}
"""The bases that a right needs where no law says."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Whether the person has the right: the grounds in the laws, or the denial that the staff may decide on.

    `spared` are purposes whose data the right does not reach on their legal basis (GDPR Art. 17(3)(b)).
    """

    entitled: bool
    grounds: tuple[Granted, ...] = ()
    spared: tuple[str, ...] = ()
    proposed: Denial | None = None

    def as_told(self) -> dict[str, object]:
        """Return it as plain values."""
        grounds = [{"law": one.law, "cite": one.cite, "right": one.id} for one in self.grounds]
        proposed = None if self.proposed is None else self.proposed.value
        return {"entitled": self.entitled, "grounds": grounds, "spared": list(self.spared), "proposed": proposed}


def entitlement(policy: Policy, covered: Covering, request: Request, on: date) -> Entitlement:
    """Return whether a person has the right that they exercise, under the laws that decide on a day."""
    purposes = purposes_of(policy, request.asked)
    granted = [one for one in rights_under(covered.laws, on) if one.id in GIVEN_AS[request.right]]
    reached = {one: _reached(policy, covered, request.right, one, purposes, on) for one in granted}
    unused = not purposes and request.right not in NEEDED  # data that no purpose uses are held all the same
    grounds = tuple(one for one in granted if reached[one] or unused)
    if request.right in ALWAYS:
        return Entitlement(True, grounds)
    if grounds:
        spared = _spared(purposes, [reached[one] for one in grounds])
        return Entitlement(True, grounds, spared if request.right is Right.ERASURE else ())
    if covered.laws:
        return Entitlement(False, proposed=Denial.CLAIM_NOT_COVERED)
    return _voluntary(policy, covered, request.right, purposes)


def _voluntary(policy: Policy, covered: Covering, right: Right, purposes: Iterable[Purpose]) -> Entitlement:
    needed = NEEDED.get(right)
    if needed is None or any(needed & _bases(policy, covered, purpose) for purpose in purposes):
        return Entitlement(True)
    return Entitlement(False, proposed=Denial.OUTSIDE_JURISDICTION)


def _reached(
    policy: Policy, covered: Covering, right: Right, granted: Granted, purposes: Sequence[Purpose], on: date
) -> frozenset[str]:
    """Return the purposes that a right under one law reaches."""
    if granted.id in MARKETING_ONLY:
        return frozenset(purpose.name for purpose in purposes if MARKETING_KINDS & set(purpose.kinds))
    law = next(law for law in covered.laws if law.id == granted.law)
    word = ON_BASES.get(right)
    if word is None or not _tells_bases(law, on):
        return frozenset(purpose.name for purpose in purposes)
    return frozenset(
        purpose.name
        for purpose in purposes
        if any(word in _given_on(law, basis, on) for basis in _bases(policy, covered, purpose))
    )


def _tells_bases(law: Law, on: date) -> bool:
    return any(_given_on(law, basis, on) for basis in LegalBasis)


def _given_on(law: Law, basis: LegalBasis, on: date) -> set[str]:
    figures = law.current(f"rules.rights_on_{BASIS_WORDS[basis]}", on)
    return {word for figure in figures for word in as_words(figure.value)}


def _bases(policy: Policy, covered: Covering, purpose: Purpose) -> set[LegalBasis]:
    """Return the bases that a purpose may rest on for the person: where the place is unknown, each of them."""
    if covered.place is None:
        return {each.basis for each in purpose.bases.values()}
    rule = basis_for(purpose, policy.regimes, covered.place)
    return set() if rule is None else {rule.basis}


def _spared(purposes: Iterable[Purpose], reached: Iterable[frozenset[str]]) -> tuple[str, ...]:
    among = frozenset[str]().union(*reached)
    return tuple(purpose.name for purpose in purposes if purpose.name not in among)
