"""Which published notice somebody was shown who said something, and whether it told of that purpose in that language.

Published notices are `transparency`'s; here only what a record may claim of one is read: its purposes and languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, select

from pellucid.consent.record import ConsentRecord
from pellucid.errors import InputInvalid
from pellucid.policy.parts.purpose import SHOWN_DIGITS, shown_notice, shown_version
from pellucid.records.transparency_tables import notices

_DIGITS = re.compile(rf"[0-9a-f]{{{SHOWN_DIGITS},64}}")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a published notice told of: the version of each purpose's notice, and its languages."""

    version: str
    purposes: Mapping[str, str]
    languages: frozenset[str]


@dataclass(frozen=True, slots=True)
class PublishedNotices:
    """Every notice that was ever published, by the first digits of its version that records keep."""

    by_digits: Mapping[str, Shown] = field(default_factory=dict)

    def resolved(self, record: ConsentRecord) -> ConsentRecord | None:
        """Return a record with the notice that it names as records keep it; None if it names no published one.

        Raises InputInvalid where that notice was never published, or tells nothing of the purpose in the language.
        """
        digits = named_digits(record.notice_version)
        if digits is None or record.purpose is None:
            return None
        found = self.by_digits.get(digits)
        if found is None:
            if shown_notice(record.notice_version) is None:
                return None  # a purpose's own version, that looks like one
            raise InputInvalid(
                "No notice of that version was ever published.",
                remedy="Name one of `pellucid notice list`, or the version of the purpose's own notice.",
                code="notice-unpublished",
            )
        kept = shown_version(_declared(found, record.purpose), found.version)
        if shown_notice(record.notice_version) is not None and record.notice_version != kept:
            raise _other_purpose()
        _demand_language(found, record.language)
        return replace(record, notice_version=kept)


def published_notices(connection: Connection) -> PublishedNotices:
    """Read what was ever published."""
    found: dict[str, Shown] = {}
    for version, content in connection.execute(select(notices.c.version, notices.c.content)):
        told = json.loads(content)
        found[version[:SHOWN_DIGITS]] = Shown(version, told["purposes"], frozenset(told["languages"]))
    return PublishedNotices(found)


def named_digits(said: str) -> str | None:
    """Return the digits of a published notice that a text may name, whole, in part or as records keep it; else None."""
    kept = shown_notice(said)
    if kept is not None:
        return kept
    return said[:SHOWN_DIGITS] if _DIGITS.fullmatch(said) else None


def _declared(found: Shown, purpose: str) -> str:
    if purpose not in found.purposes:
        raise _other_purpose()
    return found.purposes[purpose]


def _other_purpose() -> InputInvalid:
    return InputInvalid(
        "That notice told nothing of this purpose under this version.",
        remedy="Name the notice that was shown: `pellucid notice list`.",
        code="notice-of-other-purposes",
    )


def _demand_language(found: Shown, language: str) -> None:
    if language not in found.languages:
        got = f"got {language!r}" if language else "none was said"
        raise InputInvalid(
            f"That notice is in {', '.join(sorted(found.languages))}; {got}.",
            remedy="Say in which language it was shown.",
            code="notice-language",
        )
