"""A shop's counter: a workspace with purposes of every kind, members and purchases, and requests that are filed there.

Forty members bought something each month; who says what about it is up to the tests.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import select, update

from pellucid.audit.places import CONTROL_URL
from pellucid.engines.base import Engine, Holding
from pellucid.governance.activate import active_policy
from pellucid.holdings.publish import published
from pellucid.insights.answer import answer
from pellucid.insights.query import InsightQuery
from pellucid.insights.replica import Replica
from pellucid.policy.model import Actor
from pellucid.records.columns import to_instant
from pellucid.records.rights_tables import deliveries, rights_events, rights_requests
from pellucid.records.tables import consent_records, log_entries
from pellucid.rights import stored
from pellucid.rights.request import Request, RequestState
from pellucid.subjects.ids import find
from pellucid.workspace import Workspace, create
from tests.insights.conftest import Watch, WatchedEngine
from tests.records.postgresql import name_of, new_database
from tests.records.recycling import give_back, taken

NOW = to_instant(datetime(2026, 6, 1, 12, tzinfo=UTC))
SECOND = 1_000_000
MEMBERS = 40
ALICE, BOB = "m05", "m08"

_PURPOSE = """\
  {name}:
    title: {name}
    description: A purpose.
    notice: {{version: "1", text: We count what is bought.}}
    basis: {{eu: {{{basis}}}}}
    unknown: {{place: eu, age: adult}}
    minimum_age: 0
    {extra}
    categories: [user.behavior, user.financial, user.contact, user.demographic]
    roles: [analyst]
    release:
      rule: private
      epsilon: {{default: 1, max: 3}}
      allowance: {{epsilon: 12, delta: 1.0e-7, period: month}}
      max_groups: 1
      rows: {{per_group: 40}}
      columns: {{price: {{per_group: 100}}}}
      threshold_delta: 1.0e-8
"""
INTERESTS, CONSENT = "basis: legitimate_interests, default: opt_out", "basis: consent, default: opt_in"
POLICY = (
    """\
controller: {name: Grocer, country: DE, contact: privacy@grocer.example, officer: pia}
regimes:
  eu: {title: the GDPR, jurisdictions: [DE, FR]}
namespaces:
  member: {title: Member, cap: {epsilon: 100, delta: 1.0e-6, period: year}}
recipients:
  printer: {title: A printer, country: DE, kind: processor}
roles:
  analyst: {title: Analyst, may: [query, preview]}
  officer: {title: Officer, may: [policy-activate, policy-check, data-add, data-list, consent-record, consent-show,
            consent-why, consent-coverage, consent-coverage-exact, audit-read, audit-checkpoint, audit-export,
            request-approve, request-carry-out, request-decide, request-file, request-list, request-verify]}
people:
  ana: {title: Ana, roles: [analyst]}
  omar: {title: Omar, roles: [officer]}
  pia: {title: Pia, roles: [officer]}
purposes:
"""
    + _PURPOSE.format(name="planning", basis=INTERESTS, extra="kinds: [own_analytics]")
    + _PURPOSE.format(name="scoring", basis=INTERESTS, extra="kinds: [profiling]\n    recipients: [printer]").replace(
        "minimum_age: 0", "minimum_age: 18"
    )
    + _PURPOSE.format(name="mailing", basis=INTERESTS, extra="kinds: [marketing_email_sms]\n    soft_opt_in: true")
    + _PURPOSE.format(name="resale", basis=INTERESTS, extra="kinds: [sale]\n    loyalty: true")
    + _PURPOSE.format(name="offers", basis=CONSENT, extra="kinds: [own_analytics]")
    + _PURPOSE.format(
        name="claims", basis=INTERESTS, extra="kinds: [own_analytics]\n    while_restricted: legal_claims"
    )
    + _PURPOSE.format(name="delivery", basis="basis: contract, default: no_choice", extra="kinds: [own_analytics]")
    + """\
