"""What is known of each relation below an answer: whose rows it holds, and where each of its columns comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from sqlglot import exp

from pellucid.rewrite.governed import Derived

SUBJECT_ID = "_subject"
"""The hidden column that every relation about people carries."""

ROWS = ("", "rows")
"""The origin of a number that counts rows."""


class Kind(Enum):
    """PUBLIC rows tell of nobody; each SUBJECT row is a function of one subject's rows and public rows;
    RELEASED rows went through a release rule.
    """

    PUBLIC = "public"
    SUBJECT = "subject"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a column is: `origins` are the declared columns its value comes from, `direct` the one it simply is.

    `is_key`: it is the subject's key, never NULL. `determines`: it is a key that belongs to one subject alone, and
    `names` are what that key is called: here, and in the dataset that the subject path leads to.
    A released column may be one `measure` (block, name) as it is, or `derived` from several.
    For exact figures: `linear` says that a computed value is a plain figure of its columns, and `atoms` are the hidden
    columns of the same relation with the conditions it was computed by; `hides` says that it has some that are lost.
    """

    origins: frozenset[tuple[str, str]] = frozenset()
    direct: tuple[str, str] | None = None
    is_key: bool = False
    determines: bool = False
    names: frozenset[str] = frozenset()
    measure: tuple[str, str] | None = None
    derived: Derived | None = None
    is_cell_key: bool = False
    linear: bool = False
    atoms: tuple[str, ...] = ()
    hides: bool = False

    def null_extended(self) -> Facts:
        """Return the facts of the same column on the side of an outer join that may be missing."""
        return Facts(self.origins, self.direct, linear=self.linear, atoms=self.atoms, hides=self.hides)


@dataclass(frozen=True, slots=True)
class Relation:
    """A governed relation: its kind, its tree, its columns in order. A `dependent` one is correlated to the subject
    of the row around it and carries no `_subject` of its own.
    """

    kind: Kind
    tree: exp.Query
    columns: Mapping[str, Facts]
    namespace: str | None = None
    dependent: bool = False
    size: int = 0


@dataclass(slots=True)
class Source:
    """A relation standing in a FROM clause under an alias."""

    alias: str
    relation: Relation
    optional: bool = False
    is_dimension: bool = False  # a public dataset as it is declared


@dataclass(slots=True)
class Frame:
    """The sources of one SELECT, how they are linked to one subject, and the frame around it."""

    sources: dict[str, Source] = field(default_factory=dict)
    subject: exp.Expr | None = None
    namespace: str | None = None
    linked: set[str] = field(default_factory=set)
    outer: Frame | None = None
    released: bool = False
    correlated: bool = False

    def find(self, alias: str) -> tuple[Source, Frame] | None:
        """Return the source an alias means here or in a frame around, and the frame it stands in."""
        frame: Frame | None = self
        while frame is not None:
            if alias in frame.sources:
                return frame.sources[alias], frame
            frame = frame.outer
        return None

    def facts(self, column: exp.Column) -> Facts:
        """Return what a column is; nothing is known of one that is not found."""
        found = self.find(column.table)
        facts = self.declared(column)
        return facts.null_extended() if found is not None and found[0].optional else facts

    def declared(self, column: exp.Column) -> Facts:
        """Return the facts before null extension: a missing key equals nothing."""
        found = self.find(column.table)
        return Facts() if found is None else found[0].relation.columns.get(column.name, Facts())

    @property
    def own(self) -> exp.Expr:
        """The hidden id of the subject whose rows these are; only for a frame about people."""
        if self.subject is None:
            raise LookupError("a frame about nobody has no subject")
        return self.subject

    @property
    def outer_subject(self) -> Frame | None:
        """The nearest frame around that is about a subject."""
        frame = self.outer
        while frame is not None and frame.subject is None:
            frame = frame.outer
        return frame


def all_of(name: str) -> exp.Select:
    """Return a query for all rows and columns of what stands under a generated name."""
    table = exp.Table(this=exp.Identifier(this=name, quoted=False))
    return exp.Select(expressions=[exp.Star()], from_=exp.From(this=table))


def value_origins(expression: exp.Expr, frame: Frame) -> frozenset[tuple[str, str]]:
    """Return the declared columns an expression's *value* comes from; conditions choose, so they do not count."""
    if isinstance(expression, exp.Column):
        return frame.facts(expression).origins
    if isinstance(expression, exp.Count | exp.CountIf | exp.RowNumber | exp.Rank | exp.DenseRank | exp.Ntile):
        return frozenset({ROWS})
    if isinstance(expression, exp.Case):
        parts = [branch.args["true"] for branch in expression.args["ifs"]]
        parts += [expression.args["default"]] if expression.args.get("default") else []
    elif isinstance(expression, exp.If):
        parts = [part for part in (expression.args["true"], expression.args.get("false")) if part]
    elif isinstance(expression, exp.Predicate | exp.Connector | exp.Not | exp.Literal | exp.Subquery):
        parts = []
    elif isinstance(expression, exp.Window | exp.Filter):
        parts = [expression.this]
    else:
        parts = list(expression.iter_expressions())
    return frozenset().union(*(value_origins(part, frame) for part in parts)) if parts else frozenset()


def told_origins(origins: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return declared columns as `dataset.column`, sorted; counted rows have no column."""
    return tuple(sorted(f"{dataset}.{column}" for dataset, column in origins if (dataset, column) != ROWS))


def is_public(expression: exp.Expr) -> bool:
    """Return whether no column stands in the expression."""
    return expression.find(exp.Column) is None


def column_facts(expression: exp.Expr, frame: Frame) -> Facts:
    """Return what an output column is: a column handed on, or a value computed from some."""
    if isinstance(expression, exp.Column):
        return frame.facts(expression)
    return Facts(value_origins(expression, frame))
