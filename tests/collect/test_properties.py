"""What holds of every import, whatever the file says: no row is lost or made up, and people keep their rows."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.errors import DataRefused
from pellucid.holdings.publish import subjects_of
from tests.collect.conftest import Shop
from tests.records.sqlite import new_control

ROW = st.tuples(
    st.integers(0, 12).map(str) | st.sampled_from(["", "x"]),
    st.sampled_from(["alice", "bob", "mallory", "", "Alice"]),
    st.sampled_from(["1", "2.50", "1.005", "", "abc"]),
    st.sampled_from(["2026-05-01", "2026-05-02T10:00:00Z", "2020-01-01", "2030-01-01", "", "soon"]),
)
EXTRA = st.sampled_from(["", "", "", ",surplus"])


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.tuples(ROW, EXTRA), min_size=1, max_size=12), min_size=1, max_size=3))
def test_every_row_is_kept_with_its_subject_or_rejected_with_a_reason(
    files: list[list[tuple[tuple[str, ...], str]]],
) -> None:
    with TemporaryDirectory() as folder:
        database = new_control(Path(folder) / "control.sqlite")
        shop = Shop(Path(folder), database)
        total = 0
        for lines in files:
            written = shop.csv("sale,customer,amount,at", *(",".join(row) + extra for row, extra in lines))
            try:
                report = shop.add("sales", written, max_rejected_share=1)
            except DataRefused as refused:
                assert refused.code == "nothing-left"
                continue
            total += report.rows_kept
            listed = report.rejected_file.read_text().splitlines()[1:] if report.rejected_file else []
            assert report.rows_in == len(lines) == report.rows_kept + len(listed)
            assert len(listed) == report.rejected.total() == sum(report.faults.values())
            assert report.rows_total == total
        if total:
            _check_held(shop, total)
        database.close()


def _check_held(shop: Shop, total: int) -> None:
    rows, known = shop.rows("sales"), shop.known()
    assert len(rows) == total == len({row[0] for row in rows})
    assert all(row[-1] == known[row[1]] for row in rows)
    assert rows == sorted(rows, key=lambda row: (row[-1], row[3], row[0]))
    assert sorted(known.values()) == list(range(len(known)))
    generation = sum(action == "data.published" for action, _body in shop.log())
    with shop.database.read() as connection:
        held = subjects_of(connection, "sales", generation)["customer"]
    assert held.ids().tolist() == sorted({row[-1] for row in rows})
