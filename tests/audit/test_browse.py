"""Looking through the log from its newest entries back: pages join without a gap, and none looks without end."""

from __future__ import annotations

import pytest

from pellucid.audit import browse
from pellucid.audit.browse import LogPage, Wanted, newest, one
from pellucid.audit.entry import AuditEntry
from pellucid.audit.log import append, append_all
from pellucid.errors import NameUnknown
from pellucid.policy.model import Actor
from pellucid.records.database import Database
from tests.audit.conftest import NOON, PIA

ANA = Actor("staff", "ana", ("analyst",), "session:1")
ALICE = Actor("customer", "self", (), "session:2")
WHO = (PIA, ANA, ALICE)
ACTIONS = ("consent.give", "query.refused", "request.filed", "consents.other")


def written(number: int) -> AuditEntry:
    refused = {"outcome": "refused", "reasons": [f"r{number % 2}"]} if number % 5 == 0 else {}
    purpose = ("offers", None, "planning")[number % 3]
    actor = WHO[number % len(WHO)]
    return AuditEntry(ACTIONS[number % 4], actor, NOON + number, purpose, subject=f"{number:064}", body={**refused})


@pytest.fixture
def full(database: Database) -> Database:
    with database.write() as connection:
        append_all(connection, [written(number) for number in range(60)])
    return database


def walked(database: Database, wanted: Wanted, limit: int) -> list[int]:
    """Return the leaves of all pages."""
    leaves: list[int] = []
    before: int | None = None
    while True:
        found = looked(database, wanted, before, limit)
        leaves += [line.leaf for line in found.lines]
        if found.before is None:
            return leaves
        assert before is None or found.before < before
        before = found.before


def looked(database: Database, wanted: Wanted, before: int | None = None, limit: int = 10) -> LogPage:
    with database.read() as connection:
        return newest(connection, wanted, before, limit)


@pytest.mark.parametrize("limit", [1, 7, 60, 100])
def test_pages_join_without_a_gap(full: Database, limit: int) -> None:
    assert walked(full, Wanted(), limit) == list(range(59, -1, -1))


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(family="consent"),
        Wanted(family="query.refused"),
        Wanted(kind="customer"),
        Wanted(purpose="offers"),
        Wanted(refused=True),
        Wanted("consent", "staff", "offers", refused=True),
    ],
    ids=str,
)
def test_a_filter_leaves_out_what_it_should_and_nothing_else(full: Database, wanted: Wanted) -> None:
    def fits(number: int) -> bool:
        each = written(number)
        family = wanted.family in ("", each.action, each.action.partition(".")[0])
        kind, purpose = wanted.kind in ("", each.actor.kind), wanted.purpose in ("", each.purpose)
        return family and kind and purpose and (not wanted.refused or bool(each.body))

    expected = [number for number in range(59, -1, -1) if fits(number)]
    assert walked(full, wanted, 4) == expected
    assert expected != []


def test_a_page_looks_no_further_than_it_may(full: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "FURTHEST", 8)
    monkeypatch.setattr(browse, "CHUNK", 3)
    found = looked(full, Wanted(family="nothing"))

    assert (found.lines, found.looked, found.before, found.size) == ((), 8, 52, 60)
    assert walked(full, Wanted(refused=True), 4) == list(range(55, -1, -5))


def test_a_line_tells_of_the_actor_and_never_whom_it_is_about(full: Database) -> None:
    (line,) = looked(full, Wanted(), before=6, limit=1).lines

    assert (line.leaf, line.action, line.kind, line.roles, line.purpose, line.reasons) == (
        5,
        "query.refused",
        "customer",
        (),
        "planning",
        ("r1",),
    )
    assert f"{5:064}" not in repr(line)


@pytest.mark.parametrize("before", [0, 10**9])
def test_a_place_beyond_the_log_is_its_end(full: Database, before: int) -> None:
    assert [line.leaf for line in looked(full, Wanted(), before, 1).lines] == ([] if before == 0 else [59])


def test_an_empty_log_has_one_empty_page(database: Database) -> None:
    assert looked(database, Wanted()) == LogPage((), 0, None, 0)


def test_one_entry_is_found_if_it_is_of_the_action(full: Database) -> None:
    with full.write() as connection:
        append(connection, AuditEntry("audit.verified", PIA, NOON, body={"holds": True}))
    with full.read() as connection:
        assert one(connection, 60, "audit.verified")[0].leaf == 60
        with pytest.raises(NameUnknown, match="log entry of that kind '1'"):
            one(connection, 1, "audit.verified")
        with pytest.raises(NameUnknown, match="log entry '61'"):
            one(connection, 61)
