"""What a figure may hold: the consent defaults in their order, the combiners, and which value fits which field."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TypeAlias

from pellucid.regulations.vocabulary import AGES, CONDITIONAL, LISTED, SECTIONS

Value: TypeAlias = str | int | bool | tuple[str, ...] | None


class ConsentDefault(Enum):
    """What a person's silence means, the most protective first."""

    PROHIBITED = "prohibited"
    EXPLICIT_OPT_IN = "explicit_opt_in"
    OPT_IN = "opt_in"
    OPT_IN_OR_SOFT_OPT_IN = "opt_in_or_soft_opt_in"
    OPT_OUT = "opt_out"
    LEGITIMATE_BASIS_WITH_OBJECTION = "legitimate_basis_with_objection"
    IMPLIED_OR_OPT_OUT = "implied_or_opt_out"
    NOTICE_ONLY = "notice_only"
    NOT_REGULATED = "not_regulated"

    @property
    def rank(self) -> int:
        """Return the place in the order: 0 is the most protective."""
        return _RANKS[self]


_RANKS = {default: rank for rank, default in enumerate(ConsentDefault)}


class Combine(StrEnum):
    """How one field of several laws becomes one answer."""

    LATTICE = "lattice"
    EARLIEST_DATE = "earliest_date"
    UNION = "union"
    FLOOR_BEATS_CEILING = "floor_beats_ceiling"
    PER_LAW = "per_law"


def as_words(value: Value) -> tuple[str, ...]:
    """Return a value as a list of words: a list as it is, one word alone, nothing as an empty list."""
    if isinstance(value, tuple):
        return value
    return () if value is None or isinstance(value, bool) else (str(value),)


def misfit(name: str, value: Value) -> str:
    """Return why a field's name or value cannot be used, or an empty text."""
    section, _, rest = name.partition(".")
    member, at, _ = rest.partition("@")
    if section not in SECTIONS:
        return f"`{section}` is not a section of a law"
    if section in LISTED and member not in LISTED[section]:
        return f"`{member}` is not a member of `{section}` (allowed: {', '.join(LISTED[section])})"
    if at and section != "ages":
        return f"`{section}` is the same in every place: only `ages` are of a place"  # nothing else is read by place
    return _value_misfit(section, member, value)


def _value_misfit(section: str, member: str, value: Value) -> str:
    if section == "consent" and value not in {CONDITIONAL, *(default.value for default in ConsentDefault)}:
        allowed = ", ".join((*(default.value for default in ConsentDefault), CONDITIONAL))
        return f"`{value}` is no consent default (allowed: {allowed})"
    if section == "ages" and member in AGES and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        return f"`{value}` is no age in years"
    if section == "signals" and not isinstance(value, bool):
        return f"`{value}` is not true or false"
    if section in ("territory", "sensitive", "bases") and not isinstance(value, tuple):
        return f"`{value}` is not a list"
    if section == "deadlines" and isinstance(value, int) and not isinstance(value, bool) and value < 0:
        return f"`{value}` is before the start"
    return ""
