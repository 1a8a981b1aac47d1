"""Whether a person may do a thing, and whether a declared use may run: deny overrides, and every reason is collected.

Pure. It decides about uses, never about single people: which subjects' rows may be read is `consent.permitted`.
Fails closed: what is not declared is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pellucid.errors import Reason
from pellucid.policy.categories import is_within
from pellucid.policy.model import Actor, Column, Dataset, Policy, Purpose, RegimeBasis, SensitiveUse, Standing
from pellucid.policy.reasons import reason
from pellucid.policy.scopes import PROGRAM, SCOPES, scopes_for

ACTIONS: dict[str, str] = {
    "agents-manage": "register and revoke agents that file people's requests by the Data Rights Protocol",
    "attack": "attack answers that left lately, and see what was gained",
    "audit-checkpoint": "sign a checkpoint of the log",
    "audit-export": "export the log",
    "audit-read": "read the log",
    "backup": "back up the workspace, and begin or end its journal",
    "budget-show": "see what is left of the privacy budgets",
    "consent-changes": "follow everybody's choices as they are recorded",
    "consent-coverage": "see in bands how many people a purpose may use",
    "consent-coverage-exact": "see exactly how many people a purpose may use",
    "consent-export": "take out everything people said, with their keys",
    "consent-record": "record what a customer said",
    "consent-screens": "doubt, clear and invalidate screens on which people chose",
    "consent-show": "see what a customer said",
    "consent-why": "see why a customer's data may or may not be used",
    "data-add": "import data, and sort them anew",
    "data-build": "build derived tables, under purposes open to their roles",
    "data-list": "list the data that are there",
    "delegation-manage": "note and end who may act for somebody else in the privacy centre",
    "erase": "erase people, see what that does, and its receipts",
    "erasure-preview": "see what erasing one person would do, as a program, and delete nothing",
    "hold": "keep data from being erased for a legal claim, and release them",
    "holdings-show": "see which kinds of data are held about a customer, and what was concluded, without any value",
    "insight-approve": "approve or reject insights that somebody else proposed, whose exact figures may then leave",
    "insight-list": "see proposed insights, and what was tried against them",
    "insight-propose": "propose insights whose exact figures may leave once somebody else approved them",
    "insight-run": "ask for the figures of approved insights",
    "laws-decide": "sign laws off, and answer for their figures",
    "messages-send": "see how many messages to people are due, and send them",
    "notice-publish": "publish the notice of the policy in force",
    "policy-activate": "put a policy into force",
    "policy-check": "check the policy",
    "policy-explain": "read what a purpose may do",
    "preview": "see what a question would cost and made-up rows to write it with, without data",
    "query": "ask questions",
    "recipients-answer": "record what recipients answered",
    "recipients-show": "see what recipients were told and answered",
    "request-approve": "approve, extend and deny customers' requests",
    "request-carry-out": "carry out customers' requests, and forget those that need not be kept",
    "request-decide": "weigh objections, and look again at automated decisions that people contest",
    "request-fetch": "fetch the packages of requests handed in as a program, once the person showed who they are",
    "request-file": "file customers' requests, and take them back when they ask for it",
    "request-follow": "see how the requests stand that one handed in oneself, as a program",
    "request-hand-in": "hand in customers' requests as a program, and take those back",
    "request-identify": "have people sent codes for requests handed in as a program, and take their answers",
    "request-list": "see customers' requests",
    "request-look": "see the data about people who showed who they are for a request handed in as a program",
    "request-verify": "acknowledge customers' requests, and check who makes them",
    "restore": "restore a backup with all that happened since",
    "restore-loss": "restore a backup although what happened since is lost",
    "retention": "see what may be kept no longer, let it go, and have the worker do so by itself",
    "signal-apply": "hand in the opt-out signals of browsers and devices",
    "staff-manage": "make, reset and remove the accounts by which staff sign in",
    "subject-access": "make a customer's package of what is held about them, and hand it over",
    "subject-link": "link and split identifiers of one person",
    "subject-uses": "see how a customer's data were used",
    "tokens-manage": "make and revoke the tokens of programs",
    "witness": "cosign the log",
    "work-list": "see what work waits or was given up",
    "work-retry": "let work that was given up begin anew",
}
"""What a role may be given, with a plain title. `query` is `preview` and more, but neither implies the other."""


EXACT_ACTIONS = frozenset({"insight-propose", "insight-run"})
"""Actions whose figures are exact and leave by the suppressed rule; all others leave by the private one."""


@dataclass(frozen=True, slots=True)
class Use:
    """One declared use. `columns` are (dataset, column) whose values are read anywhere in the question;
    `keys` are those used only to join on or to count the subject, which needs no category.
    """

    actor: Actor
    purpose: str
    action: str
    columns: frozenset[tuple[str, str]] = frozenset()
    datasets: frozenset[str] = frozenset()
    keys: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class UseDecision:
    """Permit with obligations, or refuse with every reason. `bases` are the purpose's legal bases by regime."""

    permitted: bool
    reasons: tuple[Reason, ...] = ()
    obligations: tuple[str, ...] = ()
    bases: tuple[RegimeBasis, ...] = ()


