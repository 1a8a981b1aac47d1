"""What a page does, a program can do at `/api/v1`: each route of a page has one that is there, or says why not."""

from __future__ import annotations

from pellucid.web.app import PARTS
from pellucid.web.counterparts import COUNTERPARTS, FORM, REASONS
from pellucid.web.kinds import kind_of
from tests.web.test_authorisation import routes

ALL = {f"{method} {path}" for part in PARTS for method, path in routes(part.router.routes)}
OF_PAGES = {each for each in ALL if kind_of(each.partition(" ")[2]).name == "page"}


def test_every_route_of_a_page_has_its_counterpart_and_no_line_is_left_over() -> None:
    assert COUNTERPARTS.keys() == OF_PAGES


def test_every_counterpart_is_there_or_says_why_not() -> None:
    of_api = {each for each in ALL if each.partition(" ")[2].startswith("/api/v1")}
    wrong = {page: there for page, there in COUNTERPARTS.items() if there not in of_api and there not in REASONS}

    assert wrong == {}


def test_nothing_that_does_something_is_called_a_form() -> None:
    """A page that only shows a form changes nothing; whatever is posted does."""
    assert [page for page, there in COUNTERPARTS.items() if there == FORM and not page.startswith("GET ")] == []


def test_all_of_ones_own_by_the_api_is_on_a_page_too() -> None:
    """But for the session itself, which a browser shows nowhere, and help, which one page tells everybody."""
    own = {each for each in ALL if each.partition(" ")[2].startswith("/api/v1/me")}

    assert own - set(COUNTERPARTS.values()) == {"GET /api/v1/me/session", "GET /api/v1/me/help"}
