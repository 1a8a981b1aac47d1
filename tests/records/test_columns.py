from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.records.columns import from_instant, to_instant


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_an_instant_reads_back_exactly(moment: datetime) -> None:
    assert from_instant(to_instant(moment)) == moment


def test_an_instant_is_the_same_in_every_time_zone() -> None:
    there = datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert to_instant(there) == to_instant(datetime(2026, 1, 1, 12, tzinfo=UTC)) == 1_767_268_800_000_000


def test_a_moment_without_a_time_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="instants need a time zone"):
        to_instant(datetime(2026, 1, 1))