datasets:
  members:
    title: Members
    subjects: [{namespace: member, column: member}]
    key: [member]
    facts: {jurisdiction: country, birth_year: born}
    columns:
      member: {type: text, category: user.unique_id, nullable: false}
      city: {type: text, category: user.contact.address, domain: [Bonn, Jena, Kiel]}
      country: {type: text, category: user.contact.address}
      born: {type: integer, category: user.demographic}
      note: {type: text, category: user.behavior, nullable: false}
  purchases:
    title: What was bought
    subjects: [{namespace: member, column: member}]
    time: bought
    rank: {since: 2026-01, until: 2026-12}
    columns:
      member: {type: text, category: user.unique_id}
      product: {type: text, category: user.behavior.purchase_history}
      price: {type: money, scale: 2, category: user.financial}
      bought: {type: timestamp, category: user.behavior.purchase_history}
"""
)
CANARY = "canary-old-77e2"
"""What stands in Bob's row, and nowhere else."""
MEMBER_ROWS = [
    (f"m{n:02}", "Bonn", "DE", 1950 + n, CANARY if f"m{n:02}" == BOB else f"note {n}") for n in range(MEMBERS)
]
PURCHASE_ROWS = [
    (f"m{n:02}", product, f"{n + month}.50", f"2026-0{month}-0{month}T10:00:00Z")
    for n in range(MEMBERS)
    for month in (1, 2, 3)
    for product in ("bread", "milk")
]
TOTAL = "SELECT COUNT(*) AS n FROM purchases"
A_MEMBER = 6
"""Rows of purchases that each member has."""


