"""What is answered, and how long it takes, tells nothing of who is known; and nobody is sent mail without end."""

from __future__ import annotations

import hmac
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from pellucid.errors import InputInvalid, NotPermitted
from pellucid.records.rights_tables import identity_challenges
from pellucid.rights import challenges
from pellucid.rights.challenge_limits import PER_PERSON
from pellucid.rights.challenges import PER_REQUEST, Contact, mailbox
from pellucid.rights.identity import ASKED, IdentityChecks
from tests.rights.identity.checking import ALICE, BOB, CUSTOMER, KEY, OFFICE, Desk, refused
from tests.rights.requests import DAY, NOW, SECOND, Book, put_request, statements_of

# -- nothing is told ---------------------------------------------------------------------------------------------------


@pytest.mark.promise("closed", "answers and their work are compared for people who are known and who are not")
@pytest.mark.parametrize("who", ["nobody", "without a contact", "sent too many"])
def test_whoever_it_is_about_the_same_is_answered_by_the_same_work(desk: Desk, who: str) -> None:
    put_request(desk.database, "r2", subject=None if who == "nobody" else BOB)
    if who == "sent too many":
        desk.held[BOB] = [OFFICE]
        for number in range(PER_PERSON):
            put_request(desk.database, f"x{number}", subject=BOB)
            desk.ask(f"x{number}")
        desk.work()
    known, unknown = statements(desk, lambda: desk.ask("r1")), statements(desk, lambda: desk.ask("r2"))
    assert known == unknown
    assert desk.asked_about.count(ALICE) == 0  # the data are looked at by the worker, not while somebody waits
    before = len(desk.mails)
    desk.work()
    assert [mail.to for mail in desk.mails[before:]] == ["alice@home.example"]
    wrong = [statements(desk, lambda id=id: refused(desk, "12345678", id)) for id in ("r1", "r2")]  # type: ignore[misc]
    assert wrong[0] == wrong[1]


def statements(desk: Desk, call: Callable[[], object]) -> list[str]:
    """Return what the call sends to the database, in order, without values."""
    return statements_of(desk.database, call)


def test_each_answer_is_hashed_once_and_compared_in_constant_time(plain: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put_request(plain.database, "r2", subject=None)
    put_request(plain.database, "r3")  # nothing was asked for
    code = plain.sent_code()
    plain.ask("r2")
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for request, given_ in (("r1", "wrong"), ("r2", "wrong"), ("r3", "wrong"), ("none", "wrong"), ("r1", "y" * 10_000)):
        refused(plain, given_, request)
    plain.answer(code)
    assert compared == [(32, 32)] * 6


def test_neither_code_nor_address_is_kept_in_the_database(plain: Desk) -> None:
    code = plain.sent_code().replace(" ", "")
    link = plain.sent_code("link")
    raw = b"".join(path.read_bytes() for path in plain.database._path().parent.glob("control.sqlite*"))
    assert KEY not in raw
    for secret in (code, link, "alice@home.example", "home.example"):
        assert secret.encode() not in raw


# -- limits ------------------------------------------------------------------------------------------------------------


def too_many(desk: Desk, request: str = "r1") -> None:
    with pytest.raises(NotPermitted, match=r"Too many codes were asked for lately\."):
        desk.ask(request)


def test_a_request_may_ask_for_six_codes_a_day_known_or_not(plain: Desk) -> None:
    put_request(plain.database, "r2", subject=None)
    for request in ("r1", "r2"):
        for _ in range(PER_REQUEST):
            plain.ask(request)
        too_many(plain, request)
    assert plain.actions()[-1] == "identity.refused"
    plain.now += DAY
    plain.ask()


def test_all_requests_together_are_sent_so_many_an_hour_and_what_is_not_sent_does_not_count(plain: Desk) -> None:
    plain.per_hour = 3
    for number in range(6):
        put_request(plain.database, f"x{number}", subject=None)
        plain.ask(f"x{number}")
    plain.work()
    for number in range(5):
        put_request(plain.database, f"y{number}", subject=ALICE)
        plain.ask(f"y{number}")
    plain.work()
    assert len(plain.mails) == 3
    too_many(plain)
    plain.now += 3600 * SECOND
    plain.ask()


def test_a_person_and_a_mailbox_are_sent_ten_a_day_and_nobody_is_told(plain: Desk) -> None:
    plain.held[BOB] = [Contact("email", "a.lice+x@home.example", "members.mail")]  # the same mailbox
    for number in range(2 * PER_PERSON):
        put_request(plain.database, f"x{number}", subject=(ALICE, BOB)[number % 2])
        assert plain.ask(f"x{number}") == ASKED
        plain.work()
    assert len(plain.mails) == PER_PERSON
    plain.now += DAY
    plain.ask()
    plain.work()
    assert len(plain.mails) == PER_PERSON + 1


def test_what_is_already_known_is_not_asked_again(plain: Desk) -> None:
    plain.answer(plain.sent_code())
    with pytest.raises(InputInvalid, match="cannot be asked to show who asks"):
        plain.ask()


def test_only_kinds_that_there_are_can_be_asked_for(plain: Desk) -> None:
    with pytest.raises(InputInvalid, match="A challenge of the kind 'sms' cannot be made"):
        plain.ask(kind="sms")
    without = IdentityChecks(plain.database, KEY, Book, lambda: NOW, 600)
    with pytest.raises(InputInvalid, match="A challenge of the kind 'link' cannot be made"):
        without.ask("r1", actor=CUSTOMER, kind="link")


# -- the secrets -------------------------------------------------------------------------------------------------------


def test_codes_are_spread_over_all_eight_digits() -> None:
    codes = [challenges.secret_of(KEY, str(n), "code") for n in range(20_000)]
    assert {len(code) for code in codes} == {8}
    assert len(set(codes)) > 19_990
    for place in range(8):
        counts = [sum(code[place] == digit for code in codes) for digit in "0123456789"]
        assert max(counts) - min(counts) < 400  # 2,000 each, σ = 42


@given(st.emails(domains=st.just("home.example")))
def test_spellings_of_one_mailbox_are_one(address: str) -> None:
    local, _, domain = address.rpartition("@")
    assert mailbox(KEY, address) == mailbox(KEY, f"{local}+tag@{domain.upper()}")
    assert mailbox(KEY, address) != mailbox(KEY, f"x{local}@{domain}")
    assert mailbox(KEY, address) != mailbox(b"another key", address)


def test_a_mailbox_under_both_names_of_its_host_is_one_contact() -> None:
    one, other = (mailbox(KEY, f"ali.ce@{host}") for host in ("gmail.com", "GoogleMail.com"))

    assert (one == other, one == mailbox(KEY, "alice@mail.com")) == (True, False)


def test_every_challenge_is_kept_as_one_row(plain: Desk) -> None:
    plain.sent_code()
    with plain.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(identity_challenges)) == 1
