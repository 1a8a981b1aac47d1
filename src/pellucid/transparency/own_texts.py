"""The policy's own texts as a page shows them: in the language of the page, or else in the policy's own. Pure.

A notice never falls back (`Maker.text` raises): it promises its languages. A page says something in any case.
"""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.policy.model import Policy, name_in_words, own_texts, part_of, translated


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text of the policy, and the language that it is in."""

    text: str
    language: str


def own_text(policy: Policy, language: str, section: str, name: str, which: str = "title") -> OwnText:
    """Return a text of the policy (`TEXTS`) in a language, or in the policy's own where it is not translated.

    A name that the policy no longer has stands for itself, that of a column without its dataset's; a text that is not
    there is empty.
    """
    own = policy.controller.language
    part = part_of(policy, section, name)
    if part is None:
        bare = name_in_words(name.rpartition(".")[2]) if section == "columns" else name
        return OwnText(bare if which == "title" else "", own)
    found = own_texts(section, part).get(which, "")
    told = translated(part.translations, language, which) if language != own else None
    return OwnText(found, own) if not found or told is None else OwnText(told, language)
