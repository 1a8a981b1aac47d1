"""What exact measures are made of: plain figures of columns, and the conditions ("atoms") by which rows are chosen.

    SUM(CASE WHEN d.income = 'low' THEN t.v ELSE 0 END)   ->  a figure of t.v, and the atom d.income = 'low'
    SUM(t.v + 1000000)                                    ->  refused: a constant added
    SELECT ..., CASE WHEN c THEN v END AS x ... SUM(x)     ->  the atom stands in a hidden column beside x

Each atom becomes a hidden group key: two measures that differ by a condition differ by the people who meet it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count

from sqlglot import exp

from pellucid.rewrite.families import try_cast
from pellucid.rewrite.generate import literal_free
from pellucid.rewrite.make_total import make_total
from pellucid.rewrite.relations import ROWS, Facts, Frame

_CONDITIONS = (exp.Predicate, exp.Connector, exp.Not, exp.Boolean, exp.Exists)
_NUMBERS = {exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.TINYINT, exp.DType.DOUBLE, exp.DType.FLOAT}
_NUMBERS |= {exp.DType.DECIMAL}
_WITHIN_ONE = (exp.Sum, exp.Count, exp.Avg, exp.Min, exp.Max, exp.Median)
_HIDDEN = "_atom"


@dataclass(slots=True)
class Figure:
    """What a value was found to be. `refused` is the code of the reason against it; `columns` are the terms of its
    sums and differences, each of which is a figure of its own; `scale` counts the decimal places of its constants.
    """

    atoms: list[exp.Expr] = field(default_factory=list)
    columns: list[exp.Column] = field(default_factory=list)
    refused: str = ""
    constant: bool = False
    added: bool = False
    scale: int = 0

    def refuse(self, code: str) -> None:
        """Note why the value cannot be measured; the first reason stays."""
        self.refused = self.refused or code

    def condition(self, condition: exp.Expr) -> None:
        """Note a condition, once."""
        if condition not in self.atoms:
            self.atoms.append(condition.copy())


def figure_of(value: exp.Expr, frame: Frame) -> Figure:
    """Return what a value is made of, followed through derived tables."""
    found = Figure()
    found.constant = _walk(value, frame, found)
    return found


def _walk(node: exp.Expr, frame: Frame, found: Figure) -> bool:
    """Take a value apart; return whether it is a constant."""
    if isinstance(node, exp.Paren | exp.Neg):
        return _walk(node.this, frame, found)
    if isinstance(node, exp.Column):
        _column(node, frame, found)
        return False
    if isinstance(node, exp.Null) or (isinstance(node, exp.Literal) and not node.is_string):
        return True
    if isinstance(node, exp.Mul | exp.Div):
        return _scaled(node, frame, found)
    if isinstance(node, exp.Add | exp.Sub):
        return _added(node, frame, found)
    if isinstance(node, exp.Case | exp.If):
        return _chosen(node, frame, found)
    if isinstance(node, exp.Coalesce):
        for each in [node.this, *node.expressions][:-1]:
            found.condition(exp.Is(this=each.copy(), expression=exp.Null()))
        return all([_walk(each, frame, found) for each in (node.this, *node.expressions)])
    if isinstance(node, exp.Nullif):
        found.condition(exp.EQ(this=node.this.copy(), expression=node.expression.copy()))
        return _walk(node.this, frame, found)
    if isinstance(node, exp.Cast) and node.args["to"].this in _NUMBERS:
        return _walk(node.this, frame, found)
    if isinstance(node, _WITHIN_ONE):
        return _within_one(node, frame, found)
    if isinstance(node, _CONDITIONS):
        found.condition(node)
        found.condition(exp.Is(this=exp.Paren(this=node.copy()), expression=exp.Null()))
        return True
    found.refuse("exact-condition-below" if isinstance(node, exp.Filter | exp.CountIf) else "exact-measure-form")
    return False


def _within_one(node: exp.Expr, frame: Frame, found: Figure) -> bool:
    """Take an aggregate of one person's rows apart: a condition inside it is lost to whoever stands outside."""
    held = node.this
    argument = held.expressions[0] if isinstance(held, exp.Distinct) and held.expressions else held
    if isinstance(argument, exp.Expr) and not isinstance(argument, exp.Star):
        inner = figure_of(argument, frame)
        found.refuse(inner.refused or ("exact-condition-below" if inner.atoms else ""))
    return False


def _column(column: exp.Column, frame: Frame, found: Figure) -> None:
    facts = frame.facts(column)
    if facts.hides:
        found.refuse("exact-condition-below")
    elif facts.direct is None and not facts.linear:
        found.refuse("exact-measure-form")
    for name in facts.atoms:
        hidden = exp.Identifier(this=name, quoted=True)
        found.condition(exp.Column(this=hidden, table=column.args["table"].copy()))
    if column not in found.columns:
        found.columns.append(column)


