"""Deciding about everybody who said something: those who said one thing about a purpose once for each kind of record.

What such a decision depends on besides the kind and the person's facts is when it was said, and that only through
instants (expiry, coming of age) which cut time into stretches of one outcome. All others are decided singly, and who
is decided together gets exactly what `consent.permitted` says of them singly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from pellucid.consent.bulk_heard import Flags, Heard, Ids, Numbers, starts_of
from pellucid.consent.choices import DAY
from pellucid.consent.decider import Decider, Outcome
from pellucid.consent.effect import Effect
from pellucid.consent.person import SubjectFacts, of_age
from pellucid.consent.record import CLOSING, ConsentRecord, ConsentVerb
from pellucid.consent.rule import rule_for
from pellucid.consent.voices import Voice
from pellucid.policy.model import Purpose

WHOLE = frozenset({ConsentVerb.RESTRICT, ConsentVerb.LIFT})
"""Verbs about all use of a person's data: they count for each purpose."""

NEVER = np.iinfo(np.int64).min
"""In place of an instant that there is none of."""


class Grouped(Protocol):
    """People by their facts: `of` returns the places in `kinds` of the facts of these subjects (ids)."""

    @property
    def kinds(self) -> Sequence[SubjectFacts]:
        """Return the facts that there are among them."""

    def of(self, subjects: Ids) -> Numbers:
        """Return for each of these subjects the place of its facts."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What decisions about a purpose come to, a place for each of `subjects` (ids, ascending); instants or NEVER."""

    subjects: Ids
    plain: Flags
    sensitive: Flags
    not_before: Ids
    sensitive_not_before: Ids
    due: Ids

    @classmethod
    def blank(cls, subjects: Ids) -> Decided:
        """Return that nothing is permitted, to be filled in."""
        plain, sensitive = (np.zeros(len(subjects), np.bool_) for _ in range(2))
        whole, partly, due = (np.full(len(subjects), NEVER, np.int64) for _ in range(3))
        return cls(subjects, plain, sensitive, whole, partly, due)

    @property
    def partial(self) -> Flags:
        """Return of whom only rows from an instant on may be read."""
        return np.asarray((self.not_before != NEVER) | (self.sensitive_not_before != NEVER), np.bool_)

    def effect(self, place: int) -> Effect:
        """Return what one decision comes to."""
        instants = (_instant(int(each[place])) for each in (self.not_before, self.sensitive_not_before))
        return Effect(bool(self.plain[place]), bool(self.sensitive[place]), *instants)

    def put(self, place: int, outcome: Outcome) -> None:
        """Fill in one decision."""
        effect = outcome.effect
        self.plain[place], self.sensitive[place] = effect.plain, effect.sensitive
        self.not_before[place] = NEVER if effect.not_before is None else effect.not_before
        self.sensitive_not_before[place] = NEVER if effect.sensitive_not_before is None else effect.sensitive_not_before
        self.due[place] = NEVER if outcome.due is None else outcome.due


def decide_heard(
    decider: Decider,
    name: str,
    heard: Heard,
    people: Grouped,
    others: Mapping[int, Sequence[Voice]],
    only: Ids | None = None,
) -> Decided:
    """Decide about all who said something about the purpose or have other identities, or about `only` these of them
    (ids, ascending, each once). `people` tells the facts of everybody concerned.
    """
    purpose = decider.policy.purposes[name]
    linked = np.fromiter(sorted(others), np.int64, len(others))
    asked = _either(_who(heard, [kind.concerns(name) for kind in heard.table.of]), linked) if only is None else only
    decided = Decided.blank(asked)
    alike = _said_once(purpose, heard, linked)
    alike = alike[np.isin(heard.subjects[alike], asked)]
    places = np.searchsorted(asked, heard.subjects[alike])
    _decide_alike(decider, purpose, heard, alike, people, decided, places)
    single = np.ones(len(asked), np.bool_)
    single[places] = False
    left = np.flatnonzero(single)
    for place, subject, group in zip(left.tolist(), asked[left].tolist(), people.of(asked[left]).tolist(), strict=True):
        said, linked_to = heard.get(subject, ()), others.get(subject, ())
        decided.put(place, decider.outcome(purpose.name, people.kinds[group], said, linked_to))
    return decided


