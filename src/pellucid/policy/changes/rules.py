"""How two values of a field are compared: a rule for each field of each part of the policy, and notes of what differs.

`walk` goes through a part's fields by itself and fails at one without a rule, so that no field is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pellucid.policy.changes.catalogue import CHANGES
from pellucid.policy.changes.words import ChangeKind
from pellucid.policy.model import Policy, Translation


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: its stable code, which part of the policy it is about, a sentence, who should look."""

    code: str
    kind: ChangeKind
    part: str
    name: str
    sentence: str
    look: str


@dataclass(frozen=True, slots=True)
class Notes:
    """Takes down changes about one named part of the two policies."""

    before: Policy
    after: Policy
    taken: list[Change]
    part: str = "policy"
    name: str = ""

    def about(self, part: str, name: str) -> Notes:
        """Return notes about another part, in the same list."""
        return Notes(self.before, self.after, self.taken, part, name)

    def add(self, code: str, **words: object) -> None:
        """Take down a change; raises KeyError for a code that has no words."""
        said = CHANGES[code]
        sentence = said.sentence.format(**words)
        self.taken.append(Change(code, said.kind, self.part, self.name, sentence, said.look))


Rule = Callable[[Notes, Any, Any], None]
"""Takes down how two values of a field differ, given that they do."""

Rules = Mapping[str, Rule]


KEPT_APART = frozenset({("Policy", "laws")})
"""Members that are no part of what a policy says: laws are signed off, and compared, apart (`regulations.compare`)."""


def walk(rules: Rules, notes: Notes, old: Any, new: Any) -> None:
    """Compare two dataclasses of one kind field by field; raises KeyError for a field without a rule."""
    for member in fields(old):
        before, after = getattr(old, member.name), getattr(new, member.name)
        if before != after and (type(old).__name__, member.name) not in KEPT_APART:
            rules[member.name](notes, before, after)


def told_apart(notes: Notes, old: object, new: object) -> None:
    """Take nothing down: the field is a name by which both were matched, or the hash of all the rest."""


def text(code: str) -> Rule:
    """Return the rule of words: they differ, and nothing follows from it."""

    def rule(notes: Notes, old: object, new: object) -> None:
        notes.add(code, old=_shown(old), new=_shown(new))

    return rule


def ordered(
    code: str,
    *,
    wider: str = "raised",
    narrower: str = "lowered",
    key: Callable[[Any], Any] = lambda value: value,
    show: Callable[[Any], str] | None = None,
    **words: str,
) -> Rule:
    """Return the rule of an amount, of which more is wider by `key`."""
    showing = show if show is not None else _shown

    def rule(notes: Notes, old: Any, new: Any) -> None:
        amounts = key(old), key(new), showing(old), showing(new)
        compare_amounts(notes, code, *amounts, wider=wider, narrower=narrower, **words)

    return rule


def days(code: str, **words: str) -> Rule:
    """Return the rule of a number of days, of which None has no end."""

    def shown(value: int | None) -> str:
        return "without end" if value is None else f"{value:,} days"

    def lasting(value: int | None) -> float:
        return float("inf") if value is None else value

    return ordered(code, wider="lengthened", narrower="shortened", key=lasting, show=shown, **words)


def translations(notes: Notes, old: tuple[Translation, ...], new: tuple[Translation, ...]) -> None:
    """Take down in which languages the texts differ; every text of a part counts as one."""
    before, after = ({each.language: dict(each.texts) for each in held} for held in (old, new))
    differing = [each for each in dict.fromkeys((*after, *before)) if before.get(each) != after.get(each)]
    if differing:
        notes.add("translation", languages=", ".join(sorted(differing)))
    else:
        notes.add("written-otherwise", what="Its translations")


def compare_amounts(
    notes: Notes,
    code: str,
    old: Any,
    new: Any,
    told_old: str,
    told_new: str,
    *,
    wider: str = "raised",
    narrower: str = "lowered",
    **words: object,
) -> None:
    """Take down which of two amounts is wider; if neither is, that they are written otherwise."""
    if old == new:
        notes.add("written-otherwise", what=f"`{code}`")
    else:
        notes.add(f"{code}-{wider if new > old else narrower}", old=told_old, new=told_new, **words)


def listed(code: str, show: Callable[[Any], str] = str) -> Rule:
    """Return the rule of a list whose order means nothing: what came in, what went out."""

    def rule(notes: Notes, old: tuple[Hashable, ...], new: tuple[Hashable, ...]) -> None:
        out = [value for value in dict.fromkeys(old) if value not in new]
        came = [value for value in dict.fromkeys(new) if value not in old]
        for value in came:
            notes.add(f"{code}-added", value=show(value))
        for value in out:
            notes.add(f"{code}-removed", value=show(value))
        if not came and not out:
            notes.add("written-otherwise", what=f"`{code}`")

    return rule


def exchanged(code: str) -> Rule:
    """Return the rule of a value that is neither more nor less than another: the old one went and the new one came.

    Told as a narrowing and a widening, so that whoever watches for widenings sees it. None stands for nothing.
    """

    def rule(notes: Notes, old: object, new: object) -> None:
        if new is not None:
            notes.add(f"{code}-added", value=new)
        if old is not None:
            notes.add(f"{code}-removed", value=old)

    return rule


def nested(rules: Rules) -> Rule:
    """Return the rule of a part within a part."""

    def rule(notes: Notes, old: object, new: object) -> None:
        walk(rules, notes, old, new)

    return rule


def named(
    part: str,
    rules: Rules,
    came: Callable[[Notes, Any], None],
    went: Callable[[Notes, Any], None],
) -> Rule:
    """Return the rule of things by name: each that came, went, or stayed and differs."""

    def rule(notes: Notes, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        for name, thing in new.items():
            if name not in old:
                came(notes.about(part, name), thing)
        for name, thing in old.items():
            if name not in new:
                went(notes.about(part, name), thing)
            elif thing != new[name]:
                walk(rules, notes.about(part, name), thing, new[name])

    return rule


def _shown(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return f"{value:,}" if type(value) is int else f"{value:g}" if isinstance(value, float) else str(value)
