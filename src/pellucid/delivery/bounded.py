"""A connection whose every byte counts against one time and one length, however slowly it trickles in."""

from __future__ import annotations

import io
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Bounded(io.RawIOBase):
    """A connection as `http.client` uses one: all until an instant of `time.monotonic`, and `most` bytes of answer.

    Whoever opened the connection closes it.
    """

    def __init__(self, stream: socket.socket, until: float, most: int) -> None:
        self._stream, self._until, self._left = stream, until, most

    def sendall(self, data: bytes) -> None:
        """Send all of it; raises TimeoutError."""
        self._stream.settimeout(left(self._until))
        self._stream.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what reads the answer."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read what is there; nothing once all is read that may be. Raises TimeoutError."""
        if self._left == 0:
            return 0
        self._stream.settimeout(left(self._until))
        count = self._stream.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def close(self) -> None:
        """Stay open: the library closes before it has read."""


def left(until: float) -> float:
    """Return the seconds that are left; raises TimeoutError for none."""
    found = until - time.monotonic()
    if found <= 0:
        raise TimeoutError
    return found
