"""Subject paths: every row about people must be able to find its subject, or nothing could protect that person."""

from __future__ import annotations

from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import Column, ColumnType, Dataset, Hop, Policy, SubjectPath

_KEY_TYPES = (ColumnType.TEXT, ColumnType.INTEGER)
_Location = tuple[str | int, ...]


def check(policy: Policy, findings: Findings) -> None:
    """Check all paths, and that the keys of one namespace have one type everywhere."""
    types: dict[str, tuple[str, ColumnType]] = {}
    for dataset in policy.datasets.values():
        for index, path in enumerate(dataset.subjects):
            location = ("datasets", dataset.name, "subjects", index)
            findings.known("namespaces", policy.namespaces, path.namespace, (*location, "namespace"))
            if path in dataset.subjects[:index]:
                findings.error("path-twice", location, "This path is declared twice.", "Keep one of the two.")
            key = _resolve(policy, dataset, path, location, findings)
            if key is None:
                continue
            where, expected = types.setdefault(path.namespace, (dataset.name, key.type))
            if key.type is not expected:
                message = f"Keys of `{path.namespace}` are {key.type} here and {expected} in `{where}`."
                findings.error("key-type-differs", (*location, "column"), message, "Give both columns one type.")


def _resolve(
    policy: Policy, dataset: Dataset, path: SubjectPath, location: _Location, findings: Findings
) -> Column | None:
    """Return the column with the subject's key, or None, with a finding, if the path does not lead there."""
    current, seen = dataset, [dataset.name]
    for index, hop in enumerate(path.via):
        following = _follow(policy, current, hop, seen, (*location, "via", index), findings)
        if following is None:
            return None
        current = following
        seen.append(hop.dataset)
    if not findings.column(current.columns, path.column, current.name, (*location, "column")):
        return None
    key = current.columns[path.column]
    if key.type not in _KEY_TYPES:
        message = f"A subject's key must be text or integer; `{path.column}` is {key.type}."
        findings.error("key-type", (*location, "column"), message, "Name the column that identifies the subject.")
        return None
    return key


def _follow(
    policy: Policy, current: Dataset, hop: Hop, seen: list[str], location: _Location, findings: Findings
) -> Dataset | None:
    begins = findings.column(current.columns, hop.column, current.name, (*location, "column"))
    if not findings.known("datasets", policy.datasets, hop.dataset, (*location, "dataset")):
        return None
    target = policy.datasets[hop.dataset]
    if hop.dataset in seen:
        message = f"The path runs in a circle: {' -> '.join([*seen, hop.dataset])}."
        findings.error("path-circle", (*location, "dataset"), message, "Let it end where the subject's key stands.")
        return None
    if target.is_public:
        message = f"`{hop.dataset}` is public, so no path to a subject leads through it."
        findings.error("path-through-public", (*location, "dataset"), message, "Name a dataset about people.")
        return None
    if not findings.column(target.columns, hop.key, hop.dataset, (*location, "key")):
        return None
    if target.key != (hop.key,):
        declared = ", ".join(target.key) or "none"
        message = f"`{hop.key}` is not the key of `{hop.dataset}` (its key: {declared})."
        remedy = f"Declare `key: [{hop.key}]` there: a row must lead to one subject."
        findings.error("hop-key", (*location, "key"), message, remedy)
    if begins and current.columns[hop.column].type is not target.columns[hop.key].type:
        message = (
            f"`{hop.column}` is {current.columns[hop.column].type}, "
            f"`{hop.dataset}.{hop.key}` is {target.columns[hop.key].type}."
        )
        findings.error("hop-type", (*location, "column"), message, "Give both columns one type.")
    return target