@dataclass(slots=True)
class _Index:
    """What can be worked out once for a policy."""

    policy: Policy
    actions: dict[str, frozenset[str]]
    columns: dict[tuple[str, str], tuple[Column, ...]]
    readable: dict[tuple[str, str], frozenset[str]]
    obligations: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


_NOWHERE = Dataset("", "", {})
"""Stands for a dataset that there is not."""

_INDEXES: dict[str, _Index] = {}
_INDEXES_KEPT = 16


def may(policy: Policy, actor: Actor, action: str) -> Reason | None:
    """Return why the actor may not do this action, or None if they may."""
    if action not in ACTIONS:
        return reason("action-unknown", action=action, known=_listed(ACTIONS))
    if actor.kind == PROGRAM:
        return _why_not_program(actor, action)
    refused = _why_not_staff(policy, actor)
    if refused is not None:
        return refused
    roles = effective_roles(policy, actor)
    permitted = _index(policy).actions
    if any(action in permitted[role] for role in roles):
        return None
    able = [role for role, actions in permitted.items() if action in actions]
    told = _listed(able) or NOBODY
    return reason("action-not-permitted", actor=actor.name, action=action, held=_held(roles), roles=told)


def actions_of(policy: Policy, actor: Actor) -> frozenset[str]:
    """Return every action that the actor may do."""
    return frozenset(action for action in ACTIONS if may(policy, actor, action) is None)


def decide(policy: Policy, use: Use, standing: Standing) -> UseDecision:
    """Return whether the use may run, with every reason against it, or the obligations under which it may."""
    reasons = [*_actor_reasons(policy, use, standing)]
    purpose = policy.purposes.get(use.purpose)
    if purpose is None:
        reasons.append(reason("purpose-unknown", purpose=use.purpose, known=_listed(policy.purposes)))
        return UseDecision(False, tuple(reasons))
    reasons += _purpose_reasons(policy, use, purpose)
    reasons += _dataset_reasons(policy, use, purpose)
    reasons += _column_reasons(policy, use, purpose)
    reasons += _key_reasons(policy, use)
    bases = tuple(purpose.bases.values())
    if reasons:
        return UseDecision(False, tuple(reasons), bases=bases)
    return UseDecision(True, (), _obligations(policy, use, purpose), bases)


def effective_roles(policy: Policy, actor: Actor) -> tuple[str, ...]:
    """Return the declared roles the actor acts with: those they claim and, for staff, the policy also gives them."""
    person = policy.people.get(actor.name)
    if actor.kind == "staff":
        granted = person.roles if person is not None else ()
        return tuple(role for role in actor.roles if role in granted and role in policy.roles)
    return tuple(role for role in actor.roles if role in policy.roles) if actor.kind == "system" else ()


def open_purposes(policy: Policy, actor: Actor) -> list[Purpose]:
    """Return the purposes this actor may ask under: naming others would send people to a closed door."""
    roles = effective_roles(policy, actor)
    return [purpose for purpose in policy.purposes.values() if any(role in purpose.roles for role in roles)]