def _who(heard: Heard, kinds: Sequence[bool]) -> Ids:
    """Return who said something of these kinds, ascending."""
    found = heard.subjects[_rows(heard, kinds)]
    return found[starts_of(found)]


def _either(one: Ids, other: Ids) -> Ids:
    """Return what is in one of these or the other, both ascending."""
    both = np.sort(np.concatenate([one, other]), kind="stable")  # which merges what ascends
    return both[starts_of(both)]


def _rows(heard: Heard, kinds: Sequence[bool]) -> Ids:
    return np.flatnonzero(np.array([*kinds, False], np.bool_)[heard.kinds])


def _said_once(purpose: Purpose, heard: Heard, linked: Ids) -> Ids:
    """Return the row that counts for the purpose, of each subject of whom just one does."""
    kinds = heard.table.of
    rows = _rows(heard, [kind.concerns(purpose.name) or kind.verb in WHOLE for kind in kinds])
    apart = np.concatenate([linked, _who(heard, [bool(kind.member) for kind in kinds])])
    rows = rows[~np.isin(heard.subjects[rows], apart)] if len(apart) else rows
    starts = starts_of(heard.subjects[rows])
    counts = np.diff(starts, append=len(rows))
    once: Ids = rows[starts[counts == 1]]
    closes = np.array([_closes(kind, purpose) for kind in kinds], np.bool_)
    mixes = np.array([not (kind.verb in CLOSING or kind.verb is ConsentVerb.GIVE) for kind in kinds], np.bool_)
    several = np.repeat(counts > 1, counts)
    if not several.any():
        return once
    return np.asarray(np.sort(np.concatenate([once, _closed_last(heard, rows[several], closes, mixes)])), np.int64)


def _closes(kind: ConsentRecord, purpose: Purpose) -> bool:
    """Return whether it is a no that closes the purpose whatever the rule: what was said before then counts no more."""
    return kind.verb in CLOSING and purpose.name not in kind.without_choice


def _closed_last(heard: Heard, rows: Ids, closes: Flags, mixes: Flags) -> Ids:
    """Return the last row of each subject whose last word is a no that closes, after nothing but yeses and noes."""
    order = np.lexsort((rows, heard.at[rows], heard.subjects[rows]))
    rows = rows[order]
    subjects, kinds = heard.subjects[rows], heard.kinds[rows]
    last = np.append(subjects[1:] != subjects[:-1], True)
    mixed = subjects[mixes[kinds]]
    return np.asarray(rows[last & closes[kinds] & ~np.isin(subjects, mixed)], np.int64)


def _decide_alike(
    decider: Decider,
    purpose: Purpose,
    heard: Heard,
    rows: Ids,
    people: Grouped,
    decided: Decided,
    places: Ids,
) -> None:
    """Fill in the decisions about subjects of whom one row counts, once for each kind, facts and stretch of time."""
    if not len(rows):
        return
    at = heard.at[rows]
    who, facts = _like_facts(decider, purpose, people.kinds, at)
    what, kinds = _like_kinds(purpose, heard.table.of)
    combined = who[people.of(heard.subjects[rows])].astype(np.int64) * len(kinds) + what[heard.kinds[rows]]
    order = np.argsort(combined, kind="stable")
    bounds = np.flatnonzero(np.diff(combined[order])) + 1
    for part in np.split(order, bounds):
        found, kind = divmod(int(combined[part[0]]), len(kinds))
        _decide_part(decider, purpose, facts[found], kinds[kind], at[part], decided, places[part])


def _decide_part(
    decider: Decider,
    purpose: Purpose,
    facts: SubjectFacts,
    kind: ConsentRecord,
    at: Ids,
    decided: Decided,
    places: Ids,
) -> None:
    """Fill in the decisions about people of the same facts who said the same, at these instants."""
    lasts = None if purpose.consent_days is None else purpose.consent_days * DAY
    cuts = _cuts(decider, purpose, facts, lasts)
    stretch = np.searchsorted(cuts, at, "left")
    exact = cuts[np.minimum(stretch, len(cuts) - 1)] == at if len(cuts) else np.zeros(len(at), np.bool_)
    for each in np.unique(stretch[~exact]).tolist():
        chosen = ~exact & (stretch == each)
        sample = int(at[chosen][0])
        outcome = decider.outcome(purpose.name, facts, [replace(kind, at=sample)])
        _fill(decided, places[chosen], at[chosen], outcome, sample, lasts)
    for place, instant in zip(places[exact].tolist(), at[exact].tolist(), strict=True):
        decided.put(place, decider.outcome(purpose.name, facts, [replace(kind, at=instant)]))


