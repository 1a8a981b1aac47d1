"""Made-up rows of a dataset, to write SQL with before anybody's data are asked: the use case.

The engine that is opened here has public dimensions attached and nothing else, so no row about people can be read,
whatever is asked. It touches nobody's data and is therefore not logged; a refusal is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.engines.base import Engine, Holding, Statement
from pellucid.errors import InputInvalid, NameUnknown, UseRefused
from pellucid.holdings.leases import lease, release
from pellucid.holdings.publish import published
from pellucid.insights.synthetic.links import PublicLink, links_of
from pellucid.insights.synthetic.rows import chosen_keys, make_rows, masked
from pellucid.insights.synthetic.values import Value
from pellucid.policy.decide import Use, decide, permitted_columns, subject_key_columns
from pellucid.policy.model import Actor, Dataset, Policy, Standing
from pellucid.records.columns import from_instant
from pellucid.records.database import Database
from pellucid.release.result import rows_as_json
from pellucid.rewrite.public_rows import public_rows

MOST_ROWS = 10_000
MOST_PUBLIC = 100_000
"""Rows of a public dimension that are read to choose from, the first by its key."""
LEASE = 600_000_000
"""Microseconds for which a public dimension's file is held: its reading ends long before."""

SYNTHETIC = "SYNTHETIC: made up from the policy's declarations; no row is about anybody."
PUBLIC = "PUBLIC: rows of a public table as it is held; no row is about anybody."


@dataclass(frozen=True, slots=True)
class SampleParts:
    """What a sample is made with; `workspace` puts it together."""

    database: Database
    folder: Path
    open_engine: Callable[[list[Holding]], Engine]
    clock: Callable[[], int]
    standing: Callable[[Actor], Standing]
    seconds: float


@dataclass(frozen=True, slots=True)
class SampleWanted:
    """What was asked for; `purpose` None means every column as it is declared, unmasked."""

    dataset: str
    actor: Actor
    purpose: str | None = None
    rows: int = 20
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows in the shape of a dataset. `synthetic` is False only for a public table's own rows.

    `keys` are columns that the purpose may join on and count, and not read.
    """

    values: pa.Table = field(repr=False)
    dataset: str
    purpose: str | None
    seed: int
    policy: str
    synthetic: bool
    keys: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What the rows are, in one line."""
        return SYNTHETIC if self.synthetic else PUBLIC

    def to_arrow(self) -> pa.Table:
        """Return the rows as an Arrow table; its schema's metadata say that they are synthetic."""
        told = {"pellucid.synthetic": "true" if self.synthetic else "false", "pellucid.label": self.label}
        return self.values.replace_schema_metadata(told)

    def to_json(self) -> dict[str, object]:
        """Return a JSON-ready dict; decimals are strings, dates and instants are ISO 8601."""
        columns = [
            {"name": item.name, "type": str(item.type), "use": "join" if item.name in self.keys else "read"}
            for item in self.values.schema
        ]
        return {
            "synthetic": self.synthetic,
            "label": self.label,
            "dataset": self.dataset,
            "purpose": self.purpose,
            "seed": self.seed,
            "policy": self.policy,
            "columns": columns,
            "rows": rows_as_json(self.values),
            "notes": list(self.notes),
        }


def sample(parts: SampleParts, policy: Policy, wanted: SampleWanted) -> Sample:
    """Return made-up rows of a dataset of this policy; whether the actor may have any is the caller's to check.

    The same seed gives the same rows, but that instants end on the present day. Raises NameUnknown, InputInvalid, and
    UseRefused where the actor or the dataset is none of the purpose's.
    """
    dataset = _declared(policy, wanted)
    shown, keys = _columns(parts, policy, dataset, wanted)
    held = _read_public(parts, policy, dataset)
    if dataset.name in held:
        rows = _own_rows(held[dataset.name], dataset, wanted)
        return _told(rows, policy, wanted, synthetic=False)
    public = {
        name: chosen_keys(name, _keys(policy.datasets[name], table), rows=wanted.rows, seed=wanted.seed)
        for name, table in held.items()
    }
    today = from_instant(parts.clock()).date()
    made = make_rows(policy, dataset, rows=wanted.rows, seed=wanted.seed, today=today, public=public)
    rows = made.select(list(shown))
    if wanted.purpose is not None:
        rows = masked(rows, dataset, wanted.purpose)
    notes = tuple(_notes(policy, dataset, rows, wanted, public, keys))
    return _told(rows, policy, wanted, synthetic=True, keys=keys, notes=notes)


