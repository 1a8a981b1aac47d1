"""What the laws that decide say of a purpose for a person: silence, ages, signals, with the ground of each.

An unverified figure may tighten an answer, never permit or lengthen. Whether somebody said yes is not known here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from pellucid.errors import NameUnknown
from pellucid.regulations.combine import counts_as, protecting_age, strictest
from pellucid.regulations.duties import Right, Sensitive, rights, sensitive_categories
from pellucid.regulations.model import Combine, ConsentDefault, Figure, Law, Laws
from pellucid.regulations.territory import applying, country, established_in, lives_in
from pellucid.regulations.vocabulary import AGES, BASIS_WORDS, CONDITIONAL, ESTABLISHED, KINDS, RESIDENTS, SIGNAL_KINDS

__all__ = ["Ground", "Right", "Ruling", "Sensitive", "applying", "rights", "ruling", "sensitive_categories"]

MOST_REMEMBERED = 65_536


@dataclass(frozen=True, slots=True)
class Ground:
    """A figure of a law that an answer rests on; `value` is what it says, and what it counts as if that differs."""

    law: str
    field: str
    value: str
    cite: str
    verified: bool
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the laws say together; it holds from the day asked about until the day before `until`.

    `default` is None where no law speaks. Below `guardian_below` only a guardian's consent counts, where consent is
    needed; below `opt_in_below` silence means no whatever `default` says; below `prohibited_below` not even a yes
    counts. Ages in years, 0 for no such rule. `signals` count as an opt-out of the purpose. `grounds` begins with those
    that decide. `findings` are for a person to look at; the strictest was taken.
    """

    default: ConsentDefault | None
    guardian_below: int
    opt_in_below: int
    signals: tuple[str, ...]
    grounds: tuple[Ground, ...]
    findings: tuple[str, ...]
    until: date | None
    prohibited_below: int = 0


@dataclass(frozen=True, slots=True)
class _Said:
    """A figure with where it stands and how strict it is (smaller is stricter)."""

    law: Law
    field: str
    figure: Figure
    strictness: int

    def ground(self) -> Ground:
        figure = self.figure
        return Ground(self.law.id, self.field, _told(self), figure.cite, figure.verified, figure.overridden)


def ruling(
    laws: Laws, kinds: Sequence[str], places: Collection[str], establishment: str | None, on: date, basis: str = ""
) -> Ruling:
    """Return what the laws say on a day of a purpose of these kinds, for somebody in (one of) these places.

    Places and establishment are ISO 3166 codes; several places mean that it is not known which, and the strictest
    counts. A legal `basis` that a law names as an alternative to a yes, as a contract is (GDPR Art. 22(2)(a)), needs
    none. Remembered for each set of laws and arguments. Raises NameUnknown for a kind that is not one of `KINDS`.
    """
    return _ruling(laws, tuple(kinds), frozenset(places), establishment, on, basis)


@lru_cache(maxsize=MOST_REMEMBERED)
def _ruling(
    laws: Laws, kinds: tuple[str, ...], places: frozenset[str], establishment: str | None, on: date, basis: str
) -> Ruling:
    for kind in kinds:
        if kind not in KINDS:
            raise NameUnknown("kind of purpose", kind, KINDS, remedy="Use one of these words.")
    among = applying(laws, places, establishment, on)
    consent = [said for law in among for said in _consent(law, kinds, on)]
    ages = {name: _ages(among, name, kinds, places, establishment, on) for name in AGES}
    signals = [said for law in among for said in _signals(law, kinds, on)]
    asking = [said for said in consent if not _is_excused(said.figure, basis)]
    excused = [said for said in consent if said not in asking]
    default = strictest(counts_as(said.figure) for said in asking)
    return Ruling(
        default=default,
        guardian_below=_highest(ages["guardian_below"]),
        opt_in_below=max(_highest(ages["opt_in_below"]), _highest(ages["prohibited_below"])),
        signals=tuple(sorted({said.field.partition(".")[2] for said in signals})),
        grounds=(*_grounds(asking, ages.values(), signals), *(said.ground() for said in excused)),
        findings=_findings([*consent, *(said for age in ages.values() for said in age), *signals]),
        until=_until(laws, kinds, places, on),
        prohibited_below=_highest(ages["prohibited_below"]),
    )


def _consent(law: Law, kinds: Iterable[str], on: date) -> list[_Said]:
    names = [f"consent.{kind}" for kind in dict.fromkeys(kinds)]
    return [_Said(law, name, figure, counts_as(figure).rank) for name in names for figure in law.current(name, on)]


def _is_excused(figure: Figure, basis: str) -> bool:
    return figure.verified and BASIS_WORDS.get(basis, "?") in figure.words("alternatives")


def _signals(law: Law, kinds: Sequence[str], on: date) -> list[_Said]:
    """Return the duties to honour a signal for one of the kinds; an unverified duty counts, since it protects."""
    names = [f"signals.{name.partition('.')[2]}" for name in law.members("signals")]
    held = [_Said(law, name, figure, 0) for name in names for figure in law.current(name, on)]
    return [said for said in held if said.figure.value is True and _opted_out(said.figure).intersection(kinds)]


