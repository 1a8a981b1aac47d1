"""Which values make a row sensitive: the columns, the lookup and the values must be there and fit."""

from __future__ import annotations

from pellucid.policy.categories import REVEALED
from pellucid.policy.checks import dataset as datasets
from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import Column, Dataset, Policy, SensitiveWhen
from pellucid.policy.nodes import suggestion

_Location = tuple[str | int, ...]


def check(policy: Policy, dataset: Dataset, findings: Findings) -> None:
    """Check a dataset's `sensitive_when`."""
    for index, rule in enumerate(dataset.sensitive_when):
        location = ("datasets", dataset.name, "sensitive_when", index)
        if dataset.is_public:
            message = "A public dataset has no sensitive rows: it holds nothing about people."
            findings.error("sensitive-public", location, message, "Put the rule at the dataset that looks it up.")
            continue
        if rule.reveals not in REVEALED:
            message = f"`{rule.reveals}` is nothing that a value reveals (GDPR Art. 9 and 10)."
            findings.error("reveals", (*location, "reveals"), message, suggestion(rule.reveals, REVEALED))
        if not findings.column(dataset.columns, rule.column, dataset.name, (*location, "column")):
            continue
        compared = _compared(policy, dataset, rule, location, findings)
        if compared is not None:
            datasets.check_values(rule.values, compared, (*location, "values"), findings)
            _check_domain(rule, compared, location, findings)


def _compared(
    policy: Policy, dataset: Dataset, rule: SensitiveWhen, location: _Location, findings: Findings
) -> Column | None:
    """Return the column whose values are compared, or None, with a finding, if it cannot be reached."""
    if rule.lookup is None:
        return dataset.columns[rule.column]
    name, key, column = rule.lookup
    at = (*location, "lookup")
    if not findings.known("datasets", policy.datasets, name, (*at, "dataset")):
        return None
    target = policy.datasets[name]
    if not target.is_public:
        message = f"`{name}` is about people; values are looked up in public datasets only."
        findings.error("lookup-personal", (*at, "dataset"), message, "Name a dataset with `public: true`.")
    has_key = findings.column(target.columns, key, name, (*at, "key"))
    has_column = findings.column(target.columns, column, name, (*at, "column"))
    if has_key and target.key != (key,):
        message = f"`{key}` is not the key of `{name}` (its key: {', '.join(target.key) or 'none'})."
        findings.error("lookup-key", (*at, "key"), message, f"Declare `key: [{key}]` there, or look up by its key.")
    if has_key and target.columns[key].type is not dataset.columns[rule.column].type:
        message = (
            f"`{rule.column}` is {dataset.columns[rule.column].type}, `{name}.{key}` is {target.columns[key].type}."
        )
        findings.error("lookup-type", (*location, "column"), message, "Give both columns one type.")
    return target.columns[column] if has_column else None


def _check_domain(rule: SensitiveWhen, compared: Column, location: _Location, findings: Findings) -> None:
    for index, value in enumerate(rule.values):
        if compared.domain and value not in compared.domain:
            message = f"`{value}` is not in the declared domain of `{compared.name}`, so no row would ever match."
            findings.error("value-outside-domain", (*location, "values", index), message, "Correct the value.")
