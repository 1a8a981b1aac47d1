"""The suite that every ReleasedCells must pass: it sees the tables of its own call and nothing else."""
# ruff: noqa: S101, D102 -- these are tests, although they ship: their names are the sentences

from __future__ import annotations

import threading

import pyarrow as pa
import pytest

from pellucid.conformance.leaks import carried_by
from pellucid.engines.base import ReleasedCells, Statement
from pellucid.errors import QueryFailed

LONG = 600.0


def cells(*values: int) -> pa.Table:
    """Return a released table of one BIGINT column."""
    return pa.table({"value": pa.array(values, pa.int64())})


class ReleasedCellsConformance:
    """Give it a fixture `released` with the empty engine under test."""

    def test_a_statement_runs_over_the_cells_it_is_given(self, released: ReleasedCells) -> None:
        statement = Statement("post", 'SELECT sum("value") AS total FROM r0 WHERE "value" > $least', {"least": 1})
        answer = released.run(statement, {"r0": cells(1, 2, 3)}, seconds=LONG)
        assert [int(total) for total in answer.column("total").to_pylist()] == [5]

    def test_cells_of_an_earlier_call_are_gone(self, released: ReleasedCells) -> None:
        released.run(Statement("post", 'SELECT "value" FROM r0'), {"r0": cells(1)}, seconds=LONG)
        with pytest.raises(QueryFailed, match="could not answer"):
            released.run(Statement("post", 'SELECT "value" FROM r0'), {"r1": cells(2)}, seconds=LONG)

    def test_calls_at_once_see_their_own_cells_only(self, released: ReleasedCells) -> None:
        wrong: list[object] = []

        def ask(mine: int) -> None:
            for _ in range(20):
                answer = released.run(Statement("post", 'SELECT "value" FROM r0'), {"r0": cells(mine)}, seconds=LONG)
                found = answer.column("value").to_pylist()
                if found != [mine]:
                    wrong.append(found)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_an_error_carries_no_cell(self, released: ReleasedCells) -> None:
        table = pa.table({"word": ["bob-hidden-91c2"]})
        with pytest.raises(QueryFailed, match="could not answer") as raised:
            released.run(Statement("post", "SELECT CAST(word AS INTEGER) FROM r0"), {"r0": table}, seconds=LONG)
        assert "bob-hidden-91c2" not in carried_by(raised.value).replace(repr(table), "")
        assert (raised.value.__cause__, raised.value.__context__) == (None, None)

    @pytest.mark.parametrize("sql", ["CREATE TABLE kept AS SELECT 1", "SELECT 1; SELECT 2", "", "SET threads = 2"])
    def test_anything_but_one_select_is_refused(self, released: ReleasedCells, sql: str) -> None:
        with pytest.raises(QueryFailed, match="could not answer"):
            released.run(Statement("post", sql), {}, seconds=LONG)
