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

from pellucid.engines.base import Holding, PermittedChange, PermittedSet, Statement
from pellucid.engines.duckdb import DuckDBEngine
from pellucid.policy.model import Policy
from pellucid.rewrite.context import Context
from pellucid.rewrite.govern_rows import GovernedRowQuery, govern_rows
from tests.tpc.compare import Row
from tests.tpc.policies import ANA, PURPOSES, Choice, Declared, Sensitive, declared_type, types_of


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
    """One benchmark's tables. Every subject that any policy of ours may declare has its hidden id in the generation."""

    def __init__(self, tables: Path, subjects: Mapping[str, tuple[str, ...]], folder: Path) -> None:
        """`subjects` has for each personal table the expressions of its subjects' keys, over the table as `t`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.types = types_of(tables)
        self.raw = duckdb.connect(str(folder / "raw.duckdb"), config={"threads": 2})
        for name, columns in self.types.items():
            typed = ", ".join(
                f"CAST({column} AS {declared_type(made)}) AS {column}" for column, made in columns.items()
            )
            self.raw.execute(f"CREATE TABLE {name} AS SELECT {typed} FROM '{tables / name}.parquet'")
        holdings = []
        for name in self.types:
            path = folder / f"{name}.1.duckdb"
            ids = [f"CAST({key} - 1 AS INTEGER) AS _subject{n}" for n, key in enumerate(subjects.get(name, ()))]
            self.raw.execute(f"ATTACH '{path}' AS generation")
            self.raw.execute(f"CREATE TABLE generation.rows AS SELECT {', '.join(['t.*', *ids])} FROM {name} AS t")
            self.raw.execute("DETACH generation")
            holdings.append(Holding(name, 1, str(path)))
        self.engine = DuckDBEngine(
            holdings, temp_directory=folder / "spill", memory_limit="2GB", spill_limit="2GB", threads=2
        )
        self.version = 0

    def close(self) -> None:
        self.engine.close()
        self.raw.close()

    def permit(self, consents: Consents) -> None:
        """Load what people said into the engine's replica, the same for every purpose."""
        self.version += 1
        sets = [_permitted(purpose, name, people) for purpose in PURPOSES for name, people in consents.items()]
        self.engine.load_permitted(sets, version=self.version)

    def governed(self, sql: str, policy: Policy, purpose: str, now: dt.datetime) -> list[Row]:
        """Return what a question gives once its rows are governed."""
        return self.run(govern_rows(sql, Context(policy, ANA, purpose)), now)

    def run(self, query: GovernedRowQuery, now: dt.datetime) -> list[Row]:
        bound = {"_now": now} if "_now" in query.parameters else {}
        answer = self.engine.run([Statement("rows", query.sql, bound)], purpose=query.purpose, seconds=120)
        return rows_of(answer.table("rows"))

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


def rows_of(table: pa.Table) -> list[Row]:
    """Return a table's rows; names may repeat."""
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []


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
