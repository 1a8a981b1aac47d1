"""A part of a page is rendered once for all that it is made of, and sees nothing else of the page."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.exceptions import UndefinedError

from pellucid.web.fragments import MOST, Fragments

PARTS = """\
{% macro part(what) %}<p>{{ noted(what) }}</p>{% endmacro %}
{% macro other(what) %}<q>{{ noted(what) }}</q>{% endmacro %}
{% macro curious(what) %}<p>{{ what }} {{ person }}</p>{% endmacro %}
"""


def made() -> tuple[Environment, Fragments, list[object]]:
    """Return an environment with parts, and what they were rendered of, which they note."""
    seen: list[object] = []
    pages = {"parts": PARTS, "page": '{{ once("parts", which, 1) }} {{ person }}'}
    found = Environment(loader=DictLoader(pages), autoescape=True, undefined=StrictUndefined)
    once = Fragments(found)

    def noted(what: object) -> str:
        seen.append(what)
        return f"{type(what).__name__} {what}"

    found.globals |= {"once": once, "noted": noted}
    return found, once, seen


def test_a_part_is_rendered_once_for_the_very_same_thing() -> None:
    _, once, seen = made()
    held = ("bread", "milk")

    assert len({once("parts", "part", held) for _ in range(3)}) == 1
    assert seen == [held]


def test_what_only_looks_alike_is_another_thing() -> None:
    _, once, seen = made()
    given: list[object] = [1, True, "1", None, [1], [1]]
    told = [once("parts", "part", each) for each in given]

    assert told == [f"<p>{type(each).__name__} {each}</p>" for each in given]
    assert len(seen) == len(given)


def test_one_part_is_not_taken_for_another() -> None:
    _, once, _ = made()

    assert [once("parts", each, 1) for each in ("part", "other")] == ["<p>int 1</p>", "<q>int 1</q>"]


def test_only_so_many_parts_are_kept() -> None:
    _, once, seen = made()
    for each in (*range(MOST + 1), MOST, 0):
        once("parts", "part", each)

    assert seen == [*range(MOST + 1), 0]


def test_what_a_part_is_given_is_escaped_and_the_part_is_not_escaped_again() -> None:
    found, once, _ = made()

    assert once("parts", "part", "<b>") == "<p>str &lt;b&gt;</p>"
    assert found.get_template("page").render(which="part", person="<i>") == "<p>int 1</p> &lt;i&gt;"


def test_a_part_sees_nothing_of_the_person_that_a_page_is_of() -> None:
    page = made()[0].get_template("page")

    with pytest.raises(UndefinedError, match="'person' is undefined"):
        page.render(which="curious", person="alice")


def test_a_part_is_found_again_on_the_next_page() -> None:
    found, _, seen = made()
    page = found.get_template("page")

    assert [page.render(which="part", person=each) for each in ("alice", "bob")] == [
        "<p>int 1</p> alice",
        "<p>int 1</p> bob",
    ]
    assert seen == [1]