def permitted_columns(policy: Policy, purpose: str, dataset: str) -> tuple[Column, ...]:
    """Return the columns of a dataset that a purpose may read, in declared order; all of a public dataset.

    Raises KeyError for an undeclared purpose or dataset.
    """
    index = _index(policy)
    if purpose not in policy.purposes:
        raise KeyError(purpose)
    return index.columns[purpose, dataset]


def subject_key_columns(dataset: Dataset) -> tuple[str, ...]:
    """Return the columns of this dataset with which its subject paths begin; none for a public dataset."""
    firsts = (path.via[0].column if path.via else path.column for path in dataset.subjects)
    return tuple(dict.fromkeys(firsts))


def _index(policy: Policy) -> _Index:
    """Return the index of this very policy: a version alone is not trusted to tell two policies apart."""
    index = _INDEXES.get(policy.version)
    if index is None or index.policy is not policy:
        index = _build_index(policy)
        if len(_INDEXES) >= _INDEXES_KEPT:
            _INDEXES.clear()
        _INDEXES[policy.version] = index
    return index


def _build_index(policy: Policy) -> _Index:
    columns = {
        (purpose.name, dataset.name): tuple(
            column
            for column in (dataset.columns.values() if _may_use(policy, purpose, dataset) else ())
            if dataset.is_public or _may_read(purpose, column)
        )
        for purpose in policy.purposes.values()
        for dataset in policy.datasets.values()
    }
    readable = {key: frozenset(column.name for column in found) for key, found in columns.items()}
    return _Index(policy, {role.name: frozenset(role.may) for role in policy.roles.values()}, columns, readable)


def _may_use(policy: Policy, purpose: Purpose, dataset: Dataset, made: frozenset[str] = frozenset()) -> bool:
    """Return whether a purpose may read all that a derived table about people is made of; of others it is true."""
    if dataset.built is None or dataset.is_public:
        return True
    made |= {dataset.name}
    return all(
        column is not None
        and source.name not in made
        and (source.is_public or (_may_read(purpose, column) and _may_use(policy, purpose, source, made)))
        for source, column in (sources_column(policy, each) for each in dataset.built.reads)
    )


def sources_column(policy: Policy, name: str) -> tuple[Dataset, Column | None]:
    """Return the dataset and the column that `dataset.column` names, as far as there are any."""
    dataset, _, column = name.partition(".")
    found = policy.datasets.get(dataset)
    return (_NOWHERE, None) if found is None else (found, found.columns.get(column))


def _may_read(purpose: Purpose, column: Column) -> bool:
    return any(is_within(column.category, category) for category in purpose.categories)


def _why_not_staff(policy: Policy, actor: Actor) -> Reason | None:
    if actor.kind == "system":
        return None
    if actor.kind != "staff":
        return reason("actor-kind", kind=actor.kind)
    return None if actor.name in policy.people else reason("person-unknown", actor=actor.name)


def _why_not_program(actor: Actor, action: str) -> Reason | None:
    able = scopes_for(action)
    if any(scope in able and not SCOPES[scope].as_person for scope in actor.roles):
        return None
    held = f"it holds {_listed(actor.roles)}" if actor.roles else "it holds no scope"
    return reason("scope-not-held", actor=actor.name, action=action, held=held, scopes=_listed(able) or "none there is")


def _actor_reasons(policy: Policy, use: Use, standing: Standing) -> Iterator[Reason]:
    refused = may(policy, use.actor, use.action)
    if refused is not None:
        yield refused
    suspended = standing.facts.get("suspended")
    if suspended is not None:
        yield reason("actor-suspended", actor=use.actor.name, why=suspended)


def _purpose_reasons(policy: Policy, use: Use, purpose: Purpose) -> Iterator[Reason]:
    roles = effective_roles(policy, use.actor)
    if not any(role in purpose.roles for role in roles):
        yield reason(
            "purpose-not-permitted",
            actor=use.actor.name,
            purpose=purpose.name,
            held=_held(roles),
            roles=_listed(purpose.roles) or NOBODY,
        )
    if not purpose.bases:
        yield reason("purpose-without-basis", purpose=purpose.name)


