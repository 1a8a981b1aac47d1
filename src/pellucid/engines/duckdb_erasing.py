"""A generation written anew without some people's rows or values, in the same order, and proof that only they went.

Who goes, and what is kept by law, is decided by the caller; what is left of them is searched for by `duckdb_absence`.
"""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own; ids and instants are numbers

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pellucid.engines.duckdb_casts import literal, quoted
from pellucid.engines.duckdb_layout import rows_a_block, write_placed
from pellucid.engines.duckdb_moving import Moved, Runs
from pellucid.engines.duckdb_private import EngineLimits, PrivateEngine, quietly
from pellucid.engines.duckdb_ranks import write_rule
from pellucid.engines.duckdb_writing import ROWS, Written, finish_generation, subject_columns
from pellucid.engines.members import WORD
from pellucid.errors import DataRefused
from pellucid.policy.model import Dataset
from pellucid.policy.ranks import rank_columns

Ids = NDArray[np.int64]
PART = 1_000_000
"""Rows whose places are read, and given, at a time."""
PLACED = "_to_block AS _block, _to_word AS _word, _to_bit AS _bit"


@dataclass(frozen=True, slots=True)
class Cut:
    """What goes from a dataset. Instants are UTC µs; ids are by namespace, ascending.

    Of the `erased`, all rows; but rows from `kept_from` on where a law has them kept, and those that are about the
    `held` too. Of everybody but the `exempt`, rows from before `kept_since`, and the values of the columns `emptied` in
    rows from before the instant given.
    """

    erased: Mapping[str, Ids] = field(default_factory=dict)
    kept_from: int | None = None
    kept_since: int | None = None
    emptied: Mapping[str, int] = field(default_factory=dict)
    exempt: Mapping[str, Ids] = field(default_factory=dict)
    held: Mapping[str, Ids] = field(default_factory=dict)

    @property
    def by_people(self) -> bool:
        """Whether people go as a whole and nothing else does."""
        return self.kept_from is None and self.kept_since is None and not self.emptied


@dataclass(frozen=True, slots=True)
class Counted:
    """What a cut would take: rows of the erased, of them rows that are about others too, rows too old, rows of the
    erased that stay because a law has them kept, or because they are about the held too, and how many values of each
    column are emptied.
    """

    erased: int
    shared: int
    outdated: int
    kept: int
    held: int = 0
    by_column: Mapping[str, int] = field(default_factory=dict)

    @property
    def emptied(self) -> int:
        """How many values are emptied in all."""
        return sum(self.by_column.values())


