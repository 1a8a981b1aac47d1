"""Purposes: what they read, on which basis, for whom. How answers leave is `checks.release`.

What they are to the laws is `checks.kinds`, whom they spare `checks.protection`.
"""

from __future__ import annotations

from pellucid.policy.categories import SPECIAL, is_within
from pellucid.policy.checks import kinds, protection
from pellucid.policy.checks.dataset import check_category
from pellucid.policy.checks.findings import Findings
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Default, LegalBasis, Policy, Purpose, RegimeBasis, SensitiveUse

OLDEST_MINIMUM = 120

_DEFAULTS: dict[LegalBasis, tuple[Default, str]] = {
    LegalBasis.CONSENT: (Default.OPT_IN, "consent is a clear yes, so silence permits nothing (GDPR Art. 4(11))"),
    LegalBasis.CONTRACT: (Default.NO_CHOICE, "what the contract needs is no choice (GDPR Art. 6(1)(b))"),
    LegalBasis.LEGAL_OBLIGATION: (Default.NO_CHOICE, "what the law demands is no choice (GDPR Art. 6(1)(c))"),
    LegalBasis.VITAL_INTERESTS: (Default.NO_CHOICE, "protecting a life is no choice (GDPR Art. 6(1)(d))"),
    LegalBasis.PUBLIC_INTEREST: (Default.OPT_OUT, "people may object to it (GDPR Art. 21(1))"),
    LegalBasis.LEGITIMATE_INTERESTS: (Default.OPT_OUT, "people may object to them (GDPR Art. 21(1))"),
}
_EUROPE = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
_OBJECTION = frozenset(_EUROPE.split())
"""Where the right to object of GDPR Art. 21, or one with the same words, holds."""


def check(policy: Policy, findings: Findings) -> None:
    """Check every purpose that could be built."""
    for purpose in policy.purposes.values():
        for index, category in enumerate(purpose.categories):
            check_category(category, ("purposes", purpose.name, "categories", index), findings)
        _check_bases(policy, purpose, findings)
        _check_unknown(policy, purpose, findings)
        _check_consent_days(purpose, findings)
        _check_retention(policy, purpose, findings)
        _check_sensitive(purpose, findings)
        _check_people(policy, purpose, findings)
        _check_reads(policy, purpose, findings)
        kinds.check(purpose, findings)
        protection.check(policy, purpose, findings)


def _check_bases(policy: Policy, purpose: Purpose, findings: Findings) -> None:
    at = ("purposes", purpose.name, "basis")
    for regime, basis in purpose.bases.items():
        if findings.known("regimes", policy.regimes, regime, (*at, regime)):
            _check_default(policy, basis, (*at, regime, "default"), findings)
    for regime in policy.regimes:
        if regime not in purpose.bases:
            message = f"`{purpose.name}` has no basis under `{regime}`: people there are left out."
            findings.warn("regime-without-basis", at, message, f"Add `{regime}:`, if they should not be.")


def _check_default(policy: Policy, basis: RegimeBasis, location: tuple[str, ...], findings: Findings) -> None:
    """Note a basis that contradicts what silence means; outside Europe a missing right to object may be the law."""
    wanted, why = _DEFAULTS[basis.basis]
    if basis.default is wanted:
        return
    message = f"The basis {basis.basis} goes with {wanted}, not with {basis.default}: {why}."
    remedy = f"Write `default: {wanted}`, or another basis."
    places = policy.regimes[basis.regime].jurisdictions
    elsewhere = not any(place.split("-", 1)[0] in _OBJECTION for place in places)
    if elsewhere and wanted is Default.OPT_OUT and basis.default is Default.NO_CHOICE:
        findings.warn("basis-default", location, message, "Leave it only if the law there gives no such right.")
    else:
        findings.error("basis-default", location, message, remedy)


