"""Canonical JSON: the one way in which an entry becomes bytes (sorted keys, no whitespace, UTF-8).

Used once, when an entry is written. Verifiers never canonicalise again: they hash the stored bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from pellucid.errors import RecordingFailed

DEEPEST = 32
"""Deepest nesting of lists and objects that an entry may have."""

LARGEST_INTEGER = 2**63 - 1


def canonical_bytes(value: Mapping[str, object]) -> bytes:
    """Return the canonical JSON bytes of an object.

    Allowed are str, 64-bit int, bool, None, finite float, list, tuple (written as a list) and mappings with str keys.
    Raises RecordingFailed for anything else: what cannot be written exactly is not recorded, hence not done.
    """
    plain = _plain(value, "", DEEPEST)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _unrecordable("", "text that is not valid Unicode") from None


def _plain(value: object, where: str, depth: int) -> object:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if isinstance(value, int):
        return _bounded(value, where)
    if kind is float:
        return _finite(value, where)
    if depth == 0:
        raise _unrecordable(where, f"nesting deeper than {DEEPEST}")
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[]", depth - 1) for item in value]
    if isinstance(value, Mapping):
        return {_key(key, where): _plain(item, f"{where}.{key}", depth - 1) for key, item in value.items()}
    raise _unrecordable(where, kind.__name__)


def _bounded(value: int, where: str) -> int:
    # More than 64 bits no database column holds, and other readers of JSON would round it.
    if type(value) is not int or not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        raise _unrecordable(where, f"an integer beyond ±{LARGEST_INTEGER}")
    return value


def _finite(value: object, where: str) -> float:
    if not isinstance(value, float) or not math.isfinite(value):
        raise _unrecordable(where, "a number that is not finite")
    return value


def _key(key: object, where: str) -> str:
    if type(key) is not str:
        raise _unrecordable(where, f"a key of type {type(key).__name__}")
    return key


def _unrecordable(where: str, got: str) -> RecordingFailed:
    return RecordingFailed(
        f"A log entry cannot hold {got} at {where or 'its top'!r}; allowed are str, int, bool, None, "
        "finite float, list and objects with str keys.",
        remedy="This is a defect of the calling code: hand over plain JSON values.",
        code="entry-unrecordable",
    )