def _opted_out(figure: Figure) -> set[str]:
    return {*SIGNAL_KINDS, *figure.words("also")}


def _ages(
    among: Iterable[Law],
    name: str,
    kinds: Sequence[str],
    places: Collection[str],
    establishment: str | None,
    on: date,
) -> list[_Said]:
    """Return the ages that count: of each law and place one, or more where an unverified one protects more."""
    found: list[_Said] = []
    for law in among:
        for place in _asked(law, places, establishment, on):
            found += _ages_at(law, f"ages.{name}", kinds, place, on)
    return list(dict.fromkeys(found))


def _asked(law: Law, places: Collection[str], establishment: str | None, on: date) -> list[str]:
    """Return the places whose own ages to ask for; "" for people whom the law covers by its establishment only."""
    living = sorted(place for place in places if lives_in(law, place, on))
    elsewhere = len(living) < len(places) or not places
    return [*living, ""] if elsewhere and established_in(law, establishment, on) else living


def _ages_at(law: Law, name: str, kinds: Sequence[str], place: str, on: date) -> list[_Said]:
    general = _aged(law, name, kinds, on)
    local = _aged(law, f"{name}@{place}", kinds, on) or _aged(law, f"{name}@{country(place)}", kinds, on)
    verified = [said for said in local if said.figure.verified] or [said for said in general if said.figure.verified]
    unverified = [said for said in local + general if not said.figure.verified]
    age = protecting_age(map(_age, verified), map(_age, unverified))
    return [*verified, *(said for said in unverified if _age(said) == age > max(map(_age, verified), default=0))]


def _aged(law: Law, name: str, kinds: Sequence[str], on: date) -> list[_Said]:
    figures = [figure for figure in law.current(name, on) if isinstance(figure.value, int)]
    meant = [
        figure for figure in figures if not figure.words("kinds") or set(kinds).intersection(figure.words("kinds"))
    ]
    return [_Said(law, name, figure, -int(str(figure.value))) for figure in meant]


def _age(said: _Said) -> int:
    return -said.strictness


def _highest(ages: Iterable[_Said]) -> int:
    return max(map(_age, ages), default=0)


def _grounds(consent: list[_Said], ages: Iterable[list[_Said]], signals: list[_Said]) -> tuple[Ground, ...]:
    """Return the grounds of what was decided, then those that a stricter one outweighed."""
    deciding: list[_Said] = []
    outweighed: list[_Said] = []
    for group in (consent, *ages):
        ordered = sorted(group, key=lambda said: (said.strictness, said.law.id, said.field))
        deciding += [said for said in ordered if said.strictness == ordered[0].strictness]
        outweighed += [said for said in ordered if said.strictness > ordered[0].strictness]
    deciding += sorted(signals, key=lambda said: (said.law.id, said.field))
    return tuple(dict.fromkeys(said.ground() for said in deciding + outweighed))


def _told(said: _Said) -> str:
    value = said.figure.value
    raw = str(value).lower() if isinstance(value, bool) else str(value)
    if not said.field.startswith("consent."):
        return raw
    counted = counts_as(said.figure).value
    if counted == raw:
        return raw
    why = "" if said.figure.verified or raw == CONDITIONAL else ", unverified"
    return f"{raw}{why}: counts as {counted}"


def _findings(said: Iterable[_Said]) -> tuple[str, ...]:
    """Return what a person should look at: no or another combiner, no such default, several figures at once."""
    found: dict[str, None] = {}
    before: dict[tuple[str, str], _Said] = {}
    for one in said:
        where = f"{one.law.id}: `{one.field}`"
        if one.figure.combine is not Combine.LATTICE:
            named = f"`{one.figure.combine.value}`" if one.figure.combine is not None else "none"
            found[f"{where} should combine by `lattice`, its combiner is {named}; the strictest was taken."] = None
        if one.field.startswith("consent.") and not _is_default(one.figure):
            found[f"{where} cannot be ordered: {_told(one)}."] = None
        other = before.setdefault((one.law.id, one.field), one)
        if other.figure.value != one.figure.value:
            found[f"{where} has several figures at once; the strictest was taken."] = None
    return tuple(found)


def _is_default(figure: Figure) -> bool:
    said = figure.value if figure.value != CONDITIONAL else figure.detail("fallback")
    return said in {None if figure.value == CONDITIONAL else "", *(default.value for default in ConsentDefault)}


def _until(laws: Laws, kinds: Sequence[str], places: Collection[str], on: date) -> date | None:
    """Return the next day on which a figure that this answer may rest on begins or ends, in whichever law."""
    names = {RESIDENTS, ESTABLISHED, *(f"consent.{kind}" for kind in kinds), *(f"ages.{name}" for name in AGES)}
    around = {*places, *map(country, places)}
    names |= {f"ages.{name}@{place}" for name in AGES for place in around}
    days: set[date] = set()
    for law in laws:
        for named in law.fields:
            if named.name in names or named.name.startswith("signals."):
                days |= {day for figure in named.figures for day in (figure.since, figure.until) if day is not None}
    return min((day for day in days if day > on), default=None)
