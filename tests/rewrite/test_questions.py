"""Questions that are answered equal themselves over tables filtered and masked by hand."""

from __future__ import annotations

import pytest

from tests.rewrite.shop import Shop, comparable
from tests.rewrite.sql_files import Case, read_cases

CASES = read_cases("questions.sql")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_governed_question_equals_itself_over_rows_filtered_first(shop: Shop, case: Case) -> None:
    governed = comparable(shop.ask(case.question, case.purpose))
    assert governed == comparable(shop.plain(case.expected, case.purpose))
    assert governed, "an empty answer shows nothing"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_governing_is_deterministic(shop: Shop, case: Case) -> None:
    assert shop.govern(case.question, case.purpose) == shop.govern(case.question, case.purpose)
