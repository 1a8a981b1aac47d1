"""What a purpose may do and why, in plain sentences for people who do not read YAML. Pure; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pellucid.errors import NameUnknown
from pellucid.policy.categories import title
from pellucid.policy.decide import permitted_columns, subject_key_columns
from pellucid.policy.model import (
    Allowance,
    Bound,
    Column,
    Dataset,
    LegalBasis,
    Policy,
    Purpose,
    RegimeBasis,
    ReleaseRule,
    SensitiveUse,
    SensitiveWhen,
    Unknown,
)
from pellucid.policy.phrases import BASES, SILENCE, listed, masked, ticked


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
        ("How answers leave", _leaves(policy, purpose)),
        ("Who receives answers", _recipients(policy, purpose)),
        (f"What customers are told (notice {purpose.notice.version})", iter([purpose.notice.text])),
    ):
        paragraphs += [heading.upper(), *sentences]
    return "\n\n".join(paragraph.strip() for paragraph in paragraphs) + "\n"


def _lawful(policy: Policy, purpose: Purpose) -> Iterator[str]:
    for regime, basis in purpose.bases.items():
        declared = policy.regimes[regime]
        places = listed(declared.jurisdictions)
        yield f"Under {declared.title}, that is in {places}, it rests on {BASES[basis.basis]}. {_silence(basis)}"
    missing = [regime.title for regime in policy.regimes.values() if regime.name not in purpose.bases]
    if missing:
        yield f"It has no basis under {listed(missing)}, so people there are left out."
    if purpose.consent_days is not None:
        yield f"A consent runs out after {purpose.consent_days:,} days."


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
    age = purpose.minimum_age
    if age > 0 and purpose.unknown_age is Unknown.ADULT:
        yield f"People younger than {age} are left out; somebody whose age is not known counts as an adult."
    elif age > 0:
        yield f"People younger than {age} are left out, and so is everybody whose age is not known."
    yield "People who were erased, or whose data may only be stored (GDPR Art. 18), are always left out."


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
    if dataset.retention_days is not None:
        yield f"Rows older than {dataset.retention_days:,} days (by `{dataset.time}`) are not read."
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


def _leaves(policy: Policy, purpose: Purpose) -> Iterator[str]:
    rule = purpose.release
    yield (
        "Only counts, sums and averages over groups leave, never a row. Each is blurred with random noise, so that an "
        "answer hardly depends on whether any one person's data were in it (differential privacy)."
    )
    allowance = rule.allowance
    yield (
        f"A question spends a privacy loss of ε {rule.epsilon_default:g} unless it asks for another, at most "
        f"ε {rule.epsilon_max:g}. This purpose may spend ε {allowance.epsilon:g} (δ {allowance.delta:g}) a calendar "
        f"{allowance.period}; then it waits for the next one. {_caps(policy, purpose)}".strip()
    )
    yield from _narrower(policy, purpose)
    yield (
        f"So that noise can hide anybody, one person is counted in at most {_groups(rule.max_groups)}. {_bounds(rule)} "
        "What goes beyond is cut off before it is added up."
    )
    summable = f"Only {ticked(rule.columns)} can be summed. " if rule.columns else "Nothing can be summed. "
    yield (
        f"{summable}An answer has at most {rule.max_cells:,} cells, and groups that are not publicly known appear only "
        "if enough people are in them."
    )
    if rule.minimum_group:
        yield (
            f"Figures of groups with fewer than {rule.minimum_group:,} people, by a blurred count of these, are not "
            "shown: a group of about that size may be shown or not."
        )
    if rule.max_age_hours:
        yield (
            f"For {rule.max_age_hours:,} hours an answer may be shown again to the very same question, marked with its "
            "date: then it may still count people who withdrew in between."
        )
    yield from _leaves_exactly(policy, purpose)


def _leaves_exactly(policy: Policy, purpose: Purpose) -> Iterator[str]:
    rule = purpose.suppressed
    if rule is None:
        return
    yield (
        "Exact figures leave too, for insights that one person proposed and another approved. Each figure has at least "
        f"{rule.minimum} people who contribute to it, and nobody brings more than {float(rule.largest_share):.0%} of "
        "it; other figures are withheld, and further ones from which those could be worked out. Figures in which fewer "
        f"than {rule.minimum} people's data changed since an earlier answer are withheld as well."
    )
    closed = [dataset.name for dataset in policy.datasets.values() if dataset.private_only]
    if closed:
        yield f"No exact figure is made from {ticked(closed)}."
    if rule.conditional:
        yield (
            "Because of these figures, what is promised of the blurred answers about the same people holds only on "
            "condition that nobody combines the two."
        )


def _caps(policy: Policy, purpose: Purpose) -> str:
    touched = {
        path.namespace
        for dataset in policy.datasets.values()
        if permitted_columns(policy, purpose.name, dataset.name)
        for path in dataset.subjects
    }
    units = [unit for unit in policy.namespaces.values() if unit.name in touched]
    return " ".join(
        f"All purposes together may spend at most ε {unit.cap.epsilon:g} (δ {unit.cap.delta:g}) a calendar "
        f"{unit.cap.period} on each {unit.title.lower()}."
        for unit in units
    )


def _narrower(policy: Policy, purpose: Purpose) -> Iterator[str]:
    """Yield what binds beside the purpose's own allowance: that of each analyst, and those of datasets."""
    own = purpose.release.analyst_allowance
    found = [f"Each person who asks may spend at most {_spent(own)} of it."] if own is not None else []
    found += [
        f"All purposes together may spend at most {_spent(dataset.allowance)} on `{dataset.name}`."
        for dataset in policy.datasets.values()
        if dataset.allowance is not None and permitted_columns(policy, purpose.name, dataset.name)
    ]
    found += [
        f"{person.title} may spend at most {_spent(person.allowance)}, over all purposes."
        for person in policy.people.values()
        if person.allowance is not None and set(person.roles) & set(purpose.roles)
    ]
    if found:
        yield " ".join(found)


