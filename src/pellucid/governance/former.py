"""Datasets that the policy in force declares no more, and whose rows are still held: what they were declared as.

No question can name them; but they are about people, who may be shown them, and erased from them, all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection, select

from pellucid.governance.activate import snapshot
from pellucid.holdings.publish import Generation, generations_published
from pellucid.policy.model import Dataset, Policy, PrivacyUnit
from pellucid.records.tables import policy_activations

SchemaHash = Callable[[Dataset], str]


def with_former(connection: Connection, policy: Policy, schema_hash: SchemaHash) -> Policy:
    """Return the policy, with what it declares no more and rows are held of as it was declared for these last."""
    missing = [each for each in generations_published(connection) if each.dataset not in policy.datasets]
    if not missing:
        return policy
    datasets: dict[str, Dataset] = {}
    namespaces: dict[str, PrivacyUnit] = {}
    versions = select(policy_activations.c.version).order_by(policy_activations.c.sequence.desc())
    for version in dict.fromkeys(connection.scalars(versions)):
        earlier = snapshot(connection, version)
        for found in missing:
            if found.dataset not in datasets and _fits(earlier, found, schema_hash):
                dataset = datasets[found.dataset] = earlier.datasets[found.dataset]
                names = {path.namespace for path in dataset.subjects} - policy.namespaces.keys()
                namespaces |= {name: earlier.namespaces[name] for name in names}
    return replace(policy, datasets={**policy.datasets, **datasets}, namespaces={**policy.namespaces, **namespaces})


def _fits(policy: Policy, found: Generation, schema_hash: SchemaHash) -> bool:
    declared = policy.datasets.get(found.dataset)
    return declared is not None and schema_hash(declared) == found.schema_hash
