"""The policy's own texts as a page shows them: in the language of the page, or else in the policy's own. Pure.

A notice never falls back (`Maker.text` raises): it promises its languages. A page says something in any case.
"""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.policy.model import Policy, own_texts, translated


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text of the policy, and the language that it is in."""

    text: str
    language: str


def own_text(policy: Policy, language: str, section: str, name: str, which: str = "title") -> OwnText:
    """Return a text of the policy (`TEXTS`) in a language, or in the policy's own where it is not translated.

    A name that the policy no longer has stands for itself; a text that is not there is empty.
    """
    own = policy.controller.language
    part = getattr(policy, section).get(name)
    if part is None:
        return OwnText(name if which == "title" else "", own)
    found = own_texts(section, part).get(which, "")
    told = translated(part.translations, language, which) if language != own else None
    return OwnText(found, own) if not found or told is None else OwnText(told, language)