class Erase:
    """One rewriting of a generation file, as a context manager: `count`, then `write`, `only_those`, `finish`."""

    def __init__(self, dataset: Dataset, held: Path, limits: EngineLimits, cut: Cut) -> None:
        self._dataset = dataset
        self._cut = cut
        self._held = held
        self._paths = list(zip(subject_columns(dataset), (path.namespace for path in dataset.subjects), strict=True))
        self._columns = [*(quoted(name) for name in dataset.columns), *rank_columns(dataset)]
        self._engine = PrivateEngine(limits)

    def __enter__(self) -> Erase:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.close()

    def count(self) -> Counted:
        """Return what would go; changes nothing. Raises DataRefused."""
        with quietly("The rows of those who are erased could not be counted."):
            source = self._source()
            gone, kept = self._goes(), self._is_kept()
            together = " AND ".join(self._among(column, name, "erased") for column, name in self._paths)
            alone = together if len(self._paths) > 1 else "TRUE"
            outdated = self._is_outdated()
            counted = [
                f"{gone} AND NOT {kept}",
                f"{gone} AND NOT {kept} AND NOT ({alone})",
                f"{outdated} AND NOT {gone}",
                f"{gone} AND {kept}",
                f"{self._any('erased')} AND {self._any('held')}",
                *(f"{each} AND NOT {gone} AND NOT {outdated}" for each in self._values_to_empty()),
            ]
            told = ", ".join(f"count(*) FILTER ({each})" for each in counted)
            (found,) = self._engine.run(f"SELECT {told} FROM {source}")
            erased, shared, old, stay, held, *values = (int(each) for each in found)
            return Counted(erased, shared, old, stay, held, dict(zip(self._cut.emptied, values, strict=True)))

    def write(self, target: Path) -> Written:
        """Write what stays to a new file, in the order it has. Raises DataRefused if that cannot be done."""
        with quietly("The generation could not be written anew.", writing=True):
            source = self._source()
            self._engine.run(f"ATTACH {literal(str(target))} AS target")
            if self._cut.by_people:
                self._write_members(source)
            else:
                self._write_rows(source)
            write_rule(self._engine.run, "target.main", self._dataset)
            self._engine.run("CHECKPOINT target")
            count = self._engine.number(f"SELECT count(*) FROM {ROWS}")
            self._demand_places(count)
            ids = (f"SELECT DISTINCT {name} FROM target.main.members ORDER BY 1" for name, _ in self._paths)
            return Written(count, tuple(self._engine.column(each) for each in ids))

    def only_those(self) -> bool:
        """Return whether the written rows are those held but for what was to go, each as often and with their values.

        What was to go is told in another way than when it was written: by joins, not by bits.
        """
        with quietly("The rows could not be compared with those held."):
            named = [*self._columns, *(column for column, _ in self._paths)]
            rows = f"SELECT {', '.join(self._values())} FROM {self._source()} WHERE {self._stays(joined=True)}"
            return self._fingerprint(f"({rows})", named) == self._fingerprint(ROWS, named)

    def finish(self, target: Path) -> None:
        """Detach the written file, make it read-only (0444) and durable."""
        finish_generation(self._engine, target)

    # -- which rows ----------------------------------------------------------------------------------------------------

    def _source(self) -> str:
        source = self._engine.attach(self._held)
        for kind in ("erased", "exempt", "held"):
            for namespace in {namespace for _, namespace in self._paths}:
                found = self._ids(kind, namespace)
                self._engine.offer(self._name(kind, namespace), pa.table({"id": pa.array(found, pa.int64())}))
                self._engine.run(f"SET VARIABLE {self._name(kind, namespace)} = {_bits(found)}")
        return source

    def _ids(self, kind: str, namespace: str) -> Ids:
        among: Mapping[str, Ids] = getattr(self._cut, kind)
        return among.get(namespace, np.zeros(0, np.int64))

    def _name(self, kind: str, namespace: str) -> str:
        return f"{kind}{[name for _, name in self._paths].index(namespace)}"

    def _stays(self, *, joined: bool = False) -> str:
        gone = f"({self._goes(joined=joined)} AND NOT {self._is_kept()})"
        return f"NOT ({gone} OR {self._is_outdated(joined=joined)})"

    def _goes(self, *, joined: bool = False) -> str:
        erased = self._any("erased", joined=joined)
        return f"({erased} AND NOT {self._any('held', joined=joined)})" if self._cut.held else erased

    def _any(self, kind: str, *, joined: bool = False) -> str:
        """Return whether a row is about any of these people."""
        return f"({' OR '.join(self._among(column, name, kind, joined=joined) for column, name in self._paths)})"

    def _is_kept(self) -> str:
        if self._cut.kept_from is None:
            return "FALSE"
        return f"({self._instant()} >= {self._cut.kept_from:d})"

    def _is_outdated(self, *, joined: bool = False) -> str:
        if self._cut.kept_since is None:
            return "FALSE"
        return f"({self._instant()} < {self._cut.kept_since:d} AND NOT {self._any('exempt', joined=joined)})"

    def _among(self, column: str, namespace: str, kind: str, *, joined: bool = False) -> str:
        ids = self._ids(kind, namespace)
        if not len(ids):
            return "FALSE"
        if joined:
            return f"({column} IN (SELECT id FROM {self._name(kind, namespace)}))"
        # A join would lose the order of the rows, and cost more; the bits are one constant.
        bits = f"getvariable({literal(self._name(kind, namespace))})"
        return f"(CASE WHEN {column} <= {int(ids[-1]):d} THEN get_bit({bits}, {column}) = 1 ELSE FALSE END)"

    def _instant(self) -> str:
        return f"epoch_us(CAST({quoted(self._dataset.time or '')} AS TIMESTAMP))"

    def _values(self) -> list[str]:
        """Return the columns as they are written, with what is emptied as NULL."""
        exempt = self._any("exempt")
        found = []
        for name in self._columns:
            limit = next((at for column, at in self._cut.emptied.items() if quoted(column) == name), None)
            old = None if limit is None else f"{self._instant()} < {limit:d} AND NOT {exempt}"
            found.append(name if old is None else f"CASE WHEN {old} THEN NULL ELSE {name} END AS {name}")
        return [*found, *(column for column, _ in self._paths)]

    def _values_to_empty(self) -> list[str]:
        return [
            f"{quoted(name)} IS NOT NULL AND {self._instant()} < {at:d} AND NOT {self._any('exempt')}"
            for name, at in self._cut.emptied.items()
        ]

    # -- writing -------------------------------------------------------------------------------------------------------

    def _write_rows(self, source: str) -> None:
        """Write row by row: what goes is no whole member, so that the engine's windows have to place the rows."""
        size = self._engine.number(f"SELECT count(*) FROM {source} WHERE {self._stays()}")
        rows = f"SELECT {', '.join(self._values())} FROM {source} WHERE {self._stays()}"
        namespaces = [namespace for _, namespace in self._paths]
        write_placed(self._engine.run, "target.main", rows, self._columns, namespaces, size)

    def _write_members(self, source: str) -> None:
        runs, members = Runs.read(self._places(source)), self._members(source)
        known = members.column("_was").to_numpy()
        which = np.minimum(np.searchsorted(known, runs.keys), max(len(known) - 1, 0))
        stays = ~members.column("_goes").to_numpy()[which]
        moved = Moved(runs, stays, rows_a_block(int(runs.sizes()[stays].sum())))
        subjects = [column for column, _ in self._paths]
        rows = f"SELECT {', '.join([*self._columns, *subjects])}, {PLACED} FROM {source} POSITIONAL JOIN places"
        # The nth row's place is the nth: a function that looks it up costs more than all else that copying does.
        self._engine.offer("places", moved.batches(PART))
        self._engine.run(f"CREATE TABLE {ROWS} AS {rows} WHERE {self._stays()}")
        theirs = members.select(subjects).take(pa.array(which[moved.of]))
        for name in subjects:
            moved.members = moved.members.append_column(name, theirs.column(name))
        self._engine.offer("moved", moved.members)
        self._engine.run(f"CREATE TABLE target.main.members AS SELECT {PLACED}, {', '.join(subjects)} FROM moved")
        paths = source.removesuffix(".rows") + ".subject_paths"
        self._engine.run(f"CREATE TABLE target.main.subject_paths AS SELECT * FROM {paths} ORDER BY position")

    def _places(self, source: str) -> Iterator[tuple[NDArray[np.int32], NDArray[np.uint8]]]:
        for batch in self._engine.batches(f"SELECT _word, _bit FROM {source}", PART):
            yield batch.column(0).to_numpy(), batch.column(1).to_numpy()

    def _members(self, source: str) -> pa.Table:
        """Return the key of each member held, its subjects, and whether it goes, in the order of keys."""
        told = [f"CAST(_word AS BIGINT) * {WORD} + _bit AS _was", *(column for column, _ in self._paths)]
        told.append(f"coalesce({self._goes(joined=True)}, FALSE) AS _goes")
        return self._engine.table(f"SELECT {', '.join(told)} FROM {source.removesuffix('.rows')}.members ORDER BY _was")

    def _demand_places(self, count: int) -> None:
        """Raise DataRefused unless each row stands in its block, where a member with its subjects does.

        Every member has a place of its own, and as many rows as were given to it.
        """
        row = f"CAST(hash(_block, _word, _bit, {', '.join(column for column, _ in self._paths)}) AS HUGEINT)"
        misplaced = f"count(*) FILTER (_block IS DISTINCT FROM rowid // {rows_a_block(count)})"
        ((wrong, stand),) = self._engine.run(f"SELECT {misplaced}, coalesce(sum({row}), 0) FROM {ROWS}")
        members = self._engine.table(f"SELECT CAST(_word AS BIGINT) * {WORD} + _bit AS place FROM target.main.members")
        own = (np.diff(members.column("place").to_numpy(), prepend=-1) > 0).all()
        if self._cut.by_people:  # otherwise the members were told from the rows as written
            given = "JOIN (SELECT _to_word, _to_bit, _rows FROM moved) ON _to_word = _word AND _to_bit = _bit"
            should = f"SELECT coalesce(sum({row} * _rows), 0) FROM target.main.members {given}"
            own &= stand == self._engine.number(should)
        if wrong or not own:
            raise DataRefused(
                "Rows would have been stored in a place that is not theirs, so nothing was published.",
                remedy="Run the command again; if this returns, report it.",
                code="layout-wrong",
            )

    def _fingerprint(self, table: str, columns: list[str]) -> tuple[int, int, int]:
        row = ", ".join(columns)
        ((rows, one, other),) = self._engine.run(
            f"SELECT count(*), coalesce(sum(hash({row})), 0), coalesce(bit_xor(hash({row})), 0) FROM {table}"
        )
        return int(rows), int(one), int(other)


def _bits(ids: Ids) -> str:
    """Return an expression for a bit string in which the bits of these ids are set."""
    flags = np.zeros(int(ids[-1]) + 1 if len(ids) else 1, np.uint8)
    flags[ids] = 1
    return f"CAST('{(flags + ord('0')).tobytes().decode('ascii')}' AS BIT)"
