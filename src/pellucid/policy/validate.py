"""Cross-references and contradictions of a policy: every finding, each at the place that causes it.

Pure. The shape of what was written is already right (`policy.shapes`); the checks stand by noun in `policy.checks`.
"""

from __future__ import annotations

from collections.abc import Callable

from pellucid.errors import Finding
from pellucid.policy.checks import allowances, dataset, names, people, purpose, release, suppressed, texts
from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import Policy
from pellucid.policy.nodes import Place

Location = tuple[str | int, ...]

CHECKS: tuple[Callable[[Policy, Findings], None], ...] = (
    names.check,
    people.check,
    dataset.check,
    purpose.check,
    release.check,
    allowances.check,
    suppressed.check,
    texts.check,
)
"""In the order in which somebody writes a policy."""


def validate(
    policy: Policy, where: Callable[[Location], Place], broken: frozenset[tuple[str, str]] = frozenset()
) -> list[Finding]:
    """Return every finding about a policy whose parts have the right shape.

    `where` places a location (the keys from the top); `broken` are (section, name) that are declared but could not be
    built: references to them are no findings.
    """
    findings = Findings(where, broken)
    for check in CHECKS:
        check(policy, findings)
    return findings.found
