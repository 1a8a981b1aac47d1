"""Names that callers may leave out or write their own way, looked up in the policy in force."""

from __future__ import annotations

from pellucid.errors import NameUnknown
from pellucid.policy.model import Policy


def namespace_of(policy: Policy, name: str | None) -> str:
    """Return the namespace of this name, or the only one that data are about; raises NameUnknown."""
    if name is None:
        about = {path.namespace for dataset in policy.datasets.values() for path in dataset.subjects}
        if len(about or policy.namespaces) == 1:
            return next(iter(about or policy.namespaces))
    if name is None or name not in policy.namespaces:
        raise NameUnknown("namespace", name or "", tuple(policy.namespaces), remedy="Say which with --namespace.")
    return name
