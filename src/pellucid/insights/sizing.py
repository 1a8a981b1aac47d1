"""Step (2) of the spine: bring the engine to the register, and size a question up by what is public."""

from __future__ import annotations

from pellucid.engines.base import Statement
from pellucid.engines.exact import ExactAnswer
from pellucid.errors import QueryFailed, UseRefused
from pellucid.insights.course import Course, Parts, bound_values, only, policy_changed
from pellucid.insights.replica import Fresh
from pellucid.policy.ranks import rank_rule
from pellucid.policy.reasons import reason
from pellucid.release.choose import ranks_needed

_COUNT_CELLS = "SELECT COUNT(*) AS cells FROM ({})"


def begin(parts: Parts, course: Course) -> Fresh:
    """Bring the engine to the register, and size the question up with it."""
    while True:
        fresh = parts.replica.fresh(parts.clock())
        try:
            _size_up(parts, course, fresh)
        except QueryFailed as error:
            if error.code != "query-closed":
                raise
            continue  # another thread replaced the engine, for newer data
        return fresh


def _size_up(parts: Parts, course: Course, fresh: Fresh) -> None:
    """Count the public cells, which touches nobody's data, and plan with their number."""
    if fresh.policy.version != course.policy.version:
        raise policy_changed()
    blocks = [block for block in course.governed.blocks if block.cells_sql is not None]
    unique = ranks_needed(course.governed)
    if not blocks and not unique:
        course.governed = course.rule.size_up({}, ())  # what was answered first may plan it otherwise
        return
    bound = bound_values(course, parts.clock())
    statements = [
        Statement(block.name, _COUNT_CELLS.format(block.cells_sql), only(bound, block.cells_parameters))
        for block in blocks
    ]
    tables = {f"t{place}": sql for place, sql in enumerate(sorted({sql for each in unique.values() for sql in each}))}
    tables = {name: sql for name, sql in tables.items() if sql not in fresh.counted}
    statements += [Statement(name, sql) for name, sql in tables.items()]
    counted = fresh.engine.run(statements, purpose=course.query.purpose, seconds=parts.seconds)
    cells = {block.name: _number(counted, block.name) for block in blocks}
    fresh.counted.update({sql: _number(counted, name) for name, sql in tables.items()})
    multiplied = {name for name, each in unique.items() if any(fresh.counted[sql] for sql in each)}
    for block in blocks:
        if cells[block.name] > block.max_cells:
            got, allowed = f"{cells[block.name]:,}", f"{block.max_cells:,}"
            raise UseRefused([reason("too-many-cells", got=got, allowed=allowed)], message="This question is refused.")
    datasets = course.policy.datasets
    ranked = {name for name in unique if fresh.engine.ranks.get(name, "") == rank_rule(datasets[name])} - multiplied
    course.governed = course.rule.size_up(cells, ranked)


def _number(counted: ExactAnswer, name: str) -> int:
    return int(counted.table(name).column(0)[0].as_py())
