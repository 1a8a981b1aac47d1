"""Names: short, lower-case, and for datasets and columns such that nobody needs to quote them in SQL."""

from __future__ import annotations

import re

from pellucid.policy.checks.findings import Findings
from pellucid.policy.model import Policy

LONGEST = 63

_SQL_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[a-z][a-z0-9]*([-_.][a-z0-9]+)*")
_PURPOSE = re.compile(r"[a-z][a-z0-9-]*")
_RESERVED_STARTS = ("pg_", "duckdb_", "sqlite_", "information_schema", "pellucid_")
_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """
        all and any array as asc between both case cast check collate column constraint create cross current_date
        default desc distinct do else end except exists false fetch for foreign from full grant group having in
        inner intersect into is join lateral leading left like limit natural not null offset on only or order outer
        pivot placing primary qualify references returning right row select similar some summarize table then to
        trailing true union unique unpivot user using values variadic when where window with
        """,
    )
)


def check(policy: Policy, findings: Findings) -> None:
    """Check every declared name."""
    for section in ("regimes", "namespaces", "recipients", "roles", "people"):
        for name in findings.names(section, getattr(policy, section)):
            _check_word(name, (section, name), _WORD, "lower-case letters, digits, `-`, `_` and `.`", findings)
    for name in findings.names("purposes", policy.purposes):
        _check_word(name, ("purposes", name), _PURPOSE, "lower-case letters, digits and `-`", findings)
    for name in findings.names("datasets", policy.datasets):
        _check_sql_name(name, ("datasets", name), findings)
    for dataset in policy.datasets.values():
        for column in dataset.columns:
            _check_sql_name(column, ("datasets", dataset.name, "columns", column), findings)
    if "refuse" in policy.regimes:
        message = "A regime may not be called `refuse`: `unknown: {place: refuse}` would have two meanings."
        findings.error("name-invalid", ("regimes", "refuse"), message, "Give it another name.")


def _check_word(
    name: str, location: tuple[str, ...], pattern: re.Pattern[str], allowed: str, findings: Findings
) -> None:
    if not pattern.fullmatch(name) or len(name) > LONGEST:
        message = f"`{name[:LONGEST]}` is no name."
        remedy = f"Use {allowed}, beginning with a letter; at most {LONGEST} signs."
        findings.error("name-invalid", location, message, remedy)


def _check_sql_name(name: str, location: tuple[str, ...], findings: Findings) -> None:
    _check_word(name, location, _SQL_NAME, "lower-case letters, digits and `_`", findings)
    if name.startswith(_RESERVED_STARTS):
        remedy = f"Let it not begin with any of: {', '.join(_RESERVED_STARTS)}."
        findings.error("name-reserved", location, f"`{name}` looks like a name of the engine's own.", remedy)
    if name in _KEYWORDS:
        message = f"`{name}` is a word of SQL: everybody who asks would have to quote it."
        findings.warn("name-keyword", location, message, f"Call it otherwise, e.g. `{name}_name`.")
