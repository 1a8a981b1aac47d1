"""Derived tables: of what and for which purpose they are made, and that they inherit what protects people there."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.policy.checks.findings import Findings
from pellucid.policy.decide import permitted_columns, sources_column
from pellucid.policy.model import Built, Dataset, Policy, SensitiveUse
from pellucid.policy.retention import days_read

_Location = tuple[str | int, ...]


def check(policy: Policy, findings: Findings) -> None:
    """Check every derived table."""
    for dataset in policy.datasets.values():
        if dataset.built is not None:
            _check(policy, dataset, dataset.built, ("datasets", dataset.name, "built"), findings)


def _check(policy: Policy, dataset: Dataset, built: Built, at: _Location, findings: Findings) -> None:
    for place, name in enumerate(built.reads):
        _check_source(policy, name, (*at, "reads", place), findings)
    if not findings.known("purposes", policy.purposes, built.purpose, (*at, "purpose")):
        return
    if _is_made_of_itself(policy, dataset):
        message = f"`{dataset.name}` is made of itself."
        findings.error("built-of-itself", (*at, "reads"), message, "Build it of other datasets.")
        return
    if dataset.is_public:
        return  # what is in it leaves by the purpose's release rule, and is about nobody then
    sources = list(sources_of(policy, built))
    _check_people(policy, dataset, sources, at, findings)
    _check_inherited(policy, dataset, built, sources, at, findings)


def sources_of(policy: Policy, built: Built) -> Iterator[Dataset]:
    """Yield the datasets about people that a table is made of, each once."""
    names = dict.fromkeys(each.partition(".")[0] for each in built.reads)
    found = (policy.datasets.get(name) for name in names)
    return (dataset for dataset in found if dataset is not None and not dataset.is_public)


def _check_source(policy: Policy, name: str, at: _Location, findings: Findings) -> None:
    dataset, _, column = name.partition(".")
    if not column:
        message = f"`{name}` is not a column of a dataset."
        findings.error("built-source", at, message, "Write it as dataset.column.")
    elif findings.known("datasets", policy.datasets, dataset, at):
        source, found = sources_column(policy, name)
        if found is None:
            findings.column(source.columns, column, dataset, at)


def _check_people(policy: Policy, dataset: Dataset, sources: list[Dataset], at: _Location, findings: Findings) -> None:
    paths = dataset.subjects
    if len(paths) != 1 or paths[0].via:
        message = f"Each row of `{dataset.name}` has to hold the key of the one person it is about."
        remedy = "Declare one subject path with a column of this dataset, and no `via`."
        findings.error("built-subjects", at, message, remedy)
        return
    for source in sources:
        about = [path.namespace for path in source.subjects]
        if about != [paths[0].namespace] and policy.namespaces.keys() >= {*about, paths[0].namespace}:
            message = f"Rows of `{source.name}` are not about one {paths[0].namespace} each."
            remedy = f"Build tables about a {paths[0].namespace} of datasets whose rows are about one each."
            findings.error("built-subjects", (*at, "reads"), message, remedy)


def _check_inherited(
    policy: Policy, dataset: Dataset, built: Built, sources: list[Dataset], at: _Location, findings: Findings
) -> None:
    sensitive = [source.name for source in sources if source.sensitive_when]
    if sensitive and policy.purposes[built.purpose].sensitive is not SensitiveUse.NEVER:
        message = f"Sensitive rows of {', '.join(sensitive)} would be in it, and nobody could tell which they are."
        remedy = "Build it under a purpose that never uses sensitive rows."
        findings.error("built-sensitive", (*at, "purpose"), message, remedy)
    closed = [source.name for source in sources if source.private_only]
    if closed and not dataset.private_only:
        message = f"No exact figure may be made of {', '.join(closed)}, so none may be made of it."
        findings.error("built-private-only", at, message, "Add `private_only: true`.")
    _check_purposes_end(policy, dataset, sources, at, findings)
    limits = {source.name: source.retention_days for source in sources if source.retention_days is not None}
    if not limits:
        return
    name, least = min(limits.items(), key=lambda pair: pair[1])
    if dataset.time is None or dataset.retention_days is None or dataset.retention_days > least:
        message = f"Rows of `{name}` may be used for {least} days, so what is made of them may not be used for longer."
        remedy = f"Add `retention_days: {least}` or fewer, and `time:` with a column that holds the oldest row's time."
        findings.error("built-retention", at, message, remedy)


def _check_purposes_end(
    policy: Policy, dataset: Dataset, sources: list[Dataset], at: _Location, findings: Findings
) -> None:
    """Note each purpose that could read what is made of rows for longer than it may read these."""
    for purpose in policy.purposes.values():
        limits = [days for days in (purpose.needs_days(source.name) for source in sources) if days is not None]
        if not limits or not permitted_columns(policy, purpose.name, dataset.name):
            continue
        days = days_read(dataset, purpose)
        if dataset.time is None or days is None or days > min(limits):
            message = f"`{purpose.name}` may read rows it is made of for {min(limits)} days, and this for longer."
            remedy = (
                f"Add `{dataset.name}: {min(limits)}` or fewer to its `retention_days`, and here `time:` with a column "
                "that holds the oldest row's time."
            )
            findings.error("built-retention", at, message, remedy)


def _is_made_of_itself(policy: Policy, dataset: Dataset) -> bool:
    seen: set[str] = set()
    todo = [dataset]
    while todo:
        built = todo.pop().built
        for name in {each.partition(".")[0] for each in built.reads} if built is not None else ():
            if name == dataset.name:
                return True
            if name in policy.datasets and name not in seen:
                seen.add(name)
                todo.append(policy.datasets[name])
    return False
