"""What is read of everybody in columns is what is read of each."""

from __future__ import annotations

import random
from dataclasses import asdict

import pytest
from sqlalchemy import insert

from pellucid.audit.four_eyes import staff_named
from pellucid.consent.bulk_heard import Kinds
from pellucid.consent.bulk_read import all_records, heard_of, people
from pellucid.consent.facts import as_row, facts_of, records_of
from pellucid.consent.record import By, ConsentRecord, ConsentVerb, Covers, ScreenState
from pellucid.consent.screens import CLEARED, DOUBTFUL, INVALIDATED, PROPOSED, mark_screen
from pellucid.records.database import Database
from pellucid.records.packed import LEARNING
from pellucid.records.tables import consent_records, subjects
from pellucid.subjects import ids

from .conftest import CUSTOMER, DAY, NOW

COUNT = 2 * LEARNING
"""People and records: more than are read singly before any are read in columns."""


def person(draw: random.Random, number: int, namespace: str) -> dict[str, object]:
    return {
        "namespace": namespace,
        "id": number,
        "natural_key": draw.choice([f"{namespace} {number}", f"{namespace} {number}", None]),
        "jurisdiction": draw.choice(["DE", "US-CA", None]),
        "birth_year": draw.choice([None, *range(1930, 2015)]),
        "vulnerable": draw.choice([None, False, True]),
        "estimated": draw.choice([None, 0, 1, 7]),
    }


def said(draw: random.Random, namespace: str) -> dict[str, object]:
    record = ConsentRecord(
        namespace,
        draw.randrange(COUNT),
        draw.choice(["care", "loyalty", None]),
        draw.choice(list(ConsentVerb)),
        draw.random() < 0.5,
        draw.choice(list(Covers)),
        draw.choice(["1", "2"]),
        draw.choice(["web", "till"]),
        NOW - draw.randrange(400 * DAY),
        draw.choice([(), (), ("delivery", "loyalty")]),
        draw.choice(list(By)),
        draw.choice(["", "", f"file {draw.random()}"]),
        draw.choice(["", "", "anna"]),
        draw.choice(["", *SCREENS]),
        draw.choice(["", "de"]),
        draw.choice(["", "signal:gpc"]),
        draw.random() < 0.1,
    )
    return {**as_row(record, 1, NOW), "recorded_at": draw.choice([None, NOW - 2, NOW - 1, NOW, NOW + 1])}


SCREENS = {"fine": (), "doubted": (DOUBTFUL,), "cleared": (DOUBTFUL, CLEARED), "void": (PROPOSED, INVALIDATED)}


@pytest.fixture
def full(database: Database) -> Database:
    """Give a database in which two kinds of subject said many things, through screens of every state."""
    draw = random.Random(7)
    with database.write() as connection:
        connection.execute(insert(subjects), [person(draw, number, CUSTOMER) for number in range(COUNT) if number % 9])
        connection.execute(insert(subjects), [person(draw, number, "firm") for number in range(9)])
        rows = [said(draw, draw.choice([CUSTOMER, CUSTOMER, "firm"])) for _ in range(2 * COUNT)]
        connection.execute(insert(consent_records), rows)
        for screen, states in SCREENS.items():
            for turn, state in enumerate(states):
                mark_screen(connection, screen, state, "found", staff_named(f"officer {turn}"), NOW + turn)
    return database


def test_facts_of_everybody_are_those_of_each(full: Database) -> None:
    with full.read() as connection:
        size = ids.count(connection, CUSTOMER)
        crowd = people(connection, CUSTOMER, 0, size)
        each = facts_of(connection, CUSTOMER, range(size))
    together = {number: crowd.kinds[kind] for number, kind in enumerate(crowd.group.tolist()) if kind >= 0}
    assert together == each


def test_records_of_everybody_are_those_of_each_in_the_order_they_were_made(full: Database) -> None:
    with full.read() as connection:
        everything = dict(all_records(connection, CUSTOMER))
        some = dict(heard_of(connection, CUSTOMER, range(COUNT), Kinds()))
        each = records_of(connection, CUSTOMER, range(COUNT))
    states = {record.screen_state for records in each.values() for record in records}
    assert states == set(ScreenState)
    assert {subject: list(map(asdict, records)) for subject, records in everything.items()} == {
        subject: list(map(asdict, records)) for subject, records in each.items()
    }
    assert everything == some
