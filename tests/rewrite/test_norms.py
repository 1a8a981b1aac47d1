"""What the engine makes of a person's vector under a norm is no longer than `release.sensitivity` says, cell for cell.

The frame's own text runs over vectors of one person, small counts in many cells and totals beyond any double among
them; lengths are then compared in whole numbers, without rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pellucid.release.sensitivity import measure_sensitivity
from pellucid.rewrite import block_frame
from pellucid.rewrite.governed import Measure, MeasureKind

COUNTS = st.lists(st.integers(0, 6), min_size=1, max_size=400)
LEVEL = st.builds(lambda value, cells: [value] * cells, st.integers(1, 9), st.integers(1, 3000))
TOTALS = st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=60)
HUGE = st.lists(st.integers(-(2**100), 2**100), min_size=1, max_size=60)
VECTORS = COUNTS | LEVEL | TOTALS | HUGE
NORMS = st.integers(1, 60) | st.integers(1, 10**7) | st.integers(2**50, 2**62)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def bounded(engine: duckdb.DuckDBPyConnection, vector: Sequence[int], measure: Measure) -> list[int]:
    """Return what the frame makes of one person's totals; a norm that is drawn is bound, any other written out."""
    text = block_frame._clamp(0, measure)
    values = {"_cap0": measure.norm} if measure.drawn else {}
    totals = ", ".join(f"'{each}'" for each in vector)
    rows = f"SELECT 1 AS _subject, CAST(UNNEST([{totals}]) AS HUGEINT) AS t0"
    return [int(row[0]) for row in engine.execute(f"SELECT {text} FROM ({rows}) AS _kept", values).fetchall()]


def is_held(vector: Sequence[int], measure: Measure) -> bool:
    return sum(each * each for each in vector) <= Fraction(measure_sensitivity(measure, len(vector))) ** 2


def by_norm(norm: int, drawn: bool = False) -> Measure:
    return Measure("m0", MeasureKind.SUM, "", 0, -norm, norm, norm=norm, drawn=drawn)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(vector=VECTORS, norm=NORMS, drawn=st.booleans())
@pytest.mark.promise("hidden", "vectors of one person under a norm, by the engine: no longer than stated, exactly")
def test_a_vector_is_no_longer_than_stated(
    engine: duckdb.DuckDBPyConnection, vector: list[int], norm: int, drawn: bool
) -> None:
    measure = by_norm(norm, drawn)
    kept = bounded(engine, vector, measure)
    assert is_held(kept, measure)
    assert all(abs(one) <= abs(other) and one * other >= 0 for one, other in zip(kept, vector, strict=True))


def test_a_vector_within_the_norm_is_left_as_it_is(engine: duckdb.DuckDBPyConnection) -> None:
    assert bounded(engine, [3, 0, -4, 12], by_norm(13)) == [3, 0, -4, 12]


def test_counts_in_hundredths_lose_a_hundredth_where_whole_ones_would_lose_half_a_row(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    assert bounded(engine, [9] * 5, by_norm(10)) == [4] * 5
    assert bounded(engine, [900] * 5, by_norm(1000)) == [447] * 5  # 10 / sqrt(5) = 4.472


def test_a_vector_that_fills_the_norm_exactly_is_not_cut_below_it(engine: duckdb.DuckDBPyConnection) -> None:
    assert bounded(engine, [4] * 400, by_norm(40)) == [2] * 400


@pytest.mark.parametrize(("way", "each"), [("ROUND", 1), ("CEIL", 1), ("FLOOR", -1)])
@pytest.mark.promise("hidden", "a norm with another rounding than towards zero: longer than stated, and noticed")
def test_another_rounding_than_towards_zero_is_noticed(
    engine: duckdb.DuckDBPyConnection, way: str, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector, measure, real = [each] * 1000, by_norm(20), block_frame._clamp
    assert is_held(bounded(engine, vector, measure), measure)
    monkeypatch.setattr(block_frame, "_clamp", lambda *arguments: real(*arguments).replace("TRUNC", way))
    assert not is_held(bounded(engine, vector, measure), measure)
