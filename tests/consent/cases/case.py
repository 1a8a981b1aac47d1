"""The table of cases as values, read from the two YAML files beside this; a word that is not known is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pellucid.consent.effect import Effect
from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import By, ConsentRecord, ConsentVerb, Covers
from pellucid.policy.model import (
    Default,
    LegalBasis,
    Notice,
    Policy,
    Purpose,
    Regime,
    RegimeBasis,
    RestrictedUse,
    SensitiveUse,
    Unknown,
    VulnerableUse,
)
from pellucid.records.columns import to_instant
from pellucid.regulations.load import shipped
from pellucid.regulations.model import Laws, Override
from tests.consent.conftest import CUSTOMER, make_policy, make_purpose

FOLDER = Path(__file__).parent
Raw = Mapping[str, Any]

CASE = {
    *("id", "case", "purpose", "person", "said", "others", "served_from", "laws", "overrides", "asked"),
    *(
        "expect",
        "sensitive",
        "reasons",
        "sensitive_reasons",
        "rests_on",
        "told",
        "because",
        "disputed",
        "told_disputed",
    ),
}
PERSON = {"place", "born", "vulnerable", "estimated", "erased"}
OTHER = {"person", "said", "linked", "link", "split"}
SAYING = {
    *("about", "by", "proof", "explicit", "covers", "notice", "screen", "member", "method", "while_restricted"),
    *("entered", "under", "turned_away"),
}
_KINDS = {"default": Default, "sensitive": SensitiveUse, "vulnerable": VulnerableUse, "while_restricted": RestrictedUse}


@dataclass(frozen=True)
class Saying:
    """Something that was said, when it was entered, and what comes of it at the door: a code if it is turned away."""

    record: ConsentRecord
    entered: int
    under: str
    turned_away: str
    screen: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Identity:
    """One identifier of a person, with what it said; `linked` and `split` say when it was to the case's own."""

    facts: SubjectFacts
    said: tuple[Saying, ...]
    erased: int | None
    linked: int | None = None
    certain: bool = True
    split: int | None = None


@dataclass(frozen=True)
class Case:
    """A case with what the law answers; `written` is how the table words it."""

    written: Raw
    part: str
    identities: tuple[Identity, ...]
    asked: int
    laws: Laws
    plain: tuple[bool, int | None]
    sensitive: tuple[bool, int | None] | None

    @property
    def id(self) -> str:
        return str(self.written["id"])

    @property
    def purpose(self) -> str:
        return str(self.written["purpose"])

    @property
    def disputed(self) -> str:
        return " ".join(str(self.written.get("disputed", "")).split())

    @property
    def without_law(self) -> bool:
        """Whether the table says that no law speaks."""
        return self.written.get("rests_on") == "none"

    @property
    def rests_on(self) -> Mapping[str, list[str]]:
        """The citations that the answer has to rest on, by law."""
        return {} if self.without_law else dict(self.written.get("rests_on", {}))

    def policy(self, under: str = "") -> Policy:
        """Return the policy of the case, or that in which its purpose was still declared as another one."""
        served = tuple(sorted(self.written.get("served_from", {}).items()))
        return replace(_policy(served, self.purpose if under else "", under), laws=self.laws)

    def expects(self, effect: Effect) -> bool:
        """Return whether an effect is what the law answers, as far as the table says."""
        plain = (effect.plain, effect.not_before) == self.plain
        return plain and self.sensitive in (None, (effect.sensitive, effect.sensitive_not_before))


@cache
def parts() -> Mapping[str, Raw]:
    """Return the parts of the table as written, by name."""
    return {part["part"]: part for part in yaml.safe_load((FOLDER / "cases.yaml").read_text("utf-8"))}


@cache
def cases() -> tuple[Case, ...]:
    """Return every case, in the order of the table."""
    return tuple(_case(raw, part) for part in parts().values() for raw in part["cases"])


@cache
def written_purposes() -> Mapping[str, Raw]:
    """Return the purposes as written, with what they take from one another filled in."""
    raw = yaml.safe_load((FOLDER / "purposes.yaml").read_text("utf-8"))["purposes"]
    filled: dict[str, Raw] = {}
    for name, said in raw.items():
        filled[name] = (filled[said["like"]] if "like" in said else {}) | {k: v for k, v in said.items() if k != "like"}
    return filled


def _case(raw: Raw, part: Raw) -> Case:
    _known(raw, CASE)
    own = Identity(_facts(raw["person"]), _sayings(raw, 0, raw), _erased(raw["person"]))
    others = tuple(_other(raw, number, each) for number, each in enumerate(raw.get("others", ()), 1))
    packs = tuple(shipped()[name] for name in raw.get("laws", part["laws"]))
    laws = Laws(packs, tuple(_override(each) for each in raw.get("overrides", ())))
    sensitive = _answer(raw["sensitive"]) if "sensitive" in raw else None
    return Case(raw, part["part"], (own, *others), noon(raw["asked"]), laws, _answer(raw["expect"]), sensitive)


