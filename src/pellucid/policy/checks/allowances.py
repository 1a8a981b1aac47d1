"""Allowances by dataset and by analyst: each within what stands around it, and enough for the questions it is for."""

from __future__ import annotations

from pellucid.policy.checks.findings import Findings
from pellucid.policy.checks.release import check_allowance, check_within
from pellucid.policy.model import Dataset, Policy, Purpose


def check(policy: Policy, findings: Findings) -> None:
    """Check the allowances of datasets and people, and those of each analyst under a purpose."""
    for dataset in policy.datasets.values():
        _check_dataset(policy, dataset, findings)
    for person in policy.people.values():
        if person.allowance is not None:
            at = ("people", person.name, "allowance")
            check_allowance(person.allowance, at, findings)
            widest = max(policy.namespaces.values(), key=lambda unit: unit.cap.epsilon, default=None)
            if widest is not None:
                check_within(person.allowance, widest.cap, f"the cap of `{widest.name}`", at, findings)
    for purpose in policy.purposes.values():
        _check_analysts(purpose, findings)


def _check_dataset(policy: Policy, dataset: Dataset, findings: Findings) -> None:
    if dataset.allowance is None:
        return
    at = ("datasets", dataset.name, "allowance")
    check_allowance(dataset.allowance, at, findings)
    if dataset.is_public:
        message = f"`{dataset.name}` holds nothing about people, so no privacy is spent on it."
        findings.error("allowance-of-public", at, message, "Take `allowance` out.")
    for path in dataset.subjects:
        if path.namespace in policy.namespaces:
            cap = policy.namespaces[path.namespace].cap
            check_within(dataset.allowance, cap, f"the cap of `{path.namespace}`", at, findings)


def _check_analysts(purpose: Purpose, findings: Findings) -> None:
    rule, own = purpose.release, purpose.release.analyst_allowance
    if own is None:
        return
    at = ("purposes", purpose.name, "release", "analyst_allowance")
    check_allowance(own, at, findings)
    check_within(own, rule.allowance, "the allowance of the purpose", at, findings)
    if rule.epsilon_max > own.epsilon:
        message = f"One question may ask for {rule.epsilon_max:g}, more than each analyst has ({own.epsilon:g})."
        findings.error("epsilon-order", (*at, "epsilon"), message, "Lower the maximum, or raise the allowance.")
    if rule.threshold_delta >= own.delta:
        message = f"One release spends a delta of {rule.threshold_delta:g}; each analyst has {own.delta:g}."
        findings.error("delta-order", (*at, "delta"), message, "Raise it well above `threshold_delta`.")
