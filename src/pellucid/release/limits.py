"""Whose limits bind a question: the cap of each namespace and, within it, allowances by purpose, dataset and analyst.

Pure: what was spent of them is `release.accountant`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pellucid.errors import NameUnknown
from pellucid.policy.model import Allowance, Dataset, Policy, Purpose


@dataclass(frozen=True, slots=True)
class Limit:
    """An allowance and whose it is: the cap of a namespace where purpose, dataset and analyst are all None."""

    namespace: str
    allowance: Allowance
    purpose: str | None = None
    dataset: str | None = None
    analyst: str | None = None


def told(namespace: str, purpose: str | None, dataset: str | None, analyst: str | None) -> str:
    """Return whose limit it is, for people: `of dataset 'visits' for 'household'`."""
    narrowed = [
        f"{what} {name!r}"
        for what, name in (("dataset", dataset), ("analyst", analyst), ("purpose", purpose))
        if name is not None
    ]
    return f"of {' under '.join(narrowed)} for {namespace!r}" if narrowed else f"of {namespace!r}"


def limits_on(
    policy: Policy, purpose: str, namespaces: Sequence[str], *, datasets: Sequence[str] | None, analyst: str | None
) -> Iterator[Limit]:
    """Yield what binds a question, a namespace at a time, its cap first.

    `datasets` are those it reads (None: unknown, so that every dataset's allowance binds); `analyst` is who asks (None:
    nobody in particular). Raises NameUnknown for a name that the policy does not have.
    """
    declared = purpose_of(policy, purpose)
    for namespace in sorted(set(namespaces)):
        yield Limit(namespace, cap_of(policy, namespace))
        yield Limit(namespace, declared.release.allowance, purpose)
        for dataset in _read(policy, datasets):
            if dataset.allowance is not None and (datasets is not None or _is_about(dataset, namespace)):
                yield Limit(namespace, dataset.allowance, dataset=dataset.name)
        if analyst is not None:
            yield from _of_analyst(policy, namespace, declared, analyst)


def all_limits(policy: Policy) -> Iterator[Limit]:
    """Yield every limit, by namespace: the cap, purposes, datasets, and each analyst who may ask."""
    for namespace in sorted(policy.namespaces):
        yield Limit(namespace, cap_of(policy, namespace))
        for name, purpose in sorted(policy.purposes.items()):
            yield Limit(namespace, purpose.release.allowance, name)
        for name, dataset in sorted(policy.datasets.items()):
            if dataset.allowance is not None and _is_about(dataset, namespace):
                yield Limit(namespace, dataset.allowance, dataset=name)
        for name, person in sorted(policy.people.items()):
            if person.allowance is not None:
                yield Limit(namespace, person.allowance, analyst=name)
            for asked, purpose in sorted(policy.purposes.items()):
                own = purpose.release.analyst_allowance
                if own is not None and set(person.roles) & set(purpose.roles):
                    yield Limit(namespace, own, asked, analyst=name)


def purpose_of(policy: Policy, name: str) -> Purpose:
    """Return a declared purpose; raises NameUnknown."""
    if name not in policy.purposes:
        raise NameUnknown("purpose", name, tuple(policy.purposes))
    return policy.purposes[name]


def cap_of(policy: Policy, namespace: str) -> Allowance:
    """Return the binding cap of a namespace; raises NameUnknown."""
    if namespace not in policy.namespaces:
        raise NameUnknown("subject namespace", namespace, tuple(policy.namespaces))
    return policy.namespaces[namespace].cap


def _of_analyst(policy: Policy, namespace: str, purpose: Purpose, analyst: str) -> Iterator[Limit]:
    person = policy.people.get(analyst)
    if person is not None and person.allowance is not None:
        yield Limit(namespace, person.allowance, analyst=analyst)
    if purpose.release.analyst_allowance is not None:
        yield Limit(namespace, purpose.release.analyst_allowance, purpose.name, analyst=analyst)


def _read(policy: Policy, datasets: Sequence[str] | None) -> Iterator[Dataset]:
    for name in sorted(policy.datasets if datasets is None else set(datasets)):
        if name not in policy.datasets:
            raise NameUnknown("dataset", name, tuple(policy.datasets))
        yield policy.datasets[name]


def _is_about(dataset: Dataset, namespace: str) -> bool:
    return any(path.namespace == namespace for path in dataset.subjects)
