"""Insights from proposal to figures: who may, what an approval is bound to, what is logged, two processes at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from pellucid.errors import InputInvalid, NameUnknown, NotPermitted, PellucidError, UseRefused
from pellucid.insights import approvals, by_suppression
from pellucid.insights.approvals import State, current
from pellucid.policy.model import Actor
from pellucid.records.tables import insight_cells, insight_proposals
from pellucid.workspace import Workspace, create
from tests.insights.conftest import NOW
from tests.insights.conftest import POLICY as PRIVATE
from tests.insights.conftest import _write as write_csv
from tests.records.postgresql import drop_database, new_database

POLICY = (
    PRIVATE.replace(
        "may: [query, preview, budget-show]", "may: [query, preview, insight-propose, insight-run, insight-list]"
    )
    .replace("audit-read,", "audit-read, insight-approve, insight-propose, insight-list,")
    .replace(
        "      max_cells: 6\n  offers:",
        "      max_cells: 6\n    suppressed: {minimum: 10, largest_share: 0.5, guarantee: conditional}\n  offers:",
    )
    .replace("roles: [officer]}\n  mallory", "roles: [officer, analyst]}\n  mallory")
)
BY_WEEK = "SELECT week, COUNT(*) AS n, SUM(sales_value) AS s FROM purchases GROUP BY week ORDER BY week"
COLUMNS = ["household_id", "product_id", "week", "sales_value", "card_number", "bought"]
PURCHASES = [
    (f"h{n}", f"p{n % 4}", 1 + week, f"{20 + n % 7}.50", f"c{n}", "2026-05-20T10:00:00Z")
    for n in range(40)
    for week in range(2)
]


@dataclass
class Office:
    """An open workspace, and its two people."""

    workspace: Workspace

    @property
    def ana(self) -> Actor:
        return self.workspace.actor("ana")

    @property
    def pia(self) -> Actor:
        return self.workspace.actor("pia")

    def approved(self, sql: str = BY_WEEK, name: str = "weeks") -> None:
        self.workspace.insights.propose(name, sql, purpose="planning", actor=self.ana)
        self.approve(name)

    def approve(self, name: str = "weeks", who: str = "pia") -> None:
        """Approve what stands under a name now."""
        with self.workspace.room.database.read() as connection:
            seen = current(connection, name, "").fingerprint
        self.workspace.insights.approve(name, seen=seen, actor=self.workspace.actor(who))

    def run(self, name: str = "weeks") -> list[dict[str, object]]:
        return self.workspace.insights.run(name, actor=self.ana).records()

    def add(self, rows: list[Any], *, replace: bool = True) -> None:
        path = self.workspace.folder / "purchases.csv"
        write_csv(path, COLUMNS, rows)
        self.workspace.data.add("purchases", path, actor=self.pia, replace=replace)

    def log(self) -> list[dict[str, Any]]:
        entries = self.workspace.audit.entries(actor=self.pia, last=1000)
        return [json.loads(entry.body) for entry in sorted(entries, key=lambda entry: entry.leaf)]


@contextmanager
def office(folder: Path, database_url: str | None = None) -> Iterator[Office]:
    create(folder, name="test/log", actor_name="pia", database_url=database_url).close()
    (folder / "policy" / "policy.yaml").write_text(POLICY)
    with Workspace(folder, clock=lambda: NOW) as workspace:
        workspace.policy.activate(actor=workspace.actor("pia"))
        found = Office(workspace)
        write_csv(folder / "products.csv", ["product_id", "department"], [(f"p{n}", f"D{n % 2}") for n in range(4)])
        workspace.data.add("products", folder / "products.csv", actor=found.pia)
        found.add(PURCHASES, replace=False)
        yield found


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path / "ws") as found:
        yield found


def other_policy(made: Office) -> None:
    policy = made.workspace.policy.folder / "policy.yaml"
    policy.write_text(policy.read_text().replace("title: The range", "title: The whole range"))
    made.workspace.policy.activate(actor=made.pia)


def test_figures_leave_once_a_second_person_approved(made: Office) -> None:
    proposal = made.workspace.insights.propose("weeks", BY_WEEK, purpose="planning", actor=made.ana, title="By week")
    assert (proposal.state, proposal.proposed_by, proposal.title) == (State.PROPOSED, "ana", "By week")
    assert all(each["held"] for each in proposal.attempts)
    with pytest.raises(NotPermitted, match="'weeks' is proposed; only approved ones run"):
        made.run()
    made.approve()
    release = made.workspace.insights.run("weeks", actor=made.ana)
    total = sum(20.5 + n % 7 for n in range(40))
    assert [(row["week"], row["n"], float(str(row["s"])), row["withheld"]) for row in release.records()] == [
        (1, 40, total, None),
        (2, 40, total, None),
    ]
    assert (release.rule, release.loss.epsilon, release.receipt.charge) == ("suppressed", 0.0, "")
    assert any(note.startswith("Not protected: what this tells together with other insights") for note in release.notes)
    assert made.workspace.insights.list(actor=made.pia)[0].state is State.APPROVED


def test_private_answers_about_the_same_people_say_that_their_guarantee_is_conditional(made: Office) -> None:
    release = made.workspace.query("SELECT COUNT(*) AS n FROM purchases", purpose="offers", actor="ana")
    assert release.rule == "private"
    assert any("such figures leave for planning" in note for note in release.notes)


@pytest.mark.promise("suppressed", "approvals by the proposer, without the permission, twice, and of nothing")
def test_who_may_not_decide_does_not(made: Office) -> None:
    made.workspace.insights.propose("own", BY_WEEK, purpose="planning", actor=made.pia)
    with pytest.raises(NotPermitted, match="'pia' proposed the insight 'own', so somebody else decides"):
        made.approve("own")
    made.workspace.insights.propose("weeks", BY_WEEK, purpose="planning", actor=made.ana)
    with pytest.raises(NotPermitted, match="`ana` may not do `insight-approve`"):
        made.approve(who="ana")
    with pytest.raises(NotPermitted, match="`mallory` may not do `insight-run`"):
        made.workspace.insights.run("weeks", actor=made.workspace.actor("mallory"))
    with pytest.raises(NameUnknown, match="There is no insight 'nothing'"):
        made.workspace.insights.approve("nothing", seen="", actor=made.pia)
    made.approve()
    with pytest.raises(InputInvalid, match="'weeks' is approved already"):
        made.approve()
    made.workspace.insights.reject("weeks", reason="not needed", actor=made.pia)
    with pytest.raises(NotPermitted, match="'weeks' is rejected; only approved ones run"):
        made.run()


@pytest.mark.promise("suppressed", "runs after the policy or the SQL changed, under an old approval")
def test_an_approval_is_void_when_policy_or_sql_changed(made: Office) -> None:
    made.approved()
    assert len(made.run()) == 2
    other_policy(made)
    assert made.workspace.insights.list(actor=made.pia)[0].state is State.VOID
    for refused in (made.run, made.approve):
        with pytest.raises(NotPermitted, match="was proposed under another policy, so no approval of it holds"):
            refused()
    made.approved()
    assert len(made.run()) == 2
    made.workspace.insights.propose("weeks", f"{BY_WEEK} LIMIT 1", purpose="planning", actor=made.ana)
    with pytest.raises(NotPermitted, match="'weeks' is proposed; only approved ones run"):
        made.run()


def test_an_approval_whose_sql_was_changed_in_the_database_is_void(made: Office) -> None:
    made.approved()
    with made.workspace.room.database.write() as connection:
        connection.execute(update(insight_proposals).values(sql="SELECT COUNT(*) AS n FROM purchases"))
    with pytest.raises(NotPermitted, match="no approval of it holds"):
        made.run()


def test_an_approval_that_ends_while_the_insight_runs_lets_nothing_leave(
    made: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.approved()
    real = by_suppression.suppress

    def meanwhile(*given: Any) -> Any:
        made.workspace.insights.reject("weeks", reason="stop", actor=made.pia)
        return real(*given)

    monkeypatch.setattr(by_suppression, "suppress", meanwhile)
    with pytest.raises(NotPermitted, match="'weeks' is rejected"):
        made.run()
    assert made.log()[-1]["action"] == "query.failed"


def test_what_was_shown_is_compared_with_and_kept_once(made: Office) -> None:
    made.approved()
    first = made.run()
    kept = _kept(made)
    assert made.run() == first
    assert _kept(made) == kept
    assert len(kept) == 2
    made.add([*PURCHASES, ("h99", "p0", 1, "77.77", "c", "2026-05-20T10:00:00Z")])
    assert [row["withheld"] for row in made.run()] == ["changed-by-too-few", "complement"]
    crowd = [(f"x{n}", "p0", week, "25.00", "c", "2026-05-20T10:00:00Z") for n in range(30) for week in (1, 2)]
    made.add([*PURCHASES, *crowd])
    assert [row["withheld"] for row in made.run()] == [None, None]


def test_the_same_sql_under_another_name_is_compared_with_too(made: Office) -> None:
    made.approved()
    made.run()
    made.add([*PURCHASES, ("h99", "p0", 1, "77.77", "c", "2026-05-20T10:00:00Z")])
    made.approved(name="weeks-again")
    assert [row["withheld"] for row in made.run("weeks-again")] == ["changed-by-too-few", "complement"]


def test_a_withdrawal_makes_a_cell_change_by_too_few(made: Office) -> None:
    made.approved("SELECT COUNT(*) AS n FROM purchases")
    assert made.run() == [{"n": 80, "withheld": None}]
    made.workspace.consent.record("object", "h3", purpose="planning", actor=made.pia)
    assert made.run() == [{"n": None, "withheld": "changed-by-too-few"}]


def test_a_release_that_came_between_is_compared_with(made: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs at once: the one that commits second sees what the first showed, and is made anew."""
    made.approved()
    real, begun = by_suppression.suppress, []

    def meanwhile(*given: Any) -> Any:
        begun.append(given)
        if len(begun) == 1:
            made.run()
        return real(*given)

    monkeypatch.setattr(by_suppression, "suppress", meanwhile)
    made.run()
    assert [len(given[3]) for given in begun] == [0, 0, 2]
    assert len(_kept(made)) == 2


