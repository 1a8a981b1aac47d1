"""Exact figures: limits that protect, data they may be made from, what they do to the guarantee of private releases."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from pellucid.policy.checks.findings import Findings
from pellucid.policy.checks.release import MOST_CELLS
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Policy, Purpose, SuppressedRule

FEWEST, MOST = 3, 50
"""Below three, a contributor subtracts themselves and sees another; beyond fifty, changes cannot be counted exactly."""
LARGEST_SHARE = Decimal("0.9")

_Location = tuple[str | int, ...]


def check(policy: Policy, findings: Findings) -> None:
    """Check the rule of every purpose that lets exact figures leave."""
    for purpose in policy.purposes.values():
        if purpose.suppressed is not None:
            at = ("purposes", purpose.name, "suppressed")
            _check_limits(purpose.suppressed, at, findings)
            _check_guarantee(policy, purpose, purpose.suppressed, at, findings)


def exact_namespaces(policy: Policy, purpose: Purpose) -> frozenset[str]:
    """Return the kinds of subject about whom a purpose lets exact figures leave."""
    if purpose.suppressed is None:
        return frozenset()
    return frozenset(
        path.namespace
        for dataset in policy.datasets.values()
        if not dataset.private_only and permitted_columns(policy, purpose.name, dataset.name)
        for path in dataset.subjects
    )


def _private_purposes(policy: Policy, namespaces: frozenset[str]) -> list[str]:
    """Return the purposes whose private releases are about these people too: every purpose has a private release."""
    return [
        name
        for name in policy.purposes
        if any(
            path.namespace in namespaces
            for dataset in policy.datasets.values()
            if permitted_columns(policy, name, dataset.name)
            for path in dataset.subjects
        )
    ]


def _check_guarantee(policy: Policy, purpose: Purpose, rule: SuppressedRule, at: _Location, findings: Findings) -> None:
    namespaces = exact_namespaces(policy, purpose)
    if not namespaces:
        if not findings.any_broken("datasets"):
            message = f"There are no data about people from which `{purpose.name}` may make exact figures."
            findings.warn("exact-unused", at, message, "Take `suppressed` out, or `private_only` from a dataset.")
        return
    shared = _private_purposes(policy, namespaces)
    if not shared or rule.conditional:
        return
    message = (
        f"Exact figures about each {' or '.join(sorted(namespaces))} would leave beside private releases "
        f"({', '.join(shared)}), whose guarantee then holds only on condition that nobody combines the two."
    )
    remedy = "Write `guarantee: conditional` to accept that, or declare the datasets `private_only: true`."
    findings.error("exact-unconditional", (*at, "guarantee"), message, remedy)


def _check_limits(rule: SuppressedRule, at: _Location, findings: Findings) -> None:
    if not FEWEST <= rule.minimum <= MOST:
        message = f"Got {rule.minimum} people; allowed: {FEWEST} to {MOST}."
        findings.error("limit-range", (*at, "minimum"), message, "10 is usual.")
    if not 1 <= rule.max_cells <= MOST_CELLS:
        message = f"Got {rule.max_cells}; allowed: 1 to {MOST_CELLS:,}."
        findings.error("limit-range", (*at, "max_cells"), message, "Write a whole number in that range.")
    try:
        share = Decimal(rule.largest_share) if len(rule.largest_share) <= 20 else Decimal("NaN")
    except InvalidOperation:
        share = Decimal("NaN")
    if not (share.is_finite() and 0 < share <= LARGEST_SHARE):
        message = f"Got {rule.largest_share!r}; allowed: above 0, at most {LARGEST_SHARE}."
        findings.error("limit-range", (*at, "largest_share"), message, "0.5 is usual: half of a figure.")
