"""The page about shapes of questions tells what the gate says today, and no query meets a word it does not know."""

from __future__ import annotations

import pytest

from pellucid.rewrite.check_vocabulary import check_vocabulary
from pellucid.rewrite.parse import Limits, parse_question
from tests.tpc.data import queries_of
from tests.tpc.shapes import ASKED, PAGE, page


@pytest.mark.slow
def test_the_page_is_what_a_run_of_the_gate_gives() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.tpc.shapes`"


def test_each_query_is_within_the_vocabulary() -> None:
    texts = [*queries_of("tpch").values(), *queries_of("tpcds").values()]
    assert len(texts) == 121
    assert [check_vocabulary(parse_question(sql, Limits())) for sql in texts] == [[]] * 121


def test_each_tpch_query_is_described() -> None:
    assert sorted(ASKED) == sorted(queries_of("tpch"))
