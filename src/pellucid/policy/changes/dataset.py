"""Datasets and their columns: what is held, how rows find their people, how long they are used, how they are shown."""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.policy.categories import CATEGORIES
from pellucid.policy.changes.release import optional_allowance
from pellucid.policy.changes.rules import (
    Notes,
    Rule,
    Rules,
    compare_amounts,
    days,
    exchanged,
    listed,
    ordered,
    text,
    told_apart,
    translations,
    walk,
)
from pellucid.policy.model import Built, Column, Dataset, Keep, Mask, MaskKind, Rank, SensitiveWhen, SubjectPath
from pellucid.policy.phrases import listed as in_words
from pellucid.policy.phrases import masked

_Values = dict[tuple[str, str | int | bool], set[str]]


def dataset_added(notes: Notes, dataset: Dataset) -> None:
    """Take down new data."""
    notes.add("dataset-added", title=_told(dataset))


def dataset_removed(notes: Notes, dataset: Dataset) -> None:
    """Take down data that are declared no more."""
    notes.add("dataset-removed", title=_told(dataset))


def _told(dataset: Dataset) -> str:
    return f"{dataset.title} ({'about nobody' if dataset.is_public else 'about people'})"


# -- columns -----------------------------------------------------------------------------------------------------------


def _columns(notes: Notes, old: Mapping[str, Column], new: Mapping[str, Column]) -> None:
    for name in dict.fromkeys((*new, *old)):
        about = notes.about("column", f"{notes.name}.{name}")
        if name not in old:
            about.add("column-added", value=_column(new[name]))
        elif name not in new:
            about.add("column-removed", value=_column(old[name]))
        elif old[name] != new[name]:
            walk(COLUMN, about, old[name], new[name])


def _column(column: Column) -> str:
    category = CATEGORIES[column.category].title if column.category in CATEGORIES else column.category
    return f"{column.type} that holds {category}"


def compare_order(notes: Notes) -> None:
    """Take down datasets whose columns stand in another order: equal mappings, so no rule of a field is asked."""
    for name, dataset in notes.after.datasets.items():
        before = notes.before.datasets.get(name)
        if before is None:
            continue
        old = [column for column in before.columns if column in dataset.columns]
        if old != [column for column in dataset.columns if column in before.columns]:
            notes.about("dataset", name).add("dataset-columns")


def _nullable(notes: Notes, old: bool, new: bool) -> None:
    notes.add("column-nullable", new="may" if new else "may not")


def _mask(notes: Notes, old: Mask | None, new: Mask | None) -> None:
    if old is None or new is None or not _comparable(old, new):
        if new is not None:
            notes.add("mask-added", value=_masked(new))
        if old is not None:
            notes.add("mask-removed", value=_masked(old))
        return
    if (old.kind, old.size) != (new.kind, new.size):
        told = masked(old), masked(new)
        compare_amounts(notes, "mask", _fineness(old), _fineness(new), *told, wider="finer", narrower="coarser")
    if old.unmasked_for != new.unmasked_for:
        listed("unmasked-for")(notes, old.unmasked_for, new.unmasked_for)


def _masked(mask: Mask) -> str:
    if not mask.unmasked_for:
        return masked(mask)
    return f"{masked(mask)}, except for {in_words(f'`{name}`' for name in mask.unmasked_for)},"


_LEVELS = {MaskKind.NULL: 0, MaskKind.YEAR: 1, MaskKind.MONTH: 2}


def _comparable(old: Mask, new: Mask) -> bool:
    return (
        old.kind is new.kind or (old.kind in _LEVELS and new.kind in _LEVELS) or MaskKind.NULL in (old.kind, new.kind)
    )


def _fineness(mask: Mask) -> tuple[int, int]:
    """Return what to compare masks by: a longer prefix and a narrower band show more; nothing shows less than null."""
    if mask.kind is MaskKind.PREFIX:
        return 1, mask.size
    return (1, -mask.size) if mask.kind is MaskKind.BAND else (_LEVELS[mask.kind], 0)


def _domain(notes: Notes, old: tuple[str | int | bool, ...], new: tuple[str | int | bool, ...]) -> None:
    if old and new:
        listed("domain-value")(notes, old, new)
    elif new:
        notes.add("domain-published")
        notes.add("domain-closed")
    else:
        notes.add("domain-opened")
        notes.add("domain-unpublished")


COLUMN: Rules = {
    "name": told_apart,
    "type": text("column-type"),
    "category": text("column-category"),
    "nullable": _nullable,
    "scale": ordered("column-scale"),
    "mask": _mask,
    "domain": _domain,
    "title": text("column-title"),
    "retention_days": days("column-retention"),
    "translations": translations,
}

# -- rows --------------------------------------------------------------------------------------------------------------


