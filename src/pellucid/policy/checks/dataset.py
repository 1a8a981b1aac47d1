"""Datasets and their columns. How rows find their subject is `checks.path`; sensitive values are `checks.sensitive`."""

from __future__ import annotations

from pellucid.policy.categories import CATEGORIES, is_within, nearest
from pellucid.policy.checks import built, facts, path, rank, sensitive
from pellucid.policy.checks.columns import check_typed
from pellucid.policy.checks.findings import Findings
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Column, ColumnType, Dataset, MaskKind, Policy

MOST_DECIMALS = 12
NUMERIC = (ColumnType.INTEGER, ColumnType.MONEY, ColumnType.REAL)
_MOMENTS = (ColumnType.DATE, ColumnType.TIMESTAMP)
_MASKABLE: dict[MaskKind, tuple[ColumnType, ...]] = {
    MaskKind.NULL: tuple(ColumnType),
    MaskKind.YEAR: _MOMENTS,
    MaskKind.MONTH: _MOMENTS,
    MaskKind.PREFIX: (ColumnType.TEXT,),
    MaskKind.BAND: NUMERIC,
}
_VALUE_TYPES: dict[ColumnType, type] = {
    ColumnType.TEXT: str,
    ColumnType.INTEGER: int,
    ColumnType.BOOLEAN: bool,
}


def check(policy: Policy, findings: Findings) -> None:
    """Check every dataset that could be built."""
    for dataset in policy.datasets.values():
        for column in dataset.columns.values():
            _check_column(policy, dataset, column, findings)
        _check_named_columns(dataset, findings)
        _check_time(dataset, findings)
        facts.check(dataset, findings)
        rank.check(dataset, findings)
        sensitive.check(policy, dataset, findings)
    built.check(policy, findings)
    path.check(policy, findings)
    _check_readers(policy, findings)


def check_category(category: str, location: tuple[str | int, ...], findings: Findings) -> bool:
    """Return whether the category is in the tree; note it with the nearest one if not."""
    if category in CATEGORIES:
        return True
    close = nearest(category)
    remedy = f"Did you mean `{close}`?" if close else "Its branches: user, public, system; see the reference page."
    findings.error("unknown-category", location, f"There is no data category `{category}`.", remedy)
    return False


def check_values(
    values: tuple[str | int | bool, ...], column: Column, location: tuple[str | int, ...], findings: Findings
) -> None:
    """Note each value that a column of this type cannot hold, and each that stands there twice."""
    wanted = _VALUE_TYPES.get(column.type)
    if wanted is None:
        message = f"Values can be listed for text, integer and boolean, not for {column.type}."
        findings.error("domain-type", location, message, "Take the list out.")
        return
    for index, value in enumerate(values):
        if type(value) is not wanted:
            remedy = "Quote it to make it a text." if wanted is str else f"Write values of type {column.type}."
            message = f"`{value}` cannot be in `{column.name}`, which is {column.type}."
            findings.error("value-type", (*location, index), message, remedy)
        elif value in values[:index]:
            findings.error("value-twice", (*location, index), f"`{value}` is listed twice.", "Keep one of the two.")


def _check_column(policy: Policy, dataset: Dataset, column: Column, findings: Findings) -> None:
    location = ("datasets", dataset.name, "columns", column.name)
    if (
        check_category(column.category, (*location, "category"), findings)
        and dataset.is_public
        and is_within(column.category, "user")
    ):
        message = f"`{dataset.name}` is public and `{column.name}` is about people ({column.category})."
        remedy = "Declare its `subjects` in place of `public: true`, or correct the category."
        findings.error("personal-in-public", (*location, "category"), message, remedy)
    _check_scale(column, location, findings)
    _check_mask(policy, dataset, column, location, findings)
    if column.domain:
        check_values(column.domain, column, (*location, "domain"), findings)


def _check_scale(column: Column, location: tuple[str, ...], findings: Findings) -> None:
    if column.scale and column.type not in (ColumnType.MONEY, ColumnType.REAL):
        message = f"A {column.type} has no decimal places."
        findings.error("scale-type", (*location, "scale"), message, "Take `scale` out, or use money.")
    elif not 0 <= column.scale <= MOST_DECIMALS:
        message = f"Got {column.scale} decimal places; allowed: 0 to {MOST_DECIMALS}."
        findings.error("scale-range", (*location, "scale"), message, "Most money has 2.")


