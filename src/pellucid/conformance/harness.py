"""What an engine's tests hand to the conformance suite: a way to open it over rows, and its dialect's statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pellucid.engines.base import Engine, Statement

DATASET = "visits"
MEETINGS = "meetings"
NAMESPACE = "people"
PURPOSE = "planning"


@dataclass(frozen=True, slots=True)
class Visit:
    """A row of the suite's dataset: whose it is (None: unresolved), when (UTC µs), and a text nobody may see."""

    subject: int | None
    at: int = 0
    secret: str = "nothing"  # noqa: S105 -- a row's text


@dataclass(frozen=True, slots=True)
class Meeting:
    """A row about two people of the suite's namespace, both of whom must be permitted; `at` as in a visit."""

    host: int | None
    guest: int | None
    at: int = 0


class Harness(Protocol):
    """One engine under test. Statements come back as the rewrite would generate them for this engine's dialect."""

    def open(self, visits: Sequence[Visit], meetings: Sequence[Meeting] = ()) -> Engine:
        """Open an engine over one generation of DATASET, and one of MEETINGS if there are any, rows in this order."""

    def count(self, name: str = "count", *, purpose: str = PURPOSE, sensitive: bool = False) -> Statement:
        """Count the visits that may be read for a purpose, as one BIGINT column `rows`; sensitive: as if all were."""

    def count_meetings(self) -> Statement:
        """Count the meetings that may be read for PURPOSE, likewise."""

    def endless(self) -> Statement:
        """Return a statement that takes minutes at least."""

    def greedy(self) -> Statement:
        """Return a statement that needs more memory than the engine was given."""

    def quoting(self) -> Statement:
        """Return a statement whose failure makes the engine quote `secret` of a row, and which does not hold it."""

    def wrong(self) -> Sequence[Statement]:
        """Return statements that no rewrite makes: several at once, definitions, writes, unknown tables."""
