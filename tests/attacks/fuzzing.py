"""Statements by the hundred thousand: the gate refuses, or what it lets pass runs, keeps its bounds, shows no secret.

    python -m tests.attacks.fuzzing --attempts 1000000      # or --first 812345 --attempts 1 to see one again

Each statement of `mutations` may end in three ways: UseRefused; answered; stopped by the engine's limit of time or
memory, which is the one outcome that may depend on data and is documented as such. What is answered is run in four
worlds, which differ in one household each. The cells of a withdrawn household must change nothing; those of any other
must change each measure by no more than the noise is sized for, or one person would shine through. Anything
else is a finding, printed with its seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow as pa

from pellucid.engines.base import Statement
from pellucid.errors import InputInvalid, QueryFailed, UseRefused
from pellucid.holdings.place import ImportPlace
from pellucid.policy.model import Policy, RankBound
from pellucid.release.plan import plan
from pellucid.release.private import release
from pellucid.release.sensitivity import block_sensitivity, clipping_sensitivity, measure_sensitivity
from pellucid.rewrite.context import Context
from pellucid.rewrite.governed import WEIGHT, Block, GovernedQuery, PublicTable
from pellucid.rewrite.pipeline import govern
from pellucid.settings import Settings
from pellucid.workspace import Workspace
from tests.attacks.grocer import NOW, SECRETS, TARGET, WITHDRAWN, made_rows, opened
from tests.attacks.mutations import statement
from tests.attacks.watched import Finding, Fuzzer, main

ENGINE_SECONDS = 8.0
LIMITS = ("query-timeout", "query-memory")
"""How an engine's limits end a question: the one outcome that may depend on data, or on how busy the machine is."""
DRAWS = 3
"""How often noise is drawn before a secret that shows each time is a finding: random digits may hold one by chance, as
they did once in a hundred thousand statements.
"""
OTHERS = (WITHDRAWN, TARGET, "h7")
"""One is left out in each world but the first; every answered statement is run in one of these besides."""
_COUNTS = {"_subjects", "_clipped"}
BOUND_BEFOREHAND = ("Binder Error", "Parser Error", "Catalog Error", "Not implemented Error")
BAD_PATTERNS = (
    "missing )", "missing ]", "unexpected )", "invalid repetition", "no argument for repetition", "bad repetition",
    "invalid escape", "trailing \\", "invalid character class", "invalid perl operator", "invalid UTF-8",
    "invalid named capture",
)  # fmt: skip
"""Failures of the engine before it looks at a row, patterns that are none included (tried: they come whether or not a
row gets as far); they tell nothing, and count apart from refusals."""


@dataclass
class Worlds:
    """The grocer, and the grocer without one household each; engines and the policy are opened once a process."""

    folder: Path
    opened: dict[str, Workspace] = field(default_factory=dict)
    engines: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = Settings(threads=1, memory_limit="1GB", query_seconds=ENGINE_SECONDS)
        with patch.object(ImportPlace, "rank_key", lambda self, dataset: dataset):  # the same ranks in all worlds
            for without in ("", *OTHERS):
                rows = made_rows(without=[without])
                # people have one id in all worlds: which of their groups are kept is drawn by it
                folder, everybody = self.folder / f"ws{without}", made_rows()
                self.opened[without] = opened(folder, rows, settings=settings, before=everybody)
        self.main = self.opened[""]
        active = self.main.policy.active()
        rule = replace(active.purposes["planning"].release, rank=RankBound(rows=2, each=1))
        purpose = replace(active.purposes["planning"], release=rule)
        self.policy: Policy = replace(active, purposes={**active.purposes, "planning": purpose})
        self.context = Context(self.policy, self.main.actor("mallory"), "planning")

    def engine(self, without: str) -> Any:
        """Return the engine over a world, where nothing changes and no time passes."""
        if without not in self.engines:
            parts = self.opened[without]._parts
            self.engines[without] = parts.replica.fresh(parts.clock()).engine
        return self.engines[without]

    def close(self) -> None:
        for workspace in self.opened.values():
            workspace.close()


