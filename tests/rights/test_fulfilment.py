"""Carrying requests out: noted before, repeated safely after, and never half-claimed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pellucid.errors import DataRefused, InputInvalid, NameUnknown
from pellucid.policy.model import Actor
from pellucid.rights import stored
from pellucid.rights.book import Book
from pellucid.rights.fulfilment import Fulfiller, carry_out
from pellucid.rights.request import Request, RequestState, Right
from tests.rights.conftest import PIA, Shop


class Work:
    """A fulfiller that counts, and fails or dies when it is told to."""

    def __init__(self, *ends: BaseException | None) -> None:
        self.ends = list(ends)
        self.calls = 0

    def __call__(self, request: Request, actor: Actor, now: int) -> Mapping[str, object]:
        self.calls += 1
        end = self.ends.pop(0) if self.ends else None
        if end is not None:
            raise end
        return {"parts": 3}


def do(shop: Shop, request: str, fulfillers: Mapping[Right, Fulfiller]) -> Request:
    def book(connection: object) -> Book:
        return Book(connection, shop.keys, shop.policy, shop.terms, PIA, shop.time[0])  # type: ignore[arg-type]

    return carry_out(shop.database, book, fulfillers, request)


def kinds(shop: Shop, request: str) -> list[str]:
    with shop.database.read() as connection:
        return [each.kind for each in stored.events_of(connection, request)]


def ready(shop: Shop) -> str:
    request = shop.ask(Right.OPT_OUT).id
    with shop.book() as book:
        book.acknowledge(request)
    return request


def test_what_was_done_is_told_with_the_request(shop: Shop) -> None:
    request = ready(shop)
    assert do(shop, request, {Right.OPT_OUT: Work()}).state is RequestState.FULFILLED
    with shop.database.read() as connection:
        assert stored.events_of(connection, request)[-1].told == {"parts": 3}
    with pytest.raises(InputInvalid, match="is fulfilled"):
        do(shop, request, {Right.OPT_OUT: Work()})


def test_a_right_without_a_fulfiller_is_refused_and_nothing_is_noted(shop: Shop) -> None:
    request = ready(shop)
    with pytest.raises(InputInvalid, match="Nothing here carries out opt-out") as raised:
        do(shop, request, {Right.ACCESS: Work()})
    assert raised.value.code == "request-no-fulfiller"
    assert kinds(shop, request) == ["filed", "acknowledged"]
    with pytest.raises(NameUnknown, match="There is no request"):
        do(shop, "r0", {})


def test_who_did_not_show_who_they_are_gets_nothing(shop: Shop) -> None:
    work, request = Work(), shop.ask(Right.ACCESS).id
    with pytest.raises(InputInvalid, match="is not acknowledged yet"):
        do(shop, request, {Right.ACCESS: work})
    with shop.book() as book:
        book.acknowledge(request)
    with pytest.raises(InputInvalid, match="strength 0 was shown, 1 is needed"):
        do(shop, request, {Right.ACCESS: work})
    assert (work.calls, kinds(shop, request)) == (0, ["filed", "acknowledged"])


@pytest.mark.parametrize("error", [DataRefused("It did not go.", code="data-torn"), RuntimeError("a defect: key-0")])
def test_what_fails_is_noted_by_its_code_and_may_be_tried_again(shop: Shop, error: Exception) -> None:
    request, work = ready(shop), Work(error)
    with pytest.raises(type(error), match=r"It did not go|a defect"):
        do(shop, request, {Right.OPT_OUT: work})
    with shop.database.read() as connection:
        told = stored.events_of(connection, request)[-1].told
    assert told == {"error": "data-torn" if isinstance(error, DataRefused) else "defect"}
    assert do(shop, request, {Right.OPT_OUT: work}).state is RequestState.FULFILLED
    assert kinds(shop, request)[2:] == ["begun", "stopped", "begun", "fulfilled"]


def test_who_dies_in_the_middle_leaves_it_begun_and_it_is_done_again(shop: Shop) -> None:
    request, work = ready(shop), Work(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        do(shop, request, {Right.OPT_OUT: work})
    with shop.book() as book, pytest.raises(InputInvalid, match="is being carried out"):
        book.revoke(request)
    assert do(shop, request, {Right.OPT_OUT: work}).state is RequestState.FULFILLED
    assert work.calls == 2


def test_two_at_once_close_it_once(shop: Shop) -> None:
    request = ready(shop)

    def other_is_quicker(found: Request, actor: Actor, now: int) -> Mapping[str, object]:
        do(shop, found.id, {Right.OPT_OUT: Work()})
        return {"parts": 3}

    assert do(shop, request, {Right.OPT_OUT: other_is_quicker}).state is RequestState.FULFILLED
    assert kinds(shop, request)[2:] == ["begun", "begun", "fulfilled"]


def test_a_duplicate_that_nobody_acknowledged_is_closed_with_the_first(shop: Shop) -> None:
    request, second = ready(shop), shop.ask(Right.OPT_OUT).id
    do(shop, request, {Right.OPT_OUT: Work()})
    assert kinds(shop, second) == ["filed", "joined", "acknowledged", "fulfilled"]
    with pytest.raises(InputInvalid, match="is fulfilled"):
        do(shop, second, {Right.OPT_OUT: Work()})
