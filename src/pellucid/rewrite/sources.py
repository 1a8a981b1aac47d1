"""Replace every table in a FROM clause by what may be read of it, and link the sources of one SELECT to one subject.

    FROM "transactions" AS "t" JOIN "demographics" AS "d" ON "t"."household_id" = "d"."household_id"
      ->  FROM (SELECT * FROM _g0) AS "t" JOIN (SELECT * FROM _g1) AS "d"
          ON "t"."household_id" = "d"."household_id" AND "t"."_subject" = "d"."_subject"

Sources about people must equate subject keys (or a key declared to determine the subject); the hidden ids are equated
besides, so that soundness does not rest on the keys. `_g0` and `_g1` are the names of governed rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from sqlglot import exp

from pellucid.policy.decide import permitted_columns
from pellucid.policy.model import Dataset
from pellucid.rewrite.context import Context, Findings
from pellucid.rewrite.governed import Block, GovernedRows, PublicTable
from pellucid.rewrite.governed_text import governed_text, nodes_in
from pellucid.rewrite.permit_rows import public_source
from pellucid.rewrite.relations import SUBJECT_ID, Facts, Frame, Kind, Relation, Source, all_of


@dataclass(slots=True)
class Work:
    """What the split gathers on its way through one question."""

    context: Context
    findings: Findings
    barrier: bool
    blocks: list[Block] = field(default_factory=list)
    tables: list[PublicTable] = field(default_factory=list)
    used: set[tuple[str, str]] = field(default_factory=set)
    keys: set[tuple[str, str]] = field(default_factory=set)
    datasets: set[str] = field(default_factory=set)
    sources: dict[tuple[str, tuple[str, ...]], GovernedRows] = field(default_factory=dict)
    atoms: count[int] = field(default_factory=count)
    nodes: int = 0
    named: int = 0

    def next_block(self) -> str:
        """Return a name for one more block; a block may be begun while another is."""
        self.named += 1
        return f"r{self.named - 1}"

    def read(self, dataset: str, columns: tuple[str, ...]) -> GovernedRows:
        """Return the governed rows of a dataset with these columns, under one name wherever the question reads them."""
        found = self.sources.get((dataset, columns))
        if found is None:
            found = GovernedRows(f"_g{len(self.sources)}", dataset, columns, self.barrier)
            self.sources[dataset, columns] = found
        return found

    def sources_of(self, tree: exp.Expr) -> tuple[GovernedRows, ...]:
        """Return the governed rows that a tree names, in the order in which they were first read."""
        names = {table.name for table in tree.find_all(exp.Table) if not table.db}
        return tuple(rows for rows in self.sources.values() if rows.name in names)

    def text_of(self, rows: GovernedRows) -> str:
        """Return the SQL of governed rows."""
        return governed_text(self.context.key, rows)

    def size_of(self, tree: exp.Expr) -> int:
        """Return how many nodes a tree has in the engine, where the governed rows it names are written out."""
        size, texts = 0, {rows.name: nodes_in(self.text_of(rows)) for rows in self.sources.values()}
        for node in tree.walk():
            size += 1 + (texts.get(node.name, 0) if isinstance(node, exp.Table) and not node.db else 0)
        return size

    def grow(self, nodes: int) -> None:
        """Count the nodes that an inlined relation adds; raises UseRefused beyond the limit."""
        self.nodes += nodes
        if self.nodes > self.context.limits.nodes:
            raise self.findings.stop("sql-too-complex", nodes=f"{self.context.limits.nodes:,}")


def conjuncts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield the parts of a condition that must all hold."""
    if condition is None:
        return
    if isinstance(condition, exp.Where | exp.Paren):
        yield from conjuncts(condition.this)
    elif isinstance(condition, exp.And):
        yield from conjuncts(condition.this)
        yield from conjuncts(condition.expression)
    else:
        yield condition


def base_relation(name: str, columns: list[str], work: Work) -> Relation:
    """Return the governed relation of a declared dataset, with only the columns used."""
    dataset = work.context.datasets[name]
    work.datasets.add(name)
    permitted = {column.name for column in permitted_columns(work.context.policy, work.context.purpose, name)}
    work.used.update((name, column) for column in columns if column in permitted)
    work.keys.update((name, column) for column in columns if column not in permitted)
    if dataset.is_public:
        facts = {column: Facts(frozenset({(name, column)}), (name, column)) for column in columns}
        return Relation(Kind.PUBLIC, public_source(dataset, columns).this, facts)
    if dataset.private_only and work.context.exact is not None:
        work.findings.add("dataset-private-only", dataset=name)
    if len(dataset.subjects) > 1:
        work.findings.add("several-subjects-a-row", dataset=name)
    rows = work.read(name, tuple(columns))
    facts = {column: _facts(dataset, column, work.context.purpose) for column in columns}
    return Relation(Kind.SUBJECT, all_of(rows.name), facts, dataset.subjects[0].namespace)