def _dataset_reasons(policy: Policy, use: Use, purpose: Purpose) -> Iterator[Reason]:
    readable = _index(policy).readable
    named = use.datasets | {dataset for dataset, _ in use.columns | use.keys}
    for name in sorted(named) if len(named) > 1 else named:
        if name not in policy.datasets:
            yield reason("dataset-unknown", dataset=name, known=_listed(policy.datasets))
        elif not readable[purpose.name, name]:
            others = (other for other in open_purposes(policy, use.actor) if readable[other.name, name])
            yield reason(
                "dataset-not-permitted",
                purpose=purpose.name,
                dataset=name,
                categories=_listed(purpose.categories),
                elsewhere=_elsewhere(others),
            )


def _column_reasons(policy: Policy, use: Use, purpose: Purpose) -> Iterator[Reason]:
    readable = _index(policy).readable
    refused = [(d, c) for d, c in use.columns if d in policy.datasets and c not in readable[purpose.name, d]]
    for dataset, name in sorted(refused):
        column = policy.datasets[dataset].columns.get(name)
        if column is None:
            yield _column_unknown(policy, dataset, name)
            continue
        yield reason(
            "column-not-permitted",
            column=name,
            category=column.category,
            purpose=purpose.name,
            categories=_listed(purpose.categories),
            elsewhere=_elsewhere(other for other in open_purposes(policy, use.actor) if _may_read(other, column)),
        )


def _key_reasons(policy: Policy, use: Use) -> Iterator[Reason]:
    for dataset, name in sorted(use.keys):
        declared = policy.datasets.get(dataset)
        if declared is None or declared.is_public:
            continue
        keys = dict.fromkeys((*subject_key_columns(declared), *declared.determines_subject))
        if name not in declared.columns:
            yield _column_unknown(policy, dataset, name)
        elif name not in keys:
            yield reason("key-not-joinable", dataset=dataset, column=name, keys=_listed(keys))


def _column_unknown(policy: Policy, dataset: str, name: str) -> Reason:
    known = _listed(policy.datasets[dataset].columns)
    return reason("column-unknown", dataset=dataset, column=name, known=known)


def _obligations(policy: Policy, use: Use, purpose: Purpose) -> tuple[str, ...]:
    """Return what the rest of the product must do for the permission to hold, as stable words for the log."""
    named = sorted(use.datasets | {dataset for dataset, _ in use.columns | use.keys})
    kept = _index(policy).obligations
    found = ["release-suppressed" if use.action in EXACT_ACTIONS else "release-private", "log"]
    for name in named:
        key = (purpose.name, name)
        if key not in kept:
            kept[key] = tuple(_dataset_obligations(policy.datasets[name], purpose))
        found += kept[key]
    return tuple(found)


def _dataset_obligations(dataset: Dataset, purpose: Purpose) -> Iterator[str]:
    if dataset.is_public:
        return
    yield f"permit-rows:{dataset.name}"
    if dataset.retention_days is not None or purpose.needs_days(dataset.name) is not None:
        yield f"retain-rows:{dataset.name}"
    if dataset.sensitive_when:
        explicit = purpose.sensitive is SensitiveUse.EXPLICIT_CONSENT
        yield f"{'explicit-consent-for' if explicit else 'drop'}-sensitive-rows:{dataset.name}"
    for column in dataset.columns.values():
        if column.mask is not None and purpose.name not in column.mask.unmasked_for and _may_read(purpose, column):
            yield f"mask:{dataset.name}.{column.name}"


def _elsewhere(purposes: Iterable[Purpose]) -> str:
    """Return the end of a remedy: where else the actor may ask."""
    names = _listed(purpose.name for purpose in purposes)
    return f" or ask under a purpose that may read it ({names})" if names else "; no purpose open to you may read it"


def _held(roles: Iterable[str]) -> str:
    return f"they hold {_listed(roles)}" if roles else "they hold no role"


NOBODY = "none may, until the policy lets one"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
