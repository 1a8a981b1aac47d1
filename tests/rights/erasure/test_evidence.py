"""What proved that it was lawful goes on its day, by the worker, and no place in the feed is given twice."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from pellucid.audit import log
from pellucid.records.rights_tables import kept_evidence
from pellucid.records.tables import consent_records
from pellucid.rights import evidence
from pellucid.rights.sweep import DAY
from pellucid.worker import Worker
from pellucid.workspace import Workspace
from tests.rights.erasure.test_erase import ALICE, BOB


@pytest.fixture
def spoken(shop: Workspace) -> Workspace:
    """Alice and bob objected to something, in this order, and alice is erased."""
    pia = shop.actor("pia")
    for person in (ALICE, BOB):
        shop.consent.record("object", person, purpose="range-planning", actor=pia)
    shop.erasures.run([("", ALICE)], actor=pia)
    return shop


def kept(shop: Workspace) -> tuple[int, int, int]:
    """Return how many notes, records, and which place is the last."""
    with shop.room.database.read() as connection:
        notes = connection.scalar(select(func.count()).select_from(kept_evidence)) or 0
        records = connection.scalar(select(func.count()).select_from(consent_records)) or 0
        return notes, records, connection.scalar(select(func.max(consent_records.c.sequence))) or 0


def until_of(shop: Workspace) -> int:
    with shop.room.database.read() as connection:
        return connection.scalar(select(func.max(kept_evidence.c.until))) or 0


def records_of(shop: Workspace, subject: int) -> int:
    with shop.room.database.read() as connection:
        mine = consent_records.c.subject == subject
        return connection.scalar(select(func.count()).select_from(consent_records).where(mine)) or 0


def work(shop: Workspace, at: int) -> list[str]:
    """Let the worker do what is due at an instant, and return what of evidence it logged."""
    with Workspace(shop.folder, clock=lambda: at) as then:
        Worker(then.work).run_until_idle()
        with then.room.database.read() as connection:
            return [each for each in log.actions(connection) if each == "evidence.forgotten"]


def erased_of(shop: Workspace) -> int:
    with shop.room.database.read() as connection:
        (content,) = connection.scalars(select(kept_evidence.c.id)).all()
    return int(content.rpartition(":")[2])


def test_evidence_and_its_records_go_on_their_day_and_no_others(spoken: Workspace) -> None:
    until, alice, (_, records, last) = until_of(spoken), erased_of(spoken), kept(spoken)
    mine = records_of(spoken, alice)
    assert mine > 0
    assert work(spoken, until - 1) == []
    assert kept(spoken) == (1, records, last)
    assert work(spoken, until) == ["evidence.forgotten"]
    assert (kept(spoken), records_of(spoken, alice)) == ((0, records - mine, last), 0)
    assert work(spoken, until + DAY) == ["evidence.forgotten"]


def test_the_newest_record_stays_with_its_note_until_another_follows(spoken: Workspace) -> None:
    pia = spoken.actor("pia")
    spoken.erasures.run([("", BOB)], actor=pia)
    until, (_, records, last) = until_of(spoken), kept(spoken)
    with spoken.room.database.read() as connection:
        bob = connection.scalar(select(consent_records.c.subject).where(consent_records.c.sequence == last)) or 0
    assert work(spoken, until) == ["evidence.forgotten"]  # alice's
    assert (kept(spoken)[0], kept(spoken)[2], records_of(spoken, bob) > 0) == (1, last, True)
    spoken.consent.record("object", "c002", purpose="range-planning", actor=pia)
    assert work(spoken, until + DAY) == ["evidence.forgotten"] * 2
    assert (kept(spoken)[0], kept(spoken)[2], records_of(spoken, bob)) == (0, last + 1, 0)
    assert records > kept(spoken)[1]


def test_evidence_of_somebody_who_is_held_stays(shop: Workspace) -> None:
    pia = shop.actor("pia")
    hold = shop.erasures.hold(person=("", ALICE), dataset=None, reason="Claim 7", actor=pia)
    shop.erasures.run([("", ALICE)], actor=pia)
    shop.consent.record("object", BOB, purpose="range-planning", actor=pia)
    until = until_of(shop)
    assert (work(shop, until), kept(shop)[0]) == ([], 1)
    shop.erasures.release(hold.id, actor=pia)
    assert (work(shop, until + DAY), kept(shop)[0]) == (["evidence.forgotten"], 0)


def test_records_of_somebody_who_is_known_are_never_removed(spoken: Workspace) -> None:
    with spoken.room.database.write() as connection:
        bob = connection.scalar(select(consent_records.c.subject).order_by(consent_records.c.sequence.desc()).limit(1))
        note = f'{{"namespace": "customer", "subject": {bob}, "records": 1}}'.encode()
        connection.execute(update(kept_evidence).values(content=note))
    spoken.consent.record("object", "c002", purpose="range-planning", actor=spoken.actor("pia"))
    before, until = kept(spoken), until_of(spoken)
    with spoken.room.database.write() as connection:
        assert evidence.forget(connection, until) == (1, 0)
    assert kept(spoken)[1:] == before[1:]


def test_retention_lets_go_of_it_too(spoken: Workspace) -> None:
    until = until_of(spoken)
    with Workspace(spoken.folder, clock=lambda: until) as then:
        then.retention.run(actor=then.actor("pia"))
        assert kept(then)[0] == 0
