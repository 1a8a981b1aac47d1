"""How many yes and no were recorded, by purpose and day."""

from __future__ import annotations

from sqlalchemy import insert, update

from pellucid.consent import register
from pellucid.consent.record import ConsentRecord, ConsentVerb
from pellucid.consent.totals import GIVEN, OBJECTED, REFUSED, WITHDRAWN, Total, signals, totals
from pellucid.policy.model import Policy
from pellucid.records.database import Database
from pellucid.records.tables import consent_records, signals_seen
from pellucid.subjects.keys import SubjectKeys

from .conftest import ADULT_YEAR, CUSTOMER, DAY, NOW, PIA, add_subjects

TODAY = NOW // DAY


def record(
    database: Database, policy: Policy, keys: SubjectKeys, verb: ConsentVerb, purpose: str | None, now: int
) -> None:
    with database.write() as connection:
        said = ConsentRecord(CUSTOMER, 0, purpose, verb, at=now)
        register.record(connection, keys, policy, [said], PIA, now)


def found(database: Database, since: int = 0, until: int = 2**53) -> list[Total]:
    with database.read() as connection:
        return totals(connection, since, until)


def test_what_was_said_counts_on_its_day_by_purpose_and_kind(
    database: Database, policy: Policy, keys: SubjectKeys
) -> None:
    add_subjects(database, ("DE", ADULT_YEAR))
    midnight = (TODAY + 1) * DAY
    for verb, purpose, now in (
        (ConsentVerb.GIVE, "care", NOW),
        (ConsentVerb.WITHDRAW, "care", NOW + 1),
        (ConsentVerb.GIVE, "care", midnight - 1),
        (ConsentVerb.REFUSE, "care", midnight),
        (ConsentVerb.WITHDRAW, None, midnight),
        (ConsentVerb.RESTRICT, None, midnight),
    ):
        record(database, policy, keys, verb, purpose, now)

    assert found(database) == [
        Total(TODAY, "care", GIVEN, 2),
        Total(TODAY, "care", WITHDRAWN, 1),
        Total(TODAY + 1, None, WITHDRAWN, 1),
        Total(TODAY + 1, "care", REFUSED, 1),
    ]
    assert found(database, NOW + 1, midnight) == [Total(TODAY, "care", GIVEN, 1), Total(TODAY, "care", WITHDRAWN, 1)]


def test_opting_out_limiting_and_objecting_are_one_kind_and_old_records_count_when_they_were_said(
    database: Database, policy: Policy, keys: SubjectKeys
) -> None:
    add_subjects(database, ("DE", ADULT_YEAR))
    record(database, policy, keys, ConsentVerb.GIVE, "care", NOW)
    kept = consent_records.c
    with database.write() as connection:
        first = connection.execute(consent_records.select()).mappings().one()
        for verb in ("object", "opt_out", "limit"):
            row = {name: value for name, value in first.items() if name != "sequence"}
            connection.execute(
                insert(consent_records).values(row | {"verb": verb, "recorded_at": None, "at": NOW - DAY})
            )
        connection.execute(update(consent_records).where(kept.verb == "give").values(recorded_at=NOW, at=NOW - 9 * DAY))

    assert found(database) == [Total(TODAY - 1, "care", OBJECTED, 3), Total(TODAY, "care", GIVEN, 1)]


def test_signals_count_from_how_many_they_came(database: Database) -> None:
    with database.write() as connection:
        for subject, signal in ((0, "gpc"), (1, "gpc"), (1, "gpp")):
            values = {"namespace": CUSTOMER, "subject": subject, "signal": signal, "first_at": NOW}
            connection.execute(insert(signals_seen).values(values))
    with database.read() as connection:
        assert signals(connection) == {"gpc": 2, "gpp": 1}
