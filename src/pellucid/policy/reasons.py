"""Every reason code of the product with its words: for staff, what to do about it, and for the customer.

Codes are stable: they stand in the log and in receipts. A customer's sentence is neutral on purpose: why somebody else
decided about them (minor, vulnerable, restricted) is itself personal data. Deciding happens elsewhere; add codes here.
"""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.errors import Reason
from pellucid.policy.gate_reasons import GATE_WORDS

NEUTRAL = "Your data are not used for this purpose at the moment."


@dataclass(frozen=True, slots=True)
class Sentences:
    """Templates (`str.format` fields) for staff and remedy; the customer's sentence has no fields."""

    staff: str
    remedy: str = ""
    customer: str = NEUTRAL


USE: dict[str, Sentences] = {
    "action-unknown": Sentences("There is no action `{action}`.", "Known actions: {known}."),
    "person-unknown": Sentences(
        "`{actor}` is not declared under `people` in the policy.",
        "Ask as somebody the policy declares, or declare them.",
    ),
    "actor-kind": Sentences("A {kind} may not do this.", "This is for staff."),
    "actor-suspended": Sentences("`{actor}` is suspended: {why}.", "Ask the privacy officer."),
    "action-not-permitted": Sentences(
        "`{actor}` may not do `{action}`: {held}.", "It takes one of the roles: {roles}."
    ),
    "scope-not-held": Sentences(
        "The program `{actor}` may not do `{action}`: {held}.", "It takes a token with one of the scopes: {scopes}."
    ),
    "purpose-unknown": Sentences("There is no purpose `{purpose}`.", "Declared purposes: {known}."),
    "purpose-not-permitted": Sentences(
        "`{actor}` may not ask for the purpose `{purpose}`: {held}.", "It takes one of the roles: {roles}."
    ),
    "purpose-without-basis": Sentences(
        "The purpose `{purpose}` has no legal basis under any regime.", "Declare a `basis` for it."
    ),
    "dataset-unknown": Sentences("There is no dataset `{dataset}`.", "Declared datasets: {known}."),
    "dataset-not-permitted": Sentences(
        "The purpose `{purpose}` may read nothing in `{dataset}`: it may read {categories}.",
        "Leave the dataset out{elsewhere}.",
    ),
    "column-unknown": Sentences("`{dataset}` has no column `{column}`.", "Its columns: {known}."),
    "column-not-permitted": Sentences(
        "`{column}` is {category}; the purpose `{purpose}` may read {categories}.",
        "Drop the column{elsewhere}.",
    ),
    "key-not-joinable": Sentences(
        "`{column}` of `{dataset}` does not lead to its subject, so it may not be used as a bare key.",
        "Join and count on {keys}.",
    ),
}
"""May this use run at all (policy.decide)."""

