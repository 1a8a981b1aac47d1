"""Whose word counts about a subject: each identity of the person, and in each the members of a household apart. Pure.

The strictest of them decides. What one identity said after it was linked counts for all of them, so that a new yes of
the person opens what an older no of another identity closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pellucid.consent.person import SubjectFacts
from pellucid.consent.record import ConsentRecord, ConsentVerb

IDENTITY, MEMBER = "identity", "member"


@dataclass(frozen=True, slots=True)
class Voice:
    """One whose word counts: what is known of them and what they said. `label` is empty for the subject asked about.

    `since` (UTC µs) is when another identity was linked to it, `certain` whether that is more than likely.
    """

    facts: SubjectFacts
    records: tuple[ConsentRecord, ...]
    label: str = ""
    since: int = 0
    certain: bool = True


def voices(
    purpose: str, facts: SubjectFacts, records: Sequence[ConsentRecord], others: Sequence[Voice] = ()
) -> list[Voice]:
    """Return everybody whose word counts about a subject and purpose; one, as a rule.

    Silence of another identity is no word: for it the subject's own words count, beside what is known of it.
    """
    own = Voice(facts, tuple(records))
    if not others:
        return list(_members(own, purpose)) if any(record.member for record in records) else [own]
    first, *rest = _shared([own, *others])
    heard = [each if _speaks(each, purpose) else replace(each, records=first.records) for each in rest]
    return [voice for each in (first, *heard) for voice in _members(each, purpose)]


def _speaks(voice: Voice, purpose: str) -> bool:
    return any(_is_about(record, purpose) for record in voice.records)


def _is_about(record: ConsentRecord, purpose: str) -> bool:
    return record.verb in (ConsentVerb.RESTRICT, ConsentVerb.LIFT) or record.concerns(purpose)


def _shared(identities: Sequence[Voice]) -> Iterator[Voice]:
    """Give each identity what the others said since they were linked; and to the others what is known of the subject,
    the first, where they know nothing: not knowing is no word. What is unknown of the subject stays so.
    """
    since, certain = max(each.since for each in identities), all(each.certain for each in identities)
    for each in identities:
        later = [
            said
            for other in identities
            for said in other.records
            if other is not each and said.at >= since and (certain or said.verb.narrows)
        ]
        facts = each.facts if each is identities[0] else each.facts.with_missing(identities[0].facts, certain=certain)
        yield replace(each, facts=replace(facts, erased=each.facts.erased), records=(*each.records, *later))


def _members(voice: Voice, purpose: str) -> Iterator[Voice]:
    """Give a household's members a voice each, those too who spoke of other purposes only: what is said for the whole
    of it counts for all of them. A no for the whole has a voice of its own: no single member opens it.
    """
    names = sorted({record.member for record in voice.records} - {""})
    if not names:
        yield voice
    whole = tuple(record for record in voice.records if not record.member)
    if names and any(record.verb.narrows and _is_about(record, purpose) for record in whole):
        yield replace(voice, records=whole)
    for name in names:
        heard = tuple(record for record in voice.records if record.member in ("", name))
        yield replace(voice, records=heard, label=MEMBER if len(names) > 1 else voice.label)
