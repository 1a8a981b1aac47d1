"""Who may be read for which purpose in one namespace, as an engine keeps it: two bitmaps, and people with an instant.

Who is permitted is decided by the register, never here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pellucid.engines.base import PermittedChange, PermittedSet
from pellucid.engines.members import NEVER, Flags, Ids, Instants
from pellucid.errors import InputInvalid

MOST_IDS = 2**31

Bits = NDArray[np.uint8]


@dataclass(slots=True)
class People:
    """One purpose's permission in one namespace: little-endian bitmaps, no bit set from `size` on, and instants."""

    size: int = 0
    plain: Bits = field(default_factory=lambda: np.zeros(0, np.uint8))
    sensitive: Bits = field(default_factory=lambda: np.zeros(0, np.uint8))
    since: dict[int, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, given: PermittedSet) -> People:
        """Return what a set says; raises InputInvalid if it contradicts itself."""
        people = cls(given.size, _whole(given, given.plain), _whole(given, given.sensitive))
        for change in given.partial:
            demand_id(change.subject)
            people._put_instants(change)
        return people

    def put(self, changes: Mapping[int, PermittedChange]) -> None:
        """Take over the permission of some subjects; one beyond the end makes the bitmaps grow."""
        ids = np.fromiter(changes, np.int64, len(changes))
        self.size = max(self.size, int(ids.max()) + 1)
        missing = (self.size + 7) // 8 - len(self.plain)
        if missing > 0:
            room = np.zeros(missing + len(self.plain) // 4, np.uint8)  # so that the next newcomers find room
            self.plain, self.sensitive = np.concatenate([self.plain, room]), np.concatenate([self.sensitive, room])
        _put_bits(self.plain, ids, [change.plain for change in changes.values()])
        _put_bits(self.sensitive, ids, [change.sensitive for change in changes.values()])
        for change in changes.values():
            self._put_instants(change)

    def flags(self, ids: Ids) -> tuple[Flags, Flags]:
        """Return who is permitted, and who for sensitive rows; ids that are missing or beyond the end are not."""
        known = (ids >= 0) & (ids < self.size)
        if not self.size:
            return known, known
        place = np.where(known, ids, 0)
        byte, bit = place >> 3, (place & 7).astype(np.uint8)
        plain = (self.plain[byte] >> bit & 1).astype(np.bool_)
        sensitive = (self.sensitive[byte] >> bit & 1).astype(np.bool_)
        return plain & known, sensitive & known

    def instants(self, ids: Ids) -> tuple[Instants, Instants]:
        """Return from when on (UTC µs) rows may be read, and sensitive ones: NEVER where no instant is set."""
        plain, sensitive = np.full(len(ids), NEVER, np.int64), np.full(len(ids), NEVER, np.int64)
        since = self.since
        if len(since) > len(ids):
            since = {subject: since[subject] for subject in set(ids.tolist()) & since.keys()}
        if since:
            people = np.array(sorted(since), np.int64)
            instants = np.array([since[subject] for subject in people.tolist()], np.int64)
            at = np.minimum(np.searchsorted(people, ids), len(people) - 1)
            found = people[at] == ids
            plain[found], sensitive[found] = instants[at[found], 0], instants[at[found], 1]
        return plain, sensitive

    def _put_instants(self, change: PermittedChange) -> None:
        self.since.pop(change.subject, None)
        if change.not_before is not None or change.sensitive_not_before is not None:
            self.since[change.subject] = _or_never(change.not_before), _or_never(change.sensitive_not_before)


def demand_id(subject: int) -> None:
    """Raise InputInvalid unless a number can be a subject's id."""
    if not 0 <= subject < MOST_IDS:
        raise invalid(f"A permitted change for subject {subject}; ids are from 0 to {MOST_IDS - 1}.")


def invalid(message: str) -> InputInvalid:
    """Return the error for permissions that cannot be taken over."""
    return InputInvalid(message, remedy="Load the whole permitted state again from the consent register.")


def _whole(given: PermittedSet, bits: bytes) -> Bits:
    """Return a bitmap with every bit from `size` on cleared."""
    if given.size < 0 or len(bits) * 8 < given.size:
        raise invalid(f"A bitmap of {given.purpose!r} has {len(bits) * 8} bits, its size is {given.size}.")
    whole = np.frombuffer(bits, np.uint8)[: (given.size + 7) // 8].copy()
    if given.size % 8:
        whole[-1] &= (1 << given.size % 8) - 1
    return whole


def _put_bits(bits: Bits, places: NDArray[np.int64], on: list[bool]) -> None:
    masks = (1 << (places & 7)).astype(np.uint8)
    np.bitwise_and.at(bits, places >> 3, ~masks)
    np.bitwise_or.at(bits, places >> 3, np.where(on, masks, 0).astype(np.uint8))


def _or_never(instant: int | None) -> int:
    return NEVER if instant is None else instant
