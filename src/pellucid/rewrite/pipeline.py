"""The gate, pass by pass: analyst's SQL to a GovernedQuery, or UseRefused with every reason. Pure.

    parse -> check_vocabulary -> bind_now -> authorise -> qualify_names -> split_release -> recheck

Consent is data, not policy, so a governed query holds for any state of the register and can be kept by SQL, policy,
purpose and roles.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock

from sqlglot import exp

from pellucid.errors import UseRefused
from pellucid.policy.decide import EXACT_ACTIONS, Use, UseDecision, decide
from pellucid.rewrite.bind_now import bind_now
from pellucid.rewrite.check_vocabulary import check_vocabulary
from pellucid.rewrite.context import Context, Findings
from pellucid.rewrite.derived import derived_error
from pellucid.rewrite.generate import generate
from pellucid.rewrite.governed import WITHHELD, Block, GovernedQuery, MeasureKind, Output
from pellucid.rewrite.make_total import may_raise
from pellucid.rewrite.parse import parse_question
from pellucid.rewrite.qualify_names import qualify_names
from pellucid.rewrite.recheck import recheck_block, recheck_post, recheck_public
from pellucid.rewrite.relations import Facts, Relation
from pellucid.rewrite.shape import shape_of
from pellucid.rewrite.sources import Work
from pellucid.rewrite.split_release import split_release
from pellucid.rewrite.spread import plain_quantiles
from pellucid.rewrite.subject_rows import has_aggregate

KEPT = 512
"""How many governed queries one gate keeps."""

_NAMED = {MeasureKind.SUM: "sum", MeasureKind.QUANTILE: "quantile", MeasureKind.SPREAD: "spread"}


def _vocabulary(query: exp.Query, context: Context, findings: Findings) -> exp.Query:
    findings.extend(check_vocabulary(query))
    return query


def _purpose(query: exp.Query, context: Context, findings: Findings) -> exp.Query:
    """May this person ask for this purpose at all."""
    decision = decide(context.policy, Use(context.actor, context.purpose, context.action), context.standing)
    findings.extend(list(decision.reasons))
    findings.settle()
    return query


PASSES: tuple[Callable[[exp.Query, Context, Findings], exp.Query], ...] = (
    _vocabulary,
    _purpose,
    bind_now,
    qualify_names,
)
"""The passes that turn a parsed question into a qualified tree, in order."""


def govern(sql: str, context: Context) -> GovernedQuery:
    """Govern a question. Raises UseRefused with every reason found; touches no data."""
    try:
        return _govern(sql, context)
    except RecursionError:
        raise Findings().stop("sql-too-deep", depth=context.limits.depth) from None


def _govern(sql: str, context: Context) -> GovernedQuery:
    findings = Findings()
    query = plain_quantiles(parse_question(sql, context.limits))
    shape = shape_of(query, context.policy)
    for each in PASSES:
        query = each(query, context, findings)
    _demand_exact(query, context, findings)
    work = Work(context, findings, barrier=needs_barrier(query))
    try:
        answer = split_release(query, work)
    except UseRefused as error:
        findings.extend([*error.reasons, *_decision(work).reasons])
        raise findings.refusal() from None
    if context.exact is not None and len(work.blocks) != 1:
        raise findings.stop("exact-one-block" if work.blocks else "exact-nobody")
    decision = _decision(work)
    if not decision.permitted:
        raise UseRefused(decision.reasons, message="This question is refused.")
    governed = _assembled(answer, work, shape, decision.obligations)
    _recheck(governed, context)
    return governed


def _demand_exact(query: exp.Query, context: Context, findings: Findings) -> None:
    """Refuse exact figures where the purpose lets none leave, and parameters in them: nobody approved their values."""
    if context.action not in EXACT_ACTIONS:
        return
    if context.exact is None:
        raise findings.stop("exact-not-declared", purpose=context.purpose)
    for node in query.find_all(exp.Placeholder):
        if not node.name.startswith("_"):
            findings.add("exact-parameter", name=node.name)
    findings.settle()


def _decision(work: Work) -> UseDecision:
    """Decide on the columns whose values are read anywhere, and the keys that only tie rows."""
    context, used = work.context, frozenset(work.used)
    keys = frozenset(work.keys) - used
    use = Use(context.actor, context.purpose, context.action, used, frozenset(work.datasets), keys)
    return decide(context.policy, use, context.standing)


def needs_barrier(query: exp.Query) -> bool:
    """Return whether a raising expression over a column could be run on rows that a filter later removes: anywhere but
    in the SELECT list of the outermost query.
    """
    for node in may_raise(query):
        if node.find(exp.Column) is None:
            continue
        select = node.find_ancestor(exp.Select)
        if select is None or select.parent is not None:
            return True
        child: exp.Expr = node
        while child.parent is not select and child.parent is not None:
            child = child.parent
        if child.arg_key != "expressions":
            return True
    return False


def _assembled(answer: Relation, work: Work, shape: str, obligations: tuple[str, ...]) -> GovernedQuery:
    exact = work.context.exact is not None
    tree, outputs = _with_errors(answer, work.blocks, told=not exact)
    judged = work.blocks if exact else _with_a_minimum(work)
    withheld = _with_reasons(tree, judged) if judged else None
    post_parameters = tuple(sorted({node.name for node in tree.find_all(exp.Placeholder)}))
    return GovernedQuery(
        purpose=work.context.purpose,
        blocks=tuple(work.blocks),
        post_sql=generate(tree),
        post_parameters=post_parameters,
        outputs=outputs,
        datasets=tuple(sorted(work.datasets)),
        used=tuple(sorted(f"{dataset}.{column}" for dataset, column in work.used | work.keys)),
        obligations=obligations,
        shape=shape,
        tables=tuple(work.tables),
        withheld_column=withheld,
    )


def _with_a_minimum(work: Work) -> list[Block]:
    """Return the blocks whose cells are all listed, and have no figures where too few people are in them."""
    minimum = work.context.declared.release.minimum_group
    return [block for block in work.blocks if block.public_cells] if minimum else []


def _with_reasons(tree: exp.Query, blocks: Sequence[Block]) -> str | None:
    """Carry along why a cell is withheld, where each row of the answer is a cell; return the column's name."""
    from_ = tree.args.get("from_")
    if not isinstance(tree, exp.Select) or from_ is None or any(tree.args.get(part) for part in ("joins", "distinct")):
        return None
    table = from_.this
    if not isinstance(table, exp.Table) or table.name not in {block.name for block in blocks}:
        return None
    if tree.args.get("group") is not None or has_aggregate(tree):
        return None
    column = exp.Column(this=exp.Identifier(this=WITHHELD), table=exp.Identifier(this=table.alias_or_name))
    tree.append("expressions", exp.alias_(column, WITHHELD, copy=False))
    return WITHHELD