def _told(
    rows: pa.Table,
    policy: Policy,
    wanted: SampleWanted,
    *,
    synthetic: bool,
    keys: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Sample:
    return Sample(rows, wanted.dataset, wanted.purpose, wanted.seed, policy.version, synthetic, keys, notes)


def _declared(policy: Policy, wanted: SampleWanted) -> Dataset:
    if wanted.dataset not in policy.datasets:
        raise NameUnknown("dataset", wanted.dataset, tuple(policy.datasets))
    if wanted.purpose is not None and wanted.purpose not in policy.purposes:
        raise NameUnknown("purpose", wanted.purpose, tuple(policy.purposes))
    if not 1 <= wanted.rows <= MOST_ROWS:
        raise InputInvalid(
            f"A sample has 1 to {MOST_ROWS:,} rows, got {wanted.rows:,}.",
            code="rows-out-of-range",
            remedy="Ask for a few: they are there to try SQL on.",
        )
    return policy.datasets[wanted.dataset]


def _columns(
    parts: SampleParts, policy: Policy, dataset: Dataset, wanted: SampleWanted
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns to show, in order, and which of them the purpose may only join on and count."""
    if wanted.purpose is None:
        return tuple(dataset.columns), ()
    use = Use(wanted.actor, wanted.purpose, "preview", datasets=frozenset({dataset.name}))
    decision = decide(policy, use, parts.standing(wanted.actor))
    if not decision.permitted:
        _log_refused(parts, wanted, [each.code for each in decision.reasons])
        raise UseRefused(decision.reasons, message="This sample is refused.")
    read = {column.name for column in permitted_columns(policy, wanted.purpose, dataset.name)}
    joined = () if dataset.is_public else (*subject_key_columns(dataset), *dataset.determines_subject)
    keys = tuple(name for name in dataset.columns if name in joined and name not in read)
    return tuple(name for name in dataset.columns if name in read or name in keys), keys


def _log_refused(parts: SampleParts, wanted: SampleWanted, codes: list[str]) -> None:
    body = {"dataset": wanted.dataset, "reasons": codes, "outcome": "refused"}
    with parts.database.write() as connection:
        append(connection, AuditEntry("sample.refused", wanted.actor, parts.clock(), wanted.purpose, body=body))


def _notes(
    policy: Policy,
    dataset: Dataset,
    rows: pa.Table,
    wanted: SampleWanted,
    public: Mapping[str, Sequence[Value]],
    keys: tuple[str, ...],
) -> Iterator[str]:
    if rows.num_rows < wanted.rows:
        yield f"Only {rows.num_rows:,} rows: the key ({', '.join(dataset.key)}) can have no more values."
    for name, link in links_of(policy, dataset).items():
        if isinstance(link, PublicLink) and name in rows.column_names:
            held = "as it is held" if public.get(link.dataset) else "made up until it is imported"
            yield f"`{name}` holds keys of the public `{link.dataset}`, {held}."
    if keys:
        yield f"May be joined on and counted, never read: {', '.join(f'`{name}`' for name in keys)}."


# -- public dimensions -------------------------------------------------------------------------------------------------


def _read_public(parts: SampleParts, policy: Policy, dataset: Dataset) -> dict[str, pa.Table]:
    """Return what is held of the public dimensions that a dataset refers to, or is: from an engine with no others."""
    links = links_of(policy, dataset).values()
    needed = {link.dataset for link in links if isinstance(link, PublicLink)} if not dataset.is_public else set()
    needed |= {dataset.name} if dataset.is_public else set()
    with parts.database.read() as connection:
        found = published(connection, parts.folder)
    holdings = [found[name] for name in sorted(needed) if name in found and policy.datasets[name].is_public]
    if not holdings:
        return {}
    with parts.database.write() as connection:
        leases = lease(connection, holdings, until=parts.clock() + LEASE)
    try:
        return _read(parts, policy, dataset, holdings)
    finally:
        with parts.database.write() as connection:
            release(connection, leases)


def _read(parts: SampleParts, policy: Policy, dataset: Dataset, holdings: list[Holding]) -> dict[str, pa.Table]:
    statements = []
    for holding in holdings:
        declared = policy.datasets[holding.dataset]
        columns = list(declared.columns) if holding.dataset == dataset.name else list(declared.key)
        statements.append(Statement(holding.dataset, public_rows(declared, columns, MOST_PUBLIC)))
    engine = parts.open_engine(holdings)
    try:
        answer = engine.run(statements, purpose="", seconds=parts.seconds)
        return {holding.dataset: answer.table(holding.dataset) for holding in holdings}
    finally:
        engine.close()


def _keys(dataset: Dataset, table: pa.Table) -> list[Value]:
    found: list[Value] = table.column(dataset.key[0]).to_pylist()
    return found


def _own_rows(table: pa.Table, dataset: Dataset, wanted: SampleWanted) -> pa.Table:
    """Return the rows of a public dimension to which samples of this size refer."""
    if len(dataset.key) != 1:
        return table.slice(0, wanted.rows)
    name = dataset.key[0]
    chosen = chosen_keys(dataset.name, _keys(dataset, table), rows=wanted.rows, seed=wanted.seed)
    picked = table.filter(pc.is_in(table.column(name), pa.array(chosen, table.schema.field(name).type)))
    return picked.sort_by(name)
