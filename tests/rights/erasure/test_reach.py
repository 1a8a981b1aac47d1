"""An erasure reaches what other stories keep of people, and says what it lets wait until it was told."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from pellucid.delivery import outbox
from pellucid.delivery.recipients import Notice, take_away, tell, write_file
from pellucid.errors import DataRefused
from pellucid.holdings.drafts import drafts
from pellucid.policy.model import Controller, Recipient
from pellucid.records import leftovers
from pellucid.records.rights_tables import identity_challenges, rights_requests, statements
from pellucid.rights.plan import Part
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace
from tests.rights.erasure.scan import Scan
from tests.rights.erasure.test_canary import PREFIX
from tests.rights.erasure.test_restored import make_known
from tests.rights.requests import put_request
from tests.shop import EXAMPLE

SHOP = Controller("Shop", "DE", "privacy@shop.example", "pia")
PARTNER = Recipient("partner", "A partner", "FR", "third_party")


@pytest.fixture
def key(shop: Workspace, tmp_path: Path) -> str:
    """Somebody who is known, by a key that can be found in bytes."""
    found = f"{PREFIX}{secrets.token_hex(8)}"
    make_known(shop, tmp_path, found)
    return found


def subject_of(shop: Workspace, key: str) -> int:
    with shop.room.database.read() as connection:
        found = find(connection, "customer", key)
    assert found is not None
    return found


def parts_of(shop: Workspace, erasure: str, *kinds: str) -> list[Part]:
    told = shop.erasures.show(erasure, actor=shop.actor("pia"))[1]
    return [each.part for each in told if each.part.kind in kinds]


def state_and_ask(shop: Workspace, key: str) -> None:
    """Store a statement, a request under way with what it asks, and a challenge of it, each for this person and bob."""
    database, bob = shop.room.database, subject_of(shop, "c001")
    for number, (subject, name) in enumerate(((subject_of(shop, key), key), (bob, "somebody"))):
        put_request(database, f"r{number:012}", subject=subject, asked=f'{{"note": "{name}"}}'.encode(), proof=name)
        with database.write() as connection:
            said = {"namespace": "customer", "subject": subject, "text": f"{name} says so", "at": 1}
            connection.execute(insert(statements).values(request=f"r{number:012}", part=0, **said))
            sent = {"kind": "code", "digest": b"d", "contact": b"c", "strength": 1, "attempts": 0, "made_at": 1}
            values = sent | {"id": str(number), "request": f"r{number:012}", "expires_at": 2}
            connection.execute(insert(identity_challenges).values(values))


def test_statements_challenges_and_what_was_asked_go_and_others_stay(shop: Workspace, key: str) -> None:
    state_and_ask(shop, key)
    pia = shop.actor("pia")
    planned = {each.target: each.decision for each in shop.erasures.plan([("", key)], actor=pia)}
    done = shop.erasures.run([("", key)], actor=pia)
    wanted = {"statements": "erase", "identity_challenges": "erase", "rights_requests": "anonymise"}
    assert wanted.items() <= planned.items()
    assert {each.target: each.decision for each in parts_of(shop, done.id, "control")}.items() >= wanted.items()
    with shop.room.database.read() as connection:
        assert connection.scalars(select(statements.c.text)).all() == ["somebody says so"]
        assert connection.scalars(select(identity_challenges.c.id)).all() == ["1"]
        asked = connection.execute(
            select(rights_requests.c.asked, rights_requests.c.proof).order_by(rights_requests.c.id)
        )
        assert asked.all() == [(None, None), (b'{"note": "somebody"}', "somebody")]
    assert Scan([key], PREFIX).found(shop.folder) == {}


def test_word_that_waits_is_named_and_goes_once_it_was_told(shop: Workspace, key: str) -> None:
    database, now, pia = shop.room.database, shop.room.clock(), shop.actor("pia")
    with database.write() as connection:
        for about in ("r000000000001-0", "r000000000002-0"):
            tell(connection, SHOP, [PARTNER], Notice("rectification", about, "customer", (key,)), now)
        outbox.put_mail(connection, "r1:x", f"{key}@mail.example", "Your request", "Done.", now)
    with database.read() as connection:
        first, second = outbox.to_recipients(connection)
        content = outbox.content_of(connection, first.id)
    assert content is not None
    file = write_file(shop.folder, first, content, lambda _text: "signed")
    with database.write() as connection:
        outbox.sent(connection, first.id, now)
    waits = [
        ("mail", "keep", "GDPR Art. 12(3)"),
        ("partner", "keep", "GDPR Art. 19"),
        (str(file.relative_to(shop.folder)), "keep", "GDPR Art. 19"),
    ]
    planned = [each for each in shop.erasures.plan([("", key)], actor=pia) if each.kind == "waiting"]
    done = shop.erasures.run([("", key)], actor=pia)
    for found in (planned, parts_of(shop, done.id, "waiting")):
        assert [(each.target, each.decision, each.basis) for each in found] == waits
    (named,) = parts_of(shop, done.id, "file")
    assert (named.target, named.reason.partition(" in ")[2]) == ("control.sqlite", "word that waits to be told.")
    scan = Scan([key], PREFIX)
    assert scan.found(shop.folder).keys() - {"control.sqlite-wal"} == {"control.sqlite", waits[2][0]}
    with database.write() as connection:
        outbox.sent(connection, second.id, now)
        (mail,) = outbox.about(connection, "r1:x")
        outbox.give_up(connection, mail.id, now)
    take_away(shop.folder, first)
    leftovers.cut(database)
    assert scan.found(shop.folder) == {}


def test_word_of_the_erasure_itself_is_named_as_waiting(shop: Workspace, key: str) -> None:
    text = (EXAMPLE / "policy" / "policy.yaml").read_text()
    text = text.replace("recipients: {}", "recipients:\n  partner: {title: A partner, country: FR, kind: third_party}")
    text = text.replace("    kinds: [own_analytics]\n", "    kinds: [own_analytics]\n    recipients: [partner]\n")
    (shop.policy.folder / "policy.yaml").write_text(text)
    shop.policy.activate(actor=shop.actor("pia"))
    done = shop.erasures.run([("", key)], actor=shop.actor("pia"))
    assert [(each.target, each.told) for each in parts_of(shop, done.id, "recipient", "waiting")] == [
        ("partner", {"purposes": ["range-planning"], "told": "due"}),
        ("partner", {"deliveries": 1}),
    ]
    with shop.room.database.read() as connection:
        (word,) = outbox.to_recipients(connection)
    assert word.about == f"erasure:{done.id}:partner:customer"


def test_what_a_build_that_died_left_goes_and_one_that_lives_is_awaited(shop: Workspace, key: str) -> None:
    left = shop.folder / "data" / ".built" / "rows" / "rows.parquet"
    pia = shop.actor("pia")
    with drafts(shop.folder) as folder:
        (folder / "rows.parquet").write_text(key)
        with pytest.raises(DataRefused, match="being built") as error:
            shop.erasures.run([("", key)], actor=pia)
        assert error.value.code == "build-running"
    left.parent.mkdir()
    left.write_text(key)
    (done,) = shop.erasures.carry_on(actor=pia)
    assert (done.state, left.exists(), Scan([key], PREFIX).found(shop.folder)) == ("done", False, {})


def test_requests_and_answers_that_name_who_was_erased_go_and_that_a_request_was_extended_stays(
    shop: Workspace, key: str
) -> None:
    database, bob = shop.room.database, subject_of(shop, "c001")
    asked = f'{{"named": "{key}"}}'.encode()
    put_request(database, "r000000000001", subject=None, asked=asked)
    named = {"proof": f"mandate of {key}", "channel": f"a letter of {key}", "extended": f"we wait for {key}"}
    put_request(database, "r000000000002", subject=bob, **named)
    put_request(database, "r000000000003", subject=bob, proof="file 7", agent_request=f"{key}/1")
    with database.write() as connection:
        word = outbox.put(connection, "d1", outbox.RECIPIENT, "partner", "rectification:r1-0", {}, 1)
        outbox.sent(connection, word, 2)
        outbox.answer(connection, word, f"{key} was corrected", 3)
    done = shop.erasures.run([("", key)], actor=shop.actor("pia"))
    columns = rights_requests.c
    kept = select(columns.asked, columns.proof, columns.channel, columns.extended, columns.agent_request)
    with database.read() as connection:
        told = [tuple(row) for row in connection.execute(kept.order_by(columns.id))]
        (answer,) = {each.answer for each in outbox.to_recipients(connection)}
    assert told == [
        (None, None, "web", None, None),
        (None, None, "", "names somebody who was erased", None),
        (None, "file 7", "web", None, None),
    ]
    assert answer == "names somebody who was erased"
    assert parts_of(shop, done.id, "file") == []
    words = {each.target: each.told for each in parts_of(shop, done.id, "words")}
    assert words == {
        "log_details": {"rows": 1},
        "rights_requests.asked": {"rows": 1},
        "rights_requests.proof": {"rows": 1},
        "rights_requests.channel": {"rows": 1},
        "rights_requests.extended": {"rows": 1},
        "rights_requests.agent_request": {"rows": 1},
        "deliveries": {"rows": 1},
    }
