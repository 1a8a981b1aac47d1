"""Worlds that differ in one customer, and mallory before them: through the workspace, or with nothing in front.

alice, a customer, is not there (ABSENT), buys at the bakery (BAKERY), at the pharmacy (PHARMACY), or does so and
objects to the purpose (OBJECTED). Everything about everybody else is known to mallory. Each trial begins on another
day, when allowances are whole again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import duckdb

from pellucid.audit import log
from pellucid.errors import BudgetExhausted, PellucidError, UseRefused
from pellucid.release.budget import PrivacyBudget, conversion_delta, granted, rho_of
from pellucid.release.result import Release
from pellucid.settings import Settings
from pellucid.workspace import Workspace
from tests.attacks.grocer import MOMENT, NOW, POLICY, Row, filling, opened

QUESTIONS = 1_000
"""The most questions mallory may ask in one trial."""

DAY = 86_400_000_000
MOST_ROWS, MOST_VALUE = 20, 200
"""How far one person may move a count of rows, and a sum of values."""

_RULE = """\
      {rule: private, epsilon: {default: 1, max: EPSILON}, allowance: {epsilon: EPSILON, delta: 1.0e-7, period: day},
       max_groups: 4, rows: {per_group: 20}, columns: {value: {per_group: 200}, quantity: {per_group: 100}},
       threshold_delta: 1.0e-8, clipping_share: 0.1}
"""


def _policy() -> str:
    """Return the grocer's policy with a large and a usual allowance, both of a day."""
    lines = POLICY.replace("period: year", "period: day")
    start, end = lines.index("  planning:"), lines.index("  forbidden:")
    planning = lines[start:end]
    rule = planning.index("      {rule: private")
    usual, large = planning[:rule] + _RULE.replace("EPSILON", "4"), planning[:rule] + _RULE.replace("EPSILON", "8")
    return lines[:start] + usual + large.replace("  planning:", "  generous:", 1) + lines[end:]


class World(Enum):
    """What holds of alice."""

    ABSENT = "absent"
    BAKERY = "bakery"
    PHARMACY = "pharmacy"
    OBJECTED = "objected"


class Purpose(Enum):
    """Under which allowance mallory asks: an ordinary one (4 a day), or one so large that a leak would be seen (8)."""

    USUAL = "planning"
    GENEROUS = "generous"


@cache
def rows_of(world: World) -> dict[str, list[Row]]:
    """Return the rows of a world. Nobody but alice meets a bound."""
    pick = random.Random(11)
    products: list[Row] = [(f"p{n}", ["DAIRY", "BREAD", "FRUIT"][n % 3], str(n)) for n in range(6)]
    orders: list[Row] = [_order(pick, n, visit) for n in range(60) for visit in range(5)]
    members: list[Row] = [(f"h{n}", "high" if n % 3 else "low", "Bonn", f"h{n}@x.org") for n in range(60)]
    if world is not World.ABSENT:
        shop = "bakery" if world is World.BAKERY else "pharmacy"
        at = NOW.isoformat(sep=" ")
        orders += [("alice", f"a{n}", "p1", shop, "rash", 3, 8, "90.00", at, "a@x.org") for n in range(MOST_ROWS)]
        members.append(("alice", "low", "Aachen", "a@x.org"))
    return {"products": products, "orders": orders, "members": members}


def _order(pick: random.Random, household: int, visit: int) -> Row:
    shop = "pharmacy" if visit == 0 and household % 5 == 0 else pick.choice(["north", "south", "bakery"])
    note = "rash" if household < 11 and visit == 1 else pick.choice(["", "12", "gift"])
    value, week = f"{pick.randint(100, 3900) / 100:.2f}", pick.choice([1, 2, 3])
    head = (f"h{household}", f"h{household}-{visit}", f"p{pick.randrange(6)}", shop, note, week)
    return *head, pick.randint(1, 9), value, NOW.isoformat(sep=" "), f"h{household}@x.org"


@dataclass(frozen=True)
class Seen:
    """What one question showed: rows by output name, the noise's half-width of each, what was said of clipping, how
    long it took, and the code of a failure with everything it said.
    """

    rows: list[dict[str, object]] = field(default_factory=list)
    widths: Mapping[str, float] = field(default_factory=dict)
    clipped: float | None = None
    seconds: float = 0.0
    code: str = ""
    said: str = ""
    release: Release | None = None


