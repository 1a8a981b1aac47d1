"""Judging some thousand consecutive entries by themselves, so that a long log is judged in constant memory.

Pure. Chunks are judged in any process and in any order; `audit.verify` puts together what was found. Each but the last
has CHUNK entries, hence is a perfect subtree of the log's tree.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from typing import Generic, NamedTuple, TypeVar

from pellucid.audit import merkle

HEIGHT = 13
CHUNK = 1 << HEIGHT
"""How many entries a chunk has."""

MOST_FINDINGS = 5
"""How many findings of a step are told; the rest are counted."""

NO_TIME = -(1 << 63)
"""Stands for the time of an entry that is none; no entry can say it."""

NONCE_BYTES = 32

_FIELDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("action", (str,)),
    ("actor", (dict,)),
    ("at", (int,)),
    ("body", (dict,)),
    ("commitment", (str, type(None))),
    ("purpose", (str, type(None))),
    ("stamp", (dict, type(None))),
    ("subject", (str, type(None))),
    ("v", (int,)),
)
_NAMES = tuple(name for name, _ in _FIELDS)
_SHAPES = frozenset(product(*(types for _, types in _FIELDS)))

Item = TypeVar("Item")


class StatedDetails(NamedTuple):
    """Details as handed over: leaf index, nonce, bytes."""

    leaf: int
    nonce: bytes
    details: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive entries as handed over: their bytes, the leaf hashes stated beside them, details that are held.

    `broken` says what is wrong with the material right after these entries: the step that it fails, and a sentence.
    """

    first: int
    bodies: Sequence[bytes]
    hashes: Sequence[bytes]
    details: Sequence[StatedDetails]
    wrong_details: Sequence[str] = ()
    broken: tuple[int, str] | None = None


SealedChunk = Callable[[], Chunk]
"""Gives a chunk when called, perhaps in another process: reading it apart is work, too."""


@dataclass(slots=True)
class Findings:
    """What was found wrong: the first few sentences, and how many there are."""

    told: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, sentence: str) -> None:
        """Note one more."""
        self.count += 1
        if len(self.told) < MOST_FINDINGS:
            self.told.append(sentence)

    def join(self, other: Findings) -> None:
        """Note all of another's, after one's own."""
        self.count += other.count
        self.told.extend(other.told[: MOST_FINDINGS - len(self.told)])


@dataclass(slots=True)
class Judged:
    """What was found about one chunk. `frontier` is that of its own tree; `marks` those at the wanted sizes in it."""

    size: int = 0
    frontier: list[bytes] = field(default_factory=list)
    marks: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    times: array[int] = field(default_factory=lambda: array("q"))
    committed: int = 0
    present: int = 0
    wrong_bytes: Findings = field(default_factory=Findings)
    wrong_details: Findings = field(default_factory=Findings)
    wrong_order: Findings = field(default_factory=Findings)
    broken: tuple[int, str] | None = None


def judge_chunk(sealed: SealedChunk, wanted: frozenset[int]) -> Judged:
    """Judge one chunk; `wanted` are the sizes of the log whose roots are asked for."""
    chunk = sealed()
    judged = Judged(broken=chunk.broken)
    commitments = _judge_entries(chunk, wanted, judged)
    for sentence in chunk.wrong_details:
        judged.wrong_details.add(sentence)
    _judge_details(chunk, commitments, judged)
    return judged


class InOrder(Generic[Item]):
    """Things that belong to leaves, handed out chunk by chunk."""

    def __init__(self, items: Iterator[Item], leaf_of: Callable[[Item], int | None]) -> None:
        self._items = items
        self._leaf_of = leaf_of
        self._waiting = next(items, None)

    def below(self, stop: int) -> list[Item]:
        """Return what comes next and belongs below leaf `stop`, or to no leaf that can be told."""
        found: list[Item] = []
        while self._waiting is not None:
            leaf = self._leaf_of(self._waiting)
            if leaf is not None and leaf >= stop:
                break
            found.append(self._waiting)
            self._waiting = next(self._items, None)
        return found

    def rest(self) -> list[Item]:
        """Return the first thing that belongs below no `stop` so far, if there is one."""
        return [] if self._waiting is None else [self._waiting]


def _judge_entries(chunk: Chunk, wanted: frozenset[int], judged: Judged) -> list[str | None]:
    commitments: list[str | None] = []
    frontier, extend, leaf = judged.frontier, merkle.extend_frontier, chunk.first
    for size, (body, stated) in enumerate(zip(chunk.bodies, chunk.hashes, strict=True)):
        hashed = sha256(b"\x00" + body).digest()
        if hashed != stated:
            judged.wrong_bytes.add(f"leaf {leaf} does not have the hash that is stated for it: it was altered.")
        extend(frontier, size, hashed)
        leaf += 1
        if leaf in wanted:
            judged.marks[leaf] = tuple(frontier)
        try:
            time, commitment = _time_and_commitment(body)
        except (ValueError, RecursionError):
            judged.wrong_order.add(f"leaf {leaf - 1} is not an entry of version 1.")
            time, commitment = NO_TIME, None
        judged.times.append(time)
        commitments.append(commitment)
    judged.size = len(commitments)
    judged.committed = len(commitments) - commitments.count(None)
    return commitments


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Of two values under one name, two readers could each believe another one.
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_number)


def _time_and_commitment(body: bytes) -> tuple[int, str | None]:
    """Read an entry of version 1, strictly; raises ValueError or RecursionError for anything else."""
    text = body.decode()
    fields, end = _DECODER.raw_decode(text)
    if (
        end != len(text)
        or type(fields) is not dict
        or tuple(fields) != _NAMES
        or tuple(map(type, fields.values())) not in _SHAPES
        or fields["v"] != 1
        or not NO_TIME < fields["at"] < -NO_TIME
    ):
        raise ValueError("not an entry of version 1")
    return fields["at"], fields["commitment"]


def _judge_details(chunk: Chunk, commitments: Sequence[str | None], judged: Judged) -> None:
    last = chunk.first - 1
    for found in chunk.details:
        place = found.leaf - chunk.first
        if found.leaf <= last:
            judged.wrong_details.add(f"the details of leaf {found.leaf} are there twice or out of order.")
        elif place >= len(commitments):
            judged.wrong_details.add(f"there are details for leaf {found.leaf}, which is not in the log.")
        elif len(found.nonce) != NONCE_BYTES or sha256(found.nonce + found.details).hexdigest() != commitments[place]:
            judged.wrong_details.add(f"the details of leaf {found.leaf} are not those that it commits to.")
        judged.present += 1
        last = max(last, found.leaf)
