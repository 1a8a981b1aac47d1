"""Generation files: rows checked, tied to subjects, sorted and written into one immutable DuckDB file.

A generation holds one table `rows`: the declared columns, then for personal datasets `_subject0`, `_subject1`, ... in
the order of the dataset's paths, the ranks of `duckdb_ranks` and the places of `duckdb_layout`, sorted by `_subject0`,
time and key; people who are alike stand together. Queries over generations are `engines.duckdb`'s; which ids subjects
have, who is alike, and what is published, are decided by the caller.
"""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own; values from files are never text

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from pellucid.engines.duckdb_casts import Check, quoted, sql_type
from pellucid.engines.duckdb_judging import Judgement, Surroundings, TimeRules
from pellucid.engines.duckdb_private import EngineLimits, PrivateEngine, quietly
from pellucid.engines.duckdb_sources import CsvSource, ParquetSource
from pellucid.engines.duckdb_staging import Staged, stage
from pellucid.engines.duckdb_writing import ROWS, Order, Written, finish_generation, subject_columns, write_generation
from pellucid.policy.model import Dataset

ERASED = "erased"
"""Why rows from before an erasure are rejected."""

_FACT_TYPES = {"jurisdiction": "VARCHAR", "birth_year": "INTEGER", "vulnerable": "BOOLEAN"}


