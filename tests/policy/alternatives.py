"""Another value for any place in a policy, found by walking the model's own dataclasses, so that a new field is met.

`places` yields every field of every part of a policy, as a path; `altered` returns the policy with another value there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from pellucid.policy.canonical import version_of
from pellucid.policy.model import (
    Allowance,
    Authority,
    Bound,
    Built,
    Dataset,
    Hop,
    Keep,
    Mask,
    MaskKind,
    Period,
    Person,
    Policy,
    Purpose,
    PurposeRetention,
    Rank,
    RankBound,
    ReleaseRule,
    SensitiveWhen,
    SubjectPath,
    SuppressedRule,
    Translation,
)

Path = tuple[str, ...]

ALLOWANCES = [None, Allowance(3.0, 1e-7, Period.MONTH), Allowance(4.0, 5e-8, Period.YEAR)]

NAMES = {("Policy", "version"), ("RegimeBasis", "regime")}
"""Fields that say nothing of their own: the hash of the rest, and the key under which the basis stands."""

APART = {("Policy", "laws")}
"""Fields that are not walked into: laws are signed off and compared apart (`regulations.compare`), so that a policy's
content and version are the same whatever laws come with it."""


def places(policy: Policy) -> Iterator[tuple[str, str, Path]]:
    """Yield (class, field, path) of every field that can hold another value; a `name` is renamed with its key."""
    yield from _places(policy, ())


def _places(value: Any, path: Path) -> Iterator[tuple[str, str, Path]]:
    if is_dataclass(value):
        for member in fields(value):
            inner = getattr(value, member.name)
            if (type(value).__name__, member.name) in APART:
                continue
            if (type(value).__name__, member.name) not in NAMES:
                yield type(value).__name__, member.name, (*path, member.name)
            yield from _places(inner, (*path, member.name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _places(inner, (*path, str(index)))


def altered(policy: Policy, path: Path, choice: int = 0) -> Policy:
    """Return the policy with another value at the path, under its new version; `choice` picks among several."""
    made = _altered(policy, path, choice)
    return replace(made, version=version_of(made))


def _altered(value: Any, path: Path, choice: int) -> Any:
    first, *rest = path
    if isinstance(value, Mapping):
        if rest == ["name"]:
            renamed = {f"{first}-x": replace(value[first], name=f"{first}-x")}
            return {key: inner for key, inner in value.items() if key != first} | renamed
        return {key: _altered(inner, tuple(rest), choice) if key == first else inner for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(
            _altered(inner, tuple(rest), choice) if str(n) == first else inner for n, inner in enumerate(value)
        )
    old = getattr(value, first)
    return replace(value, **{first: _altered(old, tuple(rest), choice) if rest else other(value, first, choice)})


def other(owner: Any, name: str, choice: int) -> Any:
    """Return another value for a field, by what it holds now and, where that says too little, by its name."""
    special = _special(owner, name)
    values = [value for value in special or _by_type(getattr(owner, name)) if value != getattr(owner, name)]
    return values[choice % len(values)]


def _special(owner: Any, name: str) -> list[Any]:
    known: dict[tuple[type, str], list[Any]] = {
        (Bound, "per_group"): ["7", "7000", None],
        (Bound, "norm"): ["7.5", "70000", None],
        (Bound, "lower"): ["-3", "-700"],
        (Bound, "values"): [("0", "7"), ("-2.5", "700"), None],
        (Bound, "most"): ["70000000", "90000000.5", None],
        (Purpose, "retention"): [(), (PurposeRetention("transactions", 30),), (PurposeRetention("transactions", 60),)],
        (Dataset, "rank"): [None, Rank("2017-01", "2017-12"), Rank("2017-01", "2018-12", ("week",))],
        (Dataset, "keep"): [None, Keep(30, "legal_obligation", "tax law"), Keep(60, "legal_obligation", "tax law")],
        (Dataset, "built"): [None, Built("range-planning", "SELECT 1", ("products.product_id",))],
        (Built, "reads"): [("products.product_id",), ("transactions.bought", "members.income")],
        (Rank, "by"): [("week",), ("week", "store_id"), ()],
        (ReleaseRule, "rank"): [None, RankBound(20), RankBound(20, 5), RankBound(0, 5)],
        (Mask, "kind"): list(MaskKind),
        (SensitiveWhen, "lookup"): [("products", "product_id", "brand"), None],
        (SensitiveWhen, "values"): [("OTHER",), ("ANTACIDS", "OTHER")],
        (SubjectPath, "via"): [(Hop("basket_id", "elsewhere", "basket_id"),)],
        (Dataset, "subjects"): [(), (SubjectPath("household", "other"),)],
        (Dataset, "sensitive_when"): [(), (SensitiveWhen("bought", ("x",), "health"),)],
        (SuppressedRule, "largest_share"): ["0.25", "0.75"],
        (ReleaseRule, "columns"): [{}, {"other": Bound("1")}],
        (ReleaseRule, "analyst_allowance"): ALLOWANCES,
        (Dataset, "allowance"): ALLOWANCES,
        (Person, "allowance"): ALLOWANCES,
    }
    by_name: dict[str, list[Any]] = {
        "suppressed": [None, SuppressedRule(), SuppressedRule(5, "0.3", 50, conditional=True)],
        "mask": [None, Mask(MaskKind.NULL), Mask(MaskKind.YEAR, 0, ("range-planning",))],
        "time": [None, "other"],
        "retention_days": [None, 5, 5000],
        "consent_days": [None, 5, 5000],
        "unknown_place": ["refuse", "eu", "us-ca", "elsewhere"],
        "jurisdictions": [("DE",), ("DE", "FR", "US-CA"), ("DE", "NO", "DE-BY"), ("NO", "DE")],
        "domain": [(), ("low",), ("low", "high", "middle")],
        "categories": [("user",), ("user.financial", "user.behavior.purchase_history"), ("user.demographic",)],
        "jurisdiction_column": [None, "other"],
        "birth_year_column": [None, "other"],
        "vulnerable_column": [None, "other", "another"],
        "estimated_facts": [(), ("vulnerable",), ("birth_year",), ("jurisdiction", "vulnerable")],
        "accepts": [(), ("2025",), ("2026-01", "2025"), ("0",)],
        "kinds": [(), ("share",), ("own_analytics", "profiling"), ("profiling", "own_analytics")],
        "establishment": ["", "FR", "IE"],
        "translations": [(), (Translation("de", {"title": "X"}),), (Translation("fr", {"title": "X", "child": "Y"}),)],
        "texts": [{}, {"title": "Z"}, {"title": "Z", "source": "Z"}],
        "language": ["de", "es", "fr"],
        "languages": [(), ("de",), ("fr", "de")],
        "authorities": [(), (Authority("A", "https://a.example", ("DE",)),)],
    }
    return known.get((type(owner), name), by_name.get(name, []))


def _by_type(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, Enum):
        return list(type(value))
    if isinstance(value, int | float):
        return [value + 1, value * 2 + 3, value / 2]
    if isinstance(value, str):
        return [f"{value} x", "y"]
    if isinstance(value, tuple):
        return [(), value[:1], (*value, "x"), tuple(reversed(value))]
    if isinstance(value, Mapping):
        return [dict(list(value.items())[1:]), {}]
    return [replace(value, **{fields(value)[0].name: other(value, fields(value)[0].name, 0)})]