def _scaled(node: exp.Mul | exp.Div, frame: Frame, found: Figure) -> bool:
    """Take a column times a constant, or over one."""
    one, other = _number(node.this), _number(node.expression)
    if other is None and (one is None or isinstance(node, exp.Div)):
        found.refuse("exact-measure-form")
        return False
    held = node.this if other is not None else node.expression
    written = other if other is not None else one
    found.scale = max(found.scale, 4 if isinstance(node, exp.Div) else len((written or "").partition(".")[2]))
    return _walk(held, frame, found)


def _number(node: exp.Expr) -> str | None:
    while isinstance(node, exp.Paren | exp.Neg):
        node = node.this
    return node.name if isinstance(node, exp.Literal) and not node.is_string else None


def _added(node: exp.Add | exp.Sub, frame: Frame, found: Figure) -> bool:
    """Take columns added or subtracted as they are: a constant, or a factor, would pack two figures into one."""
    sides = [_plain(node.this), _plain(node.expression)]
    constants = [_walk(side, frame, found) for side in sides]
    if all(constants):
        return True
    if any(constants):
        found.refuse("exact-constant-added")
    elif not all(isinstance(side, exp.Column | exp.Add | exp.Sub) for side in sides):
        found.refuse("exact-measure-form")
    found.added = True
    return False


def _plain(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren) or (isinstance(node, exp.Cast) and node.args["to"].this in _NUMBERS):
        node = node.this
    return node


def _chosen(node: exp.Case | exp.If, frame: Frame, found: Figure) -> bool:
    branches = node.args["ifs"] if isinstance(node, exp.Case) else [node]
    subject = node.args.get("this") if isinstance(node, exp.Case) else None
    constants = []
    for branch in branches:
        condition = branch.this
        found.condition(condition if subject is None else exp.EQ(this=subject.copy(), expression=condition.copy()))
        constants.append(_walk(branch.args["true"], frame, found))
    last = node.args.get("default") or node.args.get("false")
    return all([*constants, *([_walk(last, frame, found)] if last is not None else [])])


def as_key(condition: exp.Expr) -> exp.Expr:
    """Return a hidden key that tells who meets a condition; unknown is not met, as CASE has it."""
    if isinstance(condition, exp.Column) and condition.name.startswith(_HIDDEN):
        told_one = exp.EQ(this=try_cast(condition.copy(), "DOUBLE"), expression=exp.Literal.number(1))
        return exp.Case(ifs=[exp.If(this=told_one, true=exp.Literal.number(1))], default=exp.Literal.number(0))
    met = exp.If(this=condition.copy(), true=exp.Literal.number(1))
    return exp.Case(ifs=[met], default=exp.Literal.number(0))


def told(condition: exp.Expr) -> str:
    """Return a condition without its literals, for people."""
    return "a condition of a derived column" if isinstance(condition, exp.Column) else literal_free(condition)


def carry_atoms(
    select: exp.Select, columns: dict[str, Facts], frame: Frame, numbers: count[int]
) -> tuple[dict[str, Facts], list[exp.Expr]]:
    """Return the facts of a derived table's columns with what they are made of, and the hidden columns to add.

    Where no column can be added, in a UNION or a correlated subquery, a column with conditions is noted to hide some.
    """
    hidden: list[exp.Expr] = []
    names: dict[exp.Expr, str] = {}
    found: dict[str, Facts] = {}
    nowhere, grouped = frame.correlated or _in_union(select), select.args.get("group") is not None
    for each in select.selects:
        figure, facts = figure_of(each.unalias(), frame), columns[each.alias_or_name]
        lost = nowhere or (grouped and any(isinstance(atom, exp.Column) for atom in figure.atoms))
        hides = figure.refused == "exact-condition-below" or (lost and bool(figure.atoms))
        if not hides and not figure.refused:
            for atom in figure.atoms:
                if atom not in names:
                    names[atom] = f"{_HIDDEN}{next(numbers)}"
                    hidden.append(exp.alias_(make_total(as_key(atom)), names[atom], quoted=True, copy=False))
            facts = replace(facts, atoms=tuple(names[atom] for atom in figure.atoms))
        linear = not figure.refused and (not figure.constant or bool(figure.atoms))
        found[each.alias_or_name] = replace(facts, linear=linear, hides=hides)
    return found, hidden


def _in_union(select: exp.Select) -> bool:
    parent = select.parent
    while isinstance(parent, exp.Subquery):
        parent = parent.parent
    return isinstance(parent, exp.SetOperation)


def places(column: exp.Expr, frame: Frame, declared: int) -> int:
    """Return the decimal places in which a column is added up: its own for whole numbers and money, else four."""
    facts = frame.facts(column) if isinstance(column, exp.Column) else Facts()
    if facts.origins == {ROWS}:
        return 0
    return declared if facts.direct is not None else max(declared, 4)
