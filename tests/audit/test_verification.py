"""Verifying the log from within, up to an older head where it is long, and what the log keeps of the finding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from pellucid.audit.canonical import canonical_bytes
from pellucid.audit.keys import SigningKey
from pellucid.audit.read import verify_database, verify_place, verify_server
from pellucid.audit.treehead import TrustKeys
from pellucid.audit.verification import Verification, as_body, of_entry
from pellucid.audit.verify import VerificationReport
from pellucid.errors import InputInvalid
from pellucid.records.database import Database
from pellucid.records.tables import log_entries, log_head
from pellucid.workspace import Workspace, audit, create
from tests.audit.conftest import NOON, Filled
from tests.audit.test_verify import outcomes, sign
from tests.insights.conftest import POLICY


def verified(database: Database, trust: TrustKeys, first: int | None) -> VerificationReport:
    if not database.is_sqlite:
        return verify_server(database.url, trust, first=first)
    return verify_database(Path(database.url.removeprefix("sqlite:///")), trust, first=first)


def alter(database: Database, leaf: int) -> None:
    with database.write() as connection:
        connection.execute(update(log_entries).where(log_entries.c.leaf == leaf).values(body=b"{}"))


@pytest.fixture
def signed_twice(database: Database, fill: Filled, key: SigningKey) -> Database:
    """A log of 25 entries whose heads of 10 and of 20 entries were signed."""
    for more in (10, 10):
        fill(more)
        sign(database, key)
    fill(5)
    return database


def test_the_first_entries_are_judged_by_the_head_of_them(signed_twice: Database, trust: TrustKeys) -> None:
    report = verified(signed_twice, trust, 10)

    assert outcomes(report) == ["held", "absent", "held", "absent", "held", "held"]
    assert report.checkpoint is not None
    assert report.checkpoint.size == 10
    assert report.steps[2].message == "10 entries have the root that was signed."


def test_damage_is_found_below_the_head_and_not_looked_for_above(signed_twice: Database, trust: TrustKeys) -> None:
    alter(signed_twice, 15)
    assert [verified(signed_twice, trust, first).holds for first in (10, 20, None)] == [True, False, False]
    alter(signed_twice, 3)
    assert verified(signed_twice, trust, 10).holds is False


def test_what_is_kept_of_a_finding_tells_it_again(signed_twice: Database, trust: TrustKeys) -> None:
    alter(signed_twice, 3)
    report = verified(signed_twice, trust, None)
    body = as_body(report, 25, "grocer+00", 12)
    entry = canonical_bytes({"at": NOON, "actor": {"name": "pia"}, "body": json.loads(json.dumps(body))})
    found = of_entry(25, entry)

    assert (found.holds, found.read, found.signed, found.key, found.milliseconds) == (False, 25, 20, "grocer+00", 12)
    assert [(step.number, step.outcome) for step in found.steps] == [
        (step.number, step.outcome) for step in report.steps
    ]


def test_a_long_log_is_verified_as_far_as_an_older_head_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create(tmp_path / "w", name="test/long", actor_name="pia") as workspace:
        (tmp_path / "w" / "policy" / "policy.yaml").write_text(POLICY)
        workspace.policy.activate(actor=workspace.actor("pia"))
        monkeypatch.setattr(audit, "LONGEST", 3)
        with pytest.raises(InputInvalid, match="No head of the log was signed yet"):
            workspace.audit.verify(actor=workspace.actor("pia"))
        workspace.audit.checkpoint(actor=workspace.actor("pia"))
        covered = _size(workspace)
        for _ in range(4):
            workspace.consent.acknowledge("withdraw", purpose=None)
            workspace.oversight.consents(0, actor=workspace.actor("pia"))
        leaf = workspace.audit.verify(actor=workspace.actor("pia"))
        found = workspace.audit.verification(leaf, actor=workspace.actor("pia"))
        monkeypatch.setattr(audit, "LONGEST", covered - 1)
        with pytest.raises(InputInvalid, match="No head of the first 1 entries was signed"):
            workspace.audit.verify(actor=workspace.actor("pia"))

    assert (found.holds, found.read, found.signed, found.leaf) == (True, covered, covered, covered + 4)


def test_a_long_log_whose_end_was_cut_off_does_not_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with create(tmp_path / "w", name="test/cut", actor_name="pia") as workspace:
        (tmp_path / "w" / "policy" / "policy.yaml").write_text(POLICY)
        workspace.policy.activate(actor=workspace.actor("pia"))
        pia, database = workspace.actor("pia"), workspace.room.database
        workspace.audit.checkpoint(actor=pia)
        with database.read() as connection:
            size, frontier = connection.execute(select(log_head.c.size, log_head.c.frontier)).one()
        for _ in range(4):
            workspace.oversight.consents(0, actor=pia)
        workspace.audit.checkpoint(actor=pia)
        monkeypatch.setattr(audit, "LONGEST", size)
        whole = _found(workspace)
        with database.write() as connection:
            connection.execute(delete(log_entries).where(log_entries.c.leaf > size))
        shorter = _found(workspace)
        with database.write() as connection:
            connection.execute(delete(log_entries).where(log_entries.c.leaf >= size))
            connection.execute(update(log_head).values(size=size, frontier=frontier))
        workspace.oversight.consents(0, actor=pia)
        rolled_back = _found(workspace)

    assert [each.holds for each in (whole, shorter, rolled_back)] == [True, False, False]
    assert [each.steps[2].message for each in (shorter, rolled_back)] == [
        f"only {size + 1} of the {size + 5} entries that were appended or signed are there.",
        f"only {size + 1} of the {size + 4} entries that were appended or signed are there.",
    ]


def test_a_log_is_verified_once_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with create(tmp_path / "w", name="test/once", actor_name="pia") as workspace:
        (tmp_path / "w" / "policy" / "policy.yaml").write_text(POLICY)
        workspace.policy.activate(actor=workspace.actor("pia"))
        pia = workspace.actor("pia")
        workspace.audit.checkpoint(actor=pia)

        def meanwhile(*place: Any, **how: Any) -> VerificationReport:
            with pytest.raises(InputInvalid, match="is being verified already"):
                workspace.audit.verify(actor=pia)
            return verify_place(*place, **how)

        monkeypatch.setattr(audit, "verify_place", meanwhile)
        assert [_found(workspace).holds for _ in range(2)] == [True, True]


def _found(workspace: Workspace) -> Verification:
    pia = workspace.actor("pia")
    return workspace.audit.verification(workspace.audit.verify(actor=pia), actor=pia)


def _size(workspace: Workspace) -> int:
    return workspace.audit.head(actor=workspace.actor("pia")).size
