"""How one person's data were used, as far as it can be known: from the log, its lineage, and who had rows in what.

The log never says whom an answer counted. A use is told if it read data in which the person had rows, unless their own
no stood then: they could have been counted. Nothing is told of anybody else but how many there are, in bands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, LargeBinary, and_, func, or_, select

from pellucid.policy.model import Policy
from pellucid.records.tables import consent_records, generation_subjects
from pellucid.subjects.links import Identity
from pellucid.transparency.own_no import OwnNo
from pellucid.transparency.use_entry import CHOICES, FEED, OVER_DATA, REFUSED
from pellucid.transparency.use_index import Row, UseIndex


class Known(StrEnum):
    """How much is known of whether somebody's data were in a use."""

    WERE = "were"
    COULD = "could"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UseKind:
    """What one person is told of a kind of use: which data and columns of theirs, and what is known of it."""

    told: Mapping[str, Any]
    datasets: tuple[str, ...]
    columns: tuple[str, ...]
    known: Known


@dataclass(frozen=True, slots=True)
class _Said:
    """Where something the person said stands in the feed, about which purpose (None: all), and since when."""

    sequence: int
    namespace: str
    purpose: str | None
    at: int


@dataclass
class Uses:
    """Reads the index for one person, from `since` (UTC µs) on, of all purposes or one.

    `left_out` counts what their no kept them out of.
    """

    index: UseIndex
    policy: Policy
    pseudonyms: Mapping[Identity, str]
    since: int = 0
    left_out: int = 0
    purpose: str | None = None
    _pairs: dict[int, UseKind] = field(default_factory=dict)

    @property
    def connection(self) -> Connection:
        """The transaction that all is read in."""
        return self.index.connection

    @property
    def identities(self) -> tuple[Identity, ...]:
        """Who they are: all identities that are certainly theirs."""
        return tuple(self.pseudonyms)

    def of_data(self) -> Iterator[tuple[Row, UseKind]]:
        """Yield the uses of data in which the person could have been counted, the oldest first."""
        kinds = {pair: kind for pair in self._pairs_of(OVER_DATA) if (kind := self._kind(pair)) is not None}
        no, pairs, grounds = (
            OwnNo.of(self.connection, self.policy, self.identities),
            self.index.pairs,
            self.index.grounds,
        )
        for row in sorted(self.index.of_pairs(kinds, self.since)):
            kind = kinds[row.pair]
            if no.said and no.stood(kind.told["purpose"], grounds[pairs[row.pair][1]], row.as_of, row.register):
                self.left_out += 1
            else:
                yield row, kind

    def refused(self) -> Iterator[tuple[Row, Mapping[str, Any]]]:
        """Yield the uses that were refused before any data were touched: nobody's were in them."""
        for row in self.index.of_pairs(self._pairs_of({REFUSED}), self.since):
            yield row, self._told(row.pair)

    def choices(self) -> Iterator[tuple[Row, UseKind]]:
        """Yield when what the person said was handed out, in the feed of changes or in a file."""
        said = self._said()
        if not said:
            return
        for row in self.index.of_pairs(self._pairs_of(CHOICES), self.since):
            told = self._told(row.pair)
            known = _in_feed(said, row) if told["action"] == FEED else _in_file(said, row, told)
            if known is not None:
                yield row, UseKind(told, (), (), known)

    def looked_up(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the entries about the person alone, each with its place in the log."""
        found = self.index.about(list(self.pseudonyms.values()), self.since)
        return ((leaf, entry) for leaf, entry in found if self.purpose in (None, entry["purpose"]))

    def _pairs_of(self, actions: set[str] | frozenset[str]) -> list[int]:
        kinds = {
            number
            for number, told in self.index.kinds.items()
            if told["action"] in actions and self.purpose in (None, told["purpose"])
        }
        return [pair for pair, (kind, _) in self.index.pairs.items() if kind in kinds]

    def _told(self, pair: int) -> Mapping[str, Any]:
        return self.index.kinds[self.index.pairs[pair][0]]

    def _kind(self, pair: int) -> UseKind | None:
        """Return what the person is told of a kind of use on its ground; None if they had no rows there."""
        told, ground = self._told(pair), self.index.grounds[self.index.pairs[pair][1]]
        had = {
            name: self._had_rows(name, ground.get("generations", {}).get(name))
            for name in told["datasets"]
            if not self._is_public(name)
        }
        theirs = tuple(name for name, found in had.items() if found is not False)
        if not theirs:
            return None
        columns = tuple(each for each in told["columns"] if each.partition(".")[0] in theirs)
        return UseKind(told, theirs, columns, Known.COULD if any(had.values()) else Known.UNKNOWN)

    def _had_rows(self, dataset: str, generation: int | None) -> bool | None:
        """Return whether the person had rows in the data that were read; None where that is no longer known."""
        return None if generation is None else self._present.get((dataset, generation))

    @cached_property
    def _present(self) -> dict[tuple[str, int], bool]:
        """By dataset and generation still known: whether the person has rows in it. One byte of each is read."""
        columns = generation_subjects.c
        known = select(columns.dataset, columns.generation).distinct()
        found = {(row.dataset, row.generation): False for row in self.connection.execute(known)}
        for space, subject in self.identities:
            byte = func.substr(columns.bits, subject // 8 + 1, 1, type_=LargeBinary).label("byte")
            held = select(columns.dataset, columns.generation, byte).where(
                columns.namespace == space, columns.size > subject
            )
            for row in self.connection.execute(held):
                if bytes(row.byte)[0] >> subject % 8 & 1:
                    found[row.dataset, row.generation] = True
        return found

    def _said(self) -> list[_Said]:
        columns = consent_records.c
        whose = or_(*(and_(columns.namespace == space, columns.subject == each) for space, each in self.identities))
        wanted = select(columns.sequence, columns.namespace, columns.purpose, columns.at, columns.recorded_at)
        rows = self.connection.execute(wanted.where(whose).order_by(columns.sequence))
        return [_Said(row.sequence, row.namespace, row.purpose, row.recorded_at or row.at) for row in rows]

    def _is_public(self, dataset: str) -> bool:
        return dataset in self.policy.datasets and self.policy.datasets[dataset].is_public


def _in_feed(said: Sequence[_Said], row: Row) -> Known | None:
    """Return whether a page of the feed held something they said: it holds all that lies between its two places."""
    if row.after is None or row.until is None:
        return None
    places = [each.sequence for each in said]
    return Known.WERE if bisect_right(places, row.until) > bisect_right(places, row.after) else None


def _in_file(said: Sequence[_Said], row: Row, told: Mapping[str, Any]) -> Known | None:
    """Return whether a file may have held something they said: it had been said by then."""
    spaces, purpose = told["namespaces"], told["purpose"]
    held = (
        each.at <= row.at and each.namespace in spaces and (purpose is None or each.purpose in (None, purpose))
        for each in said
    )
    return Known.COULD if any(held) else None