def _facts(dataset: Dataset, column: str, purpose: str) -> Facts:
    origin = (dataset.name, column)
    mask = dataset.columns[column].mask
    if mask is not None and purpose not in mask.unmasked_for:
        return Facts(frozenset({origin}))
    path = dataset.subjects[0]
    is_key = not path.via and path.column == column
    leads_to = {hop.key for hop in path.via[:1] if hop.column == column}
    determines = bool(is_key or leads_to or column in dataset.determines_subject or dataset.key == (column,))
    names = frozenset({column, *leads_to}) if determines else frozenset()
    return Facts(frozenset({origin}), origin, is_key=is_key, determines=determines, names=names)


def link(frame: Frame, source: Source, join: exp.Join | None, conditions: list[exp.Expr], work: Work) -> None:
    """Add a source to the frame; where it is about people, see that it is about the same person."""
    frame.sources[source.alias] = source
    side = str(join.args.get("side") or "").upper() if join is not None else ""
    relation = source.relation
    if relation.kind is Kind.RELEASED:
        frame.released = True
    if relation.kind is not Kind.SUBJECT or relation.dependent:
        _link_public(frame, source, side, work)
    elif frame.subject is None:
        _link_first(frame, source, side, work)
    else:
        _link_next(frame, source, join, side, conditions, work)


def _link_public(frame: Frame, source: Source, side: str, work: Work) -> None:
    if frame.subject is not None and side in {"RIGHT", "FULL"}:
        work.findings.add("public-side-preserved", name=source.alias)
    source.optional = side == "LEFT"


def _link_first(frame: Frame, source: Source, side: str, work: Work) -> None:
    if len(frame.sources) > 1 and side in {"LEFT", "FULL"}:
        work.findings.add("public-side-preserved", name=source.alias)
    frame.subject = subject_of(source.alias)
    frame.namespace = source.relation.namespace
    frame.linked.add(source.alias)


def _link_next(
    frame: Frame, source: Source, join: exp.Join | None, side: str, conditions: list[exp.Expr], work: Work
) -> None:
    if source.relation.namespace != frame.namespace:
        work.findings.add("two-kinds-of-subject", one=frame.namespace, other=source.relation.namespace)
    if not any(_equates(condition, source.alias, frame) for condition in conditions):
        work.findings.add("join-not-linked", name=source.alias)
    if join is None:
        raise work.findings.stop("source-refused")
    own = subject_of(source.alias)
    same = exp.EQ(this=frame.own.copy(), expression=own.copy())
    _add_condition(join, same)
    if side == "RIGHT":
        frame.subject = own
    elif side == "FULL":
        frame.subject = exp.Coalesce(this=frame.own.copy(), expressions=[own])
    for alias in frame.linked if side in {"RIGHT", "FULL"} else ():
        frame.sources[alias].optional = True
    source.optional = side in {"LEFT", "FULL"}
    frame.linked.add(source.alias)


def _add_condition(join: exp.Join, same: exp.Expr) -> None:
    """Equate the hidden ids in the ON clause; a comma or CROSS join becomes an inner join on them."""
    on = join.args.get("on")
    join.set("on", exp.and_(on, same, copy=False) if on is not None else same)
    if str(join.args.get("kind") or "").upper() == "CROSS":
        join.set("kind", "INNER")


def _equates(condition: exp.Expr, alias: str, frame: Frame) -> bool:
    if not isinstance(condition, exp.EQ):
        return False
    one, other = condition.this, condition.expression
    if not isinstance(one, exp.Column) or not isinstance(other, exp.Column):
        return False
    if other.table == alias:
        one, other = other, one
    return one.table == alias and other.table in frame.linked and same_key(frame.declared(one), frame.declared(other))


def same_key(one: Facts, other: Facts) -> bool:
    """Return whether equality of the two columns means the same subject."""
    return (one.is_key and other.is_key) or bool(one.determines and other.determines and one.names & other.names)


def subject_of(alias: str) -> exp.Column:
    """Return the hidden subject id of a source."""
    return exp.Column(this=exp.Identifier(this=SUBJECT_ID, quoted=True), table=exp.Identifier(this=alias, quoted=True))