def _spent(allowance: Allowance) -> str:
    return f"ε {allowance.epsilon:g} (δ {allowance.delta:g}) a calendar {allowance.period}"


def _bounds(rule: ReleaseRule) -> str:
    """Return how much one person may add, gathered by the two ways of bounding."""
    named = [("rows", rule.rows), *((f"of `{column}`", bound) for column, bound in rule.columns.items())]
    grouped = [_per_group(what, bound) for what, bound in named if bound.per_group is not None]
    normed = [
        f"{bound.norm} {what}{' (less where a private quantile says so)' if bound.drawn else ''}"
        for what, bound in named
        if bound.per_group is None
    ]
    sentences = []
    if grouped:
        sentences.append(f"In each group one person adds at most {listed(grouped)}.")
    if normed:
        measure = "measured as the root of the sum of squares"
        sentences.append(f"Over all groups together, {measure}, one person adds at most {listed(normed)}.")
    rank = rule.rank
    if rank is not None:
        told = [
            (rank.rows, f"{rank.rows} rows a month"),
            (rank.each, f"{rank.each} rows a month and group"),
        ]
        ways = [words for count, words in told if count]
        if ways:
            sentences.append(f"Where less noise is needed so, {listed(ways)} of one person count, drawn at random.")
    ranges = [(column, bound.values) for column, bound in rule.columns.items() if bound.values is not None]
    valued = [f"`{column}` ({least} to {most})" for column, (least, most) in ranges]
    if valued:
        sentences.append(f"Spreads, medians and quantiles may be asked of {listed(valued)}.")
    return " ".join(sentences)


def _per_group(what: str, bound: Bound) -> str:
    below = "" if float(bound.lower) == 0 else f" (and no less than {bound.lower})"
    return f"{bound.per_group} {what}{below}"


def _groups(count: int) -> str:
    return "1 group" if count == 1 else f"{count:,} groups"


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