class Mallory:
    """Somebody who may ask QUESTIONS questions in a trial about one world, and cannot tell which it is."""

    def __init__(self) -> None:
        self.asked = self.answered = self.refused = 0
        self.entries_before = 0
        """How long the log was when the trial began: a world that was asked in others before has a longer one."""

    def begin(self) -> None:
        """Begin a trial."""
        self.asked = self.answered = self.refused = 0

    def ask(self, sql: str, epsilon: float | None = None) -> Seen | None:
        """Ask a question; None when the questions or the budget are used up."""
        if self.asked >= QUESTIONS:
            return None
        self.asked += 1
        start = time.perf_counter()
        try:
            seen = self._ask(sql, epsilon)
        except BudgetExhausted:
            self.asked -= 1
            return None
        self.refused += bool(seen.code)
        self.answered += not seen.code
        return Seen(**{**vars(seen), "seconds": time.perf_counter() - start})

    def _ask(self, sql: str, epsilon: float | None) -> Seen:
        raise NotImplementedError


@dataclass
class _Today:
    """One calendar for all worlds, so that nothing differs between them but alice."""

    day: int = 0


_today = _Today()


class Governed(Mallory):
    """Mallory in the analyst's chair."""

    def __init__(self, world: World, purpose: Purpose, seconds: float) -> None:
        super().__init__()
        self.purpose = purpose.value
        rows = rows_of(world)
        folder = Path(mkdtemp(prefix="attack-")) / "ws"
        self.workspace: Workspace = opened(
            folder,
            rows,
            policy=_policy(),
            clock=lambda: MOMENT + _today.day * DAY,
            settings=Settings(query_seconds=seconds),
        )
        if world is World.OBJECTED:
            pia = self.workspace.actor("pia")
            self.workspace.consent.record("object", "alice", purpose=self.purpose, actor=pia)
        self._allowance = self.workspace.policy.active().purposes[self.purpose].release.allowance

    def begin(self) -> None:
        super().begin()
        _today.day += 1
        with self.workspace.room.database.read() as connection:
            self.entries_before = log.size(connection)

    def share(self, parts: int) -> float:
        """Return the largest epsilon that can be asked `parts` times."""
        most, at_delta = self.allowed().rho // parts, conversion_delta(self._allowance)
        low, high = 0.0, self._allowance.epsilon
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if rho_of(middle, at_delta) <= most else (low, middle)
        return low

    def allowed(self) -> PrivacyBudget:
        """Return what a trial may cost alice."""
        return granted(self._allowance)

    def spent(self) -> PrivacyBudget:
        """Return what this trial has cost alice so far."""
        rows = self.workspace.budget(actor="mallory")
        return next(row.spent for row in rows if row.purpose == self.purpose)

    def _ask(self, sql: str, epsilon: float | None) -> Seen:
        try:
            release = self.workspace.query(sql, purpose=self.purpose, actor="mallory", epsilon=epsilon)
        except BudgetExhausted:
            raise
        except PellucidError as error:
            reasons = "; ".join(map(str, error.reasons)) if isinstance(error, UseRefused) else ""
            return Seen(code=error.code, said=f"{error} {error.remedy} {reasons}")
        table = release.to_arrow()
        widths = {each.column: each.half_width for each in release.accuracy if each.half_width is not None}
        clipped = release.clipping[0].fraction if release.clipping else None
        return Seen(table.to_pylist(), widths, clipped, release=release)


class Ungoverned(Mallory):
    """Mallory with the database itself: what every attack must win against, to be an attack at all."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._connection = duckdb.connect()
        self._connection.execute(filling(rows_of(world)))
        if world is World.OBJECTED:  # a log of choices that anybody may read
            self._connection.execute("CREATE TABLE choices AS SELECT 'alice' AS subject")

    def _ask(self, sql: str, epsilon: float | None) -> Seen:
        try:
            found = self._connection.execute(sql)
            names = [each[0] for each in found.description or []]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        except duckdb.Error as error:
            return Seen(code=type(error).__name__, said=str(error))
        return Seen(rows)


@cache
def governed(world: World, purpose: Purpose, seconds: float = 60) -> Governed:
    """Return mallory before a world's workspace; kept open, since only the day changes between trials."""
    return Governed(world, purpose, seconds)


@cache
def ungoverned(world: World) -> Ungoverned:
    """Return mallory before a world's plain database."""
    return Ungoverned(world)
