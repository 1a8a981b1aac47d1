"""A workspace with forty households whose choices and purchases are known, and an engine that can be watched."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pellucid.audit.places import CONTROL_URL
from pellucid.consent.record import ConsentRecord, ConsentVerb, Covers
from pellucid.consent.register import record
from pellucid.engines.base import Engine, Holding, PermittedChange, PermittedSet, Statement
from pellucid.engines.exact import ExactAnswer
from pellucid.governance.activate import active_policy
from pellucid.insights.answer import Parts, answer
from pellucid.insights.query import InsightQuery, Value
from pellucid.insights.replica import Replica
from pellucid.policy.model import Actor
from pellucid.records.columns import to_instant
from pellucid.records.tables import charges, log_entries
from pellucid.release.result import Release
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace, create
from tests.records.postgresql import name_of, new_database
from tests.records.recycling import give_back, taken

NOW = to_instant(datetime(2026, 6, 1, 12, tzinfo=UTC))
DAY = 86_400_000_000
HOUSEHOLDS = 40

_PURPOSE = """\
  {name}:
    title: {name}
    description: A purpose.
    notice: {{version: "1", text: We count what is bought.}}
    basis: {{eu: {{basis: {basis}}}}}
    unknown: {{place: eu, age: adult}}
    {extra}
    categories: [user.behavior.purchase_history, user.financial]
    roles: [analyst]
    release:
      rule: private
      epsilon: {{default: 1, max: 3}}
      allowance: {{epsilon: 6, delta: 1.0e-7, period: month}}
      max_groups: 4
      rows: {{per_group: 10}}
      columns: {{sales_value: {{per_group: 100}}}}
      threshold_delta: 1.0e-8
      clipping_share: 0.1
      max_cells: 6
"""
POLICY = (
    """\
controller: {name: Grocer, country: DE, contact: privacy@grocer.example, officer: pia}
regimes:
  eu: {title: the GDPR, jurisdictions: [DE]}
namespaces:
  household: {title: Household, cap: {epsilon: 24, delta: 1.0e-6, period: year}}
recipients: {}
roles:
  analyst: {title: Analyst, may: [query, preview, budget-show]}
  officer: {title: Officer, may: [policy-activate, notice-publish, policy-check, data-add, data-list, consent-record,
        consent-show,
            consent-why, consent-coverage, consent-coverage-exact, audit-read, audit-export, audit-checkpoint, witness,
            consent-changes, consent-export, consent-screens, laws-decide, signal-apply, subject-access, subject-link,
            subject-uses, messages-send,
            tokens-manage, agents-manage, staff-manage, delegation-manage,
            request-approve, request-carry-out, request-decide, request-file, request-list, request-verify,
            work-list, work-retry, recipients-answer, recipients-show,
            erase, hold, retention,
            attack, backup, restore, restore-loss]}
people:
  ana: {title: Ana, roles: [analyst]}
  omar: {title: Omar, roles: [officer]}
  pia: {title: Pia, roles: [officer]}
  mallory: {title: Mallory, roles: []}
purposes:
"""
    + _PURPOSE.format(name="planning", basis="legitimate_interests, default: opt_out", extra="minimum_age: 0")
    + _PURPOSE.format(name="offers", basis="consent, default: opt_in", extra="consent_days: 30")
    + """\
datasets:
  products:
    title: The range
    public: true
    key: [product_id]
    columns:
      product_id: {type: text, category: public.product, nullable: false}
      department: {type: text, category: public.product}
  purchases:
    title: Purchases
    subjects: [{namespace: household, column: household_id}]
    time: bought
    columns:
      household_id: {type: text, category: user.unique_id, nullable: false}
      product_id: {type: text, category: user.behavior.purchase_history}
      week: {type: integer, category: user.behavior.purchase_history, domain: [1, 2]}
      sales_value: {type: money, scale: 2, category: user.financial.purchase}
      card_number: {type: text, category: user.contact}
      bought: {type: timestamp, category: user.behavior.purchase_history, nullable: false}
"""
)
TOTAL = "SELECT COUNT(*) AS rows, SUM(sales_value) AS sales FROM purchases"


class WatchedEngine:
    """The real engine; what it answered is kept for the test, and something may happen while it runs."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        self._watch = watch

    @property
    def replica_version(self) -> int:
        return self._engine.replica_version

    @property
    def holdings(self) -> Any:
        return self._engine.holdings

    @property
    def ranks(self) -> Any:
        return self._engine.ranks

    def load_permitted(self, sets: Sequence[PermittedSet], *, version: int) -> None:
        self._engine.load_permitted(sets, version=version)

    def permit(self, changes: Sequence[PermittedChange], *, version: int) -> None:
        self._engine.permit(changes, version=version)

    def run(self, statements: Sequence[Statement], *, purpose: str, seconds: float) -> ExactAnswer:
        if self._watch.before:
            self._watch.before.pop(0)()
        found = self._engine.run(statements, purpose=purpose, seconds=seconds)
        self._watch.answers.append(found)
        if self._watch.after:
            self._watch.after.pop(0)()
        return found

    def close(self) -> None:
        self._engine.close()


@dataclass
class Watch:
    """What shall happen before and after each run, in turn; what was answered; how often an engine was opened."""

    before: list[Callable[[], None]] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)
    answers: list[ExactAnswer] = field(default_factory=list)
    opened: int = 0