PROCESS = """\
import sys
from pathlib import Path
from pellucid.errors import PellucidError
from pellucid.workspace import Workspace
with Workspace(Path(sys.argv[1])) as workspace:
    try:
        given = {"seen": sys.argv[4]} if sys.argv[2] == "approve" else {}
        getattr(workspace.insights, sys.argv[2])("weeks", actor=workspace.actor(sys.argv[3]), **given)
        print("done")
    except PellucidError as error:
        print(error.code)
"""


def _process(folder: Path, *given: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROCESS, str(folder), *given], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_of_two_processes_that_approve_at_once_one_does_and_both_then_run(made: Office) -> None:
    seen = made.workspace.insights.propose("weeks", BY_WEEK, purpose="planning", actor=made.ana).fingerprint
    folder = made.workspace.folder
    both = [_process(folder, "approve", "pia", seen) for _ in range(2)]
    assert sorted(each.communicate(timeout=300)[0].strip() for each in both) == ["done", "insight-decided"]
    both = [_process(folder, "run", "ana") for _ in range(2)]
    assert [each.communicate(timeout=300)[0].strip() for each in both] == ["done", "done"]
    assert len(_kept(made)) == 2


def test_each_use_is_logged_and_no_name_or_literal_is(made: Office) -> None:
    sql = "SELECT COUNT(*) AS hannah FROM purchases WHERE product_id <> 'secret'"
    before = len(made.log())
    made.approved(sql, "hannah-s")
    made.workspace.insights.show("hannah-s", actor=made.pia)
    made.workspace.insights.list(actor=made.pia)
    made.run("hannah-s")
    made.workspace.insights.reject("hannah-s", reason="hannah asked", actor=made.pia)
    entries = [entry for entry in made.log()[before:] if entry["action"] != "audit.read"]
    assert [entry["action"] for entry in entries] == [
        "insight.proposed",
        "insight.approved",
        "insight.shown",
        "insight.listed",
        "insight.released",
        "insight.rejected",
    ]
    assert "hannah" not in json.dumps(entries)
    assert "secret" not in json.dumps(entries)
    assert entries[4]["body"]["fingerprint"] == entries[1]["body"]["fingerprint"]