@dataclass
class Counter:
    """An open workspace whose clock moves on by a second at each look."""

    workspace: Workspace
    time: list[int]

    @property
    def pia(self) -> Actor:
        return self.workspace.actor("pia")

    @property
    def omar(self) -> Actor:
        return self.workspace.actor("omar")

    def file(self, right: str, member: str, asked: Mapping[str, Any] | None = None, **more: Any) -> str:
        """File a request as somebody of the staff, who knows the person; return its id. `asked` goes in as it is."""
        if right == "rectification":
            more["changes"] = [{"dataset": "members"}]
        filed = self.workspace.requests.file(right, member, actor=self.pia, **more).request
        if asked is not None:
            with self.workspace.room.database.write() as connection:
                said = json.dumps(asked).encode()
                connection.execute(update(rights_requests).where(rights_requests.c.id == filed.id).values(asked=said))
        self.workspace.requests.acknowledge(filed.id, actor=self.pia)
        self.workspace.requests.verify(filed.id, evidence="file 7", actor=self.pia)
        if right in ("rectification", "human-review"):
            self.workspace.requests.approve(filed.id, actor=self.omar)
        return filed.id

    def carry_out(self, request: str) -> RequestState:
        return self.workspace.requests.carry_out(request, actor=self.omar).request.state

    def request(self, request: str) -> Request:
        with self.workspace.room.database.read() as connection:
            return stored.load(connection, request)

    def events(self, request: str, kind: str) -> list[dict[str, Any]]:
        """Return what a request's events of a kind tell."""
        columns = rights_events.c
        wanted = select(columns.told).where(columns.request == request, columns.kind == kind)
        with self.workspace.room.database.read() as connection:
            return [json.loads(told) for told in connection.scalars(wanted.order_by(columns.sequence))]

    def said(self, member: str) -> list[tuple[str, str | None]]:
        """Return the verbs and purposes that are recorded of a member, in order."""
        columns = consent_records.c
        with self.workspace.room.database.read() as connection:
            wanted = select(columns.verb, columns.purpose).where(columns.subject == find(connection, "member", member))
            return [(row.verb, row.purpose) for row in connection.execute(wanted.order_by(columns.sequence))]

    def counted(self, purpose: str = "planning") -> int:
        """Return how many members' rows the gate lets through in the very next query, by the engine's exact count."""
        workspace, watch = self.workspace, Watch()

        def opened(holdings: list[Holding]) -> Engine:
            return WatchedEngine(workspace._open_engine(holdings), watch)

        replica = Replica(workspace.room.database, workspace.folder, active_policy=active_policy, open_engine=opened)
        try:
            parts = dataclasses.replace(workspace._parts, replica=replica)
            answer(parts, InsightQuery(TOTAL, purpose, workspace.actor("ana"), 0.5, {}, fresh=True))
        finally:
            replica.close()
        last = watch.answers[-1]
        rows = last.table(next(iter(last))).to_pylist()
        found = int(next(row["m0"] for row in rows if row["_row"] == 0))
        assert found % A_MEMBER == 0
        return found // A_MEMBER

    def may(self, member: str) -> dict[str, bool]:
        """Return for each purpose whether a member's rows may be read."""
        names = self.workspace.policy.active().purposes
        why = self.workspace.consent.why
        return {name: why(member, purpose=name, actor=self.pia).permitted for name in names}

    def log(self, *actions: str) -> list[dict[str, Any]]:
        """Return the entries of the log with these actions, the oldest first."""
        with self.workspace.room.database.read() as connection:
            bodies = connection.scalars(select(log_entries.c.body).order_by(log_entries.c.leaf))
            return [found for found in map(json.loads, bodies) if found["action"] in actions]

    def sent(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return kind, thing and content of all that is to go out, the oldest first."""
        with self.workspace.room.database.read() as connection:
            rows = connection.execute(select(deliveries).order_by(deliveries.c.made_at, deliveries.c.about))
            return [(row.kind, row.about, json.loads(bytes(row.content))) for row in rows]

    def file_of(self, dataset: str) -> Path:
        with self.workspace.room.database.read() as connection:
            return Path(published(connection, self.workspace.folder)[dataset].path)

    def rows(self, dataset: str, columns: Sequence[str] = ("*",)) -> list[tuple[Any, ...]]:
        """Return the rows of a published dataset, without their places, sorted."""
        chosen = ", ".join(columns) if columns != ("*",) else "* EXCLUDE (_block, _word, _bit)"
        with duckdb.connect(str(self.file_of(dataset)), read_only=True) as engine:
            return sorted(engine.execute(f"SELECT {chosen} FROM rows").fetchall(), key=repr)

    def tell(self, request: str, message: str) -> None:
        """Tell the person by letter, and note it."""
        self.workspace.remedies.told(request, message, how="letter", actor=self.pia)


def make_counter(folder: Path, database_url: str | None) -> Path:
    create(folder, name="test/counter", actor_name="pia", database_url=database_url).close()
    (folder / "policy" / "policy.yaml").write_text(POLICY)
    with Workspace(folder, clock=lambda: NOW) as workspace:
        workspace.policy.activate(actor=workspace.actor("pia"))
        pia = workspace.actor("pia")
        for name, columns, rows in (
            ("members", "member,city,country,born,note", MEMBER_ROWS),
            ("purchases", "member,product,price,bought", PURCHASE_ROWS),
        ):
            path = folder / f"{name}.csv"
            path.write_text("\n".join([columns, *(",".join(map(str, row)) for row in rows)]) + "\n")
            workspace.data.add(name, path, actor=pia)
            path.unlink()
    return folder


@contextmanager
def opened_counter(folder: Path) -> Iterator[Counter]:
    time = [NOW + SECOND]

    def clock() -> int:
        time[0] += SECOND
        return time[0]

    with Workspace(folder, clock=clock) as workspace:
        yield Counter(workspace, time)


@pytest.fixture(scope="session")
def counter_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the workspace once; tests get copies."""
    return make_counter(tmp_path_factory.mktemp("counter") / "workspace", None)


@pytest.fixture(scope="session")
def counter_on_server(tmp_path_factory: pytest.TempPathFactory, postgresql: str) -> Path:
    """The same workspace, its records in PostgreSQL."""
    return make_counter(tmp_path_factory.mktemp("counter") / "workspace", new_database(postgresql))


@pytest.fixture
def counter(counter_made: Path, tmp_path: Path) -> Iterator[Counter]:
    """A counter of one's own."""
    with opened_counter(Path(shutil.copytree(counter_made, tmp_path / "workspace"))) as found:
        yield found


@pytest.fixture
def either_counter(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counter]:
    """A counter of one's own, on either database."""
    folder = tmp_path / "workspace"
    if dialect == "sqlite":
        shutil.copytree(request.getfixturevalue("counter_made"), folder)
        with opened_counter(folder) as found:
            yield found
        return
    server = request.getfixturevalue("postgresql")
    shutil.copytree(request.getfixturevalue("counter_on_server"), folder)
    template = name_of((folder / CONTROL_URL).read_text().strip())
    url = taken(server, template)
    (folder / CONTROL_URL).write_text(f"{url}\n")
    with opened_counter(folder) as found:
        yield found
    give_back(server, template, url)
