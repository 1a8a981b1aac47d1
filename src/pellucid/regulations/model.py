"""A law as dated figures, each with its citation, and the set of laws that decides. Frozen, compared by content.

Fields are named `section.member` (`consent.sale`), ages of a place `ages.member@PLACE` (`ages.guardian_below@DE`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pellucid.errors import InputInvalid, NameUnknown
from pellucid.regulations.values import Combine, ConsentDefault, Value, as_words, misfit
from pellucid.regulations.vocabulary import AGES, LISTED

__all__ = [
    "NO_LAWS",
    "Combine",
    "ConsentDefault",
    "Field",
    "Figure",
    "Law",
    "Laws",
    "Override",
    "Value",
    "as_words",
    "canonical",
    "digest",
    "misfit",
]


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing a law says; it holds from `since` until the day before `until`. `details` are sorted by name."""

    value: Value
    cite: str
    verified: bool
    combine: Combine | None
    since: date | None = None
    until: date | None = None
    note: str = ""
    details: tuple[tuple[str, Value], ...] = ()
    overridden: bool = False

    def holds(self, on: date) -> bool:
        """Return whether the figure holds on a day."""
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)

    def detail(self, name: str) -> Value:
        """Return what the figure says under a name besides its value; None if nothing."""
        return next((value for key, value in self.details if key == name), None)

    def words(self, name: str) -> tuple[str, ...]:
        """Return a detail as a list of words; empty if it says nothing."""
        return as_words(self.detail(name))

    def content(self) -> dict[str, Any]:
        """Return the figure as plain values, without what says nothing."""
        said: dict[str, Any] = {"value": self.value, "cite": self.cite, "verified": self.verified}
        said["combine"] = None if self.combine is None else self.combine.value
        said |= {"from": _day(self.since), "to": _day(self.until), "note": self.note, "details": dict(self.details)}
        said["overridden"] = self.overridden
        kept = ("value", "cite", "verified", "combine")
        return {key: value for key, value in said.items() if value or key in kept}