def tried(worlds: Worlds, seed: int) -> str:
    """Return how a seed's statement ended; raises Finding, or whatever the product raised that it must not."""
    sql = statement(seed)
    try:
        governed = govern(sql, worlds.context)
    except UseRefused as error:
        _look_for_secrets(str(error) + repr(error.reasons), sql)
        return "refused"
    governed = bounded(governed, seed)
    bound = _bound(governed)
    try:
        exact = worlds.engine("").run(_statements(governed, bound), purpose="planning", seconds=ENGINE_SECONDS)
    except QueryFailed as error:
        return _failed(worlds, governed, bound, error)
    cells = {block.name: exact.table(block.name).num_rows for block in governed.blocks if block.public_cells}
    try:
        planned = plan(governed, worlds.policy.purposes["planning"].release, 1.0, cells=cells)
    except InputInvalid as error:
        return f"not planned: {error.code}"
    without = OTHERS[seed % 3]
    try:
        other = worlds.engine(without).run(_statements(governed, bound), purpose="planning", seconds=ENGINE_SECONDS)
    except QueryFailed as error:
        return _failed(worlds, governed, bound, error)
    _compare(governed, exact, other, without)
    post = Statement("post", governed.post_sql, {name: bound[name] for name in governed.post_parameters})
    for draw in range(DRAWS):
        released = release(exact, governed, planned)
        tables = dict(released.tables) | {part.name: exact.table(part.name) for part in governed.tables}
        try:
            shown = worlds.main._parts.cells().run(post, tables, seconds=ENGINE_SECONDS)
        except QueryFailed as error:
            return f"post failed: {error.code}"  # over released cells: it tells what these do
        try:
            _look_for_secrets(str(shown), sql)
            break
        except Finding:
            if draw == DRAWS - 1:
                raise
    return "answered"


def bounded(governed: GovernedQuery, seed: int) -> GovernedQuery:
    """Return the question bounded in one of the ways there are: every other time by a stored rank, if it can be."""
    blocks = tuple([block, *block.others][seed % (len(block.others) + 1)] for block in governed.blocks)
    return replace(governed, blocks=blocks)


def _bound(governed: GovernedQuery) -> dict[str, object]:
    names = set(governed.post_parameters)
    for part in _parts(governed):
        names |= set(part.parameters)
    return dict.fromkeys(names, "3") | {"_now": NOW, "_salt": "salt"}


def _parts(governed: GovernedQuery) -> list[Block | PublicTable]:
    return [*governed.blocks, *governed.tables]


def _statements(governed: GovernedQuery, bound: dict[str, object]) -> list[Statement]:
    """A size of the bitmap is the engine's to fill in."""
    return [
        Statement(part.name, part.sql, {name: bound[name] for name in part.parameters if not name.startswith("_size")})
        for part in _parts(governed)
    ]


def _failed(worlds: Worlds, governed: GovernedQuery, bound: dict[str, object], error: QueryFailed) -> str:
    """Let pass the limits of time and memory, and what no row can have caused."""
    if error.code in LIMITS:
        return error.code
    words = _engine_words(worlds, governed, bound)
    if words.startswith(BOUND_BEFOREHAND) or any(each in words for each in BAD_PATTERNS):
        return "failed before a row was read"
    raise Finding(f"engine error after the gate: {words[:300]}")


def _engine_words(worlds: Worlds, governed: GovernedQuery, bound: dict[str, object]) -> str:
    cursor = worlds.engine("")._connection.cursor()
    for part in _parts(governed):
        values = {name: bound.get(name, 10_000) for name in part.parameters}
        try:
            cursor.execute(part.sql, values or None).fetchall()
        except duckdb.Error as error:
            return str(error)
    return "none when run again"


def _look_for_secrets(text: str, typed: str) -> None:
    found = [secret for secret in SECRETS if secret in text and secret not in typed]
    if found:
        raise Finding(f"shows {found}")


# -- what one household may change -------------------------------------------------------------------------------------


def _compare(governed: GovernedQuery, exact: Any, other: Any, without: str) -> None:
    for table in governed.tables:
        if _sorted(exact.table(table.name)) != _sorted(other.table(table.name)):
            raise Finding(f"a public table depends on {without}")
    for block in governed.blocks:
        if without == WITHDRAWN:
            if _sorted(exact.table(block.name)) != _sorted(other.table(block.name)):
                raise Finding("rows of a withdrawn household count")
        else:
            _keep_bounds(block, _cells(exact.table(block.name)), _cells(other.table(block.name)), without)


