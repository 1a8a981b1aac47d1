"""How a request stands, as who handed it in is told: not whose it is, nor which law covers them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pellucid.policy.model import Authority
from pellucid.rights.request import Denial, Request, RequestState, Right
from pellucid.rights.status import DEALT_WITH, document, own_status_of, status_of
from tests.rights.conftest import ALICE, BOB, CLEO, NOW, NOWHERE, Shop


@pytest.mark.parametrize("right", Right)
def test_the_day_is_the_same_whoever_it_is_about_and_never_too_late(shop: Shop, right: Right) -> None:
    asked = {"changes": [{"statement": "no"}]}
    made = [shop.ask(right, who, asked=asked) for who in (ALICE, BOB, CLEO, NOWHERE, None)]
    told = [status_of(shop.policy, shop.terms, each) for each in made]

    assert len({each.expected_by for each in told}) == 1
    assert [each.expected_by <= one.due for each, one in zip(told, made, strict=True)] == [True] * len(made)


def test_the_laws_of_two_people_do_differ(shop: Shop) -> None:
    assert shop.ask(Right.LIMIT, ALICE).due != shop.ask(Right.LIMIT, BOB).due


def test_an_extension_is_told(shop: Shop) -> None:
    request = shop.ask(Right.ACCESS, ALICE)
    with shop.book() as book:
        longer = book.extend(request.id, "many requests")

    first, second = (status_of(shop.policy, shop.terms, each) for each in (request, longer))
    assert first.expected_by < second.expected_by <= longer.due


def ends(request: Request) -> list[Request]:
    """Return every way in which a request may end but for being taken back."""
    begun = request.acknowledge(NOW)
    expired = replace(begun, state=RequestState.EXPIRED, closed_at=NOW)
    done = replace(begun, state=RequestState.FULFILLED, closed_at=NOW)
    return [begun.deny(why, NOW, NOW) for why in Denial] + [expired] + ([done] if request.strength == 0 else [])


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("who", [ALICE, None])
def test_who_showed_nothing_hears_one_end_whatever_came_of_it(shop: Shop, right: Right, who: int | None) -> None:
    request = shop.ask(right, who, asked={"changes": [{"statement": "no"}]})
    told = {
        (each.state, each.reason, each.answer)
        for each in (status_of(shop.policy, shop.terms, one) for one in ends(request))
    }

    unproven = "We could not do what you asked, since we could not make sure who asks."
    assert told == {("denied", "insuf_verification", unproven) if request.strength else ("fulfilled", "", DEALT_WITH)}


def test_what_was_taken_back_is_told_so(shop: Shop) -> None:
    revoked = shop.ask(Right.OPT_OUT).revoke(NOW, NOW)

    assert status_of(shop.policy, shop.terms, revoked).state == "revoked"


@pytest.mark.parametrize("why", Denial)
def test_who_showed_who_they_are_hears_why_but_not_who_is_suspected(shop: Shop, why: Denial) -> None:
    masked = why in (Denial.NO_MATCH, Denial.SUSPECTED_FRAUD)
    shown = shop.ask(Right.OPT_OUT).acknowledge(NOW).show("staff", 2, NOW)
    denied = shown.deny(why, NOW, NOW)

    assert status_of(shop.policy, shop.terms, denied).reason == ("insuf_verification" if masked else why.value)


def test_who_is_signed_in_hears_what_came_of_it(shop: Shop) -> None:
    request = shop.ask(Right.OPT_OUT).acknowledge(NOW)
    ended = [request.deny(Denial.CLAIM_NOT_COVERED, NOW, NOW), request.fulfil(NOW, NOW)]

    told = [own_status_of(shop.policy, shop.terms, each) for each in ended]
    assert [(each.state, each.answer) for each in told] == [
        ("denied", "The law does not give you this right for the data that we hold."),
        ("fulfilled", "We did what you asked."),
    ]


def test_a_no_names_every_authority_so_that_it_does_not_tell_where_the_person_lives(shop: Shop) -> None:
    named = tuple(Authority(name, f"https://{name}.example", (place,)) for name, place in (("a", "DE"), ("b", "US")))
    policy = replace(shop.policy, controller=replace(shop.policy.controller, authorities=named))
    asked = shop.ask(Right.ACCESS, ALICE)
    still, denied = (own_status_of(policy, shop.terms, each) for each in (asked, asked.deny(Denial.OTHER, NOW, NOW)))
    back = own_status_of(policy, shop.terms, asked.revoke(NOW, NOW))

    assert (still.complain_to, denied.complain_to, back.complain_to) == ((), named, ())
    assert document(denied)["processing_details"] == (
        "We do not do what you asked. Whoever does not agree may complain to a supervisory authority: "
        "a, https://a.example; b, https://b.example."
    )
    assert document(back)["processing_details"] == "You took your request back."