def _fill(decided: Decided, places: Ids, at: Ids, outcome: Outcome, sample: int, lasts: int | None) -> None:
    """Fill in one outcome, with what moves along with the instant at which it was said."""
    effect = outcome.effect
    decided.plain[places], decided.sensitive[places] = effect.plain, effect.sensitive
    decided.not_before[places] = _moved(effect.not_before, sample, 0, at)
    decided.sensitive_not_before[places] = _moved(effect.sensitive_not_before, sample, 0, at)
    decided.due[places] = _moved(outcome.due, sample, lasts, at)


def _moved(instant: int | None, sample: int, after: int | None, at: Ids) -> Ids | int:
    if instant is None:
        return NEVER
    return at + after if after is not None and instant == sample + after else instant


def _cuts(decider: Decider, purpose: Purpose, facts: SubjectFacts, lasts: int | None) -> Ids:
    """Return the instants of saying so at which the outcome, or when it changes next, may become another."""
    grown = (
        [] if facts.birth_year is None else [of_age(facts.birth_year, age) for age in _ages(decider, purpose, facts)]
    )
    rule = rule_for(decider.policy, purpose, facts, decider.now)
    turns = (decider.now, *grown, *((rule.until,) if rule is not None and rule.until is not None else ()))
    found = set(grown)
    if lasts is not None:
        found |= {instant - lasts for instant in turns}
    return np.array(sorted(found), np.int64)


def _ages(decider: Decider, purpose: Purpose, facts: SubjectFacts) -> set[int]:
    rule = rule_for(decider.policy, purpose, facts, decider.now)
    by_law = () if rule is None else (rule.guardian_below, rule.opt_in_below, rule.prohibited_below)
    return {age for age in (purpose.minimum_age, *by_law) if age > 0}


def _like_facts(
    decider: Decider, purpose: Purpose, facts: Sequence[SubjectFacts], at: Ids
) -> tuple[Numbers, list[SubjectFacts]]:
    """Return for each of the facts the place of those to be decided by: years of birth count only of the young.

    Who had come of every age before anything was said here is decided about like the eldest.
    """
    before = min(int(at.min()), decider.now)
    grown = [_is_grown(decider, purpose, each, before) for each in facts]
    eldest = min((each.birth_year or 0 for each, is_ in zip(facts, grown, strict=True) if is_), default=0)
    kept: dict[SubjectFacts, int] = {}
    like = [replace(each, birth_year=eldest) if is_ else each for each, is_ in zip(facts, grown, strict=True)]
    return np.array([kept.setdefault(each, len(kept)) for each in like], np.int32), list(kept)


def _is_grown(decider: Decider, purpose: Purpose, facts: SubjectFacts, before: int) -> bool:
    if facts.birth_year is None:
        return False
    return all(of_age(facts.birth_year, age) < before for age in _ages(decider, purpose, facts))


def _like_kinds(purpose: Purpose, kinds: Sequence[ConsentRecord]) -> tuple[Numbers, list[ConsentRecord]]:
    """Return for each kind the place of the one to be decided by: where, how and with what proof it was said is told
    with the grounds, and alters no outcome.
    """
    kept: dict[ConsentRecord, int] = {}
    found = [kept.setdefault(_bare(purpose, kind), len(kept)) for kind in kinds]
    return np.array(found, np.int32), list(kept)


def _bare(purpose: Purpose, kind: ConsentRecord) -> ConsentRecord:
    without = (purpose.name,) if purpose.name in kind.without_choice else ()
    return replace(kind, channel="", proof="", screen="", language="", method="", without_choice=without)


def _instant(found: int) -> int | None:
    return None if found == NEVER else found
