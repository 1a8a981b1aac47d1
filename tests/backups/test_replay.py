"""Whatever people said, whatever was set right about them and whatever time did: a replay comes to the same sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append
from pellucid.backups.changes import Change, changes_after, place_of
from pellucid.backups.journal import Segment
from pellucid.backups.replay import replay, skip_ids
from pellucid.consent.bits import whole_bitmaps
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.register import advance, rebuild, record, subjects_added
from pellucid.errors import VerificationFailed
from pellucid.policy.canonical import to_canonical, with_version
from pellucid.records.database import Database
from pellucid.records.tables import (
    consent_records,
    permitted_partial,
    policy_activations,
    policy_snapshots,
    subject_keys,
    subjects,
)
from pellucid.subjects.ids import set_facts
from pellucid.subjects.keys import SubjectKeys
from tests.consent.conftest import ADULT_YEAR, CHILD_YEAR, CUSTOMER, DAY, NOW, PIA, add_subjects, make_policy
from tests.records.sqlite import new_control

KEYS = SubjectKeys(b"k" * 32)
POLICY = with_version(make_policy())
PEOPLE = 6

verbs = st.sampled_from([verb for verb in ConsentVerb if verb is not ConsentVerb.LIFT])
people = st.integers(0, PEOPLE - 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), people, verbs, st.sampled_from(["range-planning", "loyalty", "care"])),
        st.tuples(
            st.just("set right"), people, st.sampled_from([ADULT_YEAR, CHILD_YEAR]), st.sampled_from(["DE", "US"])
        ),
        st.tuples(st.just("wait"), st.integers(1, 400)),
        st.tuples(st.just("import"), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=8,
)


class Life:
    """A control database that things happen to."""

    def __init__(self, folder: Path) -> None:
        self.database = new_control(folder / "control.sqlite")
        self.now = NOW
        add_subjects(self.database, *[("DE", ADULT_YEAR)] * PEOPLE)
        with self.database.write() as connection:
            content = to_canonical(POLICY)
            connection.execute(insert(policy_snapshots).values(version=POLICY.version, content=content))
            connection.execute(insert(policy_activations).values(version=POLICY.version, at=NOW))
            rebuild(connection, POLICY, NOW)

    def take(self, kind: str, *values: object) -> None:
        self.now += 1000
        getattr(self, kind.replace(" ", "_"))(*values)

    def say(self, subject: int, verb: ConsentVerb, purpose: str) -> None:
        explicit = verb is ConsentVerb.GIVE and purpose == "care"
        if verb is ConsentVerb.GIVE and purpose == "loyalty":
            purpose = "range-planning"
        said = ConsentRecord(CUSTOMER, subject, purpose, verb, explicit, Covers.HELD_DATA, at=self.now)
        with self.database.write() as connection:
            record(connection, KEYS, POLICY, [said], PIA, self.now)

    def set_right(self, subject: int, year: int, place: str) -> None:
        ids = pa.array([subject], pa.int64())
        with self.database.write() as connection:
            set_facts(
                connection, CUSTOMER, ids, jurisdiction=pa.array([place]), birth_year=pa.array([year], pa.int32())
            )
            subjects_added(connection, POLICY, CUSTOMER, PEOPLE, 0, [subject], self.now)
            append(connection, AuditEntry("data.refused", PIA, self.now, body={}))

    def wait(self, days: int) -> None:
        self.now += days * DAY
        with self.database.write() as connection:
            advance(connection, POLICY, self.now)

    def import_(self, count: int) -> None:
        with self.database.read() as connection:
            first = place_of(connection).subjects[CUSTOMER]
        add_subjects(self.database, *[("US", ADULT_YEAR)] * count, first=first)
        with self.database.write() as connection:
            subjects_added(connection, POLICY, CUSTOMER, first, count, [], self.now)
            append(connection, AuditEntry("data.refused", PIA, self.now, body={}))


setattr(Life, "import", Life.import_)


@contextmanager
def lived(before: list[tuple[object, ...]], after: list[tuple[object, ...]]) -> Iterator[tuple[Life, Database]]:
    """Give a life with a copy of it as of between the two lists of steps."""
    with TemporaryDirectory() as place:
        life = Life(Path(place))
        for step in before:
            life.take(*step)  # type: ignore[arg-type]
        copy = Path(place) / "copy.sqlite"
        life.database.copy_to(copy)
        for step in after:
            life.take(*step)  # type: ignore[arg-type]
        restored = Database.at(copy)
        try:
            yield life, restored
        finally:
            restored.close()
            life.database.close()


def bring_over(life: Life, restored: Database) -> int:
    with restored.write() as connection:
        start = place_of(connection)
        with life.database.read() as source:
            segments = [Segment([], start), Segment(list(changes_after(source, start)), place_of(source))]
        done = replay(connection, [segments], life.now)
        rebuild(connection, POLICY, life.now)
    return done.records


def sets_of(database: Database, life: Life) -> list[object]:
    """Return who is permitted what among those whom the backup knew, with every partial permission."""
    with database.read() as connection:
        sets = whole_bitmaps(connection)
        partial = connection.execute(select(permitted_partial).order_by(*permitted_partial.primary_key.columns)).all()
    mask = (1 << PEOPLE) - 1
    bits = [
        (purpose, *(int.from_bytes(part, "little") & mask for part in (each.plain, each.sensitive)))
        for (purpose, _), each in sets.items()
    ]
    return [*bits, *map(tuple, partial)]


@settings(max_examples=10)
@given(steps, steps)
def test_a_replay_comes_to_the_sets_of_what_was_lost(
    before: list[tuple[object, ...]], after: list[tuple[object, ...]]
) -> None:
    with lived(before, after) as (life, restored):
        bring_over(life, restored)
        with life.database.write() as connection:  # the facts of today in both: nothing is due any more
            rebuild(connection, POLICY, life.now)
        assert sets_of(restored, life) == sets_of(life.database, life)


def test_a_birth_year_that_was_set_right_takes_a_child_out_again() -> None:
    give = ("say", 0, ConsentVerb.GIVE, "care")
    with lived([give], [("set right", 0, CHILD_YEAR, "DE")]) as (life, restored):
        care = [row for row in sets_of(restored, life) if row[0] == "care"]  # type: ignore[index]
        assert care == [("care", 1, 1)]  # the copy would use the child
        bring_over(life, restored)
        assert [row for row in sets_of(restored, life) if row[0] == "care"] == [("care", 0, 0)]  # type: ignore[index]


def test_a_person_erased_since_is_replayed_as_gone() -> None:
    with lived([("say", 0, ConsentVerb.OBJECT, "loyalty")], []) as (life, restored):
        with life.database.write() as connection:
            connection.execute(update(subjects).where(subjects.c.id == 0).values(natural_key=None))
            KEYS.destroy(connection, CUSTOMER, 0)
            subjects_added(connection, POLICY, CUSTOMER, PEOPLE, 0, [0], life.now)
            append(connection, AuditEntry("subject.erased", PIA, life.now, body={}))
        with restored.read() as connection:
            assert connection.scalar(select(subject_keys.c.id)) == 0
        bring_over(life, restored)
        with restored.read() as connection:
            assert connection.scalar(select(subjects.c.natural_key).where(subjects.c.id == 0)) is None
            assert connection.scalar(select(subject_keys.c.id)) is None


def test_entries_without_their_records_are_refused() -> None:
    with lived([], [("say", 0, ConsentVerb.OBJECT, "loyalty")]) as (life, restored):
        with life.database.read() as source, restored.read() as connection:
            start, end = place_of(connection), place_of(source)
            changes = [found for found in changes_after(source, start) if found.table != consent_records.name]
        with (
            pytest.raises(VerificationFailed, match="The log tells of 1 choices since the backup, and 0 were"),
            restored.write() as connection,
        ):
            replay(connection, [[Segment([], start), Segment(changes, end)]], life.now)


def test_entries_that_do_not_lead_to_the_sealed_root_are_refused() -> None:
    with lived([], [("say", 0, ConsentVerb.OBJECT, "loyalty")]) as (life, restored):
        with life.database.read() as source, restored.read() as connection:
            start, end = place_of(connection), place_of(source)
            changes = list(changes_after(source, start))
        entry = next(found for found in changes if found.table == "log_entries")
        forged = Change("log_entries", entry.values | {"body": bytes(entry.values["body"]) + b" "})  # type: ignore[arg-type]
        with (
            pytest.raises(VerificationFailed, match="are not those of the backup's log"),
            restored.write() as connection,
        ):
            replay(connection, [[Segment([], start), Segment([forged, *changes[1:]], end)]], life.now)


def test_ids_skip_ahead_and_never_back() -> None:
    with lived([], []) as (_, restored), restored.write() as connection:
        skip_ids(connection, CUSTOMER, PEOPLE - 1)
        assert place_of(connection).subjects == {CUSTOMER: PEOPLE}
        skip_ids(connection, CUSTOMER, 100)
        assert place_of(connection).subjects == {CUSTOMER: 100}