def _subjects(notes: Notes, old: tuple[SubjectPath, ...], new: tuple[SubjectPath, ...]) -> None:
    if not new or not old:
        notes.add("dataset-personal" if new else "dataset-public")
    listed("subject-path", _path)(notes, old, new)


def _path(path: SubjectPath) -> str:
    steps = [f"`{hop.column}` to `{hop.dataset}.{hop.key}`" for hop in path.via]
    return f"{', '.join([*steps, f'`{path.column}`'])} (a {path.namespace})"


def _sensitive_when(notes: Notes, old: tuple[SensitiveWhen, ...], new: tuple[SensitiveWhen, ...]) -> None:
    """Take down which values came in and went out of the rules taken together, then what they are said to reveal."""
    before, after = _values(old), _values(new)
    changed = False
    for code, here, there in (("added", after, before), ("removed", before, after)):
        for place in dict.fromkeys(place for place, value in here if (place, value) not in there):
            values = [str(value) for at, value in here if at == place and (at, value) not in there]
            notes.add(f"sensitive-value-{code}", value=f"{place} is {in_words(values, 'or')}")
            changed = True
    for (place, value), revealed in after.items():
        if revealed != before.get((place, value), revealed):
            told = (in_words(sorted(reveals)) for reveals in (before[place, value], revealed))
            notes.add("sensitive-reveals", value=f"{place} is {value}", **dict(zip(("old", "new"), told, strict=True)))
            changed = True
    if not changed:
        notes.add("written-otherwise", what="Which rows are sensitive")


def _values(rules: tuple[SensitiveWhen, ...]) -> _Values:
    found: _Values = {}
    for rule in rules:
        for value in rule.values:
            found.setdefault((_place(rule), value), set()).add(rule.reveals)
    return found


def _place(rule: SensitiveWhen) -> str:
    if rule.lookup is None:
        return f"`{rule.column}`"
    dataset, key, column = rule.lookup
    return f"`{column}` in `{dataset}` (where `{key}` is `{rule.column}`)"


def _derived(code: str) -> Rule:
    def show(value: str | None) -> str:
        return "nothing" if value is None else f"`{value}`"

    def rule(notes: Notes, old: str | None, new: str | None) -> None:
        notes.add(code, old=show(old), new=show(new))

    return rule


def _private_only(notes: Notes, old: bool, new: bool) -> None:
    notes.add("exact-dataset-closed" if new else "exact-dataset-opened")


def _rank(notes: Notes, old: Rank | None, new: Rank | None) -> None:
    notes.add("dataset-rank", old=_ranked(old), new=_ranked(new))


def _ranked(rank: Rank | None) -> str:
    if rank is None:
        return "not at all"
    within = f", and within {in_words(f'`{name}`' for name in rank.by)}" if rank.by else ""
    return f"within months from {rank.since} to {rank.until}{within}"


def _keep(notes: Notes, old: Keep | None, new: Keep | None) -> None:
    notes.add("dataset-keep", old=_kept(old), new=_kept(new))


def _kept(keep: Keep | None) -> str:
    return "nothing" if keep is None else f"rows of fewer than {keep.days:,} days ({keep.basis}: {keep.reason})"


def _built(notes: Notes, old: Built | None, new: Built | None) -> None:
    """Take down of what a derived table is made, apart from how: by the first it is decided who may read it."""
    listed("built-of", lambda column: f"`{column}`")(notes, _reads(old), _reads(new))
    if _made(old) != _made(new):
        notes.add("dataset-built", old=_made(old), new=_made(new))


def _reads(built: Built | None) -> tuple[str, ...]:
    return () if built is None else built.reads


def _made(built: Built | None) -> str:
    return "it is brought in" if built is None else f"it is built for `{built.purpose}` by “{built.sql}”"


_FACTS = {
    "jurisdiction": "where people live",
    "birth_year": "when people were born",
    "vulnerable": "who needs special care",
}
"""What a dataset may tell of its people, in plain words."""

DATASET: Rules = {
    "name": told_apart,
    "title": text("dataset-title"),
    "columns": _columns,
    "subjects": _subjects,
    "key": text("dataset-key"),
    "time": exchanged("time"),
    "retention_days": days("retention"),
    "sensitive_when": _sensitive_when,
    "determines_subject": listed("determines-subject"),
    "jurisdiction_column": _derived("jurisdiction-column"),
    "birth_year_column": _derived("birth-year-column"),
    "vulnerable_column": _derived("vulnerable-column"),
    "estimated_facts": listed("estimated-fact", lambda fact: _FACTS.get(fact, fact)),
    "source": text("dataset-source"),
    "private_only": _private_only,
    "rank": _rank,
    "allowance": optional_allowance("dataset-allowance"),
    "keep": _keep,
    "built": _built,
    "translations": translations,
}
