"""The sizes that a relative accuracy is of: medians of cells clear of noise, at the lower ends of their intervals."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pellucid.errors import InputInvalid
from pellucid.policy.model import ReleaseRule
from pellucid.release.budget import PrivacyBudget
from pellucid.release.plan import epsilon_for, plan
from pellucid.release.private import ReleasedBlocks
from pellucid.release.sizes import demand_clear, demand_sizes, sizes_of
from pellucid.rewrite.governed import Grid, Measure, MeasureKind
from tests.release.conftest import COUNT, MONEY, make_block, make_query

MEDIAN = Measure("m3", MeasureKind.QUANTILE, "median", 0, 0, 50, grid=Grid(0, 100, 100, 1, 2))
SQUARES = Measure("m4", MeasureKind.SQUARES, "squares", 0, 0, 50)


def released(**measures: list[int | None]) -> ReleasedBlocks:
    table = pa.table({name: pa.array(cells, pa.int64()) for name, cells in measures.items()})
    return ReleasedBlocks({"b0": table}, {("b0", name): 10.0 for name in measures}, (), PrivacyBudget(0))


@pytest.mark.parametrize(
    ("cells", "size"),
    [
        ([110], 100),
        ([-110], 100),
        ([10, 9, -3, 110, 1010, 210], 200),
        ([10, -10, 0], 0),
        ([None, 60], 50),
        ([], 0),
    ],
)
def test_a_size_is_the_median_of_the_cells_that_are_clear_of_noise(cells: list[int | None], size: float) -> None:
    assert sizes_of(released(m0=cells)) == {("b0", "m0"): size}


def test_an_error_is_a_share_of_each_measures_own_size(rule: ReleaseRule) -> None:
    query = make_query(make_block(COUNT, MONEY))
    sizes = {("b0", "m0"): 10_000.0, ("b0", "m1"): 5_000_000.0}
    planned = plan(query, rule, epsilon_for(query, rule, 0.05, sizes=sizes))
    widths = {name: planned.half_width("b0", name) or 0.0 for name in ("m0", "m1")}
    shares = [widths["m0"] / 10_000, widths["m1"] / 5_000_000]
    assert 0.049 < max(shares) <= 0.05
    assert epsilon_for(query, rule, 0.05, sizes=sizes) > epsilon_for(query, rule, 0.1, sizes=sizes)
    with pytest.raises(InputInvalid, match=r"An error of 0\.000% cannot be reached.*it is [\d.]+%"):
        epsilon_for(query, rule, 1e-9, sizes=sizes)
    with pytest.raises(InputInvalid, match="cannot be reached"):
        epsilon_for(query, rule, 0.05, sizes=sizes | {("b0", "m0"): 0.0})


@pytest.mark.parametrize("measures", [(MEDIAN,), (), (COUNT, SQUARES)])
def test_what_has_no_size_is_refused(measures: tuple[Measure, ...]) -> None:
    with pytest.raises(InputInvalid, match="a spread or a quantile has no size") as refused:
        demand_sizes(make_query(make_block(*measures)))
    assert refused.value.code == "accuracy-meaningless"
    demand_sizes(make_query(make_block(COUNT, MEDIAN)))


def test_a_measure_without_a_size_is_named() -> None:
    with pytest.raises(InputInvalid, match=r"^By a first answer, no figure of a, c can be told from nothing\.$"):
        demand_clear([("a", 0.0), ("b", 5.0), ("c", 0.0)])
