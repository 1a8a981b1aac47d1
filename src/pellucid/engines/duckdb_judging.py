"""Judging staged rows: each gets its typed values, its subjects' natural keys and at most one finding, in `judged`.

A row with a finding is rejected. The first finding in a fixed order counts: column by column in declared order, then
time, then subjects, then keys. A key counts as repeated even where its other row is rejected for something else: which
of the two was meant cannot be told. Nothing is published or written here.
"""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own; values from files are never text

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pellucid.engines.duckdb_casts import Check, cast, quoted
from pellucid.engines.duckdb_private import PrivateEngine
from pellucid.policy.model import ColumnType, Dataset, SubjectPath
from pellucid.records.columns import LONGEST_KEY

EARLIEST_BIRTH = 1880
"""Nobody alive was born before it; such a year is a placeholder or a slip."""


@dataclass(frozen=True, slots=True)
class TimeRules:
    """Instants (UTC µs) a row's time must lie between; `kept_from` is where retention begins, if it ends anywhere."""

    earliest: int
    latest: int
    kept_from: int | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The generation that rows are added to, if any, and for each subject path the file of each dataset on its way."""

    held: Path | None
    hops: Sequence[Mapping[str, Path]]


class Judgement:
    """Judges the staged rows of a dataset, once; `findings` are then all checks made, by their number."""

    def __init__(self, engine: PrivateEngine, dataset: Dataset, types: Mapping[str, str]) -> None:
        self.findings: list[Check] = []
        self._engine = engine
        self._dataset = dataset
        self._types = types
        self._positions = {name: position for position, name in enumerate(dataset.columns)}

    def judge(self, time: TimeRules, around: Surroundings) -> None:
        """Make the table `judged`: `_row`, `v0`, `v1`, ..., `_key0`, ..., and `_finding` (NULL for accepted rows)."""
        self._cast_rows(time)
        self._join_paths(around.hops)
        self._settle(around.held)

    def _cast_rows(self, time: TimeRules) -> None:
        values = []
        required = _required(self._dataset)
        for name, position in self._positions.items():
            column = self._dataset.columns[name]
            made = cast(column, position, self._types[name], required=not column.nullable or name in required)
            values.append(f"{made.value} AS v{position}")
            self.findings += made.checks
        self.findings += [*birth_checks(self._dataset, self._positions, time.latest), *self._time_checks(time)]
        branches = " ".join(f"WHEN {finding.condition} THEN {n}" for n, finding in enumerate(self.findings))
        kept = ", ".join(f"v{position}" for position in self._positions.values())
        self._engine.run(
            f"CREATE TABLE checked AS SELECT _row, {kept}, CASE {branches} END AS _finding "
            f"FROM (SELECT *, {', '.join(values)} FROM staged)"
        )
        self._engine.run("DROP TABLE staged")

    def _time_checks(self, time: TimeRules) -> Iterator[Check]:
        name = self._dataset.time
        if name is None:
            return
        instant = f"epoch_us(CAST(v{self._positions[name]} AS TIMESTAMP))"
        yield Check(f"{instant} < {time.earliest:d}", "out-of-range", name)
        yield Check(f"{instant} > {time.latest:d}", "future", name)
        if time.kept_from is not None:
            yield Check(f"{instant} < {time.kept_from:d}", "past-retention", name)

    def _join_paths(self, hops: Sequence[Mapping[str, Path]]) -> None:
        for number, path in enumerate(self._dataset.subjects):
            if path.via:
                tables = [self._engine.attach(hops[number][hop.dataset]) for hop in path.via]
                self._engine.run(f"CREATE TABLE path{number} AS {_path_statement(path, tables)}")

    def _settle(self, held: Path | None) -> None:
        keys, joins, branches = [], [], []
        for number, path in enumerate(self._dataset.subjects):
            start = path.via[0].column if path.via else path.column
            reached = f"CAST(checked.v{self._positions[start]} AS VARCHAR)"
            if path.via:
                joins.append(f"LEFT JOIN path{number} ON path{number}.start = {reached}")
                reached = f"path{number}.subject"
            keys.append(f", {reached} AS _key{number}")
            unusable = f"{reached} IS NULL OR {reached} = '' OR contains({reached}, chr(0))"
            unusable += f" OR strlen({reached}) > {LONGEST_KEY}"
            branches.append(self._branch(unusable, "unresolved-subject" if path.via else "no-subject", start))
        for number, (reason, source) in enumerate(self._repetitions(held)):
            self._engine.run(f"CREATE TABLE repeated{number} AS {source}")
            joins.append(f"LEFT JOIN repeated{number} ON {self._same_key(f'repeated{number}')}")
            branches.append(self._branch(f"repeated{number}.found", reason, ", ".join(self._dataset.key)))
        decided = f"CASE WHEN _finding IS NOT NULL THEN _finding {' '.join(branches)} END"
        self._engine.run(
            f"CREATE TABLE judged AS SELECT checked.* EXCLUDE (_finding){''.join(keys)}, {decided} AS _finding "
            f"FROM checked {' '.join(joins)}"
        )
        self._engine.run("DROP TABLE checked")

    def _repetitions(self, held: Path | None) -> Iterator[tuple[str, str]]:
        if not self._dataset.key:
            return
        places = [self._positions[name] for name in self._dataset.key]
        values = ", ".join(f"v{place}" for place in places)
        present = " AND ".join(f"v{place} IS NOT NULL" for place in places)
        yield (
            "duplicate-key",
            f"SELECT {values}, TRUE AS found FROM checked WHERE {present} GROUP BY {values} HAVING count(*) > 1",
        )
        if held is not None:
            columns = ", ".join(f"{quoted(name)} AS v{self._positions[name]}" for name in self._dataset.key)
            yield "already-held", f"SELECT DISTINCT {columns}, TRUE AS found FROM {self._engine.attach(held)}"

    def _same_key(self, table: str) -> str:
        places = [self._positions[name] for name in self._dataset.key]
        return " AND ".join(f"checked.v{place} = {table}.v{place}" for place in places)

    def _branch(self, condition: str, reason: str, column: str) -> str:
        self.findings.append(Check(condition, reason, column))
        return f"WHEN {condition} THEN {len(self.findings) - 1}"


def birth_checks(dataset: Dataset, positions: Mapping[str, int], latest: int) -> Iterator[Check]:
    """Give the checks of the year of birth, if the dataset tells it: it lies before `latest` (UTC µs)."""
    born = dataset.birth_year_column
    if born is None:
        return
    year = f"v{positions[born]}"
    if dataset.columns[born].type is not ColumnType.INTEGER:
        year = f"year({year})"
    yield Check(f"{year} NOT BETWEEN {EARLIEST_BIRTH} AND year(make_timestamp({latest:d}))", "out-of-range", born)


def _required(dataset: Dataset) -> frozenset[str]:
    """Return the columns that are never NULL, whatever is declared: without its time a row has no end of retention."""
    direct = {path.column for path in dataset.subjects if not path.via}
    return frozenset({*dataset.key, *direct, *([dataset.time] if dataset.time else [])})


def _path_statement(path: SubjectPath, tables: Sequence[str]) -> str:
    """Return the query from the first hop's key to the natural key; keys that lead to several subjects lead nowhere."""
    hops = path.via
    joined = f"{tables[0]} AS h0"
    for step in range(1, len(hops)):
        left = f"CAST(h{step - 1}.{quoted(hops[step].column)} AS VARCHAR)"
        joined += f" JOIN {tables[step]} AS h{step} ON {left} = CAST(h{step}.{quoted(hops[step].key)} AS VARCHAR)"
    start = f"CAST(h0.{quoted(hops[0].key)} AS VARCHAR)"
    subject = f"CAST(h{len(hops) - 1}.{quoted(path.column)} AS VARCHAR)"
    one = f"GROUP BY 1 HAVING count(DISTINCT {subject}) = 1"
    return f"SELECT {start} AS start, min({subject}) AS subject FROM {joined} {one}"
