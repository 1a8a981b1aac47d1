"""How many are sent codes to sign in: whoever asks as often as they can keeps nobody else out and floods no mailbox."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import insert, select

from pellucid.governance import sessions
from pellucid.governance.sessions import CENTRE
from pellucid.records.tables import subjects
from pellucid.records.web_tables import sign_ins, web_sessions
from pellucid.rights import sign_in
from pellucid.rights.challenge_limits import FROM_STRANGERS, HOUR, PER_ADDRESS, PER_NETWORK
from pellucid.rights.challenges import Contact
from pellucid.rights.sign_in import Browser
from tests.rights.identity.checking import KEY, Desk
from tests.rights.requests import put_request

PEOPLE = 100
FIRST = 1000


@pytest.fixture
def desk(plain: Desk) -> Desk:
    """The desk, with a hundred people who have a mailbox each."""
    numbers = range(FIRST, FIRST + PEOPLE)
    with plain.database.write() as connection:
        rows = [{"namespace": "household", "id": each, "natural_key": f"k{each}"} for each in numbers]
        connection.execute(insert(subjects), rows)
    plain.held.update({each: [Contact("email", f"p{each}@home.example", "members.mail")] for each in numbers})
    return plain


def ask(desk: Desk, person: int, net: str, address: str = "") -> None:
    """Have a code asked for by somebody at an address, as the door does, and the worker do what it will."""
    with desk.database.write() as connection:
        place = f"{address or net} {person}".encode()
        browser = Browser(f"{net} {address} {person} {len(desk.mails)}".encode(), place, net.encode())
        sign_in.ask(connection, KEY, "household", f"k{person}", browser, desk.now)
    desk.work()


def came_in(desk: Desk, person: int, address: str) -> None:
    """Note that somebody came in from an address, as signing in does."""
    with desk.database.write() as connection:
        who = {"namespace": "household", "subject": person, "address": f"{address} {person}".encode()}
        sessions.begin(connection, CENTRE, KEY, who, "code", 1, desk.now)


def sent(desk: Desk, before: int = 0) -> Sequence[str]:
    return [mail.to.partition("@")[0] for mail in desk.mails[before:]]


def test_asking_for_nobody_uses_nothing_up(desk: Desk) -> None:
    desk.per_hour = 4
    for number in range(40):
        ask(desk, 10 * PEOPLE * FIRST, f"net {number}")
    ask(desk, FIRST, "home")

    assert sent(desk) == [f"p{FIRST}"]


def test_whoever_asks_in_one_net_keeps_nobody_in_another_out(desk: Desk) -> None:
    desk.per_hour = 20
    for person in range(FIRST + 1, FIRST + 40):
        ask(desk, person, "mallory", address=f"mallory {person}")
    flood = len(desk.mails)
    for number in range(5):
        ask(desk, FIRST + 50 + number, f"net {number}")

    assert flood == 10  # half of what an hour holds
    assert sent(desk, flood) == [f"p{FIRST + 50 + number}" for number in range(5)]


def test_one_net_is_sent_so_many_an_hour_whatever_the_cap(desk: Desk) -> None:
    for person in range(FIRST, FIRST + PER_NETWORK + 10):
        ask(desk, person, "mallory")
    before = len(desk.mails)
    desk.now += HOUR
    ask(desk, FIRST + 90, "mallory")

    assert (before, len(desk.mails) - before) == (PER_NETWORK, 1)


def test_from_everywhere_at_once_no_more_are_sent_than_the_cap_and_who_came_in_before_is(desk: Desk) -> None:
    desk.per_hour = 8
    came_in(desk, FIRST, "home")
    for person in range(FIRST + 1, FIRST + 30):
        ask(desk, person, f"net {person}")
    flood = len(desk.mails)
    ask(desk, FIRST, "mallory's net", address="home")
    ask(desk, FIRST, "abroad")

    assert (flood, sent(desk, flood)) == (8, [f"p{FIRST}"])


def test_codes_that_were_used_do_not_count(desk: Desk) -> None:
    desk.per_hour = 4
    for person in range(FIRST, FIRST + 12):
        ask(desk, person, f"net {person}", address=f"at {person}")
        came_in(desk, person, f"at {person}")

    assert len(desk.mails) == 12


def test_signing_in_uses_up_nothing_of_requests_nor_they_of_it(desk: Desk) -> None:
    desk.per_hour = 2
    for person in range(FIRST, FIRST + 6):
        ask(desk, person, f"net {person}")
    for number in range(4):
        put_request(desk.database, f"x{number}")
        desk.ask(f"x{number}") if number < 2 else None
        desk.work()
    ask(desk, FIRST + 20, "other")

    assert sent(desk) == [f"p{FIRST}", f"p{FIRST + 1}", "alice", "alice"]


def test_one_person_and_one_mailbox_are_sent_so_many_a_day_from_wherever(desk: Desk) -> None:
    desk.per_hour = 10_000
    shared = [Contact("email", "f.amily@home.example", "members.mail")]
    desk.held.update({FIRST: shared, FIRST + 1: shared})
    for number in range(2 * FROM_STRANGERS):
        ask(desk, FIRST + number % 2, f"net {number}")
    flood = len(desk.mails)
    came_in(desk, FIRST, "home")
    for _ in range(PER_ADDRESS + 3):
        ask(desk, FIRST, "home")

    assert (flood, len(desk.mails) - flood) == (FROM_STRANGERS, PER_ADDRESS)


def test_what_reaches_nobody_leaves_no_entry_in_the_log(desk: Desk) -> None:
    before = len(desk.actions())
    for number in range(10):
        ask(desk, 10 * PEOPLE * FIRST, f"net {number}")
    ask(desk, FIRST, "home")

    assert desk.actions()[before:] == ["identity.challenge"]


def test_where_people_came_from_is_kept_as_it_was_asked(desk: Desk) -> None:
    ask(desk, FIRST, "home")
    with desk.database.read() as connection:
        row = connection.execute(select(sign_ins)).one()
        assert connection.execute(select(web_sessions)).all() == []
    assert (bytes(row.network), row.subject) == (b"home", FIRST)