class Import:
    """One import, as a context manager: `stage`, `check`, `keys`, `write`, `finish`, in this order."""

    def __init__(self, dataset: Dataset, limits: EngineLimits) -> None:
        self._dataset = dataset
        self._engine = PrivateEngine(limits)
        self._findings: list[Check] = []
        self._held: Path | None = None

    def __enter__(self) -> Import:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.close()

    def stage(self, source: ParquetSource | CsvSource) -> Staged:
        """Read the declared columns of a source as they stand; raises InputInvalid or DataRefused if it cannot."""
        with quietly("The file cannot be read as a table."):
            return stage(self._engine, self._dataset, source)

    def check(self, staged: Staged, time: TimeRules, around: Surroundings) -> dict[Check, int]:
        """Judge every staged row and return how many rows each finding rejects, the ragged lines of CSV included."""
        with quietly("The rows could not be checked."):
            judgement = Judgement(self._engine, self._dataset, staged.types)
            judgement.judge(time, around)
            self._findings, self._held = judgement.findings, around.held
            found = self._engine.run(
                "SELECT _finding, count(*) FROM judged WHERE _finding IS NOT NULL GROUP BY 1 ORDER BY 1"
            )
            ragged = self._engine.run("SELECT reason, count(*) FROM ragged GROUP BY 1 ORDER BY 1")
        counts = {self._findings[number]: rows for number, rows in found}
        return counts | {Check("", reason, ""): rows for reason, rows in ragged}

    def rejected(self) -> pa.Table:
        """Return one row a rejected row: its number, the reason, the column; never a value."""
        numbered = {
            "_finding": pa.array(range(len(self._findings)), pa.int32()),
            "reason": pa.array([finding.reason for finding in self._findings], pa.string()),
            "column": pa.array([finding.column for finding in self._findings], pa.string()),
        }
        with quietly("The rejected rows could not be listed."):
            self._engine.offer("findings", pa.table(numbered))
            return self._engine.table(
                'SELECT _row AS row, reason, "column" FROM judged JOIN findings USING (_finding) '
                "UNION ALL SELECT _row, reason, '' FROM ragged ORDER BY 1"
            )

    def keys(self, path: int) -> pa.Array:
        """Return the distinct natural keys, as texts, that the accepted rows name for one subject path."""
        with quietly("The subjects could not be read."):
            return self._engine.column(f"SELECT DISTINCT _key{path} FROM judged WHERE _finding IS NULL")

    def reject_erased(self, path: int, erased: pa.Table, column: str) -> dict[Check, int]:
        """Reject rows of people who were erased: those dated before, and undated ones unless the person came back.

        `erased` has for keys of one subject path, as texts: `key`, `at` (UTC µs), `returned`.
        """
        time = self._dataset.time
        if time is None:
            old = "NOT erased.returned"
        else:
            old = f"epoch_us(CAST(v{list(self._dataset.columns).index(time)} AS TIMESTAMP)) < erased.at"
        check = Check(f"_key{path} was erased", ERASED, column)
        with quietly("The rows of people who were erased could not be told."):
            self._findings.append(check)
            self._engine.offer("erased", erased)
            rows = self._engine.number(
                f"UPDATE judged SET _finding = {len(self._findings) - 1} FROM erased "
                f"WHERE _finding IS NULL AND _key{path} = erased.key AND {old}"
            )
        return {check: rows} if rows else {}

    def write(self, target: Path, ids: Sequence[tuple[pa.Array, pa.Array]], order: Order) -> Written:
        """Write accepted rows, and the rows held before, to a new file; `ids` pairs keys with ids for each path.

        Raises DataRefused if a row would be left without its subject.
        """
        with quietly("The generation could not be written.", writing=True):
            for position, (keys, numbers) in enumerate(ids):
                self._engine.offer(f"ids{position}", pa.table({"key": keys, "id": numbers}))
            return write_generation(self._engine, self._dataset, target, self._rows(), self._size(), order)

    def facts(self, columns: Mapping[str, str]) -> pa.Table:
        """Return the id of each subject of the written rows with its facts; what the rows contradict becomes NULL.

        `columns` names the column that tells each of `jurisdiction`, `birth_year` and `vulnerable`, where one does.
        """
        with quietly("The facts about subjects could not be read."):
            return self._engine.table(facts_statement(self._dataset, columns))

    def held_facts(self, held: Path, dataset: Dataset, columns: Mapping[str, str]) -> pa.Table:
        """Return the same of another dataset's generation, whose rows are as the dataset declares them."""
        with quietly("The facts that another dataset tells could not be read."):
            return self._engine.table(facts_statement(dataset, columns, rows=self._engine.attach(held)))

    def finish(self, target: Path) -> None:
        """Detach the written file, make it read-only (0444) and durable."""
        finish_generation(self._engine, target)

    def _rows(self) -> str:
        """Return the query for the accepted rows and the rows held before."""
        names, subjects = [quoted(name) for name in self._dataset.columns], subject_columns(self._dataset)
        columns = [f"v{position} AS {name}" for position, name in enumerate(names)]
        columns += [f"CAST(ids{path}.id AS INTEGER) AS {name}" for path, name in enumerate(subjects)]
        joins = " ".join(f"LEFT JOIN ids{path} ON ids{path}.key = judged._key{path}" for path in range(len(subjects)))
        rows = f"SELECT {', '.join(columns)} FROM judged {joins} WHERE judged._finding IS NULL"
        if self._held is None:
            return rows
        return f"SELECT {', '.join([*names, *subjects])} FROM {self._engine.attach(self._held)} UNION ALL {rows}"

    def _size(self) -> int:
        accepted = self._engine.number("SELECT count(*) FROM judged WHERE _finding IS NULL")
        if self._held is None:
            return accepted
        return accepted + self._engine.number(f"SELECT count(*) FROM {self._engine.attach(self._held)}")


def facts_statement(dataset: Dataset, columns: Mapping[str, str], where: str = "", *, rows: str = ROWS) -> str:
    """Return the query for the facts that rows tell, by default the written ones; see `Import.facts`."""
    told = "".join(f", {_one_value(dataset, column, _FACT_TYPES[fact])} AS {fact}" for fact, column in columns.items())
    return f"SELECT _subject0 AS id{told} FROM {rows} {where} GROUP BY 1 ORDER BY 1"


def _one_value(dataset: Dataset, column: str, engine_type: str) -> str:
    value = quoted(column)
    if sql_type(dataset.columns[column]) in ("DATE", "TIMESTAMP"):
        value = f"year({value})"
    return f"CASE WHEN count(DISTINCT {value}) = 1 THEN TRY_CAST(min({value}) AS {engine_type}) END"
