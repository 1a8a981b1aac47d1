"""Figures as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pellucid.release.figures import shown, six_digits, with_error


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, "0"),
        (0.123456789, "0.123457"),
        (20270.14, "20,270.1"),
        (999_999.7, "1,000,000"),
        (7_187_494.2, "7,187,490"),
        (-7_187_494.2, "-7,187,490"),
        (123_456_789_012.0, "123,457,000,000"),
        (2e15, "2e+15"),
        (0.0000012, "1.2e-06"),
    ],
)
def test_a_large_number_is_written_out(value: float, told: str) -> None:
    assert (six_digits(value), shown(value)) == (told, told)


def test_what_is_counted_is_shown_in_full_and_a_figure_as_exactly_as_its_error() -> None:
    assert [shown(each) for each in (7_187_494, Decimal("7187494.20"), None)] == [
        "7,187,494",
        "7,187,494.20",
        "unknown",
    ]
    assert with_error(7_187_494.2, 28_123.0) == "7,187,000 ± 28,000"