def _known(raw: Raw, words: set[str]) -> None:
    assert set(raw) <= words, f"{raw.get('id', raw)}: {sorted(set(raw) - words)}"


def noon(day: date) -> int:
    """Return the instant that a day stands for: noon in UTC."""
    return to_instant(datetime.combine(day, time(12), tzinfo=UTC))


def _answer(written: str) -> tuple[bool, int | None]:
    if written in ("permitted", "not permitted"):
        return written == "permitted", None
    word, _, day = written.partition(" ")
    assert word == "from", written
    return False, noon(date.fromisoformat(day))


def _facts(raw: Raw) -> SubjectFacts:
    _known(raw, PERSON)
    guessed = {f"{each}_estimated": True for each in raw.get("estimated", ())}
    if "born_estimated" in guessed:
        guessed["age_estimated"] = guessed.pop("born_estimated")
    return SubjectFacts(raw.get("place"), raw.get("born"), False, raw.get("vulnerable"), **guessed)


def _erased(raw: Raw) -> int | None:
    return noon(raw["erased"]) if "erased" in raw else None


def _other(case: Raw, number: int, raw: Raw) -> Identity:
    _known(raw, OTHER)
    linked, split = (noon(raw[name]) if name in raw else None for name in ("linked", "split"))
    return Identity(
        _facts(raw["person"]),
        _sayings(case, number, raw),
        _erased(raw["person"]),
        linked,
        raw.get("link") != "likely",
        split,
    )


def _sayings(case: Raw, number: int, raw: Raw) -> tuple[Saying, ...]:
    said = enumerate(raw.get("said", ()))
    return tuple(_saying(f"{case['id']}-{number}-{place}", case["purpose"], each) for place, each in said)


def _saying(screen: str, purpose: str, raw: Raw) -> Saying:
    (verb,) = set(raw) - SAYING
    at = noon(raw[verb])
    record = ConsentRecord(
        CUSTOMER,
        0,
        _about(verb, raw.get("about", purpose)),
        ConsentVerb(verb),
        raw.get("explicit", False),
        Covers(raw.get("covers", "from_now")),
        raw.get("notice", ""),
        at=at,
        by=By(raw.get("by", "self")),
        proof=raw.get("proof", ""),
        member=raw.get("member", ""),
        screen=screen if "screen" in raw else "",
        method=raw.get("method", ""),
        while_restricted=raw.get("while_restricted", False),
    )
    marks = tuple((state, noon(day)) for state, day in raw.get("screen", {}).items())
    return Saying(record, noon(raw.get("entered", raw[verb])), raw.get("under", ""), raw.get("turned_away", ""), marks)


def _about(verb: str, purpose: str) -> str | None:
    return None if purpose == "all" or verb in ("restrict", "lift") else purpose


def _override(raw: Raw) -> Override:
    given = {key: value for key, value in raw.items() if key not in ("from", "to")}
    return Override(**given, since=raw.get("from"), until=raw.get("to"), reason="counsel read it", by="pia")


# -- the grocer's policy -----------------------------------------------------------------------------------------------


@cache
def _policy(served_from: tuple[tuple[str, str], ...], name: str, under: str) -> Policy:
    declared = {key: _purpose(key, raw) for key, raw in written_purposes().items()}
    if under:
        declared[name] = replace(declared[under], name=name)
    version = f"{served_from} {name} {under}"
    return replace(make_policy(*declared.values(), version=version), regimes=_regimes(dict(served_from)))


def _regimes(served_from: Mapping[str, str]) -> dict[str, Regime]:
    raw = yaml.safe_load((FOLDER / "purposes.yaml").read_text("utf-8"))["regimes"]
    return {
        name: Regime(name, said["title"], tuple(said["places"]), served_from.get(name, said["served_from"]))
        for name, said in raw.items()
    }


def _purpose(name: str, raw: Raw) -> Purpose:
    said = dict(_changes(raw)) | {"minimum_age": raw.get("minimum_age", 0)}
    made = make_purpose(name, **said)
    return replace(made, title=raw["title"])


def _changes(raw: Raw) -> Iterator[tuple[str, Any]]:
    for key, value in raw.items():
        if key == "bases":
            bases = {
                regime: RegimeBasis(regime, LegalBasis(how), Default(mute)) for regime, (how, mute) in value.items()
            }
            yield key, bases
        elif key == "notice":
            yield key, Notice(value["version"], "We use your purchases.", tuple(value.get("accepts", ())))
        elif key == "unknown_age":
            yield key, Unknown(value)
        elif key != "title":
            yield key, tuple(value) if isinstance(value, list) else _KINDS[key](value) if key in _KINDS else value