def _sorted(table: pa.Table) -> list[str]:
    return sorted(map(repr, _rows(table)))


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return a table's rows, with dates and instants as texts: Python has none for some of them."""
    told = [column.cast("string") if pa.types.is_temporal(column.type) else column for column in table.columns]
    rows: list[dict[str, Any]] = pa.table(told, names=table.column_names).to_pylist()
    return rows


def _cells(table: pa.Table) -> dict[str, dict[str, int]]:
    """Return the numbers of each cell by its keys; the row that counts clipped people is a cell too."""
    found: dict[str, dict[str, int]] = {}
    for row in _rows(table):
        key = repr([row[name] for name in row if name == "_row" or name.startswith("k")])
        numbers = {name: value for name, value in row.items() if name in _COUNTS or name.startswith("m")}
        found[key] = {name: int(value or 0) for name, value in numbers.items()}
        for name in (name for name in row if name.startswith("h")):
            places = zip(row[name] or (), row[f"w{name[1:]}"] or (), strict=True)
            found[key].update({f"{name} {place}": int(weight) for place, weight in places})
    return found


def _keep_bounds(block: Block, one: dict[str, dict[str, int]], other: dict[str, dict[str, int]], without: str) -> None:
    keys = sorted({*one, *other})
    cells = [key for key in keys if key.startswith("[0")]
    moved = {key: _difference(block, one.get(key, {}), other.get(key, {})) for key in keys}
    if block.public_cells and set(one) != set(other):
        raise Finding(f"public cells depend on {without}")
    if block.ranked is not None:
        _keep_rank(block, moved, cells, without)
        return
    touched = [key for key in cells if moved[key]["_subjects"]]
    if len(touched) > block.max_groups or any(abs(moved[key]["_subjects"]) > 1 for key in cells):
        raise Finding(f"{without} alone moves {len(touched)} cells, or a cell by more than one person")
    for measure in block.measures:
        length = sum(moved[key][measure.name] ** 2 for key in cells) ** 0.5
        if length > measure_sensitivity(measure, block.max_groups) * (1 + 1e-9):
            raise Finding(f"{without} alone moves {measure.title} by {length}")
        weights = [_weights_moved(one.get(key, {}), other.get(key, {}), f"h{measure.name[1:]} ") for key in cells]
        most = WEIGHT * measure_sensitivity(measure, block.max_groups) * (1 + 1e-9)
        if sum(each**2 for each in weights) ** 0.5 > most:
            raise Finding(f"{without} alone moves the weights of {measure.title} by {weights}")
    for key in set(keys) - set(cells):
        if any(abs(value) > 1 for value in moved[key].values()):
            raise Finding(f"{without} alone moves the count of people clipped by more than one")


def _keep_rank(block: Block, moved: dict[str, dict[str, int]], cells: list[str], without: str) -> None:
    """Demand of a block that a rank bounds that one household moves it no further than the noise is sized for."""
    for measure in block.measures:
        length = sum(moved[key][measure.name] ** 2 for key in cells) ** 0.5
        if length > block_sensitivity(block, measure, len(cells)) * (1 + 1e-9):
            raise Finding(f"{without} alone moves {measure.title} by {length}, by rank")
    most = clipping_sensitivity(block, len(cells)) / 2**0.5 * (1 + 1e-9)
    for key in set(moved) - set(cells):
        if any(abs(moved[key][name]) > most for name in _COUNTS):
            raise Finding(f"{without} alone moves the counts of ranked rows by more than {most}")


def _weights_moved(one: dict[str, int], other: dict[str, int], prefix: str) -> int:
    """Return how much weight of a quantile's values moves in a cell, over all places."""
    return sum(abs(one.get(name, 0) - other.get(name, 0)) for name in {*one, *other} if name.startswith(prefix))


def _difference(block: Block, one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    names = [*_COUNTS, *(measure.name for measure in block.measures)]
    return {name: one.get(name, 0) - other.get(name, 0) for name in names}


FUZZER = Fuzzer(Worlds, tried, statement)


if __name__ == "__main__":
    main(FUZZER, "Fuzz the gate.")