def _check_mask(
    policy: Policy, dataset: Dataset, column: Column, location: tuple[str, ...], findings: Findings
) -> None:
    mask = column.mask
    if mask is None:
        return
    at: tuple[str | int, ...] = (*location, "mask")
    fitting = _MASKABLE[mask.kind]
    if dataset.is_public:
        findings.error("mask-public", at, "A public dataset hides nothing.", "Take the mask out.")
    if column.type not in fitting:
        names = ", ".join(kind.value for kind, types in _MASKABLE.items() if column.type in types)
        message = f"The mask `{mask.kind}` does not fit a column of type {column.type}."
        findings.error("mask-type", (*at, "kind"), message, f"Fitting masks: {names}.")
    sized = mask.kind in (MaskKind.PREFIX, MaskKind.BAND)
    if sized and mask.size < 1:
        message = f"The mask `{mask.kind}` needs a size of at least 1; got {mask.size}."
        findings.error("mask-size", (*at, "size"), message, "Add `size:` with characters to keep, or width of a band.")
    if not sized and mask.size != 0:
        findings.error("mask-size", (*at, "size"), f"The mask `{mask.kind}` has no size.", "Take `size` out.")
    for place, name in enumerate(mask.unmasked_for):
        findings.known("purposes", policy.purposes, name, (*at, "unmasked_for", place))


def _check_named_columns(dataset: Dataset, findings: Findings) -> None:
    for member, names in (("key", dataset.key), ("determines_subject", dataset.determines_subject)):
        for index, name in enumerate(names):
            location = ("datasets", dataset.name, member, index)
            findings.column(dataset.columns, name, dataset.name, location)
            if name in names[:index]:
                findings.error("column-twice", location, f"`{name}` is listed twice.", "Keep one of the two.")
    if dataset.is_public and dataset.determines_subject:
        place = ("datasets", dataset.name, "determines_subject")
        findings.error("subject-in-public", place, "A public dataset has no subjects.", "Take this out.")


def _check_time(dataset: Dataset, findings: Findings) -> None:
    at = ("datasets", dataset.name)
    if dataset.time is not None:
        check_typed(dataset, dataset.time, (*at, "time"), _MOMENTS, "date or timestamp", findings)
    _check_kept(dataset, findings)
    if dataset.retention_days is None:
        return
    if dataset.retention_days < 1:
        message = f"Got {dataset.retention_days} days of retention; allowed: 1 or more."
        findings.error("retention-range", (*at, "retention_days"), message, "State how many days rows may be used.")
    if dataset.time is None:
        message = "Retention needs to know when a row happened, and there is no `time` column."
        findings.error(
            "retention-without-time", (*at, "retention_days"), message, "Add `time:` with a date or timestamp."
        )


def _check_kept(dataset: Dataset, findings: Findings) -> None:
    """Check what a law has kept after an erasure, and which values are emptied sooner than rows go."""
    at = ("datasets", dataset.name)
    ends: dict[tuple[str, ...], int] = {}
    if dataset.keep is not None:
        ends[*at, "keep"] = dataset.keep.days
    for name, column in dataset.columns.items():
        if column.retention_days is None:
            continue
        place = (*at, "columns", name, "retention_days")
        ends[place] = column.retention_days
        bound = {
            *dataset.key,
            *(path.via[0].column if path.via else path.column for path in dataset.subjects),
            dataset.time,
            *dataset.fact_columns.values(),
        }
        if not column.nullable or name in bound:
            message = f"Values of `{name}` cannot be emptied: rows need them."
            findings.error("retention-of-needed", place, message, "Let the rows go, or make it `nullable: true`.")
    for end, days in ends.items():
        if days < 1:
            findings.error("retention-range", end, f"Got {days} days; allowed: 1 or more.", "State how many days.")
        if dataset.time is None or dataset.is_public:
            message = "How old a row is, and whom it is about, has to be told: there is no `time`, or nobody."
            findings.error("retention-without-time", end, message, "Add `time:` with a date or timestamp.")


def _check_readers(policy: Policy, findings: Findings) -> None:
    if findings.any_broken("purposes"):
        return
    for dataset in policy.datasets.values():
        read = any(permitted_columns(policy, name, dataset.name) for name in policy.purposes)
        if not read and not dataset.fact_columns and not (dataset.built and findings.any_broken("datasets")):
            message = f"No purpose may read anything in `{dataset.name}`."
            remedy = "Give a purpose one of its categories, or do not collect it (GDPR Art. 5(1)(c))."
            findings.warn("dataset-unread", ("datasets", dataset.name), message, remedy)
