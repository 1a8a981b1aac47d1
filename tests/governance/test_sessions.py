"""Sessions as rows, on both databases: begun, found, made anew, ended, forgotten; and what else doors keep a while."""

from __future__ import annotations

from sqlalchemy import func, insert, select

from pellucid.governance import sessions, waits
from pellucid.governance.sessions import CENTRE, CONSOLE, DAY, MINUTE, Door, NewSession
from pellucid.records.database import Database
from pellucid.records.rights_tables import identity_challenges
from pellucid.records.web_tables import sign_in_marks, sign_in_waits, sign_ins, staff_sessions, web_sessions
from pellucid.rights import handover, sign_in

KEY, NOW = b"k" * 32, 1_800_000_000_000_000
ALICE = {"namespace": "household", "subject": 1, "address": b"there"}
PIA = {"person": "pia"}


def begun(control: Database, door: Door = CENTRE) -> NewSession:
    with control.write() as connection:
        return sessions.begin(connection, door, KEY, ALICE if door is CENTRE else PIA, "code", 1, NOW)


def lasts(control: Database, secret: str, at: int, door: Door = CENTRE, key: bytes = KEY) -> bool:
    with control.read() as connection:
        return sessions.find(connection, door, key, secret, at) is not None


def test_a_session_is_found_by_its_secret_under_its_key_at_its_door_only(control: Database) -> None:
    made = begun(control)

    assert lasts(control, made.secret, NOW)
    assert not lasts(control, made.secret, NOW, CONSOLE)
    assert not lasts(control, made.secret, NOW, key=b"x" * 32)
    assert not lasts(control, made.secret[:-1] + "!", NOW)
    assert not lasts(control, "", NOW)


def test_a_session_ends_when_nothing_comes_and_at_its_last_instant_whatever_comes(control: Database) -> None:
    made, idle = begun(control), CENTRE.idle
    assert (lasts(control, made.secret, NOW + idle - 1), lasts(control, made.secret, NOW + idle)) == (True, False)
    at = NOW
    while at + idle - MINUTE < NOW + CENTRE.longest:
        at += idle - MINUTE
        with control.write() as connection:
            sessions.note_seen(connection, CENTRE, made.session, at)

    assert lasts(control, made.secret, NOW + CENTRE.longest - 1)
    assert not lasts(control, made.secret, NOW + CENTRE.longest)


def test_a_session_made_anew_replaces_the_one_before_and_lasts_no_longer(control: Database) -> None:
    made = begun(control)
    with control.write() as connection:
        renewed = sessions.renew(connection, CENTRE, KEY, made.session, 2, NOW + MINUTE)

    assert not lasts(control, made.secret, NOW + MINUTE)
    assert lasts(control, renewed.secret, NOW + MINUTE)
    assert (renewed.session.strength, renewed.session.ends_at) == (2, made.session.ends_at)
    assert renewed.session.who == ALICE


def test_ending_is_for_good_and_told_once(control: Database) -> None:
    made = begun(control)
    with control.write() as connection:
        ended = [sessions.end(connection, CENTRE, made.session, NOW) for _ in range(2)]
        sessions.note_seen(connection, CENTRE, made.session, NOW + MINUTE)

    assert ended == [True, False]
    assert not lasts(control, made.secret, NOW + MINUTE)


def test_all_sessions_of_one_person_are_ended_and_of_nobody_else(control: Database) -> None:
    mine, other = begun(control, CONSOLE), begun(control, CONSOLE)
    with control.write() as connection:
        ana = sessions.begin(connection, CONSOLE, KEY, {"person": "ana"}, "account", 2, NOW)
        assert sessions.end_all(connection, CONSOLE, PIA, NOW) == 2

    assert [lasts(control, each.secret, NOW, CONSOLE) for each in (mine, other, ana)] == [False, False, True]


def test_after_a_restore_nobody_is_signed_in(control: Database) -> None:
    made = [begun(control, door) for door in (CENTRE, CONSOLE)]
    with control.write() as connection:
        sessions.forget_all(connection)

    assert [lasts(control, each.secret, NOW, door) for each, door in zip(made, (CENTRE, CONSOLE), strict=True)] == [
        False,
        False,
    ]


def test_what_is_long_over_is_forgotten_and_nothing_before(control: Database) -> None:
    for door in (CENTRE, CONSOLE):
        begun(control, door)
    with control.write() as connection:
        assert handover.take_once(connection, b"mark", NOW)
        assert not handover.take_once(connection, b"mark", NOW)
        waits.failed(connection, b"who", NOW)
        for id, request in (("c1", "s1"), ("c2", "s of somebody erased"), ("c3", "r1")):
            put = {"id": id, "request": request, "kind": "code", "digest": b"", "strength": 1, "attempts": 0}
            connection.execute(insert(identity_challenges).values(**put, made_at=NOW, expires_at=NOW))
        asked = {"id": "s1", "namespace": "household", "browser": b"b", "address": b"a", "made_at": NOW, "ends_at": NOW}
        connection.execute(insert(sign_ins).values(asked))
    kept = []
    for at in (NOW + MINUTE, NOW + DAY, NOW + 91 * DAY):
        with control.write() as connection:
            for forget in (sessions.forget, sign_in.forget, waits.forget, handover.forget):
                forget(connection, at)
            tables = (web_sessions, staff_sessions, sign_ins, sign_in_waits, sign_in_marks, identity_challenges)
            kept.append([connection.scalar(select(func.count()).select_from(table)) for table in tables])

    assert kept == [[1, 1, 1, 1, 1, 3], [1, 1, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]]