def _propose(sql: str, purpose: str = "planning") -> Callable[[Office], object]:
    return lambda o: o.workspace.insights.propose("x", sql, purpose=purpose, actor=o.ana)


@pytest.mark.parametrize(
    ("call", "kind", "action"),
    [
        (_propose("SELECT 1; SELECT 2"), UseRefused, "query.refused"),
        (_propose("SELECT MAX(week) FROM purchases"), UseRefused, "query.refused"),
        (_propose(BY_WEEK, "offers"), UseRefused, "query.refused"),
        (lambda o: o.workspace.insights.run("x", actor=o.ana), NameUnknown, "insight.refused"),
        (lambda o: o.workspace.insights.approve("x", seen="", actor=o.pia), NameUnknown, "insight.refused"),
        (lambda o: o.workspace.insights.reject("x", reason="r", actor=o.pia), NameUnknown, "insight.refused"),
        (lambda o: o.workspace.insights.show("x", actor=o.pia), NameUnknown, "insight.refused"),
        (lambda o: o.workspace.insights.list(actor=o.workspace.actor("mallory")), NotPermitted, "access.refused"),
    ],
)
def test_each_refusal_is_logged(
    call: Callable[[Office], object], kind: type[PellucidError], action: str, made: Office
) -> None:
    before = len(made.log())
    with pytest.raises(kind, match=r"."):
        call(made)
    assert [entry["action"] for entry in made.log()[before:] if entry["action"] != "audit.read"] == [action]


