"""Judging the chunks of a long log in several processes; a short log is judged in this one, which takes less time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing import get_context

from pellucid.audit.chunk import Judged, SealedChunk
from pellucid.audit.verify import Judge, Spread
from pellucid.errors import VerificationFailed

FEW = 6
"""Chunks that are judged here before other processes are started."""


def over_processes(processes: int) -> Spread:
    """Return a way to judge chunks in so many processes, at most a few chunks ahead of what was taken.

    The processes are started anew (`spawn`), so a program that verifies with more than one has to guard its main
    module. Raises VerificationFailed if one of them is ended from outside.
    """

    def spread(judge: Judge, chunks: Iterable[SealedChunk]) -> Iterator[Judged]:
        rest = iter(chunks)
        yield from map(judge, islice(rest, FEW))
        following = next(rest, None)
        if following is None:
            return
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            try:
                yield from _in_order(pool, judge, chain((following,), rest), 2 * processes)
            except BrokenProcessPool:
                raise VerificationFailed(
                    "A process that was judging entries was ended, so nothing is established.",
                    remedy="Look whether memory ran out, then verify again.",
                    code="verification-stopped",
                ) from None

    return map if processes < 2 else spread


def _in_order(pool: Executor, judge: Judge, chunks: Iterable[SealedChunk], ahead: int) -> Iterator[Judged]:
    waiting: deque[Future[Judged]] = deque()
    try:
        for chunk in chunks:
            waiting.append(pool.submit(judge, chunk))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