def _check_unknown(policy: Policy, purpose: Purpose, findings: Findings) -> None:
    location = ("purposes", purpose.name, "unknown", "place")
    place = purpose.unknown_place
    if place != "refuse" and findings.known("regimes", policy.regimes, place, location) and place not in purpose.bases:
        message = f"An unknown place means `{place}`, under which `{purpose.name}` has no basis."
        findings.error("unknown-place-without-basis", location, message, "Name a regime that stands under `basis`.")
    if not 0 <= purpose.minimum_age <= OLDEST_MINIMUM:
        message = f"Got a minimum age of {purpose.minimum_age}; allowed: 0 to {OLDEST_MINIMUM}."
        findings.error("minimum-age", ("purposes", purpose.name, "minimum_age"), message, "Most laws say 16 or 18.")


def _check_consent_days(purpose: Purpose, findings: Findings) -> None:
    if purpose.consent_days is None:
        return
    location = ("purposes", purpose.name, "consent_days")
    if purpose.consent_days < 1:
        message = f"Got {purpose.consent_days} days; allowed: 1 or more."
        findings.error("consent-days", location, message, "State after how many days a consent expires.")
    asks = any(basis.basis is LegalBasis.CONSENT for basis in purpose.bases.values())
    if not asks and purpose.sensitive is SensitiveUse.NEVER:
        message = "The purpose asks nobody for consent, so none can expire."
        findings.error("consent-days", location, message, "Take `consent_days` out.")


def _check_retention(policy: Policy, purpose: Purpose, findings: Findings) -> None:
    for name, days in ((each.dataset, each.days) for each in purpose.retention):
        at = ("purposes", purpose.name, "retention_days", name)
        if days < 1:
            message = f"Got {days} days of retention; allowed: 1 or more."
            findings.error("retention-range", at, message, "State how many days rows are needed.")
        if not findings.known("datasets", policy.datasets, name, at):
            continue
        if policy.datasets[name].time is None or policy.datasets[name].is_public:
            message = "How old a row is, and whom it is about, has to be told: there is no `time`, or nobody."
            findings.error("retention-without-time", at, message, f"Give `{name}` a `time:`, or take this out.")
        elif not permitted_columns(policy, purpose.name, name) and not findings.any_broken("datasets"):
            message = f"`{purpose.name}` may read nothing in `{name}`, so nothing of it can be over for it."
            findings.warn("retention-unread", at, message, "Take this out.")


def _check_sensitive(purpose: Purpose, findings: Findings) -> None:
    if purpose.sensitive is not SensitiveUse.NEVER:
        return
    for index, category in enumerate(purpose.categories):
        if any(is_within(category, special) for special in SPECIAL):
            location = ("purposes", purpose.name, "categories", index)
            message = f"`{category}` is special (GDPR Art. 9), and the purpose says `sensitive: never`."
            findings.error("special-category", location, message, "Say `sensitive: explicit_consent`, or take it out.")


def _check_people(policy: Policy, purpose: Purpose, findings: Findings) -> None:
    at = ("purposes", purpose.name)
    for index, recipient in enumerate(purpose.recipients):
        findings.known("recipients", policy.recipients, recipient, (*at, "recipients", index))
    for index, role in enumerate(purpose.roles):
        findings.known("roles", policy.roles, role, (*at, "roles", index))
    if findings.any_broken("roles", "people"):
        return
    able = [role for role in purpose.roles if role in policy.roles and "query" in policy.roles[role].may]
    if not any(role in person.roles for person in policy.people.values() for role in purpose.roles):
        message = f"Nobody holds a role of `{purpose.name}`."
        findings.warn("purpose-without-people", (*at, "roles"), message, "Give somebody one of the roles.")
    elif not able:
        message = f"No role of `{purpose.name}` may `query`, so nobody can ask under it."
        findings.warn("purpose-without-query", (*at, "roles"), message, "Add `query` to what one of the roles may.")


def _check_reads(policy: Policy, purpose: Purpose, findings: Findings) -> None:
    if findings.any_broken("datasets"):
        return
    personal = [dataset.name for dataset in policy.datasets.values() if not dataset.is_public]
    if not any(permitted_columns(policy, purpose.name, dataset) for dataset in personal):
        message = f"`{purpose.name}` may read no column about people in any dataset."
        location = ("purposes", purpose.name, "categories")
        findings.warn("purpose-reads-nothing", location, message, "Compare its categories with those of the columns.")
