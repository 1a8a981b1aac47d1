"""Putting policies into force, on a real control database."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.audit import log
from pellucid.consent import register
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.replica import current, narrowed_since
from pellucid.consent.show import state
from pellucid.errors import InputInvalid, NameUnknown, NotPermitted, PolicyInvalid, RecordingFailed
from pellucid.governance.activate import Activation, activate, active_policy, policy_at
from pellucid.holdings.publish import Generation, generation_published, publish
from pellucid.holdings.schema_hash import schema_hash
from pellucid.policy.canonical import to_canonical, with_version
from pellucid.policy.model import Actor, ColumnType, Policy
from pellucid.records.database import Database
from pellucid.records.tables import generations, policy_activations, policy_snapshots
from pellucid.subjects.keys import SubjectKeys
from tests.consent.conftest import (
    ADULT_YEAR,
    ALICE,
    ANA,
    CONSENT_EU,
    CONTRACT_EU,
    CUSTOMER,
    INTERESTS_EU,
    NOW,
    PIA,
    add_subjects,
    make_policy,
    make_purpose,
)

MALLORY = Actor("staff", "mallory", ("officer",), "os-user:test")
KEYS = SubjectKeys(b"k" * 32)
FIRST = with_version(make_policy())


@pytest.fixture
def database(control: Database) -> Database:
    return control


def put(database: Database, policy: Policy | Path, actor: Actor = PIA, **more: object) -> Activation:
    return activate(database, policy, actor, NOW, schema_hash=schema_hash, **more)  # type: ignore[arg-type]


def in_force(database: Database) -> Policy | None:
    with database.read() as connection:
        return active_policy(connection)


def retitled(policy: Policy, title: str) -> Policy:
    purpose = replace(policy.purposes["care"], title=title)
    return with_version(replace(policy, purposes=dict(policy.purposes) | {"care": purpose}))


def recolumned(policy: Policy) -> Policy:
    baskets = policy.datasets["baskets"]
    column = replace(baskets.columns["household"], name="spend", type=ColumnType.MONEY, scale=2)
    changed = replace(baskets, columns=dict(baskets.columns) | {"spend": column})
    return with_version(replace(policy, datasets={"baskets": changed}))


def hold_rows(database: Database, policy: Policy) -> None:
    made = Generation("baskets", 1, "data/baskets.1.duckdb", 9, schema_hash(policy.datasets["baskets"]), NOW)
    with database.write() as connection:
        publish(connection, made, {}, replaces=None)


def test_there_is_no_policy_before_the_first_is_activated(database: Database) -> None:
    assert in_force(database) is None


def test_the_first_activation_is_open_to_whoever_reaches_the_files(database: Database) -> None:
    made = put(database, FIRST, MALLORY)
    assert (made.version, made.previous, made.register_version) == (FIRST.version, None, 1)
    assert in_force(database) == FIRST
    with database.read() as connection:
        (entry,) = log.entries(connection)
    assert entry.fields()["action"] == "policy.activated"
    assert entry.fields()["body"] == {
        "changes": None,
        "permitted_by": "access-to-files",
        "policy": FIRST.version,
        "previous": None,
        "register_version": 1,
        "retired": [],
    }
    assert made.log.leaf_hash == entry.leaf_hash.hex()


def test_later_ones_need_the_permission_of_the_policy_in_force(database: Database) -> None:
    put(database, FIRST)
    people = dict(FIRST.people) | {"mallory": replace(FIRST.people["pia"], name="mallory")}
    takeover = with_version(replace(FIRST, people=people))
    for actor in (MALLORY, ANA):
        with pytest.raises(NotPermitted, match=actor.name):
            put(database, takeover, actor)
    assert in_force(database) == FIRST
    assert put(database, takeover).previous == FIRST.version
    with database.read() as connection:
        assert log.actions(connection) == ("policy.activated", "policy.activated")
        assert current(connection)[0] == 2


def test_a_later_one_is_compared_with_the_one_before_and_the_log_keeps_the_counts(database: Database) -> None:
    put(database, FIRST)
    wider = replace(FIRST.purposes["care"], title="Care, better", minimum_age=12)
    made = put(database, with_version(replace(FIRST, purposes=dict(FIRST.purposes) | {"care": wider})))

    assert made.comparison is not None
    assert [change.code for change in made.comparison.changes] == ["minimum-age-lowered", "purpose-title"]
    with database.read() as connection:
        entry = list(log.entries(connection))[-1].fields()
    assert entry["body"]["changes"] == {"widening": 1, "narrowing": 0, "neutral": 1}


def test_the_content_is_stored_once_a_version(database: Database) -> None:
    second = retitled(FIRST, "Care, better")
    for policy in (FIRST, second, FIRST):
        put(database, policy)
    with database.read() as connection:
        rows = connection.execute(select(policy_snapshots.c.version, policy_snapshots.c.content))
        stored = {row.version: row.content for row in rows}
        order = list(connection.scalars(select(policy_activations.c.version).order_by(policy_activations.c.sequence)))
    assert stored == {FIRST.version: to_canonical(FIRST), second.version: to_canonical(second)}
    assert order == [FIRST.version, second.version, FIRST.version]
    assert in_force(database) == FIRST


def test_which_policy_was_in_force_at_an_instant_can_be_told(database: Database) -> None:
    second = retitled(FIRST, "Care, better")
    for policy, at in ((FIRST, NOW), (second, NOW + 10), (FIRST, NOW + 20)):
        activate(database, policy, PIA, at, schema_hash=schema_hash)
    with database.read() as connection:
        then = [policy_at(connection, NOW + after) for after in (-1, 0, 9, 10, 19, 20, 1000)]
    assert then == [None, FIRST, FIRST, second, second, FIRST, FIRST]


def test_a_policy_whose_version_is_not_its_hash_is_refused(database: Database) -> None:
    with pytest.raises(InputInvalid, match="not the hash of its content"):
        put(database, make_policy())
    assert in_force(database) is None


def test_a_folder_with_findings_is_refused_with_all_of_them(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    (folder / "policy.yaml").write_text("purposes: [\n")
    with pytest.raises(PolicyInvalid, match="The policy has") as caught:
        put(database, folder)
    assert caught.value.findings != ()
    assert in_force(database) is None


def test_a_tampered_snapshot_is_not_used(database: Database) -> None:
    policy = retitled(FIRST, "Tampered with")
    put(database, policy)
    content = json.loads(to_canonical(policy))
    content["controller"]["name"] = "Mallory"
    with database.write() as connection:
        changed = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        connection.execute(policy_snapshots.update().values(content=changed))
    with pytest.raises(InputInvalid, match="not the one that was activated"):
        in_force(database)


def test_what_alice_withdrew_stays_withdrawn_under_every_new_basis(database: Database) -> None:
    planning = with_version(make_policy(make_purpose("planning", CONSENT_EU)))
    put(database, planning)
    add_subjects(database, ("DE", ADULT_YEAR), ("DE", ADULT_YEAR))
    with database.write() as connection:
        register.subjects_added(connection, planning, CUSTOMER, 0, 2, (), NOW)
        said = [
            ConsentRecord(CUSTOMER, ALICE, "planning", verb, covers=Covers.HELD_DATA, at=NOW)
            for verb in (ConsentVerb.GIVE, ConsentVerb.WITHDRAW)
        ]
        register.record(connection, KEYS, planning, said, PIA, NOW)
    for basis in (INTERESTS_EU, CONTRACT_EU):
        changed = with_version(make_policy(make_purpose("planning", basis)))
        put(database, changed)
        with database.read() as connection:
            decisions = [state(connection, changed, CUSTOMER, subject, "planning", NOW) for subject in (0, 1)]
        assert [decision.plain for decision in decisions] == [False, True]


def test_an_activation_that_closes_a_purpose_is_a_narrowing_change(database: Database) -> None:
    open_to_all = with_version(make_policy(make_purpose("planning", INTERESTS_EU)))
    put(database, open_to_all)
    add_subjects(database, ("DE", ADULT_YEAR))
    with database.write() as connection:
        version = register.subjects_added(connection, open_to_all, CUSTOMER, 0, 1, (), NOW)
    put(database, with_version(make_policy(make_purpose("planning", CONSENT_EU))))
    with database.read() as connection:
        assert narrowed_since(connection, "planning", version)


def test_nothing_is_recorded_under_a_policy_that_was_overtaken(database: Database) -> None:
    put(database, FIRST)
    add_subjects(database, ("DE", ADULT_YEAR))
    second = retitled(FIRST, "Care, better")
    put(database, second)
    said = [ConsentRecord(CUSTOMER, ALICE, "care", ConsentVerb.GIVE, at=NOW)]
    with pytest.raises(RecordingFailed, match="Another policy came into force"), database.write() as connection:
        register.record(connection, KEYS, FIRST, said, PIA, NOW)
    with pytest.raises(RecordingFailed, match="Another policy came into force"), database.write() as connection:
        register.subjects_added(connection, FIRST, CUSTOMER, 0, 1, (), NOW)
    with pytest.raises(RecordingFailed, match="Another policy came into force"), database.write() as connection:
        register.advance(connection, FIRST, NOW)
    with database.write() as connection:
        register.record(connection, KEYS, second, said, PIA, NOW)


def test_other_columns_than_the_stored_rows_have_are_refused_with_the_remedy(database: Database) -> None:
    put(database, FIRST)
    hold_rows(database, FIRST)
    with pytest.raises(InputInvalid, match="The stored rows of baskets") as caught:
        put(database, recolumned(FIRST))
    assert (caught.value.code, "--replacing baskets" in caught.value.remedy) == ("schema-changed", True)
    assert in_force(database) == FIRST
    put(database, retitled(FIRST, "Nothing stored changes"))


def test_rows_to_be_replaced_leave_use_with_the_activation(database: Database) -> None:
    put(database, FIRST)
    hold_rows(database, FIRST)
    made = put(database, recolumned(FIRST), replacing=["baskets"])
    assert made.retired == ("baskets",)
    with database.read() as connection:
        assert generation_published(connection, "baskets") is None
        assert list(connection.scalars(select(generations.c.retired_at))) == [NOW]


def test_replacing_an_unknown_dataset_is_refused(database: Database) -> None:
    with pytest.raises(NameUnknown, match="no dataset 'x'"):
        put(database, FIRST, replacing=["x"])


def test_rows_of_a_dataset_declared_no_more_are_kept(database: Database) -> None:
    put(database, FIRST)
    hold_rows(database, FIRST)
    put(database, with_version(replace(FIRST, datasets={})))
    with database.read() as connection:
        assert generation_published(connection, "baskets") is not None
