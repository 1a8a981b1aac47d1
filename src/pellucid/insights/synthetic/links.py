"""Which columns of a dataset lead somewhere: to a subject, to another table about people, to a public dimension.

Read off the declarations: subject paths, keys that determine the subject, lookups, and the key of a public dataset that
has the column's name and type. No values are made here.
"""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.policy.model import Column, ColumnType, Dataset, Policy


@dataclass(frozen=True, slots=True)
class SubjectLink:
    """The column holds subjects' keys in a namespace; `path` numbers the subject path that it stands for."""

    namespace: str
    path: int


@dataclass(frozen=True, slots=True)
class EntityLink:
    """The column holds keys that each belong to one subject (a basket's); those of the same `name` can be joined."""

    name: str
    path: int


@dataclass(frozen=True, slots=True)
class PublicLink:
    """The column holds keys of a public dataset."""

    dataset: str
    key: str


Link = SubjectLink | EntityLink | PublicLink


def links_of(policy: Policy, dataset: Dataset) -> dict[str, Link]:
    """Return the column of the dataset that leads somewhere, each with where to."""
    found: dict[str, Link] = {}
    for name in dataset.columns:
        public = _public(policy, dataset, name)
        if public is not None:
            found[name] = public
    found |= _entities(policy, dataset)
    for position, path in reversed(list(enumerate(dataset.subjects))):
        if path.via:
            hop = path.via[0]
            found[hop.column] = EntityLink(hop.key, position)
        else:
            found[path.column] = SubjectLink(path.namespace, position)
    return found


def _entities(policy: Policy, dataset: Dataset) -> dict[str, Link]:
    """Return keys that belong to one subject: declared so, or the dataset's own key, or where a path ends here."""
    if dataset.is_public:
        return {}
    names = [*dataset.determines_subject, *(dataset.key if len(dataset.key) == 1 else ())]
    found: dict[str, Link] = {name: EntityLink(name, 0) for name in names if _is_open(dataset.columns[name])}
    for other in policy.datasets.values():
        for path in other.subjects:
            for hop in path.via:
                if hop.dataset == dataset.name:
                    found[hop.key] = EntityLink(hop.key, 0)
            if path.via and path.via[-1].dataset == dataset.name:
                found[path.column] = SubjectLink(path.namespace, 0)
    return found


def _is_open(column: Column) -> bool:
    """Return whether a column can hold as many keys as there are things."""
    return column.type in (ColumnType.TEXT, ColumnType.INTEGER) and not column.domain


def _public(policy: Policy, dataset: Dataset, name: str) -> PublicLink | None:
    for rule in dataset.sensitive_when:
        if rule.lookup is not None and rule.column == name:
            return PublicLink(rule.lookup[0], rule.lookup[1])
    for other in policy.datasets.values():
        refers = other.is_public and other.name != dataset.name and other.key == (name,)
        if refers and other.columns[name].type is dataset.columns[name].type:
            return PublicLink(other.name, name)
    return None