@dataclass
class Desk:
    """A workspace with a clock that stands still, and the spine over a watched engine."""

    workspace: Workspace
    watch: Watch
    time: list[int]
    parts: Parts

    @property
    def ana(self) -> Actor:
        return self.workspace.actor("ana")

    @property
    def pia(self) -> Actor:
        return self.workspace.actor("pia")

    def ask(self, sql: str = TOTAL, purpose: str = "planning", epsilon: float | None = 0.5, **values: Value) -> Release:
        return answer(self.parts, InsightQuery(sql, purpose, self.ana, epsilon, values))

    def say(self, verb: ConsentVerb, household: int, purpose: str = "planning", at: int | None = None) -> None:
        """Record what somebody said, without waiting for an acknowledgement."""
        with self.workspace.room.database.read() as connection:
            found = find(connection, "household", f"h{household}")
        assert found is not None
        said = ConsentRecord(
            "household", found, purpose, verb, covers=Covers.HELD_DATA, at=self.time[0] if at is None else at
        )
        room, pia = self.workspace.room, self.pia
        policy = room.policy()
        with room.database.write() as connection:
            record(connection, room.subject_keys, policy, [said], pia, self.time[0])

    def log(self) -> list[dict[str, Any]]:
        """Return the bodies of all entries, the oldest first."""
        with self.workspace.room.database.read() as connection:
            return [
                json.loads(body) for body in connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
            ]

    def charged(self) -> list[str]:
        """Return the states of all charges in order."""
        with self.workspace.room.database.read() as connection:
            return list(connection.scalars(select(charges.c.state).order_by(charges.c.reserved_at, charges.c.id)))

    def exact(self, measure: str = "m0") -> int:
        """Return a measure of the last exact total."""
        last = self.watch.answers[-1]
        rows = last.table(next(iter(last))).to_pylist()
        return int(next(row[measure] for row in rows if row["_row"] == 0))

    def add_purchases(self, rows: Sequence[Sequence[object]] | None = None, *, replace: bool = False) -> None:
        path = self.workspace.folder / "purchases.csv"
        _write(path, ["household_id", "product_id", "week", "sales_value", "card_number", "bought"], rows or PURCHASES)
        self.workspace.data.add("purchases", path, actor=self.pia, replace=replace)


PURCHASES = [
    (f"h{n}", f"p{n % 4}", 1 + n % 2, f"{n}.50", f"c{n}", "2026-05-20T10:00:00Z")
    for n in range(HOUSEHOLDS)
    for _ in range(1 + n % 3)
]
"""Household n has 1 + n % 3 rows of n.50 each."""


def rows_of(household: int) -> int:
    return 1 + household % 3


ROWS = sum(rows_of(n) for n in range(HOUSEHOLDS))


def _write(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the workspace once; tests get copies."""
    return make_workspace(tmp_path_factory.mktemp("made") / "workspace", None)


@pytest.fixture(scope="session")
def made_on_server(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Path:
    """The same workspace, its records in PostgreSQL."""
    return make_workspace(tmp_path_factory.mktemp("made") / "workspace", new_database(postgresql))


def make_workspace(folder: Path, database_url: str | None) -> Path:
    create(folder, name="test/log", actor_name="pia", database_url=database_url).close()
    (folder / "policy" / "policy.yaml").write_text(POLICY)
    with Workspace(folder, clock=lambda: NOW) as workspace:
        pia = workspace.actor("pia")
        workspace.policy.activate(actor=pia)
        pia = workspace.actor("pia")
        _write(folder / "products.csv", ["product_id", "department"], [(f"p{n}", f"D{n % 2}") for n in range(4)])
        workspace.data.add("products", folder / "products.csv", actor=pia)
        path = folder / "purchases.csv"
        _write(path, ["household_id", "product_id", "week", "sales_value", "card_number", "bought"], PURCHASES)
        workspace.data.add("purchases", path, actor=pia)
    return folder


@pytest.fixture
def copied(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A copy of the workspace, records and all."""
    folder = tmp_path / "workspace"
    if dialect == "sqlite":
        yield Path(shutil.copytree(request.getfixturevalue("made"), folder))
        return
    server = request.getfixturevalue("postgresql")
    shutil.copytree(request.getfixturevalue("made_on_server"), folder)
    template = name_of((folder / CONTROL_URL).read_text().strip())
    url = taken(server, template)
    (folder / CONTROL_URL).write_text(f"{url}\n")
    yield folder
    give_back(server, template, url)


@pytest.fixture
def desk(copied: Path) -> Iterator[Desk]:
    with opened_desk(copied) as found:
        yield found


@contextmanager
def opened_desk(folder: Path, now: int = NOW + 1) -> Iterator[Desk]:
    """Open a workspace with a clock that stands still at `now`."""
    time, watch = [now], Watch()
    workspace = Workspace(folder, clock=lambda: time[0])
    room = workspace.room

    def opened(holdings: list[Holding]) -> Engine:
        watch.opened += 1
        return WatchedEngine(workspace._open_engine(holdings), watch)

    replica = Replica(room.database, folder, active_policy=active_policy, open_engine=opened)
    parts = dataclasses.replace(workspace._parts, replica=replica)
    yield Desk(workspace, watch, time, parts)
    replica.close()
    workspace.close()