SUBJECT: dict[str, Sentences] = {
    "erased": Sentences("The subject was erased on {at}.", "Nothing older may be used.", "Your data were erased."),
    "restricted": Sentences("Processing is restricted since {at} (GDPR Art. 18).", "Lift the restriction first."),
    "unresolved-subject": Sentences("The row leads to no subject.", "Import the data its path goes through."),
    "unknown-place": Sentences(
        "The subject's jurisdiction is unknown, or belongs to no regime with a basis for this purpose.",
        "Record where the subject lives, or state in the policy what an unknown place means.",
    ),
    "unknown-age": Sentences(
        "The subject's age is unknown and the purpose refuses unknown ages.",
        "Record a birth year, or state in the policy that unknown means adult.",
    ),
    "unknown-vulnerability": Sentences(
        "Whether the subject is vulnerable is unknown and the purpose refuses that.", "Record it."
    ),
    "minor": Sentences("The subject is younger than {minimum_age}.", "A guardian would have to consent."),
    "vulnerable": Sentences("The purpose may not touch vulnerable people.", ""),
    "sensitive-without-explicit-consent": Sentences(
        "Sensitive rows need explicit consent and there is none.",
        "Ask for explicit consent.",
        "What may reveal sensitive things about you is not used for this purpose.",
    ),
    "sensitive-never": Sentences(
        "The purpose may not touch sensitive rows, whoever agrees.",
        "",
        "What may reveal sensitive things about you is not used for this purpose.",
    ),
    "withdrawn": Sentences(
        "Consent was withdrawn on {at}.", "Only the subject can give it again.", "You withdrew your consent."
    ),
    "refused": Sentences("Consent was refused on {at}.", "Only the subject can give it.", "You said no to this."),
    "consent-expired": Sentences(
        "The consent given on {at} expired after {days} days.", "Ask again.", "Your consent has run out."
    ),
    "consent-invalidated": Sentences(
        "The consent of {at} does not count: {why}.",
        "Ask again.",
        "The way we asked you was not right; we will ask again.",
    ),
    "consent-frozen": Sentences(
        "The consent of {at} waits: the screen it was given on is doubted.",
        "Have the doubt cleared, or the screen's consents invalidated.",
        "The way we asked you is being looked into; until then your agreement is not used.",
    ),
    "explicit-missing": Sentences(
        "The law asks for an explicit yes here; the one of {at} was not.",
        "Ask for explicit consent.",
        "You have not agreed to this purpose explicitly.",
    ),
    "guardian-missing": Sentences(
        "Below {age} years only a guardian's yes counts here; the one of {at} was not a guardian's.",
        "Ask a guardian, with proof that they may speak for the child.",
    ),
    "law-prohibits": Sentences("The law forbids it: {law}, {cite}.", "No consent opens this."),
    "another-identity": Sentences(
        "Another identifier of the same person is stricter: {why}", "The person can say what holds for all of them."
    ),
    "another-member": Sentences(
        "A member of the household is stricter: {why}", "Nobody's no is overruled by another's yes."
    ),
    "no-record": Sentences(
        "The purpose rests on a yes and there is none.", "Ask for consent.", "You have not agreed to this purpose."
    ),
    "objected": Sentences(
        "The subject objected on {at} (GDPR Art. 21).",
        "Show compelling grounds to the privacy officer, or leave it.",
        "You objected to this purpose.",
    ),
    "opted-out": Sentences("The subject opted out on {at}.", "Only the subject can change that.", "You opted out."),
    "limited": Sentences(
        "The subject limited the use of sensitive data on {at}.",
        "Only the subject can change that.",
        "You limited how we use sensitive data about you.",
    ),
    "signal": Sentences(
        "A browser signal opted the subject out on {at}.",
        "Only the subject can change that.",
        "Your browser told us not to.",
    ),
    "notice-changed": Sentences(
        "The subject agreed to notice {seen}; the notice is now {current}.",
        "Ask again with the new notice.",
        "The purpose changed since you agreed; we will ask you again.",
    ),
    "outside-covers": Sentences(
        "The row is older than what the subject agreed to ({at}).",
        "",
        "Your agreement covers only data from then on.",
    ),
    "retention-over": Sentences(
        "The row is older than the {days} days it may be kept.", "", "Data this old are no longer used."
    ),
    "permitted": Sentences("Permitted on the basis {basis}.", "", "Your data may be used for this purpose."),
    "permitted-consent": Sentences(
        "Permitted: consent given on {at}.", "", "Your data are used for this purpose because you agreed."
    ),
    "permitted-contract": Sentences(
        "Permitted: needed for the contract with the subject.",
        "",
        "Your data are used for this purpose because our contract with you needs it.",
    ),
    "permitted-legal_obligation": Sentences(
        "Permitted: the law demands it.", "", "Your data are used for this purpose because the law demands it."
    ),
    "permitted-vital_interests": Sentences(
        "Permitted: it protects somebody's life.", "", "Your data are used for this purpose to protect somebody's life."
    ),
    "permitted-public_interest": Sentences(
        "Permitted: a task in the public interest, and no objection.",
        "",
        "Your data are used for this purpose as a public task; you may object.",
    ),
    "permitted-legitimate_interests": Sentences(
        "Permitted: legitimate interests, and no objection or opt-out.",
        "",
        "Your data are used for this purpose because we have an interest in it; you may object.",
    ),
}
"""May this subject's rows be read for a purpose (consent.permitted), in the order in which denial wins."""

GATE: dict[str, Sentences] = {code: Sentences(staff, remedy) for code, (staff, remedy) in GATE_WORDS.items()}
"""Why SQL was refused (rewrite). The templates stand here so that documentation lists them with the rest."""

CATALOGUE: dict[str, Sentences] = {**USE, **SUBJECT, **GATE}
"""Every reason code."""


def reason(code: str, **fields: object) -> Reason:
    """Return the reason with its words filled in; raises KeyError for an unknown code or a missing field."""
    sentences = CATALOGUE[code]
    return Reason(code, sentences.staff.format(**fields), sentences.remedy.format(**fields))


def customer_sentence(code: str) -> str:
    """Return what a customer may be told; raises KeyError for an unknown code."""
    return CATALOGUE[code].customer
