"""The TPC tables in the real engine as generations, and in plain DuckDB filtered and masked by hand.

`Stage.filtered` is the oracle: joins against a list of what each person said, written without a look at the gate.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pellucid.engines.base import Engine, Holding, PermittedChange, PermittedSet, Statement
from pellucid.engines.duckdb import DuckDBEngine
from pellucid.engines.duckdb_layout import write_placed
from pellucid.policy.model import Policy
from pellucid.rewrite.context import Context
from pellucid.rewrite.govern_rows import GovernedRowQuery, govern_rows
from tests.tpc.compare import Row
from tests.tpc.policies import ANA, PURPOSES, Choice, Declared, Sensitive, Subject, declared_type, types_of


@dataclass(frozen=True)
class Said:
    """What one person agreed to: plain rows, sensitive rows, or either from an instant on."""

    plain: bool = False
    sensitive: bool = False
    since: dt.datetime | None = None
    sensitive_since: dt.datetime | None = None


Consents = Mapping[str, Mapping[int, Said]]
"""By namespace and natural key (keys are 1, 2, 3, ...; the dense id is one less); silence means no."""


class Stage:
    """One benchmark's tables, as plain ones and, for each way that policies tie them to people, as generations."""

    def __init__(self, tables: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.types = types_of(tables)
        self.raw = duckdb.connect(str(folder / "raw.duckdb"), config={"threads": 2})
        for name, columns in self.types.items():
            typed = ", ".join(f"CAST({each} AS {declared_type(made)}) AS {each}" for each, made in columns.items())
            self.raw.execute(f"CREATE TABLE {name} AS SELECT {typed} FROM '{tables / name}.parquet'")
        self._engines: dict[tuple[str, ...], DuckDBEngine] = {}
        self._version = 0

    def close(self) -> None:
        for engine in self._engines.values():
            engine.close()
        self.raw.close()

    def engine(self, choice: Choice) -> DuckDBEngine:
        """Return an engine over generations that know the people a policy finds; made when first asked for."""
        files = {name: self._generation(name, choice.tables.get(name)) for name in self.types}
        found = self._engines.get(tuple(files.values()))
        if found is None:
            found = DuckDBEngine(
                [Holding(name, 1, path) for name, path in files.items()],
                temp_directory=self.folder / f"spill{len(self._engines)}",
                memory_limit="2GB",
                spill_limit="2GB",
                threads=2,
            )
            self._engines[tuple(files.values())] = found
        return found

    def _generation(self, name: str, declared: Declared | None) -> str:
        subjects = () if declared is None else declared.subjects
        path = self.folder / f"{'-'.join([name, *(f'{each.namespace}.{each.column}' for each in subjects)])}.duckdb"
        if not path.exists():
            ids = [f"CAST({_key(each)} - 1 AS INTEGER) AS _subject{place}" for place, each in enumerate(subjects)]
            rows = f"SELECT {', '.join(['t.*', *ids])} FROM {name} AS t"
            self.raw.execute(f"ATTACH '{path}' AS generation")
            if subjects:
                (size,) = self.raw.execute(f"SELECT count(*) FROM {name}").fetchall()[0]
                write_placed(
                    self.raw.execute,
                    "generation",
                    f"{rows} ORDER BY _subject0",
                    list(self.types[name]),
                    [each.namespace for each in subjects],
                    size,
                )
            else:
                self.raw.execute(f"CREATE TABLE generation.rows AS {rows}")
            self.raw.execute("DETACH generation")
        return str(path)

    def permit(self, choice: Choice, consents: Consents) -> None:
        """Load what people said into the engine's replica, the same for every purpose."""
        self._version += 1
        sets = [_permitted(purpose, name, people) for purpose in PURPOSES for name, people in consents.items()]
        self.engine(choice).load_permitted(sets, version=self._version)

    def governed(self, sql: str, choice: Choice, policy: Policy, purpose: str, now: dt.datetime) -> list[Row]:
        """Return what a question gives once its rows are governed."""
        return run(self.engine(choice), govern_rows(sql, Context(policy, ANA, purpose)), now)

    def filtered(self, choice: Choice, consents: Consents, purpose: str, now: dt.datetime) -> duckdb.DuckDBPyConnection:
        """Return a cursor at whose schema every table holds what the purpose may read, decided by hand."""
        cursor = self.raw.cursor()
        cursor.execute("DROP SCHEMA IF EXISTS filtered CASCADE")
        cursor.execute("CREATE SCHEMA filtered")
        cursor.register("said_now", _said_table(consents))
        cursor.execute("CREATE TABLE filtered._said AS FROM said_now")
        for name, columns in self.types.items():
            declared = choice.tables.get(name)
            shown = [
                f"{_masked(column, choice, name, purpose)} AS {column}"
                for column in columns
                if declared is None or (name, column) not in choice.forbidden
            ]
            source = f"main.{name} AS t" if declared is None else _readable(name, declared, purpose, now)
            kind = "VIEW" if declared is None else "TABLE"
            cursor.execute(f"CREATE {kind} filtered.{name} AS SELECT {', '.join(shown)} FROM {source}")
        cursor.execute("SET schema = 'filtered'")
        return cursor


def run(engine: Engine, query: GovernedRowQuery, now: dt.datetime) -> list[Row]:
    """Return the rows of a governed question."""
    bound = {"_now": now} if "_now" in query.parameters else {}
    answer = engine.run([Statement("rows", query.sql, bound)], purpose=query.purpose, seconds=120)
    return _rows_of(answer.table("rows"))


def _rows_of(table: pa.Table) -> list[Row]:
    """Return a table's rows; names may repeat."""
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


def _key(subject: Subject) -> str:
    if subject.via is None:
        return f"t.{subject.column}"
    table, key, column = subject.via
    return f"(SELECT v.{column} FROM {table} AS v WHERE v.{key} = t.{subject.column})"


def _permitted(purpose: str, namespace: str, people: Mapping[int, Said]) -> PermittedSet:
    size = max(people, default=0)
    plain, sensitive = bytearray((size + 7) // 8), bytearray((size + 7) // 8)
    partial = []
    for key, said in people.items():
        subject = key - 1
        plain[subject // 8] |= said.plain << subject % 8
        sensitive[subject // 8] |= said.sensitive << subject % 8
        if said.since or said.sensitive_since:
            since, explicit = _micros(said.since), _micros(said.sensitive_since)
            partial.append(PermittedChange(purpose, subject, said.plain, said.sensitive, since, explicit, namespace))
    return PermittedSet(purpose, namespace, size, bytes(plain), bytes(sensitive), partial)


def _micros(instant: dt.datetime | None) -> int | None:
    return None if instant is None else int((instant - dt.datetime(1970, 1, 1)) / dt.timedelta(microseconds=1))


# -- by hand -----------------------------------------------------------------------------------------------------------


def _said_table(consents: Consents) -> pa.Table:
    rows = [
        (namespace, key, said.plain, said.sensitive, said.since, said.sensitive_since)
        for namespace, people in consents.items()
        for key, said in people.items()
    ]
    types = [pa.string(), pa.int64(), pa.bool_(), pa.bool_(), pa.timestamp("us"), pa.timestamp("us")]
    names = ["namespace", "key", "plain", "sensitive", "since", "sensitive_since"]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})


def _readable(name: str, declared: Declared, purpose: str, now: dt.datetime) -> str:
    """Return the FROM and WHERE of the rows that may be read: all their people said yes, and they are still kept."""
    joins, conditions = [], []
    for place, subject in enumerate(declared.subjects):
        key = f"t.{subject.column}"
        if subject.via is not None:
            table, its_key, column = subject.via
            joins.append(f"JOIN main.{table} AS via{place} ON via{place}.{its_key} = {key}")
            key = f"via{place}.{column}"
        who = f"s{place}"
        joins.append(f"JOIN filtered._said AS {who} ON {who}.namespace = '{subject.namespace}' AND {who}.key = {key}")
        conditions.append(_agreed(who, declared, purpose))
    if declared.retention_days is not None:
        oldest = now - dt.timedelta(days=declared.retention_days)
        conditions.append(f"t.{declared.time} >= TIMESTAMP '{oldest}'")
    return f"main.{name} AS t {' '.join(joins)} WHERE {' AND '.join(conditions)}"


def _agreed(said: str, declared: Declared, purpose: str) -> str:
    def yes(bit: str, since: str) -> str:
        later = f" OR ({said}.{since} IS NOT NULL AND t.{declared.time} >= {said}.{since})" if declared.time else ""
        return f"({said}.{bit}{later})"

    plain = yes("plain", "since")
    if not declared.sensitive:
        return plain
    explicit = yes("sensitive", "sensitive_since") if PURPOSES[purpose] == "explicit_consent" else "FALSE"
    harmless = " AND ".join(_is_harmless(rule) for rule in declared.sensitive)
    return f"(({harmless}) AND {plain} OR NOT ({harmless}) AND {explicit})"


def _is_harmless(rule: Sensitive) -> str:
    values = ", ".join(f"'{value}'" for value in rule.values)
    if rule.lookup is None:
        return f"(t.{rule.column} IS NOT NULL AND t.{rule.column} NOT IN ({values}))"
    table, key, column = rule.lookup
    return (
        f"EXISTS (FROM main.{table} AS l WHERE l.{key} = t.{rule.column} AND l.{column} IS NOT NULL "
        f"AND l.{column} NOT IN ({values}))"
    )


def _masked(column: str, choice: Choice, table: str, purpose: str) -> str:
    mask = choice.masks.get((table, column)) if table in choice.tables else None
    if mask is None or purpose in mask.get("unmasked_for", ()):  # type: ignore[operator]
        return f"t.{column}"
    if mask["kind"] == "null":
        return f"nullif(t.{column}, t.{column})"
    if mask["kind"] == "prefix":
        return f"t.{column}[1:{mask['size']}]"
    if mask["kind"] == "band":
        size = mask["size"]
        below_zero = f"CASE WHEN t.{column} % {size} < 0 THEN {size} ELSE 0 END"
        return f"CAST(t.{column} - t.{column} % {size} - {below_zero} AS DOUBLE)"
    return f"date_trunc('{mask['kind']}', t.{column})"
