"""Nobody is taken for somebody else: the way it is meant, and each way round it that was thought of."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted
from pellucid.records.rights_tables import identity_challenges
from pellucid.records.tables import log_entries
from pellucid.rights import challenges
from pellucid.rights.challenges import LASTS, MOST_TRIES, Contact
from pellucid.rights.identity import ASKED
from pellucid.rights.request import Verification
from pellucid.settings import Settings
from tests.rights.identity.checking import ALICE, CUSTOMER, HOME, KEY, OFFICE, STAFF, Desk, code_in, refused, verified
from tests.rights.requests import NOW, SECOND, put_request, stored

# -- the way it is meant -----------------------------------------------------------------------------------------------


def test_a_code_that_was_sent_to_a_held_contact_shows_who_asks(desk: Desk) -> None:
    assert desk.ask() == ASKED
    assert (desk.mails, verified(desk)) == ([], (Verification.ASKED, 0))
    desk.work()
    assert [mail.to for mail in desk.mails] == ["alice@home.example"]
    desk.answer(code_in(desk.mails[0]))
    assert verified(desk) == (Verification.SHOWN, 1)
    assert desk.actions() == ["request.step", "identity.challenge", "request.step"]


def test_a_link_holds_256_bits_and_stands_behind_the_hash(plain: Desk) -> None:
    link = plain.sent_code("link")
    assert len(link) == 43
    assert f"https://shop.example/privacy/verify/r1#{link}" in plain.mails[0].text
    plain.answer(link)
    assert verified(plain) == (Verification.SHOWN, 1)


def test_two_distinct_contacts_are_worth_two_and_the_same_one_twice_is_not(plain: Desk) -> None:
    put_request(plain.database, "r2", right="erasure")
    plain.held[ALICE] = [HOME, Contact("email", "Alice+shop@HOME.example", "cards.mail")]
    plain.answer(plain.sent_code(request="r2"), "r2")
    plain.ask("r2")
    plain.work()
    assert len(plain.mails) == 1  # the other spelling is the same mailbox
    plain.held[ALICE] = [HOME, OFFICE]
    plain.answer(plain.sent_code(request="r2"), "r2")
    assert [mail.to.casefold() for mail in plain.mails] == ["alice+shop@home.example", "alice@office.example"]
    assert verified(plain, "r2") == (Verification.SHOWN, 2)
    assert stored(plain.database, "r2").known


def test_a_contact_that_nobody_reads_does_not_keep_the_next_one_from_being_tried(plain: Desk) -> None:
    plain.held[ALICE] = [HOME, OFFICE]
    plain.sent_code()
    plain.sent_code()
    assert [mail.to for mail in plain.mails] == ["alice@home.example", "alice@office.example"]


def test_erasure_is_not_shown_by_one_contact(plain: Desk) -> None:
    put_request(plain.database, "r2", right="erasure")
    plain.ask("r2")
    plain.work()
    plain.answer(code_in(plain.mails[-1]), "r2")
    assert not stored(plain.database, "r2").known
    plain.checks.vouch("r2", "passport, in the shop", actor=STAFF)
    assert stored(plain.database, "r2").known


def test_the_staff_checks_only_with_evidence_and_only_the_staff(plain: Desk) -> None:
    with pytest.raises(InputInvalid, match="A check of who asks needs its evidence"):
        plain.checks.vouch("r1", "  ", actor=STAFF)
    with pytest.raises(NotPermitted, match="Only a member of the staff may say"):
        plain.checks.vouch("r1", "I am it", actor=CUSTOMER)
    plain.checks.vouch("r1", "passport", actor=STAFF)
    assert verified(plain) == (Verification.SHOWN, 2)
    with plain.database.read() as connection:
        bodies = b"".join(connection.scalars(select(log_entries.c.body)))
    assert b"passport" not in bodies


def test_a_mail_names_neither_the_person_nor_data(plain: Desk) -> None:
    plain.sent_code()
    assert "alice" not in plain.mails[0].subject + plain.mails[0].text


def test_what_is_sent_again_after_a_failure_is_the_same(plain: Desk) -> None:
    plain.refuses = True
    plain.ask()
    plain.work()
    plain.refuses, plain.now = False, plain.now + 31 * SECOND
    plain.held[ALICE] = [OFFICE, HOME]  # whatever is first now
    plain.work()
    with plain.database.read() as connection:
        (row,) = connection.execute(select(identity_challenges)).all()
    assert [(mail.id, mail.to) for mail in plain.mails] == [(row.id, "alice@home.example")]
    plain.answer(code_in(plain.mails[0]))


# -- ways round it -----------------------------------------------------------------------------------------------------


@pytest.mark.promise("closed", "a code that was used is used again")
def test_a_replayed_code_is_refused(desk: Desk) -> None:
    code = desk.sent_code()
    desk.answer(code)
    refused(desk, code)
    assert desk.actions()[-1] == "identity.refused"


@pytest.mark.promise("closed", "a code of another request, and of its duplicate, is used")
def test_a_code_of_another_request_is_refused(desk: Desk) -> None:
    put_request(desk.database, "r2", canonical="r1")
    code = desk.sent_code()
    desk.ask("r2")
    desk.work()
    duplicates = code_in(desk.mails[-1])
    refused(desk, code, "r2")
    refused(desk, duplicates, "r1")
    assert [verified(desk, id) for id in ("r1", "r2")] == [(Verification.ASKED, 0)] * 2
    desk.answer(duplicates, "r2")
    assert [verified(desk, id) for id in ("r1", "r2")] == [(Verification.ASKED, 0), (Verification.SHOWN, 1)]


@pytest.mark.promise("closed", "a code is used when its time is over")
def test_an_expired_code_is_refused(desk: Desk) -> None:
    code = desk.sent_code()
    desk.now += LASTS
    refused(desk, code)
    assert verified(desk) == (Verification.ASKED, 0)


def test_a_code_holds_until_its_last_instant_and_not_with_a_clock_set_back(plain: Desk) -> None:
    code = plain.sent_code()
    plain.now = NOW - 2 * SECOND
    refused(plain, code)
    plain.now = NOW + LASTS - 1
    plain.answer(code)


@pytest.mark.promise("closed", "codes are guessed")
def test_after_five_wrong_guesses_the_right_code_is_refused_too(desk: Desk) -> None:
    code = desk.sent_code().replace(" ", "")
    wrong = [f"{(int(code) + n) % 10**8:08}" for n in range(1, MOST_TRIES + 1)]
    for guess in wrong:
        refused(desk, guess)
    refused(desk, code)
    assert verified(desk) == (Verification.ASKED, 0)
    assert desk.actions().count("identity.refused") == MOST_TRIES
    fresh = desk.sent_code()
    assert fresh != code
    desk.answer(fresh)


@pytest.mark.promise("closed", "the log is flooded by wrong codes")
def test_no_more_wrong_codes_are_logged_than_a_challenge_has_tries_and_none_where_there_is_no_challenge(
    plain: Desk,
) -> None:
    refused(plain, "x")
    assert plain.actions().count("identity.refused") == 0
    for asked in (1, 2):
        plain.ask()
        for _ in range(MOST_TRIES + 3):
            refused(plain, "x")
        assert plain.actions().count("identity.refused") == asked * MOST_TRIES


def test_a_guess_less_than_the_limit_leaves_the_code_alive(plain: Desk) -> None:
    code = plain.sent_code()
    for _ in range(MOST_TRIES - 1):
        refused(plain, "x")
    plain.answer(code)


@pytest.mark.promise("closed", "a code is used for a request that is closed")
@pytest.mark.parametrize("state", ["open", "denied", "revoked", "expired", "fulfilled"])
def test_a_code_for_a_request_that_is_not_under_way_is_refused(plain: Desk, state: str) -> None:
    from sqlalchemy import update

    from pellucid.records.rights_tables import rights_requests

    code = plain.sent_code()
    with plain.database.write() as connection:
        connection.execute(update(rights_requests).values(state=state))
    refused(plain, code)
    assert verified(plain) == (Verification.ASKED, 0)


def test_a_newer_code_ends_the_older_one(plain: Desk) -> None:
    plain.held[ALICE] = [HOME, OFFICE]
    older = plain.sent_code()
    newer = plain.sent_code()
    refused(plain, older)
    plain.answer(newer)


def test_a_code_that_was_never_sent_does_not_hold(plain: Desk) -> None:
    plain.ask()
    with plain.database.read() as connection:
        id = connection.scalars(select(identity_challenges.c.id)).one()
    refused(plain, challenges.secret_of(KEY, id, "code"))


def test_a_code_is_not_sent_once_it_has_expired_or_its_request_is_closed(plain: Desk) -> None:
    plain.ask()
    plain.now += LASTS
    plain.work()
    put_request(plain.database, "r2", state="denied")
    with plain.database.write() as connection:
        challenges.put(connection, KEY, "r2", "code", plain.now)
    plain.work()
    assert plain.mails == []


def test_an_unknown_request_is_answered_as_a_wrong_code_is(plain: Desk) -> None:
    refused(plain, "12345678", "nobody")
    assert plain.actions() == []
    with pytest.raises(NameUnknown, match="There is no request 'nobody'"):
        plain.ask("nobody")


@pytest.mark.parametrize("given_", ["", " ", "0" * 10_000, "\x00", "１２３４５６７８", "\ud800"])
def test_nonsense_is_refused_like_a_wrong_code(plain: Desk, given_: str) -> None:
    plain.sent_code()
    refused(plain, given_)


def test_a_contact_that_is_no_address_or_another_channel_is_not_written_to(plain: Desk) -> None:
    plain.held[ALICE] = [Contact("phone", "+49 1", "m.phone"), Contact("email", "a@b.c\nBcc: eve@x.example", "m.mail")]
    plain.ask()
    plain.work()
    assert plain.mails == []


def test_no_setting_does_without_the_check() -> None:
    said = [name for name in Settings.model_fields if re.search(r"verif|identity|challenge|skip|trust", name)]
    assert said == ["unverified_days", "challenges_per_hour"]
