"""Policies, people, words and laws drawn at random, for the properties that must hold whatever the law."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import By, ConsentRecord, ConsentVerb, Covers, ScreenState
from pellucid.policy.model import (
    Default,
    LegalBasis,
    Policy,
    RegimeBasis,
    RestrictedUse,
    SensitiveUse,
    Unknown,
    VulnerableUse,
)
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Laws
from pellucid.regulations.vocabulary import KINDS
from tests.consent.conftest import CUSTOMER, DAY, NOW, make_policy, make_purpose
from tests.regulations.test_properties import laws as made_up_laws

BASES = {
    LegalBasis.CONSENT: Default.OPT_IN,
    LegalBasis.LEGITIMATE_INTERESTS: Default.OPT_OUT,
    LegalBasis.CONTRACT: Default.NO_CHOICE,
}
OFTEN = ("sale", "own_analytics", "significant_decisions")
"""Kinds of which the made-up laws speak."""
DECIDING = ("eu-gdpr", "uk-gdpr", "us-ca-ccpa", "br-lgpd", "in-dpdp", "us-ct-ctdpa", "us-tx-tdpsa")


def bases(basis: LegalBasis, other: LegalBasis | None) -> tuple[RegimeBasis, ...]:
    held = [("gdpr", basis), *([("us", other)] if other else [])]
    return tuple(RegimeBasis(regime, each, BASES[each]) for regime, each in held)


PURPOSES = st.builds(
    lambda declared, **changes: make_purpose("p", *declared, **changes),
    st.builds(bases, st.sampled_from(sorted(BASES)), st.sampled_from([None, *sorted(BASES)])),
    kinds=st.lists(st.sampled_from([*OFTEN, *KINDS]), max_size=2, unique=True).map(tuple),
    unknown_place=st.sampled_from(["refuse", "gdpr"]),
    unknown_age=st.sampled_from(Unknown),
    minimum_age=st.sampled_from([0, 13, 16, 18]),
    guardian=st.booleans(),
    vulnerable=st.sampled_from(VulnerableUse),
    while_restricted=st.sampled_from([RestrictedUse.NONE, RestrictedUse.NONE, RestrictedUse.LEGAL_CLAIMS]),
    sensitive=st.sampled_from(SensitiveUse),
    soft_opt_in=st.booleans(),
    consent_days=st.sampled_from([None, None, 20, 400]),
)
PLACES = ["DE", "EE", "US", "US-CA", "US-TX", "GB", "BR"]
YEARS = [1950, *range(2006, 2015)]
FACTS = st.builds(
    SubjectFacts,
    st.sampled_from([None, *PLACES]),
    st.sampled_from([None, *YEARS]),
    vulnerable=st.sampled_from([None, False, False, True]),
    place_estimated=st.booleans(),
    age_estimated=st.booleans(),
    vulnerable_estimated=st.booleans(),
)
KNOWN = st.builds(SubjectFacts, st.sampled_from(PLACES), st.sampled_from(YEARS), vulnerable=st.booleans())


def as_admitted(record: ConsentRecord) -> ConsentRecord:
    """Return a record as the door lets it in: a restriction and its lifting are about all purposes."""
    whole = record.verb in (ConsentVerb.RESTRICT, ConsentVerb.LIFT)
    return replace(record, purpose=None) if whole else record


RECORDS = st.builds(
    ConsentRecord,
    namespace=st.just(CUSTOMER),
    subject=st.just(0),
    purpose=st.sampled_from(["p", "p", "p", "q", None]),
    verb=st.sampled_from([ConsentVerb.GIVE, ConsentVerb.GIVE, *ConsentVerb]),
    explicit=st.booleans(),
    covers=st.sampled_from(Covers),
    notice_version=st.sampled_from(["0", "1", "1", "1"]),
    at=st.integers(0, 900).map(lambda days: NOW - days * DAY),
    without_choice=st.sampled_from([(), (), ("p",)]),
    by=st.sampled_from(By),
    member=st.sampled_from(["", "", "", "alice", "bob"]),
    method=st.sampled_from(["", "signal:gpc"]),
    while_restricted=st.booleans(),
    screen_state=st.sampled_from([ScreenState.FINE, ScreenState.FINE, *ScreenState]),
).map(as_admitted)
SAID = st.lists(RECORDS, max_size=5)
SHIPPED = st.lists(st.sampled_from(DECIDING), max_size=3, unique=True)
LAWS = st.one_of(
    SHIPPED.map(lambda names: tuple(shipped()[name] for name in names)),
    st.lists(st.sampled_from(["one", "two"]), unique=True, max_size=2).flatmap(
        lambda names: st.tuples(*(made_up_laws(name) for name in names))
    ),
)
ESTABLISHED = st.sampled_from(["", "US", "GB"])


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a policy of one purpose under drawn laws, whose people in the United States are served from somewhere."""
    policy = make_policy(draw(PURPOSES))
    regimes = {**policy.regimes, "us": replace(policy.regimes["us"], establishment=draw(ESTABLISHED))}
    return replace(policy, regimes=regimes, laws=Laws(draw(LAWS)))


CROWD = st.lists(st.tuples(FACTS, st.lists(RECORDS, max_size=3)), min_size=1, max_size=8)
