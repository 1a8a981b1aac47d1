"""An engine's replica of the permitted sets, at one register version, worked out for the generations it has attached.

A change costs microseconds: the words of the people concerned are made anew. What a statement needs is made when the
next question asks for it, and never changed after, so a question under way keeps the state it began with.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pellucid.engines.base import PermittedChange, PermittedSet
from pellucid.engines.members import ALWAYS, NEVER, NOTHING_SHOWN, Flags, Instants, Members, Places, Shown, shown
from pellucid.engines.permitted import People, demand_id, invalid


class _Key(NamedTuple):
    purpose: str
    namespace: str


class Replica:
    """The permitted sets, and what may be read of each dataset. Safe to use from many threads."""

    def __init__(self, members: Mapping[str, Members]) -> None:
        self._members = dict(members)
        self._lock = threading.Lock()
        self._people: dict[_Key, People] = {}
        self._readable: dict[tuple[str, str], _Readable] = {}
        self._version = -1

    @property
    def version(self) -> int:
        """The register version of the last load or change; -1 before the first load."""
        return self._version

    def load(self, sets: Sequence[PermittedSet], version: int) -> None:
        """Replace everything. Raises InputInvalid, with nothing changed, for sets that contradict themselves."""
        people: dict[_Key, People] = {}
        for given in sets:
            key = _Key(given.purpose, given.namespace)
            if key in people:
                raise invalid(f"Two permitted sets for purpose {key.purpose!r} in {key.namespace!r}.")
            people[key] = People.of(given)
        with self._lock:
            self._people, self._readable, self._version = people, {}, version

    def change(self, changes: Sequence[PermittedChange], version: int) -> None:
        """Apply changes in order. Raises InputInvalid, with nothing changed, if one is impossible."""
        with self._lock:
            latest: dict[_Key, dict[int, PermittedChange]] = {}  # of several for one subject the last counts
            for change in changes:
                latest.setdefault(self._key(change), {})[change.subject] = change
            try:
                for key, each in latest.items():
                    self._people.setdefault(key, People()).put(each)
                for (dataset, purpose), readable in self._readable.items():
                    for namespace in set(self._members[dataset].namespaces):
                        concerned = list(latest.get(_Key(purpose, namespace), ()))
                        readable.make(self._members[dataset].words_of(namespace, concerned), self._of(purpose))
            except BaseException:  # half of it may have been taken over: nobody may be read until the next load
                self._people, self._readable, self._version = {}, {}, -1
                raise
            self._version = version

    def shown(self, purpose: str, datasets: Sequence[str]) -> tuple[int, dict[str, Shown]]:
        """Return the version, and of that state what a question for a purpose needs of each dataset about people."""
        with self._lock:
            return self._version, {name: self._shown(name, purpose) for name in datasets if name in self._members}

    def mixed_share(self, purpose: str, dataset: str) -> float:
        """Return the share of a dataset's blocks (0 to 1) in which some people may be read for a purpose, others not.

        Nothing of it is kept.
        """
        with self._lock:
            return self._made(dataset, purpose).mixed_share()

    def _shown(self, dataset: str, purpose: str) -> Shown:
        if not any(key.purpose == purpose for key in self._people):
            return NOTHING_SHOWN  # nobody is permitted: nothing is kept for purposes that do not exist
        readable = self._readable.get((dataset, purpose))
        if readable is None:
            readable = self._readable[dataset, purpose] = self._made(dataset, purpose)
        return readable.shown()

    def _made(self, dataset: str, purpose: str) -> _Readable:
        members = self._members[dataset]
        readable = _Readable(members)
        readable.make(np.arange(len(members.words)), self._of(purpose))
        return readable

    def _of(self, purpose: str) -> dict[str, People]:
        return {key.namespace: people for key, people in self._people.items() if key.purpose == purpose}

    def _key(self, change: PermittedChange) -> _Key:
        demand_id(change.subject)
        if change.namespace:
            return _Key(change.purpose, change.namespace)
        known = [key for key in self._people if key.purpose == change.purpose]
        if len(known) != 1:
            raise invalid(
                f"A permitted change for {change.purpose!r} names no namespace; the purpose has {len(known)}."
            )
        return known[0]


class _Readable:
    """What may be read of one generation for one purpose, a word for up to 64 members."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._plain = np.zeros(len(members.words), np.uint64)
        self._sensitive = np.zeros(len(members.words), np.uint64)
        self._late = np.zeros(0, np.int64)
        self._since = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._shown: Shown | None = None

    def shown(self) -> Shown:
        """Return what statements need; made once after each change."""
        if self._shown is None:
            self._shown = shown(self._members, self._plain, self._sensitive, self._late, self._since)
        return self._shown

    def mixed_share(self) -> float:
        """Return the share of blocks that are not settled."""
        mixed = self._members.settled(self._plain, self._sensitive)[2]
        return float(mixed.mean()) if len(mixed) else 0.0

    def make(self, words: Places, people: Mapping[str, People]) -> None:
        """Work some words out anew from who is permitted, by namespace."""
        if not len(words):
            return
        self._shown = None
        within = self._members.within(words)
        plain, sensitive, since, sensitive_since = _decided(self._members, within, people)
        self._plain[words] = self._members.packed(words, plain)
        self._sensitive[words] = self._members.packed(words, sensitive)
        late = ((since != NEVER) & ~plain) | ((sensitive_since != NEVER) & ~sensitive)
        kept = ~np.isin(self._late, within)
        # An instant counts only where the bit is off: no row comes twice.
        found = np.where(plain, NEVER, since)[late], np.where(sensitive, NEVER, sensitive_since)[late]
        self._late = np.concatenate([self._late[kept], within[late]])
        self._since = (
            np.concatenate([self._since[0][kept], found[0]]),
            np.concatenate([self._since[1][kept], found[1]]),
        )


def _decided(members: Members, within: Places, people: Mapping[str, People]) -> tuple[Flags, Flags, Instants, Instants]:
    """Return for some members whether all their subjects are permitted, and from when on all of them are."""
    plain, sensitive = np.ones(len(within), np.bool_), np.ones(len(within), np.bool_)
    if not any(who.since for who in people.values()):
        for namespace, subjects in zip(members.namespaces, members.subjects, strict=True):
            flags, sensitive_flags = people.get(namespace, People()).flags(subjects[within])
            plain &= flags
            sensitive &= sensitive_flags
        never = np.broadcast_to(np.int64(NEVER), len(within))
        return plain, sensitive, never, never
    since, sensitive_since = np.full(len(within), ALWAYS, np.int64), np.full(len(within), ALWAYS, np.int64)
    for namespace, subjects in zip(members.namespaces, members.subjects, strict=True):
        who, ids = people.get(namespace, People()), subjects[within]
        flags, sensitive_flags = who.flags(ids)
        instants, sensitive_instants = who.instants(ids)
        plain &= flags
        sensitive &= sensitive_flags
        since = np.maximum(since, np.where(flags, ALWAYS, instants))
        sensitive_since = np.maximum(sensitive_since, np.where(sensitive_flags, ALWAYS, sensitive_instants))
    return plain, sensitive, since, sensitive_since