def _with_errors(answer: Relation, blocks: Sequence[Block], *, told: bool) -> tuple[exp.Query, tuple[Output, ...]]:
    """Name the outputs; where one is an average of the block right below, carry its error along in a hidden column."""
    tree = answer.tree
    outputs: list[Output] = []
    direct = told and isinstance(tree, exp.Select) and tree.args.get("distinct") is None
    for position, (name, facts) in enumerate(answer.columns.items()):
        error = f"_error_{position}" if direct and facts.derived is not None else None
        if error is not None and facts.derived is not None and isinstance(tree, exp.Select):
            tree.append("expressions", exp.alias_(derived_error(facts.derived), error, copy=False))
        outputs.append(Output(_friendly(name, facts, blocks), facts.measure, facts.derived, error, facts.is_cell_key))
    return tree, tuple(outputs)


def _friendly(name: str, facts: Facts, blocks: Sequence[Block]) -> str:
    """Return a name that says what it is for an aggregate that was given none."""
    if not name.startswith("_col_"):
        return name
    if facts.derived is not None:
        return facts.derived.function
    for block in blocks:
        for measure in block.measures:
            if facts.measure == (block.name, measure.name):
                return _NAMED.get(measure.kind, "count")
    return f"column_{int(name.removeprefix('_col_')) + 1}"


def _recheck(governed: GovernedQuery, context: Context) -> None:
    names = [block.name for block in governed.blocks] + [table.name for table in governed.tables]
    passed = all(recheck_block(block, context) for block in governed.blocks)
    passed = passed and all(recheck_public(table.sql, context) for table in governed.tables)
    if not passed or not recheck_post(governed.post_sql, names):
        raise Findings().stop("output-recheck")


class Gate:
    """Keeps governed queries by SQL, policy version, purpose, and who asks with which roles."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], GovernedQuery] = OrderedDict()
        self._lock = Lock()

    def govern(self, sql: str, context: Context) -> GovernedQuery:
        """Return the governed query, from memory if the very same use was governed before."""
        actor = context.actor
        key: tuple[object, ...] = (
            sql,
            context.policy.version,
            context.purpose,
            context.action,
            actor.kind,
            actor.name,
            actor.roles,
        )
        key += (tuple(sorted(context.standing.facts.items())),)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        governed = govern(sql, context)
        with self._lock:
            self._kept[key] = governed
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return governed
