"""The guard for the log: each use case that changes or refuses something appends exactly its entries."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from pellucid.errors import PellucidError
from pellucid.records.tables import log_entries
from pellucid.workspace import Workspace, create
from pellucid.workspace.audit import create_witness
from tests.insights.conftest import POLICY, TOTAL

Step = Callable[[Workspace], object]


@dataclass(frozen=True)
class UseCase:
    """A call of the facade and the actions it must append; `refused` says that it raises."""

    name: str
    call: Step
    appends: tuple[str, ...]
    refused: bool = False


def _purchases(w: Workspace) -> Path:
    path = w.folder / "purchases.csv"
    rows = "".join(f"h{n},p0,1,2.00,c,2026-05-20T10:00:00Z\n" for n in range(3))
    path.write_text("household_id,product_id,week,sales_value,card_number,bought\n" + rows)
    return path


def _consents(w: Workspace) -> Path:
    path = w.folder / "consents.csv"
    columns = "subject,purpose,verb,covers,explicit,notice_version,channel,at\n"
    path.write_text(columns + "h0,offers,give,held_data,false,1,web,\nh1,offers,refuse,,false,1,web,\n")
    return path


def _broken(w: Workspace) -> object:
    folder = w.folder / "broken"
    folder.mkdir()
    (folder / "policy.yaml").write_text("controller: {}")
    return w.policy.activate(actor=w.actor("pia"), folder=folder)


def _proposed(w: Workspace) -> object:
    """What is logged of insights that are permitted is walked by `tests/insights/test_insights.py`."""
    return w.insights.propose("x", TOTAL, purpose="planning", actor=w.actor("ana"))


CASES = [
    UseCase("policy.activate", lambda w: w.policy.activate(actor=w.actor("pia")), ("policy.activated",)),
    UseCase("policy.activate", _broken, ("policy.refused",), refused=True),
    UseCase("policy.activate", lambda w: w.policy.activate(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("policy.check", lambda w: w.policy.check(), ()),
    UseCase("policy.explain", lambda w: w.policy.explain("planning"), ()),
    UseCase("policy.compare", lambda w: w.policy.compare("active", w.policy.folder), ()),
    UseCase(
        "policy.compare_exact",
        lambda w: w.policy.compare_exact("active", w.policy.folder, actor=w.actor("pia")),
        ("policy.compared-exact",),
    ),
    UseCase(
        "policy.compare_exact",
        lambda w: w.policy.compare_exact("active", "active", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase("policy.active", lambda w: w.policy.active(), ()),
    UseCase(
        "data.add", lambda w: w.data.add("purchases", _purchases(w), actor=w.actor("ana")), ("access.refused",), True
    ),
    UseCase("data.add", lambda w: w.data.add("purchases", _purchases(w), actor=w.actor("pia")), ("data.published",)),
    UseCase("data.sort", lambda w: w.data.sort("purchases", actor=w.actor("pia")), ("data.sorted",)),
    UseCase("data.sort", lambda w: w.data.sort("products", actor=w.actor("pia")), ("data.refused",), refused=True),
    UseCase("data.sort", lambda w: w.data.sort("purchases", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("data.sort", lambda w: w.data.sort(actor=w.actor("pia")), ()),  # none would profit
    UseCase("data.sort_touched", lambda w: w.data.sort_touched(namespace=None, actor=w.actor("pia")), ()),
    UseCase("data.sort_touched", lambda w: w.data.sort_touched(namespace=None, actor=w.actor("ana")), ()),
    UseCase("data.list", lambda w: w.data.list(actor=w.actor("pia")), ()),
    UseCase("data.list", lambda w: w.data.list(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase(
        "consent.record",
        lambda w: w.consent.record("give", "h0", purpose="offers", actor=w.actor("pia"), covers="held_data"),
        ("consent.give",),
    ),
    UseCase(
        "consent.record",
        lambda w: w.consent.record("withdraw", "h0", purpose="offers", actor=w.actor("pia")),
        ("consent.withdraw",),
    ),
    UseCase(
        "consent.record",
        lambda w: w.consent.record("give", "h0", purpose="offers", actor=w.actor("ana")),
        ("access.refused",),
        refused=True,
    ),
    UseCase(
        "consent.import_records",
        lambda w: w.consent.import_records(_consents(w), actor=w.actor("pia")),
        ("consent.give", "consent.refuse"),
    ),
    UseCase("consent.why", lambda w: w.consent.why("h0", purpose="offers", actor=w.actor("pia")), ("consent.shown",)),
    UseCase("consent.history", lambda w: w.consent.history("h0", actor=w.actor("pia")), ("consent.shown",)),
    UseCase(
        "consent.coverage", lambda w: w.consent.coverage("purchases", purpose="planning", actor=w.actor("pia")), ()
    ),
    UseCase(
        "consent.coverage_exact",
        lambda w: w.consent.coverage_exact("purchases", purpose="planning", actor=w.actor("pia")),
        ("consent.coverage-exact",),
    ),
    UseCase("query", lambda w: w.query(TOTAL, purpose="planning", actor="ana"), ("query.released",)),
    UseCase(
        "query", lambda w: w.query("SELECT 1; SELECT 2", purpose="planning", actor="ana"), ("query.refused",), True
    ),
    UseCase(
        "query",
        lambda w: w.query(TOTAL, purpose="planning", actor="ana", accuracy="0.001%"),
        ("query.released", "query.refused"),
        refused=True,
    ),
    UseCase("query", lambda w: w.query(TOTAL, purpose="planning", actor="mallory"), ("query.refused",), refused=True),
    UseCase("preview", lambda w: w.preview(TOTAL, purpose="planning", actor="ana"), ()),
    UseCase("budget_plan", lambda w: w.budget_plan([TOTAL], purpose="planning", actor="ana"), ()),
    UseCase("preview", lambda w: w.preview("x", purpose="planning", actor="ana"), ("query.refused",), refused=True),
    # It reads declarations and public tables, which are about nobody, so a sample that is given is no entry.
    UseCase("sample", lambda w: w.sample("purchases", purpose="planning", actor="ana"), ()),
    UseCase("sample", lambda w: w.sample("purchases", actor="mallory"), ("access.refused",), refused=True),
    UseCase("insights.propose", _proposed, ("access.refused",), refused=True),
    UseCase("insights.approve", lambda w: w.insights.approve("x", actor=w.actor("ana")), ("access.refused",), True),
    UseCase(
        "insights.reject", lambda w: w.insights.reject("x", reason="r", actor=w.actor("ana")), ("access.refused",), True
    ),
    UseCase("insights.run", lambda w: w.insights.run("x", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("insights.show", lambda w: w.insights.show("x", actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("insights.list", lambda w: w.insights.list(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase(
        "insights.attack",
        lambda w: w.insights.attack(actor=w.actor("pia"), trials=50),
        ("attack.begun", "attack.made"),
    ),
    UseCase("insights.attack", lambda w: w.insights.attack(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("budget", lambda w: w.budget(actor="ana"), ()),
    UseCase("budget", lambda w: w.budget(actor="mallory"), ("access.refused",), refused=True),
    UseCase("backup", lambda w: w.backup(w.folder.parent / "backup", actor="pia"), ("workspace.backup",)),
    UseCase("backup", lambda w: w.backup(w.folder.parent / "b", actor="ana"), ("access.refused",), refused=True),
    UseCase("backup", lambda w: w.backup(w.folder / "inside", actor="pia"), (), refused=True),
    UseCase("journal", lambda w: w.journal, ()),
    UseCase("audit.entries", lambda w: w.audit.entries(actor=w.actor("pia")), ()),
    UseCase("audit.entries", lambda w: w.audit.entries(actor=w.actor("ana")), ("access.refused",), refused=True),
    UseCase("audit.checkpoint", lambda w: w.audit.checkpoint(actor=w.actor("pia")), ()),
    UseCase("audit.export", lambda w: w.audit.export(w.folder / "out", actor=w.actor("pia")), ("audit.exported",)),
    UseCase("audit.proof", lambda w: w.audit.proof(0, actor=w.actor("pia")), ()),
    UseCase("audit.witness", lambda w: w.audit.witness(_witness(w), actor=w.actor("pia")), ()),
    UseCase("audit.verifier", lambda w: w.audit.verifier, ()),
    UseCase("audit.latest_checkpoint", lambda w: w.audit.latest_checkpoint(), ()),
]


def _witness(w: Workspace) -> Path:
    folder = w.folder / "witness"
    create_witness(folder, "witness.example/w", log_key=str(w.audit.verifier))
    return folder


@pytest.fixture(scope="module")
def appended(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[tuple[str, ...], bool]]:
    """Run every use case in turn in one workspace; return what each appended, and whether it raised."""
    folder = tmp_path_factory.mktemp("logged") / "workspace"
    found: dict[int, tuple[tuple[str, ...], bool]] = {}
    with create(folder, name="test/log", actor_name="pia") as workspace:
        (folder / "policy" / "policy.yaml").write_text(POLICY)
        for place, case in enumerate(CASES):
            before, raised = actions(workspace), False
            try:
                case.call(workspace)
            except PellucidError:
                raised = True
            found[place] = tuple(actions(workspace)[len(before) :]), raised
    return found


def actions(workspace: Workspace) -> list[str]:
    with workspace.room.database.read() as connection:
        bodies = connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
        return [json.loads(body)["action"] for body in bodies]


@pytest.mark.parametrize("place", range(len(CASES)), ids=lambda place: f"{CASES[place].name}-{place}")
@pytest.mark.promise("log", "every use case, done and refused, for its entries")
def test_a_use_case_appends_exactly_its_entries(appended: dict[int, tuple[tuple[str, ...], bool]], place: int) -> None:
    assert appended[place] == (CASES[place].appends, CASES[place].refused)


def test_creating_a_workspace_is_the_first_entry(tmp_path: Path) -> None:
    with create(tmp_path / "w", name="test/log", actor_name="pia") as workspace:
        assert actions(workspace) == ["workspace.created"]


def test_every_public_use_case_of_the_facade_is_walked(tmp_path: Path) -> None:
    with create(tmp_path / "w", name="test/log", actor_name="pia") as workspace:
        desks = {name: getattr(workspace, name) for name in ("policy", "data", "consent", "insights", "audit")}
        found = {f"{desk}.{name}" for desk, each in desks.items() for name in _public_names(type(each))}
        found |= set(_public_names(type(workspace))) - desks.keys()  # a desk is walked by its own use cases
    without_effect = {"actor", "close", "policy.folder", "insights.parts", *(f"{desk}.room" for desk in desks)}
    assert found - {case.name for case in CASES} == without_effect


def _public_names(kind: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind) if not name.startswith("_")]
