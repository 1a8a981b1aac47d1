"""Looking inside shows exactly what a package of the same person holds, at the same strength, and is logged first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from pellucid.engines.person import WITHHELD
from pellucid.errors import InputInvalid, NameUnknown, WorkspaceUnusable
from pellucid.policy.model import Actor
from pellucid.records.tables import generation_leases, log_entries
from pellucid.rights.counting import count
from pellucid.rights.inside import Inside, Onlooker, Wanted, doors, look, needs_more
from pellucid.rights.overview import overview
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace
from tests.rights.packages.conftest import PEOPLE, ROWS, Package, lines
from tests.rights.packages.test_access import sorted_rows

SELF = Actor("customer", "self", (), "session:1")
WITHOUT = {"without_sensitive": True}


def onlooker(shop: Workspace, who: str, strength: int = 2) -> Onlooker:
    with shop.room.database.read() as connection:
        subject = find(connection, "customer", who)
    assert subject is not None
    return Onlooker(("customer", subject), strength, SELF)


def seen(shop: Workspace, who: str, dataset: str, strength: int = 2) -> Inside:
    return look(shop.access.parts, onlooker(shop, who, strength), Wanted(dataset, most=1_000), shop.room.clock())


def as_package(found: Inside) -> list[dict[str, Any]]:
    """Return what was shown as the JSON lines of a package say it."""
    told = []
    for row in found.rows:
        pairs = list(zip(found.columns, row.values, strict=True))
        line: dict[str, Any] = {column.name: each.value for column, each in pairs}
        if len(found.dataset.subjects) > 1:
            line[WITHHELD] = [column.name for column, each in pairs if each.covered]
        told.append(line)
    return told


def actions(shop: Workspace) -> list[str]:
    with shop.room.database.read() as connection:
        bodies = connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
        return [json.loads(body)["action"] for body in bodies]


def opened(shop: Workspace, who: str, strength: int) -> set[str]:
    person = onlooker(shop, who, strength)
    with shop.room.database.read() as connection:
        found = doors(connection, shop.room.policy_of(connection), person)
    return {each.name for each in found if each.open}


@pytest.mark.parametrize(("strength", "asked"), [(2, {}), (1, WITHOUT)], ids=["known by two contacts", "by one"])
@pytest.mark.parametrize("who", PEOPLE)
def test_what_is_shown_is_what_a_package_holds(
    shop: Workspace, package: Package, who: str, strength: int, asked: dict[str, Any]
) -> None:
    folder = package(who, asked=asked, verified_strength=strength)
    held = {name: lines(folder / f"data/{name}.jsonl") for name in ROWS if (folder / f"data/{name}.jsonl").exists()}
    there = opened(shop, who, strength)

    assert there == {name for name, rows in held.items() if rows}
    for name in there:
        assert sorted_rows(as_package(seen(shop, who, name, strength))) == sorted_rows(held[name])


def test_whoever_showed_one_contact_is_not_shown_what_is_guarded(shop: Workspace) -> None:
    weak, strong = (seen(shop, "alice", "profiles", strength) for strength in (1, 2))

    assert {each.name for each in strong.columns} - {each.name for each in weak.columns} == {"passport"}
    assert [kind for kind, _ in weak.kept_back] == ["government identifiers"]
    assert strong.kept_back == ()


def test_what_the_law_lets_nobody_hand_out_is_kept_back_with_its_reason(shop: Workspace) -> None:
    assert seen(shop, "carol", "profiles").kept_back == (
        (
            "government identifiers",
            "The law has us say that we hold it, and forbids us to hand it out (11 CCR 7024(d)).",
        ),
    )


@pytest.mark.parametrize("strength", [1, 2])
@pytest.mark.parametrize("who", PEOPLE)
def test_as_many_rows_are_counted_as_are_shown_of_what_is_open_and_of_nothing_else(
    shop: Workspace, who: str, strength: int
) -> None:
    counted = count(shop.access.parts, onlooker(shop, who, strength), shop.room.clock())

    assert actions(shop)[-1] == "subject.data-counted"
    assert counted == {name: seen(shop, who, name, strength).count for name in opened(shop, who, strength)}
    with shop.room.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(generation_leases)) == 0


@pytest.mark.parametrize("dataset", ["visits", "products", "nothing"])
def test_a_dataset_without_rows_of_the_person_is_as_one_that_is_not_there(shop: Workspace, dataset: str) -> None:
    with pytest.raises(NameUnknown, match="dataset"):
        seen(shop, "alice", dataset)


def test_parts_together_are_all_rows_once(shop: Workspace) -> None:
    person, parts = onlooker(shop, "bob"), shop.access.parts
    whole = seen(shop, "bob", "purchases")
    each = [look(parts, person, Wanted("purchases", first, 1), shop.room.clock()).rows for first in range(8)]

    assert [row for rows in each for row in rows] == list(whole.rows)
    assert (whole.count, len(whole.rows)) == (6, 6)


def test_an_old_generation_is_refused_and_nothing_is_logged(shop: Workspace) -> None:
    before = actions(shop)
    with pytest.raises(InputInvalid, match="brought up to date"):
        look(shop.access.parts, onlooker(shop, "bob"), Wanted("purchases", generation=7), shop.room.clock())

    assert actions(shop) == before


def test_a_look_that_fails_was_logged_and_holds_nothing(shop: Workspace) -> None:
    file = shop.folder / "data" / "purchases.1.duckdb"
    file.chmod(0o600)
    file.write_bytes(b"no database")
    with pytest.raises(WorkspaceUnusable, match="cannot be opened"):
        seen(shop, "bob", "purchases")

    with shop.room.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(generation_leases)) == 0
    assert actions(shop)[-1] == "subject.data-shown"


def test_values_are_in_no_repr(shop: Workspace) -> None:
    found = seen(shop, "alice", "profiles")

    assert [each for each in ("alice@mail.example", "+49 0", "sweet") if each in repr(found) + repr(found.rows)] == []


def test_facts_that_are_sensitive_are_told_at_a_glance_to_whoever_is_known_better(shop: Workspace) -> None:
    people = [onlooker(shop, "alice", strength) for strength in (1, 2)]
    with shop.room.database.read() as connection:
        policy = shop.room.policy_of(connection)
        told = [overview(connection, policy, each.identity, each.strength).person[0]["facts"] for each in people]
        more = [needs_more(connection, policy, each) for each in people]

    assert [[fact["fact"] for fact in facts] for facts in told] == [
        ["where you live", "year of birth"],
        ["where you live", "year of birth", "vulnerable"],
    ]
    assert more == [True, False]
