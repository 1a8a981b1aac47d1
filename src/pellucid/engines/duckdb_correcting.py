"""Values of one person's rows corrected: a generation written anew, and proof that nothing else changed in it.

What is corrected and who may is decided elsewhere. Old values leave this module only to be committed to.
"""
# ruff: noqa: S608 -- statements are made of declared names, quoted, and of our own; values are never text

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from pellucid.engines.duckdb_casts import Check, cast, quoted
from pellucid.engines.duckdb_files import facts_statement
from pellucid.engines.duckdb_judging import birth_checks
from pellucid.engines.duckdb_private import EngineLimits, PrivateEngine, quietly
from pellucid.engines.duckdb_sorting import fingerprint
from pellucid.engines.duckdb_writing import ROWS, Order, Written, finish_generation, subject_columns, write_generation
from pellucid.policy.model import Dataset

OUTSIDE_DOMAIN = "not-in-domain"
"""The reason why a value does not fit that is none of those a column is declared to have."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose rows, which of them, and their new values; values as texts, None for NULL.

    `identities` are all of one person, as (namespace, id). `where` names the columns by whose values the rows are
    picked; without any, all rows of the person are.
    """

    identities: tuple[tuple[str, int], ...]
    changes: Mapping[str, str | None] = field(repr=False)
    where: Mapping[str, str | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """What is held: rows picked, rows that the new values alter, and the old values with how often they may stay.

    `old` maps each column that is altered to its old values, as texts, each with the number of the person's other rows
    that hold it too. `new` are the new values as they are stored. `whose` are the identities that the altered rows are
    about.
    """

    picked: int
    altered: int
    old: Mapping[str, Mapping[str | None, int]] = field(repr=False)
    new: Mapping[str, str | None] = field(repr=False)
    whose: tuple[tuple[str, int], ...] = ()


class Correct:
    """One correction of a generation file, as a context manager: `check`, `find`, `write`, `only_that`, `finish`."""

    def __init__(self, dataset: Dataset, held: Path, asked: Asked, limits: EngineLimits) -> None:
        self._dataset = dataset
        self._held = held
        self._asked = asked
        self._positions = {name: position for position, name in enumerate(dataset.columns)}
        self._engine = PrivateEngine(limits)

    def __enter__(self) -> Correct:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.close()

    def check(self, latest: int) -> list[Check]:
        """Bring the new values, and those that pick rows, to their types; return why some do not fit, a column each.

        `latest` (UTC µs) is the last instant at which anybody can have been born.
        """
        with quietly("The new values could not be checked."):
            asked = self._cast("wanted", self._asked.changes, latest, new=True)
            return [*asked, *self._cast("picking", self._asked.where, latest, new=False)]

    def find(self) -> Found:
        """Return what the rows held come to."""
        with quietly("The rows could not be read."):
            held = self._engine.attach(self._held)
            picked = self._engine.number(f"SELECT count(*) FROM {held} WHERE {self._picked()}")
            altered = self._engine.number(f"SELECT count(*) FROM {held} WHERE {self._picked()} AND ({self._differs()})")
            old = {name: self._old(held, name) for name in self._asked.changes}
            changed = {name: values for name, values in old.items() if values}
            return Found(picked, altered, changed, self._new(), self._whose(held))

    def write(self, target: Path, order: Order) -> Written:
        """Write all rows held, the corrected ones with their new values, to a new file."""
        with quietly("The corrected generation could not be written.", writing=True):
            held = self._engine.attach(self._held)
            size = self._engine.number(f"SELECT count(*) FROM {held}")
            rows = f"SELECT {', '.join(self._corrected())} FROM {held}"
            return write_generation(self._engine, self._dataset, target, rows, size, order)

    def only_that(self) -> bool:
        """Return whether the written rows differ from those held by the correction and nothing else.

        Others' rows are the same in all columns, the person's in all that were not corrected; and the person's rows
        together are those that were not picked, and the picked ones with their new values.
        """
        with quietly("The corrected rows could not be compared with those held."):
            held, theirs = self._engine.attach(self._held), self._theirs()
            columns = self._columns()
            kept = [name for name in columns if name not in {quoted(each) for each in self._asked.changes}]
            others_are, theirs_are = f"NOT coalesce({theirs}, FALSE)", f"coalesce({theirs}, FALSE)"
            same = self._print(held, others_are, columns) == self._print(ROWS, others_are, columns)
            same &= self._print(held, theirs_are, kept) == self._print(ROWS, theirs_are, kept)
            left = self._print(held, f"{theirs_are} AND NOT ({self._picked()})", columns)
            anew = fingerprint(
                self._engine,
                f"(SELECT {', '.join(self._corrected())} FROM {held} WHERE {self._picked()})",
                columns,
            )
            together = tuple(one + other for one, other in zip(left, anew, strict=True))
            return same and together == self._print(ROWS, theirs_are, columns)

    def facts(self, columns: Mapping[str, str]) -> pa.Table:
        """Return what the written rows tell about the subjects of the corrected ones: see `Import.facts`."""
        concerned = f"SELECT DISTINCT _subject0 FROM {self._engine.attach(self._held)} WHERE {self._picked()}"
        with quietly("The facts about subjects could not be read."):
            return self._engine.table(facts_statement(self._dataset, columns, f"WHERE _subject0 IN ({concerned})"))

    def finish(self, target: Path) -> None:
        """Detach the written file, make it read-only (0444) and durable."""
        finish_generation(self._engine, target)

    def _cast(self, table: str, values: Mapping[str, str | None], latest: int, *, new: bool) -> list[Check]:
        """Make a table of one row with the typed values; return the first check that each column fails."""
        raw = {f"r{self._positions[name]}": pa.array([value], pa.string()) for name, value in values.items()}
        self._engine.offer(f"{table}_raw", pa.table({"_row": pa.array([1]), **raw}))
        checks: dict[str, list[Check]] = {}
        typed = []
        for name in values:
            column, position = self._dataset.columns[name], self._positions[name]
            made = cast(column, position, "VARCHAR", required=new and not column.nullable)
            typed.append(f"{made.value} AS v{position}")
            checks[name] = [*made.checks, *(self._more_checks(name, latest) if new else ())]
        self._engine.run(f"CREATE TABLE {table} AS SELECT {', '.join(['*', *typed])} FROM {table}_raw")
        return [failed for found in checks.values() for failed in self._failed(table, found)]

    def _more_checks(self, name: str, latest: int) -> Iterator[Check]:
        if name == self._dataset.birth_year_column:
            yield from birth_checks(self._dataset, self._positions, latest)
        domain = self._dataset.columns[name].domain
        if domain:
            held = ", ".join(f"$domain{place}" for place in range(len(domain)))
            yield Check(f"v{self._positions[name]} NOT IN ({held})", OUTSIDE_DOMAIN, name)

    def _failed(self, table: str, checks: Sequence[Check]) -> Iterator[Check]:
        for check in checks:
            domain = self._dataset.columns[check.column].domain if check.reason == OUTSIDE_DOMAIN else ()
            values: dict[str, object] = {f"domain{place}": value for place, value in enumerate(domain)}
            if self._engine.run(f"SELECT 1 FROM {table} WHERE {check.condition}", values):
                yield check
                return

    def _old(self, held: str, name: str) -> dict[str | None, int]:
        column, new = quoted(name), self._value("wanted", name)
        altered = f"{self._picked()} AND {column} IS DISTINCT FROM {new}"
        rows = self._engine.run(
            f"SELECT CAST({column} AS VARCHAR), count(*) FILTER (WHERE NOT ({self._picked()})) FROM {held} "
            f"WHERE {self._theirs()} GROUP BY 1 HAVING bool_or({altered}) ORDER BY 1"
        )
        return {value: int(count) for value, count in rows}

    def _whose(self, held: str) -> tuple[tuple[str, int], ...]:
        """Return the identities of the person that the rows to be altered are about."""
        about = ", ".join(
            f"coalesce(bool_or({theirs(self._dataset, [each])}), FALSE)" for each in self._asked.identities
        )
        ((*told,),) = self._engine.run(f"SELECT {about} FROM {held} WHERE {self._picked()} AND ({self._differs()})")
        return tuple(each for each, found in zip(self._asked.identities, told, strict=True) if found)

    def _new(self) -> dict[str, str | None]:
        told = ", ".join(f"CAST(v{self._positions[name]} AS VARCHAR)" for name in self._asked.changes)
        ((*values,),) = self._engine.run(f"SELECT {told} FROM wanted")
        return dict(zip(self._asked.changes, values, strict=True))

    def _print(self, table: str, where: str, columns: Sequence[str]) -> tuple[int, int, int]:
        return fingerprint(self._engine, f"(SELECT * FROM {table} WHERE {where})", columns)

    def _columns(self) -> list[str]:
        return [*(quoted(name) for name in self._dataset.columns), *subject_columns(self._dataset)]

    def _corrected(self) -> list[str]:
        """Return the columns of a row as it is to be, by their names."""
        told = []
        for name in self._dataset.columns:
            column = quoted(name)
            if name in self._asked.changes:
                told.append(
                    f"CASE WHEN {self._picked()} THEN {self._value('wanted', name)} ELSE {column} END AS {column}"
                )
            else:
                told.append(column)
        return [*told, *subject_columns(self._dataset)]

    def _differs(self) -> str:
        return " OR ".join(
            f"{quoted(name)} IS DISTINCT FROM {self._value('wanted', name)}" for name in self._asked.changes
        )

    def _theirs(self) -> str:
        return theirs(self._dataset, self._asked.identities)

    def _picked(self) -> str:
        """Return the condition of the rows that are meant; it is never NULL."""
        same = [f"{quoted(name)} IS NOT DISTINCT FROM {self._value('picking', name)}" for name in self._asked.where]
        return " AND ".join([f"coalesce({self._theirs()}, FALSE)", *same])

    def _value(self, table: str, name: str) -> str:
        return f"(SELECT v{self._positions[name]} FROM {table})"


def theirs(dataset: Dataset, identities: Sequence[tuple[str, int]]) -> str:
    """Return the condition of the rows that are about a person, by any subject path of an identity's namespace."""
    paths = [
        f"_subject{place} = {subject:d}"
        for namespace, subject in identities
        for place, path in enumerate(dataset.subjects)
        if path.namespace == namespace
    ]
    return f"({' OR '.join(paths) or 'FALSE'})"


def stay_as_often(file: Path, dataset: Dataset, asked: Asked, found: Found, limits: EngineLimits) -> bool:
    """Read a file over a fresh connection: return whether the person's rows hold each old value only where it may stay.

    Where all rows of the person were corrected, none may.
    """
    with quietly("The corrected generation could not be read again."):
        engine = PrivateEngine(limits)
        try:
            rows = engine.attach(file)
            where = theirs(dataset, asked.identities)
            return all(
                _count(engine, rows, where, name, value) == expected
                for name, values in found.old.items()
                for value, expected in values.items()
            )
        finally:
            engine.close()


def _count(engine: PrivateEngine, rows: str, where: str, column: str, value: str | None) -> int:
    same = f"CAST({quoted(column)} AS VARCHAR) IS NOT DISTINCT FROM $value"
    ((found,),) = engine.run(f"SELECT count(*) FROM {rows} WHERE {where} AND {same}", {"value": value})
    return int(found)
