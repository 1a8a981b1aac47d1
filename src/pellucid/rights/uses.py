"""What a package tells of how a person's data were used; the story that reads it from the log is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pellucid.policy.model import Policy
from pellucid.subjects.links import Identity


@dataclass(frozen=True, slots=True)
class UsesTold:
    """Two tables, of answers and of entries about the person alone; rows come one by one, and are read once.

    `totals` sums up the answers, and `left_out` counts those that the person's own no kept their rows out of, once
    all answers were read.
    """

    columns: Sequence[str]
    answers: Iterable[tuple[str, ...]]
    lookup_columns: Sequence[str]
    lookups: Iterable[tuple[str, ...]]
    totals: Callable[[], list[dict[str, object]]]
    left_out: Callable[[], int]


UsesOf = Callable[[Connection, Policy, Mapping[Identity, str]], UsesTold]
"""Tells, in the caller's read transaction, of a person whose identities have these pseudonyms."""
