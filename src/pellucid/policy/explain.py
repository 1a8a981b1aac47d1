"""What a purpose may do and why, in plain sentences for people who do not read YAML. Pure; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pellucid.errors import NameUnknown
from pellucid.policy.categories import title
from pellucid.policy.decide import permitted_columns, subject_key_columns
from pellucid.policy.explain_release import leaves
from pellucid.policy.model import (
    Column,
    Dataset,
    LegalBasis,
    Policy,
    Purpose,
    RegimeBasis,
    RestrictedUse,
    SensitiveUse,
    SensitiveWhen,
    Unknown,
    VulnerableUse,
)
from pellucid.policy.phrases import BASES, SILENCE, listed, masked, ticked
from pellucid.policy.retention import days_read


def explain_purpose(policy: Policy, name: str) -> str:
    """Return what the purpose may do and why, as paragraphs under short headings; raises NameUnknown."""
    purpose = policy.purposes.get(name)
    if purpose is None:
        raise NameUnknown("purpose", name, list(policy.purposes))
    paragraphs = [f"{purpose.title} (`{name}`)", purpose.description]
    for heading, sentences in (
        ("Why it is lawful", _lawful(policy, purpose)),
        ("Whose data are left out", _left_out(policy, purpose)),
        ("What it may read", _reads(policy, purpose)),
        ("What it may not read", _not_read(policy, purpose)),
        ("Who may ask", _askers(policy, purpose)),
        ("How answers leave", leaves(policy, purpose)),
        ("Who receives answers", _recipients(policy, purpose)),
        (f"What customers are told (notice {purpose.notice.version})", iter([purpose.notice.text])),
    ):
        paragraphs += [heading.upper(), *sentences]
    return "\n\n".join(paragraph.strip() for paragraph in paragraphs) + "\n"


def _lawful(policy: Policy, purpose: Purpose) -> Iterator[str]:
    for regime, basis in purpose.bases.items():
        declared = policy.regimes[regime]
        places = listed(declared.jurisdictions)
        served = f" People there are served from {declared.establishment}." if declared.establishment else ""
        rests = f"Under {declared.title}, that is in {places}, it rests on {BASES[basis.basis]}."
        yield f"{rests} {_silence(basis)}{served}"
    missing = [regime.title for regime in policy.regimes.values() if regime.name not in purpose.bases]
    if missing:
        yield f"It has no basis under {listed(missing)}, so people there are left out."
    if purpose.consent_days is not None:
        yield f"A consent runs out after {purpose.consent_days:,} days."
    if purpose.notice.accepts:
        versions = listed(purpose.notice.accepts)
        yield f"A yes to an earlier notice ({versions}) still counts: this one differs in nothing that matters."
    yield from _to_the_laws(purpose)


def _to_the_laws(purpose: Purpose) -> Iterator[str]:
    if purpose.kinds:
        yield (
            f"In the laws' words it is {ticked(purpose.kinds)}. Where a law that we signed off asks for more than is "
            "said here, the law holds."
        )
    if purpose.soft_opt_in:
        yield (
            "It is mail to our own customers and meets all conditions for it (ePrivacy Directive Art. 13(2)): where a "
            "law says so, whoever has said nothing is included, until they object."
        )
    if purpose.loyalty:
        yield "Taking part is rewarded: whoever takes part is asked before a browser's signal ends it for them."


def _silence(basis: RegimeBasis) -> str:
    if basis.basis is LegalBasis.CONSENT:
        return f"{SILENCE[basis.default]} A yes can be withdrawn at any time."
    return SILENCE[basis.default]


def _left_out(policy: Policy, purpose: Purpose) -> Iterator[str]:
    if purpose.unknown_place == "refuse":
        yield "People whose place of residence is not known are left out."
    else:
        regime = policy.regimes[purpose.unknown_place].title
        yield f"If it is not known where somebody lives, they are treated as if {regime} applied to them."
    yield from _minors(purpose)
    if purpose.vulnerable is VulnerableUse.NOT_IF_KNOWN:
        yield "People who are known or thought to need special care are left out."
    elif purpose.vulnerable is VulnerableUse.NEVER:
        yield "People who need special care are left out, and so is everybody of whom nobody knows whether they do."
    yield _restricted(purpose)


def _minors(purpose: Purpose) -> Iterator[str]:
    age = purpose.minimum_age
    if age == 0:
        return
    guarded = " For those known to be younger a guardian's yes opens it." if purpose.guardian else ""
    if purpose.unknown_age is Unknown.ADULT:
        yield f"People younger than {age} are left out; somebody whose age is not known counts as an adult.{guarded}"
    else:
        yield f"People younger than {age} are left out, and so is everybody whose age is not known.{guarded}"


_GOES_ON = {
    RestrictedUse.LEGAL_CLAIMS: "it serves legal claims",
    RestrictedUse.RIGHTS_OF_OTHERS: "it protects the rights of others",
    RestrictedUse.PUBLIC_INTEREST: "it serves an important public interest",
}


def _restricted(purpose: Purpose) -> str:
    if purpose.while_restricted is RestrictedUse.NONE:
        return (
            "People who were erased are always left out, and so are those whose data may only be stored (GDPR Art. 18)"
            ", unless they agree to this use all the same."
        )
    return (
        "People who were erased are always left out. Those whose data may only be stored (GDPR Art. 18) are not, "
        f"because {_GOES_ON[purpose.while_restricted]}."
    )


def _reads(policy: Policy, purpose: Purpose) -> Iterator[str]:
    public = []
    for dataset in policy.datasets.values():
        columns = permitted_columns(policy, purpose.name, dataset.name)
        if dataset.is_public:
            public.append(dataset.name)
        elif columns:
            yield " ".join(_dataset(dataset, columns, purpose))
    if public:
        verb = "hold" if len(public) > 1 else "holds"
        yield f"{ticked(public)} {verb} nothing about people and may be read in full."


def _dataset(dataset: Dataset, columns: tuple[Column, ...], purpose: Purpose) -> Iterator[str]:
    yield f"From `{dataset.name}` ({dataset.title}): {_by_category(columns)}."
    hidden = [
        f"`{column.name}` {masked(column.mask)}"
        for column in columns
        if column.mask is not None and purpose.name not in column.mask.unmasked_for
    ]
    if hidden:
        yield f"Not shown as they are: {listed(hidden)}."
    refused = [column for column in dataset.columns.values() if column not in columns]
    keys = [column for column in refused if column.name in subject_key_columns(dataset)]
    if keys:
        yield f"{ticked(column.name for column in keys)} may be counted and joined on, but not read."
    refused = [column for column in refused if column not in keys]
    if refused:
        yield f"Left out, because the purpose has no need of it: {_by_category(refused)}."
    days = days_read(dataset, purpose)
    if days is not None:
        yield f"Rows older than {days:,} days (by `{dataset.time}`) are not read."
    for column in columns:
        if column.retention_days is not None:
            yield f"`{column.name}` is emptied in rows older than {column.retention_days:,} days."
    if dataset.keep is not None:
        kept = dataset.keep
        yield f"After an erasure, rows of fewer than {kept.days:,} days are kept unread ({kept.reason})."
    for rule in dataset.sensitive_when:
        yield _sensitive(rule, purpose)


def _sensitive(rule: SensitiveWhen, purpose: Purpose) -> str:
    compared = f"`{rule.column}`" if rule.lookup is None else f"`{rule.lookup[2]}` in `{rule.lookup[0]}`"
    values = f"is {rule.values[0]}" if len(rule.values) == 1 else f"is one of {len(rule.values)} listed values"
    which = f"Rows whose {compared} {values}, or is not known, may reveal {rule.reveals.replace('_', ' ')}: "
    if purpose.sensitive is SensitiveUse.NEVER:
        return f"{which}they are never read."
    return f"{which}they are read only with the person's explicit consent."


def _not_read(policy: Policy, purpose: Purpose) -> Iterator[str]:
    refused = [
        f"`{dataset.name}` ({dataset.title})"
        for dataset in policy.datasets.values()
        if not permitted_columns(policy, purpose.name, dataset.name)
    ]
    if refused:
        yield f"Nothing at all in {listed(refused)}."
    yield "What is not named above cannot be read: a question that touches it anywhere is refused."


def _askers(policy: Policy, purpose: Purpose) -> Iterator[str]:
    roles = [policy.roles[role] for role in purpose.roles]
    holders = [person for person in policy.people.values() if set(person.roles) & set(purpose.roles)]
    able = [person.title for person in holders if _may_query(policy, person.roles)]
    held = f"At present: {listed(able)}." if able else "At present that is nobody."
    yield f"People with the role {listed((role.title for role in roles), 'or')}. {held}"


def _may_query(policy: Policy, roles: Iterable[str]) -> bool:
    return any("query" in policy.roles[role].may for role in roles)


def _recipients(policy: Policy, purpose: Purpose) -> Iterator[str]:
    if not purpose.recipients:
        yield f"Nobody outside {policy.controller.name}."
        return
    named = [policy.recipients[name] for name in purpose.recipients]
    yield f"{listed(f'{one.title} ({one.kind}, {one.country})' for one in named)}."


def _by_category(columns: Iterable[Column]) -> str:
    """Return the columns gathered under plain words for what they hold."""
    gathered: dict[str, list[str]] = {}
    for column in columns:
        gathered.setdefault(title(column.category), []).append(column.name)
    return "; ".join(f"{words} ({ticked(names)})" for words, names in gathered.items())
