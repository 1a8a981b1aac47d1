"""A small policy and hand-made blocks: what the gate would hand to the release rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pytest

from pellucid.engines.exact import ExactAnswer
from pellucid.policy.model import (
    Allowance,
    Bound,
    Controller,
    Notice,
    Period,
    Policy,
    PrivacyUnit,
    Purpose,
    ReleaseRule,
    Unknown,
)
from pellucid.rewrite.governed import Block, GovernedQuery, GroupKey, Measure, MeasureKind

COUNT = Measure("m0", MeasureKind.ROWS, "rows", 0, 0, 50)
MONEY = Measure("m1", MeasureKind.SUM, "sum of sales_value", 2, 0, 30_000)
PEOPLE = Measure("m2", MeasureKind.SUBJECTS, "households", 0, 0, 1, contributors=True)


def make_rule(**changes: object) -> ReleaseRule:
    rule = ReleaseRule(
        epsilon_default=1.0,
        epsilon_max=5.0,
        allowance=Allowance(8.0, 2e-6, Period.MONTH),
        max_groups=10,
        rows=Bound(per_group="50"),
        threshold_delta=1e-8,
    )
    return replace(rule, **changes)  # type: ignore[arg-type]


def make_purpose(name: str, rule: ReleaseRule) -> Purpose:
    return Purpose(
        name=name,
        title=name,
        description="",
        notice=Notice("1", "We look at what people buy."),
        bases={},
        categories=("user",),
        roles=("analyst",),
        release=rule,
        unknown_place="eu",
        unknown_age=Unknown.ADULT,
    )


def make_policy(cap: Allowance, **purposes: ReleaseRule) -> Policy:
    return Policy(
        controller=Controller("Grocer", "NL", "privacy@example.org"),
        regimes={},
        namespaces={"household": PrivacyUnit("household", "households", cap)},
        purposes={name: make_purpose(name, rule) for name, rule in purposes.items()},
        datasets={},
        recipients={},
        roles={},
        people={},
        version="0" * 64,
    )


def make_block(*measures: Measure, keys: Sequence[str] = ("k0",), **changes: object) -> Block:
    block = Block(
        name="b0",
        namespace="household",
        keys=tuple(GroupKey(name, name, True) for name in keys),
        measures=measures,
        sql="",
        sources=(),
        rows="",
        frame="",
        parameters=(),
        public_cells=True,
        max_groups=10,
        reports_clipping=False,
    )
    return replace(block, **changes)  # type: ignore[arg-type]


def make_query(*blocks: Block) -> GovernedQuery:
    return GovernedQuery(
        purpose="range-planning",
        blocks=blocks,
        post_sql="",
        post_parameters=(),
        outputs=(),
        datasets=(),
        used=(),
        obligations=(),
        shape="",
    )


def make_exact(columns: Mapping[str, Sequence[object]], *, clipping: tuple[int, int] | None = None) -> ExactAnswer:
    """One block `b0`; integers become BIGINT; `clipping` is (people, clipped) of the extra row."""
    rows = len(next(iter(columns.values())))
    cells = {"_row": [0] * rows, **{name: list(values) for name, values in columns.items()}}
    if clipping is not None:
        cells["_clipped"] = [0] * rows
        extra = {"_row": 1, "_subjects": clipping[0], "_clipped": clipping[1]}
        for name, values in cells.items():
            values.append(extra.get(name))
    return ExactAnswer({"b0": pa.table(cells)}, replica_version=1)


@pytest.fixture
def rule() -> ReleaseRule:
    return make_rule()