def test_an_insight_an_attack_succeeded_on_cannot_be_approved(made: Office) -> None:
    made.workspace.insights.propose("weeks", BY_WEEK, purpose="planning", actor=made.ana)
    with made.workspace.room.database.write() as connection:
        broken = json.dumps([{"name": "totals", "title": "t", "over": "keys: 1", "held": False}])
        connection.execute(update(insight_proposals).values(attempts=broken))
    with pytest.raises(InputInvalid, match="An attack on the insight 'weeks' succeeded"):
        made.approve()


@pytest.mark.promise("suppressed", "a proposal as an oracle: whether one household is in a small group")
def test_a_proposal_tells_nothing_that_follows_the_data(made: Office) -> None:
    sql = "SELECT product_id, sales_value, COUNT(*) AS n FROM purchases GROUP BY product_id, sales_value"
    there = made.workspace.insights.propose("o", sql, purpose="planning", actor=made.ana)
    made.add([row for row in PURCHASES if row[3] != "23.50"])
    gone = made.workspace.insights.propose("o", sql, purpose="planning", actor=made.ana)
    assert (there.plan, there.attempts) == (gone.plan, gone.attempts)
    assert {key for each in there.attempts for key in each} == {"name", "title", "over", "held"}


def test_names_are_plain(made: Office) -> None:
    for name in ("", "Weeks", "a b", "x" * 64, "../x"):
        with pytest.raises(InputInvalid, match="cannot be called"):
            approvals.demand_name(name)


def test_what_was_shown_before_is_known_after_a_restore(made: Office, tmp_path: Path) -> None:
    from pellucid.workspace import restore

    made.workspace.backup(tmp_path / "backup", actor=made.pia, keys=tmp_path / "keys", journal=tmp_path / "journal")
    made.approved()
    made.run()
    kept = _kept(made)
    restore(
        tmp_path / "backup", tmp_path / "back", keys=tmp_path / "keys", since=[tmp_path / "journal"], actor_name="pia"
    )
    with Workspace(tmp_path / "back", clock=lambda: NOW) as workspace:
        back = Office(workspace)
        assert _kept(back) == kept
        assert workspace.insights.list(actor=back.pia)[0].state is State.APPROVED
        back.add([*PURCHASES, ("h99", "p0", 1, "77.77", "c", "2026-05-20T10:00:00Z")])
        assert back.run()[0]["withheld"] == "changed-by-too-few"


def test_approvals_work_on_postgresql(postgresql: str, tmp_path: Path) -> None:
    url = new_database(postgresql)
    try:
        with office(tmp_path / "ws", url) as found:
            found.approved()
            assert [row["withheld"] for row in found.run()] == [None, None]
            assert len(_kept(found)) == 2
    finally:
        drop_database(postgresql, url)


def _kept(made: Office) -> list[tuple[Any, ...]]:
    with made.workspace.room.database.read() as connection:
        columns = insight_cells.c
        rows = connection.execute(select(columns.cell, columns.shown, columns.sketch).order_by(columns.cell))
        return [tuple(row) for row in rows]