@dataclass(frozen=True, slots=True)
class Field:
    """All figures of one name, in order of time; several that hold at once are combined, the strictest first."""

    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """A law: fields sorted by name. Its version is the SHA-256 of its content, and stands for it in comparisons."""

    id: str
    name: str
    draft: bool
    fields: tuple[Field, ...]
    version: str = field(init=False)
    _index: dict[str, tuple[Figure, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.fields, key=lambda named: named.name))
        object.__setattr__(self, "fields", ordered)
        object.__setattr__(self, "_index", {named.name: named.figures for named in ordered})
        object.__setattr__(self, "version", digest(self.content()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Law) and self.version == other.version

    def __hash__(self) -> int:
        return hash(self.version)

    def figures(self, name: str) -> tuple[Figure, ...]:
        """Return every figure of a field, whatever its dates; empty where the law says nothing."""
        return self._index.get(name, ())

    def current(self, name: str, on: date) -> tuple[Figure, ...]:
        """Return the figures of a field that hold on a day; where the controller overrode some, only those."""
        holding = tuple(figure for figure in self.figures(name) if figure.holds(on))
        overriding = tuple(figure for figure in holding if figure.overridden)
        return overriding or holding

    def members(self, section: str) -> tuple[str, ...]:
        """Return the names of a section's fields, places left out."""
        names = (named.name for named in self.fields)
        return tuple(name for name in names if "@" not in name and name.split(".", 1)[0] == section)

    def content(self) -> dict[str, Any]:
        """Return the law as plain values, all but its version."""
        fields = {named.name: [figure.content() for figure in named.figures] for named in self.fields}
        return {"law": self.id, "name": self.name, "draft": self.draft, "fields": fields}


@dataclass(frozen=True, slots=True)
class Override:
    """What the controller says of a law's field instead of the pack: dated, with a reason and who answers for it."""

    law: str
    field: str
    value: Value
    cite: str
    since: date | None
    until: date | None
    reason: str
    by: str

    def __post_init__(self) -> None:
        for name in ("cite", "reason", "by"):
            if not getattr(self, name).strip():
                raise _refused(self, f"it has no `{name}`", f"Give `{name}`: an override is answered for.")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise _refused(self, f"it ends on {self.until}, not after {self.since}", "Let it end after it begins.")
        problem = misfit(self.field, self.value)
        if problem:
            raise _refused(self, problem, "Name a field as packs do, `section.member`, with a value of its kind.")

    def content(self) -> list[Any]:
        """Return the override as plain values."""
        dates = [_day(self.since), _day(self.until)]
        return [self.law, self.field, self.value, self.cite, *dates, self.reason, self.by]

    def figure(self, combine: Combine | None) -> Figure:
        """Return the figure that replaces the pack's; it counts as verified."""
        note = f"{self.reason} ({self.by})"
        return Figure(self.value, self.cite, True, combine, self.since, self.until, note, overridden=True)


@dataclass(frozen=True, slots=True, eq=False)
class Laws:
    """The laws that decide, with the controller's overrides; `version` is the SHA-256 of both, "" for the empty set.

    Raises InputInvalid for two packs of one law, NameUnknown for an override of a law or field they do not have.
    """

    packs: tuple[Law, ...] = ()
    overrides: tuple[Override, ...] = ()
    version: str = field(init=False)
    effective: tuple[Law, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ids = [law.id for law in self.packs]
        if len(set(ids)) < len(ids):
            twice = next(name for name in ids if ids.count(name) > 1)
            raise InputInvalid(
                f"The law {twice!r} is there twice.", code="law-twice", remedy="Keep one pack for each law."
            )
        for override in self.overrides:
            if override.law not in ids:
                raise NameUnknown("law", override.law, ids, remedy="Sign off its pack, or drop the override.")
            law = self.packs[ids.index(override.law)]
            if not _known(law, override.field):
                known = [named.name for named in law.fields]
                raise NameUnknown(f"field of {law.id}", override.field, known, remedy="Name one, or drop the override.")
        object.__setattr__(self, "version", self._digest())
        object.__setattr__(self, "effective", tuple(_overlaid(law, self.overrides) for law in self.packs))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Laws) and self.version == other.version

    def __hash__(self) -> int:
        return hash(self.version)

    def __iter__(self) -> Iterator[Law]:
        return iter(self.effective)

    def _digest(self) -> str:
        if not self.packs:
            return ""
        overrides = sorted((override.content() for override in self.overrides), key=json.dumps)
        return digest({"packs": sorted((law.id, law.version) for law in self.packs), "overrides": overrides})


def digest(content: Any) -> str:
    """Return the SHA-256 (hex) of plain values as canonical JSON."""
    return hashlib.sha256(canonical(content)).hexdigest()


def canonical(content: Any) -> bytes:
    """Return plain values as JSON with sorted keys and no blanks."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _known(law: Law, name: str) -> bool:
    """Return whether the law has the field, for some place at least, or a ruling would read it anyway."""
    section, _, rest = name.partition(".")
    base = name.partition("@")[0]
    read = section in (*LISTED, "signals") or (section == "ages" and rest.partition("@")[0] in AGES)
    return read or bool(law.figures(base))


def _overlaid(law: Law, overrides: tuple[Override, ...]) -> Law:
    """Return the law with the controller's figures beside its own; the law itself if none is overridden."""
    mine: dict[str, list[Override]] = {}
    for override in overrides:
        if override.law == law.id:
            mine.setdefault(override.field, []).append(override)
    if not mine:
        return law
    kept = tuple(named for named in law.fields if named.name not in mine)
    return replace(law, fields=kept + tuple(_overlaid_field(law, name, said) for name, said in mine.items()))


def _overlaid_field(law: Law, name: str, said: list[Override]) -> Field:
    own = law.figures(name) or law.figures(name.partition("@")[0])
    fallback = Combine.LATTICE if name.partition(".")[0] in ("consent", "ages", "signals") else Combine.PER_LAW
    combine = own[0].combine if own else fallback
    like = own[0].details if own else ()
    return Field(name, law.figures(name) + tuple(_like(override.figure(combine), like) for override in said))


def _like(figure: Figure, details: tuple[tuple[str, Value], ...]) -> Figure:
    """Return an override's figure with the unit and scope of the figure it replaces, but not its fallback."""
    return replace(figure, details=tuple(pair for pair in details if pair[0] in ("also", "kinds", "starts_on", "unit")))


def _refused(override: Override, problem: str, remedy: str) -> InputInvalid:
    message = f"The override of `{override.field}` of {override.law!r} cannot be used: {problem}."
    return InputInvalid(message, code="override-invalid", remedy=remedy)


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


NO_LAWS = Laws()
"""No law decides."""
