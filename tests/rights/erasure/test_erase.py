"""Erasing people: they leave, their rows go, what is left is said, and the receipt holds offline."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import select

from pellucid.audit.erasure_receipt import verify_erasure
from pellucid.audit.treehead import TrustKeys
from pellucid.errors import NameUnknown, VerificationFailed
from pellucid.policy.model import Actor
from pellucid.records.columns import to_instant
from pellucid.records.tables import subject_keys, subjects
from pellucid.worker import Worker
from pellucid.workspace import Workspace
from tests.shop import EXAMPLE

ALICE, BOB = "c000", "c001"
DAY = 86_400_000_000


def rows_of(shop: Workspace, *people: str) -> int:
    """Count the rows of purchases that bear these keys, in the published file."""
    (file,) = (shop.folder / "data").glob("purchases.*.duckdb")
    with duckdb.connect(str(file), read_only=True) as connection:
        (found,) = connection.execute("SELECT count(*) FROM rows WHERE customer = ANY(?)", [list(people)]).fetchall()
    return int(found[0])


@pytest.fixture
def pia(shop: Workspace) -> Actor:
    return shop.actor("pia")


def test_a_plan_names_every_part_and_changes_nothing(shop: Workspace, pia: Actor) -> None:
    before = rows_of(shop, ALICE)
    parts = shop.erasures.plan([("", ALICE)], actor=pia)
    assert [(each.kind, each.target, each.decision, each.told.get("rows")) for each in parts] == [
        ("dataset", "purchases", "erase", before),
        ("control", "subjects", "anonymise", None),
        ("control", "consent_records", "anonymise", None),
        ("evidence", "consent_records", "keep", None),
        ("tombstone", "tombstones", "keep", None),
        ("log", "log_entries", "keep", None),
        ("key", "subject_keys", "erase", None),
        ("backup", "backups", "unreachable", None),
        ("export", "exports", "unreachable", None),
    ]
    assert (rows_of(shop, ALICE), shop.erasures.list(actor=pia)) == (before, [])
    assert before > 0


def test_people_who_are_erased_are_in_no_file_and_no_register_and_others_are(shop: Workspace, pia: Actor) -> None:
    kept = rows_of(shop, "c002")
    done = shop.erasures.run([("", ALICE), ("", BOB)], actor=pia)
    assert (done.state, done.step, done.people) == ("done", 7, 2)
    assert (rows_of(shop, ALICE, BOB), rows_of(shop, "c002")) == (0, kept)
    with shop.room.database.read() as connection:
        gone = connection.execute(select(subjects).where(subjects.c.natural_key.is_(None))).all()
        keys = {row.id for row in connection.execute(select(subject_keys))}
    assert [(row.jurisdiction, row.birth_year, row.vulnerable, row.estimated) for row in gone] == [(None,) * 4] * 2
    assert keys.isdisjoint({row.id for row in gone})
    with pytest.raises(NameUnknown, match="c000"):
        shop.erasures.run([("", ALICE)], actor=pia)


def test_an_answer_after_an_erasure_counts_nobody_who_left(shop: Workspace, pia: Actor) -> None:
    shop.erasures.run([("", ALICE)], actor=pia)
    assert shop.erasures.carry_on(actor=pia) == []
    with pytest.raises(NameUnknown):
        shop.consent.why(ALICE, purpose="newsletter", actor=pia)


def test_a_receipt_verifies_offline_and_any_other_list_of_parts_does_not(shop: Workspace, pia: Actor) -> None:
    done = shop.erasures.run([("", ALICE)], actor=pia)
    receipt = shop.erasures.receipt(done.id, actor=pia)
    trust = TrustKeys(shop.audit.verifier)
    assert [step.outcome for step in verify_erasure(receipt, trust)] == ["held"] * 5 + ["absent", "held"]
    told = json.loads(receipt)
    assert ALICE not in receipt.decode()
    told["parts"].pop()
    with pytest.raises(VerificationFailed):
        verify_erasure(json.dumps(told).encode(), trust)


def test_rows_that_came_between_retries_are_swept_too(
    shop: Workspace, pia: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pellucid.rights import erase

    def fails(*_: object, **__: object) -> None:
        raise VerificationFailed("stopped here", code="stopped")

    monkeypatch.setattr(erase, "plan", fails)
    with pytest.raises(VerificationFailed, match="stopped here"):
        shop.erasures.run([("", ALICE)], actor=pia)
    monkeypatch.undo()
    before = rows_of(shop, ALICE)
    shop.data.add("purchases", EXAMPLE / "purchases.csv", actor=shop.actor("dan"))
    assert rows_of(shop, ALICE) == 2 * before
    (done,) = shop.erasures.carry_on(actor=pia)
    assert (done.state, rows_of(shop, ALICE)) == ("done", 0)


def test_what_is_held_stays_with_its_reason_and_goes_when_the_hold_is_released(shop: Workspace, pia: Actor) -> None:
    before = rows_of(shop, ALICE)
    hold = shop.erasures.hold(person=("", ALICE), dataset="purchases", reason="Claim 7", actor=pia)
    done = shop.erasures.run([("", ALICE)], actor=pia)
    parts = shop.erasures.show(done.id, actor=pia)[1]
    assert [(each.part.target, each.part.reason) for each in parts if each.part.kind == "held"] == [
        (f"purchases:{hold.id}", "Claim 7")
    ]
    assert (done.state, rows_of(shop, ALICE)) == ("done", before)
    shop.erasures.release(hold.id, actor=pia)
    shop.erasures.carry_on(actor=pia)
    assert rows_of(shop, ALICE) == 0


def test_what_was_held_goes_by_the_worker_on_the_day_that_the_receipt_names(shop: Workspace, pia: Actor) -> None:
    until = shop.room.clock() + 3 * DAY
    shop.erasures.hold(person=("", ALICE), dataset=None, reason="Claim 7", actor=pia, until=until)
    before, done = rows_of(shop, ALICE), shop.erasures.run([("", ALICE)], actor=pia)
    (held,) = [each.part for each in shop.erasures.show(done.id, actor=pia)[1] if each.part.kind == "held"]
    left = []
    for at in (until - DAY, until + DAY):
        with Workspace(shop.folder, clock=lambda at=at: at) as then:  # type: ignore[misc]
            Worker(then.work).run_until_idle()
            left.append(rows_of(then, ALICE))
    assert (held.until, left) == (until, [before, 0])


def test_recipients_are_told_and_their_answers_stand_in_the_receipt(shop: Workspace, pia: Actor) -> None:
    told: list[tuple[str, dict[str, object]]] = []

    def tell(_connection: object, recipient: str, _about: str, what: object) -> str:
        told.append((recipient, dict(what)))  # type: ignore[call-overload]
        return "sent"

    desk = shop.erasures.with_tell(tell)
    done = desk.run([("", ALICE)], actor=pia)
    recipients = [each for each in desk.show(done.id, actor=pia)[1] if each.part.kind == "recipient"]
    assert [(each.part.target, each.part.told["told"], each.state) for each in recipients] == [
        (name, "sent", "open") for name, _ in told
    ]


def test_what_must_be_kept_by_law_stays_under_no_name_until_its_day(shop: Workspace, pia: Actor) -> None:
    draft = shop.policy.folder / "policy.yaml"
    text = (EXAMPLE / "policy" / "policy.yaml").read_text()
    days = (shop.room.clock() - to_instant(datetime(2026, 10, 17, tzinfo=UTC))) // DAY + 1
    keep = f"    keep: {{days: {days}, basis: legal_obligation, reason: Tax law}}\n"
    draft.write_text(text.replace("    time: bought\n", f"    time: bought\n{keep}", 1))
    assert keep in draft.read_text()
    shop.policy.activate(actor=pia)
    before = rows_of(shop, ALICE)
    done = shop.erasures.run([("", ALICE)], actor=pia)
    kept = [each.part for each in shop.erasures.show(done.id, actor=pia)[1] if each.part.kind == "kept-rows"]
    assert before > rows_of(shop, ALICE) > 0
    assert [(each.reason, each.told["rows"]) for each in kept] == [("Tax law", rows_of(shop, ALICE))]
    later = shop.room.clock() + 60 * DAY
    with Workspace(shop.folder, clock=lambda: later) as then:
        then.retention.run(actor=pia)
        assert (rows_of(then, ALICE), rows_of(then, "c002") > 0) == (0, True)


def test_a_file_that_somebody_left_in_the_workspace_is_named(shop: Workspace, pia: Actor, tmp_path: Path) -> None:
    lines = (EXAMPLE / "purchases.csv").read_text().splitlines()
    rows = [*lines, "customer-4711-left,bread,1.00,2026-10-17T01:45:00+00:00"]
    path = tmp_path / "more.csv"
    path.write_text("\n".join(rows) + "\n")
    shop.data.add("purchases", path, actor=shop.actor("dan"), replace=True)
    (shop.folder / "data" / "old-export.csv").write_text("customer-4711-left,bread\n")
    done = shop.erasures.run([("", "customer-4711-left")], actor=pia)
    files = [each.part.target for each in shop.erasures.show(done.id, actor=pia)[1] if each.part.kind == "file"]
    assert files == ["data/old-export.csv"]
