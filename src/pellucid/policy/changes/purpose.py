"""Purposes: on which basis, of whom, by whom, and what they may read. How answers leave is `changes.release`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pellucid.policy.bases import openness
from pellucid.policy.categories import CATEGORIES, is_within
from pellucid.policy.changes.release import RELEASE, suppressed
from pellucid.policy.changes.rules import (
    Notes,
    Rule,
    Rules,
    days,
    listed,
    nested,
    ordered,
    text,
    told_apart,
    translations,
)
from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import (
    Notice,
    Policy,
    Purpose,
    PurposeRetention,
    RegimeBasis,
    RestrictedUse,
    SensitiveUse,
    Unknown,
    VulnerableUse,
)
from pellucid.policy.phrases import BASES, SILENCE, ticked


def purpose_added(notes: Notes, purpose: Purpose) -> None:
    """Take down a new purpose, and whether it looks like one that is gone."""
    notes.add("purpose-added", title=purpose.title, hint=_hint(notes.before, notes.after, purpose))


def purpose_removed(notes: Notes, purpose: Purpose) -> None:
    """Take down a purpose that is gone, and whether it looks like a new one."""
    notes.add("purpose-removed", title=purpose.title, hint=_hint(notes.after, notes.before, purpose))


def _hint(there: Policy, here: Policy, purpose: Purpose) -> str:
    alike = [
        other.name
        for other in there.purposes.values()
        if other.name not in here.purposes
        and (other.title == purpose.title or replace(other, name="", title="") == replace(purpose, name="", title=""))
    ]
    return f" It looks like {ticked(alike)} renamed." if alike else ""


def _bases(notes: Notes, old: Mapping[str, RegimeBasis], new: Mapping[str, RegimeBasis]) -> None:
    for regime in dict.fromkeys((*new, *old)):
        before, after = old.get(regime), new.get(regime)
        if before is None and after is not None:
            notes.add("basis-added", regime=f"`{regime}`", basis=BASES[after.basis], silence=SILENCE[after.default])
        elif after is None and before is not None:
            notes.add("basis-removed", regime=f"`{regime}`", basis=BASES[before.basis])
        elif before is not None and after is not None and before != after:
            _basis(notes, regime, before, after)


def _basis(notes: Notes, regime: str, old: RegimeBasis, new: RegimeBasis) -> None:
    words = {"regime": f"`{regime}`", "old": BASES[old.basis], "new": BASES[new.basis]}
    if openness(new) == openness(old):
        notes.add("basis-changed", **words)
    else:
        code = "silence-opened" if openness(new) > openness(old) else "silence-closed"
        notes.add(code, silence=SILENCE[new.default], **words)


def _notice(notes: Notes, old: Notice, new: Notice) -> None:
    if old.version != new.version:
        left_out = f"Whoever consented to {old.version} is left out until they say yes to {new.version}"
        carried = f"A yes to {old.version} still counts" if new.stands_for(old.version) else left_out
        notes.add("notice-version", old=old.version, new=new.version, carried=carried)
    if old.text != new.text:
        notes.add("notice-text" if old.version == new.version else "notice-text-version", version=new.version)
    if old.child != new.child:
        notes.add("notice-child")
    if old.accepts != new.accepts:
        listed("notice-accepted")(notes, old.accepts, new.accepts)


def _categories(notes: Notes, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    """Take down what may be read that could not be, by the tree: what lies within one that was there is nothing new."""
    came = [key for key in new if not any(is_within(key, held) for held in old)]
    went = [key for key in old if not any(is_within(key, held) for held in new)]
    for key in dict.fromkeys(came):
        notes.add("category-added", value=_category(key))
    for key in dict.fromkeys(went):
        notes.add("category-removed", value=_category(key))
    if not came and not went:
        notes.add("written-otherwise", what="What it may read, by categories,")


def _category(key: str) -> str:
    return f"{CATEGORIES[key].title} (`{key}`)" if key in CATEGORIES else f"`{key}`"


def _unknown_place(notes: Notes, old: str, new: str) -> None:
    before = openness(notes.before.purposes[notes.name].bases.get(old))
    after = openness(notes.after.purposes[notes.name].bases.get(new))
    suffix = "" if after == before else "-opened" if after > before else "-closed"
    notes.add(f"unknown-place{suffix}", old=_treated(old), new=_treated(new))


def _treated(place: str) -> str:
    return "not permitted" if place == "refuse" else f"if `{place}` applied"


def _unknown_age(notes: Notes, old: Unknown, new: Unknown) -> None:
    notes.add("unknown-age-opened" if new is Unknown.ADULT else "unknown-age-closed")


def _sensitive(notes: Notes, old: SensitiveUse, new: SensitiveUse) -> None:
    notes.add("sensitive-closed" if new is SensitiveUse.NEVER else "sensitive-opened")


_RESTRICTED = {
    RestrictedUse.LEGAL_CLAIMS: "for legal claims",
    RestrictedUse.RIGHTS_OF_OTHERS: "to protect the rights of others",
    RestrictedUse.PUBLIC_INTEREST: "for an important public interest",
}
"""Why use goes on although it is restricted (GDPR Art. 18(2))."""

_CARE = {
    VulnerableUse.MAY: "all may be among those it takes",
    VulnerableUse.NOT_IF_KNOWN: "those known or thought to be so are left out",
    VulnerableUse.NEVER: "nobody is taken, nor anybody of whom it is not known",
}


def _vulnerable(notes: Notes, old: VulnerableUse, new: VulnerableUse) -> None:
    strictness = list(VulnerableUse)
    code = "vulnerable-closed" if strictness.index(new) > strictness.index(old) else "vulnerable-opened"
    notes.add(code, old=_CARE[old], new=_CARE[new])


def _while_restricted(notes: Notes, old: RestrictedUse, new: RestrictedUse) -> None:
    if RestrictedUse.NONE not in (old, new):
        notes.add("while-restricted", old=_RESTRICTED[old], new=_RESTRICTED[new])
    elif new is RestrictedUse.NONE:
        notes.add("while-restricted-closed", old=_RESTRICTED[old])
    else:
        notes.add("while-restricted-opened", new=_RESTRICTED[new])


def _opened(code: str) -> Rule:
    """Return the rule of what is so or not, and is wider if it is."""

    def rule(notes: Notes, old: bool, new: bool) -> None:
        notes.add(f"{code}-opened" if new else f"{code}-closed")

    return rule


def _retention(notes: Notes, old: tuple[PurposeRetention, ...], new: tuple[PurposeRetention, ...]) -> None:
    """Take down how old rows of each dataset may be for it, where that differs."""
    before, after = ({each.dataset: each.days for each in said} for said in (old, new))
    for name in dict.fromkeys((*after, *before)):
        if before.get(name) != after.get(name):
            days("purpose-retention", dataset=f"`{name}`")(notes, before.get(name), after.get(name))
    if before == after:
        notes.add("written-otherwise", what="The order in which it says how long rows are needed")


PURPOSE: Rules = {
    "name": told_apart,
    "title": text("purpose-title"),
    "description": text("purpose-description"),
    "notice": _notice,
    "bases": _bases,
    "categories": _categories,
    "roles": listed("purpose-role"),
    "release": nested(RELEASE),
    "unknown_place": _unknown_place,
    "unknown_age": _unknown_age,
    "minimum_age": ordered("minimum-age", wider="lowered", narrower="raised", key=lambda age: -age),
    "sensitive": _sensitive,
    "consent_days": days("consent-days"),
    "recipients": listed("purpose-recipient"),
    "suppressed": suppressed,
    "kinds": listed("kind"),
    "guardian": _opened("guardian"),
    "vulnerable": _vulnerable,
    "while_restricted": _while_restricted,
    "soft_opt_in": _opened("soft-opt-in"),
    "loyalty": _opened("loyalty"),
    "retention": _retention,
    "translations": translations,
}


def compare_reach(notes: Notes) -> None:
    """Take down the columns about people that a purpose may read now and could not, or the other way round.

    It follows from categories, columns and datasets alike, so it is worked out rather than read off.
    """
    policies = notes.before, notes.after
    datasets = dict.fromkeys((*notes.after.datasets, *notes.before.datasets))
    personal = [name for name in datasets if any(_is_personal(policy, name) for policy in policies)]
    for purpose in dict.fromkeys((*notes.after.purposes, *notes.before.purposes)):
        about = notes.about("purpose", purpose)
        for dataset in personal:
            old, new = (_readable(policy, purpose, dataset) for policy in policies)
            for code, columns in (("added", new - old), ("removed", old - new)):
                if columns:
                    about.add(f"readable-column-{code}", dataset=dataset, columns=ticked(sorted(columns)))


def _is_personal(policy: Policy, dataset: str) -> bool:
    return dataset in policy.datasets and not policy.datasets[dataset].is_public


def _readable(policy: Policy, purpose: str, dataset: str) -> set[str]:
    if purpose not in policy.purposes or dataset not in policy.datasets:
        return set()
    return {column.name for column in permitted_columns(policy, purpose, dataset)}
