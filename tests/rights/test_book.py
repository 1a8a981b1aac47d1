"""What is filed and what becomes of it: every step with its event and its entry, none about somebody by name."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import func, insert, select, update

from pellucid.consent.record import By
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.policy.model import Column, ColumnType
from pellucid.records.rights_tables import identity_challenges, legal_holds, rights_events, rights_requests
from pellucid.rights import stored
from pellucid.rights.asking import LONGEST, Asking
from pellucid.rights.keeping import forget_closed
from pellucid.rights.request import Denial, Request, RequestState, Right, Verification
from pellucid.rights.showing import answer, views
from pellucid.rights.wanted import Wanted
from pellucid.subjects import ids
from pellucid.subjects.links import link, split
from tests.consent.conftest import CUSTOMER
from tests.rights.conftest import ALICE, BOB, NOW, OMAR, PIA, Shop
from tests.rights.requests import statements_of


def loaded(shop: Shop, request: str) -> Request:
    with shop.database.read() as connection:
        return stored.load(connection, request)


def kinds(shop: Shop, request: str) -> list[str]:
    with shop.database.read() as connection:
        return [each.kind for each in stored.events_of(connection, request)]


def told(shop: Shop, request: str) -> dict[str, object]:
    with shop.database.read() as connection:
        return dict(stored.events_of(connection, request)[0].told)


def test_a_request_goes_from_the_first_word_to_the_answer_and_the_log_tells_each_step(shop: Shop) -> None:
    request = shop.ask(Right.ERASURE, channel="letter").id
    with shop.book() as book:
        book.acknowledge(request)
        book.ask(request, "code")
        book.show(request, "staff", 2, {"evidence": "file 12"})
    with shop.book(OMAR) as book:
        book.approve(request)
        book.begin(request)
        done = book.finish(request, {"datasets": 2})
    assert (done.state, done.asked, done.closed_at) == (RequestState.FULFILLED, {}, NOW)
    expected = ["filed", "acknowledged", "asked", "verified", "approved", "begun", "fulfilled"]
    assert kinds(shop, request) == expected
    bodies = [json.loads(body) for body in shop.log()]
    assert [body["action"] for body in bodies] == [f"request.{kind}" for kind in expected]
    assert len({body["subject"] for body in bodies}) == 1
    assert [word for word in ("key-0", "file 12") if word in " ".join(shop.log())] == []


def test_filing_tells_every_date_with_its_law_and_what_the_person_is_entitled_to(shop: Shop) -> None:
    found = told(shop, shop.ask(Right.ACCESS).id)
    assert found["due"] == [
        {
            "date": "2026-07-01",
            "law": "eu-gdpr",
            "cite": "Art. 12(3)",
            "rule": "1 month from 2026-06-01",
            "verified": True,
        }
    ]
    assert found["grounds"] == [{"law": "eu-gdpr", "cite": "Art. 15", "right": "access"}]
    assert (found["entitled"], found["proposed"], found["identities"], found["left_out"]) == (True, None, 1, 0)


def test_a_duplicate_joins_and_is_done_with_the_first_and_a_later_one_stands_by_itself(shop: Shop) -> None:
    first, second = shop.ask(Right.ACCESS), shop.ask(Right.ACCESS)
    assert (second.canonical, kinds(shop, second.id)) == (first.id, ["filed", "joined"])
    with shop.book() as book:
        for each in (first, second):
            book.acknowledge(each.id)
            book.show(each.id, "code", 1)
        book.finish(first.id, {})
    assert loaded(shop, second.id).state is RequestState.FULFILLED
    assert shop.ask(Right.ACCESS).canonical is None


def test_a_duplicate_of_whoever_did_not_show_who_they_are_hears_nothing_of_the_first(shop: Shop) -> None:
    first, second, third = (shop.ask(Right.ACCESS, received_at=NOW - 3 + n).id for n in range(3))
    with shop.book() as book:
        for each in (first, second, third):
            book.acknowledge(each)
        book.show(first, "code", 1)
        book.finish(first, {})
    told = [(loaded(shop, each).state, loaded(shop, each).canonical) for each in (second, third)]
    assert told == [(RequestState.IN_PROGRESS, None), (RequestState.IN_PROGRESS, second)]
    assert loaded(shop, second).verification is Verification.NONE


def test_what_asks_for_something_else_does_not_join(shop: Shop) -> None:
    def changed(value: str) -> Request:
        asked = {"changes": [{"dataset": "baskets", "column": "household", "value": value}]}
        return shop.ask(Right.RECTIFICATION, asked=asked)

    assert [changed("a").canonical, changed("b").canonical] == [None, None]
    assert shop.ask(Right.ACCESS).canonical == shop.ask(Right.ACCESS, BOB).canonical
    assert [shop.ask(Right.ACCESS, None).canonical for _ in range(2)] == [None, None]  # nobody is not one person


def test_when_the_first_is_closed_unfulfilled_the_others_go_on(shop: Shop) -> None:
    first, second, third = (shop.ask(Right.ACCESS, received_at=NOW - 3 + n).id for n in range(3))
    with shop.book() as book:
        book.deny(first, Denial.SUSPECTED_FRAUD)
    assert (loaded(shop, second).canonical, loaded(shop, third).canonical) == (None, second)
    with shop.book() as book:
        book.revoke(second)
    assert loaded(shop, third).canonical is None


def test_a_duplicate_that_shows_who_asks_does_not_wait_for_one_that_does_not(shop: Shop) -> None:
    first, second = shop.ask(Right.ACCESS).id, shop.ask(Right.ACCESS).id
    with shop.book() as book:
        book.acknowledge(second)
        assert book.show(second, "code", 1).canonical is None
        book.finish(second, {})
    assert loaded(shop, first).state is RequestState.OPEN


def test_an_erasure_is_approved_by_somebody_else_than_who_filed_it(shop: Shop) -> None:
    request = shop.ask(Right.ERASURE).id
    with shop.book() as book:
        book.acknowledge(request)
        book.show(request, "staff", 2)
    with shop.book(PIA) as book, pytest.raises(NotPermitted, match="somebody else approves"):
        book.approve(request)
    with shop.book(OMAR) as book:
        assert book.approve(request).approved_at == NOW


def test_while_it_is_carried_out_nobody_else_changes_it_until_that_stops(shop: Shop) -> None:
    request = shop.ask(Right.OPT_OUT).id
    with shop.book() as book:
        book.acknowledge(request)
        book.begin(request)
        with pytest.raises(InputInvalid, match="is being carried out"):
            book.deny(request, Denial.OTHER)
    with shop.book() as book, pytest.raises(InputInvalid, match="is being carried out"):
        book.revoke(request)
    with shop.book() as book:
        book.begin(request)  # as after a crash
        book.stop(request, "data-refused")
        assert book.revoke(request).state is RequestState.REVOKED
        with pytest.raises(InputInvalid, match="is revoked"):
            book.begin(request)


@pytest.mark.parametrize("forged", ["", "r0", "r0123456789ab", "x" * 10_000, "r' OR 1=1 --", "r\0", "../r"])
def test_a_forged_id_is_nobodys(shop: Shop, forged: str) -> None:
    with shop.book() as book, pytest.raises(NameUnknown, match="There is no request"):
        book.acknowledge(forged)


def test_somebody_unknown_is_filed_and_hears_what_somebody_unproven_hears(shop: Shop) -> None:
    unknown, known = shop.ask(Right.ACCESS, None, asked={"named": "mallory"}), shop.ask(Right.ACCESS, ALICE)
    with shop.book() as book:
        for each in (unknown.id, known.id):
            book.acknowledge(each)
            book.ask(each)
        with pytest.raises(InputInvalid, match="cannot be verified"):
            book.show(unknown.id, "code", 2)
    with shop.book() as book:
        one = book.deny(unknown.id, Denial.NO_MATCH)
        other = book.deny(known.id, Denial.INSUFFICIENT_VERIFICATION)
    assert answer(one) == answer(other)
    assert one.asked == {}
    assert [json.loads(body).get("subject") for body in shop.log() if unknown.id in body] == [None] * 4


def test_who_speaks_for_somebody_shows_a_proof_unless_it_only_ends_a_use(shop: Shop) -> None:
    for by in (By.AGENT, By.GUARDIAN):
        for proof in ("", "  "):
            with pytest.raises(InputInvalid, match="needs a proof") as raised:
                shop.ask(Right.ACCESS, by=by, proof=proof)
            assert raised.value.code == "proof-missing"
        assert shop.ask(Right.ACCESS, by=by, proof="file 7").proof == "file 7"
        assert shop.ask(Right.OPT_OUT, by=by).by_whom == by.value


def test_a_request_reaches_other_identities_only_over_certain_links(shop: Shop) -> None:
    one, other, third = (CUSTOMER, ALICE), (CUSTOMER, BOB), (CUSTOMER, 2)
    with shop.database.write() as connection:
        link(connection, one, other, "certain", "signed in", "pia", NOW)
    found = told(shop, shop.ask(Right.ACCESS).id)
    assert (found["identities"], found["left_out"]) == (2, 0)
    with shop.database.write() as connection:
        link(connection, one, third, "likely", "same address", "pia", NOW)
    found = told(shop, shop.ask(Right.PORTABILITY).id)
    assert (found["identities"], found["left_out"]) == (2, 1)
    with shop.database.write() as connection:
        split(connection, one, other, "two people", "pia", NOW)
        split(connection, one, third, "two people", "pia", NOW)
    found = told(shop, shop.ask(Right.RESTRICTION).id)
    assert (found["identities"], found["left_out"]) == (1, 0)


def test_closed_requests_are_kept_as_long_as_the_law_says_and_then_forgotten(shop: Shop) -> None:
    request, held = shop.ask(Right.ACCESS, BOB).id, shop.ask(Right.ACCESS, ALICE).id
    still_open = shop.ask(Right.ACCESS, 2).id
    with shop.book() as book:
        for each in (request, held):
            book.revoke(each)
        hold = {"id": "h1", "namespace": CUSTOMER, "subject": ALICE, "reason": "suit", "basis": "law"}
        book.connection.execute(insert(legal_holds).values(**hold, since=NOW, made_by="pia"))
        challenge = {"request": request, "kind": "code", "digest": b"", "strength": 1, "attempts": 0}
        book.connection.execute(insert(identity_challenges).values(**challenge, id="c", made_at=NOW, expires_at=NOW))
    shop.wait(729)  # the CCPA's 24 months
    assert forgotten(shop) == 0
    shop.wait(2)
    before = len(shop.log())
    assert (forgotten(shop), forgotten(shop)) == (1, 0)
    assert [json.loads(body)["action"] for body in shop.log()[before:]] == ["requests.forgotten"]
    with shop.database.read() as connection:
        left = set(connection.scalars(select(rights_requests.c.id)))
        assert left == {held, still_open}
        assert set(connection.scalars(select(rights_events.c.request))) == left
        assert connection.scalar(select(func.count()).select_from(identity_challenges)) == 0


def forgotten(shop: Shop) -> int:
    with shop.database.write() as connection:
        return forget_closed(connection, PIA, shop.time[0])


def test_closed_requests_of_whoever_is_held_by_another_identity_are_kept(shop: Shop) -> None:
    request = shop.ask(Right.ACCESS, BOB).id
    with shop.book() as book:
        book.revoke(request)
        link(book.connection, (CUSTOMER, ALICE), (CUSTOMER, BOB), "certain", "signed in", "pia", NOW)
        hold = {"id": "h1", "namespace": CUSTOMER, "subject": ALICE, "reason": "suit", "basis": "law"}
        book.connection.execute(insert(legal_holds).values(**hold, since=NOW, made_by="pia"))
    shop.wait(731)
    assert forgotten(shop) == 0
    with shop.book() as book:
        book.connection.execute(update(legal_holds).values(released_at=shop.time[0]))
    assert forgotten(shop) == 1


def test_the_list_begins_with_what_is_due_first_and_marks_what_is_overdue(shop: Shop) -> None:
    later, sooner = shop.ask(Right.ACCESS).id, shop.ask(Right.OPT_OUT, BOB).id
    shop.wait(3)
    with shop.database.read() as connection:
        found = views(connection, shop.time[0])
    assert [(each.request.id, each.days_left, each.overdue) for each in found] == [
        (sooner, -3, True),
        (later, 27, False),
    ]


def test_nothing_that_nobody_could_mean_is_filed(shop: Shop) -> None:
    with pytest.raises(NameUnknown, match="no purpose 'spying'"):
        shop.ask(Right.OBJECTION, asked={"purposes": ["spying"]})
    with pytest.raises(InputInvalid, match="needs what is to be corrected"):
        shop.ask(Right.RECTIFICATION)
    with pytest.raises(InputInvalid, match="more than 65,536 bytes"):
        shop.ask(Right.ACCESS, None, asked={"named": "x" * 70_000})
    assert shop.log() == []


def test_what_may_be_sensitive_is_shown_to_whom_is_known_better(shop: Shop) -> None:
    plain = shop.ask(Right.ACCESS).strength
    baskets = shop.policy.datasets["baskets"]
    health = Column("health", ColumnType.TEXT, "user.health_and_medical")
    revealing = replace(baskets, columns={**baskets.columns, "health": health})
    shop.policy = replace(shop.policy, datasets={"baskets": revealing})
    full, without = shop.ask(Right.ACCESS, BOB), shop.ask(Right.ACCESS, BOB, asked={"without_sensitive": True})
    assert (plain, full.strength, without.strength, shop.ask(Right.RESTRICTION).strength) == (1, 2, 1, 1)


@pytest.mark.parametrize("right", [Right.ACCESS, Right.OPT_OUT])
def test_filing_takes_the_same_statements_for_a_stranger(right: Right, shop: Shop) -> None:
    shop.ask(Right.LIMIT)  # the first that is ever logged of somebody makes their key

    def filed(subject: int | None) -> list[str]:
        with shop.book() as book:
            asking = Asking(right, CUSTOMER, subject, NOW)
            return statements_of(shop.database, lambda: book.file(asking))

    assert filed(ALICE) == filed(None)


def test_asking_who_somebody_is_takes_the_same_statements_for_a_stranger(shop: Shop) -> None:
    known, stranger = shop.ask(Right.ACCESS).id, shop.ask(Right.ACCESS, None).id
    with shop.book() as book:
        for request in (known, stranger):
            book.acknowledge(request)

    def asked(request: str) -> list[str]:
        with shop.book() as book:
            return statements_of(shop.database, lambda: book.ask(request, "code"))

    assert asked(known) == asked(stranger)


@pytest.mark.parametrize("over", [0, 1])
def test_how_much_may_be_asked_does_not_tell_who_is_known(over: int, shop: Shop) -> None:
    statement = "x" * (LONGEST - len('{"statement":""}') + over)
    told = []
    with shop.book() as book:
        for subject in (str(ids.natural_key(book.connection, CUSTOMER, ALICE)), "nobody"):
            try:
                asking = Wanted("human-review", subject, statement=statement).asking(book.connection, CUSTOMER, NOW)
                told.append(book.file(asking).state.value)
            except InputInvalid as error:
                told.append(error.code)
    assert told == [("open", "request-too-long")[over]] * 2
