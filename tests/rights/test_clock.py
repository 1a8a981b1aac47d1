"""By when a request is due: under which law, from which day, and what moves the date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pellucid.errors import InputInvalid
from pellucid.records.columns import to_instant
from pellucid.records.database import Database
from pellucid.rights.clock import Terms
from pellucid.rights.request import Right
from pellucid.rights.showing import View, view
from tests.rights.conftest import ALICE, BOB, CLEO, NOW, NOWHERE, Shop, make_shop, shop_policy


def seen(shop: Shop, request: str) -> View:
    with shop.database.read() as connection:
        return view(connection, request, shop.time[0])


@pytest.mark.parametrize(
    ("right", "who", "due", "law"),
    [
        (Right.ACCESS, ALICE, "2026-07-01", "eu-gdpr"),
        (Right.HUMAN_REVIEW, ALICE, "2026-07-01", "eu-gdpr"),
        (Right.LIFT_RESTRICTION, ALICE, "2026-07-01", "eu-gdpr"),
        (Right.OPT_OUT, BOB, "2026-06-01", "eu-gdpr"),  # the shop is in Germany: marketing ends at once
        (Right.ACCESS, BOB, "2026-07-01", "eu-gdpr"),
        (Right.ACCESS, NOWHERE, "2026-07-01", "eu-gdpr"),
    ],
)
def test_the_first_date_of_the_laws_that_decide_counts(shop: Shop, right: Right, who: int, due: str, law: str) -> None:
    request = shop.ask(right, who)
    found = seen(shop, request.id)
    assert (request.due, found.due["date"], found.due["law"]) == (due, due, law)


def california(control: Database, *laws: str) -> Shop:
    """A shop in California, so that no law of an establishment elsewhere covers its people."""
    shop = make_shop(control)
    policy = shop_policy(*laws)
    regimes = {name: replace(each, establishment="US") for name, each in policy.regimes.items()}
    shop.policy = replace(policy, controller=replace(policy.controller, country="US"), regimes=regimes)
    return shop


def test_in_california_business_days_count_for_opt_outs_and_an_acknowledgement_has_its_own_day(
    control: Database,
) -> None:
    shop = california(control, "us-ca-ccpa")
    access, out = shop.ask(Right.ACCESS, BOB), shop.ask(Right.OPT_OUT, BOB)
    assert (access.due, out.due) == ("2026-07-16", "2026-06-23")  # 2026-06-19 is a holiday
    assert seen(shop, access.id).missing == ("acknowledgement by 2026-06-15", "verification of strength 1")
    assert seen(shop, out.id).missing == ("acknowledgement",)


def test_in_the_west_the_day_may_be_the_one_before(control: Database) -> None:
    shop = california(control, "us-ca-ccpa")
    evening = to_instant(datetime(2026, 6, 2, 4, tzinfo=UTC))  # 21:00 of the first of June in Los Angeles
    shop.time[0] = evening
    assert shop.ask(Right.ACCESS, BOB).due == "2026-07-16"


def test_nobody_knows_where_and_all_signed_off_laws_count(control: Database) -> None:
    shop = california(control, "us-ca-ccpa", "br-lgpd")
    assert shop.ask(Right.ACCESS, NOWHERE).due == "2026-06-16"
    assert shop.ask(Right.ACCESS, None).due == "2026-06-16"
    assert shop.ask(Right.ACCESS, BOB).due == "2026-07-16"


def test_without_a_law_the_controllers_own_limit_counts(control: Database) -> None:
    shop = california(control, "us-ca-ccpa")
    shop.terms = Terms(days=21)
    request = shop.ask(Right.ACCESS, CLEO)
    assert (request.due, seen(shop, request.id).due["law"]) == ("2026-06-22", "own")
    restricted = shop.ask(Right.RESTRICTION, BOB)  # a right that this law does not know
    assert seen(shop, restricted.id).due["rule"] == "21 calendar days from 2026-06-01, the controller's own limit"


def test_an_extension_is_as_long_as_the_law_says_once_and_told_in_time(shop: Shop) -> None:
    request = shop.ask(Right.ACCESS)
    with shop.book() as book:
        assert book.extend(request.id, "Many records").due == "2026-09-01"
    with shop.book() as book, pytest.raises(InputInvalid, match="cannot be extended"):
        book.extend(request.id, "More")
    late = shop.ask(Right.ACCESS, BOB)
    shop.wait(31)
    with shop.book() as book, pytest.raises(InputInvalid, match="has to be told before"):
        book.extend(late.id, "Many records")


def test_an_extension_that_a_law_does_not_know_is_refused(control: Database) -> None:
    shop = california(control, "us-ca-ccpa", "br-lgpd")
    for who in (CLEO, NOWHERE):  # Brazil extends nothing; where nobody knows, its date is the first
        request = shop.ask(Right.ACCESS, who)
        with shop.book() as book, pytest.raises(InputInvalid, match=r"No law lets the request .* br-lgpd sets this"):
            book.extend(request.id, "Many records")
    own = shop.ask(Right.RESTRICTION, BOB).id
    with shop.book() as book, pytest.raises(InputInvalid, match=r"No law lets the request .* own sets this"):
        book.extend(own, "Many records")


def london(control: Database) -> Shop:
    shop = california(control, "uk-gdpr")
    covers = {name: replace(each, establishment="GB") for name, each in shop.policy.regimes.items()}
    controller = replace(shop.policy.controller, country="GB")
    shop.policy = replace(shop.policy, regimes=covers, controller=controller)
    return shop


def test_a_pause_counts_under_a_law_that_has_one_for_the_days_between(control: Database) -> None:
    shop = london(control)
    request = shop.ask(Right.ACCESS)
    with shop.book() as book:
        assert book.pause(request.id, {"why": "which shop?"}).due == "2026-07-01"
    with shop.book() as book, pytest.raises(InputInvalid, match="is paused already"):
        book.pause(request.id, {"why": "again"})
    assert seen(shop, request.id).missing[-1] == "an answer of the person"
    shop.wait(5)
    with shop.book() as book:
        assert book.resume(request.id).due == "2026-07-06"
    with shop.book() as book, pytest.raises(InputInvalid, match="is not paused"):
        book.resume(request.id)


def test_no_pause_where_no_law_has_one(control: Database, shop: Shop) -> None:
    for right in (Right.ACCESS, Right.ERASURE):
        request = shop.ask(right)
        with shop.book() as book, pytest.raises(InputInvalid, match="No law stops the clock"):
            book.pause(request.id, {"why": "which shop?"})


def test_no_pause_for_a_right_that_the_law_does_not_name(control: Database) -> None:
    shop = london(control)
    request = shop.ask(Right.ERASURE)
    with shop.book() as book, pytest.raises(InputInvalid, match="No law stops the clock"):
        book.pause(request.id, {"why": "which shop?"})


def test_identity_that_had_to_be_asked_for_moves_the_start_where_the_law_says_so(control: Database) -> None:
    shop = london(control)
    asked, known = shop.ask(Right.ACCESS), shop.ask(Right.PORTABILITY)
    with shop.book() as book:
        for each in (asked, known):
            book.acknowledge(each.id)
        book.ask(asked.id)
    shop.wait(4)
    with shop.book() as book:
        assert book.show(asked.id, "code", 1).due == "2026-07-05"
        assert book.show(known.id, "code", 1).due == "2026-07-01"  # nobody had asked


def test_identity_that_is_checked_once_more_moves_no_date(control: Database) -> None:
    shop = london(control)
    request = shop.ask(Right.ACCESS).id
    with shop.book() as book:
        book.acknowledge(request)
        book.ask(request)
    for days in (4, 20, 30):
        shop.wait(days)
        with shop.book() as book:
            assert book.show(request, "staff", 2).due == "2026-07-05"


def test_identity_counts_as_shown_once_it_is_shown_well_enough(control: Database) -> None:
    shop = london(control)
    request = shop.ask(Right.ERASURE).id
    with shop.book() as book:
        book.acknowledge(request)
        book.ask(request)
    shop.wait(2)
    with shop.book() as book:
        assert book.show(request, "contact", 1).due == "2026-07-01"
    shop.wait(2)
    with shop.book() as book:
        assert book.show(request, "contact", 2).due == "2026-07-05"


def test_a_letter_counts_from_the_day_it_came(shop: Shop) -> None:
    assert shop.ask(Right.ACCESS, received_at=NOW - 86_400_000_000 * 10).due == "2026-06-22"
    with pytest.raises(InputInvalid, match="cannot have come in then"):
        shop.ask(Right.ACCESS, received_at=NOW + 1)


def test_an_objection_to_what_is_no_marketing_has_the_month(shop: Shop) -> None:
    assert shop.ask(Right.OBJECTION, asked={"purposes": ["planning"]}).due == "2026-07-01"
    assert shop.ask(Right.OBJECTION, asked={"purposes": ["offers"]}).due == "2026-06-01"
    assert shop.ask(Right.OBJECTION).due == "2026-06-01"
