"""x."""

from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import Policy


def check(policy: Policy, findings: Findings) -> None:
    """Check."""
