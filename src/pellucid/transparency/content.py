"""A notice as data: in each language and layer, sections of sentences, and the same as linked data.

Its version is the SHA-256 of its canonical bytes, so what was shown under a version can never differ from what is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pellucid.errors import InputInvalid, NameUnknown

SCHEMA = "pellucid notice v1"
LAYERS = ("short", "full", "child")
"""One screen; everything; what a reader of twelve is told."""


SUMMARY = "summary"
"""The topic of a sentence that lists the facts of others."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that is told. `about` names it in every version and language; `topic` is what kind of thing it is.

    Where a version is compared with another, `fact` is what may differ and `of` what it is a fact of. One without text
    is there for comparing only: another, whose topic is SUMMARY, lists its fact among others.
    """

    about: str
    text: str
    topic: str = ""
    fact: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under a title; `level` 1 is the notice's own. `listed` ones are the items of a list."""

    name: str
    title: str
    level: int
    sentences: tuple[Sentence, ...]
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    """A notice in one language: its layers, and its linked data (JSON-LD)."""

    language: str
    layers: Mapping[str, tuple[Section, ...]]
    linked: Mapping[str, Any]

    def layer(self, name: str) -> tuple[Section, ...]:
        """Return the sections of a layer; raises NameUnknown."""
        if name not in self.layers:
            raise NameUnknown("layer of a notice", name, LAYERS)
        return self.layers[name]


@dataclass(frozen=True, slots=True)
class Content:
    """A whole notice: `purposes` are those it tells of, with the versions of their notices; tellings by language."""

    purposes: Mapping[str, str]
    tellings: Mapping[str, Telling]

    @property
    def version(self) -> str:
        """The SHA-256 of the canonical bytes, in hex."""
        return hashlib.sha256(to_bytes(self)).hexdigest()

    def telling(self, language: str) -> Telling:
        """Return the notice in a language; raises NameUnknown with those that there are."""
        if language not in self.tellings:
            raise NameUnknown("notice in the language", language, tuple(self.tellings))
        return self.tellings[language]


def to_bytes(content: Content) -> bytes:
    """Return the canonical bytes: JSON with sorted keys and no blanks, in UTF-8."""
    said = {"schema": SCHEMA, "purposes": dict(content.purposes), "languages": _tellings(content)}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def from_bytes(stored: bytes, version: str) -> Content:
    """Return the notice these bytes say; raises InputInvalid unless they are those of the version."""
    if hashlib.sha256(stored).hexdigest() != version:
        raise InputInvalid(
            "The stored notice is not the one that was published.",
            remedy="Restore the control database from a backup.",
            code="notice-damaged",
        )
    said = json.loads(stored)
    if said["schema"] != SCHEMA:
        raise InputInvalid(
            f"The stored notice has the form {said['schema']!r}; this version of pellucid reads {SCHEMA!r}.",
            remedy="Read it with the version of pellucid that published it.",
            code="notice-form-unknown",
        )
    return Content(said["purposes"], {each: _telling(each, told) for each, told in said["languages"].items()})


def _tellings(content: Content) -> dict[str, Any]:
    return {
        language: {
            "layers": {name: [asdict(section) for section in sections] for name, sections in told.layers.items()},
            "linked": told.linked,
        }
        for language, told in content.tellings.items()
    }


def _telling(language: str, told: Mapping[str, Any]) -> Telling:
    layers = {name: tuple(_section(each) for each in sections) for name, sections in told["layers"].items()}
    return Telling(language, layers, told["linked"])


def _section(told: Mapping[str, Any]) -> Section:
    sentences = tuple(Sentence(**each) for each in told["sentences"])
    return Section(told["name"], told["title"], told["level"], sentences, told["listed"])
