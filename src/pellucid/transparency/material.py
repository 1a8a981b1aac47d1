"""What is material of the differences between two notices: what everybody whose data are held is told of (GDPR Art.
13(3), 14(4); WP260 rev.01 §29-30).

It is told by what the full layer says in the company's own language, as `differences` finds it. Not material are
headings, where authorities are reached, other letters or punctuation of the same words, other words around the same
fact, and other words of a purpose whose notice `accepts` the earlier version. All else is: nobody can tell by machine
what words matter to somebody. Pure.
"""

from __future__ import annotations

import re
from unicodedata import normalize

from pellucid.policy.model import Policy
from pellucid.transparency import phrases
from pellucid.transparency.content import Content, Sentence
from pellucid.transparency.differences import differences

_NEVER = ("title:", "authority:")
"""What sentences are about that are told in the notice only: headings, and where authorities are reached."""
_FACTS = frozenset(phrases.CHANGED) - phrases.WHOLE
"""Topics of sentences whose fact is all that they tell."""
_SIGNS = re.compile(r"[\s.,;:!?'\"“”„«»‹›‘’()\[\]…–—-]+")


def material(old: Content, new: Content, policy: Policy, language: str | None = None) -> tuple[str, ...] | None:
    """Return what differs materially, in plain words of a language (where it is not there: the policy's own).

    None: nothing does. Empty, where the two are in no language both, so that all that is known is that they differ.
    """
    shared = [
        each for each in (policy.controller.language, *new.tellings) if each in old.tellings.keys() & new.tellings
    ]
    if not shared:
        return ()
    accepted = _accepted(old, new, policy)

    def counts(before: Sentence | None, after: Sentence | None) -> bool:
        return _is_material(before, after, accepted)

    if not differences(old, new, shared[0], counts):
        return None
    return differences(old, new, language if language in shared else shared[0], counts)


def _accepted(old: Content, new: Content, policy: Policy) -> frozenset[str]:
    """Return what sentences are about that say a purpose in other words of which its notice says that none matters."""
    names = [
        name
        for name, version in new.purposes.items()
        if name in policy.purposes
        and policy.purposes[name].notice.version == version != old.purposes.get(name, version)
        and policy.purposes[name].notice.stands_for(old.purposes[name])
    ]
    return frozenset(about for name in names for about in (f"purpose:{name}", f"purpose:{name}:description"))


def _is_material(before: Sentence | None, after: Sentence | None, accepted: frozenset[str]) -> bool:
    said = after or before
    if said is None or said.about.startswith(_NEVER):
        return False
    if before is None or after is None:
        return True
    if said.about in accepted or (_plain(before.text), _plain(before.fact)) == (_plain(after.text), _plain(after.fact)):
        return False
    return before.fact != after.fact or after.topic not in _FACTS or not after.fact


def _plain(text: str) -> str:
    return _SIGNS.sub(" ", normalize("NFKC", text).casefold()).strip()
