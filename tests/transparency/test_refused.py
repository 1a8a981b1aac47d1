"""Refused uses by kind and one by one: as reading the whole log would tell, by the index."""

from __future__ import annotations

import random

import pytest

from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append_all, entries
from pellucid.policy.model import Actor
from pellucid.records.database import Database
from pellucid.transparency.refused import Refused, refused_groups, refused_uses
from pellucid.transparency.use_index import catch_up
from tests.consent.conftest import ANA, NOW, PIA

MINUTE = 60_000_000
TILL = Actor("program", "till", ("consent:show",), "token:1")


@pytest.fixture
def full(control: Database) -> Database:
    """Write refused uses among other entries, some of one kind."""
    chosen = random.Random(7)
    made = []
    for number in range(200):
        actor, purpose = chosen.choice((ANA, PIA, TILL)), chosen.choice(("care", "loyalty", None))
        reasons = chosen.choice((["purpose-not-permitted"], ["budget-exhausted"], ["sql-x", "column-not-permitted"]))
        action = chosen.choice(("query.refused", "access.refused", "query.released"))
        body = {"outcome": "refused", "reasons": reasons, "asked": "query"} if action != "query.released" else {}
        details = {"sql": f"SELECT 'secret {number}'"}
        made.append(AuditEntry(action, actor, NOW + number * MINUTE, purpose, body=body, details=details))
    with control.write() as connection:
        append_all(connection, made)
    catch_up(control)
    return control


def slowly(database: Database) -> list[tuple[int, int, Refused]]:
    """Return place, instant and kind of every refused use, by reading the log."""
    found = []
    with database.read() as connection:
        for entry in entries(connection):
            told = entry.fields()
            if told["action"] == "query.refused":
                actor, body = told["actor"], told["body"]
                assert isinstance(actor, dict)
                assert isinstance(body, dict)
                purpose = told["purpose"]
                assert purpose is None or isinstance(purpose, str)
                what = Refused(actor["kind"], tuple(actor["roles"]), purpose, tuple(body["reasons"]))
                assert isinstance(told["at"], int)
                found.append((entry.leaf, told["at"], what))
    return found


@pytest.mark.parametrize("since", [0, NOW + 90 * MINUTE, NOW + 1_000 * MINUTE])
def test_kinds_are_those_of_the_log_the_most_frequent_first(full: Database, since: int) -> None:
    with full.read() as connection:
        groups = refused_groups(connection, since)
    counted: dict[Refused, list[int]] = {}
    for _, at, what in slowly(full):
        if at >= since:
            counted.setdefault(what, []).append(at)

    assert {each.what: (each.times, each.first, each.last) for each in groups} == {
        what: (len(times), min(times), max(times)) for what, times in counted.items()
    }
    assert [each.times for each in groups] == sorted((each.times for each in groups), reverse=True)
    assert (len(groups) > 0) == (since < NOW + 1_000 * MINUTE)


@pytest.mark.parametrize("limit", [1, 7, 500])
def test_pages_of_single_uses_join_without_a_gap(full: Database, limit: int) -> None:
    found, before = [], None
    while True:
        with full.read() as connection:
            page = refused_uses(connection, before, limit)
        found += [(each.leaf, each.at, each.what) for each in page.uses]
        before = page.before
        if before is None:
            break

    assert found == slowly(full)[::-1]


def test_nothing_is_told_of_an_empty_log(control: Database) -> None:
    catch_up(control)
    with control.read() as connection:
        assert refused_groups(connection) == []
        assert refused_uses(connection, None, 10).uses == ()
