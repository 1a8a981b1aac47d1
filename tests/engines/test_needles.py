"""Searching bytes for many texts at once finds each spelling, and nothing that is not there."""

from __future__ import annotations

import base64
import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pellucid.engines.needles import SHORTEST, Needles, spellings
from pellucid.engines.sieve import PART, PROBE

MANY = [f"customer-{number:05}" for number in range(0, 80, 2)]


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


def plainly(texts: list[str], data: bytes) -> set[str]:
    """Return the texts that stand in data, looked for one spelling after another."""
    return {text for text in texts for spelt in spellings(text) if any(whole(spelt, data))}


def whole(spelt: bytes, data: bytes) -> list[bool]:
    places = [at for at in range(len(data)) if data.startswith(spelt, at)]
    ends = [(data[at - 1 : at] if at else b"", data[at + len(spelt) : at + len(spelt) + 1]) for at in places]
    first, last = spelt[:1].isdigit(), spelt[-1:].isdigit()
    return [not ((first and before.isdigit()) or (last and after.isdigit())) for before, after in ends]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.text("ab12 é", min_size=SHORTEST, max_size=24), min_size=1, max_size=60, unique=True),
    st.lists(st.sampled_from([b"", b"x", b"1", b"\0\0\0", b"0123456789"]), min_size=4, max_size=4),
    st.integers(),
)
def test_what_is_found_is_what_looking_for_one_after_another_finds(
    texts: list[str], between: list[bytes], seed: int
) -> None:
    chosen = random.Random(seed)
    spelt = [chosen.choice(sorted(spellings(chosen.choice(texts)))) for _ in between]
    data = b"".join(filler + each for filler, each in zip(between, spelt, strict=True))
    needles = Needles(texts)
    assert needles.found(data) == plainly(list(needles.texts), data)


def test_a_value_is_searched_up_to_its_edges() -> None:
    needles = Needles(["customer-00012", "somebody-else"])
    for values, found in (
        ([b"1", b"customer-00012", b"3"], {"customer-00012"}),
        ([b"1", b"customer-00012", b"", b"", b"3"], {"customer-00012"}),
        ([b"1", b"customer-000123"], set()),
        ([b"1customer-00012"], {"customer-00012"}),
        ([b"customer-", b"00012", b"somebody", b"-else"], set()),
        ([b"", b"somebody-else-", b""], {"somebody-else"}),
    ):
        edges = np.cumsum([0, *(len(value) for value in values)])
        assert needles.found(b"".join(values), edges) == found


def test_people_are_found_among_many_who_are_called_alike() -> None:
    erased = [f"customer-{number:07}" for number in range(0, 1_000_000, 97)]
    others = [f"customer-{number:07}" for number in range(300_000) if number % 97]
    values = [*others, erased[7], erased[-1]]
    edges = np.cumsum([0, *(len(value) for value in values)])
    needles = Needles(erased)
    assert needles.found("".join(others).encode(), edges[:-2]) == set()
    assert needles.found("".join(values).encode(), edges) == {erased[7], erased[-1]}


def test_a_number_is_not_found_in_a_longer_one() -> None:
    for texts in (["customer-00012"], ["customer-00012", *MANY]):
        assert Needles(texts).found(b"customer-000123, 1customer-00012x") == {"customer-00012"}
        assert Needles(texts).found(b"customer-000123") == set()


def test_what_lies_across_two_parts_is_found() -> None:
    needles = Needles([*MANY, "somebody-in-between"])
    for part in (PROBE, PROBE + PART):
        for shift in range(20):
            data = b"." * (part - shift) + b"somebody-in-between" + b"." * 50
            assert needles.found(data) == {"somebody-in-between"}


def test_short_texts_are_told_apart_and_not_looked_for() -> None:
    needles = Needles(["c000", "customer-00012"])
    assert (needles.short, needles.texts) == (("c000",), ("customer-00012",))
    assert needles.found(b"c000") == set()
