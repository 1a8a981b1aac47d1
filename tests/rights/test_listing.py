"""Requests in pages: each is on one of them, in the order of their days, whatever is closed in between."""

from __future__ import annotations

import pytest

from pellucid.errors import InputInvalid
from pellucid.rights.listing import request_page
from pellucid.rights.request import Denial, RequestState, Right
from tests.rights.conftest import ALICE, BOB, CLEO, NOWHERE, Shop


def test_pages_go_on_where_the_last_one_ended(shop: Shop) -> None:
    made = [shop.ask(right, who) for right in (Right.ACCESS, Right.LIMIT) for who in (ALICE, BOB, CLEO, NOWHERE, None)]
    after: str | None = ""
    pages: list[list[str]] = []
    while after is not None:
        with shop.database.read() as connection:
            found = request_page(connection, shop.time[0], after=after, limit=4)
        pages.append([view.request.id for view in found.views])
        with shop.book() as book:
            book.deny(pages[-1][-1], Denial.OTHER)  # the place where the page ended is left by what stood there
        after = found.after

    in_order = [one.id for one in sorted(made, key=lambda one: (one.due, one.received_at, one.id))]
    assert (pages, found.total) == ([in_order[:4], in_order[4:8], in_order[8:]], 8)
    with shop.database.read() as connection:
        denied = request_page(connection, shop.time[0], [RequestState.DENIED], Right.LIMIT)
    assert {view.request.state for view in denied.views} <= {RequestState.DENIED}
    assert denied.total == len(denied.views)


@pytest.mark.parametrize("place", ["x", "2026-01-01", "2026-01-01.1.r1", "2026-01-01.-1.r000000000000"])
def test_what_is_no_place_is_refused(shop: Shop, place: str) -> None:
    with shop.database.read() as connection, pytest.raises(InputInvalid, match="no such place in the list"):
        request_page(connection, shop.time[0], after=place)
