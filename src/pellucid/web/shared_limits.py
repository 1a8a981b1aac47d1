"""Token buckets that several processes of one machine share, so that a limit holds in total and not for each.

A file that every worker maps: slots of a key's digest, a level and an instant. The digests are keyed anew at each
start: the file tells no address and no token, and nobody can choose keys that fall together. A lock of the system keeps
processes apart, and is let go when a process dies; one of Python's keeps threads apart.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

SETS, WAYS = 4_096, 4
"""Where a key may stand: in one of the few slots of its set, so that looking never takes long."""
_KEY_BYTES, _DIGEST_BYTES = 32, 8
_SLOT = struct.Struct("=8sdd")


def make_file(path: Path) -> None:
    """Make the file of a kind of buckets, readable by its owner only; all buckets are full."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_KEY_BYTES))
        os.ftruncate(descriptor, _KEY_BYTES + SETS * WAYS * _SLOT.size)
    finally:
        os.close(descriptor)


class SharedBuckets:
    """A bucket for each key, as `limits.Buckets`, in a file of `make_file`.

    The clock of `time.monotonic` is the same for all processes of a machine.
    """

    def __init__(self, rate: float, size: float, path: Path) -> None:
        self._rate = rate
        self._size = max(1.0, size)
        self._guard = threading.Lock()
        self._descriptor = os.open(path, os.O_RDWR)
        self._held = mmap.mmap(self._descriptor, 0)
        self._key = bytes(self._held[:_KEY_BYTES])

    def take(self, key: str) -> float:
        """Take one and return 0; or, if there is none, return the seconds until there will be."""
        digest, place = self._place_of(key)
        with self._alone(place):
            now = time.monotonic()
            slot, level = self._find(digest, place, now)
            if level < 1.0:
                return (1.0 - level) / self._rate
            _SLOT.pack_into(self._held, slot, digest, level - 1.0, now)
            return 0.0

    def wait(self, key: str) -> float:
        """Return the seconds until there is one to take, without taking it."""
        digest, place = self._place_of(key)
        with self._alone(place):
            return max(0.0, (1.0 - self._find(digest, place, time.monotonic())[1]) / self._rate)

    def close(self) -> None:
        """Let go of the file."""
        self._held.close()
        os.close(self._descriptor)

    def _place_of(self, key: str) -> tuple[bytes, int]:
        digest = blake2b(key.encode("utf-8", "surrogatepass"), key=self._key, digest_size=_DIGEST_BYTES).digest()
        return digest, _KEY_BYTES + int.from_bytes(digest, "big") % SETS * WAYS * _SLOT.size

    @contextmanager
    def _alone(self, place: int) -> Iterator[None]:
        """Keep others out of one set of slots. A process's own threads are not kept out by its lock on a file."""
        with self._guard:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX, WAYS * _SLOT.size, place)
            try:
                yield
            finally:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, WAYS * _SLOT.size, place)

    def _find(self, digest: bytes, place: int, now: float) -> tuple[int, float]:
        """Return the slot of a key with its level; for one that has none, the one that says least, and a full level."""
        least, fullest = place, -1.0
        for slot in range(place, place + WAYS * _SLOT.size, _SLOT.size):
            held, level, at = _SLOT.unpack_from(self._held, slot)
            level = min(self._size, level + (now - at) * self._rate) if any(held) else self._size
            if held == digest:
                return slot, level
            if level > fullest:
                least, fullest = slot, level
        return least, self._size
