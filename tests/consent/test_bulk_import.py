"""A file of what people said: every row is recorded, known already or rejected, whatever stands beside it."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pellucid.audit.log import details, entries
from pellucid.consent import register
from pellucid.consent.bulk_admit import contradicts
from pellucid.consent.bulk_file import BLOCK, COLUMNS, REQUIRED
from pellucid.consent.effect import Effect
from pellucid.consent.identities import join
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.replica import current, snapshot
from pellucid.consent.sets import read_set
from pellucid.policy.model import Actor, Policy
from pellucid.records.database import Database
from pellucid.records.tables import consent_records
from pellucid.settings import Settings
from pellucid.subjects.keys import SubjectKeys
from pellucid.workspace.consent_files import ConsentFiles, Imported
from pellucid.workspace.room import Room

from .conftest import ADULT_YEAR, CHILD_YEAR, CUSTOMER, NOW, PIA, add_subjects

AT = "2026-05-20T10:00:00+00:00"
LATER = "2026-05-21T12:00:00+02:00"
FACTS: list[tuple[str | None, int | None]] = [("DE", ADULT_YEAR), ("US", 1990), ("DE", CHILD_YEAR), (None, None)]
KEYS = SubjectKeys(b"k" * 32)


@dataclass(frozen=True)
class OpenRoom(Room):
    """A room in which a policy is in force, and pia may do everything."""

    in_force: Policy

    def demand(self, actor: Actor, action: str) -> Policy:
        return self.in_force

    @property
    def subject_keys(self) -> SubjectKeys:  # type: ignore[override]
        return KEYS


def room_of(folder: Path, database: Database, policy: Policy, now: int = NOW) -> OpenRoom:
    return OpenRoom(folder, database, Settings(), lambda: now, policy)


def people(database: Database, policy: Policy, count: int = 1) -> None:
    """Add people with each of these facts, `count` times."""
    with database.write() as connection:
        register.rebuild(connection, policy, NOW)
    facts = FACTS * count
    add_subjects(database, *facts)
    with database.write() as connection:
        register.subjects_added(connection, policy, CUSTOMER, 0, len(facts), (), NOW)


@pytest.fixture
def files(database: Database, policy: Policy, tmp_path: Path) -> ConsentFiles:
    people(database, policy)
    return ConsentFiles(room_of(tmp_path, database, policy))


Cells = dict[str, str]


def row(key: str, verb: str = "give", purpose: str = "range-planning", at: str = AT, **more: str) -> Cells:
    cells = dict.fromkeys(REQUIRED, "") | {"covers": "held_data", "channel": "web"}
    return cells | {"subject": key, "verb": verb, "purpose": purpose, "at": at} | more


def write(folder: Path, *rows: Cells, name: str = "said.csv") -> Path:
    names = [name for name in COLUMNS if name in REQUIRED or any(name in each for each in rows)]
    with (folder / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def took(files: ConsentFiles, *rows: Cells, **how: object) -> Imported:
    return files.import_records(write(files.room.folder, *rows), actor=PIA, **how)  # type: ignore[arg-type]


def counts(done: Imported) -> tuple[int, int, int]:
    return done.recorded, done.known, done.rejected


def why(done: Imported) -> list[tuple[int, str]]:
    return [(each.line, each.why.code) for each in done.examples]


def kept(files: ConsentFiles) -> list[tuple[object, ...]]:
    columns = consent_records.c
    wanted = (columns.subject, columns.purpose, columns.verb, columns.notice_version)
    with files.room.database.read() as connection:
        return [tuple(each) for each in connection.execute(select(*wanted).order_by(columns.sequence))]


def logged(files: ConsentFiles) -> list[dict[str, object]]:
    with files.room.database.read() as connection:
        return [entry.fields() for entry in entries(connection)]


def test_good_rows_are_recorded_whatever_stands_beside_them(files: ConsentFiles) -> None:
    out = files.room.folder / "rejected.csv"
    done = took(
        files,
        row("key-0"),
        row("nobody"),
        row("key-0", verb="gove"),
        row("key-1", "withdraw"),
        row("key-0", purpose="unheard-of"),
        row("key-0", at="2026-07-01T00:00:00Z"),
        row("key-0", at="yesterday"),
        row("key-0", notice_version="0"),
        row("key-0", by="guardian"),
        row("key-0", covers="some"),
        row("", "refuse"),
        row("key-0", explicit="perhaps"),
        row("key-0", namespace="shoes"),
        row("key-0", purpose=""),
        row("key-0", "lift", purpose=""),
        rejected=out,
    )
    assert counts(done) == (2, 0, 13)
    assert kept(files) == [(0, "range-planning", "give", "1"), (1, "range-planning", "withdraw", "1")]
    with out.open(newline="") as file:
        told = list(csv.DictReader(file))
    assert [(each["line"], each["code"]) for each in told] == [
        ("3", "subject-unknown"),
        ("4", "verb-unknown"),
        ("6", "purpose-unknown"),
        ("7", "future"),
        ("8", "instant-invalid"),
        ("9", "notice-not-current"),
        ("10", "proof-missing"),
        ("11", "covers-unknown"),
        ("12", "subject-missing"),
        ("13", "truth-invalid"),
        ("14", "namespace-unknown"),
        ("15", "purpose-missing"),
        ("16", "lift-unfit"),
    ]
    assert all(each["message"] and each["remedy"] for each in told)
    assert [each["subject"] for each in told][:2] == ["nobody", "key-0"]
    assert out.stat().st_mode & 0o077 == 0
    assert logged(files)[-1]["action"] == "consent.import-rejected"


def test_a_rejected_file_imports_again_once_its_rows_are_mended(files: ConsentFiles) -> None:
    out = files.room.folder / "rejected.csv"
    took(files, row("key-0", verb="gove"), row("key-1", "objekt"), rejected=out)
    out.write_text(out.read_text().replace("gove", "give").replace("objekt", "object"))
    assert counts(files.import_records(out, actor=PIA, rejected=out)) == (2, 0, 0)


def test_no_message_holds_a_key_even_in_a_wrong_column(files: ConsentFiles) -> None:
    done = took(
        files,
        row("key-0", purpose="key-0"),
        row("key-0", notice_version="key-0"),
        row("key-0", verb="key-0"),
        row("key-0", "lift", purpose="key-0"),
        row("key-0", at="key-0"),
    )
    assert done.rejected == 5
    assert not any("key-0" in each.why.message + each.why.remedy for each in done.examples)


def test_the_same_file_twice_records_nothing_new(files: ConsentFiles) -> None:
    rows = [
        row("key-0"),
        row("key-0", "withdraw", at=LATER),
        row("key-0", "object", "loyalty"),
        row("key-1", "restrict", ""),
        row("key-1", "lift", "", LATER),
        row("key-1", "opt-out", at=""),
        row("key-1", purpose="care", explicit="true", covers=""),
    ]
    assert counts(took(files, *rows)) == (7, 0, 0)
    before = kept(files)
    assert counts(took(files, *rows, *rows)) == (0, 14, 0)
    assert kept(files) == before


def test_the_same_row_twice_in_a_file_counts_once(files: ConsentFiles) -> None:
    assert counts(took(files, row("key-0"), row("key-0"), row("key-0", notice_version="1"))) == (1, 2, 0)


def test_a_yes_of_old_is_known_already_although_its_notice_is_no_longer_current(files: ConsentFiles) -> None:
    assert counts(took(files, row("key-0", notice_version="1"))) == (1, 0, 0)
    policy = files.room.demand(PIA, "consent-record")
    purpose = policy.purposes["range-planning"]
    newer = replace(purpose, notice=replace(purpose.notice, version="2"))
    room = replace(files.room, in_force=replace(policy, purposes={**policy.purposes, purpose.name: newer}))  # type: ignore[call-arg]
    assert counts(took(ConsentFiles(room), row("key-0", notice_version="1"), row("key-0"))) == (0, 2, 0)


@pytest.mark.parametrize("block", [1, BLOCK], ids=["blocks", "one block"])
@pytest.mark.parametrize("turned", [False, True], ids=["yes first", "no first"])
@pytest.mark.parametrize("no", [row("key-0", "withdraw"), row("key-0", "object", "")], ids=["of it", "of all"])
def test_of_a_yes_and_a_no_at_one_instant_the_no_stands(
    files: ConsentFiles, no: Cells, turned: bool, block: int
) -> None:
    rows = [no, row("key-0")] if turned else [row("key-0"), no]
    done = took(files, *rows, block=block)
    assert (counts(done), why(done)) == ((1, 0, 1), [(3 if turned else 2, "contradicts")])
    assert done.examples[0].why.message == (
        f"A no of the same person at the very same instant stands on line {2 if turned else 3} of this file, and the "
        "no counts."
    )
    again = took(files, *rows, block=block)
    assert (counts(again), why(again)) == ((0, 1, 1), why(done))
    assert [verb for _, _, verb, _ in kept(files)] == [no["verb"]]


def test_a_yes_against_a_no_that_was_recorded_before_names_no_line(files: ConsentFiles) -> None:
    took(files, row("key-0", "withdraw"))
    (refused,) = took(files, row("key-0")).examples
    assert refused.why.message == (
        "A no of the same person at the very same instant is recorded already, and the no counts."
    )


@pytest.mark.parametrize("block", [1, BLOCK], ids=["blocks", "one block"])
@pytest.mark.parametrize("turned", [False, True], ids=["yes first", "no first"])
def test_what_has_no_instant_is_said_at_one_instant_in_all_of_a_file(
    files: ConsentFiles, turned: bool, block: int
) -> None:
    clock = iter(range(NOW, NOW + 100))
    ticking = ConsentFiles(replace(files.room, clock=lambda: next(clock)))
    rows = [row("key-0", at=""), row("key-1", at=""), row("key-0", "refuse", at="")]
    done = took(ticking, *(reversed(rows) if turned else rows), block=block)
    assert (counts(done), why(done)) == ((2, 0, 1), [(4 if turned else 2, "contradicts")])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_what_becomes_of_a_row_does_not_depend_on_the_blocks(
    files: ConsentFiles, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    verbs = ("give", "withdraw", "object", "limit", "restrict", "lift")
    rows = [
        row(
            draw.choice(("key-0", "key-1", "nobody")),
            draw.choice(verbs),
            draw.choice(("range-planning", "care", "")),
            draw.choice((AT, LATER, "never")),
            explicit=draw.choice(("true", "")),
            member=draw.choice(("", "", "anna", "ben")),
        )
        for _ in range(60)
    ]
    told = []
    for block, at_once in ((BLOCK, 1_000_000), (1, 7), (7, 1)):
        monkeypatch.setattr("pellucid.consent.bulk_ahead.AT_ONCE", at_once)
        out = files.room.folder / "out.csv"
        done = took(files, *rows, block=block, rejected=out, dry_run=True)
        told.append((counts(done), out.read_text()))
    assert told[1:] == told[:1] * 2
    assert "contradicts" in done.codes


def test_a_no_in_a_later_file_stands_against_the_yes_of_the_same_instant(files: ConsentFiles) -> None:
    assert counts(took(files, row("key-0"))) == (1, 0, 0)
    assert counts(took(files, row("key-0", "withdraw"))) == (1, 0, 0)
    with files.room.database.read() as connection:
        (planning,) = [each for each in snapshot(connection)[2] if each.purpose == "range-planning"]
    assert planning.plain[0] & 1 == 0


def test_members_of_a_household_do_not_contradict_each_other() -> None:
    yes = ConsentRecord(CUSTOMER, 0, "care", ConsentVerb.GIVE, member="anna", explicit=True)
    no = ConsentRecord(CUSTOMER, 0, "care", ConsentVerb.WITHDRAW, member="ben")
    assert not contradicts(no, yes)
    assert contradicts(replace(no, member=""), yes)
    assert contradicts(replace(no, verb=ConsentVerb.LIMIT, member=""), yes)
    assert not contradicts(replace(no, verb=ConsentVerb.LIMIT, member=""), replace(yes, explicit=False))


def test_older_records_may_come_later(files: ConsentFiles) -> None:
    assert counts(took(files, row("key-0", "withdraw", at=LATER))) == (1, 0, 0)
    assert counts(took(files, row("key-0"))) == (1, 0, 0)
    with files.room.database.read() as connection:
        (planning,) = [each for each in snapshot(connection)[2] if each.purpose == "range-planning"]
    assert planning.plain[0] & 1 == 0


def test_a_dry_run_tells_the_same_and_changes_nothing_but_the_log(files: ConsentFiles) -> None:
    rows = [
        row("key-0", "restrict", ""),
        row("key-0", "lift", "", LATER),
        row("key-0"),
        row("key-0"),
        row("key-0", "withdraw", at=LATER),
        row("nobody"),
        row("key-1", "lift", ""),
    ]
    out = files.room.folder
    with files.room.database.read() as connection:
        before = current(connection)
    tried = took(files, *rows, dry_run=True, rejected=out / "tried.csv", block=2)
    assert kept(files) == []
    with files.room.database.read() as connection:
        assert current(connection) == before
    assert [(each["action"], each["body"]) for each in logged(files)] == [
        (
            "consent.import-tried",
            {"known": 1, "recorded": 4, "rejected": {"lift-unfit": 1, "subject-unknown": 1}},
        )
    ]
    done = took(files, *rows, rejected=out / "done.csv", block=2)
    assert (counts(tried), tried.codes) == (counts(done), done.codes)
    assert (out / "tried.csv").read_bytes() == (out / "done.csv").read_bytes()


class Killed(BaseException):
    """What stands for kill -9 in the middle of a file."""


@pytest.mark.parametrize("point", ["bulk.said", "bulk.sets-changed", "bulk.before-commit", "bulk.after-commit"])
def test_a_half_written_file_is_completed_by_importing_it_again(
    files: ConsentFiles, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(f"key-{number % 4}", "object", at=f"2026-05-{number + 1:02}T10:00:00Z") for number in range(12)]
    reached: list[str] = []

    def reach(name: str) -> None:
        reached.append(name)
        if reached.count(point) == 2:
            raise Killed

    monkeypatch.setattr("pellucid.consent.bulk.reach", reach)
    monkeypatch.setattr("pellucid.workspace.consent_files.reach", reach)
    with pytest.raises(Killed):
        took(files, *rows, block=5)
    monkeypatch.undo()
    half = 10 if point == "bulk.after-commit" else 5
    assert len(kept(files)) == half
    assert counts(took(files, *rows, block=5)) == (12 - half, half, 0)
    assert len(kept(files)) == len([each for each in logged(files) if each["action"] == "consent.object"]) == 12


def test_free_text_of_a_file_stands_in_the_erasable_half_of_the_log(files: ConsentFiles) -> None:
    text = {"channel": "anna called: she is ill", "method": "by phone"}
    labels = {"channel": "phone", "method": "call"}
    assert counts(took(files, *(row("key-0", "withdraw", **each) for each in (text, labels)))) == (2, 0, 0)
    bodies: list[Any] = [each["body"] for each in logged(files) if each["action"] == "consent.withdraw"]
    with files.room.database.read() as connection:
        assert [held.fields() for held in details(connection)] == [text]
    assert [{name: body.get(name) for name in labels} for body in bodies] == [{"channel": None, "method": None}, labels]


def test_a_row_without_an_instant_is_new_where_a_linked_identity_spoke_since(files: ConsentFiles) -> None:
    took(files, row("key-0", "withdraw"))
    with files.room.database.write() as connection:
        policy = files.room.demand(PIA, "consent-record")
        join(connection, KEYS, policy, (CUSTOMER, 0), (CUSTOMER, 1), "certain", "signed in", PIA, NOW)
    took(files, row("key-1", "give", at=""))  # after the link, for both
    assert counts(took(files, row("key-0", "withdraw", at=""))) == (1, 0, 0)
    with files.room.database.read() as connection:
        permitted = read_set(connection, "range-planning", CUSTOMER)
        assert (permitted.effect(0), permitted.effect(1)) == (Effect(), Effect())
