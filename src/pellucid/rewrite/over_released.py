"""Rewrite the SELECT of a block into one over its released cells: where an aggregate stood, stands a released column.

    SELECT week, SUM(v) / COUNT(*) AS mean FROM t GROUP BY week HAVING COUNT(*) > 3
      ->  SELECT _r0.k0 AS "week", _r0.m0 / _r0.m1 AS "mean" FROM r0 AS _r0 WHERE _r0.m1 > 3

It takes each aggregate as a measure on its way; what a measure is, and how far one may move it, is `measures`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from pellucid.rewrite.derived import derived_from, derived_value
from pellucid.rewrite.exact_measures import ExactMeasures
from pellucid.rewrite.governed import Measure
from pellucid.rewrite.measures import Measures
from pellucid.rewrite.relations import Facts, Frame
from pellucid.rewrite.sources import Work
from pellucid.rewrite.subject_rows import is_aggregate


class OverReleased:
    """Rewrites one block's SELECT."""

    def __init__(
        self,
        alias: str,
        groups: Sequence[exp.Expr],
        measures: Measures | ExactMeasures,
        frame: Frame,
        work: Work,
        post: Callable[[exp.Query], exp.Query],
    ) -> None:
        self.alias = alias
        self.groups = list(groups)
        self.measures = measures
        self.frame = frame
        self.work = work
        self.post = post
        self.outputs: dict[str, Facts] = {}
        self.taken: dict[int, list[Measure]] = {}  # by the identity of the aggregate, which the question keeps
        self.aliases: set[str] = set()

    def select(self, select: exp.Select, name: str) -> exp.Select:
        """Return the SELECT over the released cells called `name`."""
        self.aliases = {each.alias for each in select.selects if each.alias}
        outside = exp.Select()
        alias = exp.TableAlias(this=exp.Identifier(this=self.alias, quoted=False))
        outside.set("from_", exp.From(this=exp.Table(this=exp.Identifier(this=name, quoted=False), alias=alias)))
        for each in select.selects:
            outside.append("expressions", self._projection(each))
        if select.args.get("having") is not None:
            outside.set("where", exp.Where(this=self._over(select.args["having"].this)))
        for part in ("qualify", "order"):
            if select.args.get(part) is not None:
                outside.set(part, self._over(select.args[part]))
        for part in ("limit", "offset", "distinct"):
            if select.args.get(part) is not None:
                outside.set(part, select.args[part].copy())
        return outside

    def columns(self, name: str) -> dict[str, Facts]:
        """Return what each output column is, by name."""
        return self.outputs

    def _projection(self, each: exp.Expr) -> exp.Expr:
        expression = each.unalias()
        over = self._over(expression)
        facts = Facts()
        block = self.alias[1:]
        if any(expression == key for key in self.groups):
            facts = Facts(is_cell_key=True)
        elif _is_measure(expression):
            taken = self.taken[id(expression)]
            if len(taken) == 1:
                facts = Facts(measure=(block, taken[0].name))
            elif taken:
                facts = Facts(derived=derived_from(expression, block, taken))
        self.outputs[each.alias_or_name] = facts
        return exp.alias_(over, each.alias_or_name, quoted=True, copy=False)

    def _over(self, node: exp.Expr) -> exp.Expr:
        for position, key in enumerate(self.groups):
            if node == key:
                return self._released(f"k{position}")
        if isinstance(node, exp.Window):
            return self._window(node)
        if _is_measure(node):
            return self._measure(node)
        if isinstance(node, exp.Subquery):
            return exp.Subquery(this=self.post(node.this.copy()))
        if isinstance(node, exp.Exists | exp.Query):
            self.work.findings.add("syntax-not-allowed", name="exists beside measures")
            return node.copy()
        if isinstance(node, exp.Column):
            return self._column(node)
        return self._rebuilt(node)

    def _rebuilt(self, node: exp.Expr) -> exp.Expr:
        """Return a node of the same kind over rewritten parts."""
        made = type(node)()
        for name, value in node.args.items():
            if isinstance(value, list):
                made.set(name, [self._over(each) if isinstance(each, exp.Expr) else each for each in value])
            else:
                made.set(name, self._over(value) if isinstance(value, exp.Expr) else value)
        return made

    def _released(self, name: str) -> exp.Column:
        column, table = (exp.Identifier(this=each, quoted=False) for each in (name, self.alias))
        return exp.Column(this=column, table=table)

    def _column(self, node: exp.Column) -> exp.Expr:
        if not node.table and node.name in self.aliases:
            return node.copy()
        self.work.findings.add("column-not-grouped", name=node.name)
        return node.copy()

    def _measure(self, node: exp.Expr) -> exp.Expr:
        taken = self.taken[id(node)] = self.measures.take(node)
        if len(taken) > 1:
            return derived_value(derived_from(node, self.alias[1:], taken))
        return self._released(taken[0].name) if taken else exp.Null()

    def _window(self, node: exp.Window) -> exp.Expr:
        """Rank or sum released cells: the window's own function stays, what stands inside it is released."""
        over = node.copy()
        over.set("this", self._rebuilt(node.this))
        for part in ("partition_by", "order"):
            value = node.args.get(part)
            if isinstance(value, list):
                over.set(part, [self._over(each) for each in value])
            elif value is not None:
                over.set(part, self._over(value))
        return over


def _is_measure(node: exp.Expr) -> bool:
    return is_aggregate(node.this if isinstance(node, exp.Filter) else node)
