"""Searching bytes for many texts at once finds each spelling, and nothing that is not there."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.engines.needles import FEW, PART, SHORTEST, Needles

MANY = [f"customer-{number:05}" for number in range(0, 2 * FEW, 2)]


@pytest.mark.parametrize("text", ["alice@example.org", "Zoë Müller-Lüdenscheidt", "0123456789", "c" * 300])
@pytest.mark.parametrize("others", [[], MANY], ids=["alone", "among many"])
def test_every_spelling_of_a_text_is_found_wherever_it_stands(text: str, others: list[str]) -> None:
    needles = Needles([text, *others])
    plain = text.encode()
    spelt = [plain, text.encode("utf-16-le"), text.encode("utf-16-be"), json.dumps(text).encode(), plain.hex().encode()]
    spelt += [base64.b64encode(b"?" * shift + plain + b"tail") for shift in range(3)]
    for each in spelt:
        for before in (b"", b"\0" * 7, b"x" * 1_001):
            assert needles.found(before + each + b"\xff end") == {text}


@given(st.lists(st.text(min_size=SHORTEST, max_size=20), min_size=FEW, max_size=FEW + 9, unique=True), st.integers())
def test_many_are_found_as_one_by_one(texts: list[str], seed: int) -> None:
    chosen = random.Random(seed).sample(texts, 3)
    data = b"|".join(text.encode("utf-8", "replace") for text in chosen)
    together = Needles(texts).found(data)
    alone = {text for text in texts if Needles([text]).found(data)}
    assert together == alone


def test_a_number_is_not_found_in_a_longer_one() -> None:
    for texts in (["customer-00012"], ["customer-00012", *MANY]):
        assert Needles(texts).found(b"customer-000123, 1customer-00012x") == {"customer-00012"}
        assert Needles(texts).found(b"customer-000123") == set()


def test_what_lies_across_two_parts_is_found() -> None:
    needles = Needles([*MANY, "somebody-in-between"])
    for shift in (1, 9, 18):
        data = b"." * (PART - shift) + b"somebody-in-between" + b"." * 50
        assert needles.found(data) == {"somebody-in-between"}


def test_short_texts_are_told_apart_and_not_looked_for() -> None:
    needles = Needles(["c000", "customer-00012"])
    assert (needles.short, needles.texts) == (("c000",), ("customer-00012",))
    assert needles.found(b"c000") == set()
