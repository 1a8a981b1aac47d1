"""What a signal says: Global Privacy Control from headers, and the document that says we abide by it."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.consent.signals import (
    GPC_KINDS,
    SALE,
    SHARE,
    SignalReading,
    gpc_reading,
    opted_out,
    read_gpc,
    well_known_gpc,
)


@pytest.mark.parametrize("headers", [{"Sec-GPC": "1"}, {"sec-gpc": "1"}, {"SEC-GPC": ["1"]}, "1"])
def test_a_one_is_the_signal_however_the_header_is_written(headers: dict[str, str] | str) -> None:
    assert read_gpc(headers)
    assert gpc_reading(headers) == SignalReading("gpc", GPC_KINDS)


@pytest.mark.parametrize("headers", [None, {}, {"DNT": "1"}, {"Sec-GPC": "0"}, "0", "", {"Sec-GPC": ""}])
def test_absence_and_zero_say_nothing(headers: dict[str, str] | str | None) -> None:
    assert not read_gpc(headers)
    assert gpc_reading(headers) == SignalReading("gpc")


@pytest.mark.parametrize("value", ["true", "0 ", " 0", "?1", "00", "yes", "0, 0", "no", "1;a=b", "٠", "2"])
def test_a_malformed_value_is_read_as_the_signal(value: str) -> None:
    assert gpc_reading(value) == SignalReading("gpc", GPC_KINDS, malformed=True)


@pytest.mark.parametrize(
    "given", ["1, 1", "0, 1", {"Sec-GPC": ["0", "1"]}, {"Sec-GPC": "0", "sec-gpc": "1"}, ["1", "x"]]
)
def test_of_a_repeated_header_one_that_says_one_is_enough(given: dict[str, str] | str | list[str]) -> None:
    assert gpc_reading(given) == SignalReading("gpc", GPC_KINDS)


def test_a_header_repeated_without_a_one_is_malformed_and_counts() -> None:
    assert gpc_reading({"Sec-GPC": ["0", "0"]}) == SignalReading("gpc", GPC_KINDS, malformed=True)


@given(st.one_of(st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text())))
def test_any_header_ends_in_a_reading_and_only_absence_or_zero_says_nothing(
    given_value: str | list[str] | dict[str, str],
) -> None:
    reading = gpc_reading(given_value)
    assert reading.opts_out in (frozenset(), GPC_KINDS)
    assert reading.gives == ()
    if isinstance(given_value, str):
        assert bool(reading.opts_out) == (given_value not in ("", "0"))


def test_nothing_can_make_a_reading_give() -> None:
    assert isinstance(SignalReading.gives, property)
    assert SignalReading.gives.fset is None
    assert SignalReading("gpc", GPC_KINDS).gives == ()


def test_several_signals_opt_out_of_all_that_one_of_them_does() -> None:
    readings = [SignalReading("gpc"), SignalReading("a", frozenset({SALE})), SignalReading("b", frozenset({SHARE}))]
    assert opted_out(readings) == {SALE, SHARE}
    assert opted_out([]) == frozenset()


def test_the_well_known_document_says_since_when_we_abide() -> None:
    assert well_known_gpc(date(2026, 11, 23)) == {"gpc": True, "lastUpdate": "2026-11-23"}
    assert well_known_gpc(datetime(2026, 11, 23, 10, tzinfo=UTC)) == {"gpc": True, "lastUpdate": "2026-11-23"}
